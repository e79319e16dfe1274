/* depot.c - see depot.h. */
#include "tracker/depot.h"

#include <stddef.h>

#include "tracker/clock.h"
#include "tracker/large.h"
#include "tracker/modules.h"
#include "tracker/paths.h"
#include "tracker/record.h"
#include "tracker/settings.h"
#include "tracker/single.h"
#include "tracker/stripes.h"
#include "tracker/text.h"
#include "tracker/unwind.h"

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)
#define STORE(place, value) atomic_store_explicit(place, value, memory_order_relaxed)

enum {
    HEADS = 8192,                     /* chains; a thousand sites are plenty in one program */
    MAXIMUM_BYTES = 256 * 1024 * 1024 /* of stacks; beyond, handles are kept without one and counted */
};

/* First stack of each chain, as an id. Private memory: a fork copies it together with the record. */
static LARGE _Atomic uint32_t heads[HEADS];
static _Atomic uint64_t chunk;
static _Atomic uint64_t kept_bytes;

struct stack {
    const char *call;
    uint64_t epoch;
    uint32_t hash;
    uint16_t frames, flags;
    const uint64_t *pc;
};

static uint32_t hash_of(const struct stack *stack) {
    uint64_t hash = (uintptr_t)stack->call ^ stack->epoch << 48;
    for (size_t i = 0; i < stack->frames; i++)
        hash = (hash ^ stack->pc[i]) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(hash >> 32);
}

struct record_stack *depot_stack(uint32_t id) {
    return record_at((uint64_t)id * RECORD_UNIT);
}

static bool is_same(const struct record_stack *kept, const struct stack *stack) {
    if (kept->hash != stack->hash || kept->frames != stack->frames || kept->modules_epoch != stack->epoch)
        return false;
    for (size_t i = 0; i < stack->frames; i++)
        if (kept->pc[i] != stack->pc[i])
            return false;
    return text_equal(kept->call, stack->call);
}

/* The id of the stack among the chain from `id` on, until the one before which the search was made already. */
static uint32_t find(uint32_t id, uint32_t until, const struct stack *stack) {
    for (; id && id != until; id = depot_stack(id)->next)
        if (is_same(depot_stack(id), stack))
            return id;
    return 0;
}

static uint32_t write_entry(const struct stack *stack) {
    size_t bytes = (sizeof(struct record_stack) + stack->frames * sizeof(uint64_t) + RECORD_UNIT - 1) /
                   RECORD_UNIT * RECORD_UNIT;
    if (atomic_fetch_add_explicit(&kept_bytes, bytes, memory_order_relaxed) > MAXIMUM_BYTES)
        return 0;
    uint64_t at = record_entry(&chunk, RECORD_CHUNK_STACKS, bytes);
    if (!at)
        return 0;
    struct record_stack *kept = record_at(at);
    kept->hash = stack->hash;
    kept->frames = stack->frames;
    kept->flags = stack->flags;
    kept->modules_epoch = stack->epoch;
    struct text call = TEXT_IN(kept->call);
    text_string(&call, stack->call);
    for (size_t i = 0; i < stack->frames; i++)
        kept->pc[i] = stack->pc[i];
    /* release: a reader that finds the length finds the rest */
    atomic_store_explicit((_Atomic uint32_t *)&kept->bytes, (uint32_t)bytes, memory_order_release);
    return (uint32_t)(at / RECORD_UNIT);
}

static uint32_t keep(const struct stack *stack) {
    _Atomic uint32_t *head = &heads[stack->hash % HEADS];
    uint32_t first = atomic_load_explicit(head, memory_order_acquire); /* the stacks behind it are complete */
    uint32_t id = find(first, 0, stack);
    if (id)
        return id;
    for (size_t i = 0; i < stack->frames; i++)
        modules_need(stack->pc[i]);
    uint32_t fresh = write_entry(stack);
    if (!fresh)
        return 0;
    for (uint32_t searched = first;;) {
        depot_stack(fresh)->next = first;
        /* release: the entry and its link before its id */
        if (atomic_compare_exchange_strong_explicit(head, &first, fresh, memory_order_release,
                                                    memory_order_acquire))
            return fresh;
        id = find(first, searched, stack);
        if (id)
            return id; /* somebody was faster; ours stays, unused */
        searched = first;
    }
}

/* Apart from the usual path (paths.h), where the memo answers; not rare where it does not. */
static __attribute__((noinline)) uint32_t keep_frames(const char *call, const uint64_t *frames,
                                                      struct unwind_result walk) {
    struct stack stack = {
        .call = call, .epoch = modules_epoch(), .frames = (uint16_t)walk.frames, .pc = frames};
    stack.flags =
        (uint16_t)((walk.cut ? RECORD_STACK_CUT : 0) | (walk.frames == 1 ? RECORD_STACK_CALLER_ONLY : 0));
    stack.hash = hash_of(&stack);
    uint32_t id = keep(&stack);
    if (!id)
        record_lost(RECORD_LOSS_STACK);
    return id;
}

uint32_t depot_keep_here(const char *call, uintptr_t caller) {
    return unwind_ask(call, caller, settings.depth, keep_frames);
}

static uint64_t open_now(const struct record_stack *kept) {
    /* acquire: what was told as opened and closed before was told as closed */
    uint64_t opened = atomic_load_explicit(&kept->opened, memory_order_acquire);
    return opened - LOAD(&kept->closed);
}

/* relaxed, here and below: counters */
static __attribute__((noinline)) void raise_peak(uint32_t stack, struct record_stack *kept, uint64_t open) {
    uint32_t peak = LOAD(&kept->peak);
    while (open > peak && open <= UINT32_MAX)
        if (stripes_settle(stack))
            open = open_now(kept);
        else if (atomic_compare_exchange_weak_explicit(&kept->peak, &peak, (uint32_t)open, memory_order_relaxed,
                                                       memory_order_relaxed))
            return;
}

void depot_count_opened(uint32_t stack) {
    if (!stack)
        return;
    struct record_stack *kept = depot_stack(stack);
    uint64_t opened = stripes_add(&kept->opened, stack);
    uint64_t open = opened ? opened - LOAD(&kept->closed) : 0;
    if (open > LOAD(&kept->peak))
        raise_peak(stack, kept, open);
}

/* Makes `closer` one of those that are counted by name. False if they are all others. */
static bool claim(struct record_closer *at, uint64_t closer) {
    uint64_t place = 0;
    /* relaxed: a place never changes again, and whoever comes second finds whose it is */
    if (!atomic_compare_exchange_strong_explicit(&at->place, &place, closer, memory_order_relaxed,
                                                 memory_order_relaxed))
        return place == closer;
    if (!(closer & RECORD_CLOSER_STACK))
        modules_need(closer);
    return true;
}

/* Counts a release that was not the usual closer's: that is, of the first one, nothing. */
static RARE void count_closer(struct record_stack *kept, uint64_t closer) {
    for (int i = 0; closer && i < RECORD_CLOSERS; i++) {
        struct record_closer *at = &kept->closers[i];
        uint64_t place = LOAD(&at->place);
        if (place != closer && (place || !claim(at, closer)))
            continue;
        if (i)
            single_add(&at->count, 1);
        return;
    }
    single_add(&kept->closed_elsewhere, 1);
}

void depot_count_closed(uint32_t stack, uint64_t lived, uint64_t closer) {
    if (!stack)
        return;
    struct record_stack *kept = depot_stack(stack);
    stripes_release(&kept->closed, 1, stack);
    if (!closer || LOAD(&kept->closers[0].place) != closer)
        count_closer(kept, closer);
    if (!lived)
        return; /* less than a tick of the clock */
    single_add(&kept->lived, lived);
    uint64_t longest = LOAD(&kept->longest);
    while (lived > longest && !atomic_compare_exchange_weak_explicit(
                                  &kept->longest, &longest, lived, memory_order_relaxed, memory_order_relaxed))
        ;
}

struct depot_life depot_life(const struct record_slot *slot) {
    return (struct depot_life){LOAD(&slot->opened), LOAD(&slot->closer), LOAD(&slot->flags)};
}

void depot_count_released(struct depot_life life, uint64_t word) {
    if (life.flags & RECORD_SLOT_FROM_FORK)
        return;
    uint64_t now = clock_coarse();
    depot_count_closed(RECORD_WORD_STACK(word), life.opened && now > life.opened ? now - life.opened : 0,
                       life.closer);
}

/* Calls `visit` for the entries of one chunk. */
static void visit_chunk(struct record_chunk *chunk, void (*visit)(struct record_stack *, void *),
                        void *context) {
    uint64_t used = LOAD(&chunk->used);
    uint64_t room = chunk->bytes - sizeof *chunk;
    for (uint64_t at = 0; at < used && at < room;) {
        struct record_stack *stack = (struct record_stack *)((char *)(chunk + 1) + at);
        /* acquire: the rest of the entry is there with its length */
        uint32_t bytes = atomic_load_explicit((_Atomic uint32_t *)&stack->bytes, memory_order_acquire);
        if (!bytes)
            return;
        if (!(bytes & RECORD_ENTRY_UNFINISHED))
            visit(stack, context);
        at += bytes & ~RECORD_ENTRY_UNFINISHED;
    }
}

void depot_visit(void (*visit)(struct record_stack *, void *), void *context) {
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        if (chunk->kind == RECORD_CHUNK_STACKS)
            visit_chunk(chunk, visit, context);
    }
}

static void forget(struct record_stack *stack, void *nothing) {
    (void)nothing;
    STORE(&stack->opened, 0); /* nobody else sees this copy yet */
    STORE(&stack->closed, 0);
    STORE(&stack->lived, 0);
    STORE(&stack->longest, 0);
    STORE(&stack->peak, 0);
    for (int i = 0; i < RECORD_CLOSERS; i++) {
        STORE(&stack->closers[i].place, 0);
        STORE(&stack->closers[i].count, 0);
    }
    STORE(&stack->closed_elsewhere, 0);
    STORE(&stack->details, 0);
    STORE(&stack->passed, 0);
    for (int kind = 0; kind < RECORD_SHORTAGE_COUNT; kind++)
        STORE(&stack->short_of[kind], 0);
    /* one that the parent came to know after the fork lies in room that is not here */
    if ((uint64_t)LOAD(&stack->first_name) * RECORD_UNIT >= LOAD(&record_header()->allocated))
        STORE(&stack->first_name, 0);
}

void depot_forget_counts(struct record_chunk *chunk) { visit_chunk(chunk, forget, NULL); }
