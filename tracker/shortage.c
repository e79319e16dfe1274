/* shortage.c - see shortage.h. */
#include "tracker/shortage.h"

#include <errno.h>
#include <limits.h>
#include <sys/resource.h>

#include "tracker/bell.h"
#include "tracker/clock.h"
#include "tracker/depot.h"
#include "tracker/lockdown.h"
#include "tracker/numbers.h"
#include "tracker/output.h"
#include "tracker/paths.h"
#include "tracker/raw_report.h"
#include "tracker/record.h"
#include "tracker/settings.h"
#include "tracker/slot.h"
#include "tracker/sys.h"
#include "tracker/text.h"
#include "tracker/threads.h"

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)

_Atomic int shortage_first_number = INT_MAX; /* relaxed all over: who misses a change comes again */

static void set_first_number(uint64_t number) {
    atomic_store_explicit(&shortage_first_number, number < INT_MAX ? (int)number : INT_MAX,
                          memory_order_relaxed);
}

void shortage_start(void) {
    if (settings.warn_at)
        set_first_number(0); /* the limit is asked at the first number */
}

static uint64_t limit_now(void) {
    struct rlimit limit = {0, 0};
    if (lockdown_is_on() || SYS(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit))
        return LOAD(&record_header()->limit_soft);
    return limit.rlim_cur;
}

/* ---- who holds them ---------------------------------------------------------------------------------------
 */

struct count {
    enum record_shortage_kind kind;
    uint32_t held, inherited;
};

static void count_one(int number, uint64_t at, void *context) {
    (void)number;
    struct count *count = context;
    struct record_slot *slot = record_at(at);
    uint64_t word = LOAD(&slot->word);
    if (!slot_is_held(word))
        return;
    uint32_t stack = slot_stack(slot, word);
    count->held++;
    if (stack)
        atomic_fetch_add_explicit(&depot_stack(stack)->short_of[count->kind], 1, memory_order_relaxed);
    else
        count->inherited++;
}

static void only_count(int number, uint64_t at, void *context) {
    (void)number;
    *(uint64_t *)context += slot_is_held(LOAD(&((struct record_slot *)record_at(at))->word));
}

/* ---- telling ----------------------------------------------------------------------------------------------
 */

static void note(enum record_shortage_kind kind, int error, const char *call, uint64_t limit) {
    struct record_shortage *shortage = &record_header()->shortages[kind];
    uint32_t none = RECORD_SHORTAGE_NONE;
    /* relaxed: only one gets through, nothing else is guarded */
    if (!atomic_compare_exchange_strong_explicit(&shortage->state, &none, RECORD_SHORTAGE_WRITING,
                                                 memory_order_relaxed, memory_order_relaxed))
        return;
    struct count count = {.kind = kind};
    numbers_visit(0, INT_MAX, count_one, &count);
    shortage->error = error;
    shortage->monotonic = clock_coarse();
    shortage->limit = limit;
    shortage->held = count.held;
    shortage->inherited = count.inherited;
    shortage->thread = threads_here();
    struct text name = TEXT_IN(shortage->call);
    text_string(&name, call);
    /* release: a reader that finds it noted finds the rest, and the counts of the stacks */
    atomic_store_explicit(&shortage->state, RECORD_SHORTAGE_NOTED, memory_order_release);
    if (lockdown_is_on())
        return; /* not one system call that the program did not ask for */
    bell_ring();
    if (!settings.report_none && !settings.report_file && output_descriptor() >= 0)
        raw_report_shortage(kind, output_descriptor());
}

void shortage_failed(int error, const char *call) {
    atomic_fetch_add_explicit(&record_header()->failures, 1, memory_order_relaxed); /* a counter */
    if (LOAD(&record_header()->shortages[RECORD_SHORTAGE_FAILURE].state) == RECORD_SHORTAGE_NONE)
        note(RECORD_SHORTAGE_FAILURE, error, call, limit_now());
}

/* A high number may be the program's choice (F_DUPFD, dup2): it is the count that matters. */
RARE void shortage_passed(int number, const char *call) {
    if (LOAD(&record_header()->shortages[RECORD_SHORTAGE_SHARE].state) != RECORD_SHORTAGE_NONE)
        return set_first_number(INT_MAX);
    uint64_t limit = limit_now(), share = limit > INT_MAX ? INT_MAX : limit * settings.warn_at / 100, held = 0;
    if ((uint64_t)number < share)
        return set_first_number(share);
    set_first_number((uint64_t)number + 1);
    numbers_visit(0, INT_MAX, only_count, &held);
    if (held < share)
        return;
    set_first_number(INT_MAX);
    note(RECORD_SHORTAGE_SHARE, 0, call, limit);
}

bool shortage_seen(void) {
    for (int kind = 0; kind < RECORD_SHORTAGE_COUNT; kind++)
        if (LOAD(&record_header()->shortages[kind].state) != RECORD_SHORTAGE_NONE)
            return true;
    return false;
}
