/* What the library does while a program runs (tests/targets/meanwhile.c): it runs out of descriptors, is asked
 * for a report, executes another image. Its own words, results and status are always as without us. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/run.h"
#include "tests/suite.h"

static const char *library, *victim;
static char records[160];

static struct run live(const char *way, const char *options) {
    char all[512];
    snprintf(records, sizeof records, "%s/records-%s", run_folder(), way);
    mkdir(records, 0700);
    snprintf(all, sizeof all, "record=%s:%s", records, options ? options : "");
    return run(&(struct run_request){
        .words = WORDS(victim, way), .preload = options ? library : NULL, .options = options ? all : NULL});
}

/* Where `first` and `second` are, in this order, else NULL. */
static const char *in_order(const char *text, const char *first, const char *second) {
    const char *at = strstr(text, first);
    return at ? strstr(at, second) : NULL;
}

static const struct {
    const char *way;
    const char *options;
    unsigned warnings;   /* said while it runs */
    const char *about;   /* in the warning */
    const char *largest; /* its first site */
} shortages[] = {
    {"exhaust", "release=all", 1, "socket failed with EMFILE", "58 opened by socket at:"},
    {"exhaust_in_handler", "release=all", 1, "socket failed with EMFILE", "58 opened by socket at:"},
    {"exhaust_in_thread", "release=all", 1, "socket failed with EMFILE", "58 opened by socket at:"},
    /* what the parent opened the child has closed */
    {"exhaust_in_child", "release=all", 1, "socket failed with EMFILE", "58 opened by socket at:"},
    {"exhaust", "warn_at=50%", 2, "socket passed the share", "27 opened by socket at:"},
    {"half_way", "warn_at=50%", 1, "socket passed the share", "27 opened by socket at:"},
    {"half_way", "warn_at=90%", 0, "", ""},
    {"half_way", "release=all", 0, "", ""},
    {"high_number", "warn_at=50%", 0, "", ""},
    {"lower_limit", "warn_at=50%", 1, "socket passed the share", "16 opened by socket at:"},
    {"nothing_is_short", "release=all", 0, "", ""},
    {"exhaust", "report=none", 0, "", ""},
    {"exhaust", "record=off", 1, "socket failed with EMFILE", "58 opened by socket at:"},
};

START_TEST(who_holds_descriptors_is_told_once) {
    /* proves: once for each sort of shortage, the largest site first, nothing changed for the program */
    struct run bare = live(shortages[_i].way, NULL), watched = live(shortages[_i].way, shortages[_i].options);
    ck_assert_str_eq(watched.out, bare.out);
    ck_assert_int_eq(watched.status, bare.status);
    /* the report at the end has the same sentence once more, of what was held then */
    ck_assert_msg(run_count(watched.error, " descriptors, most of them:\n") == shortages[_i].warnings,
                  "%.2000s", watched.error);
    ck_assert_msg(in_order(watched.error, shortages[_i].about, shortages[_i].largest), "%.2000s",
                  watched.error);
    const char *first = strstr(watched.error, " opened by "), *largest = shortages[_i].largest;
    if (*largest)
        ck_assert_msg(!strncmp(first, strstr(largest, " opened by "), strlen(strstr(largest, " opened by "))),
                      "another site is first:\n%.2000s", watched.error);
    run_free(&bare);
    run_free(&watched);
}
END_TEST

START_TEST(a_report_is_given_on_demand) {
    /* proves: each signal gives a report of what is held, then the program goes on: no child of ours is seen,
     * no number taken */
    struct run bare =
        run(&(struct run_request){.words = WORDS("sh", "-c", "trap '' USR2; exec \"$0\" asked", victim)});
    struct run watched = live("asked", "report_signal=USR2");
    ck_assert_str_eq(watched.out, bare.out);
    ck_assert_int_eq(watched.status, 0);
    ck_assert_msg(run_count(watched.error, "5 handles held so far by") == 3, "%.2000s", watched.error);
    ck_assert_msg(run_count(watched.error, "6 handles left open at exit by") == 1, "%.2000s", watched.error);
    ck_assert_msg(!strstr(watched.error, "duplicate of fd 6 of "),
                  "whoever makes the report holds it:\n%.2000s", watched.error);
    run_free(&bare);
    run_free(&watched);
}
END_TEST

START_TEST(the_programs_own_handler_comes_first) {
    /* proves: its own handler runs, and we say nothing */
    struct run watched = live("asked_with_own_handler", "report_signal=SIGUSR2");
    ck_assert_str_eq(watched.out, "1\n");
    ck_assert_str_eq(watched.error, "");
    run_free(&watched);
}
END_TEST

static const struct {
    const char *way, *options;
    int records;
} executions[] = {
    {"executes_something_unwatched", "release=all", 1},
    {"executes_with_open_file", "release=all", 0},
    {"executes_with_open_file", "inherited=1", 1},
    {"executes_with_closed_ones", "release=all", 0},
    {"executes_with_closed_ones", "inherited=1", 0},
    {"fails_to_execute", "release=all", 0},
    {"fails_to_execute", "exec_leaks=1", 0},
};

START_TEST(a_record_stays_behind_an_exec_that_descriptors_pass_over) {
    /* proves: then, until the next image ends, if that can tell; a failed exec leaves nothing behind */
    struct run bare = live(executions[_i].way, NULL);
    struct run watched = live(executions[_i].way, executions[_i].options);
    ck_assert_str_eq(watched.out, bare.out);
    ck_assert_int_eq(watched.status, 0);
    ck_assert_int_eq(run_entries(records), executions[_i].records);
    run_free(&bare);
    run_free(&watched);
}
END_TEST

START_TEST(a_killed_process_tells_what_it_opened) {
    /* proves: nobody could ask the kernel, yet each site has the name that was opened there first */
    struct run watched = run(&(struct run_request){.words = WORDS(run_built("leftopen"), victim, "is_killed")});
    ck_assert_int_eq(watched.status, 137);
    ck_assert_msg(in_order(watched.error, "of 3 files", "  first opened as /dev/null"), "%s", watched.error);
    ck_assert_msg(in_order(watched.error, "of 1 stream", "  opened as /dev/zero"), "%s", watched.error);
    ck_assert_msg(in_order(watched.error, "of 1 process", "  opened as exit 0"), "%s", watched.error);
    run_free(&watched);
}
END_TEST

#define ROWS(table) ((int)(sizeof table / sizeof table[0]))

int main(void) {
    library = run_built("libleftopen.so");
    victim = run_built("targets/meanwhile");
    Suite *all = suite_create("meanwhile");
    TCase *group = tcase_create("all");
    tcase_set_timeout(group, 3 * RUN_SECONDS);
    tcase_add_loop_test(group, who_holds_descriptors_is_told_once, 0, ROWS(shortages));
    tcase_add_test(group, a_report_is_given_on_demand);
    tcase_add_test(group, the_programs_own_handler_comes_first);
    tcase_add_test(group, a_killed_process_tells_what_it_opened);
    tcase_add_loop_test(group, a_record_stays_behind_an_exec_that_descriptors_pass_over, 0, ROWS(executions));
    suite_add_tcase(all, group);
    return suite_run(all);
}
