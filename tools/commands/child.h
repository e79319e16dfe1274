/* child.h - a program run as if its caller had started it without us: signals, job control, end. */
#ifndef TOOLS_CHILD_H
#define TOOLS_CHILD_H

#include <signal.h>
#include <sys/types.h>

#include "tools/commands/target.h"

struct child {
    pid_t pid;
    sigset_t mask; /* of signals, as inherited */
};

/* Starts the program with the signal mask and the ignored signals that we were started with. From here on until
 * child_wait returns all signals are blocked in this process. Returns 0, or an errno if it could not be
 * started. */
int child_start(struct child *child, const struct target *target, char **argv);

/* Closes every descriptor but standard error and `kept`, so that nobody who waits for the end of the program's
 * output waits for ours; 0 and 1 then lead to /dev/null. */
void child_leave_descriptors(int kept);

/* Waits until the program has ended and returns its wait status. Meanwhile what was sent to us is passed on to
 * it, and where it stops we stop. `attend` (NULL: nobody) is called at first and after every signal; it returns
 * after how many milliseconds it wants to be called again without one, or -1. */
int child_wait(struct child *child, int (*attend)(void *context), void *context);

/* The exit status for the wait status of a program; where a signal ended it, ends this process by that signal,
 * without a second core file. */
int child_end_like(int status);

#endif
