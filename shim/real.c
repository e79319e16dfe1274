/* real.c - see real.h. */
#include "shim/real.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/next.h"

struct real_calls real;

static const char names[] =
#define CALL(returns, name, parameters, arguments, effect, early) #name "\0"
#include "shim/calls.def"
    ;
static const uint32_t hashes[] = {
#define CALL(returns, name, parameters, arguments, effect, early)                                              \
    NEXT_HASH(#name) + 0 * sizeof(char[sizeof #name <= 32 ? 1 : -1]),
#include "shim/calls.def"
};
enum { CALLS = sizeof hashes / sizeof hashes[0] };
_Static_assert(sizeof real == CALLS * sizeof(void *), "one name per pointer");

static const struct next_known libc_of_the_build = {
#include <known_libc.h>
};

void real_find(void *(*ask)(const char *name)) {
    next_find(_DYNAMIC, &(struct next_names){names, hashes, CALLS, &libc_of_the_build}, (void **)&real, ask);
}

/* How far it is to the wrappers, in the order of the pointers: addresses would be relocated at each start.
 * Those of entry.S have the second name there. */
#define TRAMPOLINE(returns, name, parameters)
#define CALL(returns, name, parameters, arguments, effect, early) __asm__(".set wrapper_" #name ", " #name);
#include "shim/calls.def"
__asm__(".pushsection .rodata\n.p2align 2\nwrappers:\n"
#define CALL(returns, name, parameters, arguments, effect, early) ".long wrapper_" #name " - wrappers\n"
#include "shim/calls.def"
        ".popsection");
extern const int32_t wrappers[] __attribute__((visibility("hidden")));

void *real_wrapper(const void *function) {
    void *const *place = (void *const *)&real;
    for (size_t i = 0; i < CALLS; i++)
        if (place[i] == function)
            return (char *)wrappers + wrappers[i];
    return NULL;
}
