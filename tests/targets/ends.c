/* Description: forgets a socket and a stream with unwritten data ("unwritten" in the current folder), then ends
 * in the way that the argument names. */
#include <assert.h>
#include <err.h>
#include <error.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *way;
static FILE *late_stream;
static int late_socket = -1;

/* As a program that was linked long ago: this version runs the destructors of thread-local variables. */
_Noreturn void old_quick_exit(int status);
__asm__(".symver old_quick_exit, quick_exit@GLIBC_2.10");

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

static void *work_for_ever(void *nothing) {
    for (;;)
        pause();
    return nothing;
}

static void with_threads(void) {
    pthread_t thread;
    for (int i = 0; i < 3; i++)
        pthread_create(&thread, NULL, work_for_ever, NULL);
    exit(7);
}

static jmp_buf before_abort;
static void leave_abort(int signal_number) { longjmp(before_abort, 1); }
static void by_caught_abort(void) {
    signal(SIGABRT, leave_abort);
    if (!setjmp(before_abort))
        abort();
    exit(7);
}

static void without_core(void) { setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); }

/* What is closed only when the end has begun is not forgotten. */
static void close_socket(void) { close(late_socket); }
static __attribute__((destructor)) void close_stream(void) {
    if (late_stream)
        fclose(late_stream);
}
static void close_late(void) {
    late_socket = socket(AF_UNIX, SOCK_STREAM, 0);
    late_stream = fopen("/dev/null", "r");
    atexit(close_socket);
    exit(7);
}

/* One that is flushed at the end, through a descriptor that was forgotten too. */
static ssize_t write_through(void *cookie, const char *bytes, size_t count) {
    return write(*(int *)cookie, bytes, count);
}
static void through_another(void) {
    static int file;
    file = open("through", O_CREAT | O_WRONLY | O_TRUNC, 0600);
    fputs("data\n", fopencookie(&file, "w", (cookie_io_functions_t){.write = write_through}));
    exit(7);
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
    if (!strcmp(way, "old_quick_exit"))
        old_quick_exit(7);
    if (!strcmp(way, "error"))
        error(7, 0, "over");
    if (!strcmp(way, "err"))
        err(7, "over");
    if (!strcmp(way, "errx"))
        errx(7, "over");
    if (!strcmp(way, "threads"))
        with_threads();
    if (!strcmp(way, "caught_abort"))
        by_caught_abort();
    if (!strcmp(way, "late"))
        close_late();
    if (!strcmp(way, "through"))
        through_another();
    if (!strcmp(way, "assert"))
        assert(!way);
    if (!strcmp(way, "fault"))
        *(volatile int *)0 = 0;
    if (!strcmp(way, "terminate"))
        raise(SIGTERM);
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
    without_core();
    FILE *stream = fopen("unwritten", "w");
    fputs("data\n", stream);
    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fcntl(fileno(stream), F_SETFD, FD_CLOEXEC);
    end();
    return 7;
}
