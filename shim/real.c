/* real.c - see real.h. */
#include "shim/real.h"

#include <dlfcn.h>
#include <stddef.h>

struct real_calls real;

static const char *const names[] = {
#define CALL(returns, name, parameters, arguments, effect, early) #name,
#include "shim/calls.def"
};
_Static_assert(sizeof real == sizeof names, "one name per pointer");

void real_find(void) {
    void **place = (void **)&real;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        place[i] = dlsym(RTLD_NEXT, names[i]);
}
