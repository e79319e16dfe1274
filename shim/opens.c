/* opens.c - open and openat, whose mode is there only if a file may be made. */
#include <stdarg.h>

#include "shim/context.h"
#include "shim/effects.h"
#include "shim/real.h"

/* O_TMPFILE contains O_DIRECTORY: both bits must be there (glibc's own test). */
#define MODE_AFTER(flags)                                                                                      \
    ({                                                                                                         \
        mode_t given = 0;                                                                                      \
        if ((flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE) {                                             \
            va_list list;                                                                                      \
            va_start(list, flags);                                                                             \
            given = va_arg(list, mode_t);                                                                      \
            va_end(list);                                                                                      \
        }                                                                                                      \
        given;                                                                                                 \
    })

EXPORT int open(const char *path, int flags, ...) {
    mode_t mode = MODE_AFTER(flags);
    if (!context_is_watched())
        return real.open ? real.open(path, flags, mode) : RAW(SYS_open, path, flags, mode);
    tracker_acquiring();
    int result = real.open(path, flags, mode);
    acquired_named(result, opens_kind(flags), "open", CALLER, -1, path);
    return result;
}

EXPORT int openat(int folder, const char *path, int flags, ...) {
    mode_t mode = MODE_AFTER(flags);
    if (!context_is_watched())
        return real.openat ? real.openat(folder, path, flags, mode)
                           : RAW(SYS_openat, folder, path, flags, mode);
    tracker_acquiring();
    int result = real.openat(usable(folder), path, flags, mode);
    was_used(result < 0, folder, "openat", CALLER);
    acquired_named(result, opens_kind(flags), "openat", CALLER, -1, path);
    return result;
}
