/* streams.c - freopen: the stream stays, what is inside changes; it is closed even if the new file cannot be
 * had (libio/freopen.c of glibc). */
#include "shim/context.h"
#include "shim/effects.h"
#include "shim/real.h"

static FILE *reopen(FILE *(*real_call)(const char *, const char *, FILE *), const char *path, const char *mode,
                    FILE *stream, const char *call, uintptr_t caller) {
    struct tracker_object_ticket ticket = tracker_releasing_object(stream, inside_stream(stream), caller);
    FILE *result = real_call(path, mode, stream);
    tracker_released_object(ticket);
    if (!result)
        return NULL;
    int number = inside_stream(result);
    if (number == STDERR_FILENO)
        tracker_standard_error_is(true);
    tracker_acquired_object(result, RECORD_KIND_STREAM, number, false, call, caller);
    return result;
}

EXPORT FILE *freopen(const char *path, const char *mode, FILE *stream) {
    if (!context_is_watched())
        return context_ready ? real.freopen(path, mode, stream) : NULL;
    return reopen(real.freopen, path, mode, stream, "freopen", CALLER);
}

EXPORT FILE *freopen64(const char *path, const char *mode, FILE *stream) {
    if (!context_is_watched())
        return context_ready ? real.freopen64(path, mode, stream) : NULL;
    return reopen(real.freopen64, path, mode, stream, "freopen64", CALLER);
}
