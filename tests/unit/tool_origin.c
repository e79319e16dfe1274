/* tool_origin.c - what passed over exec: where it came from, and what should have kept it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/suite.h"
#include "tools/findings/exec_leaks.h"
#include "tools/handles/close_on_exec.h"
#include "tools/handles/origin.h"

/* --- a family --------------------------------------------------------------------------------------------- */

#define SECOND 1000000000ull

/* The descriptor that is asked for, in the process that inherited it. */
enum { NUMBER = 5 };

static char *server_arguments[] = {"./server", NULL}, *worker_arguments[] = {"./worker", NULL};
static struct stack opened_at = {.id = 7, .call = "open"}, stream_at = {.id = 8, .call = "fopen"};
static struct detail hosts = {.device = 1, .inode = 2, .link = "/etc/hosts"},
                     passwd = {.device = 1, .inode = 3, .link = "/etc/passwd"},
                     event = {.device = 9, .inode = 9, .link = "anon_inode:[eventfd]"};

static struct handle wanted[1], had[2], first_had[1];
/* What runs now, as which it ran before its exec at 20 s, what that was at first; and the parent. */
static struct process now, before, first, parent, *others[4];
static size_t other_count;

static struct handle inherited(void) {
    return (struct handle){.state = RECORD_STATE_INHERITED, .number = NUMBER};
}

static struct handle acquired(uint64_t opened) {
    return (struct handle){.state = RECORD_STATE_LIVE, .number = NUMBER, .opened = opened, .stack = &opened_at};
}

static void begin(void) {
    wanted[0] = inherited();
    had[0] = acquired(15 * SECOND);
    had[1] = (struct handle){0};
    now = (struct process){.pid = 41,
                           .parent_pid = 40,
                           .executable = "",
                           .arguments = worker_arguments,
                           .started_monotonic = 20 * SECOND + 1000000,
                           .handles = wanted,
                           .handle_count = 1};
    before = (struct process){.pid = 41,
                              .parent_pid = 40,
                              .executable = "",
                              .arguments = server_arguments,
                              .end = RECORD_END_EXEC,
                              .started_monotonic = 10 * SECOND,
                              .ended_monotonic = 20 * SECOND,
                              .handles = had,
                              .handle_count = 2};
    first = before;
    first.started_monotonic = 1 * SECOND;
    first.ended_monotonic = 10 * SECOND;
    first.handles = first_had;
    first.handle_count = 1;
    first_had[0] = acquired(5 * SECOND);
    parent = (struct process){.pid = 40,
                              .executable = "",
                              .arguments = server_arguments,
                              .started_monotonic = 1 * SECOND,
                              .handles = had,
                              .handle_count = 2};
    others[0] = &now; /* it may be among them */
    others[1] = &before;
    other_count = 2;
}

static struct origin look(void) { return origin_of(&now, &wanted[0], others, other_count); }

static void check_origin(enum origin_way way, int pid, const struct process *process, const struct stack *stack,
                         const char *text) {
    struct origin origin = look();
    ck_assert_int_eq(origin.way, way);
    ck_assert_int_eq(origin.pid, pid);
    ck_assert_ptr_eq(origin.process, process);
    ck_assert_ptr_eq(origin.stack, stack);
    char *words = origin_text(&origin);
    ck_assert_str_eq(words, text);
    free(words);
}

static void check_unknown(void) { check_origin(ORIGIN_UNKNOWN, 0, NULL, NULL, ""); }

static void check_exec(void) {
    check_origin(ORIGIN_EXEC, 41, &before, &opened_at, "through exec from ./server");
}

/* --- through exec ----------------------------------------------------------------------------------------- */

START_TEST(the_image_before_tells) {
    check_exec();
    wanted[0].detail = &hosts;
    check_exec();
    had[0].detail = &hosts;
    check_exec();
}
END_TEST

START_TEST(another_file_of_that_number_is_another) {
    wanted[0].detail = &hosts;
    had[0].detail = &passwd;
    check_unknown();
    struct detail same_inode = hosts;
    same_inode.link = "/etc/other";
    had[0].detail = &same_inode;
    check_unknown();
}
END_TEST

START_TEST(only_an_exec_just_before_counts) {
    before.end = RECORD_END_EXIT;
    check_unknown();
    begin();
    before.pid = 42;
    check_unknown();
    begin();
    before.ended_monotonic = now.started_monotonic + 1;
    check_unknown();
    begin();
    now.started_monotonic += 60 * SECOND; /* that pid was used again */
    check_unknown();
    begin();
    before.ended_monotonic = 0;
    check_unknown();
}
END_TEST

START_TEST(the_latest_image_counts) {
    others[other_count++] = &first;
    first.ended_monotonic = 19 * SECOND;
    check_exec();
    had[0].state = RECORD_STATE_FREE; /* it was closed in between: what is there now is not known */
    check_unknown();
    had[0].state = RECORD_STATE_RELEASING;
    check_unknown();
    had[0] = acquired(15 * SECOND);
    had[0].outcome = RECORD_OUTCOME_GONE;
    check_unknown();
}
END_TEST

START_TEST(several_execs_are_followed) {
    had[0] = inherited();
    check_unknown();
    others[other_count++] = &first;
    check_origin(ORIGIN_EXEC, 41, &first, &opened_at, "through exec from ./server");
    wanted[0].detail = &hosts;
    first_had[0].detail =
        &passwd; /* a link further back is compared with the one behind it, which does not tell */
    had[0].detail = &hosts;
    check_unknown();
}
END_TEST

START_TEST(a_stream_knows_the_stack) {
    had[0] = (struct handle){.state = RECORD_STATE_OWNED, .number = NUMBER, .object = 0x5555};
    had[1] = (struct handle){.state = RECORD_STATE_LIVE,
                             .is_address = true,
                             .number = NUMBER,
                             .object = 0x5555,
                             .stack = &stream_at,
                             .detail = &hosts};
    check_origin(ORIGIN_EXEC, 41, &before, &stream_at, "through exec from ./server");
    wanted[0].detail = &passwd;
    check_unknown();
}
END_TEST

START_TEST(a_stack_that_was_lost_is_no_origin) {
    had[0].stack = NULL;
    check_unknown();
}
END_TEST

/* --- by fork ---------------------------------------------------------------------------------------------- */

START_TEST(a_fork_child_knows_by_itself) {
    other_count = 0;
    wanted[0] = (struct handle){.state = RECORD_STATE_INHERITED,
                                .flags = RECORD_SLOT_FROM_FORK,
                                .number = NUMBER,
                                .other_pid = 40,
                                .stack = &opened_at};
    check_origin(ORIGIN_FORK, 40, &now, &opened_at, "from pid 40 ./worker");
    wanted[0].other_pid = 0;
    check_unknown();
}
END_TEST

START_TEST(a_fork_child_that_executed_has_it_from_its_parent) {
    had[0].state = RECORD_STATE_INHERITED;
    had[0].flags = RECORD_SLOT_FROM_FORK;
    had[0].other_pid = 40;
    check_origin(ORIGIN_FORK, 40, &before, &opened_at, "from pid 40 ./server");
}
END_TEST

START_TEST(a_fork_child_inherited_what_its_parent_had_inherited) {
    memset(parent.name, 7, sizeof parent.name);
    memset(now.parent_name, 7, sizeof now.parent_name);
    struct handle inherited_by_parent[] = {inherited()};
    parent.handles = inherited_by_parent;
    parent.handle_count = 1;
    before.pid = 40;
    before.ended_monotonic = parent.started_monotonic;
    before.started_monotonic = 0;
    others[other_count++] = &parent;
    check_origin(ORIGIN_EXEC, 40, &before, &opened_at, "through exec from ./server");
    inherited_by_parent[0] = acquired(15 * SECOND); /* behind the fork, maybe */
    check_unknown();
}
END_TEST

START_TEST(a_parent_is_believed_if_the_kernel_agrees) {
    others[1] = &parent;
    check_unknown();
    wanted[0].detail = &hosts;
    check_unknown();
    had[0].detail = &hosts;
    check_origin(ORIGIN_PARENT, 40, &parent, &opened_at, "from pid 40 ./server");
    had[0].detail = &passwd;
    check_unknown();
    wanted[0].detail = had[0].detail = &event; /* they all look alike */
    check_unknown();
}
END_TEST

START_TEST(a_parent_must_have_had_it_then) {
    others[1] = &parent;
    wanted[0].detail = had[0].detail = &hosts;
    had[0].opened = now.started_monotonic + 1;
    check_unknown();
    had[0].opened = 15 * SECOND;
    parent.end = RECORD_END_EXIT;
    parent.ended_monotonic = 18 * SECOND;
    check_unknown();
    parent.ended_monotonic = 30 * SECOND;
    parent.started_monotonic = 25 * SECOND; /* its pid was used again */
    check_unknown();
    parent.started_monotonic = 1 * SECOND;
    now.parent_pid = 39;
    check_unknown();
}
END_TEST

START_TEST(records_that_go_round_in_circles_tell_nothing) {
    had[0] = inherited();
    before.started_monotonic = before.ended_monotonic = 20 * SECOND;
    first = before;
    others[other_count++] = &first;
    check_unknown();
}
END_TEST

START_TEST(equal_origins_are_one_group) {
    struct origin one = {ORIGIN_EXEC, 41, &before, &opened_at}, same = one, other_pid = one, other_stack = one;
    other_pid.pid = 42;
    other_stack.stack = &stream_at;
    struct origin none = {0}, nothing = {0};
    ck_assert_int_eq(origin_compare(&one, &same), 0);
    ck_assert_int_eq(origin_compare(&none, &nothing), 0);
    ck_assert_int_lt(origin_compare(&none, &one), 0);
    ck_assert_int_lt(origin_compare(&one, &other_pid), 0);
    ck_assert_int_gt(origin_compare(&other_stack, &one), 0);
}
END_TEST

/* --- what passed ------------------------------------------------------------------------------------------ */

static const struct {
    const char *call, *advice;
} advices[] = {
    {"open", "add O_CLOEXEC to its flags"},
    {"open64", "add O_CLOEXEC to its flags"},
    {"__open64_2", "add O_CLOEXEC to its flags"},
    {"__openat_2", "add O_CLOEXEC to its flags"},
    {"mkstemp64", "use mkostemp with O_CLOEXEC"},
    {"accept", "use accept4 with SOCK_CLOEXEC"},
    {"accept4", "add SOCK_CLOEXEC to its flags"},
    {"dup", "use fcntl with F_DUPFD_CLOEXEC"},
    {"dup2", "use dup3 with O_CLOEXEC"},
    {"freopen64", "add e to its mode"},
    {"fopen", "add e to its mode"},
    {"pipe", "use pipe2 with O_CLOEXEC"},
    {"tmpfile", "set FD_CLOEXEC with fcntl(fd, F_SETFD, FD_CLOEXEC)"},
    {"", "set FD_CLOEXEC with fcntl(fd, F_SETFD, FD_CLOEXEC)"},
    {"opens", "set FD_CLOEXEC with fcntl(fd, F_SETFD, FD_CLOEXEC)"},
};

START_TEST(advice_is_for_the_call) {
    ck_assert_str_eq(close_on_exec_advice(advices[_i].call), advices[_i].advice);
}
END_TEST

START_TEST(what_passed_is_gathered_by_site) {
    uint64_t pc[] = {0x1001}, other_pc[] = {0x2001};
    struct stack stacks[] = {{.call = "open", .pc = pc, .count = 1, .passed = 2},
                             {.call = "pipe", .pc = pc, .count = 1, .passed = 5},
                             {.call = "open", .pc = other_pc, .count = 1, .passed = 0}};
    struct stack later[] = {{.call = "open", .pc = pc, .count = 1, .passed = 3}};
    before.stacks = stacks;
    before.stack_count = 3;
    now.stacks = later;
    now.stack_count = 1;
    struct symbols *symbols = symbols_begin(NULL);
    struct exec_leaks leaks = {0};
    exec_leaks_add(&leaks, symbols, &before);
    exec_leaks_add(&leaks, symbols, &now);
    exec_leaks_sort(&leaks);
    ck_assert_uint_eq(leaks.count, 2);
    ck_assert_str_eq(leaks.list[0].call, "pipe");
    ck_assert_uint_eq(leaks.list[0].count, 5);
    ck_assert_uint_eq(leaks.list[0].processes, 1);
    ck_assert_str_eq(leaks.list[1].call, "open");
    ck_assert_uint_eq(leaks.list[1].count, 3); /* the most over one exec, no sum */
    ck_assert_uint_eq(leaks.list[1].processes, 2);
    exec_leaks_end(&leaks);
    symbols_end(symbols);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("origin");
    TCase *tests = tcase_create("origin");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin, NULL);
    tcase_add_test(tests, the_image_before_tells);
    tcase_add_test(tests, another_file_of_that_number_is_another);
    tcase_add_test(tests, only_an_exec_just_before_counts);
    tcase_add_test(tests, the_latest_image_counts);
    tcase_add_test(tests, several_execs_are_followed);
    tcase_add_test(tests, a_stream_knows_the_stack);
    tcase_add_test(tests, a_stack_that_was_lost_is_no_origin);
    tcase_add_test(tests, a_fork_child_knows_by_itself);
    tcase_add_test(tests, a_fork_child_that_executed_has_it_from_its_parent);
    tcase_add_test(tests, a_fork_child_inherited_what_its_parent_had_inherited);
    tcase_add_test(tests, a_parent_is_believed_if_the_kernel_agrees);
    tcase_add_test(tests, a_parent_must_have_had_it_then);
    tcase_add_test(tests, records_that_go_round_in_circles_tell_nothing);
    tcase_add_test(tests, equal_origins_are_one_group);
    tcase_add_loop_test(tests, advice_is_for_the_call, 0, sizeof advices / sizeof *advices);
    tcase_add_test(tests, what_passed_is_gathered_by_site);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
