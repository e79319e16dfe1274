/* tracker/tracker.h: what the table says after the facts that the shim would report, in one process, in forked
 * ones, under signals and after a lockdown. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/time.h>

#include "tests/unit/world.h"
#include "tracker/findings.h"
#include "tracker/forks.h"
#include "tracker/stripes.h"

enum { HIGH = 700 /* numbers that nothing real has */ };

static int64_t held_numbers, open_at_start;

static void count_one(int number, uint64_t slot, void *context) {
    held_numbers += slot_is_held(RELAXED(((struct record_slot *)record_at(slot))->word));
}

static int64_t count_held(void) {
    held_numbers = 0;
    numbers_visit(0, ~0u, count_one, NULL);
    return held_numbers;
}

static int64_t open_now(void) {
    stripes_settle(STRIPES_NUMBERS);
    return RELAXED(record_header()->open);
}

static void begin(void) {
    world_start("record=off");
    tracker_prepare();
    open_at_start = open_now();
}

static void acquire(int number) { tracker_acquired(number, RECORD_KIND_FILE, "open", CALLER, -1, NULL); }

static void release(int number) { tracker_released(tracker_closing(number, "close", CALLER), number, 0); }

/* ---- start -------------------------------------------------------------------------------------------------
 */

START_TEST(before_the_start_nothing_happens) {
    /* proves: facts that are reported too early, or in a process that is not watched, make no record */
    if (_i == 1)
        ck_assert(!tracker_start(&(struct tracker_start){.secure = true}));
    if (_i == 2)
        ck_assert(!world_start_named("/bin/sh", "skip=sh"));
    tracker_prepare();
    tracker_thread_begin();
    acquire(3);
    release(3);
    tracker_releasing_range(0, ~0u, CALLER);
    tracker_released_range(0, ~0u, true);
    tracker_acquired_object(&open_at_start, RECORD_KIND_STREAM, 3, false, "fopen", CALLER, NULL);
    tracker_released_object(tracker_releasing_object(&open_at_start, 3, "close", CALLER));
    tracker_fork_begin();
    tracker_fork_end(-1);
    tracker_executing();
    tracker_execute_failed();
    tracker_modules_changed();
    tracker_unshared();
    tracker_settled_down();
    tracker_ending(0);
    tracker_end(RECORD_END_EXIT, 0, true);
    ck_assert_int_eq(record_readiness(), RECORD_NONE);
}
END_TEST

START_TEST(releases_make_no_record) {
    /* proves: a process that only closes has none */
    world_start("");
    release(3);
    tracker_releasing_range(0, ~0u, CALLER);
    tracker_modules_changed();
    ck_assert_int_eq(record_readiness(), RECORD_NONE);
    ck_assert_uint_eq(count_files(world_records), 0);
}
END_TEST

START_TEST(what_is_open_at_the_first_need_is_inherited) {
    /* proves: the baseline is /proc/self/fd, all of it and nothing else */
    int low = open_null(), high = fcntl(low, F_DUPFD, 900);
    world_start("record=off");
    tracker_prepare();
    for (int number = 0; number < 1000; number++)
        ck_assert((state_of(number) == RECORD_STATE_INHERITED) == (fcntl(number, F_GETFD) >= 0));
    ck_assert_int_eq(state_of(low), RECORD_STATE_INHERITED);
    ck_assert_int_eq(state_of(high), RECORD_STATE_INHERITED);
    ck_assert_int_eq(open_now(), count_held());
}
END_TEST

START_TEST(the_first_acquire_is_no_inheritance) {
    /* proves: the descriptor that made the record necessary is open by then, and still this process's own */
    world_start("record=off");
    int number = open_null();
    acquire(number);
    ck_assert_int_eq(state_of(number), RECORD_STATE_LIVE);
    ck_assert_uint_eq(losses(RECORD_LOSS_CLOSE), 0);
    ck_assert_int_eq(open_now(), count_held());
}
END_TEST

START_TEST(errno_is_the_programs) {
    /* proves: no report changes it, the first of all included */
    errno = 4711;
    world_start("");
    errno = 4711;
    acquire(HIGH);
    release(HIGH);
    release(HIGH);
    acquire(HIGH + 100000);
    tracker_acquired_object(&open_at_start, RECORD_KIND_STREAM, HIGH, false, "fopen", CALLER, NULL);
    tracker_released_object(tracker_releasing_object(&open_at_start, HIGH, "close", CALLER));
    tracker_fork_begin();
    tracker_fork_end(-1);
    ck_assert_int_eq(errno, 4711);
}
END_TEST

/* ---- numbers -----------------------------------------------------------------------------------------------
 */

START_TEST(an_acquire_is_recorded) {
    /* proves: kind, call, caller, origin, thread and place in time are in the slot */
    begin();
    uint64_t sequence = RELAXED(record_header()->sequence);
    tracker_acquired(HIGH, RECORD_KIND_SOCKET, "accept4", 0x123456, 5, NULL);
    struct record_slot *slot = slot_of(HIGH);
    ck_assert_int_eq(state_of(HIGH), RECORD_STATE_LIVE);
    ck_assert_uint_eq(RECORD_WORD_KIND(RELAXED(slot->word)), RECORD_KIND_SOCKET);
    ck_assert_int_eq(RELAXED(slot->number), 5);
    ck_assert_int_eq(RELAXED(slot->thread), gettid());
    ck_assert_uint_eq(RELAXED(slot->sequence), sequence + 1);
    ck_assert_uint_ne(RELAXED(slot->opened), 0);
    struct record_stack *stack = stack_of_slot(slot);
    ck_assert_str_eq(stack->call, "accept4");
    ck_assert_uint_eq(stack->frames, 1);
    ck_assert_uint_eq(stack->pc[0] & ~RECORD_PC_EXACT, 0x123456);
    ck_assert_uint_eq(world_counts(stack).opened, 1);
}
END_TEST

START_TEST(a_negative_number_is_nobody) {
    /* proves: a failed call that is reported all the same changes nothing */
    begin();
    acquire(-1);
    release(-1);
    tracker_replaced((struct slot_ticket){0, 0}, -1, "dup2", CALLER, 3);
    ck_assert_int_eq(open_now(), open_at_start);
    ck_assert_uint_eq(losses(RECORD_LOSS_MEMORY), 0);
}
END_TEST

START_TEST(counts_follow_acquires_and_releases) {
    /* proves: open, peak and the counters of the site after a hundred handles, half of them closed */
    begin();
    for (int i = 0; i < 100; i++)
        acquire(HIGH + i);
    for (int i = 0; i < 50; i++)
        release(HIGH + i);
    ck_assert_int_eq(open_now(), open_at_start + 50);
    ck_assert_int_eq(RELAXED(record_header()->peak), open_at_start + 100);
    struct record_stack *stack = stack_of_slot(slot_of(HIGH));
    ck_assert_uint_eq(world_counts(stack).opened, 100);
    ck_assert_uint_eq(world_counts(stack).closed, 50);
    release(HIGH); /* twice is once */
    ck_assert_int_eq(open_now(), open_at_start + 50);
    ck_assert_uint_eq(world_counts(stack).closed, 50);
}
END_TEST

static const struct {
    int error;
    bool is_open, gone;
} errors[] = {{0, true, true},      {EINTR, true, true},  {EIO, true, true},     {EDQUOT, true, true},
              {EPERM, true, false}, {EPERM, false, true}, {ENOSYS, true, false}, {EACCES, true, false}};

START_TEST(an_error_of_close_is_not_a_failure_to_close) {
    /* proves: Linux takes the number away whatever close says; only a refused call may have left it open */
    begin();
    int number = errors[_i].is_open ? open_null() : HIGH;
    acquire(number);
    int64_t open = open_now();
    tracker_released(tracker_closing(number, "close", CALLER), number, errors[_i].error);
    ck_assert_int_eq(state_of(number), errors[_i].gone ? RECORD_STATE_FREE : RECORD_STATE_LIVE);
    ck_assert_int_eq(open_now(), open - errors[_i].gone);
}
END_TEST

START_TEST(a_lost_close_is_counted) {
    /* proves: a number that comes again while it is held, and one that close does not know, were closed unseen;
     * one that was open before the program is no such loss */
    begin();
    acquire(HIGH);
    struct record_stack *stack = stack_of_slot(slot_of(HIGH));
    acquire(HIGH);
    ck_assert_uint_eq(losses(RECORD_LOSS_CLOSE), 1);
    tracker_released(tracker_closing(HIGH, "close", CALLER), HIGH, EBADF);
    ck_assert_uint_eq(losses(RECORD_LOSS_CLOSE), 2);
    ck_assert_uint_eq(world_counts(stack).opened, 2);
    ck_assert_uint_eq(world_counts(stack).closed, 2);
    acquire(0);
    ck_assert_uint_eq(losses(RECORD_LOSS_CLOSE), 2);
    ck_assert_int_eq(open_now(), count_held());
}
END_TEST

START_TEST(a_number_is_reused_before_its_close_returns) {
    /* proves: the kernel's order and not ours decides: the new handle stays, the old one is counted as closed
     */
    begin();
    acquire(HIGH);
    struct record_stack *stack = stack_of_slot(slot_of(HIGH));
    struct slot_ticket ticket = tracker_closing(HIGH, "close", CALLER);
    acquire(HIGH);
    tracker_released(ticket, HIGH, 0);
    ck_assert_int_eq(state_of(HIGH), RECORD_STATE_LIVE);
    ck_assert_uint_eq(world_counts(stack).opened, 2);
    ck_assert_uint_eq(world_counts(stack).closed, 1);
    ck_assert_int_eq(open_now(), open_at_start + 1);
    ck_assert_uint_eq(losses(RECORD_LOSS_CLOSE), 0);
}
END_TEST

START_TEST(dup2_replaces_what_was_there) {
    /* proves: over a free number, over a live one, over an inherited one: one new handle, no loss, right counts
     */
    begin();
    int number = _i == 2 ? 2 : HIGH;
    if (_i == 1)
        acquire(number);
    int64_t held = count_held();
    tracker_replaced(tracker_replacing(number, "close", CALLER), number, "dup2", CALLER, 1);
    ck_assert_int_eq(state_of(number), RECORD_STATE_LIVE);
    ck_assert_int_eq(RELAXED(slot_of(number)->number), 1);
    ck_assert_str_eq(stack_of_slot(slot_of(number))->call, "dup2");
    ck_assert_int_eq(count_held(), held + (_i == 0));
    ck_assert_int_eq(open_now(), count_held());
    ck_assert_uint_eq(losses(RECORD_LOSS_CLOSE), 0);
}
END_TEST

START_TEST(dup2_over_a_streams_number_leaves_it_the_streams) {
    /* proves: another descriptor under the same stream is no new handle */
    begin();
    tracker_acquired_object(&open_at_start, RECORD_KIND_STREAM, HIGH, false, "fopen", CALLER, NULL);
    uint64_t word = RELAXED(slot_of(HIGH)->word);
    tracker_replaced(tracker_replacing(HIGH, "close", CALLER), HIGH, "dup2", CALLER, 1);
    ck_assert_uint_eq(RELAXED(slot_of(HIGH)->word), word);
    ck_assert_int_eq(open_now(), count_held());
}
END_TEST

/* ---- ranges ------------------------------------------------------------------------------------------------
 */

static void fill_range(void) {
    acquire(HIGH);
    tracker_acquired_object(&open_at_start, RECORD_KIND_STREAM, HIGH + 1, false, "fopen", CALLER, NULL);
    acquire(HIGH + 200);
}

START_TEST(a_range_releases_what_is_in_it) {
    /* proves: all numbers from first to last and no other, whatever owns them */
    begin();
    fill_range();
    acquire(HIGH - 1);
    tracker_releasing_range(HIGH, HIGH + 199, CALLER);
    ck_assert_int_eq(state_of(HIGH), RECORD_STATE_RELEASING);
    tracker_released_range(HIGH, HIGH + 199, true);
    ck_assert_int_eq(state_of(HIGH - 1), RECORD_STATE_LIVE);
    ck_assert_int_eq(state_of(HIGH), RECORD_STATE_FREE);
    ck_assert_int_eq(state_of(HIGH + 1), RECORD_STATE_FREE);
    ck_assert_int_eq(state_of(HIGH + 200), RECORD_STATE_LIVE);
    ck_assert_int_eq(open_now(), count_held());
    ck_assert_uint_eq(world_counts(stack_of_slot(slot_of(HIGH))).closed, 1);
}
END_TEST

START_TEST(a_range_that_fails_changes_nothing) {
    /* proves: where close_range is refused (a container's filter, a wrong flag), what was inherited stays
     * inherited, what belongs to a stream stays the stream's */
    begin();
    fill_range();
    uint64_t words[3] = {RELAXED(slot_of(HIGH)->word), RELAXED(slot_of(HIGH + 1)->word),
                         RELAXED(slot_of(0)->word)};
    tracker_releasing_range(0, ~0u, CALLER);
    tracker_released_range(0, ~0u, false);
    ck_assert_uint_eq(RELAXED(slot_of(HIGH)->word), words[0]);
    ck_assert_uint_eq(RELAXED(slot_of(HIGH + 1)->word), words[1]);
    ck_assert_uint_eq(RELAXED(slot_of(0)->word), words[2]);
    ck_assert_int_eq(open_now(), count_held());
}
END_TEST

START_TEST(a_range_leaves_newcomers_alone) {
    /* proves: a number that was free when the range began, or came again before it ended, stays */
    begin();
    fill_range();
    tracker_releasing_range(HIGH, ~0u, CALLER);
    acquire(HIGH);
    acquire(HIGH + 5);
    tracker_released_range(HIGH, ~0u, true);
    ck_assert_int_eq(state_of(HIGH), RECORD_STATE_LIVE);
    ck_assert_int_eq(state_of(HIGH + 5), RECORD_STATE_LIVE);
    ck_assert_int_eq(state_of(HIGH + 200), RECORD_STATE_FREE);
    ck_assert_int_eq(open_now(), count_held());
}
END_TEST

/* ---- objects -----------------------------------------------------------------------------------------------
 */

static char stream[64]; /* an address */

START_TEST(a_stream_owns_its_number) {
    /* proves: fopen is one handle: the number is OWNED by the address, and both go together */
    begin();
    tracker_acquired_object(stream, RECORD_KIND_STREAM, HIGH, false, "fopen", CALLER, NULL);
    struct record_slot *object = slot_of_object(stream);
    ck_assert_uint_eq(RECORD_WORD_STATE(RELAXED(object->word)), RECORD_STATE_LIVE);
    ck_assert_int_eq(RELAXED(object->number), HIGH);
    ck_assert_int_eq(state_of(HIGH), RECORD_STATE_OWNED);
    ck_assert_uint_eq(RELAXED(slot_of(HIGH)->object), (uintptr_t)stream);
    tracker_released_object(tracker_releasing_object(stream, HIGH, "close", CALLER));
    ck_assert_ptr_null(slot_of_object(stream));
    ck_assert_int_eq(state_of(HIGH), RECORD_STATE_FREE);
    ck_assert_int_eq(open_now(), open_at_start);
}
END_TEST

START_TEST(fdopen_takes_the_number_over) {
    /* proves: the number's own stack stays, it is one open descriptor, and closing counts at both sites */
    begin();
    acquire(HIGH);
    struct record_stack *opened = stack_of_slot(slot_of(HIGH));
    tracker_acquired_object(stream, RECORD_KIND_STREAM, HIGH, true, "fdopen", CALLER, NULL);
    ck_assert_int_eq(state_of(HIGH), RECORD_STATE_OWNED);
    ck_assert_ptr_eq(stack_of_slot(slot_of(HIGH)), opened);
    ck_assert_int_eq(open_now(), open_at_start + 1);
    struct record_stack *given = stack_of_slot(slot_of_object(stream));
    ck_assert_str_eq(given->call, "fdopen");
    tracker_released_object(tracker_releasing_object(stream, HIGH, "close", CALLER));
    ck_assert_uint_eq(world_counts(opened).closed, 1);
    ck_assert_uint_eq(world_counts(given).closed, 1);
    ck_assert_int_eq(open_now(), open_at_start);
}
END_TEST

START_TEST(a_stream_over_an_inherited_number_is_inherited) {
    /* proves: fdopen(0) makes nothing that could be left open */
    begin();
    tracker_acquired_object(stream, RECORD_KIND_STREAM, 0, true, "fdopen", CALLER, NULL);
    ck_assert_int_eq(state_of(0), RECORD_STATE_INHERITED);
    ck_assert_uint_eq(RECORD_WORD_STATE(RELAXED(slot_of_object(stream)->word)), RECORD_STATE_INHERITED);
    tracker_released_object(tracker_releasing_object(stream, 0, "close", CALLER));
    ck_assert_int_eq(state_of(0), RECORD_STATE_FREE);
    ck_assert_int_eq(open_now(), open_at_start - 1);
}
END_TEST

START_TEST(an_object_without_number_stands_alone) {
    /* proves: fmemopen has no descriptor, and touches none */
    begin();
    tracker_acquired_object(stream, RECORD_KIND_STREAM, -1, false, "fmemopen", CALLER, NULL);
    ck_assert_int_eq(RELAXED(slot_of_object(stream)->number), -1);
    tracker_released_object(tracker_releasing_object(stream, -1, "close", CALLER));
    ck_assert_ptr_null(slot_of_object(stream));
    ck_assert_int_eq(open_now(), open_at_start);
    tracker_acquired_object(NULL, RECORD_KIND_STREAM, -1, false, "fopen", CALLER, NULL);
    tracker_released_object(tracker_releasing_object(NULL, -1, "close", CALLER));
}
END_TEST

/* ---- forks -------------------------------------------------------------------------------------------------
 */

/* The parent's part; the child's facts are reported by the child. */
static int told_fork(void (*child_body)(void)) {
    tracker_fork_begin();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        tracker_fork_child();
        child_body();
        _exit(0);
    }
    tracker_fork_end(child);
    int status;
    MUST(waitpid(child, &status, 0) == child);
    return status;
}

/* A child that nobody told of itself or its parent. */
static int raw_clone(void (*child_body)(void)) {
    fflush(NULL);
    long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        alarm(60);
        child_body();
        _exit(0);
    }
    int status;
    MUST(waitpid((pid_t)child, &status, 0) == child);
    return status;
}

static int (*const ways[])(void (*)(void)) = {told_fork, raw_clone};

static pid_t parent;

static void look_at_inheritance(void) {
    release(HIGH + 999); /* the first fact of a raw clone */
    MUST(record_header()->pid == getpid());
    MUST(RELAXED(record_header()->notes) & RECORD_NOTE_FORK_CHILD);
    struct record_slot *slot = slot_of(HIGH);
    MUST(state_of(HIGH) == RECORD_STATE_INHERITED);
    MUST(RELAXED(slot->flags) == RECORD_SLOT_FROM_FORK);
    MUST(RELAXED(slot->owner_pid) == parent);
    MUST(state_of(0) == RECORD_STATE_INHERITED);
    MUST(RELAXED(slot_of(0)->flags) == 0);
    MUST(state_of(HIGH + 1) == RECORD_STATE_FREE);
    MUST(state_of(HIGH + 2) == RECORD_STATE_INHERITED); /* of the stream */
    MUST(RECORD_WORD_STATE(RELAXED(slot_of_object(stream)->word)) == RECORD_STATE_INHERITED);
    MUST(world_counts(stack_of_slot(slot)).opened == 0);
    MUST(open_now() == count_held());
}

START_TEST(a_child_inherits_everything) {
    /* proves: after fork and after a raw clone alike, what the parent held is the child's inheritance with the
     * parent's name on it, what it had closed is gone, and sites start at zero */
    begin();
    parent = getpid();
    acquire(HIGH);
    acquire(HIGH + 1);
    release(HIGH + 1);
    tracker_acquired_object(stream, RECORD_KIND_STREAM, HIGH + 2, false, "fopen", CALLER, NULL);
    ck_assert_int_eq(ways[_i](look_at_inheritance), 0);
    ck_assert_int_eq(state_of(HIGH), RECORD_STATE_LIVE);
    ck_assert_uint_eq(world_counts(stack_of_slot(slot_of(HIGH))).opened, 2);
}
END_TEST

static void close_and_replace(void) {
    struct record_stack *parents = NULL;
    release(HIGH + 999);
    parents = stack_of_slot(slot_of(HIGH));
    release(HIGH);
    tracker_replaced(tracker_replacing(HIGH + 1, "close", CALLER), HIGH + 1, "dup2", CALLER, 1);
    struct slot_ticket late = tracker_closing(HIGH + 2, "close", CALLER);
    tracker_acquired(HIGH + 2, RECORD_KIND_PIPE, "pipe", CALLER + 16, -1, NULL);
    tracker_released(late, HIGH + 2, 0);
    tracker_acquired(HIGH + 3, RECORD_KIND_PIPE, "pipe", CALLER + 16, -1, NULL);
    tracker_acquired_object(stream, RECORD_KIND_STREAM, -1, false, "fmemopen", CALLER, NULL);
    MUST(world_counts(parents).opened == 0);
    MUST(world_counts(parents).closed == 0);
    MUST(losses(RECORD_LOSS_CLOSE) == 0);
    MUST(open_now() == count_held());
}

START_TEST(what_was_inherited_is_never_counted_as_closed) {
    /* proves: a child may close, replace, or be given again the parent's numbers and addresses: no site closes
     * more than it opened, and no close is lost */
    begin();
    for (int i = 0; i < 4; i++)
        acquire(HIGH + i);
    tracker_acquired_object(stream, RECORD_KIND_STREAM, -1, false, "open", CALLER, NULL);
    ck_assert_int_eq(ways[_i](close_and_replace), 0);
}
END_TEST

static int go[2];

static void look_late(void) {
    release(HIGH + 999);
    uint64_t name = RELAXED(stack_of_slot(slot_of(HIGH))->first_name);
    MUST(name * RECORD_UNIT < RELAXED(record_header()->allocated));
    MUST(open_now() == count_held());
    MUST(RELAXED(record_header()->peak) == open_now());
    MUST(losses(RECORD_LOSS_CLOSE) == 0);
    for (int i = 0; i < 2000; i++) { /* of addresses, too: what is free here is free */
        tracker_acquired_object(stream + 64 * i, RECORD_KIND_STREAM, -1, false, "fopen", CALLER, NULL);
        MUST(slot_of_object(stream + 64 * i));
    }
    MUST(losses(RECORD_LOSS_CLOSE) == 0);
}

START_TEST(a_child_that_reports_late_has_its_own_counts) {
    /* proves: what the parent does between the fork and the child's first fact is not in the child's counters,
     * addresses that the parent has taken since are nothing to the child, and nothing in its record leads to
     * what is in the parent's only */
    begin();
    ck_assert_int_eq(pipe(go), 0);
    acquire(HIGH);
    tracker_acquired_object(go, RECORD_KIND_STREAM, -1, false, "fopen", CALLER, NULL);
    fflush(NULL);
    if (_i)
        tracker_fork_begin();
    long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        char byte;
        MUST(read(go[0], &byte, 1) == 1);
        if (_i)
            tracker_fork_child();
        look_late();
        _exit(0);
    }
    if (_i)
        tracker_fork_end((pid_t)child);
    tracker_acquired(HIGH + 41, RECORD_KIND_FILE, "open", CALLER, -1, "the first name of all");
    for (int i = 1; i < 40; i++) {
        acquire(HIGH + i);
        acquire(HIGH + i);
        tracker_acquired_object((char *)1 + 4096 * i, RECORD_KIND_STREAM, -1, false, "fopen", CALLER, NULL);
    }
    int status;
    ck_assert_int_eq(write(go[1], "", 1), 1);
    ck_assert_int_eq(waitpid((pid_t)child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

static void look_as_grandchild(void) {
    release(HIGH + 999);
    MUST(RELAXED(slot_of(HIGH)->owner_pid) == parent);
    MUST(RELAXED(slot_of(HIGH + 1)->owner_pid) == getppid());
    MUST(state_of(0) == RECORD_STATE_INHERITED && RELAXED(slot_of(0)->flags) == 0);
}

static void fork_again(void) {
    release(HIGH + 999);
    acquire(HIGH + 1);
    MUST(told_fork(look_as_grandchild) == 0);
    MUST(raw_clone(look_as_grandchild) == 0);
}

START_TEST(a_grandchild_knows_who_acquired_what) {
    /* proves: every generation keeps the process that acquired a handle */
    begin();
    parent = getpid();
    acquire(HIGH);
    ck_assert_int_eq(ways[_i](fork_again), 0);
}
END_TEST

static void look_at_releases_under_way(void) {
    release(HIGH + 999);
    MUST(state_of(0) == RECORD_STATE_INHERITED);
    MUST(RELAXED(slot_of(0)->flags) == 0); /* not acquired by the parent */
    MUST(state_of(HIGH) == RECORD_STATE_INHERITED);
    MUST(RELAXED(slot_of(HIGH)->flags) == RECORD_SLOT_FROM_FORK);
}

START_TEST(a_release_under_way_at_a_fork) {
    /* proves: a handle that another thread was closing is inherited as what it was */
    begin();
    acquire(HIGH);
    tracker_closing(0, "close", CALLER);
    tracker_closing(HIGH, "close", CALLER);
    ck_assert_int_eq(ways[_i](look_at_releases_under_way), 0);
}
END_TEST

static void settle_in_a_file(void) {
    MUST(!record_path()[0]);
    for (int i = 0; i < 40; i++)
        acquire(HIGH + i);
    MUST(record_path()[0]);
    MUST(count_files(world_records) == 2);
    MUST(state_of(HIGH + 39) == RECORD_STATE_LIVE);
    tracker_executing();
    MUST(count_files(world_records) == 1);
    tracker_execute_failed();
    MUST(count_files(world_records) == 2);
    MUST(RELAXED(record_header()->end) == RECORD_END_RUNNING);
    MUST(state_of(HIGH + 39) == RECORD_STATE_LIVE);
    record_remove();
}

START_TEST(a_child_that_stays_gets_a_file) {
    /* proves: not at the fork, but after some handles; an exec takes it away, and one that fails brings it back
     */
    world_start("");
    tracker_prepare();
    ck_assert_uint_eq(count_files(world_records), 1);
    ck_assert_int_eq(told_fork(settle_in_a_file), 0);
    ck_assert_uint_eq(count_files(world_records), 1);
}
END_TEST

/* What a fork may be made under: as ever, or with signals blocked, as in a handler. */
static void block_if(int some) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    if (some)
        ck_assert_int_eq(sigprocmask(SIG_BLOCK, &signals, NULL), 0);
}

static size_t files_mapped(void) {
    char line[512];
    size_t count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    MUST(maps);
    while (fgets(line, sizeof line, maps))
        count += strstr(line, RECORD_SUFFIX) != NULL;
    fclose(maps);
    return count;
}

static void do_nothing(void) {
    MUST(record_readiness() == (NEVER_ALONE ? RECORD_READY : RECORD_FORKED));
    MUST(files_mapped() == 0); /* which would keep it locked */
    tracker_ending(CALLER);
    MUST(record_readiness() == (NEVER_ALONE ? RECORD_READY : RECORD_FORKED));
    tracker_end(RECORD_END_EXIT, 0, false);
    MUST(count_files(world_records) == 1);
}

START_TEST(a_child_that_uses_nothing_has_no_record) {
    /* proves: of one that only ends there is nothing, and its parent's file is the parent's; whenever it forks
     */
    world_start("");
    block_if(_i);
    tracker_prepare();
    acquire(HIGH);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(told_fork(do_nothing), 0);
        acquire(HIGH + 1);
        release(HIGH + 1);
    }
    ck_assert_int_eq(state_of(HIGH), RECORD_STATE_LIVE);
    ck_assert_uint_eq(count_files(world_records), 1);
    ck_assert_uint_eq(files_mapped(), 1);
    record_remove();
}
END_TEST

static void look_at_the_fork(void) {
    struct timespec after;
    MUST(read(go[0], &after, sizeof after) == sizeof after);
    release(HIGH + 999);
    MUST(state_of(HIGH) == RECORD_STATE_INHERITED);
    MUST(state_of(HIGH + 1) == RECORD_STATE_INHERITED);
    MUST(state_of(HIGH + 2) == RECORD_STATE_FREE);
    MUST(RECORD_WORD_STATE(RELAXED(slot_of_object(stream)->word)) == RECORD_STATE_INHERITED);
    MUST(RELAXED(slot_of(HIGH)->owner_pid) == parent);
    MUST(open_now() == count_held());
    uint64_t latest = (uint64_t)after.tv_sec * 1000000000u + (uint64_t)after.tv_nsec;
    MUST(record_header()->started_realtime <= latest);
    for (int i = 0; i < 300; i++) /* there is room, and it is empty */
        acquire(HIGH + 1000 + i);
    MUST(losses(RECORD_LOSS_MEMORY) == 0 && losses(RECORD_LOSS_CLOSE) == 0);
}

START_TEST(a_child_has_what_was_open_at_its_fork) {
    /* proves: what the parent closes and opens as soon as fork has returned, and before the child has done
     * anything, changes nothing for the child, and the child's life begins at the fork */
    begin();
    if (NEVER_ALONE)
        SKIP_TEST("with other threads the child copies what it finds");
    block_if(_i);
    parent = getpid();
    ck_assert_int_eq(pipe(go), 0);
    for (int round = 0; round < 3; round++) {
        acquire(HIGH);
        acquire(HIGH + 1);
        tracker_acquired_object(stream, RECORD_KIND_STREAM, -1, false, "fopen", CALLER, NULL);
        tracker_fork_begin();
        pid_t child = fork();
        if (child == 0) {
            tracker_fork_child();
            look_at_the_fork();
            _exit(0);
        }
        tracker_fork_end(child);
        release(HIGH);
        release(HIGH + 1);
        acquire(HIGH + 2);
        tracker_released_object(tracker_releasing_object(stream, -1, "fclose", CALLER));
        struct timespec after_fork, moment = {0, 10000000}; /* longer than a clock's step */
        clock_gettime(CLOCK_REALTIME, &after_fork);
        nanosleep(&moment, NULL);
        int status;
        ck_assert_int_eq(write(go[1], &after_fork, sizeof after_fork), sizeof after_fork);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
        release(HIGH + 2);
    }
}
END_TEST

static void look_when_it_was_closed(void) {
    MUST(record_readiness() == RECORD_READY);
    MUST(state_of(HIGH) == RECORD_STATE_FREE);
}

START_TEST(what_a_handler_does_before_the_fork_is_seen) {
    /* proves: what was made ready for the child is not used where something came in between */
    begin();
    acquire(HIGH);
    tracker_fork_begin();
    release(HIGH);
    pid_t child = fork();
    if (child == 0) {
        tracker_fork_child();
        look_when_it_was_closed();
        _exit(0);
    }
    tracker_fork_end(child);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

static void look_from_further_down(void) {
    release(HIGH + 999);
    MUST(state_of(HIGH) == RECORD_STATE_INHERITED);
    MUST(RELAXED(slot_of(HIGH)->owner_pid) == parent);
    MUST(open_now() == count_held());
}

static void look_through_a_child(void) {
    MUST(state_of(HIGH) == RECORD_STATE_LIVE); /* as yet unasked: the parent's */
    MUST(told_fork(look_from_further_down) == 0);
    MUST(state_of(HIGH) == RECORD_STATE_INHERITED);
}

START_TEST(a_grandchild_inherits_through_a_child_that_used_nothing) {
    /* proves: a child that forks has inherited what it passes on */
    begin();
    if (NEVER_ALONE)
        SKIP_TEST("with other threads the child copies at once");
    block_if(_i);
    parent = getpid();
    acquire(HIGH);
    ck_assert_int_eq(told_fork(look_through_a_child), 0);
}
END_TEST

static void live_on_alone(void) {
    while (getppid() == parent)
        usleep(1000);
    acquire(HIGH + 1);
    bool is_so = record_header()->parent_pid == parent && state_of(HIGH) == RECORD_STATE_INHERITED;
    MUST(write(go[1], is_so ? "y" : "n", 1) == 1);
}

static void leave_a_child(void) {
    parent = getpid();
    tracker_fork_begin();
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        tracker_fork_child();
        live_on_alone();
        _exit(0);
    }
    tracker_fork_end(child);
}

START_TEST(a_child_knows_its_parent_when_that_is_gone) {
    /* proves: whose child it is was noted at the fork, not when it is asked */
    begin();
    ck_assert_int_eq(pipe(go), 0);
    acquire(HIGH);
    ck_assert_int_eq(told_fork(leave_a_child), 0);
    char answer = 0;
    ck_assert_int_eq(read(go[0], &answer, 1), 1);
    ck_assert_int_eq(answer, 'y');
}
END_TEST

static void lock_down_and_acquire(void) {
    tracker_prepare(); /* as the shim does before it lets the program lock itself down */
    tracker_locked_down();
    MUST(RELAXED(record_header()->notes) & RECORD_NOTE_LOCKED_DOWN);
    acquire(HIGH + 1);
    MUST(state_of(HIGH) == RECORD_STATE_INHERITED);
    MUST(state_of(HIGH + 1) == RECORD_STATE_LIVE);
}

START_TEST(a_child_that_locks_itself_down_has_its_record) {
    /* proves: it is taken over while that can still be done */
    begin();
    acquire(HIGH);
    ck_assert_int_eq(told_fork(lock_down_and_acquire), 0);
}
END_TEST

static void leave_by_daemon(void) {
    tracker_leaving();
    tracker_fork_begin();
    MUST(count_files(world_records) == 1);
    tracker_fork_end(-1);
    tracker_stayed();
    acquire(HIGH + 1);
    MUST(state_of(HIGH) == RECORD_STATE_INHERITED);
    record_remove();
}

START_TEST(a_child_that_used_nothing_may_become_a_daemon) {
    /* proves: it leaves no file of its own behind */
    world_start("");
    tracker_prepare();
    acquire(HIGH);
    ck_assert_int_eq(told_fork(leave_by_daemon), 0);
    record_remove();
}
END_TEST

static void pass(void) {}

static void hold_much(void) {
    MUST(state_of(HIGH) == RECORD_STATE_LIVE || record_readiness() == RECORD_READY);
    release(HIGH + 999);
    MUST(state_of(HIGH) == RECORD_STATE_INHERITED);
    MUST(state_of(HIGH + 9999) == RECORD_STATE_INHERITED);
}

START_TEST(a_record_that_grew_is_copied_later) {
    /* proves: what is too large to be copied before each fork is copied by the child, also after others were
     * not */
    begin();
    acquire(HIGH);
    ck_assert_int_eq(told_fork(pass), 0);
    for (int i = 1; i < 10000; i++)
        acquire(HIGH + i);
    ck_assert_int_eq(told_fork(hold_much), 0);
}
END_TEST

static const char *const asking[] = {"verbosity=1", "unseen=1", "inherited=1", "exec_leaks=1"};

static void be_there_at_once(void) { MUST(record_readiness() == RECORD_READY); }

START_TEST(options_that_ask_for_every_process) {
    /* proves: where a process that does nothing has something to tell it has its record at once */
    char options[64];
    snprintf(options, sizeof options, "record=off:report=none:%s", asking[_i]);
    world_start(options);
    tracker_prepare();
    acquire(HIGH);
    ck_assert_int_eq(told_fork(be_there_at_once), 0);
}
END_TEST

/* ---- exhaustion and lockdown -------------------------------------------------------------------------------
 */

START_TEST(events_while_the_record_is_made_are_counted) {
    /* proves: what comes from a signal handler in the middle of it is lost, and said to be */
    world_start("record=off");
    record_configure(&(struct record_identity){.memory_only = true});
    ck_assert(record_make());
    acquire(HIGH);
    acquire(HIGH + 1);
    record_open();
    ck_assert_uint_eq(losses(RECORD_LOSS_BUSY), 2);
    acquire(HIGH + 2);
    ck_assert_uint_eq(losses(RECORD_LOSS_BUSY), 2);
    ck_assert_int_eq(state_of(HIGH + 2), RECORD_STATE_LIVE);
}
END_TEST

static void forbid_everything(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void live_locked_down(void) {
    world_start("");
    acquire(HIGH);
    tracker_prepare();
    tracker_locked_down();
    forbid_everything();
    release(HIGH);
    acquire(HIGH);
    MUST(state_of(HIGH) == RECORD_STATE_LIVE);
    for (int i = 0; i < 5000; i++) { /* more pages and stacks than there is room for */
        acquire(HIGH + i);
        tracker_acquired(HIGH, RECORD_KIND_FILE, "open", CALLER + (unsigned)i, -1, NULL);
        tracker_acquired_object(stream + 64 * i, RECORD_KIND_STREAM, 3, true, "fopen", CALLER, NULL);
    }
    MUST(losses(RECORD_LOSS_MEMORY) > 0);
    MUST(losses(RECORD_LOSS_STACK) > 0);
    tracker_releasing_range(0, ~0u, CALLER);
    tracker_released_range(0, ~0u, true);
    tracker_modules_changed();
    tracker_thread_begin();
    tracker_released(tracker_closing(1, "close", CALLER), 1, EPERM);
    tracker_executing();
    tracker_execute_failed();
    tracker_ending(0);
    tracker_end(RECORD_END_EXIT, 0, true);
    _exit(7);
}

START_TEST(after_a_lockdown_no_system_call_is_made) {
    /* proves: under a filter that kills for anything but write and exit_group, every report goes on, what needs
     * room is counted, and the process ends as it wants */
    if (SANITIZED)
        SKIP_TEST("a sanitizer needs system calls of its own");
    int status = in_child(live_locked_down);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 7, "wait status %#x", status);
}
END_TEST

/* ---- threads and signals -----------------------------------------------------------------------------------
 */

enum { THREADS = 8, ROUNDS = 5000 };

static void *acquire_one_number(void *nothing) {
    for (unsigned round = 0; round < ROUNDS; round++)
        acquire(HIGH);
    return nothing;
}

START_TEST(one_number_held_is_one_open_handle) {
    /* proves: however acquires of one number overtake one another, the counters say what the table says */
    begin();
    tracker_thread_begin();
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, acquire_one_number, NULL);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(count_held(), open_at_start + 1);
    ck_assert_int_eq(open_now(), open_at_start + 1);
    struct world_counts counts = world_counts(stack_of_slot(slot_of(HIGH)));
    ck_assert_uint_eq(counts.opened, THREADS * ROUNDS);
    ck_assert_uint_eq(counts.closed, THREADS * ROUNDS - 1);
}
END_TEST

/* Once more in so many microseconds, 0: never. Handlers wind it up again when they are done, so that what they
 * interrupt gets on, however slow they are. */
static void wind_up(int microseconds) {
    struct itimerval soon = {{0, 0}, {0, microseconds}};
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void handle_alarms(void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigaction(SIGALRM, &action, NULL);
    wind_up(100);
}

/* The calls under way that the record tells of this thread, the only one. */
static uint32_t under_way(void) {
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *head = record_at(at);
        if (head->kind == RECORD_CHUNK_THREADS)
            return RELAXED(((struct record_thread *)(head + 1))->acquiring);
    }
    return 99;
}

static volatile sig_atomic_t under_way_in_handler;

static void call_in_handler(int signal) {
    tracker_acquiring();
    if (signal == SIGUSR1)
        raise(SIGUSR2);
    else
        under_way_in_handler = (int)under_way();
    tracker_acquiring_over();
}

START_TEST(calls_of_handlers_count_beside_those_they_interrupt) {
    /* proves: who reads the record while a handler's call is under way learns of both */
    begin();
    signal(SIGUSR1, call_in_handler);
    signal(SIGUSR2, call_in_handler);
    tracker_acquiring();
    ck_assert_uint_eq(under_way(), 1);
    raise(SIGUSR2);
    ck_assert_int_eq(under_way_in_handler, 2);
#ifndef __SANITIZE_THREAD__ /* which lets no handler interrupt another */
    raise(SIGUSR1);         /* that is interrupted by the other one */
    ck_assert_int_eq(under_way_in_handler, 3);
#endif
    ck_assert_uint_eq(under_way(), 1);
    tracker_acquiring(); /* the one before was left by a jump */
    ck_assert_uint_eq(under_way(), 1);
    tracker_acquiring_over();
    ck_assert_uint_eq(under_way(), 0);
    raise(SIGUSR2); /* interrupts nothing */
    ck_assert_int_eq(under_way_in_handler, 1);
    ck_assert_uint_eq(under_way(), 0);
}
END_TEST

/* A call that a jump has left: it is never over. Its frame is deeper than a handler's at least. */
static __attribute__((noinline)) void call_left_by_jump(void) {
    volatile char frame[4096];
    frame[0] = 0;
    tracker_acquiring();
    frame[1] = frame[0];
}

START_TEST(calls_that_were_left_by_jumps_do_not_add_up) {
    /* proves: what never came back is replaced by the next call at that depth, and gone when one further out
     * ends
     */
    begin();
    tracker_acquiring();
    for (int turn = 0; turn < 9; turn++)
        call_left_by_jump();
    ck_assert_uint_eq(under_way(), 2);
    tracker_acquiring_over();
    ck_assert_uint_eq(under_way(), 0);
}
END_TEST

enum { ALTERNATE_BYTES = 1 << 16 };

/* Memory below this stack whose address seems to be above it if its lower half is all that is looked at. */
static void *alternate_stack(void) {
    for (uintptr_t at = (uintptr_t)__builtin_frame_address(0) - (3ul << 30);; at -= 4ul << 30) {
        void *stack = mmap((void *)(at & -4096ul), ALTERNATE_BYTES, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (stack != MAP_FAILED)
            return stack;
    }
}

START_TEST(a_handlers_call_on_another_stack_counts_as_well) {
    /* proves: which of two calls is the deeper one is asked of whole addresses */
    begin();
    stack_t alternate = {.ss_sp = alternate_stack(), .ss_size = ALTERNATE_BYTES};
    ck_assert_int_eq(sigaltstack(&alternate, NULL), 0);
    struct sigaction action = {.sa_handler = call_in_handler, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR2, &action, NULL);
    tracker_acquiring();
    raise(SIGUSR2);
    ck_assert_int_eq(under_way_in_handler, 2);
    ck_assert_uint_eq(under_way(), 1);
    tracker_acquiring_over();
    ck_assert_uint_eq(under_way(), 0);
}
END_TEST

static volatile sig_atomic_t handled, handled_at_most;
static char handlers_stream[64];

/* Everything a handler may do, on numbers of its own and on ones of new pages. */
static void report_in_handler(int signal) {
    static int fresh = 5000;
    handled++;
    acquire(HIGH + 300);
    tracker_acquired_object(handlers_stream, RECORD_KIND_STREAM, HIGH + 301, false, "fopen", CALLER + 32, NULL);
    tracker_released_object(tracker_releasing_object(handlers_stream, HIGH + 301, "close", CALLER));
    release(HIGH + 300);
    if (fresh < 100000)
        acquire(fresh += 63);
    tracker_acquired(HIGH + 302, RECORD_KIND_PIPE, "pipe", CALLER + 64 + (unsigned)fresh, -1, NULL);
    wind_up(handled < handled_at_most ? 100 : 0);
}

static void use_everything(unsigned round) {
    int number = HIGH + (int)(round % 40);
    tracker_acquired(number, RECORD_KIND_FILE, "open", CALLER + round % 500, -1, NULL);
    tracker_acquired_object(stream, RECORD_KIND_STREAM, number, true, "fdopen", CALLER, NULL);
    tracker_released_object(tracker_releasing_object(stream, number, "close", CALLER));
    acquire(number);
    tracker_releasing_range((unsigned)number, (unsigned)number, CALLER);
    tracker_released_range((unsigned)number, (unsigned)number, true);
}

START_TEST(handlers_may_interrupt_anything) {
    /* proves: a timer that fires ten thousand times a second and whose handler reports itself leaves the table
     * as both said: nothing of the program's own, one of the handler's, and the fresh ones */
    begin();
    handled_at_most = 3000;
    handle_alarms(report_in_handler, 0);
    for (unsigned round = 0; handled < handled_at_most; round++)
        use_everything(round);
    for (int i = 0; i < 40; i++)
        ck_assert_int_eq(state_of(HIGH + i), RECORD_STATE_FREE);
    ck_assert_int_eq(state_of(HIGH + 300), RECORD_STATE_FREE);
    ck_assert_int_eq(state_of(HIGH + 301), RECORD_STATE_FREE);
    ck_assert_int_eq(state_of(HIGH + 302), RECORD_STATE_LIVE);
    ck_assert_ptr_null(slot_of_object(stream));
    ck_assert_ptr_null(slot_of_object(handlers_stream));
    ck_assert_int_eq(open_now(), count_held());
}
END_TEST

static void live_as_worker(void) {
    handled = 0;
    handled_at_most = 60;
    handle_alarms(report_in_handler, 0);
    for (unsigned round = 0; handled < handled_at_most || round < 200; round++)
        use_everything(round);
    MUST(record_path()[0]);
    MUST(state_of(HIGH) == RECORD_STATE_FREE);
    record_remove();
}

START_TEST(handlers_may_interrupt_the_move_into_a_file) {
    /* proves: in fork children, whose record moves from memory into a file at some report, a handler may be
     * what moves it, in the middle of another report: nothing crashes */
    world_start("");
    tracker_prepare();
    for (unsigned i = 0; i < 50; i++)
        ck_assert_int_eq(told_fork(live_as_worker), 0);
}
END_TEST

static volatile sig_atomic_t forked;

static void fork_in_handler(int signal) {
    int saved = errno;
    tracker_fork_begin();
    pid_t child = fork();
    if (child == 0) {
        tracker_fork_child();
        forked = -1;
        errno = saved;
        return; /* into whatever was interrupted */
    }
    tracker_fork_end(child);
    int status;
    MUST(waitpid(child, &status, 0) == child);
    MUST(status == 0);
    wind_up(++forked < 150 ? 100 : 0);
    errno = saved;
}

START_TEST(a_handler_may_fork_and_its_child_return) {
    /* proves: the child goes on in the middle of the report that was interrupted in its parent, and its table
     * is good for what follows */
    begin();
    handle_alarms(fork_in_handler, _i ? SA_NODEFER : 0);
    for (unsigned round = 0; forked >= 0 && forked < 150; round++)
        use_everything(round);
    if (forked < 0) {
        for (unsigned round = 0; round < 100; round++)
            use_everything(round);
        MUST(record_header()->pid == getpid());
        MUST(state_of(HIGH) == RECORD_STATE_FREE);
        _exit(0);
    }
    ck_assert_int_eq(forked, 150);
}
END_TEST

static void add_forks(TCase *tests) {
    tcase_add_loop_test(tests, a_child_inherits_everything, 0, 2);
    tcase_add_loop_test(tests, what_was_inherited_is_never_counted_as_closed, 0, 2);
    tcase_add_loop_test(tests, a_child_that_reports_late_has_its_own_counts, 0, 2);
    tcase_add_loop_test(tests, a_grandchild_knows_who_acquired_what, 0, 2);
    tcase_add_loop_test(tests, a_release_under_way_at_a_fork, 0, 2);
    tcase_add_test(tests, a_child_that_stays_gets_a_file);
    tcase_add_loop_test(tests, a_child_that_uses_nothing_has_no_record, 0, 2);
    tcase_add_loop_test(tests, a_child_has_what_was_open_at_its_fork, 0, 2);
    tcase_add_test(tests, what_a_handler_does_before_the_fork_is_seen);
    tcase_add_loop_test(tests, a_grandchild_inherits_through_a_child_that_used_nothing, 0, 2);
    tcase_add_test(tests, a_child_knows_its_parent_when_that_is_gone);
    tcase_add_test(tests, a_child_that_locks_itself_down_has_its_record);
    tcase_add_test(tests, a_child_that_used_nothing_may_become_a_daemon);
    tcase_add_test(tests, a_record_that_grew_is_copied_later);
    tcase_add_loop_test(tests, options_that_ask_for_every_process, 0, sizeof asking / sizeof *asking);
    tcase_add_test(tests, events_while_the_record_is_made_are_counted);
    tcase_add_test(tests, after_a_lockdown_no_system_call_is_made);
    tcase_add_test(tests, one_number_held_is_one_open_handle);
    tcase_add_test(tests, calls_of_handlers_count_beside_those_they_interrupt);
    tcase_add_test(tests, calls_that_were_left_by_jumps_do_not_add_up);
    tcase_add_test(tests, a_handlers_call_on_another_stack_counts_as_well);
    tcase_add_test(tests, handlers_may_interrupt_anything);
    tcase_add_test(tests, handlers_may_interrupt_the_move_into_a_file);
    tcase_add_loop_test(tests, a_handler_may_fork_and_its_child_return, 0, 2);
}

static void add(TCase *tests) {
    tcase_add_loop_test(tests, before_the_start_nothing_happens, 0, 3);
    tcase_add_test(tests, releases_make_no_record);
    tcase_add_test(tests, what_is_open_at_the_first_need_is_inherited);
    tcase_add_test(tests, the_first_acquire_is_no_inheritance);
    tcase_add_test(tests, errno_is_the_programs);
    tcase_add_test(tests, an_acquire_is_recorded);
    tcase_add_test(tests, a_negative_number_is_nobody);
    tcase_add_test(tests, counts_follow_acquires_and_releases);
    tcase_add_loop_test(tests, an_error_of_close_is_not_a_failure_to_close, 0, sizeof errors / sizeof *errors);
    tcase_add_test(tests, a_lost_close_is_counted);
    tcase_add_test(tests, a_number_is_reused_before_its_close_returns);
    tcase_add_loop_test(tests, dup2_replaces_what_was_there, 0, 3);
    tcase_add_test(tests, dup2_over_a_streams_number_leaves_it_the_streams);
    tcase_add_test(tests, a_range_releases_what_is_in_it);
    tcase_add_test(tests, a_range_that_fails_changes_nothing);
    tcase_add_test(tests, a_range_leaves_newcomers_alone);
    tcase_add_test(tests, a_stream_owns_its_number);
    tcase_add_test(tests, fdopen_takes_the_number_over);
    tcase_add_test(tests, a_stream_over_an_inherited_number_is_inherited);
    tcase_add_test(tests, an_object_without_number_stands_alone);
    add_forks(tests);
}

int main(void) { return world_run("tracker/tracker", add); }
