/* mappings.h - handles that are ranges of memory: what is unmapped may be a part of one, or several of them.
 * Any context, RECORD_READY only. */
#ifndef TRACKER_MAPPINGS_H
#define TRACKER_MAPPINGS_H

#include <stdbool.h>
#include <stdint.h>

/* How long the mapping at this address, just acquired, is. */
void mappings_measure(uint64_t address, uint64_t bytes);

/* Before a real call that unmaps, and after it: the range is gone, or is what it was. What remains of a mapping
 * is kept, as a handle of the same stack. Walks over all objects unless the range is exactly one mapping. */
void mappings_releasing(uint64_t address, uint64_t bytes, uint64_t closer);
void mappings_released(uint64_t address, uint64_t bytes, bool gone);

/* After a call that made a range shorter or longer, in place. */
void mappings_resized(uint64_t address, uint64_t bytes, uint64_t wanted, uint64_t closer);

#endif
