/* misuse.h - wrong calls on handles: kept in the record, once per site. Any context, RECORD_READY only.
 *
 * What costs something on the good path is kept in the slot anyway: who closed a handle, and at what stack the
 * handle before it was acquired. Everything else is done where a call has failed, or was wrong. */
#ifndef TRACKER_MISUSE_H
#define TRACKER_MISUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracker/record_format.h"
#include "tracker/slot.h"

/* Who begins a release, as record_slot.closer has it: the address, or with misuse=2 the stack. */
uint64_t misuse_closer(const char *call, uintptr_t caller);

/* Before a close: it decides about those of this thread that may have been a loop over all numbers. */
void misuse_closing(int number, uintptr_t caller);

/* Before a close, by `closer`, of a number whose slot, at `at`, nobody holds. */
void misuse_closing_again(int number, uint64_t at, uint64_t closer);

/* close(number) has failed with EBADF. */
void misuse_closed_nothing(int number, const char *call, uintptr_t caller);

/* close(number) has succeeded, though nothing is known of that number: it was opened past us, or another thread
 * has just opened it and not told yet. */
void misuse_closed_unknown(int number);

/* close(number) has failed with EBADF, though nobody was seen to close that handle since it was acquired. */
void misuse_closed_gone(struct slot_ticket ticket, int number, const char *call, uintptr_t caller);

/* A call that uses the number has failed with EBADF. `asks`: by such a call programs also find out whether a
 * number is still theirs, so it says nothing of one that a loop over all numbers has closed. */
void misuse_used(int number, bool asks, const char *call, uintptr_t caller);

/* The handle of that number lists all numbers, or has done so: whoever closes them all, while it is open or
 * before anything else is opened, closes those of streams, too. */
void misuse_listed(int number);

/* A descriptor that belongs to a stream or directory was closed by itself. */
void misuse_closed_inside(struct slot_ticket ticket, int number, const char *call, uintptr_t caller);

/* The call, or the flush in it, has failed with `error`; told if what was written could not be kept. `bytes`
 * were to be flushed, 0 unknown. */
void misuse_close_failed(uint32_t opened, enum record_kind kind, int number, int error, size_t bytes,
                         const char *call, uintptr_t caller);

/* The number inside a stream was closed by `closer`, and `bytes` that were still to be written to it are lost.
 */
void misuse_data_lost(uint32_t opened, enum record_kind kind, int number, uint64_t closer, size_t bytes,
                      const char *call, uintptr_t caller);

/* A handle was released by the call for another kind. */
void misuse_wrong_releaser(uint32_t opened, enum record_kind kind, int number, const char *call,
                           uintptr_t caller);

/* An object is being released, whose number `closer` has closed with another that owned it too. */
void misuse_released_again(uint32_t opened, enum record_kind kind, int number, uint64_t closer,
                           const char *call, uintptr_t caller);

/* A handle that was just acquired has got the number of a standard descriptor, which `closer` had closed. Many
 * do that on purpose; whoever closes other numbers at the same place does not. */
void misuse_landed(int number, uint64_t closer, enum record_kind kind, const char *call, uintptr_t caller);

/* True if there were any, of which none turned out to be a loop. */
bool misuse_seen(void);

/* Child of a fork: those of the parent are the parent's to tell. */
void misuse_forked(void);

#endif
