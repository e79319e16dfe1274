/* objects.c - see objects.h. */
#include "tracker/objects.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "tracker/large.h"
#include "tracker/memory.h"
#include "tracker/paths.h"
#include "tracker/record.h"
#include "tracker/single.h"

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#include "tracker/x86_64/bucket.h"
#define BUCKET_AT_ONCE
#endif

enum {
    WAYS = 8,           /* entries of a bucket: one cache line */
    TABLES = 12,        /* the last holds a thousand million handles */
    FIRST_BUCKETS = 64, /* 4 KiB, always there */
    SLOT_BYTES = sizeof(struct record_slot)
};

/* An entry of the index, 0: empty
 *
 *   63          32 31                0
 *  +--------------+-------------------+
 *  |  hash, high  | slot / SLOT_BYTES |
 *  +--------------+-------------------+
 */
typedef _Atomic uint64_t entry;
struct bucket {
    entry entries[WAYS];
};
_Static_assert(sizeof(struct bucket) == 64, "a bucket is a cache line");

static LARGE _Alignas(64) struct bucket first_table[FIRST_BUCKETS];
static _Atomic(struct bucket *) tables[TABLES]; /* [0] is first_table, not stored */
static _Atomic uint32_t newest;                 /* the last table there is */

/* Free slots, a stack: the newest one's slot / SLOT_BYTES below, a count of changes above, so that a slot that
 * was taken and returned in between is not mistaken for an unchanged top (ABA). */
static _Atomic uint64_t free_slots;

static uint64_t hash_of(uint64_t address) { return (address >> 4) * 0x9e3779b97f4a7c15u; }

static uint64_t buckets_of(unsigned table) { return (uint64_t)FIRST_BUCKETS << (2 * table); }

static struct bucket *table_find(unsigned table) {
    /* acquire: its zeros before its address */
    return table ? atomic_load_explicit(&tables[table], memory_order_acquire) : first_table;
}

static struct bucket *table_make(unsigned table) {
    struct bucket *there = NULL;
    size_t bytes = buckets_of(table) * sizeof(struct bucket);
    struct bucket *fresh = memory_take(bytes);
    if (!fresh)
        return NULL;
    if (atomic_compare_exchange_strong_explicit(&tables[table], &there, fresh, memory_order_acq_rel,
                                                memory_order_acquire))
        return fresh;
    memory_give_back(fresh, bytes);
    return there;
}

/* The table behind the newest: from now on it is that. */
static RARE struct bucket *table_add(unsigned table) {
    uint32_t before = table - 1;
    struct bucket *there = table_find(table), *added = there ? there : table_make(table);
    if (added) /* release: the address before the number; fails if somebody was faster */
        atomic_compare_exchange_strong_explicit(&newest, &before, table, memory_order_release,
                                                memory_order_relaxed);
    return added;
}

/* acquire: with the number comes the table's address */
static unsigned newest_table(void) { return atomic_load_explicit(&newest, memory_order_acquire); }

static struct bucket *bucket_in(struct bucket *table, unsigned number, uint64_t hash) {
    /* the high bits are well mixed; the tag uses them as well, which costs nothing but a longer compare */
    return &table[(hash >> 20) & (buckets_of(number) - 1)];
}

static uint64_t entry_value(uint64_t hash, uint64_t slot) {
    return (hash & 0xffffffff00000000u) | slot / SLOT_BYTES;
}
static uint64_t entry_slot(uint64_t value) { return (value & 0xffffffffu) * SLOT_BYTES; }

/* A mask of the ways whose entries may have that hash. Nothing is known of them until they are read. */
static unsigned ways_of(const struct bucket *bucket, uint64_t hash) {
#ifdef BUCKET_AT_ONCE
    return bucket_tagged(bucket, (uint32_t)(hash >> 32));
#else
    unsigned ways = 0;
    for (unsigned way = 0; way < WAYS; way++)
        /* relaxed: only asked whether it is worth a look */
        ways |= (unsigned)!((atomic_load_explicit(&bucket->entries[way], memory_order_relaxed) ^ hash) >> 32)
                << way;
    return ways;
#endif
}

/* Whether the entry leads to a handle at this address. The word comes first: whoever finds it unchanged later
 * knows that the address was its own. A slot that is free is none, though its entry may not be gone yet. */
static bool entry_is(uint64_t value, uint64_t hash, uint64_t address, uint64_t *word) {
    if (!value || (value ^ hash) >> 32)
        return false;
    struct record_slot *slot = record_at(entry_slot(value));
    /* acquire: the address is not read before the word */
    *word = atomic_load_explicit(&slot->word, memory_order_acquire);
    return RECORD_WORD_STATE(*word) != RECORD_STATE_FREE &&
           atomic_load_explicit(&slot->object, memory_order_relaxed) == address;
}

/* The slot of the handle at an address and its word, or 0. */
static uint64_t find(uint64_t address, uint64_t *word) {
    uint64_t hash = hash_of(address);
    for (unsigned table = newest_table() + 1; table-- > 0;) {
        struct bucket *bucket = bucket_in(table_find(table), table, hash);
        for (unsigned ways = ways_of(bucket, hash); ways; ways &= ways - 1) {
            /* acquire: the slot's `object` was stored before the entry */
            uint64_t value = atomic_load_explicit(&bucket->entries[__builtin_ctz(ways)], memory_order_acquire);
            if (entry_is(value, hash, address, word))
                return entry_slot(value);
        }
    }
    return 0;
}

uint64_t objects_find(uint64_t address) {
    uint64_t word;
    return find(address, &word);
}

static bool bucket_put(struct bucket *bucket, uint64_t value) {
    for (unsigned way = 0; way < WAYS; way++) {
        entry *at = &bucket->entries[way];
        uint64_t empty = atomic_load_explicit(at, memory_order_relaxed); /* looked at again in the exchange */
        /* release: the slot's `object` before the entry that leads to it */
        if (!empty && single_exchange(at, &empty, value, memory_order_release))
            return true;
    }
    return false;
}

static bool index_put(uint64_t address, uint64_t slot) {
    uint64_t hash = hash_of(address), value = entry_value(hash, slot);
    const unsigned last = newest_table();
    for (unsigned table = last; table < TABLES; table++) {
        struct bucket *buckets = table == last ? table_find(table) : table_add(table);
        if (!buckets)
            return false;
        if (bucket_put(bucket_in(buckets, table, hash), value))
            return true;
    }
    return false;
}

/* A free slot keeps the place of the next one in `detail`, which has no other use while it is free. */
static void free_push(uint64_t at) {
    struct record_slot *slot = record_at(at);
    uint64_t top = atomic_load_explicit(&free_slots, memory_order_relaxed), next;
    do {
        atomic_store_explicit(&slot->detail, (uint32_t)top, memory_order_relaxed);
        next = ((top >> 32) + 1) << 32 | at / SLOT_BYTES;
        /* release: its link before it can be taken */
    } while (!single_exchange(&free_slots, &top, next, memory_order_release));
}

static uint64_t free_pop(void) {
    for (;;) {
        uint64_t top = atomic_load_explicit(&free_slots, memory_order_acquire); /* its link, see free_push */
        if (!(uint32_t)top)
            return 0;
        uint64_t at = (top & 0xffffffffu) * SLOT_BYTES;
        uint32_t link =
            atomic_load_explicit(&((struct record_slot *)record_at(at))->detail, memory_order_relaxed);
        if (single_exchange(&free_slots, &top, ((top >> 32) + 1) << 32 | link, memory_order_acquire))
            return at;
    }
}

/* A page at first, then more at a time; returns one slot, the others become free ones. */
static RARE uint64_t more_slots(void) {
    static _Atomic uint32_t made;
    uint32_t before = atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
    size_t bytes = before ? 16 * RECORD_PAGE_BYTES : RECORD_PAGE_BYTES;
    uint64_t chunk = record_allocate(RECORD_CHUNK_OBJECTS, bytes, 0, SLOT_BYTES);
    if (!chunk)
        return 0;
    record_publish(chunk, RECORD_CHUNK_OBJECTS);
    for (uint64_t at = bytes / SLOT_BYTES - 1; at > 1; at--)
        free_push(chunk + at * SLOT_BYTES);
    return chunk + SLOT_BYTES;
}

uint64_t objects_make(uint64_t address, uint64_t *word) {
    uint64_t slot = find(address, word);
    if (slot)
        return slot;
    slot = free_pop();
    if (!slot)
        slot = more_slots();
    if (!slot)
        return 0;
    struct record_slot *fresh = record_at(slot);
    *word = atomic_load_explicit(&fresh->word, memory_order_relaxed);     /* nobody else has it */
    atomic_store_explicit(&fresh->object, address, memory_order_relaxed); /* published by index_put */
    if (index_put(address, slot))
        return slot;
    free_push(slot);
    return 0;
}

/* Takes one entry out of the index. By its value, not its address: another handle may have that by now. */
static bool index_take(uint64_t address, uint64_t slot) {
    uint64_t hash = hash_of(address);
    for (unsigned table = newest_table() + 1; table-- > 0;) {
        struct bucket *bucket = bucket_in(table_find(table), table, hash);
        for (unsigned ways = ways_of(bucket, hash); ways; ways &= ways - 1) {
            entry *at = &bucket->entries[__builtin_ctz(ways)];
            uint64_t value = entry_value(hash, slot);
            /* relaxed: an emptied entry publishes nothing */
            if (atomic_load_explicit(at, memory_order_relaxed) == value &&
                single_exchange(at, &value, 0, memory_order_relaxed))
                return true;
        }
    }
    return false;
}

void objects_forget(uint64_t address, uint64_t slot) {
    if (index_take(address, slot))
        free_push(slot);
}

void objects_visit(void (*visit)(uint64_t slot, void *context), void *context) {
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        uint32_t entries = chunk->kind == RECORD_CHUNK_OBJECTS ? chunk->entries : 0;
        for (uint32_t i = 0; i < entries; i++)
            visit(at + (i + 1) * SLOT_BYTES, context);
    }
}

struct released {
    uint64_t address, slot;
};

static void look_for_released(uint64_t at, void *context) {
    struct released *released = context;
    struct record_slot *slot = record_at(at);
    if (atomic_load_explicit(&slot->object, memory_order_relaxed) == released->address &&
        RECORD_WORD_STATE(atomic_load_explicit(&slot->word, memory_order_relaxed)) == RECORD_STATE_FREE)
        released->slot = at;
}

RARE uint64_t objects_find_released(uint64_t address) {
    enum { MOST_BUCKETS = 1 << 14 };
    struct released released = {.address = address};
    if (buckets_of(newest_table()) <= MOST_BUCKETS)
        objects_visit(look_for_released, &released);
    return released.slot;
}

static void push_if_free(uint64_t slot, void *context) {
    (void)context;
    struct record_slot *there = record_at(slot);
    if (RECORD_WORD_STATE(atomic_load_explicit(&there->word, memory_order_relaxed)) == RECORD_STATE_FREE)
        free_push(slot);
}

void objects_adopted(void) {
    atomic_store_explicit(&free_slots, 0, memory_order_relaxed);
    objects_visit(push_if_free, NULL);
}
