/* slot.c - see slot.h. */
#include "tracker/slot.h"

#include "tracker/clock.h"
#include "tracker/numbers.h"
#include "tracker/objects.h"
#include "tracker/paths.h"
#include "tracker/record.h"
#include "tracker/sequence.h"
#include "tracker/single.h"

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)
/* relaxed: fields are published by the release of the word, and guarded by its generation */
#define STORE(place, value) atomic_store_explicit(place, value, memory_order_relaxed)

bool slot_is_held(uint64_t word) {
    unsigned state = RECORD_WORD_STATE(word);
    return state == RECORD_STATE_LIVE || state == RECORD_STATE_OWNED || state == RECORD_STATE_INHERITED ||
           state == RECORD_STATE_RELEASING;
}

/* The acquire of the number that a handle is made from, or holds: another thread's perhaps, and a moment ago.
 */
static uint64_t origin_of(const struct slot_facts *facts) {
    uint64_t at = facts->number < 0 ? 0 : numbers_find(facts->number);
    return at ? LOAD(&((struct record_slot *)record_at(at))->sequence) : 0;
}

static AMONG_THREADS uint64_t sequence_among(const struct slot_facts *facts, uint64_t now) {
    return sequence_next_among(now, origin_of(facts));
}

static void fill(struct record_slot *slot, uint64_t old, uint64_t writing, const struct slot_facts *facts) {
    uint64_t now = facts->state == RECORD_STATE_INHERITED ? 0 : clock_coarse();
    STORE(&slot->sequence, SINGLE_HERE ? sequence_next() : sequence_among(facts, now));
    STORE(&slot->opened, now);
    STORE(&slot->object, facts->object);
    STORE(&slot->closer, 0);
    STORE(&slot->thread, facts->thread);
    STORE(&slot->number, facts->number);
    STORE(&slot->owner_pid, facts->owner_pid);
    STORE(&slot->pages, facts->kind == RECORD_KIND_MAPPING ? 0 : RECORD_WORD_STACK(old));
    STORE(&slot->detail, 0);
    STORE(&slot->outcome, RECORD_OUTCOME_NONE);
    STORE(&slot->error, 0);
    STORE(&slot->flags, (uint8_t)facts->flags);
    uint64_t done = (writing & ~(uint64_t)0xf) | facts->state;
    /* release: a reader that finds the word LIVE finds the fields. Fails if another acquire took the slot over:
     * the kernel gave the number away again before we were done, and the newer handle is the true one. */
    single_exchange(&slot->word, &writing, done, memory_order_release);
}

static inline bool acquire_over(struct record_slot *slot, uint64_t old, const struct slot_facts *facts) {
    uint64_t writing =
        RECORD_WORD(RECORD_STATE_WRITING, facts->kind, RECORD_WORD_GENERATION(old) + 1, facts->stack);
    /* acquire: what the last holder stored stays before what is stored now */
    if (!single_exchange(&slot->word, &old, writing, memory_order_acquire))
        return false;
    fill(slot, old, writing, facts);
    return true;
}

bool slot_acquire_over(uint64_t at, uint64_t old, const struct slot_facts *facts) {
    return acquire_over(record_at(at), old, facts);
}

unsigned slot_state(const struct record_slot *slot, uint64_t word) {
    unsigned state = RECORD_WORD_STATE(word);
    return state == RECORD_STATE_RELEASING ? LOAD(&slot->released_from) : state;
}

uint32_t slot_stack(const struct record_slot *slot, uint64_t word) {
    uint64_t owner = RECORD_WORD_STATE(word) == RECORD_STATE_OWNED ? objects_find(LOAD(&slot->object)) : 0;
    return RECORD_WORD_STACK(owner ? LOAD(&((struct record_slot *)record_at(owner))->word) : word);
}

uint64_t slot_acquire(uint64_t at, const struct slot_facts *facts) {
    struct record_slot *slot = record_at(at);
    for (;;) {
        uint64_t old = LOAD(&slot->word);
        if (acquire_over(slot, old, facts))
            return old;
    }
}

struct slot_ticket slot_release(uint64_t at, uint64_t closer) {
    struct record_slot *slot = record_at(at);
    uint64_t word = LOAD(&slot->word);
    for (;;) {
        unsigned state = RECORD_WORD_STATE(word);
        if (state != RECORD_STATE_LIVE && state != RECORD_STATE_OWNED && state != RECORD_STATE_INHERITED)
            return (struct slot_ticket){0, 0};
        uint64_t releasing = (word & ~(uint64_t)0xf) | RECORD_STATE_RELEASING;
        STORE(&slot->released_from, (uint8_t)state); /* who loses the race below stored the same */
        /* acquire-release: the mark is there before the real call begins */
        if (single_exchange(&slot->word, &word, releasing, memory_order_acq_rel))
            break;
    }
    STORE(&slot->closer, closer);
    return (struct slot_ticket){at, word};
}

bool slot_settle(struct slot_ticket ticket, bool gone) {
    if (!ticket.slot)
        return false;
    struct record_slot *slot = record_at(ticket.slot);
    uint64_t releasing = (ticket.word & ~(uint64_t)0xf) | RECORD_STATE_RELEASING;
    uint64_t after = gone ? (ticket.word & ~(uint64_t)0xf) | RECORD_STATE_FREE : ticket.word;
    /* release: the closer's address before the state that makes it worth reading */
    return single_exchange(&slot->word, &releasing, after, memory_order_release) && gone;
}

bool slot_give(uint64_t at, uint64_t object) {
    struct record_slot *slot = record_at(at);
    uint64_t word = LOAD(&slot->word);
    for (;;) {
        unsigned state = RECORD_WORD_STATE(word);
        if (state != RECORD_STATE_LIVE && state != RECORD_STATE_OWNED && state != RECORD_STATE_INHERITED)
            return false;
        STORE(&slot->object, object);
        if (state == RECORD_STATE_INHERITED)
            return true;
        /* release: the owner's address before the state that makes it worth reading */
        if (single_exchange(&slot->word, &word, (word & ~(uint64_t)0xf) | RECORD_STATE_OWNED,
                            memory_order_release))
            return true;
    }
}
