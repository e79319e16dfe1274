/* forks.h - the forks of this process: who got a copy of its descriptors, and whom this one got its own from.
 *
 * A parent that ends while its fork child lives hands over what was open at that fork (a daemon's start-up);
 * from then on it is the child's own. An executed program is no heir. The parent keeps an entry per fork in a
 * page that it shares with its children, where each child marks that it executed something or ended. The page
 * is not part of the record: a child that kept the record's file mapped would keep its lock as well. */
#ifndef TRACKER_FORKS_H
#define TRACKER_FORKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tracker/record.h"

/* Any context, in the parent: before a fork. What follows is found through a variable of the calling thread. */
void forks_begin(uint64_t sequence);
/* Any context, instead: of the fork that follows nobody tells more than that (by a vfork child). */
void forks_begin_untold(void);
/* Any context, in the parent, after the fork: the child, or -1 if it failed. */
void forks_end(pid_t child);
/* In the child, before anything else: whose child this is. */
void forks_child(void);

/* In a child, when it takes the parent's record over: makes sure that forks_child was called for this very
 * process, as it is not by a raw clone. */
void forks_adopting(void);

/* Child: of which fork it came. */
const struct record_birth *forks_birth(void);

/* Any context. False: this process, as the image that it is, came of no fork that was told. */
bool forks_is_child(void);

/* Child, any context: it is about to execute something (and might fail: false afterwards), or to end. */
void forks_mark_executing(bool executing);
void forks_mark_ended(void);

/* Fork child: the exec that it was made for failed. `sequence`: the highest that it has given to a handle. */
void forks_execute_failed(uint64_t sequence);

/* Exit only. What a fork child acquired up to this sequence number was for the program that could not be
 * executed; 0: nothing. */
uint64_t forks_meant_for_program(void);

/* Exit only. The highest sequence number given to a fork child that still lives and executed nothing; 0: none.
 */
uint64_t forks_handed_over(void);

/* Exit only. This process tells by itself what it acquired after this sequence number, and leaves the rest to
 * its heirs: a child that was forked meanwhile, or ends before this process is gone, knows by this. */
void forks_tell(uint64_t beyond);

/* Exit only. False: the direct parent is there and does not end, or there is none that was watched, so that
 * this process is nobody's heir. One system call at most. */
bool forks_may_be_orphan(void);

/* Exit only. True if a handle of `process`, an ancestor, is this process's to tell: that one and all between it
 * and this one are gone, and the direct parent did not tell it. */
bool forks_is_heir_of(pid_t process, uint64_t sequence);

#endif
