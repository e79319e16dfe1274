/* quarantine.h - numbers of closed descriptors are kept from being given out again for a while (option
 * quarantine=N: for N further acquires), so that a stale number meets nothing instead of a stranger.
 *
 * What keeps a number is a descriptor that can do next to nothing (O_PATH): reading, writing and the like fail
 * with EBADF as if the number were free, and the kernel gives it to nobody. Any context, RECORD_READY only, not
 * in a lockdown. */
#ifndef TRACKER_QUARANTINE_H
#define TRACKER_QUARANTINE_H

#include <stdbool.h>

/* True if the number is kept: to the program it is closed. A system call if it may be. */
bool quarantine_holds(int number);

/* A close of a number that nobody has has just succeeded: true if what it closed was only keeping the number,
 * which another thread had done after quarantine_holds was asked. */
bool quarantine_lost(int number);

/* The program has just closed it. Does nothing if another thread was given the number meanwhile, and where
 * descriptors are short. */
void quarantine_take(int number);

/* Something was acquired: gives back the numbers that have waited long enough, and those that are needed. */
void quarantine_acquired(void);

/* The program asks for this number (F_DUPFD): it is given back, if it is kept. */
void quarantine_free(int number);

/* All of them are given back: at the end, before a lockdown, and where the program asks for a list of its
 * numbers, in which it would find some that it has closed. */
void quarantine_end(void);

/* Child of a fork, whose record is a copy of the parent's of a moment ago: it keeps what the parent kept at the
 * fork. Another thread of the parent may have been at work then. */
void quarantine_forked(void);

#endif
