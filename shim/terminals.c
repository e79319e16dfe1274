/* terminals.c - pseudo-terminals in pairs, and login_tty, which consumes its argument. */
#include "shim/context.h"
#include "shim/effects.h"
#include "shim/real.h"

EXPORT int openpty(int *master, int *slave, char *name, const struct termios *modes,
                   const struct winsize *size);
EXPORT int openpty(int *master, int *slave, char *name, const struct termios *modes,
                   const struct winsize *size) {
    if (!context_is_watched())
        return real.openpty(master, slave, name, modes, size);
    tracker_acquiring();
    int result = real.openpty(master, slave, name, modes, size);
    if (result == 0)
        tracker_acquired(*master, RECORD_KIND_PTY, "openpty", CALLER, -1, NULL);
    acquired(result ? -1 : *slave, RECORD_KIND_PTY, "openpty", CALLER, result ? -1 : *master);
    return result;
}

/* The fork inside runs the handlers of processes.c. In the child, login_tty has put the slave over 0, 1 and 2.
 */
EXPORT int forkpty(int *master, char *name, const struct termios *modes, const struct winsize *size);
EXPORT int forkpty(int *master, char *name, const struct termios *modes, const struct winsize *size) {
    if (!context_is_watched())
        return real.forkpty(master, name, modes, size);
    tracker_acquiring();
    int child = real.forkpty(master, name, modes, size);
    if (child == 0) {
        tracker_standard_error_is(true);
        return 0;
    }
    tracker_fork_end(child);
    acquired(child > 0 ? *master : -1, RECORD_KIND_PTY, "forkpty", CALLER, -1);
    return child;
}

/* Duplicates fd over 0, 1 and 2 and closes it, unless it is one of them. */
EXPORT int login_tty(int fd);
EXPORT int login_tty(int fd) {
    if (!context_is_watched())
        return real.login_tty(fd);
    struct slot_ticket ticket =
        fd > STDERR_FILENO ? tracker_replacing(fd, "login_tty", CALLER) : (struct slot_ticket){0, 0};
    int result = real.login_tty(fd);
    tracker_released(ticket, fd,
                     result ? EPERM : 0); /* the kernel is asked whether it failed before the close */
    if (result == 0)
        tracker_standard_error_is(true);
    return result;
}
