/* unwind_memo.h - walks that need not be done again; private to tracker/unwind*.c.
 *
 * What a walk finds is decided by where it starts, by the rules of the code that it meets, and by the words of
 * the stack that it reads; and which words it reads is decided by those before them. So if a walk starts with
 * the same registers, the same rules are in force, and all words that the last one read are the same now, it
 * would go the same way word by word and find the same. The words can then be compared in any order and at
 * once, where a walk has to wait for each before it knows the next: that is what is saved.
 *
 * It holds whatever brought the stack into this state: longjmp, alloca, switched stacks, another thread on the
 * memory of a stack that is gone, left-overs of older frames that look alike.
 */
#ifndef TRACKER_UNWIND_MEMO_H
#define TRACKER_UNWIND_MEMO_H

#include "tracker/unwind_backends.h"

struct unwind_memo_key {
    const char *call;
    uintptr_t caller;
    uintptr_t stack_pointer;
    uintptr_t window_end; /* of the window that the walk starts with; its begin follows from stack_pointer */
    uintptr_t frame_pointer;
    uint64_t rules; /* which are in force, and how many frames are wanted */
};

/* Any context, as unwind_here. The answer that was kept for the walk that would be done now, 0 if none was.
 * Stores nothing. */
uint32_t unwind_memo_find(const struct unwind_memo_key *key);

/* Any context. True if a walk that is done now should be kept. There is little room, and most processes end
 * before it pays. */
bool unwind_memo_has_room(void);

/* Any context, as unwind_here; the frames of the walk must still be there. Keeps the answer (not 0) of a walk
 * that left this trail, a whole one. */
void unwind_memo_keep(const struct unwind_memo_key *key, const struct unwind_trail *trail, uint32_t answer);

#endif
