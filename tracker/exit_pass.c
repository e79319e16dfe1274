/* exit_pass.c - see exit_pass.h.
 *
 * Order: facts to the record, flush, release, outcomes, report. With other threads alive nothing may be taken
 * from under them: facts, flush, report, and then the process ends at once: exit_group stops the threads before
 * the kernel closes what they use, and that is the release. A close of ours, however late, could still make a
 * thread meet EBADF.
 */
#include "tracker/exit_pass.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/time_types.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "tracker/clock.h"
#include "tracker/details.h"
#include "tracker/findings.h"
#include "tracker/kernel.h"
#include "tracker/lockdown.h"
#include "tracker/misuse.h"
#include "tracker/modules.h"
#include "tracker/numbers.h"
#include "tracker/output.h"
#include "tracker/own_script.h"
#include "tracker/parent.h"
#include "tracker/passing.h"
#include "tracker/probe.h"
#include "tracker/raw_report.h"
#include "tracker/record.h"
#include "tracker/renderer.h"
#include "tracker/settings.h"
#include "tracker/shortage.h"
#include "tracker/slot.h"
#include "tracker/sys.h"
#include "tracker/text.h"
#include "tracker/threads.h"
#include "tracker/tracker.h"

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)
#define STORE(place, value) atomic_store_explicit(place, value, memory_order_relaxed)

enum {
    DETAILS = 256,         /* handles of which the kernel is asked, whatever their site */
    DETAILS_OF_A_SITE = 10 /* beyond that, and asked for their state: as many as a text report shows */
};

static int (*flush_streams)(void);
static int (*flush_stream)(void *stream, size_t *bytes);
static size_t stream_bytes;             /* that flush_stream may read */
static _Atomic uintptr_t ending_caller; /* where the program began to end, 0 unknown */
static atomic_int begun;                /* the thread that makes the pass */
static atomic_bool finished;

static atomic_bool shared; /* our descriptors are another process's as well */

void exit_pass_leave_to_kernel(void) { atomic_store_explicit(&shared, true, memory_order_relaxed); }

bool exit_pass_is_left_to_kernel(void) { return atomic_load_explicit(&shared, memory_order_relaxed); }

/* A thread of the parent was in the pass, or had made it: not this process's. */
void exit_pass_forked(void) {
    atomic_store_explicit(&begun, 0, memory_order_relaxed);
    atomic_store_explicit(&finished, false, memory_order_relaxed);
}

void exit_pass_root_changed(void) { renderer_root_changed(); }

void exit_pass_closing(unsigned first, unsigned last) { output_closing(first, last); }

void exit_pass_configure(const struct tracker_start *start) {
    flush_streams = start->flush_streams;
    flush_stream = start->flush_stream;
    stream_bytes = start->stream_bytes;
}

/* ---- facts ------------------------------------------------------------------------------------------------
 */

void exit_pass_note_end(enum record_end end, int status) {
    struct record_header *header = record_header();
    uint64_t now = clock_coarse();
    /* the realtime of the end: a date would jump with the clock, the difference does not */
    STORE(&header->ended_monotonic, now);
    STORE(&header->ended_realtime, header->started_realtime + (now - header->started_monotonic));
    STORE(&header->status, status);
    STORE(&header->end, end);
}

static void passed(enum record_pass step) {
    /* release: what the step wrote comes before the bit that says so */
    atomic_fetch_or_explicit(&record_header()->pass, step, memory_order_release);
}

static void write_limits(void) {
    struct rlimit limit = {0, 0};
    if (SYS(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit))
        return;
    STORE(&record_header()->limit_soft, limit.rlim_cur);
    STORE(&record_header()->limit_hard, limit.rlim_max);
}

/* True for the first ones of a site. */
static bool is_early(const struct finding *finding) {
    if (!finding->stack)
        return false;
    struct record_stack *stack = record_at((uint64_t)finding->stack * RECORD_UNIT);
    return atomic_fetch_add_explicit(&stack->details, 1, memory_order_relaxed) < DETAILS_OF_A_SITE;
}

/* The kernel's number of a timer, -1 if it is none, or one that libc runs a thread for and knows by an address.
 */
static int timer_of(const struct finding *finding) {
    uint64_t number = LOAD(&finding->slot->object) & ~RECORD_TIMER;
    return finding->kind == RECORD_KIND_TIMER && number <= INT_MAX ? (int)number : -1;
}

static void ask_timer(const struct finding *finding, int timer) {
    struct details_request request = {.number = timer, .is_timer = true, .sequence = finding->sequence};
    STORE(&finding->slot->detail, details_keep(&request));
}

static void ask_detail(const struct finding *finding, bool with_state) {
    bool has_child = finding->kind == RECORD_KIND_PROCESS;
    struct details_request request = {.number = finding->number,
                                      .sequence = finding->sequence,
                                      .with_state = with_state,
                                      .child = has_child ? LOAD(&finding->slot->owner_pid) : 0};
    STORE(&finding->slot->detail, details_keep(&request));
}

static void ask_details(struct findings *findings) {
    size_t asked = 0;
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        int timer = timer_of(finding);
        bool has_state = finding->number >= 0 || timer >= 0, early = has_state && is_early(finding);
        if (!has_state || (asked >= DETAILS && !early))
            continue;
        if (timer >= 0)
            ask_timer(finding, timer);
        else
            ask_detail(finding, early && asked < DETAILS);
        asked++;
    }
    threads_refresh_names();
    passed(RECORD_PASS_DETAILS);
}

/* ---- release ----------------------------------------------------------------------------------------------
 */

static bool is_file_stream(const struct finding *finding) {
    return finding->kind == RECORD_KIND_STREAM || finding->kind == RECORD_KIND_PROCESS;
}

static bool is_stream(const struct finding *finding) {
    return is_file_stream(finding) || finding->kind == RECORD_KIND_DIRSTREAM;
}

static bool is_to_be_released(const struct finding *finding) {
    if (settings.release == RELEASE_NONE)
        return false;
    return settings.release == RELEASE_ALL || is_stream(finding);
}

/* What a forgotten stream cannot write out is lost with it, and nobody else will ever tell. */
static void tell_lost(const struct finding *finding, int error, size_t bytes) {
    const struct record_slot *slot = finding->slot;
    uintptr_t caller = LOAD(&ending_caller);
    if (!caller)
        return;
    if (error == EBADF && LOAD(&slot->flags) & RECORD_SLOT_SHARED)
        misuse_data_lost(finding->stack, finding->kind, -1, LOAD(&slot->closer), bytes, "exit", caller);
    else
        misuse_close_failed(finding->stack, finding->kind, -1, error, bytes, "exit", caller);
}

static void flush_one(const struct finding *finding, probe_page *known) {
    void *stream = (void *)LOAD(&finding->slot->object);
    if (!flush_stream || !probe_bytes(known, stream, stream_bytes))
        return; /* closed where nobody saw it */
    size_t bytes = 0;
    int error = flush_stream(stream, &bytes);
    if (bytes)
        *known = 0; /* code of the program has run (fopencookie), which may have unmapped anything */
    if (!error)
        return;
    STORE(&finding->slot->error, (uint8_t)error);
    tell_lost(finding, error, bytes);
}

/* What a stream still has whose number somebody has closed: it goes nowhere, unless another descriptor was put
 * there. */
static void lose_one(const struct finding *finding, void *known) {
    void *stream = (void *)LOAD(&finding->slot->object);
    uint64_t at = numbers_find(finding->number);
    size_t bytes = 0;
    if (!at || kernel_is_open(finding->number) || !probe_bytes(known, stream, stream_bytes) ||
        flush_stream(stream, &bytes) != EBADF)
        return;
    misuse_data_lost(finding->stack, finding->kind, finding->number,
                     LOAD(&((struct record_slot *)record_at(at))->closer), bytes, "exit", LOAD(&ending_caller));
}

/* Findings decide how the process ends. */
static bool want_verdict(void) {
    return settings.exit_code || settings.strict == STRICT_ALL ||
           (settings.strict == STRICT_FIRST && !parent_is_watched());
}

static bool has_report(void) { return !settings.report_none || want_verdict(); }

/* Newest first as libc does it; then all streams, whether one was forgotten or not, unless libc may as well do
 * it in a moment: the program's own words come before ours, and nothing is taken from under a stream that was
 * not seen. */
static void flush(const struct findings *findings) {
    probe_page known = 0;
    if (settings.release == RELEASE_NONE || !flush_streams)
        return;
    bool speaks = has_report() || !record_path()[0], closes = false; /* see tell_without_file */
    for (const struct finding *finding = findings->list, *end = finding + findings->count; finding < end;
         finding++) {
        closes |= finding->number >= 0 && is_to_be_released(finding);
        if (is_file_stream(finding))
            flush_one(finding, &known);
    }
    if (speaks || closes)
        flush_streams();
}

/* A close of such a socket waits for its peer; the end of the process does not (tcp_close and PF_EXITING). */
static bool lingers(int number) {
    struct linger linger = {0, 0};
    socklen_t bytes = sizeof linger;
    return SYS(SYS_getsockopt, number, SOL_SOCKET, SO_LINGER, &linger, &bytes) == 0 && linger.l_onoff &&
           linger.l_linger > 0;
}

static void release(const struct finding *finding, bool leave_to_kernel) {
    if (!is_to_be_released(finding) || (finding->number < 0 && !is_stream(finding)))
        return STORE(&finding->slot->outcome, RECORD_OUTCOME_SKIPPED);
    bool kernel = leave_to_kernel || finding->number < 0 || lingers(finding->number);
    long result = kernel ? 0 : SYS(SYS_close, finding->number);
    if (sys_failed(result))
        STORE(&finding->slot->error, (uint8_t)-result);
    bool failed = LOAD(&finding->slot->error);
    STORE(&finding->slot->outcome, failed ? RECORD_OUTCOME_FAILED : RECORD_OUTCOME_RELEASED);
}

static void release_all(struct findings *findings, bool leave_to_kernel) {
    for (size_t i = 0; i < findings->count; i++)
        release(&findings->list[i], leave_to_kernel);
    passed(RECORD_PASS_RELEASED);
}

/* ---- report -----------------------------------------------------------------------------------------------
 */

/* Shows the report. True if there are findings that count, known for sure. */
static bool report(struct findings *findings) {
    int descriptor = settings.report_none ? -1 : output_descriptor();
    bool verdict_wanted = want_verdict();
    if (descriptor < 0 && !settings.report_none && !settings.report_file)
        record_note(RECORD_NOTE_STANDARD_ERROR_LOST);
    if (!has_report())
        return false;
    enum renderer_verdict verdict = renderer_run(descriptor);
    if (verdict == RENDERER_FAILED || verdict == RENDERER_BROKEN)
        record_note(RECORD_NOTE_NO_RENDERER);
    /* what was meant for a file stays in the record, and is said aloud only where that has none */
    bool aloud = descriptor >= 0 && !(settings.report_file && record_path()[0]);
    if (verdict == RENDERER_FAILED && aloud && findings->count)
        raw_report(findings, descriptor, verdict_wanted);
    if (aloud || (settings.report_file && verdict != RENDERER_FAILED))
        passed(RECORD_PASS_REPORTED);
    return verdict == RENDERER_FINDINGS && verdict_wanted;
}

/* Where somebody collects the records of a tree, and this one can have no file (RLIMIT_FSIZE, a full file
 * system, another root): it tells what it found by itself, and leaves an empty file that says how much, which
 * may be had even then. */
static void tell_without_file(struct findings *findings) {
    char name[SETTINGS_PATH_BYTES + 64];
    struct text path = TEXT_IN(name);
    text_string(&path, settings.record);
    text_string(&path, "/" RECORD_UNWATCHED);
    if (SYS(SYS_access, name, 0 /* F_OK */))
        return; /* nobody collects, or not any more */
    path.length = text_length(settings.record);
    text_string(&path, "/" RECORD_TOLD);
    text_decimal(&path, record_header()->pid);
    text_string(&path, "-");
    text_decimal(&path, (int64_t)findings->count);
    long file = SYS(SYS_open, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (sys_failed(file))
        return;
    SYS(SYS_close, file);
    if (output_descriptor() >= 0)
        raw_report(findings, output_descriptor(), false);
}

/* Whether the file stays behind: only if it tells something that was not told. */
static void keep_or_remove(bool something_to_say) {
    bool told = LOAD(&record_header()->pass) & RECORD_PASS_REPORTED;
    if (!something_to_say || told)
        return record_remove();
    record_give_file();
    record_trim();
}

/* ---- the end ----------------------------------------------------------------------------------------------
 */

static _Noreturn void end_by(int status) {
    for (;;)
        SYS(SYS_exit_group, status);
}

/* As abort() without the program's handler: everything is flushed and told by now. */
static _Noreturn void end_by_abort(void) {
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        uint64_t mask;
    } standard = {0};
    uint64_t abort_signal = 1ull << (SIGABRT - 1);
    SYS(SYS_rt_sigaction, SIGABRT, &standard, 0, 8);
    SYS(SYS_rt_sigprocmask, SIG_UNBLOCK, &abort_signal, 0, 8);
    SYS(SYS_tgkill, SYS(SYS_getpid), SYS(SYS_gettid), SIGABRT);
    end_by(127);
}

void exit_pass_standard_error_is(bool the_programs) { output_standard_error_is(the_programs); }

void exit_pass_ending(uintptr_t caller) {
    STORE(&ending_caller, caller);
    if (!lockdown_is_on() && !settings.report_none && findings_likely())
        output_keep();
}

/* What the options ask for beyond the report. Does not return if it ends the process: then libc has no more
 * chance to flush, and it is done here. */
static void strict_or_status(enum record_end end, int status, bool may_flush) {
    bool strict = settings.strict == STRICT_ALL || (settings.strict == STRICT_FIRST && !parent_is_watched());
    if (!strict &&
        (!settings.exit_code || status || end == RECORD_END_QUICK_EXIT)) /* quick_exit does not tell */
        return;
    if (may_flush)
        flush_streams();
    if (strict)
        end_by_abort();
    end_by((int)settings.exit_code);
}

static void pass(enum record_end end, int status, bool may_flush, bool threaded) {
    bool more = settings.verbosity || settings.unseen || misuse_seen() ||
                (settings.exec_leaks && passing_seen()) || (settings.report_none && shortage_seen());
    if (!more && !settings.inherited && !findings_likely())
        return record_remove();
    write_limits();
    unsigned count = kernel_count_threads();
    bool threads = count > 1 || (!count && threaded);
    if (threads)
        record_note(RECORD_NOTE_THREADS_AT_EXIT);
    struct findings findings = {0};
    findings_gather(&findings, threads, output_own_descriptor());
    passed(RECORD_PASS_RECONCILED);
    probe_page known = 0;
    if (findings.gone && may_flush && !threads && flush_stream && LOAD(&ending_caller))
        findings_visit_gone(lose_one, &known);
    more |= misuse_seen();
    if (!findings.count && !more && !(settings.inherited && findings.inherited))
        return record_remove();
    bool nobody_else_asks = !more && !settings.inherited && !settings.report_none && !settings.report_file;
    if (nobody_else_asks && own_script_is_all(&findings))
        return record_remove();
    ask_details(&findings);
    findings_sort_by_age(&findings);
    if (settings.unseen)
        findings_list_unseen(output_own_descriptor());
    if (may_flush && !threads) /* libc does it a moment later, and stops nobody's writing for it */
        flush(&findings);
    release_all(&findings, threads || exit_pass_is_left_to_kernel());
    bool counts = report(&findings);
    keep_or_remove(findings.count || more || settings.inherited);
    if (settings.report_none && settings.record[0] && findings.count && !record_path()[0])
        tell_without_file(&findings);
    if (counts)
        strict_or_status(end, status, may_flush);
}

/* Another thread is in the pass, and would be ended by our going on (glibc before 2.41 lets several threads
 * exit at once). A signal handler that interrupted the pass itself must not wait. */
static void wait_for_pass(int thread) {
    if (SYS(SYS_gettid) == thread)
        return;
    for (int tenths = 0; tenths < 100 && !atomic_load_explicit(&finished, memory_order_acquire); tenths++) {
        struct __kernel_timespec tenth = {0, 100000000};
        SYS(SYS_nanosleep, &tenth, 0);
    }
}

void exit_pass(enum record_end end, int status, bool may_flush, bool threaded) {
    if (atomic_load_explicit(&finished, memory_order_acquire))
        return; /* a second handler of this thread, or another that came late */
    int nobody = 0, me = lockdown_is_on() ? 1 : (int)SYS(SYS_gettid);
    /* relaxed: only one gets through, nothing else is guarded */
    if (!atomic_compare_exchange_strong_explicit(&begun, &nobody, me, memory_order_relaxed,
                                                 memory_order_relaxed)) {
        if (!lockdown_is_on())
            wait_for_pass(nobody);
        return;
    }
    exit_pass_note_end(end, status);
    passed(RECORD_PASS_BEGUN);
    if (!lockdown_is_on()) /* else not one system call: whoever reads the record must do with this */
        pass(end, status, may_flush, threaded);
    atomic_store_explicit(&finished, true, memory_order_release); /* what the pass wrote, before it */
}
