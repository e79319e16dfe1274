/* fences.c - calls after which the world may have shrunk: no /proc, no folder for records, another user, or a
 * filter that kills. What needs the world is done before they are passed on. */
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "shim/context.h"
#include "shim/real.h"
#include "tracker/tracker.h"

static void prepare(void) {
    if (context_is_watched())
        tracker_prepare();
}

/* Before calls after which no file can be made any more: a fork child's record may have none yet. */
static void prepare_for_good(void) {
    prepare();
    if (context_is_watched())
        tracker_settled_down();
}

/* After a call that may have changed what paths mean. */
static int moved(int result, bool may_have) {
    if (result == 0 && may_have && context_is_watched())
        tracker_root_changed();
    return result;
}

EXPORT int prctl(int option, ...) {
    va_list list;
    va_start(list, option);
    unsigned long a = va_arg(list, unsigned long), b = va_arg(list, unsigned long);
    unsigned long c = va_arg(list, unsigned long), d = va_arg(list, unsigned long);
    va_end(list);
    bool watched = context_is_watched();
    if (option != PR_SET_SECCOMP)
        return real.prctl ? real.prctl(option, a, b, c, d) : RAW(SYS_prctl, option, a, b, c, d);
    prepare_for_good();
    int result = real.prctl(option, a, b, c, d);
    if (result == 0 && watched)
        tracker_locked_down();
    return result;
}

EXPORT int chroot(const char *path) {
    prepare_for_good();
    return moved(real.chroot(path), true);
}

EXPORT int setuid(uid_t user) {
    prepare();
    return real.setuid(user);
}

EXPORT int seteuid(uid_t user) {
    prepare();
    return real.seteuid(user);
}

EXPORT int setreuid(uid_t real_user, uid_t effective) {
    prepare();
    return real.setreuid(real_user, effective);
}

EXPORT int setresuid(uid_t real_user, uid_t effective, uid_t saved) {
    prepare();
    return real.setresuid(real_user, effective, saved);
}

EXPORT int unshare(int flags) {
    prepare();
    int result = real.unshare(flags);
    if (result == 0 && flags & CLONE_FILES && context_is_watched())
        tracker_unshared();
    return moved(result, flags & (CLONE_NEWNS | CLONE_NEWUSER));
}

EXPORT int setns(int fd, int type) {
    prepare();
    return moved(real.setns(fd, type), true);
}
