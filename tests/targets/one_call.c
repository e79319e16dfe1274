/* Description: makes one call of tests/cases.def as the arguments say: one_call NAME forget|release|fail.
 *
 * Prints result and errno of the call. A pointer is printed as "object". */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MARK = 12345 };

/* Names without a declaration in the headers. */
extern __typeof__(open) __open;
extern __typeof__(open64) __open64;
extern __typeof__(pipe) __pipe;
extern __typeof__(dup2) __dup2;
extern __typeof__(close) __close;
extern __typeof__(fcntl) __fcntl;
extern __typeof__(fopen) _IO_fopen;
extern __typeof__(fdopen) _IO_fdopen;
extern __typeof__(popen) _IO_popen;
extern __typeof__(fclose) _IO_fclose;
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);

static int ends[2];
static struct open_how read_only = {.flags = O_RDONLY};
static struct io_uring_params ring;
static struct perf_event_attr counter = {
    .type = PERF_TYPE_SOFTWARE, .size = sizeof counter, .config = PERF_COUNT_SW_DUMMY};

#define TEMPLATE(name) ((char[]){name})

/* A system call that goes around every library, so that what it opens is nobody's finding. */
static long raw(long number, long a, long b, long c, long d) {
    register long fourth __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                     : "rcx", "r11", "memory");
    return result;
}

static int a_pipe(void) {
    int both[2];
    raw(SYS_pipe2, (long)both, 0, 0, 0);
    return both[0];
}

static int this_process(void) { return (int)raw(SYS_pidfd_open, getpid(), 0, 0, 0); }

/* A listening socket with a connection that waits. */
static int listener(void) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t bytes = sizeof name;
    int server = (int)raw(SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0);
    int client = (int)raw(SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0);
    bind(server, (struct sockaddr *)&name, sizeof name.sun_family);
    listen(server, 1);
    getsockname(server, (struct sockaddr *)&name, &bytes);
    connect(client, (struct sockaddr *)&name, bytes);
    errno = MARK;
    return server;
}

static const sigset_t *no_signals(void) {
    static sigset_t none;
    sigemptyset(&none);
    return &none;
}

static void no_numbers(void) { setrlimit(RLIMIT_NOFILE, &(struct rlimit){3, 3}); }

static int close_both(void) { return close(ends[0]) | close(ends[1]); }

/* Not to be seen through: closedir(NULL) is a mistake that libc answers with EINVAL. */
static __attribute__((noipa)) DIR *no_directory(void) { return NULL; }

static FILE *stream_over_nothing(void) {
    FILE *stream = fopen("/dev/null", "r");
    raw(SYS_close, fileno(stream), 0, 0, 0);
    errno = MARK;
    return stream;
}

static FILE *process_that_was_waited_for(void) {
    FILE *process = popen("exit 0", "r");
    waitpid(-1, NULL, 0);
    errno = MARK;
    return process;
}

static void tell_number(const char *what, long result) { dprintf(1, "%s %ld errno %d\n", what, result, errno); }
static void tell_object(const char *what, const void *result) {
    dprintf(1, "%s %s errno %d\n", what, result ? "object" : "NULL", errno);
}
#define TELL(what, result)                                                                                     \
    _Generic((result), int                                                                                     \
             : tell_number, long                                                                               \
             : tell_number, default                                                                            \
             : tell_object)(what, (__typeof__(result))(result))

static void __attribute__((noreturn)) end(void) { exit(0); }

#define CASE(name, reported, found, type, acquire, release, failing)                                           \
    static void call_##name(const char *form) {                                                                \
        errno = MARK;                                                                                          \
        if (!strcmp(form, "fail")) {                                                                           \
            TELL("failed", failing);                                                                           \
            end();                                                                                             \
        }                                                                                                      \
        type it = acquire;                                                                                     \
        TELL("acquired", it);                                                                                  \
        if (strcmp(form, "release"))                                                                           \
            end();                                                                                             \
        errno = MARK;                                                                                          \
        TELL("released", release);                                                                             \
        end();                                                                                                 \
    }
#define NO_HANDLE(name)
#include "tests/cases.def"

static const struct {
    const char *name;
    void (*call)(const char *form);
} calls[] = {
#define CASE(name, reported, found, type, acquire, release, failing) {#name, call_##name},
#define NO_HANDLE(name)
#include "tests/cases.def"
};

int main(int argc, char **argv) {
    if (argc != 3)
        return 64;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (!strcmp(calls[i].name, argv[1]))
            calls[i].call(argv[2]);
    return 64;
}
