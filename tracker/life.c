/* life.c - the facts that the shim reports of the process itself: its threads, its forks, what it executes, its
 * end. See tracker.h. */
#include "tracker/exit_pass.h"
#include "tracker/forks.h"
#include "tracker/large.h"
#include "tracker/lockdown.h"
#include "tracker/misuse.h"
#include "tracker/output.h"
#include "tracker/passing.h"
#include "tracker/paths.h"
#include "tracker/quarantine.h"
#include "tracker/ready.h"
#include "tracker/renderer.h"
#include "tracker/request.h"
#include "tracker/sequence.h"
#include "tracker/settings.h"
#include "tracker/single.h"
#include "tracker/succession.h"
#include "tracker/tracker.h"
#include "tracker/unwatched.h"
#include "tracker/unwind.h"

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)

static void end_quarantine(void) {
    if (tracker_quarantines && !lockdown_is_on())
        quarantine_end();
}

void tracker_prepare(void) {
    if (ready(true))
        end_quarantine();
}

/* ---- threads, and what others share or see ----------------------------------------------------------------
 */

void tracker_settled_down(void) {
    if (ready(false))
        ready_give_file();
}

void tracker_thread_begin(void) {
    single_end(); /* the new thread begins behind it */
    if (!ready(true))
        return;
    ready_give_file();
    if (!ready_threaded)
        record_share();
    ready_threaded = true;
}

void tracker_locked_down(void) {
    if (record_readiness() == RECORD_READY)
        record_note(RECORD_NOTE_LOCKED_DOWN);
    lockdown_begin();
}

void tracker_root_changed(void) { exit_pass_root_changed(); }

bool tracker_is_locked_down(void) { return lockdown_is_on(); }

void tracker_descriptors_shared(void) { exit_pass_leave_to_kernel(); }

bool tracker_was_forked(void) { return ready_watching && record_readiness() == RECORD_FORKED; }

void tracker_unshared(void) {
    if (ready(false))
        record_note(RECORD_NOTE_UNSHARED);
    if (SYS(SYS_gettid) != SYS(SYS_getpid))
        ready_tables_differ = ready_table_is_own = true;
}

/* ---- processes --------------------------------------------------------------------------------------------
 */

FORK_CODE void tracker_fork_begin(void) {
    if (!ready_watching || lockdown_is_on())
        return;
    /* what a fork child inherited, its own children inherit */
    bool has_record = record_is_copied() || ready_for_more();
    if (has_record && LOAD(&record_header()->end) == RECORD_END_RUNNING)
        ready_give_file(); /* who forks again will hardly execute anything itself */
    uint64_t sequence = has_record ? sequence_line() : 0;
    if (has_record)
        record_copy_for_child();
    forks_begin(sequence);
}

void tracker_fork_begin_untold(void) {
    if (ready_watching)
        forks_begin_untold();
}

FORK_CODE void tracker_fork_end(pid_t child) {
    if (ready_watching && !lockdown_is_on())
        forks_end(child);
}

/* Options by which a process has something to tell that does nothing. */
static bool all_are_told(void) {
    return settings.verbosity || settings.unseen || settings.inherited || settings.exec_leaks;
}

FORK_CODE void tracker_fork_child(void) {
    if (!ready_watching || lockdown_is_on())
        return;
    bool can_wait = record_forked() && !ready_threaded && !all_are_told();
    forks_child();
    if (ready_threaded)
        unwind_in_fork_child();
    ready_threaded = false;
    if (!can_wait)
        ready(false);
}

/* At the end, or a step before. A fork child that has used no handle has something to tell only as its parent's
 * heir. */
FORK_CODE static bool has_record_at_end(void) {
    if (record_is_none())
        return false;
    enum record_readiness readiness = record_readiness();
    if (readiness == RECORD_FORKED && !lockdown_is_on() && forks_may_be_orphan())
        return ready(false);
    return readiness == RECORD_READY;
}

static bool file_taken; /* before an exec that may fail */

FORK_CODE static bool can_tell(void) { return record_readiness() == RECORD_READY && !lockdown_is_on(); }

static void set_end(enum record_end end) {
    atomic_store_explicit(&record_header()->end, end, memory_order_relaxed); /* one word, for readers */
}

static void take_file(void) {
    file_taken = record_path()[0];
    record_remove();
}

static void give_file_back(void) {
    if (file_taken && !ready_threaded)
        record_give_file();
}

void tracker_leaving(void) {
    if (!ready_watching)
        return;
    forks_mark_executing(true);
    ready_for_more(); /* the fork that follows finds it as this leaves it */
    if (!can_tell())
        return;
    set_end(RECORD_END_EXEC);
    take_file();
}

/* This image goes on after all. */
static bool goes_on(void) {
    if (!ready_watching)
        return false;
    forks_mark_executing(false);
    return can_tell();
}

void tracker_stayed(void) {
    if (!goes_on())
        return;
    set_end(RECORD_END_RUNNING);
    give_file_back();
}

/* Whether whoever reports on the process will want the records of the images before this one. */
static bool predecessors_are_reported(void) { return settings.exec_leaks || settings.inherited; }

/* With a bare preload nobody else can tell what has passed: once, since shells try one path after another. */
static void tell_what_passes(void) {
    static bool told;
    if (!settings.exec_leaks || settings.report_none || told)
        return;
    told = true;
    renderer_run(output_descriptor());
}

/* The other image makes a record of its own. This one's file stays if it can tell where descriptors of the
 * other come from; else it would only be in the way. A fork child makes one for it only if an option will ask.
 */
FORK_CODE void tracker_executing(void) {
    if (!ready_watching)
        return;
    forks_mark_executing(true);
    bool asked_for = predecessors_are_reported();
    if (asked_for)
        ready(false); /* a fork child that has acquired nothing */
    if (!can_tell())
        return;
    exit_pass_note_end(RECORD_END_EXEC, 0);
    file_taken = false;
    if (!record_path()[0] && !asked_for)
        return;
    if (!passing_count())
        return take_file();
    if (!record_path()[0] && !ready_threaded)
        record_give_file();
    if (!asked_for)
        succession_leave();
    tell_what_passes();
}

void tracker_execute_failed(void) {
    if (!goes_on())
        return;
    struct record_header *header = record_header();
    atomic_store_explicit(&header->ended_realtime, 0, memory_order_relaxed); /* ends nothing any more */
    atomic_store_explicit(&header->ended_monotonic, 0, memory_order_relaxed);
    set_end(RECORD_END_RUNNING);
    forks_execute_failed(sequence_line());
    passing_forget();
    succession_stay();
    give_file_back();
}

void tracker_spawning(void) {
    if (ready_watching && settings.exec_leaks && can_tell())
        passing_count();
}

int tracker_report_signal(void) { return ready_watching ? (int)settings.report_signal : 0; }

void tracker_report(void) {
    if (ready(true) && !lockdown_is_on())
        request_report();
}

void tracker_aborting(void) {
    if (ready_watching && record_readiness() == RECORD_READY)
        set_end(RECORD_END_ABORT);
}

void tracker_will_execute(const char *file, bool search, char *const *environment) {
    if (ready_watching && settings.record[0] && !lockdown_is_on())
        unwatched_note(settings.record, file, search, environment);
}

/* ---- the end ----------------------------------------------------------------------------------------------
 */

FORK_CODE void tracker_ending(uintptr_t caller) {
    if (ready_watching && has_record_at_end())
        exit_pass_ending(caller);
}

static RARE void end_with_record(enum record_end end, int status, bool may_flush) {
    end_quarantine();
    misuse_closing(-1, 0); /* no further close of this thread can tell a loop */
    exit_pass(end, status, may_flush, ready_threaded);
}

FORK_CODE void tracker_end(enum record_end end, int status, bool may_flush) {
    if (!ready_watching)
        return;
    forks_mark_ended(); /* first: who hands over to this process now would find nobody */
    if (has_record_at_end())
        end_with_record(end, status, may_flush);
    if (!predecessors_are_reported() && !lockdown_is_on() && !forks_is_child())
        succession_end();
}
