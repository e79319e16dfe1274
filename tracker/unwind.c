/* unwind.c - see unwind.h. Chooses the back end; what cannot work here and now is done by the next best. */
#include "tracker/unwind.h"

#include <stdatomic.h>

#include <signal.h>

#include "tracker/lockdown.h"
#include "tracker/sys.h"
#include "tracker/unwind_backends.h"
#include "tracker/unwind_frame_info.h"
#include "tracker/unwind_memo.h"

/* Written at start-up, by a fork child and when libunwind has to be given up; any thread may see that late,
 * so relaxed. */
static _Atomic enum unwind_backend backend = UNWIND_CALLER;

static enum unwind_backend chosen(void) { return atomic_load_explicit(&backend, memory_order_relaxed); }
static void choose(enum unwind_backend next) { atomic_store_explicit(&backend, next, memory_order_relaxed); }

/* Without rules rbp is all there is: it needs a library that was built for it, and else gives the caller. */
static enum unwind_backend without_libunwind(void) {
    return rules_available() ? UNWIND_AUTO : UNWIND_FRAME_POINTER;
}

bool unwind_loads(enum unwind_backend wanted) {
    return wanted == UNWIND_LIBUNWIND || (wanted == UNWIND_AUTO && !rules_available());
}

bool unwind_start(enum unwind_backend wanted) {
    stack_start();
    frame_info_start();
    if (!unwind_loads(wanted)) {
        choose(wanted);
        return true;
    }
    bool started = libunwind_start();
    choose(started ? UNWIND_LIBUNWIND : without_libunwind());
    return started;
}

#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define PAGE_BYTES 4096ul

static struct unwind_result walk_by_rules(uint64_t *frames, size_t capacity, uintptr_t caller) {
    struct unwind_cursor here;
    unwind_cursor_here(&here);
    return rules_walk(&here, frames, capacity, caller);
}

struct unwind_result unwind_here(uint64_t *frames, size_t capacity, uintptr_t caller) {
    switch (chosen()) {
    case UNWIND_AUTO:
        return walk_by_rules(frames, capacity, caller);
    case UNWIND_LIBUNWIND:
        if (libunwind_enter())
            return libunwind_walk(frames, capacity, caller);
        return walk_by_rules(frames, capacity, caller);
    case UNWIND_FRAME_POINTER:
        return chain_walk(frames, capacity, caller);
    case UNWIND_CALLER:
        break;
    }
    return unwind_caller_only(frames, caller);
}

/* The frame of unwind_ask is the innermost that both the walk and the memo look at. */
static __attribute__((noinline)) uint32_t walk_and_ask(const struct unwind_cursor *here,
                                                       const struct unwind_memo_key *key, size_t capacity,
                                                       unwind_answer *answer) {
    uint64_t frames[UNWIND_MAXIMUM_FRAMES];
    return answer(key->call, frames, rules_walk(here, frames, capacity, key->caller));
}

static __attribute__((noinline)) uint32_t walk_ask_and_keep(const struct unwind_cursor *here,
                                                            const struct unwind_memo_key *key, size_t capacity,
                                                            unwind_answer *answer) {
    uint64_t frames[UNWIND_MAXIMUM_FRAMES];
    struct unwind_trail trail;
    struct unwind_result result = rules_walk_marked(here, frames, capacity, key->caller, &trail);
    uint32_t said = answer(key->call, frames, result);
    if (said && trail.whole)
        unwind_memo_keep(key, &trail, said);
    return said;
}

static __attribute__((noinline)) uint32_t walk_otherwise_and_ask(const char *call, uintptr_t caller,
                                                                 size_t capacity, unwind_answer *answer) {
    uint64_t frames[UNWIND_MAXIMUM_FRAMES];
    return answer(call, frames, unwind_here(frames, capacity, caller));
}

/* An alternate signal stack has room for the handler and little more: no arrays of frames. A coroutine's stack
 * is foreign as well, but not small. */
static __attribute__((noinline)) bool on_small_stack(uintptr_t stack_pointer) {
    stack_t alternate = {0};
    if (stack_is_own(stack_pointer))
        return false;
    return lockdown_is_on() || (SYS(SYS_sigaltstack, 0, &alternate) == 0 && alternate.ss_flags & SS_ONSTACK);
}

enum { CAPACITY_BITS = 8 };
_Static_assert(UNWIND_MAXIMUM_FRAMES < 1 << CAPACITY_BITS, "two numbers in one word of the key");

uint32_t unwind_ask(const char *call, uintptr_t caller, size_t capacity, unwind_answer *answer) {
    struct unwind_cursor here;
    unwind_cursor_here(&here);
    bool may_be_small = here.window.high - here.window.low == PAGE_BYTES; /* as on any stack but the own */
    if (UNLIKELY(may_be_small) && on_small_stack(here.stack_pointer))
        return answer(call, &caller, (struct unwind_result){.frames = 1});
    if (UNLIKELY(chosen() != UNWIND_AUTO))
        return walk_otherwise_and_ask(call, caller, capacity, answer);
    struct unwind_memo_key key = {
        .call = call,
        .caller = caller,
        .stack_pointer = here.stack_pointer,
        .window_end = here.window.high,
        .frame_pointer = here.frame_pointer,
        .rules = rules_forgets() << CAPACITY_BITS | capacity,
    };
    uint32_t known = unwind_memo_find(&key);
    if (known)
        return known;
    return (unwind_memo_has_room() ? walk_ask_and_keep : walk_and_ask)(&here, &key, capacity, answer);
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
