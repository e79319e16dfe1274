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

enum { NO_ROOM = 1 };
static _Atomic uint64_t place;  /* of the first stripe in the record; 0: none was needed yet, or NO_ROOM */
static _Atomic uint32_t groups; /* threads that were given a stripe */
static __thread struct record_stripe *mine;

static uint64_t make(void) {
    uint64_t at = record_allocate(RECORD_CHUNK_STRIPES, RECORD_PAGE_BYTES, 0, 0);
    if (!at)
        return NO_ROOM;
    struct record_chunk *chunk = record_at(at);
    struct record_stripe *first = (struct record_stripe *)(chunk + 1);
    for (int i = 0; i < STRIPES; i++)
        atomic_store_explicit(&first[i].bytes, sizeof *first, memory_order_relaxed); /* nobody is here yet */
    atomic_store_explicit(&chunk->used, STRIPES * sizeof *first, memory_order_relaxed);
    record_publish(at, RECORD_CHUNK_STRIPES);
    return at + sizeof *chunk;
}

static uint64_t made(void) {
    uint64_t none = 0, fresh = make();
    /* acquire-release: the stripes before their place, for us or from the winner; a second one's stay zero */
    return atomic_compare_exchange_strong_explicit(&place, &none, fresh, memory_order_acq_rel,
                                                   memory_order_acquire)
               ? fresh
               : none;
}

/* A thread's first release. Without room for stripes the common counters do. */
static RARE struct record_stripe *join(void) {
    uint64_t first = atomic_load_explicit(&place, memory_order_acquire); /* the stripes before their place */
    if (!first)
        first = made();
    if (first == NO_ROOM)
        return NULL;
    /* relaxed: a number */
    uint32_t group = atomic_fetch_add_explicit(&groups, 1, memory_order_relaxed) % STRIPES;
    mine = (struct record_stripe *)record_at(first) + group;
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
    atomic_fetch_add_explicit(&kept->closed, pairs + releases, memory_order_relaxed);
    if (pairs) /* release: who finds them opened finds them closed, or as many would seem to be open */
        atomic_fetch_add_explicit(&kept->opened, pairs, memory_order_release);
}

/* Exchanges of words: relaxed, since each is complete by itself. */
#define EXCHANGE(place, expected, desired)                                                                     \
    atomic_compare_exchange_weak_explicit(place, expected, desired, memory_order_relaxed, memory_order_relaxed)

AMONG_THREADS bool stripes_take(uint32_t stack) {
    if (!mine)
        return false;
    _Atomic uint64_t *place = word_in(mine, stack);
    uint64_t word = LOAD(place), pair = RECORD_STRIPE_WORD(0, stack != STRIPES_NUMBERS, 0);
    while (RECORD_STRIPE_STACK(word) == stack && RECORD_STRIPE_RELEASES(word) &&
           RECORD_STRIPE_PAIRS(word) < RECORD_STRIPE_MOST_PAIRS)
        if (EXCHANGE(place, &word, word + pair - RECORD_STRIPE_WORD(0, 0, 1)))
            return true;
    return false;
}

/* Pairs stay in their word for as long as it is that stack's: no reader from outside misses them on their way.
 */
AMONG_THREADS bool stripes_keep(uint32_t stack) {
    struct record_stripe *stripe = mine ? mine : join();
    if (!stripe)
        return false;
    _Atomic uint64_t *place = word_in(stripe, stack);
    uint64_t word = LOAD(place), told, rest;
    do {
        bool is_over =
            RECORD_STRIPE_STACK(word) != stack || RECORD_STRIPE_PAIRS(word) == RECORD_STRIPE_MOST_PAIRS;
        bool is_full = RECORD_STRIPE_RELEASES(word) >= MOST_KEPT;
        told = is_over ? word : is_full ? RECORD_STRIPE_WORD(stack, 0, MOST_KEPT) : 0;
        rest = is_over ? RECORD_STRIPE_WORD(stack, 0, 0) : word - RECORD_STRIPE_RELEASES(told);
    } while (!EXCHANGE(place, &word, rest + RECORD_STRIPE_WORD(0, 0, 1)));
    if (told)
        tell(told);
    return true;
}

static bool settle(struct record_stripe *stripe, uint32_t stack) {
    _Atomic uint64_t *place = word_in(stripe, stack);
    uint64_t word = LOAD(place), releases;
    while (RECORD_STRIPE_STACK(word) == stack && (releases = RECORD_STRIPE_RELEASES(word)))
        if (EXCHANGE(place, &word, word - releases)) {
            tell(RECORD_STRIPE_WORD(stack, 0, releases));
            return true;
        }
    return false;
}

RARE bool stripes_settle(uint32_t stack) {
    uint64_t at = atomic_load_explicit(&place, memory_order_acquire); /* the stripes before their place */
    if (!at || at == NO_ROOM)
        return false;
    struct record_stripe *first = record_at(at);
    uint32_t joined = LOAD(&groups);
    bool any = false;
    for (uint32_t i = 0; i < STRIPES && i < joined; i++)
        any |= settle(&first[i], stack);
    return any;
}

void stripes_forked(void) { mine = NULL; }

void stripes_forget_counts(struct record_chunk *chunk) {
    struct record_stripe *first = (struct record_stripe *)(chunk + 1);
    for (int i = 0; i < STRIPES; i++) {
        atomic_store_explicit(&first[i].numbers, 0, memory_order_relaxed); /* nobody else sees this copy yet */
        for (int k = 0; k < RECORD_STRIPE_STACKS; k++)
            atomic_store_explicit(&first[i].stacks[k], 0, memory_order_relaxed);
    }
}
