/* shortage.h - descriptors become short: who holds them is noted in the record, once for a share of the limit
 * and once for a call that failed, and told at once. Any context, RECORD_READY only: no descriptor, no process,
 * no memory is needed. */
#ifndef TRACKER_SHORTAGE_H
#define TRACKER_SHORTAGE_H

#include <stdatomic.h>
#include <stdbool.h>

/* Start-up, in a child of a fork, and when the limit was changed: it is watched from now on. */
void shortage_start(void);

/* A call failed with `error`, EMFILE or ENFILE. */
void shortage_failed(int error, const char *call);

/* The first number that passes the share of the limit which option warn_at names; shortage_passed is to be told
 * of such numbers. */
extern _Atomic int shortage_first_number __attribute__((visibility("hidden")));
void shortage_passed(int number, const char *call);

/* True if any was noted. */
bool shortage_seen(void);

#endif
