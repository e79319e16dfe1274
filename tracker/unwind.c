/* unwind.c - see unwind.h. Chooses the back end; what cannot work here and now is done by the next best. */
#include "tracker/unwind.h"

#include <stdatomic.h>

#include "tracker/unwind_backends.h"
#include "tracker/unwind_frame_info.h"

/* Written at start-up, by a fork child and when libunwind has to be given up; any thread may see that late,
 * so relaxed. */
static _Atomic enum unwind_backend backend = UNWIND_CALLER;

static enum unwind_backend chosen(void) { return atomic_load_explicit(&backend, memory_order_relaxed); }
static void choose(enum unwind_backend next) { atomic_store_explicit(&backend, next, memory_order_relaxed); }

/* Without rules rbp is all there is: it needs a library that was built for it, and else gives the caller. */
static enum unwind_backend without_libunwind(void) {
    return rules_available() ? UNWIND_AUTO : UNWIND_FRAME_POINTER;
}

bool unwind_start(enum unwind_backend wanted) {
    stack_start();
    frame_info_start();
    bool by_libunwind = wanted == UNWIND_LIBUNWIND || (wanted == UNWIND_AUTO && !rules_available());
    if (!by_libunwind) {
        choose(wanted);
        return true;
    }
    bool started = libunwind_start();
    choose(started ? UNWIND_LIBUNWIND : without_libunwind());
    return started;
}

struct unwind_result unwind_here(uint64_t *frames, size_t capacity, uintptr_t caller) {
    switch (chosen()) {
    case UNWIND_AUTO:
        return rules_walk(frames, capacity, caller);
    case UNWIND_LIBUNWIND:
        if (libunwind_enter())
            return libunwind_walk(frames, capacity, caller);
        return rules_walk(frames, capacity, caller);
    case UNWIND_FRAME_POINTER:
        return chain_walk(frames, capacity, caller);
    case UNWIND_CALLER:
        break;
    }
    return unwind_caller_only(frames, caller);
}

static void give_up_libunwind(void) {
    if (chosen() == UNWIND_LIBUNWIND)
        choose(without_libunwind());
}

/* libunwind's cache of traces cannot be emptied, and a trace of other code reads where it must not. */
void unwind_forget(void) {
    rules_forget();
    give_up_libunwind();
}

void unwind_without_system_calls(void) {
    stack_without_system_calls();
    give_up_libunwind();
}

void unwind_in_fork_child(void) { give_up_libunwind(); }
