/* bounded.h - work that may block, done by a child that shares our memory and is killed when time is up. Exit
 * only. */
#ifndef TRACKER_BOUNDED_H
#define TRACKER_BOUNDED_H

/* Runs work(argument), which makes system calls only; its descriptors are copies. All signals are blocked in
 * it, so that none of the program's handlers runs, and none of ours is raised: SIGPIPE, SIGTTOU and SIGXFSZ
 * come to nothing. No SIGCHLD is sent and no wait of the program's meets it. Returns what work returns (0 …
 * 255), or one of: */
enum { BOUNDED_TOO_LONG = -1, BOUNDED_NO_CHILD = -2 };
int bounded_run(int (*work)(void *), void *argument, int milliseconds);

#endif
