/* renderer.c - see renderer.h.
 *
 * The program must not notice. A child whose end would raise SIGCHLD runs the program's handler after exit;
 * with SIGCHLD ignored its status is lost; and exec gives every child SIGCHLD as its signal. So there are two:
 * the one between sends no signal at its end, executes nothing, waits for the tool and tells its status through
 * a pipe. Both share our memory, which costs no copy of it, and run on stacks of their own with all signals
 * blocked; they make system calls only.
 */
#include "tracker/renderer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/time_types.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tracker/clone.h"
#include "tracker/large.h"
#include "tracker/modules.h"
#include "tracker/output.h"
#include "tracker/probe.h"
#include "tracker/record.h"
#include "tracker/settings.h"
#include "tracker/signals.h"
#include "tracker/sys.h"
#include "tracker/text.h"
#include "tracker/turn.h"

extern char **environ;

enum { STACK_BYTES = 16384, ENVIRONMENT = 512, RENDER_SECONDS = 10, WRITE_SECONDS = 5, FINDINGS = 23 };

/* What the two children find in the memory they share with us. */
static struct {
    char tool[PATH_MAX];
    const char *arguments[5];
    const char *environment[ENVIRONMENT + 1];
    char options[SETTINGS_OPTION_BYTES + 32];
    int output;              /* becomes descriptor 2, or -1 */
    int record;              /* becomes descriptor 0: the record itself where it has no file, or -1 */
    int pipe[2];             /* becomes descriptor 3 of the tool; tells us that it writes, and its end */
    _Atomic int tool_status; /* wait status; -1 not known yet */
} job LARGE;

/* What this process has open meanwhile; -1 before it is closed, since a fork may come at any time. */
enum { FROM_TOOL, TO_US, RECORD, DESCRIPTORS };
static int open_here[DESCRIPTORS] = {-1, -1, -1};

static void close_here(int which) {
    int descriptor = open_here[which];
    open_here[which] = -1;
    atomic_signal_fence(memory_order_seq_cst);
    if (descriptor >= 0)
        SYS(SYS_close, descriptor);
}

static LARGE _Alignas(16) char between_stack[STACK_BYTES], tool_stack[STACK_BYTES];

/* ---- the tool ---------------------------------------------------------------------------------------------
 */

static bool executable(const char *path) { return SYS(SYS_access, path, 1 /* X_OK */) == 0; }

static bool elsewhere;

void renderer_root_changed(void) { elsewhere = true; }

/* Beside the library (the build tree), else where `make install` puts it. Not if the same path may lead to
 * another file by now: what lies in somebody's jail is not to be run with the program's rights. */
static bool find_tool(void) {
    if (elsewhere)
        return false;
    static const char *const places[] = {"leftopen", "../bin/leftopen", "../../bin/leftopen",
                                         "../../../bin/leftopen"};
    const char *library = modules_own_path();
    size_t folder = (size_t)(text_base_name(library) - library);
    for (size_t i = 0; folder && i < sizeof places / sizeof places[0]; i++) {
        struct text path = TEXT_IN(job.tool);
        text_bytes(&path, library, folder);
        text_string(&path, places[i]);
        if (!path.cut && executable(job.tool))
            return true;
    }
    return false;
}

/* Programs put memory into their environment that is gone by now (putenv in a plugin). */
static bool readable_entry(probe_page *known, char **entry) {
    return entry && probe_bytes(known, entry, sizeof *entry) && *entry && probe_text(known, *entry);
}

/* The program's own, without what would change the tool: the loader's variables would preload us again or hand
 * it the program's libraries. */
static void make_environment(void) {
    size_t count = 0;
    struct text options = TEXT_IN(job.options);
    text_string(&options, "LEFTOPEN_OPTIONS=");
    text_string(&options, settings.options);
    job.environment[count++] = job.options;
    probe_page known = 0;
    for (char **entry = environ; readable_entry(&known, entry) && count < ENVIRONMENT; entry++)
        if (!text_starts(*entry, "LD_") && !text_starts(*entry, "LEFTOPEN_OPTIONS=") &&
            !text_starts(*entry, "GLIBC_TUNABLES="))
            job.environment[count++] = *entry;
    job.environment[count] = NULL;
}

/* dup3 onto descriptors 0, 2 and 3, all others closed. Sources may lie in the way: they are moved up first. */
static bool arrange_descriptors(void) {
    int sources[4] = {job.record, -1, job.output, job.pipe[1]};
    for (int i = 0; i < 4; i++) {
        if (sources[i] < 0)
            continue;
        sources[i] = (int)SYS(SYS_fcntl, sources[i], F_DUPFD, 4);
        if (sources[i] < 0)
            return false; /* RLIMIT_NOFILE: the tool could not be heard */
    }
    for (int i = 0; i < 4; i++) {
        if (sources[i] >= 0)
            SYS(SYS_dup3, sources[i], i, 0);
        else
            SYS(SYS_close, i);
    }
    for (int i = 0; i < 3; i++)
        if (sources[i] < 0) /* the tool expects its standard descriptors to be open */
            SYS(SYS_open, "/dev/null", O_RDWR);
    SYS(SYS_close_range, 4, ~0u, 0);
    return true;
}

static int run_tool(void *nothing) {
    SYS(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    SYS(SYS_execve, job.tool, job.arguments, job.environment);
    SYS(SYS_exit_group, 127);
    return 0;
}

/* Its descriptor table is its own (no CLONE_FILES), and what the tool does not need is closed here, too: a
 * program that only asked for a report goes on meanwhile, and others wait for the end of its pipes. */
static int run_between(void *nothing) {
    long tool = -EMFILE;
    if (arrange_descriptors())
        tool = clone_with_stack(run_tool, tool_stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
    int status = 127 << 8;
    if (!sys_failed(tool)) {
        while (SYS(SYS_wait4, tool, &status, 0, 0) == -EINTR)
            ;
    }
    atomic_store_explicit(&job.tool_status, status, memory_order_release); /* read after the pipe's end */
    SYS(SYS_exit, 0);
    return 0;
}

/* ---- us ---------------------------------------------------------------------------------------------------
 */

/* Reads the pipe until its end or until patience is gone. True if the tool began to write. */
static bool listen(bool *in_time) {
    bool wrote = false;
    int patience = RENDER_SECONDS * 10;
    *in_time = true;
    for (;;) {
        struct pollfd ready = {.fd = job.pipe[0], .events = POLLIN};
        struct __kernel_timespec wait = {0, 100000000};
        long result = SYS(SYS_ppoll, &ready, 1, &wait, 0, 0);
        /* a fork of another thread may have got the other end, and keep it */
        if (result == 0 && atomic_load_explicit(&job.tool_status, memory_order_acquire) >= 0)
            return wrote;
        if (result == 0 && --patience == 0) {
            *in_time = false;
            return wrote;
        }
        if (result <= 0)
            continue;
        char byte;
        long got = SYS(SYS_read, job.pipe[0], &byte, 1);
        if (got <= 0)
            return wrote;
        wrote = true;
        patience = WRITE_SECONDS * 10;
    }
}

static enum renderer_verdict verdict_of(int status, bool wrote) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return RENDERER_CLEAN;
    if (WIFEXITED(status) && WEXITSTATUS(status) == FINDINGS)
        return RENDERER_FINDINGS;
    return wrote ? RENDERER_BROKEN : RENDERER_FAILED;
}

static enum renderer_verdict run(void) {
    if (SYS(SYS_pipe2, open_here, O_CLOEXEC))
        return RENDERER_FAILED;
    job.pipe[0] = open_here[FROM_TOOL];
    job.pipe[1] = open_here[TO_US];
    atomic_store_explicit(&job.tool_status, -1, memory_order_relaxed);
    long between = clone_beside(run_between, between_stack + STACK_BYTES, NULL);
    close_here(TO_US);
    bool wrote = false, in_time = false;
    if (!sys_failed(between)) {
        wrote = listen(&in_time);
        if (!in_time)
            SYS(SYS_kill, between, SIGKILL); /* the tool dies with it, whatever its pid is in its namespace */
        /* its stack is ours: it must be gone before we go on */
        while (SYS(SYS_wait4, between, 0, __WCLONE, 0) == -EINTR)
            ;
    }
    close_here(FROM_TOOL);
    int status = atomic_load_explicit(&job.tool_status, memory_order_acquire);
    return status < 0 ? RENDERER_FAILED : verdict_of(status, wrote);
}

/* After a change of user or root the file may be out of the tool's reach, as it is out of ours. */
static bool record_can_be_opened(void) {
    long file = record_path()[0] ? SYS(SYS_open, record_path(), O_RDONLY | O_CLOEXEC) : -1;
    if (sys_failed(file))
        return false;
    SYS(SYS_close, file);
    return true;
}

/* A record without a file is handed over as one that has no name. */
static int record_descriptor(void) {
    long memory = SYS(SYS_memfd_create, "leftopen", 1 /* MFD_CLOEXEC */);
    if (sys_failed(memory))
        return -1;
    open_here[RECORD] = (int)memory;
    if (record_write((int)memory) == 0 && SYS(SYS_lseek, memory, 0, 0) == 0)
        return (int)memory;
    close_here(RECORD);
    return -1;
}

static enum renderer_verdict render(int descriptor) {
    if (!find_tool())
        return RENDERER_FAILED;
    make_environment();
    job.output = descriptor;
    bool by_name = record_can_be_opened();
    job.record = by_name ? -1 : record_descriptor();
    if (!by_name && job.record < 0)
        return RENDERER_FAILED;
    job.arguments[0] = "leftopen";
    job.arguments[1] = "report";
    job.arguments[2] = "--exit-pass";
    job.arguments[3] = by_name ? record_path() : "-";
    job.arguments[4] = NULL;
    enum renderer_verdict verdict = run();
    close_here(RECORD);
    return verdict;
}

static struct turn running; /* the job */

static enum renderer_verdict render_in_turn(int descriptor) {
    if (!turn_take_soon(&running))
        return RENDERER_FAILED;
    enum renderer_verdict verdict = render(descriptor);
    turn_give(&running);
    return verdict;
}

/* A signal handler must not jump out of it, nor fork in the middle. */
enum renderer_verdict renderer_run(int descriptor) {
    uint64_t signals = signals_block();
    enum renderer_verdict verdict = render_in_turn(descriptor);
    signals_unblock(signals);
    return verdict;
}

void renderer_forked(bool shares_descriptors) {
    for (int which = 0; which < DESCRIPTORS && !shares_descriptors; which++)
        close_here(which);
}
