/* probe.c - see probe.h. rt_sigprocmask with an operation that does not exist reads the set before it looks at
 * the operation (kernel/signal.c): EFAULT means unreadable, EINVAL readable, and nothing is changed. */
#include "tracker/probe.h"

#include <errno.h>
#include <sys/uio.h>

#include "tracker/lockdown.h"
#include "tracker/sys.h"
#include "tracker/valgrind.h"

enum { PAGE = 4096 };

/* Valgrind does not look at a set whose operation does not exist, and complains of it. */
static long read_by_copy(uintptr_t page) {
    uint64_t word;
    struct iovec here = {&word, sizeof word}, there = {(void *)page, sizeof word};
    return SYS(SYS_process_vm_readv, SYS(SYS_getpid), &here, 1, &there, 1, 0);
}

long probe_word(uintptr_t at) {
    return valgrind_runs_us() ? read_by_copy(at) : SYS(SYS_rt_sigprocmask, ~0, at, 0, 8);
}

probe_page probe_page_of(const void *at) { return (uintptr_t)at / PAGE * PAGE; }

static bool readable(probe_page *known, uintptr_t page) {
    if (page < PAGE) /* never mapped, and taken for "no set" by the kernel */
        return false;
    if (page == *known)
        return true;
    if (lockdown_is_on() || probe_word(page) == -EFAULT)
        return false;
    *known = page;
    return true;
}

bool probe_bytes(probe_page *known, const void *at, uintptr_t bytes) {
    uintptr_t end = (uintptr_t)at + bytes;
    for (probe_page page = probe_page_of(at); page < end; page += PAGE)
        if (!readable(known, page))
            return false;
    return true;
}

bool probe_text(probe_page *known, const char *text) {
    for (;; text++) {
        if (!readable(known, probe_page_of(text)))
            return false;
        if (!*text)
            return true;
    }
}
