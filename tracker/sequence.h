/* sequence.h - the order of acquires. Any context, RECORD_READY only.
 *
 * Each has a number of its own. One that followed another by more than a tick of the coarse clock, or was made
 * by the same thread, has the higher one: a thread that acquires often takes the numbers for a tick by blocks,
 * so that threads need not wait for each other at the one counter. */
#ifndef TRACKER_SEQUENCE_H
#define TRACKER_SEQUENCE_H

#include <stdint.h>

#include "tracker/record.h"
#include "tracker/single.h"

/* The number of an acquire, from 1. SINGLE_HERE only. */
static inline uint64_t sequence_next(void) { return single_word_add(&record_header()->sequence, 1) + 1; }

/* The same among threads. `now`: clock_coarse, 0 unknown. It is higher than `after`, another acquire's or 0. */
uint64_t sequence_next_among(uint64_t now, uint64_t after);

/* A line between what is and what comes: no number is higher yet, and none that is given from now on, by
 * whichever thread, is not. */
uint64_t sequence_line(void);

#endif
