/* closes.c - close, which keeps numbers in quarantine where option quarantine asks for it. */
#include "shim/context.h"
#include "shim/effects.h"
#include "shim/real.h"

/* To the program a number that is kept is closed. */
static int close_and_keep(int fd, uintptr_t caller) {
    bool is_kept = tracker_is_quarantined(fd);
    struct slot_ticket ticket = tracker_closing(fd, "close", caller);
    int result = is_kept ? fails_with(EBADF) : real.close(fd);
    if (result == 0 && !ticket.slot && tracker_quarantine_lost(fd))
        result = fails_with(EBADF);
    released(ticket, fd, result, "close", caller);
    if (result == 0)
        tracker_quarantine(fd);
    return result;
}

EXPORT int close(int fd) {
    if (!context_is_watched())
        return context_ready ? real.close(fd) : RAW(SYS_close, fd);
    if (__builtin_expect(tracker_quarantines, false))
        return close_and_keep(fd, CALLER);
    struct slot_ticket ticket = tracker_closing(fd, "close", CALLER);
    int result = real.close(fd);
    released(ticket, fd, result, "close", CALLER);
    return result;
}
