/* Description: forgets a file and a stream with unwritten data ("unwritten" in the current folder), then ends
 * in the way that the argument names. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *way;

static void exit_from_handler(int signal_number) { _exit(7); }

static void *exit_in_thread(void *nothing) {
    exit(7);
    return nothing;
}

static void by_thread(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, exit_in_thread, NULL);
    pthread_join(thread, NULL);
}

static void by_signal(void) {
    signal(SIGUSR1, exit_from_handler);
    raise(SIGUSR1);
}

static void by_failing_exec(void) {
    execl("/nonexistent/program", "program", NULL);
    execv("/dev/null", (char *[]){"null", NULL});
    exit(7);
}

static void end(void) {
    if (!strcmp(way, "exit"))
        exit(7);
    if (!strcmp(way, "_exit"))
        _exit(7);
    if (!strcmp(way, "_Exit"))
        _Exit(7);
    if (!strcmp(way, "quick_exit"))
        quick_exit(7);
    if (!strcmp(way, "exit_group"))
        syscall(SYS_exit_group, 7);
    if (!strcmp(way, "thread"))
        by_thread();
    if (!strcmp(way, "pthread_exit"))
        pthread_exit(NULL);
    if (!strcmp(way, "signal_handler"))
        by_signal();
    if (!strcmp(way, "failing_exec"))
        by_failing_exec();
    if (!strcmp(way, "exec"))
        execl("/bin/sh", "sh", "-c", "exit 7", NULL);
    if (!strcmp(way, "execlp"))
        execlp("sh", "sh", "-c", "exit 7", NULL);
    if (!strcmp(way, "abort"))
        abort();
    if (!strcmp(way, "kill"))
        raise(SIGKILL);
}

int main(int argc, char **argv) {
    way = argc > 1 ? argv[1] : "return";
    FILE *stream = fopen("unwritten", "w");
    fputs("data\n", stream);
    open("/dev/null", O_RDONLY | O_CLOEXEC);
    fcntl(fileno(stream), F_SETFD, FD_CLOEXEC);
    end();
    return 7;
}
