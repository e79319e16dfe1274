/* Wrong calls on handles: programs that do one, and programs that are right though they look wrong
 * (tests/targets/misuses.c). Each wrong one is told once, with the three lines that are marked in its source;
 * no right one is accused; misuse=0 says nothing; strict=misuse stops the wrong ones at the call. */
#include <check.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/run.h"
#include "tests/suite.h"

static const char *library, *tool, *program;

/* What is told beside the call itself. */
enum { OPENED = 1, CLOSED = 2, BOTH = OPENED | CLOSED, TIMES = 4 /* more than once at that place */ };

static const struct {
    const char *way, *type;
    unsigned told;
} wrong[] = {
    {"twice", "double-close", BOTH},
    {"helper_and_caller", "double-close", BOTH},
    {"caller_and_helper", "double-close", BOTH},
    {"other_thread", "double-close", BOTH},
    {"again_in_thread", "double-close", BOTH},
    {"after_fclose", "double-close", BOTH},
    {"after_fclose_of_fdopen", "double-close", BOTH},
    {"after_closedir", "double-close", BOTH},
    {"after_closedir_of_fdopendir", "double-close", BOTH},
    {"after_pclose", "double-close", BOTH},
    {"after_dup2_over", "double-close", BOTH},
    {"of_a_duplicate", "double-close", BOTH},
    {"of_a_pipe", "double-close", BOTH},
    {"of_both_ends", "double-close", BOTH | TIMES},
    {"of_a_socketpair", "double-close", BOTH},
    {"of_a_table", "double-close", BOTH | TIMES},
    {"of_a_large_table", "double-close", BOTH | TIMES},
    {"given_to_a_library", "double-close", BOTH},
    {"twice_by_a_library", "double-close", BOTH},
    {"after_fork_in_parent", "double-close", BOTH},
    {"twice_in_child", "double-close", BOTH},
    {"of_a_childs_own", "double-close", BOTH},
    {"raw_call_and_close", "double-close", BOTH},
    {"close_and_raw_call", "double-close", BOTH},
    {"after_failed_freopen", "double-close", BOTH},
    {"after_range", "double-close", BOTH},
    {"of_what_landed_on_zero", "double-close", BOTH},
    {"of_an_event", "double-close", BOTH},
    {"of_an_epoll", "double-close", BOTH},
    {"of_a_memfd", "double-close", BOTH},
    {"of_a_reused_number", "double-close", BOTH},
    {"interrupted_and_again", "double-close", BOTH},
    {"many_times", "double-close", BOTH | TIMES},
    {"in_a_signal_handler", "double-close", BOTH},
    {"again_at_exit", "double-close", BOTH},
    {"of_two_streams_on_one_number", "double-close", BOTH},
    {"of_two_streams_the_other_way", "double-close", BOTH},
    {"of_two_streams_and_a_stranger", "double-close", BOTH},
    {"of_two_directories_on_one_number", "double-close", BOTH},
    {"of_a_timer", "double-close", BOTH},
    {"under_a_stream", "bad-close", OPENED},
    {"under_a_stream_after_a_list", "bad-close", OPENED},
    {"under_fdopen", "bad-close", OPENED},
    {"under_a_directory", "bad-close", OPENED},
    {"under_fdopendir", "bad-close", OPENED},
    {"under_popen", "bad-close", OPENED},
    {"under_freopen", "bad-close", OPENED},
    {"under_a_stream_in_thread", "bad-close", OPENED},
    {"under_a_library", "foreign-close", BOTH},
    {"under_a_library_in_thread", "foreign-close", BOTH},
    {"fclose_of_popen", "wrong-releaser", OPENED},
    {"pclose_of_fopen", "wrong-releaser", OPENED},
    {"pclose_of_fdopen", "wrong-releaser", OPENED},
    {"zero_by_accident", "standard-close", CLOSED},
    {"full_at_fclose", "failed-close", OPENED},
    {"full_at_fclose_of_fdopen", "failed-close", OPENED},
    {"full_at_freopen", "failed-close", OPENED},
    {"full_at_exit", "failed-close", OPENED},
    {"closed_under_data", "failed-close", BOTH},
    {"closed_under_data_by_a_loop", "failed-close", BOTH},
    {"fails_with_EIO", "failed-close", OPENED},
    {"fails_with_ENOSPC", "failed-close", OPENED},
    {"fails_with_EDQUOT", "failed-close", OPENED},
};
enum { WRONG = sizeof wrong / sizeof *wrong };

/* Uses of a descriptor that was closed: told with misuse=2. */
static const char *const used[] = {
    "use_dprintf",
    "use_dprintf_fortified",
    "use_readahead",
    "use_posix_fallocate",
    "use_posix_fadvise",
    "use_mknodat",
    "use_mkfifoat",
    "use_tcdrain",
    "use_sockatmark",
    "use_mq_getattr",
    "use_mq_notify",
    "use_read",
    "use_read_fortified",
    "use_write",
    "use_pread",
    "use_pwrite",
    "use_readv",
    "use_writev",
    "use_preadv",
    "use_pwritev2",
    "use_lseek",
    "use_sendfile",
    "use_sendfile_from",
    "use_copy_file_range",
    "use_splice",
    "use_send",
    "use_sendto",
    "use_sendmsg",
    "use_sendmmsg",
    "use_recv",
    "use_recv_fortified",
    "use_recvfrom",
    "use_recvmsg",
    "use_recvmmsg",
    "use_connect",
    "use_bind",
    "use_listen",
    "use_accept",
    "use_accept4",
    "use_shutdown",
    "use_getsockopt",
    "use_setsockopt",
    "use_getsockname",
    "use_getpeername",
    "use_ioctl",
    "use_fcntl",
    "use_tcgetattr",
    "use_fstat",
    "use_fstatfs",
    "use_fstatvfs",
    "use_fsync",
    "use_fdatasync",
    "use_ftruncate",
    "use_fallocate",
    "use_fchmod",
    "use_fchown",
    "use_fchdir",
    "use_futimens",
    "use_flock",
    "use_lockf",
    "use_fgetxattr",
    "use_openat",
    "use_fstatat",
    "use_unlinkat",
    "use_mkdirat",
    "use_renameat",
    "use_readlinkat",
    "use_dup",
    "use_dup2",
    "use_dup3",
    "use_fdopen",
    "use_fdopendir",
    "use_mmap",
    "use_epoll_wait",
    "use_epoll_pwait",
    "use_epoll_ctl",
    "use_timerfd_settime",
    "use_timerfd_gettime",
    "use_eventfd_read",
    "use_eventfd_write",
    "use_inotify_add_watch",
    "use_inotify_rm_watch",
    "use_epoll_ctl_of",
    "use_poll",
    "use_poll_fortified",
    "use_ppoll",
    "use_select",
    "use_pselect",
    "use_in_thread",
    "use_after_a_loop",
    "use_after_closefrom",
};
enum { USED = sizeof used / sizeof *used };

static const char *const right[] = {
    "loop_up",
    "loop_down",
    "loop_with_a_gap",
    "loop_with_gaps",
    "loop_down_with_a_gap",
    "loop_by_helper",
    "loop_twice",
    "two_loops",
    "loop_from_zero_that_opens",
    "small_loop",
    "small_loop_over_own",
    "loop_under_streams",
    "by_closefrom",
    "by_range",
    "by_range_and_loop",
    "listed_but_the_list",
    "listed_under_streams",
    "listed_with_the_list",
    "listed_by_another_name",
    "listed_by_libc",
    "listed_before",
    "listed_twice",
    "asks_whether_open",
    "marks_all",
    "asks_about_all",
    "asks_about_all_downwards",
    "asks_about_all_at_once",
    "asks_after_a_loop",
    "closed_under_the_parents_data",
    "dup2_under_data",
    "loop_in_a_child",
    "loop_in_a_vfork_child",
    "loop_in_a_daemon",
    "closed_by_parent_and_child",
    "closed_at_exit",
    "closed_around_daemon",
    "closed_by_parent_then_child",
    "closed_before_fork",
    "closed_by_a_vfork_child",
    "closed_by_a_spawned_child",
    "pipeline",
    "fdopen_and_fclose",
    "fdopen_of_a_duplicate",
    "two_streams_of_one_file",
    "two_streams_of_which_one_is_closed",
    "failed_fdopen",
    "failed_fdopendir",
    "fdopendir_of_a_duplicate",
    "freopen_and_fclose",
    "freopen_after_one_that_failed",
    "freopen_of_a_mode",
    "popen_and_pclose",
    "tmpfile_and_fclose",
    "dup2_over",
    "dup2_of_itself",
    "dup2_under_a_stream",
    "opened_by_a_library",
    "library_takes_over",
    "number_of_a_library",
    "reuse_by_threads",
    "of_minus_one",
    "of_a_number_never_opened",
    "of_what_libc_closes",
    "closed_by_an_instruction",
    "reopened_by_an_instruction",
    "both_by_an_instruction",
    "by_raw_calls",
    "interrupted_once",
    "cancelled_and_again",
    "standard_closed_twice",
    "landed_again",
    "redirection_by_close",
    "daemons_three",
    "daemons_three_by_helper",
    "redirection_by_dup2",
    "reopened_standard",
};
enum { RIGHT = sizeof right / sizeof *right };

/* ---- reports --------------------------------------------------------------------------------------------- */

/* `options` as in LEFTOPEN_OPTIONS. */
static json_t *report_of(const char *options, const char *way) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/misuses.json", run_folder());
    remove(path);
    char to[PATH_MAX + 16];
    snprintf(to, sizeof to, "--report=%s/%%e.json", run_folder());
    struct run watched = run(&(struct run_request){.words = WORDS(tool, "--format=json", to, program, way),
                                                   .options = options,
                                                   .folder = run_folder(),
                                                   .follow = true});
    ck_assert_msg(watched.status == 0 || watched.status == 23, "%s: status %d\n%s", way, watched.status,
                  watched.error);
    json_error_t error;
    char *text = run_file(path);
    json_t *report = text ? json_loads(text, 0, &error) : NULL;
    ck_assert_msg(report, "%s: no report\n%s%s", way, watched.error, text ? text : "");
    free(text);
    run_free(&watched);
    return report;
}

/* What Check takes into a message. */
static const char *pretty(const json_t *value) {
    char *text = json_dumps(value, JSON_INDENT(1));
    text[strnlen(text, 3000)] = '\0';
    return text;
}

/* The line of the source that the innermost frame names, "" if there is none. To be freed. */
static char *line_of(const json_t *stack) {
    json_t *frame = json_array_get(stack, 0);
    const char *file = json_string_value(json_object_get(frame, "file"));
    char *text = file ? run_file(file) : NULL, *line = text;
    for (json_int_t rest = json_integer_value(json_object_get(frame, "line")); line && rest > 1; rest--)
        line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
    char *copy = line ? strndup(line, strcspn(line, "\n")) : strdup("");
    free(text);
    return copy;
}

/* The stack is of a line with that mark, or not there at all. */
static void check_stack(const char *way, const json_t *misuse, const char *key, const char *mark, bool told) {
    const json_t *stack = json_object_get(misuse, key);
    char *line = line_of(stack);
    ck_assert_msg(told ? strstr(line, mark) != NULL : json_array_size(stack) == 0,
                  "%s: %s is wrong: \"%s\" in\n%s", way, key, line, pretty(misuse));
    free(line);
}

/* One misuse of that type, with its stacks. */
static void check_told(const char *options, const char *way, const char *type, unsigned told) {
    json_t *report = report_of(options, way), *list = json_object_get(report, "misuses");
    ck_assert_msg(json_array_size(list) == 1, "%s: not one misuse in\n%s", way, pretty(list));
    const json_t *misuse = json_array_get(list, 0);
    const char *found = json_string_value(json_object_get(misuse, "type"));
    ck_assert_msg(!strcmp(found, type), "%s: %s", way, found);
    bool many = json_integer_value(json_object_get(misuse, "count")) > 1;
    ck_assert_msg(many == !!(told & TIMES), "%s: count of\n%s", way, pretty(misuse));
    check_stack(way, misuse, "frames", "/* now */", true);
    check_stack(way, misuse, "opened", "/* opened */", told & OPENED);
    check_stack(way, misuse, "closed", "/* closed */", told & CLOSED);
    json_decref(report);
}

START_TEST(wrong_ones_are_told_with_their_stacks) {
    check_told("misuse=1", wrong[_i].way, wrong[_i].type, wrong[_i].told);
}
END_TEST
START_TEST(wrong_ones_are_told_by_the_full_form) {
    check_told("misuse=2", wrong[_i].way, wrong[_i].type, wrong[_i].told);
}
END_TEST
START_TEST(uses_are_told) { check_told("misuse=2", used[_i], "use-after-close", BOTH); }
END_TEST

/* What keeps a number behaves as if nothing were there. */
START_TEST(uses_are_told_in_quarantine) {
    check_told("misuse=2:quarantine=8", used[_i], "use-after-close", BOTH);
}
END_TEST

static void check_silent(const char *option, const char *way) {
    json_t *report = report_of(option, way), *list = json_object_get(report, "misuses");
    ck_assert_msg(json_array_size(list) == 0, "%s is accused: %s", way, pretty(list));
    json_decref(report);
}

START_TEST(right_ones_are_not_accused) { check_silent("misuse=1", right[_i]); }
END_TEST
START_TEST(right_ones_are_not_accused_by_the_full_form) { check_silent("misuse=2", right[_i]); }
END_TEST
START_TEST(right_ones_are_not_accused_in_quarantine) { check_silent("misuse=2:quarantine=8", right[_i]); }
END_TEST
START_TEST(uses_cost_nothing_by_default) { check_silent("misuse=1", used[_i]); }
END_TEST

START_TEST(a_stream_that_is_closed_twice_is_told_before_libc_aborts) {
    struct run watched =
        run(&(struct run_request){.words = WORDS(tool, program, "of_a_stream"), .folder = run_folder()});
    ck_assert_msg(
        strstr(watched.error, "Misuse, double-close: a stream was closed, though it was closed before"), "%s",
        watched.error);
    run_free(&watched);
}
END_TEST

/* It is nothing wrong, but forgotten. */
START_TEST(a_stream_whose_descriptor_another_has_closed_is_left_open) {
    struct run watched = run(&(struct run_request){
        .words = WORDS(tool, program, "two_streams_of_which_one_is_closed"), .folder = run_folder()});
    ck_assert_msg(watched.status == 23 &&
                      strstr(watched.error, "leak of 1 stream (of 1 opened here, 0 closed)") &&
                      strstr(watched.error, "its descriptor was closed with another handle"),
                  "%d: %s", watched.status, watched.error);
    run_free(&watched);
}
END_TEST

START_TEST(a_use_of_another_s_number_is_told_in_quarantine) {
    check_silent("misuse=2", "use_of_a_reused_number");
    check_told("misuse=2:quarantine=1", "use_of_a_reused_number", "use-after-close", BOTH);
    check_silent("misuse=2", "use_of_a_number_reused_after_a_loop");
    check_told("misuse=2:quarantine=64", "use_of_a_number_reused_after_a_loop", "use-after-close", BOTH);
}
END_TEST

START_TEST(numbers_come_back_after_as_many_opens) {
    static const struct {
        const char *options, *opens;
    } lengths[] = {{"quarantine=0", "0\n"}, {"quarantine=1", "1\n"}, {"quarantine=5", "5\n"}};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct run watched = run(&(struct run_request){.words = WORDS(program, "use_of_numbers"),
                                                       .folder = run_folder(),
                                                       .preload = library,
                                                       .options = lengths[i].options});
        ck_assert_str_eq(watched.out, lengths[i].opens);
        run_free(&watched);
    }
}
END_TEST

/* The forgotten stream itself was not released as if all were well. */
START_TEST(a_lost_flush_at_the_end_is_a_failed_release) {
    json_t *report = report_of("misuse=0", "full_at_exit");
    const char *release, *error;
    ck_assert(!json_unpack(report, "{s:[{s:[{s:s, s:s}]}]}", "sites", "handles", "release", &release, "error",
                           &error));
    ck_assert_str_eq(release, "failed");
    ck_assert_str_eq(error, "ENOSPC");
    json_decref(report);
}
END_TEST

START_TEST(without_the_option_nothing_is_said) { check_silent("misuse=0", wrong[_i].way); }
END_TEST

/* By default a close is known by the line that called it, which may be in somebody's wrapper of close. */
START_TEST(a_report_says_what_tells_who_closed) {
    static const struct {
        const char *options, *title;
    } forms[] = {{"misuse=1", "\n  it had been closed at (its callers: misuse=2):\n    #0 "},
                 {"misuse=2", "\n  it had been closed at:\n    #0 "}};
    struct run watched = run(&(struct run_request){
        .words = WORDS(tool, program, "twice"), .folder = run_folder(), .options = forms[_i].options});
    ck_assert_msg(strstr(watched.error, forms[_i].title), "%s: %s", forms[_i].options, watched.error);
    run_free(&watched);
}
END_TEST

/* ---- formats --------------------------------------------------------------------------------------------- */

/* One way for each type, and what a reader of the format sees of it. */
static const char *const ways_of_types[] = {"twice",           "under_a_stream", "under_a_library", "use_read",
                                            "fclose_of_popen", "full_at_fclose", "zero_by_accident"};
static const char *const words_of_types[] = {"double-close",    "bad-close",      "foreign-close",
                                             "use-after-close", "wrong-releaser", "failed-close",
                                             "standard-close"};
static const char *const formats[] = {"text", "json", "ndjson", "sarif", "junit", "github", "gitlab", "html"};
enum { TYPES = sizeof words_of_types / sizeof *words_of_types, FORMATS = sizeof formats / sizeof *formats };

START_TEST(every_format_tells_every_type) {
    const char *way = ways_of_types[_i % TYPES], *format = formats[_i / TYPES];
    char path[PATH_MAX], to[PATH_MAX + 16], as[32];
    snprintf(path, sizeof path, "%s/misuses.told", run_folder());
    snprintf(to, sizeof to, "--report=%s/%%e.told", run_folder());
    snprintf(as, sizeof as, "--format=%s", format);
    remove(path);
    struct run watched = run(&(struct run_request){
        .words = WORDS(tool, as, to, program, way), .options = "misuse=2", .folder = run_folder()});
    char *text = run_file(path);
    ck_assert_msg(watched.status == 23 && text, "%s of %s: status %d\n%s", format, way, watched.status,
                  watched.error);
    ck_assert_msg(strstr(text, words_of_types[_i % TYPES]) && strstr(text, "misuses.c"), "%s of %s: %.3000s",
                  format, way, text);
    free(text);
    run_free(&watched);
}
END_TEST

/* ---- rules ----------------------------------------------------------------------------------------------- */

/* What a shell does with numbers is the script's doing; what its libraries do, or what it does to its own
 * streams, is not. */
static const struct {
    const char *way;
    bool is_told;
} shells[] = {
    {"twice", false},
    {"of_a_pipe", false},
    {"zero_by_accident", false},
    {"twice_by_a_library", true},
    {"under_a_library", true},
    {"under_a_stream", true},
};
enum { SHELLS = sizeof shells / sizeof *shells };

START_TEST(shells_close_what_a_script_names) {
    char shell[PATH_MAX];
    snprintf(shell, sizeof shell, "%s/bash", run_folder());
    remove(shell);
    ck_assert_int_eq(symlink(program, shell), 0);
    struct run watched = run(&(struct run_request){.words = WORDS(tool, "--verbosity=1", shell, shells[_i].way),
                                                   .folder = run_folder()});
    ck_assert_msg(watched.status == (shells[_i].is_told ? 23 : 0), "%s: status %d\n%s", shells[_i].way,
                  watched.status, watched.error);
    ck_assert_msg(shells[_i].is_told != !!strstr(watched.error, "left out by a built-in rule: "), "%s: %s",
                  shells[_i].way, watched.error);
    run_free(&watched);
}
END_TEST

/* ---- from one run to the next ---- */

static void keep_report(const char *way, char path[PATH_MAX]) {
    snprintf(path, PATH_MAX, "%s/%s.kept", run_folder(), way);
    json_t *report = report_of("misuse=1", way);
    ck_assert(!json_dump_file(report, path, 0));
    json_decref(report);
}

/* What `leftopen diff` of two ways ends with; its text has that. */
static void check_diff(const char *old, const char *new, int status, const char *text) {
    char before[PATH_MAX], now[PATH_MAX];
    keep_report(old, before);
    keep_report(new, now);
    struct run watched = run(&(struct run_request){
        .words = WORDS(tool, "diff", "--all", "--fail-on-new", before, now), .folder = run_folder()});
    ck_assert_msg(watched.status == status && strstr(watched.out, text), "%s, %s: status %d\n%s", old, new,
                  watched.status, watched.out);
    run_free(&watched);
}

START_TEST(diff_tells_new_misuses_and_those_that_are_gone) {
    check_diff("of_minus_one", "twice", 23, "New: misuse, double-close, by close at:\n    #0 twice ");
    check_diff("twice", "under_a_stream", 23, "SUMMARY: leftopen: 1 new misuse; 1 misuse is gone\n");
    check_diff("twice", "of_minus_one", 0, "Gone: misuse, double-close, by close at:\n    #0 twice ");
    check_diff("twice", "twice", 0, "SUMMARY: leftopen: nothing new and nothing more\n");
}
END_TEST

/* ---- strict ---------------------------------------------------------------------------------------------- */

enum { ABORTED = 134 };

static struct run strictly(const char *way) {
    return run(&(struct run_request){.words = WORDS(program, way),
                                     .folder = run_folder(),
                                     .preload = library,
                                     .options = "strict=misuse:report=none",
                                     .follow = true});
}

/* Lost data is nobody's wrong call. */
START_TEST(strict_stops_wrong_ones) {
    struct run watched = strictly(wrong[_i].way);
    int status = strcmp(wrong[_i].type, "failed-close") ? ABORTED : 0;
    ck_assert_msg(watched.status == status, "%s: status %d\n%s", wrong[_i].way, watched.status, watched.error);
    run_free(&watched);
}
END_TEST

static const char *const debugged[] = {"twice",           "given_to_a_library", "after_fclose",
                                       "of_a_pipe",       "under_a_stream",     "under_a_library",
                                       "fclose_of_popen", "zero_by_accident"};
enum { DEBUGGED = sizeof debugged / sizeof *debugged };

START_TEST(a_debugger_stands_at_the_call) {
    if (system("command -v gdb >/dev/null"))
        SKIP_TEST("gdb is not there");
    char preload[PATH_MAX];
    snprintf(preload, sizeof preload, "set environment LD_PRELOAD %s", library);
    struct run watched =
        run(&(struct run_request){.words = WORDS("gdb", "-nx", "-q", "-batch", "-ex", preload, "-ex",
                                                 "set environment LEFTOPEN_OPTIONS strict=misuse:report=none",
                                                 "-ex", "run", "-ex", "bt", "--args", program, debugged[_i]),
                                  .folder = run_folder()});
    ck_assert_msg(strstr(watched.out, "SIGABRT"), "%s: %s%s", debugged[_i], watched.out, watched.error);
    char *innermost = strstr(watched.out, "misuses.c:"); /* of its frames that have a line there */
    ck_assert_msg(innermost, "%s: %s", debugged[_i], watched.out);
    json_t *frame = json_pack("[{s:s, s:i}]", "file",
                              innermost[-1] == 'b' ? "tests/targets/libmisuses.c" : "tests/targets/misuses.c",
                              "line", atoi(innermost + strlen("misuses.c:")));
    char *line = line_of(frame);
    ck_assert_msg(strstr(line, "/* now */"), "%s: %s in %s", debugged[_i], line, watched.out);
    free(line);
    json_decref(frame);
    run_free(&watched);
}
END_TEST

/* Not in a shell, which does as its script says. */
START_TEST(strict_goes_on_in_shells) {
    struct run watched = run(&(struct run_request){
        .words = WORDS("bash", "-c", "exec 7</dev/null 7<&- 7<&-; echo here | cat; exit 5"),
        .folder = run_folder(),
        .preload = library,
        .options = "strict=misuse:misuse=2:report=none"});
    ck_assert_str_eq(watched.out, "here\n");
    ck_assert_int_eq(watched.status, 5);
    run_free(&watched);
}
END_TEST

START_TEST(strict_stops_no_right_one) {
    struct run watched = strictly(right[_i]);
    ck_assert_msg(watched.status == 0, "%s: status %d\n%s", right[_i], watched.status, watched.error);
    run_free(&watched);
}
END_TEST

/* ---- */

int main(void) {
    library = run_built("libleftopen.so");
    tool = run_built("leftopen");
    run_folder();
    program = run_built("targets/misuses");
    Suite *all = suite_create("misuses");
    TCase *group = tcase_create("all");
    tcase_set_timeout(group, 3 * RUN_SECONDS);
    tcase_add_loop_test(group, wrong_ones_are_told_with_their_stacks, 0, WRONG);
    tcase_add_loop_test(group, wrong_ones_are_told_by_the_full_form, 0, WRONG);
    tcase_add_loop_test(group, uses_are_told, 0, USED);
    tcase_add_loop_test(group, uses_are_told_in_quarantine, 0, USED);
    tcase_add_loop_test(group, uses_cost_nothing_by_default, 0, USED);
    tcase_add_test(group, a_stream_that_is_closed_twice_is_told_before_libc_aborts);
    tcase_add_test(group, a_stream_whose_descriptor_another_has_closed_is_left_open);
    tcase_add_test(group, a_use_of_another_s_number_is_told_in_quarantine);
    tcase_add_test(group, numbers_come_back_after_as_many_opens);
    tcase_add_loop_test(group, right_ones_are_not_accused_in_quarantine, 0, RIGHT);
    tcase_add_loop_test(group, without_the_option_nothing_is_said, 0, WRONG);
    tcase_add_test(group, diff_tells_new_misuses_and_those_that_are_gone);
    tcase_add_test(group, a_lost_flush_at_the_end_is_a_failed_release);
    tcase_add_loop_test(group, a_report_says_what_tells_who_closed, 0, 2);
    tcase_add_loop_test(group, right_ones_are_not_accused, 0, RIGHT);
    tcase_add_loop_test(group, right_ones_are_not_accused_by_the_full_form, 0, RIGHT);
    tcase_add_loop_test(group, every_format_tells_every_type, 0, TYPES * FORMATS);
    tcase_add_loop_test(group, shells_close_what_a_script_names, 0, SHELLS);
    tcase_add_loop_test(group, strict_stops_wrong_ones, 0, WRONG);
    tcase_add_test(group, strict_goes_on_in_shells);
    tcase_add_loop_test(group, strict_stops_no_right_one, 0, RIGHT);
    tcase_add_loop_test(group, a_debugger_stands_at_the_call, 0, DEBUGGED);
    suite_add_tcase(all, group);
    return suite_run(all);
}
