/* turn.h - something static that one thread may use at a time. A lock it is not: a signal handler may have
 * interrupted the holder. A fork may come while another thread is the holder: the child finds it free. */
#ifndef TRACKER_TURN_H
#define TRACKER_TURN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* All zero: free. */
struct turn {
    _Atomic int32_t holder; /* pid of the process that one of its threads uses it in */
};

/* Any context, RECORD_READY only (as everything here). False: somebody uses it. */
bool turn_take(struct turn *turn);

/* The same, and waits up to three seconds. */
bool turn_take_soon(struct turn *turn);

/* What was done to it stays before. */
void turn_give(struct turn *turn);

#endif
