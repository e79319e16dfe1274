/* numbers.c - see numbers.h. */
#include "tracker/numbers.h"

#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>

#include "tracker/large.h"
#include "tracker/memory.h"
#include "tracker/paths.h"
#include "tracker/record.h"

enum {
    SLOTS = RECORD_PAGE_BYTES / sizeof(struct record_slot) - 1, /* of a page; its head takes the first place */
    NEAR = 1024, /* pages in the directory that is always there */
    FARS = 16    /* further ones, each twice as long: 2^31 numbers */
};

/* A page's place in the record in units of RECORD_PAGE_BYTES, 0: not there. */
typedef _Atomic uint32_t page_place;

static LARGE page_place near_pages[NEAR];     /* numbers below 64,512 */
static _Atomic(page_place *) far_pages[FARS]; /* [k]: pages NEAR << k … (NEAR << (k + 1)) - 1 */

static page_place *far_directory(unsigned level, bool make) {
    page_place *directory = atomic_load_explicit(&far_pages[level], memory_order_acquire); /* zeros before it */
    if (directory || !make)
        return directory;
    size_t bytes = ((size_t)NEAR << level) * sizeof(page_place);
    page_place *fresh = memory_take(bytes);
    if (!fresh)
        return NULL;
    if (atomic_compare_exchange_strong_explicit(&far_pages[level], &directory, fresh, memory_order_acq_rel,
                                                memory_order_acquire))
        return fresh;
    memory_give_back(fresh, bytes); /* somebody was faster */
    return directory;
}

/* The directory's place for a page of slots, or NULL. */
static page_place *place_of(unsigned page, bool make) {
    if (page < NEAR)
        return &near_pages[page];
    unsigned level = 31 - (unsigned)__builtin_clz(page / NEAR);
    page_place *directory = far_directory(level, make);
    return directory ? &directory[page - (NEAR << level)] : NULL;
}

static RARE uint32_t page_make(page_place *place, unsigned page) {
    uint64_t chunk = record_allocate(RECORD_CHUNK_NUMBERS, RECORD_PAGE_BYTES, (uint64_t)page * SLOTS,
                                     sizeof(struct record_slot));
    if (!chunk)
        return 0;
    uint32_t none = 0, fresh = (uint32_t)(chunk / RECORD_PAGE_BYTES);
    /* acquire-release: the page's head before its place, for us or from the winner */
    if (atomic_compare_exchange_strong_explicit(place, &none, fresh, memory_order_acq_rel,
                                                memory_order_acquire)) {
        record_publish(chunk, RECORD_CHUNK_NUMBERS);
        return fresh;
    }
    record_publish(chunk, RECORD_CHUNK_UNUSED);
    return none;
}

static uint64_t slot_at(uint32_t page, unsigned index) {
    return (uint64_t)page * RECORD_PAGE_BYTES + (index + 1) * sizeof(struct record_slot);
}

static uint64_t slot_of(const page_place *place, unsigned number) {
    uint32_t page = place ? atomic_load_explicit(place, memory_order_acquire) : 0;
    return page ? slot_at(page, number % SLOTS) : 0;
}

/* Apart, so that the usual numbers are found in a few instructions. */
static RARE uint64_t find_far(int number) {
    return number < 0 ? 0 : slot_of(place_of((unsigned)number / SLOTS, false), (unsigned)number);
}

/* A division of small numbers is one multiplication, and the rest follows from it. */
static unsigned near_page_of(unsigned number) {
    enum { SHIFT = 22, FACTOR = (1 << SHIFT) / SLOTS + 1, EXCESS = FACTOR * SLOTS - (1 << SHIFT) };
    _Static_assert((uint64_t)NEAR * SLOTS * EXCESS < 1 << SHIFT, "exact for all of them");
    return (unsigned)((uint64_t)number * FACTOR >> SHIFT);
}

uint64_t numbers_find(int number) {
    if (__builtin_expect((unsigned)number >= NEAR * SLOTS, false))
        return find_far(number);
    unsigned page = near_page_of((unsigned)number);
    uint32_t place = atomic_load_explicit(&near_pages[page], memory_order_acquire);
    return place ? slot_at(place, (unsigned)number - page * SLOTS) : 0;
}

uint64_t numbers_make(int number) {
    uint64_t slot = numbers_find(number);
    if (slot || number < 0)
        return slot;
    page_place *place = place_of((unsigned)number / SLOTS, true);
    uint32_t page = place ? page_make(place, (unsigned)number / SLOTS) : 0;
    return page ? slot_at(page, (unsigned)number % SLOTS) : 0;
}

struct range {
    unsigned first, last;
    void (*visit)(int number, uint64_t slot, void *context);
    void *context;
};

static void visit_page(const struct range *range, unsigned page, uint32_t place) {
    for (unsigned index = 0; index < SLOTS; index++) {
        unsigned number = page * SLOTS + index;
        if (number >= range->first && number <= range->last && number <= INT_MAX)
            range->visit((int)number, slot_at(place, index), range->context);
    }
}

static void visit_directory(const struct range *range, page_place *directory, unsigned from, unsigned count) {
    if (!directory || (uint64_t)(from + count) * SLOTS <= range->first || (uint64_t)from * SLOTS > range->last)
        return;
    for (unsigned i = 0; i < count; i++) {
        uint32_t place = atomic_load_explicit(&directory[i], memory_order_acquire);
        if (place)
            visit_page(range, from + i, place);
    }
}

void numbers_visit(unsigned first, unsigned last, void (*visit)(int, uint64_t, void *), void *context) {
    struct range range = {first, last, visit, context};
    visit_directory(&range, near_pages, 0, NEAR);
    for (unsigned level = 0; level < FARS; level++)
        visit_directory(&range, far_directory(level, false), NEAR << level, NEAR << level);
}
