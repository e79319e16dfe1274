/* inside.c - see inside.h. fileno and dirfd take no lock and are no cancellation points. */
#include "shim/inside.h"

#include <errno.h>
#include <stdio_ext.h>
#include <sys/wait.h>

#include "tracker/sys.h"
#include "tracker/tracker.h"

int inside_stream(FILE *stream) {
    if (!stream)
        return -1;
    int saved = errno;
    int number = fileno(stream);
    errno = saved;
    return number;
}

size_t inside_pending(FILE *stream) {
    __asm__("" : "+r"(stream)); /* as below */
    return stream ? __fpending(stream) : 0;
}

int inside_directory(DIR *directory) {
    /* closedir is declared nonnull, and gcc drops the test below where it sees that; libc answers with EINVAL
     */
    __asm__("" : "+r"(directory));
    if (!directory)
        return -1;
    int saved = errno;
    int number = dirfd(directory);
    errno = saved;
    return number;
}

/* The folder to come back to, of a walk that changes folders. */
int inside_tree(const FTS *tree) { return tree && !(tree->fts_options & FTS_NOCHDIR) ? tree->fts_rfd : -1; }

/* libc does not tell. glibc has kept it behind the FILE and a pointer to its functions ever since (struct
 * _IO_proc_file); the kernel is asked whether what lies there is a child of ours, and answers without taking
 * its end from the program. */
pid_t inside_process(FILE *stream) {
#ifdef __GLIBC__
    struct glibc_stream {
        FILE stream;
        const void *functions;
        pid_t child;
    };
    pid_t child = ((const struct glibc_stream *)stream)->child;
    siginfo_t end;
    if (child > 0 && !tracker_is_locked_down() &&
        SYS(SYS_waitid, P_PID, child, &end, WEXITED | WNOHANG | WNOWAIT, 0) == 0)
        return child;
#endif
    return 0;
}
