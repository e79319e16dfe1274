/* numbers.h - the slots of descriptors, found by number: a directory of pages, in two levels that grow with the
 * numbers that are used, to any RLIMIT_NOFILE. The directory is private memory; the pages are chunks of the
 * record. Any context, RECORD_READY only. */
#ifndef TRACKER_NUMBERS_H
#define TRACKER_NUMBERS_H

#include <stdint.h>

/* The slot of a number, made if it is not there. 0: negative number, or no room. */
uint64_t numbers_make(int number);

/* The slot of a number if its page is there, else 0. */
uint64_t numbers_find(int number);

/* Calls visit(number, slot, context) for each slot that exists between first and last, both included. Costs
 * what is there, not what the range could hold. */
void numbers_visit(unsigned first, unsigned last, void (*visit)(int number, uint64_t slot, void *context),
                   void *context);

#endif
