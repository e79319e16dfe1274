/* control.c - fcntl and ioctl. The argument is none, an int or a pointer; all of them fill one slot of the
 * variadic area on the ABIs we know, and libc reads it the same way. */
#include <stdarg.h>
#include <sys/ioctl.h>

#include "shim/context.h"
#include "shim/effects.h"
#include "shim/real.h"

/* Whoever asks whether a number is open, or marks all of them, knows that it may be closed. */
static bool asks(int command) { return command == F_GETFD || command == F_GETFL || command == F_SETFD; }

EXPORT int fcntl(int fd, int command, ...) {
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (!context_is_watched())
        return real.fcntl ? real.fcntl(fd, command, argument) : RAW(SYS_fcntl, fd, command, argument);
    bool duplicates = command == F_DUPFD || command == F_DUPFD_CLOEXEC;
    if (duplicates)
        tracker_acquiring();
    if (duplicates && __builtin_expect(tracker_quarantines, false))
        tracker_quarantine_free((int)(intptr_t)argument);
    int result = real.fcntl(usable(fd), command, argument);
    if (duplicates)
        acquired(result, RECORD_KIND_DESCRIPTOR, "fcntl", CALLER, fd);
    else if (!asks(command))
        was_used(result == -1, fd, "fcntl", CALLER);
    return result;
}

/* True if the request may make a descriptor. */
static bool makes(unsigned long request) {
    switch (request & 0xffffffffu) {
#define IN_RESULT(number, made_kind) case number:
#define IN_STRUCTURE(number, made_kind, offset) case number:
#include "shim/ioctls.def"
        return true;
    }
    return false;
}

/* The descriptor that a successful request made, -1: none. */
static int made_by(unsigned long request, int result, void *argument, enum record_kind *kind) {
    switch (request) {
#define IN_RESULT(number, made_kind)                                                                           \
    case number:                                                                                               \
        *kind = made_kind;                                                                                     \
        return result;
#define IN_STRUCTURE(number, made_kind, offset)                                                                \
    case number:                                                                                               \
        *kind = made_kind;                                                                                     \
        return *(int *)((char *)argument + (offset));
#include "shim/ioctls.def"
    }
    return -1;
}

/* Behind a real call that makes(request). */
static void made(unsigned long request, int result, void *argument, int fd, const char *call,
                 uintptr_t caller) {
    enum record_kind kind = RECORD_KIND_DESCRIPTOR;
    int number = result < 0 ? -1 : made_by(request & 0xffffffffu, result, argument, &kind);
    acquired(number, kind, call, caller, fd);
}

EXPORT int ioctl(int fd, unsigned long request, ...) {
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (!context_is_watched())
        return real.ioctl ? real.ioctl(fd, request, argument) : RAW(SYS_ioctl, fd, request, argument);
    bool is_acquire = makes(request);
    if (is_acquire)
        tracker_acquiring();
    int result = real.ioctl(fd, request, argument);
    if (is_acquire)
        made(request, result, argument, fd, "ioctl", CALLER);
    else if (request != FIOCLEX && request != FIONCLEX)
        was_used(result == -1, fd, "ioctl", CALLER);
    return result;
}
