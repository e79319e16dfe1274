/* mappings.c - see mappings.h. */
#include "tracker/mappings.h"

#include "tracker/depot.h"
#include "tracker/objects.h"
#include "tracker/record.h"
#include "tracker/slot.h"

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)
#define STORE(place, value) atomic_store_explicit(place, value, memory_order_relaxed)

struct range {
    uint64_t first, end, closer;
    bool gone;
};

static uint64_t pages_of(uint64_t bytes) {
    uint64_t pages = bytes / RECORD_PAGE_BYTES + !!(bytes % RECORD_PAGE_BYTES);
    return pages < UINT32_MAX ? pages : UINT32_MAX;
}

static struct range range_of(uint64_t address, uint64_t bytes) {
    return (struct range){.first = address, .end = address + pages_of(bytes) * RECORD_PAGE_BYTES};
}

/* The end of the mapping in a slot, as far as it is known. */
static uint64_t end_of(const struct record_slot *slot) {
    return LOAD(&slot->object) + (uint64_t)LOAD(&slot->pages) * RECORD_PAGE_BYTES;
}

static bool is_mapping(uint64_t word) {
    return RECORD_WORD_KIND(word) == RECORD_KIND_MAPPING && slot_is_held(word);
}

static bool begins_in(const struct range *range, const struct record_slot *slot) {
    uint64_t address = LOAD(&slot->object);
    return address >= range->first && address < range->end;
}

void mappings_measure(uint64_t address, uint64_t bytes) {
    uint64_t at = objects_find(address);
    if (at)
        STORE(&((struct record_slot *)record_at(at))->pages, (uint32_t)pages_of(bytes));
}

/* ---- before ---- */

/* The slot of a mapping that is exactly this range, 0: none. */
static uint64_t find_exactly(const struct range *range) {
    uint64_t at = objects_find(range->first);
    struct record_slot *slot = at ? record_at(at) : NULL;
    return slot && is_mapping(LOAD(&slot->word)) && end_of(slot) == range->end ? at : 0;
}

static void begin(uint64_t at, void *context) {
    const struct range *range = context;
    const struct record_slot *slot = record_at(at);
    if (is_mapping(LOAD(&slot->word)) && begins_in(range, slot))
        slot_release(at, range->closer);
}

void mappings_releasing(uint64_t address, uint64_t bytes, uint64_t closer) {
    struct range range = range_of(address, bytes);
    range.closer = closer;
    uint64_t exactly = find_exactly(&range);
    if (exactly)
        slot_release(exactly, closer);
    else
        objects_visit(begin, &range);
}

/* ---- after ---- */

/* What is left of `whole` behind a range that was cut out of it: as old as that, and of the same origin. */
static bool keep_rest(const struct record_slot *whole, uint64_t word, uint64_t first, uint64_t end) {
    struct record_slot was = {.opened = LOAD(&whole->opened), .sequence = LOAD(&whole->sequence)};
    struct slot_facts facts = {
        .state = slot_state(whole, word) == RECORD_STATE_INHERITED ? RECORD_STATE_INHERITED : RECORD_STATE_LIVE,
        .kind = RECORD_KIND_MAPPING,
        .stack = RECORD_WORD_STACK(word),
        .object = first,
        .thread = LOAD(&whole->thread),
        .number = -1,
        .owner_pid = LOAD(&whole->owner_pid),
    };
    uint8_t flags = LOAD(&whole->flags);
    uint64_t before, at = objects_make(first, &before);
    if (!at || !slot_acquire_over(at, before, &facts))
        return false;
    struct record_slot *rest = record_at(at);
    STORE(&rest->pages, (uint32_t)pages_of(end - first));
    STORE(&rest->opened, was.opened);
    STORE(&rest->sequence, was.sequence);
    STORE(&rest->flags, flags);
    return true;
}

/* One that begins in the range: it is gone, or its first part. */
static void settle(uint64_t at, struct record_slot *slot, uint64_t word, const struct range *range) {
    uint64_t address = LOAD(&slot->object), end = end_of(slot);
    struct slot_ticket ticket = {at, (word & ~(uint64_t)0xf) | slot_state(slot, word)};
    struct depot_life life = depot_life(slot);
    if (!slot_settle(ticket, range->gone))
        return;
    if (end <= range->end || !keep_rest(slot, ticket.word, range->end, end))
        depot_count_released(life, word);
    objects_forget(address, at);
}

/* One that begins before the range: its last part is gone, or there are two of it now. */
static void cut(struct record_slot *slot, uint64_t word, const struct range *range) {
    uint64_t address = LOAD(&slot->object), end = end_of(slot);
    if (!range->gone || address >= range->first || end <= range->first)
        return;
    STORE(&slot->pages, (uint32_t)pages_of(range->first - address));
    if (end > range->end && keep_rest(slot, word, range->end, end) &&
        !(LOAD(&slot->flags) & RECORD_SLOT_FROM_FORK))
        depot_count_opened(RECORD_WORD_STACK(word));
}

static void finish(uint64_t at, void *context) {
    const struct range *range = context;
    struct record_slot *slot = record_at(at);
    uint64_t word = LOAD(&slot->word);
    if (!is_mapping(word))
        return;
    if (begins_in(range, slot) && RECORD_WORD_STATE(word) == RECORD_STATE_RELEASING)
        settle(at, slot, word, range);
    else
        cut(slot, word, range);
}

void mappings_released(uint64_t address, uint64_t bytes, bool gone) {
    struct range range = range_of(address, bytes);
    range.gone = gone;
    uint64_t exactly = find_exactly(&range);
    if (exactly)
        finish(exactly, &range);
    else
        objects_visit(finish, &range);
}

static void grow(uint64_t at, void *context) {
    const struct range *range = context;
    struct record_slot *slot = record_at(at);
    uint64_t word = LOAD(&slot->word), address = LOAD(&slot->object);
    if (is_mapping(word) && address < range->first && end_of(slot) == range->first)
        STORE(&slot->pages, (uint32_t)pages_of(range->end - address));
}

void mappings_resized(uint64_t address, uint64_t bytes, uint64_t wanted, uint64_t closer) {
    uint64_t before = range_of(address, bytes).end, after = range_of(address, wanted).end;
    struct range range = {.first = before, .end = after};
    if (after > before)
        return objects_visit(grow, &range);
    mappings_releasing(after, before - after, closer);
    mappings_released(after, before - after, true);
}
