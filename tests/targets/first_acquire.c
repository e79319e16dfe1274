/* Description: starts itself again and again; each time a signal comes somewhere in the first acquire, a little
 * later each time. Its handler jumps out, or opens a file, as the argument says. Descriptors that nobody asked
 * for are said. Each of the children then forgets one file. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHILDREN = 100, STEP = 4000 /* nanoseconds */ };

static sigjmp_buf before;
static volatile sig_atomic_t armed, highest;

static void jump(int signal_number) {
    if (!armed)
        return;
    armed = 0;
    siglongjmp(before, 1);
}

static void open_another(int signal_number) {
    int fd = open("/dev/null", O_RDONLY);
    if (fd > highest)
        highest = fd;
    close(fd);
}

static void start_timer(void (*handler)(int), long nanoseconds) {
    int timer;
    struct sigaction action = {.sa_handler = handler};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    struct itimerspec once = {{0, 0}, {0, nanoseconds}};
    sigaction(SIGALRM, &action, NULL);
    /* not libc's, which has handles of its own to record */
    if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) ||
        syscall(SYS_timer_settime, timer, 0, &once, NULL))
        exit(1);
}

/* Closes what is open from 3 on; true if there is anything but duplicates of standard input. */
static int find_foreign(void) {
    int foreign = 0;
    for (int fd = 3; fd < 20; fd++) {
        char path[32], name[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, name, sizeof name);
        if (length < 0)
            continue;
        if (length != 9 || memcmp(name, "/dev/null", 9))
            foreign = 1;
        else
            syscall(SYS_close, fd);
    }
    return foreign;
}

static int be_jumper(long nanoseconds) {
    if (!sigsetjmp(before, 1)) {
        armed = 1;
        start_timer(jump, nanoseconds);
        syscall(SYS_dup, 0);
        armed = 0;
    }
    int foreign = find_foreign();
    open("/dev/zero", O_RDONLY);
    return foreign;
}

/* The handler's file is the first or the second that the program opens. */
static int be_opener(long nanoseconds) {
    start_timer(open_another, nanoseconds);
    int fd = dup(0);
    usleep(1000);
    if (fd > highest)
        highest = fd;
    close(fd);
    open("/dev/zero", O_RDONLY);
    return highest > 4;
}

static int run_self(char **words, int index) {
    char delay[24];
    int status = -1;
    snprintf(delay, sizeof delay, "%d", (index + 1) * STEP);
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", words[0], words[1], delay, NULL);
        _exit(9);
    }
    waitpid(child, &status, 0);
    return status;
}

int main(int argc, char **argv) {
    if (argc > 2)
        return (strcmp(argv[1], "jump") ? be_opener : be_jumper)(atol(argv[2]));
    for (int i = 0; i < CHILDREN; i++) {
        int status = run_self(argv, i);
        if (status)
            printf("after %d ns: status %x\n", (i + 1) * STEP, (unsigned)status);
    }
    return 0;
}
