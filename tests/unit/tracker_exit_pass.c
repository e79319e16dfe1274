/* tracker/exit_pass.h, findings.h and raw_report.h: what is found at the end, in which order it is told and
 * released, and whom nothing is taken from. Each end happens in a child of its own: there is one per process.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "tests/unit/world.h"
#include "tracker/findings.h"
#include "tracker/output.h"

/* Where a child's standard error goes; shared with the test that reads it. */
static int errors = -1;

static const char *said(void) {
    world_errors = errors;
    return world_said();
}

/* Runs `body` with its standard error caught, and sees to it that the process ends as it should. */
static void watch(void (*body)(void)) {
    errors = memfd_create("errors", MFD_CLOEXEC);
    ck_assert_int_ge(errors, 0);
    int status = in_child(body);
    ck_assert_msg(status == 0, "wait status %#x: %s", status, said());
}

static unsigned flushes;
static int flush(void) {
    flushes++;
    return 0;
}

/* Of streams of a byte each: newest first, and the newest one's memory and that of the others next to it goes
 * where `unmaps` is true. */
static char *stream_page;
static bool unmaps;
static unsigned flushed;
static int flush_stream(void *stream, size_t *bytes) {
    flushed++;
    *bytes = unmaps;
    MUST(!unmaps || munmap(stream_page, 4096) == 0);
    return 0;
}

/* As shim/startup.c does it. */
static void begin(const char *more_options) {
    MUST(dup2(errors, 2) == 2);
    static char options[512]; /* what a start names stays */
    static char *arguments[] = {"unit", NULL}, *environment[] = {options, NULL};
    snprintf(world_records, sizeof world_records, "%s/records-%d", world_folder, (int)getpid());
    MUST(mkdir(world_records, 0700) == 0);
    snprintf(options, sizeof options, "LEFTOPEN_OPTIONS=unwind=caller:record=%s:%s", world_records,
             more_options);
    MUST(tracker_start(&(struct tracker_start){.argument_count = 1,
                                               .arguments = arguments,
                                               .environment = environment,
                                               .vdso = getauxval(AT_SYSINFO_EHDR),
                                               .flush_streams = flush,
                                               .flush_stream = flush_stream,
                                               .stream_bytes = 1}));
    tracker_standard_error_is(true);
    tracker_prepare();
}

static int open_told(void) {
    int number = open_null();
    tracker_acquired(number, RECORD_KIND_FILE, "open", CALLER, -1, NULL);
    return number;
}

static char stream[64];

static int stream_told(void *address) {
    int number = open_null();
    tracker_acquired_object(address, RECORD_KIND_STREAM, number, false, "fopen", CALLER + 16, NULL);
    return number;
}

static void end(void) {
    tracker_ending(0);
    tracker_end(RECORD_END_EXIT, 5, true);
}

static bool is_open(int number) { return fcntl(number, F_GETFD) >= 0; }
static int outcome(struct record_slot *slot) { return RELAXED(slot->outcome); }
static uint32_t pass(void) { return RELAXED(record_header()->pass); }

/* ---- nothing to tell ---------------------------------------------------------------------------------------
 */

static void leave_nothing(void) {
    begin("");
    int number = open_told();
    tracker_released(tracker_closing(number, "close", CALLER), number, close(number) ? errno : 0);
    end();
    MUST(count_files(world_records) == 0);
    MUST(RELAXED(record_header()->end) == RECORD_END_EXIT);
    MUST(RELAXED(record_header()->status) == 5);
    MUST(RELAXED(record_header()->ended_monotonic) >= record_header()->started_monotonic);
    MUST(flushes == 0);
}

START_TEST(a_tidy_program_ends_silently) {
    /* proves: no word, no file, no flush; the end is in the record */
    watch(leave_nothing);
    ck_assert_str_eq(said(), "");
}
END_TEST

static void leave_what_is_not_ours(void) {
    int inherited = open_null();
    begin("");
    for (int number = 0; number < 3; number++)
        tracker_acquired(number, RECORD_KIND_FILE, "open", CALLER, -1, NULL);
    tracker_acquired_object(stream, RECORD_KIND_STREAM, 1, true, "fdopen", CALLER, NULL);
    tracker_acquired(700, RECORD_KIND_FILE, "open", CALLER, -1, NULL); /* closed behind our back */
    end();
    MUST(is_open(inherited) && is_open(0) && is_open(1) && is_open(2));
    MUST(outcome(slot_of(inherited)) == RECORD_OUTCOME_NONE);
    MUST(outcome(slot_of(700)) == RECORD_OUTCOME_GONE);
    MUST(count_files(world_records) == 0);
}

START_TEST(nobody_is_accused_of_what_is_not_theirs) {
    /* proves: inherited descriptors, 0 to 2 and streams over them, and what the kernel does not know */
    watch(leave_what_is_not_ours);
    ck_assert_str_eq(said(), "");
}
END_TEST

/* ---- findings ----------------------------------------------------------------------------------------------
 */

static void leave_one(void) {
    begin("");
    int number = open_told();
    end();
    MUST(!is_open(number));
    MUST(outcome(slot_of(number)) == RECORD_OUTCOME_RELEASED);
    MUST(RELAXED(record_header()->unseen) == 0);
    MUST(flushes == 1);
    MUST(pass() == (RECORD_PASS_BEGUN | RECORD_PASS_RECONCILED | RECORD_PASS_DETAILS | RECORD_PASS_RELEASED |
                    RECORD_PASS_REPORTED));
    MUST(RELAXED(record_header()->notes) & RECORD_NOTE_NO_RENDERER);
    MUST(count_files(world_records) == 0);
    struct record_detail *detail = record_at((uint64_t)RELAXED(slot_of(number)->detail) * RECORD_UNIT);
    MUST(detail->sequence == RELAXED(slot_of(number)->sequence));
    MUST(detail->link_bytes == strlen("/dev/null") && !memcmp(detail->text, "/dev/null", 9));
    MUST(S_ISCHR(detail->mode) && (detail->status_flags & O_ACCMODE) == O_RDONLY);
}

START_TEST(one_forgotten_handle_is_told_and_released) {
    /* proves: the whole pass, and the raw report where the tool is not there */
    if (NEVER_ALONE)
        SKIP_TEST("with another thread nothing is released");
    watch(leave_one);
    ck_assert_says(said(), "ERROR: leftopen: 1 handle left open at exit by ");
    ck_assert_says(said(), "\nDirect leak of 1 file, opened by open at:\n    #0 0x");
    ck_assert_says(said(), "/dev/null   released\n");
    ck_assert_says(said(), "\nSUMMARY: leftopen: 1 handle left open at 1 site\n");
    ck_assert_silent(said(), "strict");
}
END_TEST

static void leave_streams(void) {
    begin("");
    int fopened = stream_told(stream);
    int given = open_told();
    tracker_acquired_object(stream + 16, RECORD_KIND_STREAM, given, true, "fdopen", CALLER + 32, NULL);
    tracker_acquired_object(stream + 32, RECORD_KIND_STREAM, -1, false, "fmemopen", CALLER + 48, NULL);
    end();
    MUST(!is_open(fopened) && !is_open(given));
    MUST(outcome(slot_of_object(stream)) == RECORD_OUTCOME_RELEASED);
    MUST(outcome(slot_of_object(stream + 16)) == RECORD_OUTCOME_RELEASED);
    MUST(outcome(slot_of(fopened)) == RECORD_OUTCOME_NONE);
    MUST(outcome(slot_of(given)) == RECORD_OUTCOME_NONE);
}

START_TEST(a_stream_and_its_descriptor_are_one_handle) {
    /* proves: fopen, fdopen and fmemopen are three handles of three sites, each told once */
    if (NEVER_ALONE)
        SKIP_TEST("with another thread nothing is released");
    watch(leave_streams);
    ck_assert_says(said(), "SUMMARY: leftopen: 3 handles left open at 3 sites");
    ck_assert_uint_eq(count_in(said(), "Direct leak of 1 stream, opened by "), 3);
    ck_assert_uint_eq(count_in(said(), "fd "), 2);
}
END_TEST

static void close_under_a_stream(void) {
    begin("");
    int number = stream_told(stream);
    tracker_released(tracker_closing(number, "close", CALLER), number, close(number) ? errno : 0);
    MUST(open_told() == number);
    end();
    MUST(outcome(slot_of_object(stream)) == RECORD_OUTCOME_GONE);
    MUST(outcome(slot_of(number)) == RECORD_OUTCOME_RELEASED);
}

START_TEST(a_number_that_another_got_is_the_others) {
    /* proves: a stream whose descriptor was closed under it is not told with the file that has the number now
     */
    if (NEVER_ALONE)
        SKIP_TEST("with another thread nothing is released");
    watch(close_under_a_stream);
    ck_assert_says(said(), "SUMMARY: leftopen: 1 handle left open");
    ck_assert_says(said(), "Direct leak of 1 file");
}
END_TEST

static void never_return_from_close(void) {
    int inherited = open_null();
    begin("");
    int own = open_told(), owned = stream_told(stream);
    tracker_closing(inherited, "close", CALLER);
    tracker_closing(own, "close", CALLER);
    tracker_closing(owned, "close", CALLER);
    end();
    MUST(is_open(inherited));
    MUST(!is_open(own));
    MUST(RELAXED(slot_of(own)->flags) & RECORD_SLOT_CLOSE_BEGUN);
    MUST(outcome(slot_of(inherited)) == RECORD_OUTCOME_NONE);
    MUST(outcome(slot_of(owned)) == RECORD_OUTCOME_NONE);
    MUST(outcome(slot_of_object(stream)) == RECORD_OUTCOME_RELEASED);
}

START_TEST(a_close_that_never_returned) {
    /* proves: cancelled in the middle, a handle is what it was before: own, inherited, or a stream's */
    if (NEVER_ALONE)
        SKIP_TEST("with another thread nothing is released");
    watch(never_return_from_close);
    ck_assert_says(said(), "SUMMARY: leftopen: 2 handles left open at 2 sites");
}
END_TEST

static void leave_unseen(void) {
    begin("");
    open_told();
    open_null();
    open_null();
    end();
    MUST(RELAXED(record_header()->unseen) == 2);
}

START_TEST(what_nobody_reported_is_counted_apart) {
    /* proves: descriptors of raw system calls are unseen, neither told nor closed; our own copy is not counted
     */
    watch(leave_unseen);
    ck_assert_says(said(), "SUMMARY: leftopen: 1 handle left open");
}
END_TEST

static void list_unseen(void) {
    begin("unseen=1");
    open_told();
    int number = open_null();
    end();
    struct record_slot *slot = slot_of(number);
    MUST(RECORD_WORD_STATE(RELAXED(slot->word)) == RECORD_STATE_INHERITED);
    MUST(RELAXED(slot->flags) == RECORD_SLOT_UNSEEN && RELAXED(slot->outcome) == RECORD_OUTCOME_NONE);
    struct record_detail *detail = record_at((uint64_t)RELAXED(slot->detail) * RECORD_UNIT);
    MUST(detail->link_bytes == 9 && memcmp(detail->text, "/dev/null", 9) == 0);
    MUST(fcntl(number, F_GETFD) >= 0);
    MUST(output_own_descriptor() < 0 || !numbers_find(output_own_descriptor()) ||
         !(RELAXED(slot_of(output_own_descriptor())->flags) & RECORD_SLOT_UNSEEN));
}

START_TEST(unseen_ones_are_listed_when_asked) {
    /* proves: they get an entry and what the kernel says of them, are not released, and our copy is not one */
    watch(list_unseen);
    ck_assert_says(said(), "SUMMARY: leftopen: 1 handle left open");
}
END_TEST

static void list_inherited(void) {
    int number = open_null();
    begin("inherited=1");
    end();
    struct record_slot *slot = slot_of(number);
    struct record_detail *detail = record_at((uint64_t)RELAXED(slot->detail) * RECORD_UNIT);
    MUST(detail->link_bytes == 9 && memcmp(detail->text, "/dev/null", 9) == 0);
}

START_TEST(the_kernel_is_asked_of_inherited_ones_too) {
    /* proves: option inherited is worth a look at each of them */
    watch(list_inherited);
}
END_TEST

static void leave_many(void) {
    begin("");
    for (unsigned i = 0; i < 3000; i++)
        open_told();
    end();
    unsigned details = 0;
    for (int number = 3; number < 3100; number++)
        details += slot_of(number) && RELAXED(slot_of(number)->detail);
    MUST(details >= 256 && details < 300);
    MUST(RELAXED(record_header()->peak) >= 3000);
}

START_TEST(thousands_of_one_site_are_a_few_lines) {
    /* proves: ten are shown, the rest counted, and the kernel is asked about a bounded number */
    watch(leave_many);
    ck_assert_says(said(), "3000 handles left open");
    ck_assert_says(said(), "  … and 2990 more\n");
    ck_assert_uint_eq(count_in(said(), "  fd "), 10);
    ck_assert_uint_eq(count_in(said(), "Direct leak"), 1);
}
END_TEST

static void leave_a_strange_name(void) {
    begin("");
    char path[256];
    snprintf(path, sizeof path, "%s/\033[31m\nred", world_records);
    int number = open(path, O_CREAT | O_WRONLY, 0600);
    tracker_acquired(number, RECORD_KIND_FILE, "open", CALLER, -1, NULL);
    end();
}

START_TEST(names_do_not_drive_the_terminal) {
    /* proves: control characters of a file's name are not written */
    watch(leave_a_strange_name);
    ck_assert_silent(said(), "\033");
    ck_assert_says(said(), "?[31m?red");
}
END_TEST

static void leave_a_socket(void) {
    begin("");
    int pair[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    tracker_acquired(pair[0], RECORD_KIND_SOCKET, "socketpair", CALLER, -1, NULL);
    tracker_acquired(pair[1], RECORD_KIND_SOCKET, "socketpair", CALLER, -1, NULL);
    end();
    struct record_detail *detail = record_at((uint64_t)RELAXED(slot_of(pair[0])->detail) * RECORD_UNIT);
    MUST(S_ISSOCK(detail->mode) && detail->socket_domain == AF_UNIX && detail->socket_type == SOCK_STREAM);
    MUST(detail->local_bytes >= sizeof(sa_family_t) && detail->peer_bytes >= sizeof(sa_family_t));
}

START_TEST(a_socket_says_what_it_is) {
    /* proves: family, type and both names are in the record, where a tool finds them */
    watch(leave_a_socket);
    ck_assert_says(said(), "Direct leak of 2 sockets, opened by socketpair");
}
END_TEST

/* ---- options -----------------------------------------------------------------------------------------------
 */

static void release_nothing(void) {
    begin("release=none");
    int number = open_told(), of_stream = stream_told(stream);
    end();
    MUST(is_open(number) && is_open(of_stream));
    MUST(outcome(slot_of(number)) == RECORD_OUTCOME_SKIPPED);
    MUST(outcome(slot_of_object(stream)) == RECORD_OUTCOME_SKIPPED);
    MUST(flushes == 0);
}

static void release_streams(void) {
    begin("release=streams");
    int number = open_told(), of_stream = stream_told(stream);
    end();
    MUST(is_open(number) && !is_open(of_stream));
    MUST(outcome(slot_of(number)) == RECORD_OUTCOME_SKIPPED);
    MUST(outcome(slot_of_object(stream)) == RECORD_OUTCOME_RELEASED);
    MUST(flushes == 1);
}

START_TEST(what_is_released_can_be_chosen) {
    /* proves: none, or only streams, and that it is said */
    if (NEVER_ALONE)
        SKIP_TEST("with another thread nothing is released");
    watch(_i ? release_streams : release_nothing);
    ck_assert_says(said(), "2 handles left open");
    ck_assert_uint_eq(count_in(said(), "not released"), _i ? 1 : 2);
}
END_TEST

static void end_without_exit(void) {
    begin("");
    int number = open_told();
    tracker_end(RECORD_END_EXIT_NOW, 0, false);
    MUST(!is_open(number));
    MUST(flushes == 0);
}

static void forget_neighbours(void) {
    enum { STREAMS = 3 };
    begin("report=none");
    stream_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(stream_page != MAP_FAILED);
    for (unsigned i = 0; i < STREAMS; i++)
        tracker_acquired_object(stream_page + 16 * i, RECORD_KIND_STREAM, -1, false, "fmemopen", CALLER, NULL);
    end();
    MUST(flushed == (unmaps ? 1 : STREAMS));
}

START_TEST(a_stream_whose_memory_is_gone_is_not_looked_at) {
    /* proves: code of the program that a flush runs may unmap the streams that come after */
    if (NEVER_ALONE)
        SKIP_TEST("with another thread nothing is released");
    unmaps = _i;
    watch(forget_neighbours);
}
END_TEST

static const struct {
    const char *options;
    bool descriptor; /* forgotten, else a stream without one */
    unsigned flushes;
} flushing[] = {{"report=none", false, 0}, {"report=none", true, 1}, {"", false, 1}};
enum { FLUSHING = sizeof flushing / sizeof flushing[0] };
static int which_flushing;

static void leave_for_flush(void) {
    begin(flushing[which_flushing].options);
    if (flushing[which_flushing].descriptor)
        open_told();
    else
        tracker_acquired_object(stream, RECORD_KIND_STREAM, -1, false, "fmemopen", CALLER, NULL);
    end();
    MUST(flushes == flushing[which_flushing].flushes);
}

START_TEST(all_streams_are_flushed_where_somebody_may_need_it) {
    /* proves: before our words, and before a descriptor is taken that an unseen stream may have; else libc does
     * it */
    if (NEVER_ALONE)
        SKIP_TEST("with another thread nothing is released");
    which_flushing = _i;
    watch(leave_for_flush);
}
END_TEST

START_TEST(at_once_means_without_flush) {
    /* proves: _exit does not write what the program did not want written */
    if (NEVER_ALONE)
        SKIP_TEST("with another thread nothing is released");
    watch(end_without_exit);
    ck_assert_says(said(), "1 handle left open");
}
END_TEST

static void report_nothing(void) {
    begin("report=none");
    int number = open_told();
    end();
    MUST(!is_open(number));
    MUST(!(pass() & RECORD_PASS_REPORTED) && pass() & RECORD_PASS_RELEASED);
    MUST(count_files(world_records) == 1);
    struct stat status;
    MUST(stat(record_path(), &status) == 0);
    MUST(status.st_size >= (off_t)RELAXED(record_header()->allocated) && status.st_size < 1 << 20);
    record_remove();
}

START_TEST(what_was_not_told_stays_in_a_file) {
    /* proves: report=none is silent, and leaves a record, cut to its length */
    if (NEVER_ALONE)
        SKIP_TEST("with another thread nothing is released");
    watch(report_nothing);
    ck_assert_str_eq(said(), "");
}
END_TEST

static void lose_standard_error(void) {
    begin("");
    open_told();
    tracker_standard_error_is(false); /* close(2), and then some open that got the number */
    end();
    MUST(RELAXED(record_header()->notes) & RECORD_NOTE_STANDARD_ERROR_LOST);
    MUST(count_files(world_records) == 1);
    record_remove();
}

START_TEST(a_number_2_that_is_somebody_elses_is_not_written_to) {
    /* proves: the report stays in the record */
    watch(lose_standard_error);
    ck_assert_str_eq(said(), "");
}
END_TEST

static void close_standard_error_late(void) {
    begin("");
    open_told();
    tracker_ending(0);
    close(2); /* in an exit handler, as coreutils do */
    tracker_standard_error_is(false);
    tracker_end(RECORD_END_EXIT, 0, true);
    MUST(RELAXED(record_header()->unseen) == 0);
}

START_TEST(a_copy_made_in_time_carries_the_report) {
    /* proves: descriptor 2 closed in an exit handler costs no report, and the copy is not counted as unseen */
    watch(close_standard_error_late);
    ck_assert_says(said(), "1 handle left open");
}
END_TEST

static void be_strict_without_tool(void) {
    begin(getenv("WANTED"));
    open_told();
    end();
}

START_TEST(without_a_verdict_the_program_is_left_alone) {
    /* proves: strict and exitcode need the tool, which knows suppressions; without it that is said */
    ck_assert_int_eq(setenv("WANTED", _i ? "exitcode=9" : "strict=all", 1), 0);
    watch(be_strict_without_tool);
    ck_assert_says(said(), "strict and exitcode were not applied");
}
END_TEST

static void end_twice(void) {
    begin("");
    open_told();
    end();
    int later = open_told();
    tracker_end(RECORD_END_EXIT_NOW, 9, false);
    MUST(is_open(later));
    MUST(RELAXED(record_header()->status) == 5);
    MUST(RELAXED(record_header()->end) == RECORD_END_EXIT);
}

START_TEST(there_is_one_end) {
    /* proves: who comes second finds it done */
    watch(end_twice);
    ck_assert_uint_eq(count_in(said(), "SUMMARY"), 1);
}
END_TEST

static void refuse_close(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    begin("");
    int number = open_told();
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
    end();
    MUST(outcome(slot_of(number)) == RECORD_OUTCOME_FAILED);
    MUST(RELAXED(slot_of(number)->error) == EIO);
}

START_TEST(a_release_that_fails_is_told) {
    /* proves: the kernel's error is in the record, and the report says that it failed */
    if (NEVER_ALONE)
        SKIP_TEST("with another thread nothing is released");
    watch(refuse_close);
    ck_assert_says(said(), "release failed");
}
END_TEST

/* ---- threads -----------------------------------------------------------------------------------------------
 */

static int under_a_thread, stop_thread[2];
static atomic_bool thread_runs;

static void *use_descriptor(void *nothing) {
    char byte;
    atomic_store(&thread_runs, true);
    MUST(read(stop_thread[0], &byte, 1) == 1);
    MUST(is_open(under_a_thread));
    return nothing;
}

static void end_with_threads(void) {
    begin("");
    MUST(pipe(stop_thread) == 0);
    under_a_thread = open_told();
    int half_closed = open_told();
    tracker_closing(half_closed, "close", CALLER); /* as if the other thread was in close */
    pthread_t thread;
    tracker_thread_begin();
    pthread_create(&thread, NULL, use_descriptor, NULL);
    while (!atomic_load(&thread_runs))
        sched_yield();
    end();
    MUST(write(stop_thread[1], "", 1) == 1);
    pthread_join(thread, NULL);
    MUST(is_open(under_a_thread) && is_open(half_closed));
    MUST(outcome(slot_of(under_a_thread)) == RECORD_OUTCOME_RELEASED);
    MUST(outcome(slot_of(half_closed)) == RECORD_OUTCOME_NONE);
    MUST(RELAXED(record_header()->notes) & RECORD_NOTE_THREADS_AT_EXIT);
}

START_TEST(nothing_is_taken_from_under_a_thread) {
    /* proves: with another thread alive descriptors stay open until the kernel takes them; it is told, and what
     * may just be closed there is not */
    watch(end_with_threads);
    ck_assert_says(said(), "1 handle left open");
}
END_TEST

/* ---- forks -------------------------------------------------------------------------------------------------
 */

static int go[2], done[2];

static pid_t fork_told(void (*body)(void)) {
    tracker_fork_begin();
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        tracker_fork_child();
        body();
        _exit(0);
    }
    tracker_fork_end(child);
    return child;
}

static int end_of(pid_t child) {
    int status = -1;
    MUST(waitpid(child, &status, 0) == child);
    return status;
}

static int parents_number;

static void end_as_child(void) {
    end();
    MUST(is_open(parents_number));
    MUST(outcome(slot_of(parents_number)) == RECORD_OUTCOME_NONE);
}

static void fork_and_close(void) {
    begin("");
    parents_number = open_told();
    MUST(end_of(fork_told(end_as_child)) == 0);
    tracker_released(tracker_closing(parents_number, "close", CALLER), parents_number,
                     close(parents_number) ? errno : 0);
    end();
}

START_TEST(a_child_tells_nothing_of_its_parents) {
    /* proves: what the parent holds is neither told nor closed at the child's end */
    watch(fork_and_close);
    ck_assert_str_eq(said(), "");
}
END_TEST

static pid_t daemons_parent;

static void wait_as_daemon(void) {
    char byte;
    MUST(read(go[0], &byte, 1) == 1);
    while (getppid() == daemons_parent)
        usleep(1000);
    end();
    MUST(!is_open(parents_number));
    MUST(RELAXED(slot_of(parents_number)->flags) & RECORD_SLOT_ADOPTED);
    MUST(outcome(slot_of(parents_number)) == RECORD_OUTCOME_RELEASED);
    MUST(write(done[1], "", 1) == 1);
}

static void leave_a_daemon(void) {
    begin("");
    parents_number = open_told();
    daemons_parent = getpid();
    fork_told(wait_as_daemon);
    int after = open_told();
    end();
    MUST(is_open(parents_number));
    MUST(outcome(slot_of(parents_number)) == RECORD_OUTCOME_HANDED_OVER);
    MUST(outcome(slot_of(after)) == RECORD_OUTCOME_RELEASED);
}

START_TEST(a_daemon_takes_over_what_its_parent_had) {
    /* proves: the parent tells what it opened after the fork, and the child, when the parent is gone, the rest
     */
    if (NEVER_ALONE)
        SKIP_TEST("with another thread nothing is released");
    char byte;
    ck_assert_int_eq(pipe(go) | pipe(done), 0);
    watch(leave_a_daemon);
    ck_assert_uint_eq(count_in(said(), "SUMMARY: leftopen: 1 handle"), 1);
    ck_assert_int_eq(write(go[1], "", 1), 1);
    ck_assert_int_eq(read(done[0], &byte, 1), 1);
    ck_assert_uint_eq(count_in(said(), "SUMMARY: leftopen: 1 handle"), 2);
}
END_TEST

static void execute_and_wait(void) {
    char byte;
    tracker_executing();
    MUST(write(done[1], "", 1) == 1);
    MUST(read(go[0], &byte, 1) == 1);
}

static void leave_a_program(void) {
    char byte;
    begin("");
    parents_number = open_told();
    pid_t child = fork_told(execute_and_wait);
    MUST(read(done[0], &byte, 1) == 1);
    end();
    MUST(outcome(slot_of(parents_number)) == RECORD_OUTCOME_RELEASED);
    MUST(write(go[1], "", 1) == 1);
    MUST(end_of(child) == 0);
}

START_TEST(a_child_that_executed_something_inherits_nothing) {
    /* proves: a program that was started takes no blame from who forgot */
    if (NEVER_ALONE)
        SKIP_TEST("with another thread nothing is released");
    ck_assert_int_eq(pipe(go) | pipe(done), 0);
    watch(leave_a_program);
    ck_assert_says(said(), "1 handle left open");
}
END_TEST

/* ---- order -------------------------------------------------------------------------------------------------
 */

static void expect_newest_first(struct findings *findings) {
    findings_sort_by_age(findings);
    for (size_t i = 1; i < findings->count; i++)
        MUST(findings->list[i - 1].sequence > findings->list[i].sequence);
}

static void exchange(struct findings *findings, size_t one, size_t other) {
    struct finding swap = findings->list[one];
    findings->list[one] = findings->list[other];
    findings->list[other] = swap;
}

static void look_at_order(void) {
    enum { MANY = 200 };
    begin("record=off");
    for (unsigned i = 0; i < MANY; i++) {
        int number = open_null();
        tracker_acquired(number, i % 3 ? RECORD_KIND_FILE : RECORD_KIND_SOCKET, "open", CALLER + i % 7, -1,
                         NULL);
    }
    struct findings findings = {0};
    findings_gather(&findings, false, 0);
    MUST(findings.count == MANY);
    expect_newest_first(&findings); /* they lie the other way round */
    expect_newest_first(&findings);
    for (unsigned i = 0; i < MANY; i++)
        exchange(&findings, i, i * 37 % MANY);
    expect_newest_first(&findings);
    exchange(&findings, 100, 101);
    expect_newest_first(&findings);
    for (size_t count = 0; count < 4; count++)
        expect_newest_first(&(struct findings){.list = findings.list, .count = count});
    findings_sort_by_site(&findings);
    unsigned sites = 1;
    for (unsigned i = 1; i < MANY; i++) {
        struct finding *before = &findings.list[i - 1], *this = &findings.list[i];
        bool same = before->kind == this->kind && before->stack == this->stack;
        sites += !same;
        MUST(!same || before->sequence < this->sequence);
    }
    MUST(sites == 14);
}

START_TEST(findings_can_be_put_in_order) {
    /* proves: newest first for the release; site by site, oldest first, for the report */
    watch(look_at_order);
}
END_TEST

static void look_at_likelihood(void) {
    begin("record=off");
    MUST(!findings_likely());
    tracker_acquired(1, RECORD_KIND_FILE, "dup2", CALLER, -1, NULL);
    MUST(!findings_likely());
    int number = open_told();
    MUST(findings_likely());
    tracker_closing(number, "close", CALLER);
    MUST(findings_likely());
    struct slot_ticket ticket = {numbers_find(number), 0};
    ticket.word = (RELAXED(slot_of(number)->word) & ~(uint64_t)0xf) | RECORD_STATE_LIVE;
    tracker_released(ticket, number, 0);
    MUST(!findings_likely());
    tracker_acquired_object(stream, RECORD_KIND_STREAM, -1, false, "fmemopen", CALLER, NULL);
    MUST(findings_likely());
}

START_TEST(a_glance_says_when_there_is_nothing) {
    /* proves: the quick look never says no where something is held */
    watch(look_at_likelihood);
}
END_TEST

static void add_ends(TCase *tests) {
    tcase_add_loop_test(tests, what_is_released_can_be_chosen, 0, 2);
    tcase_add_loop_test(tests, a_stream_whose_memory_is_gone_is_not_looked_at, 0, 2);
    tcase_add_loop_test(tests, all_streams_are_flushed_where_somebody_may_need_it, 0, FLUSHING);
    tcase_add_test(tests, at_once_means_without_flush);
    tcase_add_test(tests, what_was_not_told_stays_in_a_file);
    tcase_add_test(tests, a_number_2_that_is_somebody_elses_is_not_written_to);
    tcase_add_test(tests, a_copy_made_in_time_carries_the_report);
    tcase_add_loop_test(tests, without_a_verdict_the_program_is_left_alone, 0, 2);
    tcase_add_test(tests, there_is_one_end);
    tcase_add_test(tests, a_release_that_fails_is_told);
    tcase_add_test(tests, nothing_is_taken_from_under_a_thread);
    tcase_add_test(tests, a_child_tells_nothing_of_its_parents);
    tcase_add_test(tests, a_daemon_takes_over_what_its_parent_had);
    tcase_add_test(tests, a_child_that_executed_something_inherits_nothing);
    tcase_add_test(tests, findings_can_be_put_in_order);
    tcase_add_test(tests, a_glance_says_when_there_is_nothing);
}

static void add(TCase *tests) {
    tcase_add_test(tests, a_tidy_program_ends_silently);
    tcase_add_test(tests, nobody_is_accused_of_what_is_not_theirs);
    tcase_add_test(tests, one_forgotten_handle_is_told_and_released);
    tcase_add_test(tests, a_stream_and_its_descriptor_are_one_handle);
    tcase_add_test(tests, a_number_that_another_got_is_the_others);
    tcase_add_test(tests, a_close_that_never_returned);
    tcase_add_test(tests, what_nobody_reported_is_counted_apart);
    tcase_add_test(tests, unseen_ones_are_listed_when_asked);
    tcase_add_test(tests, the_kernel_is_asked_of_inherited_ones_too);
    tcase_add_test(tests, thousands_of_one_site_are_a_few_lines);
    tcase_add_test(tests, names_do_not_drive_the_terminal);
    tcase_add_test(tests, a_socket_says_what_it_is);
    add_ends(tests);
}

int main(void) { return world_run("tracker/exit_pass", add); }
