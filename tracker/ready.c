/* ready.c - see ready.h. */
#include "tracker/ready.h"

#include <stddef.h>

#include "tracker/depot.h"
#include "tracker/exit_pass.h"
#include "tracker/forks.h"
#include "tracker/kernel.h"
#include "tracker/large.h"
#include "tracker/lockdown.h"
#include "tracker/misuse.h"
#include "tracker/numbers.h"
#include "tracker/objects.h"
#include "tracker/paths.h"
#include "tracker/quarantine.h"
#include "tracker/renderer.h"
#include "tracker/shortage.h"
#include "tracker/signals.h"
#include "tracker/slot.h"
#include "tracker/text.h"
#include "tracker/threads.h"

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)

bool ready_watching;
FORK_DATA bool ready_threaded;
bool ready_tables_differ;
__thread bool ready_table_is_own;

static bool unwinder_lost;

void ready_start(bool lost) {
    unwinder_lost = lost;
    ready_watching = true;
}

/* ---- a record of its own ----------------------------------------------------------------------------------
 */

static void inherit(int number, void *context) {
    (void)context;
    uint64_t slot = numbers_make(number);
    if (!slot)
        return;
    struct slot_facts facts = {.state = RECORD_STATE_INHERITED, .kind = RECORD_KIND_DESCRIPTOR, .number = -1};
    slot_acquire(slot, &facts);
    ready_count_open();
}

static bool make_record(void) {
    if (!record_make())
        return false;
    if (!kernel_visit_open(inherit, NULL))
        record_note(RECORD_NOTE_NO_PROC);
    if (unwinder_lost)
        record_note(RECORD_NOTE_NO_LIBUNWIND);
    record_open();
    return true;
}

/* Rare work that has a descriptor for a moment, or moves the record: a signal handler must not see it half
 * done, nor jump out of it. */
static bool undisturbed(bool (*work)(void)) {
    uint64_t signals = signals_block();
    bool done = work();
    signals_unblock(signals);
    return done;
}

static bool make(void) { return !lockdown_is_on() && undisturbed(make_record); }

/* ---- from the parent --------------------------------------------------------------------------------------
 */

/* In the copy of the parent's record: what the parent held at the fork is inherited; what it acquired later, or
 * was acquiring just then, is not there. */
static void inherit_slot(struct record_slot *slot, int32_t parent) {
    uint64_t word = LOAD(&slot->word);
    if (RECORD_WORD_STATE(word) == RECORD_STATE_FREE) {
        atomic_store_explicit(&slot->closer, 0, memory_order_relaxed); /* it was the parent's to close */
        atomic_store_explicit(&slot->flags, 0, memory_order_relaxed);
        return;
    }
    unsigned kind = RECORD_WORD_KIND(word);
    bool inheritable = kind != RECORD_KIND_TIMER && kind != RECORD_KIND_THREAD; /* fork(2) */
    bool held = inheritable && slot_is_held(word) && LOAD(&slot->sequence) <= forks_birth()->sequence;
    if (held && slot_state(slot, word) != RECORD_STATE_INHERITED) {
        atomic_store_explicit(&slot->owner_pid, parent, memory_order_relaxed);
        atomic_store_explicit(&slot->flags, RECORD_SLOT_FROM_FORK, memory_order_relaxed);
    }
    atomic_store_explicit(&slot->detail, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->outcome, RECORD_OUTCOME_NONE, memory_order_relaxed);
    uint64_t after = (word & ~(uint64_t)0xf) | (held ? RECORD_STATE_INHERITED : RECORD_STATE_FREE);
    if (!held)
        atomic_store_explicit(&slot->closer, 0, memory_order_relaxed); /* it was the parent's to close */
    atomic_store_explicit(&slot->word, after, memory_order_relaxed);   /* nobody else sees this copy yet */
}

static void inherit_number(int number, uint64_t at, void *parent) {
    struct record_slot *slot = record_at(at);
    inherit_slot(slot, *(int32_t *)parent);
    if (slot_is_held(LOAD(&slot->word)))
        ready_count_open();
}

/* Numbers by our own directory: a page that another thread of the parent was making has no head yet. */
static void inherit_all(int32_t parent) {
    atomic_store_explicit(&record_header()->open, 0, memory_order_relaxed); /* the parent's, of a moment ago */
    atomic_store_explicit(&record_header()->peak, 0, memory_order_relaxed);
    text_clear(record_header()->shortages, sizeof record_header()->shortages);
    atomic_store_explicit(&record_header()->failures, 0, memory_order_relaxed);
    atomic_store_explicit(&record_header()->report_requests, 0, memory_order_relaxed);
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        struct record_slot *slot = (struct record_slot *)(chunk + 1);
        if (chunk->kind == RECORD_CHUNK_STACKS)
            depot_forget_counts(chunk);
        if (chunk->kind == RECORD_CHUNK_STRIPES)
            stripes_forget_counts(chunk);
        for (uint32_t i = 0; chunk->kind == RECORD_CHUNK_OBJECTS && i < chunk->entries; i++)
            inherit_slot(&slot[i], parent);
    }
    numbers_visit(0, ~0u, inherit_number, &parent); /* last: it counts, by the stripes as well */
    objects_adopted();
}

static bool adopt_record(void) {
    int32_t parent = record_header()->pid; /* the parent's record, still mapped */
    forks_adopting();
    if (!record_adopt(forks_birth()))
        return false;
    threads_forked();
    stripes_forked();
    shortage_start();
    misuse_forked();
    ready_table_is_own = false; /* the only thread now */
    inherit_all(parent);
    quarantine_forked();
    renderer_forked(exit_pass_is_left_to_kernel());
    exit_pass_forked();
    record_open();
    return true;
}

static bool adopt(void) { return !lockdown_is_on() && undisturbed(adopt_record); }

/* ---- whichever it is --------------------------------------------------------------------------------------
 */

RARE bool ready_get(bool acquiring) {
    switch (record_readiness()) {
    case RECORD_READY:
        return true;
    case RECORD_FORKED:
        return adopt();
    case RECORD_NONE:
        return acquiring && make();
    case RECORD_BUSY:
        record_missed();
        break;
    }
    return false;
}

RARE bool ready_get_more(void) { return record_readiness() != RECORD_BUSY && ready(false); }

__attribute__((noinline)) void ready_raise_peak(int64_t open) {
    struct record_header *header = record_header();
    int64_t peak = LOAD(&header->peak);
    while (open > peak)
        if (stripes_settle(STRIPES_NUMBERS))
            open = LOAD(&header->open);
        else if (atomic_compare_exchange_weak_explicit(&header->peak, &peak, open, memory_order_relaxed,
                                                       memory_order_relaxed))
            return;
}

RARE void ready_give_file(void) {
    if (!ready_threaded && !record_path()[0] && !lockdown_is_on() &&
        LOAD(&record_header()->notes) & RECORD_NOTE_FORK_CHILD)
        record_give_file();
}
