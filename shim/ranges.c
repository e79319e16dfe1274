/* ranges.c - close_range and closefrom: passed on as they are, whatever the range; the table walks its own
 * entries. */
#include <linux/close_range.h>

#include "shim/context.h"
#include "shim/effects.h"
#include "shim/real.h"

static void range_begin(unsigned first, unsigned last, uintptr_t caller) {
    if (first <= STDERR_FILENO && last >= STDERR_FILENO)
        tracker_standard_error_is(false);
    tracker_releasing_range(first, last, caller);
}

EXPORT int close_range(unsigned first, unsigned last, int flags) {
    if (!context_is_watched())
        return real.close_range ? real.close_range(first, last, flags)
                                : RAW(SYS_close_range, first, last, flags);
    if (flags & CLOSE_RANGE_UNSHARE)
        tracker_unshared(); /* of a threaded process, only this thread's descriptors are meant */
    if (flags & CLOSE_RANGE_CLOEXEC)
        return real.close_range(first, last, flags); /* closes nothing now */
    range_begin(first, last, CALLER);
    int result = real.close_range(first, last, flags);
    tracker_released_range(first, last, result == 0);
    return result;
}

EXPORT void closefrom(int first) {
    if (!context_is_watched()) {
        if (real.closefrom)
            real.closefrom(first);
        return;
    }
    unsigned from = first < 0 ? 0 : (unsigned)first;
    range_begin(from, ~0u, CALLER);
    real.closefrom(first);
    tracker_released_range(from, ~0u, true);
}
