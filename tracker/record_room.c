/* record_room.c - room in the record: chunks, their entries, what could not be counted anywhere else. See
 * record.h. */
#include "tracker/lockdown.h"
#include "tracker/paths.h"
#include "tracker/record.h"
#include "tracker/record_parts.h"

/* The room usually taken at once for entries that tell their own length; the first time a page. */
enum { ENTRY_CHUNK_BYTES = 2 * PAGE };

static _Atomic uint32_t reserving; /* threads between taking room and knowing that it is there */
static atomic_bool holes;          /* room was taken that is not there: a touch would raise SIGBUS */

static uint64_t take_room(size_t bytes) {
    uint64_t at = LOAD(&record_own.allocated);
    do {
        if (at + bytes > record_own.object_bytes)
            return 0;
        /* release: who finds the room taken finds that it is being reserved; the chunk itself is published by
         * its magic */
    } while (!atomic_compare_exchange_weak_explicit(&record_own.allocated, &at, at + bytes,
                                                    memory_order_release, memory_order_relaxed));
    return at;
}

/* What is not there is given back, lest it be used up; if others took room behind it, it is a hole. */
static void give_room_back(uint64_t at, size_t bytes) {
    uint64_t end = at + bytes;
    if (!atomic_compare_exchange_strong_explicit(&record_own.allocated, &end, at, memory_order_relaxed,
                                                 memory_order_relaxed))
        atomic_store_explicit(&holes, true, memory_order_relaxed); /* before the release of `reserving` */
}

static uint64_t take_real_room(size_t bytes) {
    uint64_t at = take_room(bytes);
    if (!at)
        return 0;
    if (record_window_grow(at + bytes) &&
        (at + bytes <= record_own.reserved || record_reserve(record_at(at), bytes)))
        return at;
    give_room_back(at, bytes);
    return 0;
}

/* True if the page can be touched. Even to read one that is not there raises SIGBUS on a full file system. */
bool record_is_real(uint64_t page) {
    if (page + PAGE <= record_own.reserved)
        return true;
    /* acquire: a room that was found taken is real if nobody is reserving any more and there are no holes */
    if (!atomic_load_explicit(&reserving, memory_order_acquire) &&
        !atomic_load_explicit(&holes, memory_order_relaxed))
        return true;
    return record_reserve(record_at(page), PAGE);
}

void record_nobody_reserves(void) { atomic_store_explicit(&reserving, 0, memory_order_relaxed); }

/* For readers. It never shrinks: who is late must not hide the chunk of who was faster. */
static void tell_allocated(uint64_t end) {
    _Atomic uint64_t *told = &record_header()->allocated;
    uint64_t before = LOAD(told);
    while (before < end && !atomic_compare_exchange_weak_explicit(told, &before, end, memory_order_relaxed,
                                                                  memory_order_relaxed))
        ;
}

uint64_t record_allocate(enum record_chunk_kind kind, size_t bytes, uint64_t first, uint32_t entry_bytes) {
    if (lockdown_is_on())
        return 0;
    bytes = (bytes + PAGE - 1) / PAGE * PAGE;
    if (record_own.is_private && LOAD(&record_own.allocated) + bytes > record_own.object_bytes)
        record_share();
    atomic_fetch_add_explicit(&reserving, 1, memory_order_relaxed); /* before the release of take_room */
    uint64_t at = take_real_room(bytes);
    /* release: the pages are there, or the holes are known */
    atomic_fetch_sub_explicit(&reserving, 1, memory_order_release);
    if (!at)
        return 0;
    struct record_chunk *chunk = record_at(at);
    chunk->kind = kind;
    chunk->bytes = bytes;
    chunk->first = first;
    chunk->entry_bytes = entry_bytes;
    chunk->entries = entry_bytes ? (uint32_t)((bytes - sizeof *chunk) / entry_bytes) : 0;
    tell_allocated(at + bytes);
    return at;
}

void record_publish(uint64_t chunk, enum record_chunk_kind kind) {
    struct record_chunk *head = record_at(chunk);
    head->kind = kind;
    /* release: who sees the magic sees the head */
    atomic_store_explicit(&head->magic, RECORD_CHUNK_MAGIC, memory_order_release);
}

/* Room for an entry in the chunk, or 0. Its length is there from the first moment, so that whatever becomes of
 * its writer those that follow can be found; a writer that stopped before it said so in `used` is helped. */
static uint64_t entry_in(struct record_chunk *head, uint32_t bytes) {
    uint64_t room = head->bytes - sizeof *head, at;
    /* acquire: what was taken up to here has its length */
    while ((at = atomic_load_explicit(&head->used, memory_order_acquire)) + bytes <= room) {
        _Atomic uint32_t *length = (_Atomic uint32_t *)((char *)(head + 1) + at);
        uint32_t there = 0;
        bool is_ours = atomic_compare_exchange_strong_explicit(length, &there, bytes | RECORD_ENTRY_UNFINISHED,
                                                               memory_order_relaxed, memory_order_relaxed);
        uint64_t next = at + (is_ours               ? bytes
                              : there < RECORD_UNIT ? RECORD_UNIT
                                                    : there / RECORD_UNIT * RECORD_UNIT);
        uint64_t expected = at;
        /* release: the length before what says that it is there */
        atomic_compare_exchange_strong_explicit(&head->used, &expected, next, memory_order_release,
                                                memory_order_relaxed);
        if (is_ours)
            return (uint64_t)((char *)length - (char *)head);
    }
    return 0;
}

uint64_t record_entry(_Atomic uint64_t *current, enum record_chunk_kind kind, size_t bytes) {
    bytes = (bytes + RECORD_UNIT - 1) / RECORD_UNIT * RECORD_UNIT;
    for (;;) {
        uint64_t chunk = atomic_load_explicit(current, memory_order_acquire); /* its head was written before */
        uint64_t at = chunk ? entry_in(record_at(chunk), (uint32_t)bytes) : 0;
        if (at)
            return chunk + at;
        size_t wanted = bytes + sizeof(struct record_chunk), usual = chunk ? ENTRY_CHUNK_BYTES : PAGE;
        uint64_t fresh = record_allocate(kind, wanted > usual ? wanted : usual, 0, 0);
        if (!fresh)
            return 0;
        record_publish(fresh, kind);
        /* release: the head before its place. Who loses the race uses the winner's chunk; the own one stays
         * empty. */
        atomic_compare_exchange_strong_explicit(current, &chunk, fresh, memory_order_release,
                                                memory_order_relaxed);
    }
}

uint64_t record_next_chunk(uint64_t chunk) {
    uint64_t at = chunk ? chunk + ((struct record_chunk *)record_at(chunk))->bytes : PAGE;
    uint64_t end = atomic_load_explicit(&record_own.allocated, memory_order_acquire); /* see is_real */
    for (; at < end; at += PAGE) {
        if (at + PAGE > record_window_bytes(LOAD(&record_mapped.window)))
            return 0;
        if (!record_is_real(at))
            continue;
        struct record_chunk *head = record_at(at);
        /* acquire: pairs with record_publish */
        if (atomic_load_explicit(&head->magic, memory_order_acquire) == RECORD_CHUNK_MAGIC)
            return at;
    }
    return 0;
}

RARE void record_lost(enum record_loss loss) {
    atomic_fetch_add_explicit(&record_header()->losses[loss], 1, memory_order_relaxed); /* a counter */
}

static _Atomic uint64_t missed;

void record_count_missed(void) {
    uint64_t events = atomic_exchange_explicit(&missed, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&record_header()->losses[RECORD_LOSS_BUSY], events, memory_order_relaxed);
}

void record_missed(void) {
    atomic_fetch_add_explicit(&missed, 1, memory_order_relaxed);
    if (record_readiness() == RECORD_READY) /* since a moment ago */
        record_count_missed();
}

void record_note(enum record_note note) {
    atomic_fetch_or_explicit(&record_header()->notes, note, memory_order_relaxed); /* a set of bits */
}
