/* paths.h - what nearly every call does, and what few do. Behind a system call each branch and each line of
 * code is as good as new to the processor, so that the usual path is one function without calls, and short. */
#ifndef TRACKER_PATHS_H
#define TRACKER_PATHS_H

/* For functions that the shim calls each time: all that they call becomes a part of them, but for … */
#define USUAL __attribute__((flatten))
/* … what is needed seldom, which lies elsewhere, and whose variables take no room on the stack. */
#define RARE __attribute__((noinline, cold))
/* … or only among threads: as usual there, and out of the way of those who are alone. */
#define AMONG_THREADS __attribute__((noinline))

#endif
