/* messages.c - descriptors that arrive in control messages (SCM_RIGHTS, SCM_PIDFD). The kernel has installed
 * what it tells, no more: a cut message (MSG_CTRUNC) tells fewer, and a peek (MSG_PEEK) installs as well. */
#include <string.h>

#include "shim/context.h"
#include "shim/effects.h"
#include "shim/real.h"

#ifndef SCM_PIDFD
#define SCM_PIDFD 0x04 /* Linux 6.5 */
#endif

static void received(const struct cmsghdr *control, size_t bytes, int socket, const char *call,
                     uintptr_t caller) {
    if (control->cmsg_level != SOL_SOCKET ||
        (control->cmsg_type != SCM_RIGHTS && control->cmsg_type != SCM_PIDFD))
        return;
    enum record_kind kind = control->cmsg_type == SCM_PIDFD ? RECORD_KIND_PIDFD : RECORD_KIND_DESCRIPTOR;
    const int *fds = (const int *)CMSG_DATA(control);
    for (size_t i = 0; i < (bytes - CMSG_LEN(0)) / sizeof *fds; i++)
        tracker_acquired(fds[i], kind, call, caller, socket, NULL);
}

/* Walks the messages as far as `msg_controllen` says that the kernel wrote, whatever lengths they claim. */
static void receive_from(const struct msghdr *message, int socket, const char *call, uintptr_t caller) {
    const char *at = message->msg_control;
    size_t left = at ? message->msg_controllen : 0;
    while (left >= sizeof(struct cmsghdr)) {
        const struct cmsghdr *control = (const struct cmsghdr *)at;
        size_t bytes = control->cmsg_len < left ? control->cmsg_len : left;
        if (bytes < CMSG_LEN(0))
            return;
        received(control, bytes, socket, call, caller);
        size_t step = CMSG_ALIGN(bytes);
        if (step >= left)
            return;
        at += step;
        left -= step;
    }
}

EXPORT ssize_t recvmsg(int socket, struct msghdr *message, int flags) {
    if (!context_is_watched())
        return real.recvmsg ? real.recvmsg(socket, message, flags) : RAW(SYS_recvmsg, socket, message, flags);
    tracker_acquiring();
    ssize_t result = real.recvmsg(socket, message, flags);
    if (result >= 0)
        receive_from(message, socket, "recvmsg", CALLER);
    was_used(result < 0, socket, "recvmsg", CALLER);
    tracker_acquiring_over();
    return result;
}

EXPORT int recvmmsg(int socket, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *patience) {
    if (!context_is_watched())
        return real.recvmmsg ? real.recvmmsg(socket, messages, count, flags, patience)
                             : RAW(SYS_recvmmsg, socket, messages, count, flags, patience);
    tracker_acquiring();
    int result = real.recvmmsg(socket, messages, count, flags, patience);
    for (int i = 0; i < result; i++)
        receive_from(&messages[i].msg_hdr, socket, "recvmmsg", CALLER);
    was_used(result < 0, socket, "recvmmsg", CALLER);
    tracker_acquiring_over();
    return result;
}
