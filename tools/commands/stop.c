/* stop.c - see stop.h. Who is stopped cannot see that the program goes on without him: a process of ours looks at
 * both for as long as it lasts. */
#include "tools/commands/stop.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_NANOSECONDS = 20 * 1000 * 1000 };

/* By /proc/PID/stat, whose second field is a name in brackets, which may hold anything. */
static bool is_stopped(pid_t process) {
    char path[32], state = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", process);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    char line[512];
    size_t length = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[length] = 0;
    for (const char *at = line; *at; at++)
        if (at[0] == ')' && at[1] == ' ')
            state = at[2];
    return state == 'T' || state == 't';
}

/* Continues its parent once the program no longer stands still. */
static void look_after(pid_t parent, pid_t program) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent) {
        if (is_stopped(parent) && !is_stopped(program))
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
