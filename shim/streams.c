/* streams.c - freopen: the stream stays, what is inside changes; it is closed even if the new file cannot be
 * had (libio/freopen.c of glibc). */
#include <errno.h>

#include "shim/context.h"
#include "shim/effects.h"
#include "shim/real.h"

/* The stream was reopened: if it leads to 2, that is the program's again. */
static void standard_error_again(int number) {
    if (number == STDERR_FILENO)
        tracker_standard_error_is(true);
}

static FILE *reopen(FILE *(*real_call)(const char *, const char *, FILE *), const char *path, const char *mode,
                    FILE *stream, const char *call, uintptr_t caller) {
    int before = inside_stream(stream);
    tracker_acquiring();
    struct tracker_object_ticket ticket = closing(stream, before, call, caller);
    size_t pending = inside_pending(stream);
    int saved = errno;
    errno = 0;
    FILE *result = real_call(path, mode, stream);
    if (result && errno && pending) /* the flush of what it was: freopen itself does not tell */
        tracker_object_close_failed(ticket, errno, pending, call, caller);
    if (!errno)
        errno = saved;
    if (result && !path && inside_stream(result) == before) {
        standard_error_again(before);
        tracker_kept_object(ticket); /* another mode for what it was */
        tracker_acquiring_over();
        return result;
    }
    if (result)
        tracker_released_object(ticket);
    else
        tracker_emptied_object(ticket);
    int number = result ? inside_stream(result) : -1;
    standard_error_again(number);
    opened(result, RECORD_KIND_STREAM, number, call, caller, path);
    return result;
}

EXPORT FILE *freopen(const char *path, const char *mode, FILE *stream) {
    if (!context_is_watched())
        return real.freopen ? real.freopen(path, mode, stream) : NULL;
    return reopen(real.freopen, path, mode, stream, "freopen", CALLER);
}

EXPORT FILE *freopen64(const char *path, const char *mode, FILE *stream) {
    if (!context_is_watched())
        return real.freopen64 ? real.freopen64(path, mode, stream) : NULL;
    return reopen(real.freopen64, path, mode, stream, "freopen64", CALLER);
}
