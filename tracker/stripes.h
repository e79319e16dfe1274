/* stripes.h - counters that groups of threads keep for themselves: see struct record_stripe. A line of memory
 * that two processors write in turn costs each of them as much as all the rest of a call. Any context,
 * RECORD_READY only. */
#ifndef TRACKER_STRIPES_H
#define TRACKER_STRIPES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "tracker/record_format.h"
#include "tracker/single.h"

/* Stands for all numbers (record_header.open) where otherwise a stack's id does. */
enum { STRIPES_NUMBERS = 0 };

/* Among threads only. One more handle is open, of that stack or of the numbers: true if a release that was kept
 * back makes it good. One is released: true if it is kept back. Else the common counter has to be told. */
bool stripes_take(uint32_t stack);
bool stripes_keep(uint32_t stack);

/* One more is open: added to the common counter. Returns what that is now, 0: a release made it good. */
static inline uint64_t stripes_add(_Atomic uint64_t *counter, uint32_t stack) {
    if (SINGLE_HERE)
        return single_word_add(counter, 1) + 1;
    if (stripes_take(stack))
        return 0;
    /* acquire: what was told as opened and closed before was told as closed */
    return atomic_fetch_add_explicit(counter, 1, memory_order_acquire) + 1;
}

/* One is released: the common counter changes so, unless it is kept back. */
static inline void stripes_release(_Atomic uint64_t *counter, uint64_t change, uint32_t stack) {
    if (SINGLE_HERE)
        (void)single_word_add(counter, change);
    else if (!stripes_keep(stack))
        atomic_fetch_add_explicit(counter, change, memory_order_relaxed); /* a counter */
}

/* Tells the common counters which releases are kept back of that stack, or of the numbers: then they say how
 * many are open, and not a few more. False: none was. */
bool stripes_settle(uint32_t stack);

/* Child of a fork, which begins to count from zero: before it counts anything, and for each chunk of stripes
 * that it has of its parent. Those may have been made and used between the fork and the copy. */
void stripes_forked(void);
void stripes_forget_counts(struct record_chunk *chunk);

#endif
