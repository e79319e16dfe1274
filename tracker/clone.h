/* clone.h - a child that shares our memory and runs on a stack of its own, without libc. */
#ifndef TRACKER_CLONE_H
#define TRACKER_CLONE_H

/* Any context. clone(2) with these flags (and the signal of the child's end in their low byte); the child calls
 * function(argument) on the stack that ends at `top` (16-byte aligned) and exits with what it returns. All
 * signals must be blocked: the child must not run a handler of the program's. Returns the child's id or -errno.
 */
long clone_with_stack(int (*function)(void *), void *top, unsigned long flags, void *argument);

/* Likewise, a child that runs at the same time as we. -ENOSYS under Valgrind, which would end the process. */
long clone_beside(int (*function)(void *), void *top, void *argument);

#endif
