/* signals.h - moments that no signal handler of the program's comes into, nor jumps out of. */
#ifndef TRACKER_SIGNALS_H
#define TRACKER_SIGNALS_H

#include <signal.h>
#include <stdint.h>

#include "tracker/sys.h"

/* Any context but a lockdown. Returns what signals_unblock takes; the two may be nested. */
static inline uint64_t signals_block(void) {
    uint64_t all = ~0ull, before = 0; /* the kernel's form of a signal set: one word */
    SYS(SYS_rt_sigprocmask, SIG_BLOCK, &all, &before, sizeof all);
    return before;
}

static inline void signals_unblock(uint64_t before) {
    SYS(SYS_rt_sigprocmask, SIG_SETMASK, &before, 0, sizeof before);
}

#endif
