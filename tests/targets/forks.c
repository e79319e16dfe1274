/* Description: a parent with an open file makes a child in the way of the first argument; the child does what
 * the second says and ends; the parent waits and closes its file, unless there is a third argument.
 *
 *   fork _Fork syscall clone clone3   nothing exit _exit own close range exec missing other missing_first
 *
 * missing: opens a file for a program that is not there; other: opens one more behind that; missing_first: its
 * exec fails, and it does its work by itself. */
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int file;

static pid_t make_child(const char *way) {
    if (!strcmp(way, "_Fork"))
        return _Fork();
    if (!strcmp(way, "syscall"))
        return (pid_t)syscall(SYS_fork);
    if (!strcmp(way, "clone"))
        return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (!strcmp(way, "clone3"))
        return (pid_t)syscall(SYS_clone3, &(struct clone_args){.exit_signal = SIGCHLD},
                              sizeof(struct clone_args));
    return fork();
}

static void open_for_missing_program(void) {
    open("/dev/zero", O_RDONLY);
    execl("/there/is/no/such/program", "program", NULL);
}

static void be_child(const char *what) {
    if (!strncmp(what, "missing", 7) || !strcmp(what, "other"))
        open_for_missing_program();
    if (!strcmp(what, "other"))
        open("/dev/null", O_RDONLY);
    if (!strcmp(what, "missing") || !strcmp(what, "other"))
        _exit(127);
    if (!strcmp(what, "own"))
        open("/dev/zero", O_RDONLY);
    if (!strcmp(what, "close"))
        close(file);
    if (!strcmp(what, "range"))
        close_range(3, ~0U, 0);
    if (!strcmp(what, "exec"))
        execl("/bin/true", "true", NULL);
    if (!strcmp(what, "_exit"))
        _exit(0);
    exit(0);
}

int main(int argc, char **argv) {
    file = open("/dev/null", O_RDONLY);
    pid_t child = make_child(argv[1]);
    if (child == 0)
        be_child(argv[2]);
    int status = 1;
    waitpid(child, &status, 0);
    if (argc == 3)
        close(file);
    return status != 0;
}
