/* child.c - see child.h.
 *
 * All signals are blocked while the program runs and taken one by one with sigwaitinfo(): no handler, nothing
 * asynchronous, and siginfo_t tells who sent a signal. The program stays in our process group, so what the
 * terminal sends reaches it without us. */
#include "tools/commands/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/commands/stop.h"

/* With vfork the child's errno is visible at once and no descriptor is needed to bring it over. */
static int start(struct child *child, const struct target *target, char **argv, char **shell_argv,
                 const struct sigaction *at_child_end) {
    volatile int error = 0;
    child->pid = vfork();
    if (child->pid == 0) {
        sigaction(SIGCHLD, at_child_end, NULL);
        sigprocmask(SIG_SETMASK, &child->mask, NULL);
        error = target_execute(target, argv, shell_argv);
        _exit(EXIT_FAILURE);
    }
    if (child->pid < 0)
        return errno;
    if (error)
        waitpid(child->pid, NULL, 0);
    return error;
}

int child_start(struct child *child, const struct target *target, char **argv) {
    sigset_t all;
    struct sigaction inherited, standard = {.sa_handler = SIG_DFL};
    char **shell_argv = target_shell_arguments(target, argv);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &child->mask);
    sigaction(SIGCHLD, &standard, &inherited); /* where it is ignored the kernel keeps no wait status */
    int error = start(child, target, argv, shell_argv, &inherited);
    free(shell_argv);
    if (error)
        sigprocmask(SIG_SETMASK, &child->mask, NULL);
    return error;
}

static void close_from_to(int first, int last) {
    if (first <= last)
        close_range((unsigned)first, (unsigned)last, 0);
}

void child_leave_descriptors(int kept) {
    bool has_standard_error = fcntl(STDERR_FILENO, F_GETFD) >= 0 && kept != STDERR_FILENO;
    close_from_to(STDERR_FILENO + 1, kept - 1);
    close_from_to((kept > STDERR_FILENO ? kept : STDERR_FILENO) + 1, INT_MAX);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0) {
        close(STDIN_FILENO);
        close(STDOUT_FILENO);
        return;
    }
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    if (!has_standard_error)
        dup2(nothing, STDERR_FILENO); /* else the next file to be opened would be taken for it */
    if (nothing > STDERR_FILENO)
        close(nothing);
}

/* A timer or an alarm survives exec, so the caller may have set it for the program. A hangup reaches the
 * session's leader alone, which the program would be without us. All else that the kernel sends is for us, or
 * reaches the whole process group: the terminal's keys. */
static bool kernel_means_program(int number) {
    switch (number) {
    case SIGALRM:
    case SIGVTALRM:
    case SIGPROF:
        return true;
    case SIGHUP:
        return getsid(0) == getpid();
    default:
        return false;
    }
}

/* A shell continues the whole group at once; the program then has its signal already. */
static bool is_continued(const struct child *child) {
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)child->pid, &info, WCONTINUED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child->pid;
}

static bool is_for_program(const struct child *child, const siginfo_t *info) {
    if (info->si_signo == SIGCHLD)
        return false;
    if (info->si_code > 0)
        return kernel_means_program(info->si_signo);
    if (info->si_pid == child->pid || info->si_pid == getpid())
        return false; /* our own: SIGPIPE, where the reader of standard error is gone */
    return info->si_signo != SIGCONT || !is_continued(child);
}

static void forward(const struct child *child, const siginfo_t *info) {
    if (info->si_code == SI_QUEUE)
        sigqueue(child->pid, info->si_signo, info->si_value);
    else
        kill(child->pid, info->si_signo);
}

/* Takes what the program's state has changed to; true if it has ended. */
static bool has_ended(const struct child *child, int *status) {
    for (;;) {
        pid_t changed = waitpid(child->pid, status, WUNTRACED | WCONTINUED | WNOHANG);
        if (changed == 0 || (changed < 0 && errno == EINTR))
            return false;
        if (changed < 0 || WIFEXITED(*status) || WIFSIGNALED(*status))
            return true;
        if (WIFSTOPPED(*status))
            stop_like(child->pid);
    }
}

/* The terminal sends to the whole group before one member can end, so whatever it sent is here by now. */
static void drop_pending(void) {
    sigset_t all;
    sigfillset(&all);
    while (sigtimedwait(&all, NULL, &(struct timespec){0}) > 0)
        ;
}

/* Takes one signal, waiting no longer than that; -1: as long as it takes. False: none came. */
static bool take_signal(siginfo_t *info, int milliseconds) {
    sigset_t all;
    sigfillset(&all);
    if (milliseconds < 0)
        return sigwaitinfo(&all, info) > 0;
    struct timespec wait = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    return sigtimedwait(&all, info, &wait) > 0;
}

int child_wait(struct child *child, int (*attend)(void *context), void *context) {
    int status = 0;
    while (!has_ended(child, &status)) {
        siginfo_t info;
        if (take_signal(&info, attend ? attend(context) : -1) && is_for_program(child, &info))
            forward(child, &info);
    }
    drop_pending();
    sigprocmask(SIG_SETMASK, &child->mask, NULL);
    return status;
}

static void end_by(int number) {
    sigset_t only;
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* a core_pattern with a pipe does not ask for the limit */
    sigaction(number, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    sigemptyset(&only);
    sigaddset(&only, number);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    raise(number);
}

int child_end_like(int status) {
    if (!WIFSIGNALED(status))
        return WEXITSTATUS(status);
    end_by(WTERMSIG(status));
    return 128 + WTERMSIG(status); /* what a shell would make of it */
}
