/* Description: opens a file and makes children that share something with it: memory, descriptors, or this
 * thread under signals. What the children do is not its own doing: it forgets the file in the end. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int file;
static volatile int may_go;
static char stack[65536] __attribute__((aligned(16)));

/* ---- CLONE_VM without CLONE_VFORK: two processes at the same time in one memory ---- */

static int close_in_own_table(void *nothing) {
    while (!may_go)
        usleep(1000);
    close(file);
    _exit(3);
}

static void by_shared_memory(void) {
    int status = 0;
    pid_t child = clone(close_in_own_table, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    close(open("/dev/null", O_RDONLY));
    may_go = 1;
    waitpid(child, &status, 0);
    printf("%d %d\n", WEXITSTATUS(status), fcntl(file, F_GETFD));
}

/* ---- CLONE_FILES: the child goes on when we have ended ---- */

static int write_later(void *parent) {
    while (getppid() == *(pid_t *)parent)
        usleep(1000);
    usleep(50000); /* so that everything that would be closed is closed */
    dprintf(STDOUT_FILENO, "%zd\n", write(file, "x", 1));
    return 0;
}

static void by_shared_descriptors(void) {
    static pid_t self;
    self = getpid();
    clone(write_later, stack + sizeof stack, CLONE_FILES | SIGCHLD, &self);
}

/* ---- vfork under signals whose handler is seen by us ---- */

static timer_t timer;

/* Once more, soon: the handler itself asks for the next time, so that what it interrupts gets on. */
static void wind_up(void) { timer_settime(timer, 0, &(struct itimerspec){.it_value = {0, 100000}}, NULL); }

static void open_and_close(int signal_number) {
    close(open("/dev/null", O_RDONLY));
    wind_up();
}

static void start_timer(void) {
    struct sigaction action = {.sa_handler = open_and_close, .sa_flags = SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    sigaction(SIGALRM, &action, NULL);
    if (timer_create(CLOCK_MONOTONIC, &event, &timer))
        exit(1);
    wind_up();
}

static void make_child(void) {
    int status;
    pid_t child = vfork();
    if (child == 0) {
        close(file);
        _exit(127);
    }
    while (waitpid(child, &status, 0) < 0)
        ;
}

static void by_vforks_under_signals(void) {
    start_timer();
    for (int i = 0; i < 3000; i++)
        make_child();
    timer_delete(timer);
    printf("done\n");
}

static const struct {
    const char *name;
    void (*act)(void);
} ways[] = {{"memory", by_shared_memory},
            {"descriptors", by_shared_descriptors},
            {"vforks_under_signals", by_vforks_under_signals}};

int main(int argc, char **argv) {
    file = open("/dev/null", O_WRONLY);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (argc > 1 && !strcmp(ways[i].name, argv[1]))
            return ways[i].act(), 0;
    return 64;
}
