/* probe.c - see probe.h. rt_sigprocmask with an operation that does not exist reads the set before it looks at
 * the operation (kernel/signal.c): EFAULT means unreadable, EINVAL readable, and nothing is changed. */
#include "tracker/probe.h"

#include <errno.h>

#include "tracker/lockdown.h"
#include "tracker/sys.h"

enum { PAGE = 4096 };

static bool readable(probe_page *known, uintptr_t page) {
    if (page < PAGE) /* never mapped, and taken for "no set" by the kernel */
        return false;
    if (page == *known)
        return true;
    if (lockdown_is_on() || SYS(SYS_rt_sigprocmask, ~0, page, 0, 8) == -EFAULT)
        return false;
    *known = page;
    return true;
}

bool probe_bytes(probe_page *known, const void *at, uintptr_t bytes) {
    uintptr_t end = (uintptr_t)at + bytes;
    for (uintptr_t page = (uintptr_t)at / PAGE * PAGE; page < end; page += PAGE)
        if (!readable(known, page))
            return false;
    return true;
}

bool probe_text(probe_page *known, const char *text) {
    for (;; text++) {
        if (!readable(known, (uintptr_t)text / PAGE * PAGE))
            return false;
        if (!*text)
            return true;
    }
}
