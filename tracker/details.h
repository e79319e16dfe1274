/* details.h - what the kernel says of one descriptor is kept in the record: what it refers to, and the state
 * that this is in. Exit only, one thread, RECORD_READY. Nothing is read from it, no error of it is cleared,
 * nothing waits. What may not be asked is left out. Temporary descriptors are closed before these return. Of a
 * POSIX timer it is told as of a timer descriptor. */
#ifndef TRACKER_DETAILS_H
#define TRACKER_DETAILS_H

#include <stdbool.h>
#include <stdint.h>

struct details_request {
    int number;        /* the descriptor, or … */
    bool is_timer;     /* … the kernel's number of a timer, which has nothing but a state */
    uint64_t sequence; /* names the handle */
    bool with_state;   /* else only what it refers to, which takes a third of the time */
    int child;         /* the process behind it (popen), 0 none */
};

/* Asks the kernel. Returns the answer's place / RECORD_UNIT, 0 if there is no room. */
uint32_t details_keep(const struct details_request *request);

#endif
