/* Description: does what the argument names: a way to handle descriptors wrongly, or one that is right though
 * it looks wrong. In a wrong one the lines that a report has to name are marked: where the handle was opened,
 * where it was closed before, and where the wrong call is now. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <mqueue.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <syslog.h>
#include <termios.h>
#include <unistd.h>

#include "tests/targets/libmisuses.h"

#define WAY(name)                                                                                              \
    void name(void);                                                                                           \
    void name(void)
#define APART __attribute__((noinline))

enum { MANY = 12 };
static volatile int rounds = 1; /* keeps loops from being unrolled */

static APART int a_file(void) {
    int fd = open("/dev/null", O_RDWR); /* opened */
    return fd;
}

static APART int another_file(void) {
    int fd = open("/dev/zero", O_RDONLY);
    return fd;
}

static APART void close_first(int fd) { close(fd); /* closed */ }
static APART void close_now(int fd) { close(fd); /* now */ }
static APART void close_quietly(int fd) {
    int saved = errno;
    close(fd);
    errno = saved;
}

static void in_thread(void *(*work)(void *), void *argument) {
    pthread_t thread;
    pthread_create(&thread, NULL, work, argument);
    pthread_join(thread, NULL);
}

/* Does it in a child, and ends by the same signal. */
static void in_child(void (*work)(void)) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        work();
        exit(0);
    }
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
        raise(WTERMSIG(status));
}

static long raw(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

/* ---- wrong: double close --------------------------------------------------------------------------------- */

WAY(twice) {
    int fd = open("/dev/null", O_RDONLY); /* opened */
    close(fd);                            /* closed */
    close(fd);                            /* now */
}

WAY(helper_and_caller) {
    int fd = a_file();
    close_first(fd);
    close(fd); /* now */
}

WAY(caller_and_helper) {
    int fd = a_file();
    close(fd); /* closed */
    close_now(fd);
}

static void *close_in_thread(void *fd) {
    close(*(int *)fd); /* closed */
    return NULL;
}
WAY(other_thread) {
    int fd = a_file();
    in_thread(close_in_thread, &fd);
    close(fd); /* now */
}

static void *close_again_in_thread(void *fd) {
    close(*(int *)fd); /* now */
    return NULL;
}
WAY(again_in_thread) {
    int fd = a_file();
    close(fd); /* closed */
    in_thread(close_again_in_thread, &fd);
}

WAY(after_fclose) {
    FILE *stream = fopen("/dev/null", "r"); /* opened */
    int fd = fileno(stream);
    fclose(stream); /* closed */
    close(fd);      /* now */
}

WAY(after_fclose_of_fdopen) {
    int fd = open("/dev/null", O_RDONLY); /* opened */
    FILE *stream = fdopen(fd, "r");
    fclose(stream); /* closed */
    close(fd);      /* now */
}

WAY(after_closedir) {
    DIR *folder = opendir("/"); /* opened */
    int fd = dirfd(folder);
    closedir(folder); /* closed */
    close(fd);        /* now */
}

WAY(after_closedir_of_fdopendir) {
    int fd = open("/", O_RDONLY | O_DIRECTORY); /* opened */
    DIR *folder = fdopendir(fd);
    closedir(folder); /* closed */
    close(fd);        /* now */
}

WAY(after_pclose) {
    FILE *child = popen("exit 0", "r"); /* opened */
    int fd = fileno(child);
    pclose(child); /* closed */
    close(fd);     /* now */
}

WAY(after_dup2_over) {
    int a = another_file(), b = another_file();
    dup2(a, b); /* opened */
    close(a);
    close(b); /* closed */
    close(b); /* now */
}

WAY(of_a_duplicate) {
    int a = another_file(), b = dup(a); /* opened */
    close(b);                           /* closed */
    close(b);                           /* now */
    close(a);
}

WAY(of_a_pipe) {
    int ends[2];
    if (pipe(ends)) /* opened */
        return;
    close(ends[1]); /* closed */
    close(ends[0]);
    close(ends[1]); /* now */
}

WAY(of_both_ends) {
    int ends[2];
    if (pipe(ends)) /* opened */
        return;
    for (int i = 0; i < 2 * rounds; i++)
        close(ends[i]); /* closed */
    for (int i = 0; i < 2 * rounds; i++)
        close(ends[i]); /* now */
}

WAY(of_a_socketpair) {
    int ends[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends); /* opened */
    close(ends[0]);                            /* closed */
    close(ends[1]);
    close(ends[0]); /* now */
}

WAY(of_a_table) {
    int table[3];
    for (int i = 0; i < 3 * rounds; i++)
        table[i] = open("/dev/null", O_RDONLY); /* opened */
    for (int i = 0; i < 3 * rounds; i++)
        close(table[i]); /* closed */
    for (int i = 0; i < 3 * rounds; i++)
        close(table[i]); /* now */
}

WAY(of_a_large_table) {
    int table[40];
    for (int i = 0; i < 40 * rounds; i++)
        table[i] = open("/dev/null", O_RDONLY); /* opened */
    for (int i = 0; i < 40 * rounds; i++)
        close(table[i]); /* closed */
    for (int i = 0; i < 40 * rounds; i++)
        close(table[i]); /* now */
}

WAY(given_to_a_library) {
    int ends[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends); /* opened */
    library_serve(ends[0]);
    close(ends[0]); /* now */
    close(ends[1]);
}

WAY(twice_by_a_library) { library_done_twice(library_open()); }

WAY(after_fork_in_parent) {
    int fd = a_file();
    pid_t child = fork();
    if (child == 0) {
        close(fd);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    close(fd); /* closed */
    close(fd); /* now */
}

static int shared;
static void close_shared_twice(void) {
    close(shared); /* closed */
    close(shared); /* now */
}
WAY(twice_in_child) {
    shared = a_file();
    in_child(close_shared_twice);
    close(shared);
}

static void close_own_twice(void) {
    int fd = open("/dev/null", O_RDONLY); /* opened */
    close(fd);                            /* closed */
    close(fd);                            /* now */
}
WAY(of_a_childs_own) { in_child(close_own_twice); }

WAY(raw_call_and_close) {
    int fd = a_file();
    syscall(SYS_close, fd); /* closed */
    close(fd);              /* now */
}

WAY(close_and_raw_call) {
    int fd = a_file();
    close(fd);              /* closed */
    syscall(SYS_close, fd); /* now */
}

WAY(after_failed_freopen) {
    FILE *stream = fopen("/dev/null", "r"); /* opened */
    int fd = fileno(stream);
    if (!freopen("/nothing/there", "r", stream)) /* closed */
        close(fd);                               /* now */
}

WAY(after_range) {
    int other = another_file(), fd = open("/dev/null", O_RDONLY); /* opened */
    close(fd);                                                    /* closed */
    close_range((unsigned)fd + 1, (unsigned)fd + 9, 0);
    close(other);
    close(fd); /* now */
}

/* Descriptor 0 was closed by a structure of zeroes, and is somebody's own since. */
WAY(of_what_landed_on_zero) {
    close(0);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0); /* opened */
    close(fd);                                /* closed */
    close(fd);                                /* now */
}

WAY(of_an_event) {
    int fd = eventfd(0, 0); /* opened */
    close(fd);              /* closed */
    close(fd);              /* now */
}

WAY(of_an_epoll) {
    int fd = epoll_create1(0); /* opened */
    close(fd);                 /* closed */
    close(fd);                 /* now */
}

WAY(of_a_memfd) {
    int fd = memfd_create("x", 0); /* opened */
    close(fd);                     /* closed */
    close(fd);                     /* now */
}

/* The handle that had the number last is meant, not those before it. */
WAY(of_a_reused_number) {
    for (int i = 0; i < 100 * rounds; i++)
        close(another_file());
    int fd = open("/dev/null", O_RDONLY); /* opened */
    close(fd);                            /* closed */
    close(fd);                            /* now */
}

WAY(interrupted_and_again) {
    int fd = a_file();
    library_fail_close(fd, EINTR);
    while (close(fd) && errno == EINTR) /* closed */ /* now */
        ;
}

WAY(many_times) {
    for (int i = 0; i < 1000 * rounds; i++) {
        int fd = open("/dev/null", O_RDONLY); /* opened */
        close(fd);                            /* closed */
        close(fd);                            /* now */
    }
}

static void on_signal(int number) {
    (void)number;
    close(shared); /* now */
}
WAY(in_a_signal_handler) {
    signal(SIGUSR1, on_signal);
    shared = a_file();
    close(shared); /* closed */
    raise(SIGUSR1);
}

static void close_shared_now(void) { close(shared); /* now */ }
WAY(again_at_exit) {
    shared = a_file();
    atexit(close_shared_now);
    close(shared); /* closed */
}

/* ---- wrong: whose it is ---------------------------------------------------------------------------------- */

WAY(under_a_stream) {
    FILE *stream = fopen("/dev/null", "r"); /* opened */
    close(fileno(stream));                  /* now */
    fclose(stream);
}

/* Who counts what is open reads such a list, too. */
WAY(under_a_stream_after_a_list) {
    closedir(opendir("/proc/self/fd"));
    FILE *stream = fopen("/dev/null", "r"); /* opened */
    close(fileno(stream));                  /* now */
    fclose(stream);
}

WAY(under_fdopen) {
    int fd = another_file();
    FILE *stream = fdopen(fd, "r"); /* opened */
    close(fd);                      /* now */
    fclose(stream);
}

WAY(under_a_directory) {
    DIR *folder = opendir("/"); /* opened */
    close(dirfd(folder));       /* now */
    closedir(folder);
}

WAY(under_fdopendir) {
    int fd = open("/", O_RDONLY | O_DIRECTORY);
    DIR *folder = fdopendir(fd); /* opened */
    close(fd);                   /* now */
    closedir(folder);
}

WAY(under_popen) {
    FILE *child = popen("exit 0", "r"); /* opened */
    close(fileno(child));               /* now */
    pclose(child);
}

WAY(under_freopen) {
    FILE *stream = fopen("/dev/null", "r");
    int fd = fileno(stream);
    stream = freopen("/dev/zero", "r", stream); /* opened */
    close(fd);                                  /* now */
    fclose(stream);
}

static void *close_under_stream(void *stream) {
    close(fileno(stream)); /* now */
    return NULL;
}
WAY(under_a_stream_in_thread) {
    FILE *stream = fopen("/dev/null", "r"); /* opened */
    in_thread(close_under_stream, stream);
    fclose(stream);
}

/* The race: the library's new file got the number that we close for the second time. */
WAY(under_a_library) {
    int fd = another_file();
    close(fd);
    int theirs = library_open();
    close(fd); /* closed */
    library_done(theirs);
}

static void *library_in_thread(void *fd) {
    *(int *)fd = library_open();
    return NULL;
}
WAY(under_a_library_in_thread) {
    int fd = another_file(), theirs;
    close(fd);
    in_thread(library_in_thread, &theirs);
    close(fd); /* closed */
    library_done(theirs);
}

WAY(fclose_of_popen) {
    FILE *child = popen("exit 0", "r"); /* opened */
    fclose(child);                      /* now */
}

WAY(pclose_of_fopen) {
    FILE *stream = fopen("/dev/null", "r"); /* opened */
    pclose(stream);                         /* now */
}

WAY(pclose_of_fdopen) {
    FILE *stream = fdopen(another_file(), "r"); /* opened */
    pclose(stream);                             /* now */
}

static APART void drop(int fd) { close(fd); /* closed */ }
WAY(zero_by_accident) {
    drop(another_file());
    struct {
        int fd;
    } connection = {0}; /* never connected */
    drop(connection.fd);
    int fd = open("/etc/passwd", O_RDONLY); /* now */
    (void)fd;
}

/* ---- wrong: lost data ------------------------------------------------------------------------------------ */

WAY(full_at_fclose) {
    FILE *stream = fopen("/dev/full", "w"); /* opened */
    fputs("lost", stream);
    fclose(stream); /* now */
}

WAY(full_at_fclose_of_fdopen) {
    FILE *stream = fdopen(open("/dev/full", O_WRONLY), "w"); /* opened */
    fputs("lost", stream);
    fclose(stream); /* now */
}

WAY(of_two_streams_on_one_number) {
    int fd = a_file();
    FILE *in = fdopen(fd, "r");
    FILE *out = fdopen(fd, "w"); /* opened */
    fclose(in);                  /* closed */
    fclose(out);                 /* now */
}

WAY(of_two_streams_the_other_way) {
    int fd = a_file();
    FILE *in = fdopen(fd, "r"); /* opened */
    FILE *out = fdopen(fd, "w");
    fclose(out); /* closed */
    fclose(in);  /* now */
}

/* The second one hits a stranger. */
WAY(of_two_streams_and_a_stranger) {
    int fd = a_file();
    FILE *in = fdopen(fd, "r");
    FILE *out = fdopen(fd, "w"); /* opened */
    fclose(in);                  /* closed */
    another_file();
    fclose(out); /* now */
}

WAY(of_a_timer) {
    timer_t once;
    timer_create(CLOCK_MONOTONIC, &(struct sigevent){.sigev_notify = SIGEV_NONE}, &once); /* opened */
    timer_delete(once);                                                                   /* closed */
    timer_delete(once);                                                                   /* now */
}

/* libc finds out about it, and aborts, or does not. */
WAY(of_a_stream) {
    FILE *volatile stream = fopen("/dev/null", "r");
    fclose(stream);
    fclose(stream);
}

WAY(of_two_directories_on_one_number) {
    int fd = open("/", O_RDONLY | O_DIRECTORY);
    DIR *one = fdopendir(fd), *other = fdopendir(fd); /* opened */
    closedir(one);                                    /* closed */
    closedir(other);                                  /* now */
}

WAY(full_at_freopen) {
    FILE *stream = fopen("/dev/full", "w"); /* opened */
    fputs("lost", stream);
    fclose(freopen("/dev/null", "w", stream)); /* now */
}

WAY(full_at_exit) {
    FILE *stream = fopen("/dev/full", "w"); /* opened */
    fputs("lost", stream);
    exit(0); /* now */
}

/* The other stream of that number takes it away. */
WAY(closed_under_data) {
    int fd = open("data", O_RDWR | O_CREAT, 0600);
    FILE *in = fdopen(fd, "r"), *out = fdopen(fd, "w"); /* opened */
    fputs("lost", out);
    fclose(in); /* closed */
    exit(0);    /* now */
}

/* A loop over all numbers is right, but not before what is buffered was written. */
WAY(closed_under_data_by_a_loop) {
    FILE *stream = fopen("data", "w"); /* opened */
    fputs("lost", stream);
    for (int fd = 3; fd < 64 * rounds; fd++)
        close(fd); /* closed */
    exit(0);       /* now */
}

static void fail_with(int error) {
    int fd = a_file();
    library_fail_close(fd, error);
    close_now(fd);
}
WAY(fails_with_EIO) { fail_with(EIO); }
WAY(fails_with_ENOSPC) { fail_with(ENOSPC); }
WAY(fails_with_EDQUOT) { fail_with(EDQUOT); }

/* ---- wrong: use after close ------------------------------------------------------------------------------ */

static APART int gone(void) {
    int fd = open("/dev/zero", O_RDWR); /* opened */
    close(fd);                          /* closed */
    return fd;
}

static char bytes[64];
static struct iovec parts = {bytes, 1};
static struct msghdr message = {.msg_iov = &parts, .msg_iovlen = 1};
static struct mmsghdr messages;
static struct sockaddr_storage name;
static struct epoll_event event;
static struct itimerspec timer;
static eventfd_t value;
static union {
    struct stat stat;
    struct statfs statfs;
    struct statvfs statvfs;
    struct termios modes;
} about;
static socklen_t name_bytes = sizeof name;

ssize_t __read_chk(int fd, void *buffer, size_t bytes, size_t room);
ssize_t __recv_chk(int fd, void *buffer, size_t bytes, size_t room, int flags);
int __poll_chk(struct pollfd *list, nfds_t count, int patience, size_t room);

/* One line each: the call, on a descriptor that is gone. */
extern int __dprintf_chk(int fd, int flag, const char *format, ...);
#define USE(way, expression)                                                                                   \
    WAY(use_##way) { rounds = (expression) != 0; }
USE(dprintf, dprintf(gone(), "%d", 1))                                        /* now */
USE(dprintf_fortified, __dprintf_chk(gone(), 1, "%d", 1))                     /* now */
USE(readahead, readahead(gone(), 0, 1))                                       /* now */
USE(posix_fallocate, posix_fallocate(gone(), 0, 1))                           /* now */
USE(posix_fadvise, posix_fadvise(gone(), 0, 0, 0))                            /* now */
USE(mknodat, mknodat(gone(), "none", S_IFREG, 0))                             /* now */
USE(mkfifoat, mkfifoat(gone(), "none", 0600))                                 /* now */
USE(tcdrain, tcdrain(gone()))                                                 /* now */
USE(sockatmark, sockatmark(gone()))                                           /* now */
USE(mq_getattr, mq_getattr(gone(), &(struct mq_attr){0}))                     /* now */
USE(mq_notify, mq_notify(gone(), NULL))                                       /* now */
USE(read, read(gone(), bytes, 1))                                             /* now */
USE(read_fortified, __read_chk(gone(), bytes, 1, sizeof bytes))               /* now */
USE(write, write(gone(), bytes, 1))                                           /* now */
USE(pread, pread(gone(), bytes, 1, 0))                                        /* now */
USE(pwrite, pwrite(gone(), bytes, 1, 0))                                      /* now */
USE(readv, readv(gone(), &parts, 1))                                          /* now */
USE(writev, writev(gone(), &parts, 1))                                        /* now */
USE(preadv, preadv(gone(), &parts, 1, 0))                                     /* now */
USE(pwritev2, pwritev2(gone(), &parts, 1, 0, 0))                              /* now */
USE(lseek, lseek(gone(), 0, SEEK_SET))                                        /* now */
USE(sendfile, sendfile(gone(), 0, NULL, 1))                                   /* now */
USE(sendfile_from, sendfile(1, gone(), NULL, 1))                              /* now */
USE(copy_file_range, copy_file_range(0, NULL, gone(), NULL, 1, 0))            /* now */
USE(splice, splice(gone(), NULL, 1, NULL, 1, 0))                              /* now */
USE(send, send(gone(), bytes, 1, 0))                                          /* now */
USE(sendto, sendto(gone(), bytes, 1, 0, NULL, 0))                             /* now */
USE(sendmsg, sendmsg(gone(), &message, 0))                                    /* now */
USE(sendmmsg, sendmmsg(gone(), &messages, 1, 0))                              /* now */
USE(recv, recv(gone(), bytes, 1, 0))                                          /* now */
USE(recv_fortified, __recv_chk(gone(), bytes, 1, sizeof bytes, 0))            /* now */
USE(recvfrom, recvfrom(gone(), bytes, 1, 0, NULL, NULL))                      /* now */
USE(recvmsg, recvmsg(gone(), &message, 0))                                    /* now */
USE(recvmmsg, recvmmsg(gone(), &messages, 1, 0, NULL))                        /* now */
USE(connect, connect(gone(), (void *)&name, name_bytes))                      /* now */
USE(bind, bind(gone(), (void *)&name, name_bytes))                            /* now */
USE(listen, listen(gone(), 1))                                                /* now */
USE(accept, accept(gone(), NULL, NULL))                                       /* now */
USE(accept4, accept4(gone(), NULL, NULL, 0))                                  /* now */
USE(shutdown, shutdown(gone(), SHUT_RDWR))                                    /* now */
USE(getsockopt, getsockopt(gone(), SOL_SOCKET, SO_ERROR, bytes, &name_bytes)) /* now */
USE(setsockopt, setsockopt(gone(), SOL_SOCKET, SO_KEEPALIVE, bytes, 4))       /* now */
USE(getsockname, getsockname(gone(), (void *)&name, &name_bytes))             /* now */
USE(getpeername, getpeername(gone(), (void *)&name, &name_bytes))             /* now */
USE(ioctl, ioctl(gone(), FIONREAD, bytes))                                    /* now */
USE(fcntl, fcntl(gone(), F_SETFL, 0))                                         /* now */
USE(tcgetattr, tcgetattr(gone(), (void *)bytes))                              /* now */
USE(fstat, fstat(gone(), (void *)&about))                                     /* now */
USE(fstatfs, fstatfs(gone(), (void *)&about))                                 /* now */
USE(fstatvfs, fstatvfs(gone(), (void *)&about))                               /* now */
USE(fsync, fsync(gone()))                                                     /* now */
USE(fdatasync, fdatasync(gone()))                                             /* now */
USE(ftruncate, ftruncate(gone(), 0))                                          /* now */
USE(fallocate, fallocate(gone(), 0, 0, 1))                                    /* now */
USE(fchmod, fchmod(gone(), 0600))                                             /* now */
USE(fchown, fchown(gone(), 0, 0))                                             /* now */
USE(fchdir, fchdir(gone()))                                                   /* now */
USE(futimens, futimens(gone(), NULL))                                         /* now */
USE(flock, flock(gone(), LOCK_SH))                                            /* now */
USE(lockf, lockf(gone(), F_LOCK, 1))                                          /* now */
USE(fgetxattr, fgetxattr(gone(), "user.x", bytes, 1))                         /* now */
USE(openat, openat(gone(), "x", O_RDONLY))                                    /* now */
USE(fstatat, fstatat(gone(), "x", (void *)&about, 0))                         /* now */
USE(unlinkat, unlinkat(gone(), "x", 0))                                       /* now */
USE(mkdirat, mkdirat(gone(), "x", 0700))                                      /* now */
USE(renameat, renameat(AT_FDCWD, "x", gone(), "x"))                           /* now */
USE(readlinkat, readlinkat(gone(), "x", bytes, 1))                            /* now */
USE(dup, dup(gone()))                                                         /* now */
USE(dup2, dup2(gone(), 9))                                                    /* now */
USE(dup3, dup3(gone(), 9, 0))                                                 /* now */
USE(fdopen, fdopen(gone(), "r") == NULL)                                      /* now */
USE(fdopendir, fdopendir(gone()) == NULL)                                     /* now */
USE(mmap, mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, gone(), 0) == MAP_FAILED)  /* now */
USE(epoll_wait, epoll_wait(gone(), &event, 1, 0))                             /* now */
USE(epoll_pwait, epoll_pwait(gone(), &event, 1, 0, NULL))                     /* now */
USE(epoll_ctl, epoll_ctl(gone(), EPOLL_CTL_ADD, 0, &event))                   /* now */
USE(timerfd_settime, timerfd_settime(gone(), 0, &timer, NULL))                /* now */
USE(timerfd_gettime, timerfd_gettime(gone(), &timer))                         /* now */
USE(eventfd_read, eventfd_read(gone(), &value))                               /* now */
USE(eventfd_write, eventfd_write(gone(), 1))                                  /* now */
USE(inotify_add_watch, inotify_add_watch(gone(), "/", IN_CREATE))             /* now */
USE(inotify_rm_watch, inotify_rm_watch(gone(), 1))                            /* now */

WAY(use_epoll_ctl_of) {
    int epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, gone(), &event); /* now */
    close(epoll);
}

WAY(use_poll) {
    struct pollfd list[] = {{-1, POLLIN, 0}, {gone(), POLLIN, 0}, {1, POLLOUT, 0}};
    poll(list, 3, 0); /* now */
}

WAY(use_poll_fortified) {
    struct pollfd list = {gone(), POLLIN, 0};
    __poll_chk(&list, 1, 0, sizeof list); /* now */
}

WAY(use_ppoll) {
    struct pollfd list = {gone(), POLLIN, 0};
    ppoll(&list, 1, NULL, NULL); /* now */
}

WAY(use_select) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(1, &set);
    FD_SET(gone(), &set);
    select(9, NULL, &set, NULL, NULL); /* now */
}

WAY(use_pselect) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(gone(), &set);
    pselect(9, &set, NULL, NULL, NULL, NULL); /* now */
}

static void *read_in_thread(void *fd) {
    rounds = read(*(int *)fd, bytes, 1) != 0; /* now */
    return NULL;
}
WAY(use_in_thread) {
    int fd = gone();
    in_thread(read_in_thread, &fd);
}

/* Whoever closes all numbers in a child closes what a library still goes by. */
static void read_after_a_loop(void) {
    for (int fd = 3; fd < 64 * rounds; fd++)
        close(fd);                        /* closed */
    rounds = read(shared, bytes, 1) != 0; /* now */
}
WAY(use_after_a_loop) {
    shared = a_file();
    in_child(read_after_a_loop);
}

static void read_after_closefrom(void) {
    closefrom(3);                         /* closed */
    rounds = read(shared, bytes, 1) != 0; /* now */
}
WAY(use_after_closefrom) {
    shared = a_file();
    in_child(read_after_closefrom);
}

static void read_after_a_loop_and_an_open(void) {
    for (int fd = 3; fd < 64 * rounds; fd++)
        close(fd); /* closed */
    int other = another_file();
    rounds = read(shared, bytes, 1) != 0; /* now */
    close(other);
}
WAY(use_of_a_number_reused_after_a_loop) {
    shared = a_file();
    in_child(read_after_a_loop_and_an_open);
}

/* The number is another file's by now: only a quarantine tells. */
WAY(use_of_a_reused_number) {
    int fd = gone(), other = another_file();
    rounds = read(fd, bytes, 1) != 0; /* now */
    close(other);
}

/* Where the number comes back: which open gets it, of those that follow. */
WAY(use_of_numbers) {
    int fd = gone(), count = 0;
    while (count < 99 && another_file() != fd)
        count++;
    printf("%d\n", count);
}

/* ---- right: loops over all numbers ----------------------------------------------------------------------- */

/* Opens some, closes every other one. Returns the last, which is open. */
static int some_left(void) {
    int fds[MANY];
    for (int i = 0; i < MANY * rounds; i++)
        fds[i] = a_file();
    for (int i = 0; i < MANY * rounds; i += 2)
        close(fds[i]);
    return fds[MANY - 1];
}

WAY(loop_up) {
    some_left();
    for (int fd = 3; fd < 1024 * rounds; fd++)
        close(fd);
}

WAY(loop_down) {
    some_left();
    for (int fd = 1023; fd >= 3 * rounds; fd--)
        close(fd);
}

WAY(loop_with_a_gap) {
    int keep = some_left();
    for (int fd = 3; fd < 1024 * rounds; fd++)
        if (fd != keep)
            close(fd);
    close(keep);
}

WAY(loop_with_gaps) {
    some_left();
    for (int fd = 3; fd < 1024 * rounds; fd++)
        if (fd != 4 && fd != 6 && fd != 7)
            close(fd);
    close(4), close(6);
}

WAY(loop_down_with_a_gap) {
    some_left();
    for (int fd = 255; fd >= 3 * rounds; fd--)
        if (fd != 8)
            close(fd);
    close(8);
}

WAY(loop_by_helper) {
    some_left();
    for (int fd = 3; fd < 64 * rounds; fd++)
        close_quietly(fd);
}

WAY(loop_twice) {
    some_left();
    for (int i = 0; i < 2 * rounds; i++)
        for (int fd = 3; fd < 256; fd++)
            close(fd);
}

WAY(two_loops) {
    some_left();
    for (int fd = 3; fd < 256 * rounds; fd++)
        close(fd);
    for (int fd = 3; fd < 256 * rounds; fd++)
        close(fd);
}

WAY(loop_from_zero_that_opens) {
    some_left();
    for (int fd = 0; fd < 256 * rounds; fd++)
        close(fd);
    open("/etc/passwd", O_RDONLY);
    open("/dev/null", O_RDWR);
    dup(1);
}

WAY(small_loop) {
    int a = a_file(), b = another_file();
    close(a);
    (void)b;
    for (int fd = 3; fd < 10 * rounds; fd++)
        close(fd);
}

/* Closed by different places before: an array would have been closed by one. */
WAY(small_loop_over_own) {
    int a = a_file(), b = another_file(), c = a_file(), d = dup(b), ends[2];
    if (pipe(ends))
        return;
    int e = a_file();
    close(a);
    close(c);
    close(b);
    close_quietly(ends[0]);
    close(e);
    (void)d;
    for (int fd = 3; fd < 10 * rounds; fd++)
        close(fd);
}

WAY(loop_under_streams) {
    FILE *stream = fopen("/dev/null", "r");
    for (int fd = 3; fd < 64 * rounds; fd++)
        close(fd);
    (void)stream;
}

WAY(by_closefrom) {
    some_left();
    closefrom(3);
    closefrom(3);
}

WAY(by_range) {
    int fd = some_left();
    close_range(3, ~0u, 0);
    close(fd);
}

WAY(by_range_and_loop) {
    some_left();
    close_range(3, 9, 0);
    for (int fd = 3; fd < 3 + MANY * rounds; fd++)
        close(fd);
}

WAY(listed_but_the_list) {
    some_left();
    DIR *list = opendir("/proc/self/fd");
    for (struct dirent *entry; (entry = readdir(list));)
        if (atoi(entry->d_name) > 2 && atoi(entry->d_name) != dirfd(list))
            close(atoi(entry->d_name));
    closedir(list);
}

WAY(listed_under_streams) {
    FILE *stream = fopen("/dev/null", "r");
    listed_but_the_list();
    (void)stream;
}

/* The list had a descriptor, too, which is in the list. */
static int list_numbers(const char *path, int *numbers) {
    DIR *list = opendir(path);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(list)) && count < 99;)
        if (atoi(entry->d_name) > 2)
            numbers[count++] = atoi(entry->d_name);
    closedir(list);
    return count;
}
WAY(listed_with_the_list) {
    int numbers[99];
    some_left();
    for (int i = list_numbers("/proc/self/fd", numbers); i-- > 0;)
        close(numbers[i]);
}
WAY(listed_by_another_name) {
    int numbers[99];
    some_left();
    for (int i = list_numbers("/dev/fd", numbers); i-- > 0;)
        close(numbers[i]);
}

/* In the order of the alphabet a stream's number may come behind higher ones, and the list's own. */
static int by_alphabet(const struct dirent **one, const struct dirent **other) {
    return strcmp((*one)->d_name, (*other)->d_name);
}
WAY(listed_by_libc) {
    struct dirent **names;
    FILE *stream = fopen("/dev/null", "r");
    some_left();
    for (int i = 0, count = scandir("/proc/self/fd", &names, NULL, by_alphabet); i < count; i++)
        if (atoi(names[i]->d_name) > 2)
            close(atoi(names[i]->d_name));
    (void)stream;
}

/* All but the list itself, and when that is closed. */
WAY(listed_before) {
    int numbers[99], count = 0;
    FILE *stream = fopen("/dev/null", "r");
    DIR *folder = opendir("/");
    DIR *list = opendir("/proc/self/fd");
    for (struct dirent *entry; (entry = readdir(list)) && count < 99;)
        if (atoi(entry->d_name) > 2 && atoi(entry->d_name) != dirfd(list))
            numbers[count++] = atoi(entry->d_name);
    closedir(list);
    for (int i = 0; i < count; i++)
        close(numbers[i]);
    (void)stream, (void)folder;
}

WAY(listed_twice) {
    int numbers[99];
    some_left();
    for (int i = 0, count = list_numbers("/proc/self/fd", numbers); i < count; i++)
        close(numbers[i]);
    for (int i = 0, count = list_numbers("/proc/self/fd", numbers); i < count; i++)
        close(numbers[i]);
}

static void loop_in_child(void) {
    int ends[2];
    if (pipe(ends))
        return;
    close(ends[0]);
    close(ends[1]);
    for (int fd = 3; fd < 10 * rounds; fd++)
        close(fd);
}
WAY(loop_in_a_child) {
    int fd = some_left();
    in_child(loop_in_child);
    close(fd);
    closefrom(3);
}

WAY(loop_in_a_vfork_child) {
    some_left();
    pid_t child = vfork();
    if (child == 0) {
        for (int fd = 3; fd < 64; fd++)
            close(fd);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    for (int fd = 4; fd < 3 + MANY * rounds; fd += 2)
        close(fd);
}

WAY(loop_in_a_daemon) {
    FILE *settings = fopen("/dev/null", "r");
    fclose(settings);
    int lock = a_file();
    if (fork() > 0)
        _exit(0);
    setsid();
    if (fork() > 0)
        _exit(0);
    for (int fd = 0; fd < 256 * rounds; fd++)
        close(fd);
    open("/dev/null", O_RDWR);
    dup(0), dup(0);
    (void)lock;
}

/* ---- right: questions ------------------------------------------------------------------------------------ */

WAY(asks_whether_open) {
    int fd = gone();
    if (fcntl(fd, F_GETFD) >= 0 || fcntl(fd, F_GETFL) >= 0 || dup2(fd, fd) >= 0)
        close(fd);
}

WAY(marks_all) {
    gone();
    for (int fd = 3; fd < 10 * rounds; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC), ioctl(fd, FIOCLEX);
}

WAY(asks_about_all) {
    some_left();
    for (int fd = 3; fd < 99 * rounds; fd++)
        if (fstat(fd, &about.stat) == 0)
            close(fd);
}

WAY(asks_about_all_downwards) {
    some_left();
    for (int fd = 99 * rounds; fd > 2; fd--)
        if (fstat(fd, &about.stat) == 0)
            close(fd);
}

WAY(asks_about_all_at_once) {
    struct pollfd list[50];
    some_left();
    for (int fd = 0; fd < 50; fd++)
        list[fd] = (struct pollfd){.fd = fd};
    poll(list, 50, 0);
}

/* A library finds out in the child whether its descriptor is still there. */
static void ask_after_a_loop(void) {
    for (int fd = 3; fd < 64 * rounds; fd++)
        close(fd);
    struct pollfd polled = {.fd = shared};
    fcntl(shared, F_GETFD);
    fstat(shared, &about.stat);
    lseek(shared, 0, SEEK_CUR);
    tcgetattr(shared, &about.modes);
    getsockopt(shared, SOL_SOCKET, SO_TYPE, bytes, &(socklen_t){sizeof(int)});
    poll(&polled, 1, 0);
}
WAY(asks_after_a_loop) {
    shared = a_file();
    in_child(ask_after_a_loop);
}

/* ---- right: data ----------------------------------------------------------------------------------------- */

static FILE *unwritten;
static void drop_the_parents(void) {
    for (int fd = 3; fd < 64 * rounds; fd++)
        close(fd);
}
WAY(closed_under_the_parents_data) {
    unwritten = fopen("data", "w");
    fputs("kept", unwritten);
    in_child(drop_the_parents);
    fclose(unwritten);
}

/* What is written goes where the number leads. */
WAY(dup2_under_data) {
    FILE *stream = fopen("data", "w");
    fputs("kept", stream);
    int other = another_file();
    dup2(1, fileno(stream));
    close(other);
    fclose(stream);
}

/* ---- right: children ------------------------------------------------------------------------------------- */

static void close_shared(void) { close(shared); }
WAY(closed_by_parent_and_child) {
    shared = a_file();
    in_child(close_shared);
    close(shared);
}

WAY(closed_at_exit) {
    shared = a_file();
    atexit(close_shared);
}

WAY(closed_around_daemon) {
    shared = a_file();
    int early = a_file();
    close(early);
    if (daemon(1, 0) == 0)
        close(shared);
}

WAY(closed_by_parent_then_child) {
    int go[2];
    if (pipe(go))
        return;
    shared = a_file();
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(go[1]);
        read(go[0], &byte, 1);
        close(shared);
        close(go[0]);
        _exit(0);
    }
    close(shared);
    close(go[0]);
    close(go[1]);
    waitpid(child, NULL, 0);
}

/* A child closes what its parent had closed before it was made: cleaning up, without a count of its own. */
WAY(closed_before_fork) {
    shared = a_file();
    close(shared);
    in_child(close_shared);
}

WAY(closed_by_a_vfork_child) {
    int fd = a_file();
    pid_t child = vfork();
    if (child == 0) {
        close(fd);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    close(fd);
}

WAY(closed_by_a_spawned_child) {
    extern char **environ;
    int fd = a_file();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addclose(&actions, fd);
    posix_spawn_file_actions_addclose(&actions, fd + 1);
    pid_t child;
    char *words[] = {"true", NULL};
    if (posix_spawnp(&child, "true", &actions, NULL, words, environ) == 0)
        waitpid(child, NULL, 0);
    posix_spawn_file_actions_destroy(&actions);
    close(fd);
}

/* As shells do: both ends in both processes. */
WAY(pipeline) {
    for (int i = 0; i < 3 * rounds; i++) {
        int ends[2];
        if (pipe(ends))
            return;
        pid_t child = fork();
        if (child == 0) {
            dup2(ends[1], 1);
            close(ends[0]);
            close(ends[1]);
            _exit(0);
        }
        close(ends[1]);
        close(ends[0]);
        waitpid(child, NULL, 0);
    }
}

/* ---- right: owners --------------------------------------------------------------------------------------- */

WAY(fdopen_and_fclose) { fclose(fdopen(another_file(), "r")); }

WAY(fdopen_of_a_duplicate) {
    int fd = another_file();
    FILE *stream = fdopen(dup(fd), "r");
    close(fd);
    fclose(stream);
}

WAY(two_streams_of_one_file) {
    int fd = open("/dev/null", O_RDWR);
    FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
    fclose(in);
    fclose(out);
}

WAY(two_streams_of_which_one_is_closed) {
    int fd = open("/dev/null", O_RDWR);
    FILE *in = fdopen(fd, "r"), *out = fdopen(fd, "w");
    fflush(out);
    fclose(in);
    fclose(fdopen(another_file(), "r"));
}

WAY(failed_fdopen) {
    int fd = another_file();
    if (!fdopen(fd, "nonsense"))
        close(fd);
}

WAY(failed_fdopendir) {
    int fd = another_file();
    if (!fdopendir(fd))
        close(fd);
}

WAY(fdopendir_of_a_duplicate) {
    int fd = open("/", O_RDONLY | O_DIRECTORY);
    DIR *folder = fdopendir(dup(fd));
    closedir(folder);
    close(fd);
}

WAY(freopen_and_fclose) { fclose(freopen("/dev/zero", "r", fopen("/dev/null", "r"))); }
WAY(freopen_after_one_that_failed) {
    FILE *stream = fopen("/dev/null", "r"), *another = fopen("/dev/null", "r");
    if (!freopen("/nothing/there", "r", stream) && freopen("/dev/null", "r", stream))
        fclose(stream);
    if (!freopen("/nothing/there", "r", another))
        fclose(another);
}

WAY(freopen_of_a_mode) { fclose(freopen(NULL, "r", fopen("/dev/null", "r+"))); }
WAY(popen_and_pclose) { pclose(popen("exit 0", "r")); }
WAY(tmpfile_and_fclose) { fclose(tmpfile()); }

WAY(dup2_over) {
    int a = a_file(), b = another_file();
    dup2(a, b);
    close(a);
    close(b);
}

WAY(dup2_of_itself) {
    int fd = a_file();
    dup2(fd, fd);
    close(fd);
}

/* An owner may put another descriptor under its stream. */
WAY(dup2_under_a_stream) {
    FILE *stream = fopen("/dev/null", "r");
    int fd = another_file();
    dup2(fd, fileno(stream));
    close(fd);
    fclose(stream);
}

WAY(opened_by_a_library) { close(library_open()); }

WAY(library_takes_over) {
    int ends[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    library_serve(ends[0]);
    close(ends[1]);
}

/* The library's file gets the number that we had, and both close their own. */
WAY(number_of_a_library) {
    int fd = another_file();
    close(fd);
    int theirs = library_open();
    library_done(theirs);
    fd = another_file();
    close(fd);
}

static void *open_and_close(void *nothing) {
    for (int i = 0; i < 3000; i++)
        close(another_file());
    return nothing;
}
WAY(reuse_by_threads) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, open_and_close, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

/* ---- right: what was never ours -------------------------------------------------------------------------- */

WAY(of_minus_one) {
    int fd = -1;
    close(fd);
    close(-2);
    close(INT_MAX);
}

WAY(of_a_number_never_opened) {
    close(77);
    close(77);
}

WAY(of_what_libc_closes) {
    struct passwd *user = getpwnam("root");
    struct addrinfo *list = NULL;
    getaddrinfo("127.0.0.1", "80", NULL, &list);
    freeaddrinfo(list);
    openlog("misuses", LOG_NDELAY, LOG_USER);
    closelog();
    setpwent();
    getpwent();
    endpwent();
    int fd = a_file();
    close(fd);
    (void)user;
}

/* Opened by us, closed where nobody sees it: nobody knows who is wrong. */
WAY(closed_by_an_instruction) {
    int fd = a_file();
    raw(SYS_close, fd, 0, 0);
    close(fd);
}

WAY(reopened_by_an_instruction) {
    int fd = a_file();
    close(fd);
    fd = (int)raw(SYS_open, (long)"/dev/null", O_RDONLY, 0);
    close(fd);
}

/* The second close is the first of that handle that is seen. */
WAY(both_by_an_instruction) {
    int fd = a_file();
    close(fd);
    fd = (int)raw(SYS_open, (long)"/dev/null", O_RDONLY, 0);
    raw(SYS_close, fd, 0, 0);
    fd = (int)raw(SYS_open, (long)"/dev/null", O_RDONLY, 0);
    close(fd);
}

WAY(by_raw_calls) {
    int fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
    syscall(SYS_close, fd);
    fd = a_file();
    syscall(SYS_close, fd);
}

WAY(interrupted_once) {
    int fd = a_file();
    library_fail_close(fd, EINTR);
    close(fd);
}

static void *close_cancelled(void *fd) {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_cancel(pthread_self());
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    close(*(int *)fd); /* never begins */
    return NULL;
}
WAY(cancelled_and_again) {
    int fd = a_file();
    in_thread(close_cancelled, &fd);
    close(fd);
}

/* ---- right: standard descriptors ------------------------------------------------------------------------- */

WAY(standard_closed_twice) {
    close(0);
    close(0);
    fclose(stdin);
}

/* What is closed the second time is no standard descriptor but a file. */
WAY(landed_again) {
    close_quietly(another_file());
    close(0);
    close_quietly(another_file());
    close_quietly(another_file());
}

WAY(redirection_by_close) {
    close(another_file());
    close(0);
    open("/etc/passwd", O_RDONLY);
}

WAY(daemons_three) {
    for (int fd = 0; fd < 3 * rounds; fd++)
        close(fd);
    open("/dev/null", O_RDWR);
    dup(0);
    dup(0);
}

WAY(daemons_three_by_helper) {
    close_quietly(another_file());
    for (int fd = 0; fd < 3 * rounds; fd++)
        close_quietly(fd);
    open("/dev/null", O_RDWR);
    dup(0);
    dup(0);
}

WAY(redirection_by_dup2) {
    int saved = dup(0), fd = another_file();
    dup2(fd, 0);
    close(fd);
    dup2(saved, 0);
    close(saved);
}

WAY(reopened_standard) {
    freopen("/dev/null", "r", stdin);
    fclose(stdin);
    close(0);
}

/* ---- */

int main(int argc, char **argv) {
    void (*way)(void) = argc > 1 ? (void (*)(void))dlsym(RTLD_DEFAULT, argv[1]) : NULL;
    if (!way)
        return 2;
    way();
    return 0;
}
