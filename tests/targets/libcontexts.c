/* Description: the calls by which GLib makes main contexts, which own an eventfd each, one of those by which
 * GIO comes to have an inotify descriptor or the pidfd of a subprocess, and those by which ruby and libuv wake
 * threads; and how zsh comes to have the file that it reads, and one that a script asked for. */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <unistd.h>

int g_main_context_new_with_flags(int flags);
int g_main_context_new_with_flags(int flags) {
    int fd = eventfd(0, flags);
    return fd;
}

int g_main_context_new(void);
int g_main_context_new(void) {
    int fd = g_main_context_new_with_flags(EFD_CLOEXEC);
    return fd;
}

int g_main_context_default(void);
int g_main_context_default(void) {
    int fd = g_main_context_new();
    return fd;
}

int g_file_monitor(void);
int g_file_monitor(void) {
    int fd = inotify_init1(IN_CLOEXEC);
    return fd;
}

int g_child_watch_source_new(void);
int g_child_watch_source_new(void) {
    int fd = pidfd_open(getpid(), 0);
    return fd;
}

int g_subprocess_new(void);
int g_subprocess_new(void) {
    int fd = g_child_watch_source_new();
    return fd;
}

int ruby_setup(void);
int ruby_setup(void) {
    int fd = eventfd(0, EFD_CLOEXEC);
    return fd;
}

int rb_cloexec_open(void);
int rb_cloexec_open(void) {
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return fd;
}

int uv_loop_init(void);
int uv_loop_init(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd;
}

int uv_default_loop(void);
int uv_default_loop(void) {
    int fd = uv_loop_init();
    return fd;
}

int movefd(int fd);
int movefd(int fd) {
    int moved = fcntl(fd, F_DUPFD, 10);
    close(fd);
    return moved;
}

int source(void);
int source(void) {
    int fd = movefd(open("/proc/self/exe", O_RDONLY));
    return fd;
}

int bin_sysopen(void);
int bin_sysopen(void) {
    int fd = movefd(open("/proc/self/exe", O_RDONLY));
    return fd;
}
