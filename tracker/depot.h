/* depot.h - stacks, each kept once, with how many handles were acquired there and released again.
 * Any context, RECORD_READY only. */
#ifndef TRACKER_DEPOT_H
#define TRACKER_DEPOT_H

#include <stdint.h>

#include "tracker/record_format.h"

/* Takes the stack of the calling thread and keeps it. `call` is the name of the acquiring call (at most 27
 * characters), `caller` the return address of its wrapper. Returns its id, 0 if there is no room. */
uint32_t depot_keep_here(const char *call, uintptr_t caller);

/* Counts a handle that was acquired, or released, at this stack; `lived` is for how long it was open, in ns,
 * `closer` who released it, as record_slot.closer has it, 0 unknown. Id 0 is ignored. */
void depot_count_opened(uint32_t stack);
void depot_count_closed(uint32_t stack, uint64_t lived, uint64_t closer);

/* What counts of a handle that is being released: to be read while its slot is still its own. */
struct depot_life {
    uint64_t opened, closer;
    unsigned flags;
};
struct depot_life depot_life(const struct record_slot *slot);

/* That handle, whose word was `word`, is gone. What a parent of the fork acquired was never counted in this
 * process, and is not now. */
void depot_count_released(struct depot_life life, uint64_t word);

/* The stack of that id, which is not 0. */
struct record_stack *depot_stack(uint32_t id);

/* Calls `visit` for every stack. */
void depot_visit(void (*visit)(struct record_stack *stack, void *context), void *context);

/* After a fork: what the parent counted is not this process's. `chunk` holds stacks. */
void depot_forget_counts(struct record_chunk *chunk);

#endif
