/* slot.h - the life of one slot: transitions of its word, the same for handles that are numbers and for handles
 * that are addresses. See record_format.h for the word. Any context, RECORD_READY only.
 *
 *   event              from                     to
 *   acquire            any                      WRITING g+1, then LIVE (or OWNED) g+1
 *   release begins     LIVE OWNED INHERITED     RELEASING g     the ticket remembers what it was
 *   release succeeds   RELEASING g              FREE g          if it fails: somebody reused it, which is fine
 *   release fails      RELEASING g              as it was
 *   given to an object LIVE                     OWNED g         an inherited one stays INHERITED
 *
 * An acquire that finds a slot in use has found a release that nobody saw: counted, never an accusation.
 */
#ifndef TRACKER_SLOT_H
#define TRACKER_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "tracker/record_format.h"

/* What is known of a new handle. */
struct slot_facts {
    enum record_state state; /* LIVE, OWNED or INHERITED */
    enum record_kind kind;
    uint32_t stack;
    uint64_t object;
    int32_t thread;
    int32_t number;
    int32_t owner_pid;
    unsigned flags; /* enum record_slot_flag */
};

/* A release under way. */
struct slot_ticket {
    uint64_t slot; /* offset in the record, 0: there is nothing to settle */
    uint64_t word; /* as it was */
};

/* Returns the word that was overwritten; its state tells whether a release went unseen. */
uint64_t slot_acquire(uint64_t slot, const struct slot_facts *facts);

/* The same if the word is still `old`. False: it is not, and nothing was done. */
bool slot_acquire_over(uint64_t slot, uint64_t old, const struct slot_facts *facts);

/* Begins a release by the code at `closer`. */
struct slot_ticket slot_release(uint64_t slot, uint64_t closer);

/* Ends it. Returns true if the handle is gone by this very release (and was held before). */
bool slot_settle(struct slot_ticket ticket, bool gone);

/* Gives a number that is held to the stream or directory at `object`. False if it is not held. */
bool slot_give(uint64_t slot, uint64_t object);

/* The state of a handle, or what it was before the release that is under way. */
unsigned slot_state(const struct record_slot *slot, uint64_t word);

/* The stack of a descriptor, or that of the stream or directory it belongs to; 0 unknown. */
uint32_t slot_stack(const struct record_slot *slot, uint64_t word);

/* True for a handle that some holder has, known from its word. */
bool slot_is_held(uint64_t word);

#endif
