/* syscalls.c - syscall(2) for the numbers of syscalls.def. The trampoline in ARCH/entry.S passes all others on
 * without a frame of ours, as raw vfork, clone and rt_sigreturn need it. */
#include <linux/bpf.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>

#include "shim/context.h"
#include "shim/effects.h"
#include "shim/real.h"

/* One bit per number: looked at by the trampoline. */
uint64_t syscalls_traced[8] __attribute__((visibility("hidden")));

#define BEFORE_RELEASES_RANGE(first, last, flags)                                                              \
    bool closes = !(flags & CLOSE_RANGE_CLOEXEC);                                                              \
    if (flags & CLOSE_RANGE_UNSHARE)                                                                           \
        tracker_unshared();                                                                                    \
    if (closes)                                                                                                \
        range_begin(first, last, CALLER);
#define AFTER_RELEASES_RANGE(first, last, flags)                                                               \
    if (closes)                                                                                                \
        tracker_released_range(first, last, result == 0);

#define BEFORE_MAKES(request, argument)                                                                        \
    if (makes(request))                                                                                        \
        tracker_acquiring();
#define AFTER_MAKES(request, argument)                                                                         \
    if (makes(request))                                                                                        \
        made(request, (int)result, (void *)(argument), (int)a, call, CALLER);

#define BEFORE_RECEIVES(message, success, socket) tracker_acquiring();
#define AFTER_RECEIVES(message, success, socket)                                                               \
    if (success)                                                                                               \
        receive_from(message, socket, call, CALLER);                                                           \
    tracker_acquiring_over();

#define BEFORE_RECEIVES_MANY(messages, count, socket) tracker_acquiring();
#define AFTER_RECEIVES_MANY(messages, count, socket)                                                           \
    for (long i = 0; i < (count); i++)                                                                         \
        receive_from(&(messages)[i].msg_hdr, socket, call, CALLER);                                            \
    tracker_acquiring_over();

/* The others return a number of another sort, or nothing. */
static bool bpf_makes_descriptor(int command) {
    switch (command) {
    case BPF_MAP_CREATE:
    case BPF_PROG_LOAD:
    case BPF_OBJ_GET:
    case BPF_PROG_GET_FD_BY_ID:
    case BPF_MAP_GET_FD_BY_ID:
    case BPF_RAW_TRACEPOINT_OPEN:
    case BPF_BTF_LOAD:
    case BPF_BTF_GET_FD_BY_ID:
    case BPF_LINK_CREATE:
    case BPF_LINK_GET_FD_BY_ID:
    case BPF_ENABLE_STATS:
    case BPF_ITER_CREATE:
    case 36: /* BPF_TOKEN_CREATE, Linux 6.9 */
        return true;
    }
    return false;
}

#define BEFORE_SHRINKS(locks)                                                                                  \
    tracker_prepare();                                                                                         \
    if (locks)                                                                                                 \
        tracker_settled_down();
#define AFTER_SHRINKS(locks)                                                                                   \
    if (result == 0 && (locks))                                                                                \
        tracker_locked_down();

#define BEFORE_MOVES(may_have) BEFORE_SHRINKS(may_have)
#define AFTER_MOVES(may_have)                                                                                  \
    if (result == 0 && (may_have))                                                                             \
        tracker_root_changed();

#define BEFORE_EXECUTES tracker_executing();
#define AFTER_EXECUTES tracker_execute_failed();

#define BEFORE_ENDS(status) tracker_end(RECORD_END_EXIT_NOW, status & 0xff, false);
#define AFTER_ENDS(status)

/* One function per number keeps each effect's variables to itself; inlined, so that CALLER is the program. */
#define SYSTEM_CALL(number_name, effect)                                                                       \
    static inline __attribute__((always_inline)) long handle_##number_name(long number, long a, long b,        \
                                                                           long c, long d, long e, long f) {   \
        static const char call[] __attribute__((unused)) = #number_name;                                       \
        BEFORE_##effect long result = real.syscall(number, a, b, c, d, e, f);                                  \
        AFTER_##effect return result;                                                                          \
    }
#include "shim/syscalls.def"

/* Called by the trampoline, with the stack as the program's call left it. */
long syscalls_handle(long number, long a, long b, long c, long d, long e, long f)
    __attribute__((visibility("hidden")));
long syscalls_handle(long number, long a, long b, long c, long d, long e, long f) {
    if (!context_is_watched())
        return real.syscall ? real.syscall(number, a, b, c, d, e, f)
                            : context_raw_long(sys_call(number, a, b, c, d, e, f));
    switch (number) {
#define SYSTEM_CALL(number_name, effect)                                                                       \
    case number_name:                                                                                          \
        return handle_##number_name(number, a, b, c, d, e, f);
#include "shim/syscalls.def"
    }
    return real.syscall(number, a, b, c, d, e, f);
}

static void syscalls_start(void) {
#define SYSTEM_CALL(number_name, effect) syscalls_traced[number_name / 64] |= 1ull << (number_name % 64);
#include "shim/syscalls.def"
}
