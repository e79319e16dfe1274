/* depot.h - stacks, each kept once, with how many handles were acquired there and released again.
 * Any context, RECORD_READY only. */
#ifndef TRACKER_DEPOT_H
#define TRACKER_DEPOT_H

#include <stdint.h>

#include "tracker/record_format.h"

/* Takes the stack of the calling thread and keeps it. `call` is the name of the acquiring call (at most 27
 * characters), `caller` the return address of its wrapper. Returns its id, 0 if there is no room. */
uint32_t depot_keep_here(const char *call, uintptr_t caller);

/* Counts a handle that was acquired, or released, at this stack. Id 0 is ignored. */
void depot_count_opened(uint32_t stack);
void depot_count_closed(uint32_t stack);

/* After a fork: what the parent counted is not this process's. `chunk` holds stacks. */
void depot_forget_counts(struct record_chunk *chunk);

#endif
