/* control.c - fcntl. Its argument is none, an int or a pointer; all of them fill one slot of the variadic area
 * on the ABIs we know, and libc reads it the same way. */
#include <stdarg.h>

#include "shim/context.h"
#include "shim/effects.h"
#include "shim/real.h"

EXPORT int fcntl(int fd, int command, ...) {
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (!context_is_watched())
        return context_ready ? real.fcntl(fd, command, argument) : RAW(SYS_fcntl, fd, command, argument);
    int result = real.fcntl(fd, command, argument);
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
        tracker_acquired(result, RECORD_KIND_DESCRIPTOR, "fcntl", CALLER, fd);
    return result;
}
