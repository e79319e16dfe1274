/* stop.c - see stop.h. Who is stopped cannot see that the program goes on without him: a process of ours looks
 * at both for as long as it lasts. */
#include "tools/commands/stop.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/records/living.h"

enum { PATIENCE_NANOSECONDS = 20 * 1000 * 1000 };

/* Continues its parent once the program no longer stands still. */
static void look_after(pid_t parent, pid_t program) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent) {
        if (living_is_stopped(parent) && !living_is_stopped(program))
            kill(parent, SIGCONT);
        nanosleep(&(struct timespec){.tv_nsec = PATIENCE_NANOSECONDS}, NULL);
    }
}

void stop_like(pid_t program) {
    pid_t self = getpid(), watcher = fork();
    if (watcher == 0) {
        look_after(self, program);
        _exit(0);
    }
    raise(SIGSTOP);
    if (watcher < 0)
        return; /* whoever continues the program alone has to continue us as well */
    kill(watcher, SIGKILL);
    waitpid(watcher, NULL, 0);
}
