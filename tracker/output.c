/* output.c - see output.h. */
#include "tracker/output.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/time_types.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/resource.h>

#include "tracker/bounded.h"
#include "tracker/clock.h"
#include "tracker/kernel.h"
#include "tracker/sys.h"

static atomic_bool theirs;
static int copy = -1;

void output_standard_error_is(bool the_programs) {
    atomic_store_explicit(&theirs, the_programs, memory_order_relaxed); /* a flag by itself */
}

void output_keep(void) {
    if (copy >= 0 || !atomic_load_explicit(&theirs, memory_order_relaxed))
        return;
    enum { HIGH = 1000 }; /* out of the way, and no strain on the kernel's table */
    struct rlimit limit = {0, 0};
    SYS(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit);
    long least = limit.rlim_cur > HIGH ? HIGH : limit.rlim_cur > 8 ? (long)limit.rlim_cur - 4 : 3;
    long made = SYS(SYS_fcntl, 2, F_DUPFD_CLOEXEC, least);
    copy = sys_failed(made) ? -1 : (int)made;
}

void output_closing(unsigned first, unsigned last) {
    if (copy >= 0 && (unsigned)copy >= first && (unsigned)copy <= last)
        copy = -1; /* whoever gets the number now is somebody else */
}

int output_descriptor(void) {
    if (copy >= 0 && kernel_is_open(copy))
        return copy;
    return atomic_load_explicit(&theirs, memory_order_relaxed) ? 2 : -1;
}

int output_own_descriptor(void) { return copy; }

/* What a write can raise: a reader that is gone, a file that may not grow (RLIMIT_FSIZE). The kernel's form of
 * a signal set: one word. */
static const uint64_t write_signals = 1ull << (SIGPIPE - 1) | 1ull << (SIGXFSZ - 1);

/* Takes the signal that our write raised, unless the program had one pending before. */
static void consume_signal(uint64_t pending) {
    struct __kernel_timespec none = {0, 0};
    uint64_t ours = write_signals & ~pending;
    SYS(SYS_rt_sigtimedwait, &ours, 0, &none, sizeof ours);
}

/* For where there can be no child (RLIMIT_NPROC): a pipe or a file cannot hold us up in this way. */
static bool write_here(int descriptor, const char *text, size_t bytes) {
    struct __kernel_timespec left = {2, 0}; /* in all: the kernel takes off what was waited (ppoll(2), NOTES) */
    while (bytes) {
        struct pollfd ready = {.fd = descriptor, .events = POLLOUT};
        long result = SYS(SYS_ppoll, &ready, 1, &left, 0, 0);
        if (result == -EINTR)
            continue;
        if (result == 0 || (result < 0 && result != -EINVAL)) /* too late; RLIMIT_NOFILE may be 0 */
            return false;
        if (ready.revents & (POLLERR | POLLNVAL)) /* nobody reads */
            return false;
        /* a pipe that is ready has room for this much without waiting (PIPE_BUF, pipe(7)) */
        size_t part = bytes < 4096 ? bytes : 4096;
        long written = SYS(SYS_write, descriptor, text, part);
        if (written == -EINTR || written == -EAGAIN)
            continue;
        if (written <= 0)
            return false;
        text += written;
        bytes -= (size_t)written;
    }
    return true;
}

bool output_write_here(int descriptor, const char *text, size_t bytes) {
    uint64_t before = 0, pending = 0;
    SYS(SYS_rt_sigprocmask, SIG_BLOCK, &write_signals, &before, sizeof before);
    SYS(SYS_rt_sigpending, &pending, sizeof pending);
    bool done = write_here(descriptor, text, bytes);
    if (!done)
        consume_signal(pending);
    SYS(SYS_rt_sigprocmask, SIG_SETMASK, &before, 0, sizeof before);
    return done;
}

struct words {
    int descriptor;
    const char *text;
    size_t bytes;
};

static int write_all(void *argument) {
    struct words *words = argument;
    while (words->bytes) {
        long written = SYS(SYS_write, words->descriptor, words->text, words->bytes);
        if (written == -EINTR)
            continue;
        if (written == -EAGAIN) { /* somebody made it non-blocking */
            struct pollfd ready = {.fd = words->descriptor, .events = POLLOUT};
            SYS(SYS_ppoll, &ready, 1, 0, 0, 0);
            continue;
        }
        if (written <= 0)
            return 1;
        words->text += written;
        words->bytes -= (size_t)written;
    }
    return 0;
}

/* Two seconds for all that a process says, and no second try: whoever does not read will not read more. */
bool output_write(int descriptor, const char *text, size_t bytes) {
    enum { PATIENCE = 2000 };
    static uint64_t spent; /* milliseconds */
    if (spent >= PATIENCE)
        return false;
    struct words words = {descriptor, text, bytes};
    uint64_t began = clock_coarse();
    int result = bounded_run(write_all, &words, PATIENCE - (int)spent);
    if (result == BOUNDED_NO_CHILD)
        result = !output_write_here(descriptor, text, bytes);
    spent = result ? PATIENCE : spent + (clock_coarse() - began) / 1000000;
    return result == 0;
}
