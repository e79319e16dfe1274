/* quarantine.c - see quarantine.h. */
#include "tracker/quarantine.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tracker/large.h"
#include "tracker/kernel.h"
#include "tracker/numbers.h"
#include "tracker/paths.h"
#include "tracker/record.h"
#include "tracker/settings.h"
#include "tracker/signals.h"
#include "tracker/sys.h"
#include "tracker/turn.h"

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)

enum { MOST = 1024, SHARE_OF_FREE = 4 };

/* A ring of the numbers that are kept, the oldest first. */
static struct {
    int number;
    uint64_t since; /* number of acquires then */
} ring[MOST] LARGE;
static unsigned oldest;
static _Atomic unsigned count;
static struct turn turn; /* the ring; who finds it taken goes on without */

/* A signal handler must not jump out of what follows: a descriptor would stay, and the ring with it. */
static bool take(uint64_t *signals) {
    *signals = signals_block();
    if (turn_take(&turn))
        return true;
    signals_unblock(*signals);
    return false;
}

static void give(uint64_t signals) {
    turn_give(&turn);
    signals_unblock(signals);
}

static struct record_slot *slot_of(int number) {
    uint64_t at = number < 0 ? 0 : numbers_find(number);
    return at ? record_at(at) : NULL;
}

static bool is_marked(int number) {
    struct record_slot *slot = slot_of(number);
    return slot && LOAD(&slot->flags) & RECORD_SLOT_QUARANTINED;
}

static bool is_kept(int number) {
    struct record_slot *slot = slot_of(number);
    return is_marked(number) && RECORD_WORD_STATE(LOAD(&slot->word)) == RECORD_STATE_FREE;
}

/* Whoever has got the number by a call that was not seen has no such descriptor there. */
static bool is_ours(int number) {
    long flags = SYS(SYS_fcntl, number, F_GETFL);
    return !sys_failed(flags) && flags & O_PATH;
}

static void mark(int number) {
    /* release: who finds the number kept finds it closed */
    atomic_fetch_or_explicit(&slot_of(number)->flags, RECORD_SLOT_QUARANTINED, memory_order_release);
}

static void forget(int number) {
    atomic_fetch_and_explicit(&slot_of(number)->flags, (uint8_t)~RECORD_SLOT_QUARANTINED, memory_order_relaxed);
}

/* One that is marked and not open is being taken just now. */
bool quarantine_holds(int number) {
    if (!is_kept(number))
        return false;
    bool ours = is_ours(number);
    if (!ours && kernel_is_open(number))
        forget(number); /* given to the program past us */
    return ours;
}

bool quarantine_lost(int number) {
    bool was_kept = is_kept(number);
    if (was_kept)
        forget(number);
    return was_kept;
}

static void release_oldest(void) {
    int number = ring[oldest].number;
    oldest = (oldest + 1) % MOST;
    count--;
    if (!is_marked(number)) /* the record may not know yet that a number which several have closed is free */
        return;
    forget(number);
    if (is_ours(number))
        SYS(SYS_close, number);
}

/* Of the numbers that the program has not in use most stay free: no call may fail for want of those kept here.
 */
static unsigned room(void) {
    struct rlimit limit = {0, 0};
    SYS(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit);
    uint64_t open = LOAD(&record_header()->open);
    uint64_t share = limit.rlim_cur > open ? (limit.rlim_cur - open) / SHARE_OF_FREE : 0;
    return share < MOST ? (unsigned)share : MOST;
}

/* A descriptor that keeps exactly this number. */
static bool occupy(int number) {
    long made = SYS(SYS_open, "/dev/null", O_PATH | O_CLOEXEC);
    if (sys_failed(made) || made == number)
        return !sys_failed(made);
    long kept = SYS(SYS_fcntl, made, F_DUPFD_CLOEXEC, number);
    SYS(SYS_close, made);
    if (!sys_failed(kept) && kept != number)
        SYS(SYS_close, kept);
    return kept == number;
}

void quarantine_take(int number) {
    uint64_t signals;
    struct record_slot *slot = slot_of(number);
    if (!slot || number <= STDERR_FILENO || !take(&signals))
        return;
    if (is_marked(number) && is_ours(number))
        return give(signals); /* it was somebody else's, and closed again, since this close */
    while (count && count >= room())
        release_oldest();
    mark(number); /* first: whoever closes the number in between can tell what it was */
    if (count >= room() || !occupy(number)) {
        forget(number);
    } else {
        mark(number); /* a handle that had the number in between may have taken the mark with it */
        unsigned last = (oldest + count++) % MOST;
        ring[last].number = number;
        ring[last].since = LOAD(&record_header()->sequence);
    }
    give(signals);
}

static bool has_waited(void) {
    return LOAD(&record_header()->sequence) - ring[oldest].since >= settings.quarantine;
}

RARE void quarantine_acquired(void) {
    uint64_t signals;
    if (!LOAD(&count) || !take(&signals))
        return;
    while (count && (has_waited() || count > room()))
        release_oldest();
    give(signals);
}

RARE void quarantine_free(int number) {
    uint64_t signals;
    if (!is_marked(number) || !take(&signals))
        return;
    if (is_kept(number) && is_ours(number)) {
        forget(number);
        SYS(SYS_close, number);
    }
    give(signals);
}

void quarantine_end(void) {
    uint64_t signals;
    if (!LOAD(&count) || !take(&signals))
        return;
    while (count)
        release_oldest();
    give(signals);
}

/* What the record says is of a moment after the fork, the ring is of the fork. */
void quarantine_forked(void) {
    for (unsigned i = 0; i < count; i++) {
        int number = ring[(oldest + i) % MOST].number;
        struct record_slot *slot = slot_of(number);
        if (slot && RECORD_WORD_STATE(LOAD(&slot->word)) == RECORD_STATE_FREE && is_ours(number))
            atomic_fetch_or_explicit(&slot->flags, RECORD_SLOT_QUARANTINED, memory_order_relaxed);
    }
}
