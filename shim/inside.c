/* inside.c - see inside.h. fileno and dirfd take no lock and are no cancellation points. */
#include "shim/inside.h"

#include <errno.h>

int inside_stream(FILE *stream) {
    if (!stream)
        return -1;
    int saved = errno;
    int number = fileno(stream);
    errno = saved;
    return number;
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
