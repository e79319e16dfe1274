/* ready.h - whether this process is watched and has its record: what each fact that the shim reports asks
 * first. Private to those who take them (tracker.c, life.c). Any context. */
#ifndef TRACKER_READY_H
#define TRACKER_READY_H

#include <stdbool.h>

#include "tracker/record.h"
#include "tracker/single.h"
#include "tracker/stripes.h"

#define READY_HIDDEN __attribute__((visibility("hidden")))

extern bool ready_watching READY_HIDDEN; /* false until ready_start */
extern bool ready_threaded READY_HIDDEN; /* a second thread was made, or is about to be */

/* A thread may have a table of descriptors of its own: its numbers are not those that /proc/self/fd shows, and
 * say nothing about ours. */
extern bool ready_tables_differ READY_HIDDEN;
extern __thread bool ready_table_is_own READY_HIDDEN;
static inline bool ready_is_apart(void) {
    return __builtin_expect(ready_tables_differ, false) && ready_table_is_own;
}

/* Start-up only. `unwinder_lost`: unwind=libunwind could not be had. */
void ready_start(bool unwinder_lost);

/* What is not so plain. */
bool ready_get(bool acquiring);
bool ready_get_more(void);

/* True if this process has its record; `acquiring` makes it on the first need. */
static inline bool ready(bool acquiring) {
    if (__builtin_expect(record_is_ready(), true))
        return true;
    return ready_watching && (acquiring || !record_is_none()) && ready_get(acquiring);
}

/* True if this process has its record. What asks is no event that could be missed. */
static inline bool ready_for_more(void) {
    return __builtin_expect(record_is_ready(), true) || (!record_is_none() && ready_get_more());
}

/* RECORD_READY only, as what follows. Gives a fork child's record a file, while nobody else can be writing into
 * it. */
void ready_give_file(void);

/* Count descriptors that are open, and the most that were at once. relaxed: counters */
void ready_raise_peak(int64_t open);
static inline void ready_count_open(void) {
    struct record_header *header = record_header();
    int64_t open = (int64_t)stripes_add((_Atomic uint64_t *)&header->open, STRIPES_NUMBERS);
    if (open > atomic_load_explicit(&header->peak, memory_order_relaxed))
        ready_raise_peak(open);
}

static inline void ready_count_closed(void) {
    stripes_release((_Atomic uint64_t *)&record_header()->open, (uint64_t)-1, STRIPES_NUMBERS);
}

#endif
