/* passing.h - descriptors that pass over an exec: open, of this process's own or its parents' making, and
 * without FD_CLOEXEC. Any context, RECORD_READY only, not in a lockdown; also a vfork child, whose table of
 * descriptors is asked, and whose parent's record is written. */
#ifndef TRACKER_PASSING_H
#define TRACKER_PASSING_H

#include <stdbool.h>
#include <stddef.h>

/* Counts them, for each stack as well (record_stack.passed): an exec or a spawn is about to begin. 0 also if
 * another thread is counting. Standard input, output and error are meant to pass. */
size_t passing_count(void);

/* True if any has passed so far. */
bool passing_seen(void);

/* The exec failed: nothing has passed. */
void passing_forget(void);

#endif
