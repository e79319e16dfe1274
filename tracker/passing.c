/* passing.c - see passing.h. */
#include "tracker/passing.h"

#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <unistd.h>

#include "tracker/depot.h"
#include "tracker/numbers.h"
#include "tracker/record.h"
#include "tracker/slot.h"
#include "tracker/sys.h"
#include "tracker/turn.h"

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)
#define STORE(place, value) atomic_store_explicit(place, value, memory_order_relaxed)

static struct turn counting;

static void count_one(int number, uint64_t at, void *context) {
    struct record_slot *slot = record_at(at);
    uint64_t word = LOAD(&slot->word);
    uint32_t stack = RECORD_WORD_STACK(word); /* where FD_CLOEXEC belongs, whoever owns the number since */
    if (!slot_is_held(word) || !stack)
        return;
    long flags = SYS(SYS_fcntl, number, F_GETFD);
    if (sys_failed(flags) || flags & FD_CLOEXEC)
        return;
    ++*(size_t *)context;
    atomic_fetch_add_explicit(&depot_stack(stack)->passing, 1, memory_order_relaxed); /* a counter */
}

static void keep_most(struct record_stack *stack, void *nothing) {
    (void)nothing;
    uint32_t passing = LOAD(&stack->passing);
    STORE(&stack->passing, 0);
    if (passing > LOAD(&stack->passed))
        STORE(&stack->passed, passing);
}

size_t passing_count(void) {
    size_t count = 0;
    if (!turn_take(&counting))
        return 0;
    numbers_visit(STDERR_FILENO + 1, INT_MAX, count_one, &count);
    if (count)
        depot_visit(keep_most, NULL);
    turn_give(&counting);
    return count;
}

static void look(struct record_stack *stack, void *seen) { *(bool *)seen |= LOAD(&stack->passed) != 0; }

bool passing_seen(void) {
    bool seen = false;
    depot_visit(look, &seen);
    return seen;
}

static void forget(struct record_stack *stack, void *nothing) {
    (void)nothing;
    STORE(&stack->passed, 0);
}

void passing_forget(void) { depot_visit(forget, NULL); }
