/* stripes.c - see stripes.h. A group is every so many-th thread. */
#include "tracker/stripes.h"

#include <stddef.h>

#include "tracker/depot.h"
#include "tracker/paths.h"
#include "tracker/record.h"

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)

enum {
    STRIPES = 31, /* as many as fit into a page */
    MOST_KEPT = 8 /* releases of one stack in one stripe */
};

_Static_assert(sizeof(struct record_stripe) == 128, "lines that no other stripe shares");

static _Atomic uint64_t chunk;
static _Atomic uint32_t groups;           /* threads that were given a stripe */
static _Atomic uint64_t stripes[STRIPES]; /* offsets in the record, 0: not there */
static __thread struct record_stripe *mine;

static uint64_t make(_Atomic uint64_t *place) {
    uint64_t none = 0, fresh = record_entry(&chunk, RECORD_CHUNK_STRIPES, sizeof(struct record_stripe));
    if (!fresh)
        return 0;
    struct record_stripe *stripe = record_at(fresh);
    /* release: zeros before the length that makes them worth reading; one that came second stays zero */
    atomic_store_explicit(&stripe->bytes, sizeof *stripe, memory_order_release);
    /* acquire-release: its room before its place, for us or from the winner */
    return atomic_compare_exchange_strong_explicit(place, &none, fresh, memory_order_acq_rel,
                                                   memory_order_acquire)
               ? fresh
               : none;
}

/* A thread's first release. Without room for a stripe the common counters do. */
static RARE struct record_stripe *join(void) {
    /* relaxed: a number */
    uint32_t group = atomic_fetch_add_explicit(&groups, 1, memory_order_relaxed) % STRIPES;
    uint64_t at = atomic_load_explicit(&stripes[group], memory_order_acquire); /* its room before its place */
    if (!at)
        at = make(&stripes[group]);
    if (at)
        mine = record_at(at);
    return mine;
}

static _Atomic uint64_t *word_in(struct record_stripe *stripe, uint32_t stack) {
    enum { FACTOR = 0x9e3779b1 };
    uint64_t spread = stack * (uint32_t)FACTOR;
    return stack == STRIPES_NUMBERS ? &stripe->numbers : &stripe->stacks[spread * RECORD_STRIPE_STACKS >> 32];
}

/* What was taken out of a stripe goes where all can see it. relaxed: counters */
static RARE void tell(uint64_t word) {
    uint32_t stack = RECORD_STRIPE_STACK(word);
    uint64_t pairs = RECORD_STRIPE_PAIRS(word), releases = RECORD_STRIPE_RELEASES(word);
    if (stack == STRIPES_NUMBERS) {
        atomic_fetch_sub_explicit(&record_header()->open, (int64_t)releases, memory_order_relaxed);
        return;
    }
    struct record_stack *kept = depot_stack(stack);
    atomic_fetch_add_explicit(&kept->opened, pairs, memory_order_relaxed);
    atomic_fetch_add_explicit(&kept->closed, pairs + releases, memory_order_relaxed);
}

/* Exchanges of words: relaxed, since each is complete by itself. */
#define EXCHANGE(place, expected, desired)                                                                     \
    atomic_compare_exchange_weak_explicit(place, expected, desired, memory_order_relaxed, memory_order_relaxed)

AMONG_THREADS bool stripes_take(uint32_t stack) {
    if (!mine)
        return false;
    _Atomic uint64_t *place = word_in(mine, stack);
    uint64_t word = LOAD(place);
    while (RECORD_STRIPE_STACK(word) == stack && RECORD_STRIPE_RELEASES(word) &&
           RECORD_STRIPE_PAIRS(word) < RECORD_STRIPE_MOST_PAIRS)
        if (EXCHANGE(place, &word, word + RECORD_STRIPE_WORD(0, 1, 0) - RECORD_STRIPE_WORD(0, 0, 1)))
            return true;
    return false;
}

AMONG_THREADS bool stripes_keep(uint32_t stack) {
    struct record_stripe *stripe = mine ? mine : join();
    if (!stripe)
        return false;
    _Atomic uint64_t *place = word_in(stripe, stack);
    uint64_t word = LOAD(place), one = RECORD_STRIPE_WORD(0, 0, 1);
    while (RECORD_STRIPE_STACK(word) == stack && RECORD_STRIPE_RELEASES(word) < MOST_KEPT)
        if (EXCHANGE(place, &word, word + one))
            return true;
    while (!EXCHANGE(place, &word, RECORD_STRIPE_WORD(stack, 0, 1)))
        ;
    tell(word);
    return true;
}

static bool settle(struct record_stripe *stripe, uint32_t stack) {
    _Atomic uint64_t *place = word_in(stripe, stack);
    uint64_t word = LOAD(place);
    while (RECORD_STRIPE_STACK(word) == stack && word != RECORD_STRIPE_WORD(stack, 0, 0))
        if (EXCHANGE(place, &word, RECORD_STRIPE_WORD(stack, 0, 0))) {
            tell(word);
            return true;
        }
    return false;
}

RARE bool stripes_settle(uint32_t stack) {
    uint32_t joined = LOAD(&groups);
    bool any = false;
    for (uint32_t i = 0; i < STRIPES && i < joined; i++) {
        uint64_t at = atomic_load_explicit(&stripes[i], memory_order_acquire); /* its room before its place */
        any |= at && settle(record_at(at), stack);
    }
    return any;
}

void stripes_forked(void) {
    mine = NULL;
    for (uint32_t i = 0; i < STRIPES; i++) {
        struct record_stripe *stripe = LOAD(&stripes[i]) ? record_at(LOAD(&stripes[i])) : NULL;
        if (!stripe)
            continue;
        atomic_store_explicit(&stripe->numbers, 0, memory_order_relaxed); /* nobody else sees this copy yet */
        for (int k = 0; k < RECORD_STRIPE_STACKS; k++)
            atomic_store_explicit(&stripe->stacks[k], 0, memory_order_relaxed);
    }
}
