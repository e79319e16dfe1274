/* processes.c - forks. libc's fork is seen through atfork handlers, which also covers the forks inside libc
 * (daemon, forkpty); _Fork runs no such handler. vfork, clone and syscall are in ARCH/entry.S; a child of a raw
 * clone finds out by itself when it first reports something. */
#include <sched.h>

#include "shim/context.h"
#include "shim/effects.h"
#include "shim/real.h"
#include "tracker/large.h"
#include "tracker/tracker.h"

FORK_CODE static void before_fork(void) {
    if (context_is_watched())
        tracker_fork_begin();
    else if (context_watching)
        tracker_fork_begin_untold();
}

FORK_CODE void context_shares(int32_t process) {
    context_sharing = process;
    context_plain = context_ready && context_watching && !process;
}

FORK_CODE static void after_fork_in_child(void) {
    context_vfork.base = context_vfork.depth;
    context_shares(0);
    if (context_watching)
        tracker_fork_child();
}

/* The handlers above run inside; what the parent learns only from the result is told here. */
EXPORT FORK_CODE pid_t fork(void) {
    if (!context_is_watched())
        return real.fork();
    pid_t child = real.fork();
    if (child != 0)
        tracker_fork_end(child);
    return child;
}

EXPORT FORK_CODE pid_t _Fork(void) {
    before_fork();
    pid_t child = real._Fork();
    if (child == 0)
        after_fork_in_child();
    else if (context_is_watched())
        tracker_fork_end(child);
    return child;
}

/* What daemons do first. */
EXPORT pid_t setsid(void) {
    if (context_is_watched())
        tracker_settled_down();
    return real.setsid();
}

/* The parent leaves from inside libc, where no wrapper is met any more: it is told to go before, as if another
 * image took over, and that it stays if the fork fails. The child runs the handler above. */
EXPORT int daemon(int keep_folder, int keep_streams) {
    if (!context_is_watched())
        return real.daemon(keep_folder, keep_streams);
    tracker_leaving();
    int result = real.daemon(keep_folder, keep_streams);
    if (result < 0)
        tracker_stayed();
    else if (!keep_streams)
        tracker_standard_error_is(true); /* /dev/null, put there with dup2 by libc */
    return result;
}

/* Only the process that set it, or a copy of it that a fork made, which is a process of its own. */
bool context_is_other_process(void) {
    if (tracker_is_locked_down() || SYS(SYS_getpid) == context_sharing)
        return false;
    if (!tracker_was_forked())
        return true;
    context_shares(0);
    return false;
}

static void clones(unsigned long flags) {
    if (flags & CLONE_THREAD)
        return tracker_thread_begin();
    if (flags & CLONE_FILES)
        tracker_descriptors_shared();
    if ((flags & CLONE_VM) && !(flags & CLONE_VFORK) && !context_sharing && !tracker_is_locked_down()) {
        tracker_prepare(); /* the record tells a copy of this memory from a child that shares it */
        context_shares((int32_t)SYS(SYS_getpid));
    }
}

static bool waits_for_child(int flags) {
    return (flags & (CLONE_VM | CLONE_VFORK | CLONE_THREAD)) == (CLONE_VM | CLONE_VFORK);
}

/* Called by entry.S before libc's clone. LIKE_VFORK: a child that runs in our memory while the parent waits. */
enum clone_sort { JUST_CLONE, LIKE_VFORK, WITH_PIDFD };
enum clone_sort processes_clone(int flags) __attribute__((visibility("hidden")));
enum clone_sort processes_clone(int flags) {
    if (!context_is_watched())
        return JUST_CLONE;
    clones((unsigned)flags);
    if (flags & CLONE_PIDFD)
        return WITH_PIDFD;
    return waits_for_child(flags) ? LIKE_VFORK : JUST_CLONE;
}

/* entry.S jumps here for WITH_PIDFD: the kernel writes the descriptor where `pidfd` points. The child has a
 * stack of its own and does not come back here. */
int processes_clone_with_pidfd(int (*function)(void *), void *stack, int flags, void *argument, int *pidfd,
                               void *tls, pid_t *child_id) __attribute__((visibility("hidden")));
int processes_clone_with_pidfd(int (*function)(void *), void *stack, int flags, void *argument, int *pidfd,
                               void *tls, pid_t *child_id) {
    bool waits = waits_for_child(flags);
    tracker_acquiring();
    context_vfork.depth += waits;
    int result = real.clone(function, stack, flags, argument, pidfd, tls, child_id);
    context_vfork.depth -= waits;
    if (context_is_watched())
        acquired(result > 0 ? *pidfd : -1, RECORD_KIND_PIDFD, "clone", CALLER, -1);
    return result;
}

/* True if a word can be read: the kernel looks at it, and refuses the rest of the call. */
static bool is_readable(const uint64_t *word) {
    return !tracker_is_locked_down() && SYS(SYS_rt_sigprocmask, -1, word, 0, sizeof *word) != -EFAULT;
}

/* What a raw clone or clone3 is asked for. */
struct raw_clone {
    uint64_t flags;
    int *pidfd; /* where the kernel puts it, NULL nowhere */
};

/* The structure of clone3 is the program's to get wrong: then the worst is assumed. */
static struct raw_clone raw_clone(long number, unsigned long first, unsigned long third) {
    if (number == SYS_clone)
        return (struct raw_clone){first, (int *)third};
    const uint64_t *words = (const uint64_t *)first; /* struct clone_args begins with flags and pidfd */
    if (number != SYS_clone3 || !is_readable(&words[0]) || !is_readable(&words[1]))
        return (struct raw_clone){CLONE_VM, NULL};
    return (struct raw_clone){words[0], (int *)words[1]};
}

/* Called by entry.S before a raw one. True: it goes on as processes_raw_clone_with_pidfd. A child that shares
 * our memory returns through its caller's frame, or on another stack: then there must be no frame of ours, and
 * a pidfd goes unseen. */
bool processes_raw_clone(long number, unsigned long first, unsigned long second, unsigned long third)
    __attribute__((visibility("hidden")));
bool processes_raw_clone(long number, unsigned long first, unsigned long second, unsigned long third) {
    if (!context_is_watched())
        return false;
    struct raw_clone clone = raw_clone(number, first, third);
    bool shares_memory = clone.flags & CLONE_VM;
    clones(clone.flags & CLONE_THREAD || !shares_memory ? clone.flags : CLONE_VM);
    return clone.flags & CLONE_PIDFD && clone.pidfd && !shares_memory;
}

long processes_raw_clone_with_pidfd(long number, long a, long b, long c, long d, long e, long f)
    __attribute__((visibility("hidden")));
long processes_raw_clone_with_pidfd(long number, long a, long b, long c, long d, long e, long f) {
    struct raw_clone clone = raw_clone(number, (unsigned long)a, (unsigned long)c);
    long result = real.syscall(number, a, b, c, d, e, f);
    if (result > 0 && clone.pidfd && context_is_watched())
        tracker_acquired(*clone.pidfd, RECORD_KIND_PIDFD, number == SYS_clone ? "SYS_clone" : "SYS_clone3",
                         CALLER, -1, NULL);
    return result;
}
