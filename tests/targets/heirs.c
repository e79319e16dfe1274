/* Description: ends while its fork children live, which end after it, the argument says with what in hand: a
 * file that they inherit, a timer that they do not. In a pid namespace of its own the child ends first, and the
 * file is closed. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void outlive(pid_t parent, int tenths) {
    while (getppid() == parent)
        usleep(1000);
    usleep((useconds_t)tenths * 100000);
    exit(0);
}

static void have_heirs(int count) {
    pid_t self = getpid();
    for (int i = 0; i < count; i++)
        if (fork() == 0)
            outlive(self, 1 + i);
    exit(0);
}

static void by_namespace(void) {
    int file = open("/dev/null", O_RDONLY);
    if (unshare(CLONE_NEWPID))
        exit(1);
    if (fork() == 0)
        exit(0);
    wait(NULL);
    close(file);
}

int main(int argc, char **argv) {
    timer_t timer;
    struct sigevent silence = {.sigev_notify = SIGEV_NONE};
    const char *way = argc > 1 ? argv[1] : "";
    if (!strcmp(way, "namespace"))
        return by_namespace(), 0;
    if (!strcmp(way, "file") && open("/dev/null", O_RDONLY) < 0)
        return 1;
    if (!strcmp(way, "timer") && timer_create(CLOCK_MONOTONIC, &silence, &timer))
        return 1;
    have_heirs(2);
}
