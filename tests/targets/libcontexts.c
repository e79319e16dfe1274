/* Description: the calls by which GLib makes main contexts, which own an eventfd each, and one of those by
 * which GIO comes to have an inotify descriptor. */
#include <sys/eventfd.h>
#include <sys/inotify.h>

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
