/* executes.c - exec in all its forms. The environment is passed on as the program gave it: a child that is
 * started without our variables is not watched, and the tool says so. */
#include <alloca.h>
#include <stdarg.h>

#include "shim/context.h"
#include "shim/real.h"
#include "tracker/tracker.h"

extern char **environ;

/* Around a real call that returns only if it failed. */
#define EXECUTING(file, search, environment, real_call)                                                        \
    ({                                                                                                         \
        bool watched = context_is_watched();                                                                   \
        if (context_watching)                                                                                  \
            tracker_will_execute(file, search, environment);                                                   \
        if (watched)                                                                                           \
            tracker_executing();                                                                               \
        else if (context_watching)                                                                             \
            tracker_spawning();                                                                                \
        int failed = real_call;                                                                                \
        if (watched)                                                                                           \
            tracker_execute_failed();                                                                          \
        failed;                                                                                                \
    })

EXPORT int execve(const char *path, char *const arguments[], char *const environment[]) {
    return EXECUTING(path, false, environment, real.execve(path, arguments, environment));
}

EXPORT int execv(const char *path, char *const arguments[]) {
    return EXECUTING(path, false, environ, real.execv(path, arguments));
}

EXPORT int execvp(const char *file, char *const arguments[]) {
    return EXECUTING(file, true, environ, real.execvp(file, arguments));
}

EXPORT int execvpe(const char *file, char *const arguments[], char *const environment[]) {
    return EXECUTING(file, true, environment, real.execvpe(file, arguments, environment));
}

EXPORT int fexecve(int fd, char *const arguments[], char *const environment[]) {
    return EXECUTING(NULL, false, environment, real.fexecve(fd, arguments, environment));
}

EXPORT int execveat(int folder, const char *path, char *const arguments[], char *const environment[],
                    int flags) {
    /* relative to a folder: which one is the kernel's to say */
    return EXECUTING(NULL, false, environment, real.execveat(folder, path, arguments, environment, flags));
}

/* The list as an array, on the stack as libc does it (these calls are async-signal-safe): in `arguments`, with
 * what follows the list's NULL in `list`. */
#define ARRAY_FROM_LIST(arguments, list, first)                                                                \
    va_list list;                                                                                              \
    int count = 1;                                                                                             \
    va_start(list, first);                                                                                     \
    while (va_arg(list, char *))                                                                               \
        count++;                                                                                               \
    va_end(list);                                                                                              \
    char **arguments = alloca(((size_t)count + 1) * sizeof *arguments);                                        \
    va_start(list, first);                                                                                     \
    arguments[0] = (char *)first;                                                                              \
    for (int i = 1; i <= count; i++)                                                                           \
        arguments[i] = va_arg(list, char *);

EXPORT int execl(const char *path, const char *first, ...) {
    ARRAY_FROM_LIST(arguments, list, first)
    va_end(list);
    return EXECUTING(path, false, environ, real.execv(path, arguments));
}

EXPORT int execlp(const char *file, const char *first, ...) {
    ARRAY_FROM_LIST(arguments, list, first)
    va_end(list);
    return EXECUTING(file, true, environ, real.execvp(file, arguments));
}

EXPORT int execle(const char *path, const char *first, ...) {
    ARRAY_FROM_LIST(arguments, list, first)
    char **environment = va_arg(list, char **);
    va_end(list);
    return EXECUTING(path, false, environment, real.execve(path, arguments, environment));
}

/* What the actions do to the child's descriptors is libc's to know: then nothing is said of them. */
static void spawning(const char *file, bool search, const posix_spawn_file_actions_t *actions,
                     char *const environment[]) {
    if (!context_watching)
        return;
    tracker_will_execute(file, search, environment);
    if (!actions)
        tracker_spawning();
}

/* The child is made inside libc and meets no wrapper before its exec. One function for both versions: the older
 * one (2.2.5) also ran files without #! by a shell. */
EXPORT int posix_spawn(pid_t *child, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const arguments[],
                       char *const environment[]) {
    spawning(path, false, actions, environment);
    return real.posix_spawn(child, path, actions, attributes, arguments, environment);
}

EXPORT int posix_spawnp(pid_t *child, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const arguments[],
                        char *const environment[]) {
    spawning(file, true, actions, environment);
    return real.posix_spawnp(child, file, actions, attributes, arguments, environment);
}
