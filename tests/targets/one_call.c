/* Description: makes one call of tests/cases.def as the arguments say: one_call NAME forget|release|fail.
 *
 * Prints result and errno of the call. A pointer is printed as "object". */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <iconv.h>
#include <limits.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/kvm.h>
#include <linux/landlock.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <mntent.h>
#include <mqueue.h>
#include <nl_types.h>
#include <pthread.h>
#include <pty.h>
#include <linux/sched.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>
#include <wchar.h>

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
extern __typeof__(setmntent) __setmntent;
extern __typeof__(endmntent) __endmntent;
mqd_t __mq_open_2(const char *name, int flags);

static int ends[2];
static struct open_how read_only = {.flags = O_RDONLY};
static struct io_uring_params ring;
static struct perf_event_attr counter = {
    .type = PERF_TYPE_SOFTWARE, .size = sizeof counter, .config = PERF_COUNT_SW_DUMMY};

static union bpf_attr bpf_map = {
    .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
static struct landlock_ruleset_attr rules = {.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE};
static char *grown;
static wchar_t *wide;
static size_t grown_bytes;

#define TEMPLATE(name) ((char[]){name})

/* A system call that goes around every library, so that what it opens is nobody's finding. */
static long raw(long number, long a, long b, long c, long d) {
    register long fourth __asm__("r10") = d, fifth __asm__("r8") = 0, sixth __asm__("r9") = 0;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
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
static __attribute__((noipa)) iconv_t no_conversion(void) { return (iconv_t)-1; }

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

static void no_memory(void) {
    setrlimit(RLIMIT_AS, &(struct rlimit){1, 1});
    for (size_t bytes = 1 << 16; bytes; bytes /= 2)
        while (malloc(bytes))
            ;
}

static int raw_open(const char *path) { return (int)raw(SYS_open, (long)path, O_RDWR, 0, 0); }

/* errno as before, whatever `call` does to it. */
#define QUIETLY(call)                                                                                          \
    do {                                                                                                       \
        int before = errno;                                                                                    \
        call;                                                                                                  \
        errno = before;                                                                                        \
    } while (0)

/* `call`, and then the name that it made is removed again. */
#define BRIEFLY(removal, call)                                                                                 \
    ({                                                                                                         \
        __typeof__(call) made = call;                                                                          \
        QUIETLY(removal);                                                                                      \
        made;                                                                                                  \
    })

/* -1 and errno, of a call that returns what went wrong. */
#define ERROR(call)                                                                                            \
    ({                                                                                                         \
        int error = call;                                                                                      \
        error ? (errno = error, -1) : 0;                                                                       \
    })

/* Of a call that tells in other ways what went wrong. */
#define UNTOLD(call)                                                                                           \
    ({                                                                                                         \
        __typeof__(call) told = call;                                                                          \
        errno = ENOENT;                                                                                        \
        told;                                                                                                  \
    })

/* ---- files and mounts ---- */

static const char *unique(void) {
    static char name[64];
    snprintf(name, sizeof name, "/leftopen-case-%d", getpid());
    return name;
}

static struct file_handle *a_handle(void) {
    static union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } found;
    int mount;
    found.handle.handle_bytes = MAX_HANDLE_SZ;
    QUIETLY(name_to_handle_at(AT_FDCWD, ".", &found.handle, &mount, 0));
    return &found.handle;
}

static int a_folder(void) { return (int)raw(SYS_open, (long)".", O_DIRECTORY, 0, 0); }

static int a_file_system(void) {
    int context = (int)raw(SYS_fsopen, (long)"tmpfs", 0, 0, 0);
    raw(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0);
    return context;
}

static const char *a_queue(void) {
    raw(SYS_close, raw(SYS_mq_open, (long)unique() + 1, O_CREAT | O_RDWR, 0600, 0), 0, 0, 0);
    return unique();
}

/* ---- descriptors in messages ---- */

enum { MOST_PARTS = 3 };
static union {
    struct cmsghdr header;
    char room[CMSG_SPACE(MOST_PARTS * sizeof(int))];
} controls[2];
static char bytes[2];
static struct iovec places[2] = {{&bytes[0], 1}, {&bytes[1], 1}};
static struct mmsghdr incoming[2];

static struct msghdr message_in(int index, size_t room) {
    return (struct msghdr){
        .msg_iov = &places[index], .msg_iovlen = 1, .msg_control = &controls[index], .msg_controllen = room};
}

static struct msghdr *message(int index, size_t room) {
    incoming[index].msg_hdr = message_in(index, room);
    return &incoming[index].msg_hdr;
}

static struct msghdr *a_message(void) { return message(0, sizeof controls[0]); }
static struct msghdr *short_message(int parts) { return message(0, CMSG_LEN(parts * sizeof(int))); }
static struct mmsghdr *two_messages(void) {
    message(0, sizeof controls[0]);
    message(1, sizeof controls[1]);
    return incoming;
}

static void send_pipes(int to, int parts) {
    struct msghdr outgoing = message_in(0, CMSG_SPACE(parts * sizeof(int)));
    controls[0].header = (struct cmsghdr){CMSG_LEN(parts * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    for (int i = 0; i < parts; i++)
        ((int *)CMSG_DATA(&controls[0].header))[i] = a_pipe();
    raw(SYS_sendmsg, to, (long)&outgoing, 0, 0);
}

/* A socket to receive from: so many messages wait, with so many pipes in each. */
static int messenger(int count, int parts) {
    int both[2];
    raw(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, (long)both);
    for (int i = 0; i < count; i++)
        send_pipes(both[1], parts);
    return both[0];
}

/* The kernel adds a pidfd of the sender (Linux 6.5). */
static int messenger_with_pidfd(void) {
    int both[2];
    raw(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, (long)both);
    QUIETLY(setsockopt(both[0], SOL_SOCKET, 76 /* SO_PASSPIDFD */, &(int){1}, sizeof(int)));
    raw(SYS_write, both[1], (long)"x", 1, 0);
    return both[0];
}

/* As many as the control message of each tells. */
static int close_received(int messages) {
    int failed = 0;
    for (int m = 0; m < messages; m++) {
        const struct cmsghdr *header = &controls[m].header;
        for (size_t i = 0; i < (header->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
            failed |= close(((const int *)CMSG_DATA(header))[i]);
    }
    return failed;
}

/* ---- terminals ---- */

static int a_master(void) {
    int master = raw_open("/dev/ptmx");
    QUIETLY(ioctl(master, TIOCSPTLCK, &(int){0}));
    return master;
}

/* The child that came with it ends at once. */
#define PARENT(call)                                                                                           \
    ({                                                                                                         \
        pid_t child = call;                                                                                    \
        if (child == 0)                                                                                        \
            raw(SYS_exit_group, 0, 0, 0, 0);                                                                   \
        child < 0 ? -1 : 0;                                                                                    \
    })

/* Standard input, output and error are of the terminal only meanwhile. */
static int log_in_and_out(void) {
    signal(SIGHUP, SIG_IGN);
    for (int i = 0; i < 3; i++)
        raw(SYS_dup2, i, 50 + i, 0, 0);
    int result = login_tty(ends[1]);
    for (int i = 0; i < 3; i++)
        raw(SYS_dup2, 50 + i, i, 0, 0);
    return result | close(ends[0]);
}

/* ---- ioctl ---- */

static struct kvm_create_device kvm_device = {.type = KVM_DEV_TYPE_VFIO};
static int a_machine(void) { return (int)raw(SYS_ioctl, raw_open("/dev/kvm"), KVM_CREATE_VM, 0, 0); }
static int a_namespace(void) { return (int)raw(SYS_open, (long)"/proc/self/ns/uts", O_RDONLY, 0, 0); }

/* One that has a parent which may be seen: its first process makes it real. */
static int a_namespace_with_parent(void) {
    int old = (int)raw(SYS_open, (long)"/proc/self/ns/pid", O_RDONLY, 0, 0);
    raw(SYS_unshare, CLONE_NEWPID, 0, 0, 0);
    if (raw(SYS_fork, 0, 0, 0, 0) == 0)
        raw(SYS_exit_group, 0, 0, 0, 0);
    int new = (int)raw(SYS_open, (long)"/proc/self/ns/pid_for_children", O_RDONLY, 0, 0);
    raw(SYS_setns, old, 0, 0, 0);
    return new;
}

/* ---- what has no descriptor ---- */

static const char *a_catalogue(void) {
    static const unsigned empty[] = {0x960408de, 1, 1, 0, 0, 0, 0, 0, 0, 0};
    int file = (int)raw(SYS_open, (long)"catalogue", O_CREAT | O_WRONLY, 0600, 0);
    raw(SYS_write, file, (long)empty, sizeof empty, 0);
    raw(SYS_close, file, 0, 0, 0);
    return "./catalogue";
}
static int no_catalogue[16] = {7};

static FTS *tree_over_nothing(char *const *paths) {
    int number = (int)raw(SYS_dup, 0, 0, 0, 0);
    raw(SYS_close, number, 0, 0, 0);
    FTS *tree = fts_open(paths, 0, NULL);
    raw(SYS_close, number, 0, 0, 0); /* its way back */
    errno = MARK;
    return tree;
}
static char *const here[] = {".", NULL};

static timer_t timer, other_timer;
static struct sigevent no_event = {.sigev_notify = SIGEV_NONE};
static struct sigevent thread_event = {.sigev_notify = SIGEV_THREAD};

enum { PAGE = 4096 };
static void *pages(int count) {
    return (void *)raw(SYS_mmap, 0, count * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS);
}
/* Unmaps some pages of a mapping; gives the one that follows. */
static void *cut(void *at, int first, int count) {
    char *pages = at;
    return munmap(pages + first * PAGE, (size_t)count * PAGE) ? MAP_FAILED : pages + (first + count) * PAGE;
}
/* One site each. MAP_THREE: neighbours of a page; MAP_TWICE: the second over the first, both give the first. */
#define MAP(at, count)                                                                                         \
    mmap(at, (count)*PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | ((at) ? MAP_FIXED : 0), -1, 0)
#define MAP_THREE()                                                                                            \
    ({                                                                                                         \
        char *start = pages(3);                                                                                \
        for (volatile int i = 0; i < 3; i++)                                                                   \
            MAP(start + i * PAGE, 1);                                                                          \
        (void *)start;                                                                                         \
    })
#define MAP_TWICE(first, second)                                                                               \
    ({                                                                                                         \
        void *start = NULL;                                                                                    \
        for (volatile int i = 0; i < 2; i++)                                                                   \
            start = MAP(start, i ? second : first);                                                            \
        start;                                                                                                 \
    })
static int a_segment(void) { return (int)raw(SYS_shmget, IPC_PRIVATE, PAGE, 0600, 0); }
static int segment;

static int pidfd;

/* The child of a raw clone comes back like that of a fork. */
#define RAW_CHILD(made)                                                                                        \
    ({                                                                                                         \
        long child = (made);                                                                                   \
        if (child == 0)                                                                                        \
            raw(SYS_exit_group, 0, 0, 0, 0);                                                                   \
        child < 0 ? -1 : pidfd;                                                                                \
    })
static struct clone_args child_with_pidfd = {
    .flags = CLONE_PIDFD, .pidfd = (uintptr_t)&pidfd, .exit_signal = SIGCHLD};
static int end_at_once(void *nothing) { _exit(0); }
static char child_stack[65536] __attribute__((aligned(16)));
#define CHILD_WITH_PIDFD(flags)                                                                                \
    (clone(end_at_once, child_stack + sizeof child_stack, (flags) | CLONE_PIDFD | SIGCHLD, NULL, &pidfd) < 0   \
         ? -1                                                                                                  \
         : pidfd)

static pthread_t thread;
static thrd_t standard_thread;
static void *do_nothing(void *nothing) { return nothing; }
static int do_standard_nothing(void *nothing) { return 0; }
static void *wait_for_ever(void *nothing) {
    pause();
    return nothing;
}
static const pthread_attr_t *too_much_stack(void) {
    static pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)1 << 46);
    return &attributes;
}
static pthread_t a_detached_thread(void) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_create(&thread, &attributes, wait_for_ever, NULL);
    return thread;
}
static const struct timespec far_away = {.tv_sec = LONG_MAX / 2};
static int try_to_join(void) {
    int error;
    while ((error = pthread_tryjoin_np(thread, NULL)) == EBUSY)
        sched_yield();
    return error;
}

/* As ctypes, JNA and plug-ins call libc: by a handle of it. */
static void *of_libc(const char *name) { return dlsym(dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD), name); }
#define OF_LIBC(name) ((__typeof(&name))of_libc(#name))

/* libc: mapped, but nobody's dlopen. */
static void *no_library(void) {
    struct dl_find_object object;
    _dl_find_object((void *)close, &object);
    return object.dlfo_link_map;
}

static void tell_number(const char *what, long result) { dprintf(1, "%s %ld errno %d\n", what, result, errno); }
static void tell_object(const char *what, const void *result) {
    dprintf(1, "%s %s errno %d\n", what, result == (void *)-1 ? "-1" : result ? "object" : "NULL", errno);
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
#define VARIANT CASE
#define NOT_HERE(name, reason)
#define NO_HANDLE(name)
#include "tests/cases.def"

static const struct {
    const char *name;
    void (*call)(const char *form);
} calls[] = {
#define CASE(name, reported, found, type, acquire, release, failing) {#name, call_##name},
#define VARIANT CASE
#define NOT_HERE(name, reason)
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
