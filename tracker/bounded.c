/* bounded.c - see bounded.h. */
#include "tracker/bounded.h"

#include <errno.h>
#include <linux/time_types.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

#include "tracker/clone.h"
#include "tracker/signals.h"
#include "tracker/large.h"
#include "tracker/sys.h"

enum { STACK_BYTES = 16384 };
static LARGE _Alignas(16) char stack[STACK_BYTES];

/* Short waits at first: most work takes less than one. */
static long wait_for(long child, int milliseconds, int *status) {
    long waited = 0;
    for (long step = 50000; waited < milliseconds * 1000000l; step = step < 5000000 ? step * 2 : step) {
        long result = SYS(SYS_wait4, child, status, __WCLONE | WNOHANG, 0);
        if (result)
            return result;
        struct __kernel_timespec pause = {0, step};
        SYS(SYS_nanosleep, &pause, 0);
        waited += step;
    }
    return 0;
}

int bounded_run(int (*work)(void *), void *argument, int milliseconds) {
    int status = -1;
    uint64_t signals = signals_block();
    long child = clone_beside(work, stack + STACK_BYTES, argument);
    if (!sys_failed(child) && wait_for(child, milliseconds, &status) == 0) {
        SYS(SYS_kill, child, SIGKILL);
        /* its stack is ours: it must be gone before we go on */
        while (SYS(SYS_wait4, child, &status, __WCLONE, 0) == -EINTR)
            ;
        status = -1;
    }
    signals_unblock(signals);
    if (sys_failed(child))
        return BOUNDED_NO_CHILD;
    return status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : BOUNDED_TOO_LONG;
}
