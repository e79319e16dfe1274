/* objects.h - the slots of handles that are addresses (FILE *, DIR *, …), found by address.
 *
 * Slots lie densely in chunks of the record. The index is private memory: tables of buckets, one bucket a cache
 * line of eight entries, each table four times as large as the one before. A handle goes into the newest table;
 * if its bucket is full, a larger table is made. A look-up reads one cache line per table, newest first.
 * Nothing is ever moved, so nothing needs a lock. Any context, RECORD_READY only. */
#ifndef TRACKER_OBJECTS_H
#define TRACKER_OBJECTS_H

#include <stdint.h>

/* A slot for a new handle at this address, or the slot of one that was there and whose release nobody saw, and
 * its word. 0: no room. The caller acquires it over that word with `object` = address, and comes back if
 * somebody was faster: the release of the one before may just be settled. */
uint64_t objects_make(uint64_t address, uint64_t *word);

/* The slot of the handle at this address, 0: not known. */
uint64_t objects_find(uint64_t address);

/* The slot of a handle at that address that was released, as long as no other handle has the slot; 0: none, or
 * there are too many to look for it. */
uint64_t objects_find_released(uint64_t address);

/* Every slot that was ever made, free ones too; `visit` may make more. */
void objects_visit(void (*visit)(uint64_t slot, void *context), void *context);

/* Child of a fork, alone: finds anew which slots are free. The parent went on while its record was copied. */
void objects_adopted(void);

/* Its release is settled: the slot may serve another handle. */
void objects_forget(uint64_t address, uint64_t slot);

#endif
