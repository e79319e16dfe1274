/* Every way a process ends (tests/targets/ends.c): what is flushed, what is released and what is reported, with
 * the library preloaded and by the tool. The program's own status and words are as without us. */
#include <check.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/run.h"
#include "tests/suite.h"

static const char *library, *tool, *victim;

enum teller {
    ITSELF, /* the process reports */
    RECORD, /* it leaves a record, which the tool reports */
    NOBODY  /* nothing is left open: no report, or one that says so of the last image */
};

/* In every way a socket and a stream with unwritten data are left open, unless the count says more. */
static const struct way {
    const char *name;
    int status;
    const char *end, *end_by_tool; /* the word in the report; by the tool NULL: the same */
    enum teller teller;
    int left_open;
    bool flushes;
} ways[] = {
    {"return", 7, "exit", NULL, ITSELF, 2, true},
    {"exit", 7, "exit", NULL, ITSELF, 2, true},
    {"thread", 7, "exit", NULL, ITSELF, 2, true},
    {"threads", 7, "exit", NULL, ITSELF, 2, true},
    {"pthread_exit", 0, "exit", NULL, ITSELF, 2, true},
    {"error", 7, "exit", NULL, ITSELF, 2, true},
    {"err", 7, "exit", NULL, ITSELF, 2, true},
    {"errx", 7, "exit", NULL, ITSELF, 2, true},
    {"failing_exec", 7, "exit", NULL, ITSELF, 2, true},
    {"caught_abort", 7, "exit", NULL, ITSELF, 2, true},
    {"late", 7, "exit", NULL, ITSELF, 2, true},
    {"through", 7, "exit", NULL, ITSELF, 4, true},
    {"quick_exit", 7, "quick_exit", NULL, ITSELF, 2, false},
    {"old_quick_exit", 7, "quick_exit", NULL, ITSELF, 2, false},
    {"_exit", 7, "_exit", NULL, ITSELF, 2, false},
    {"_Exit", 7, "_exit", NULL, ITSELF, 2, false},
    {"exit_group", 7, "_exit", NULL, ITSELF, 2, false},
    {"signal_handler", 7, "_exit", NULL, ITSELF, 2, false},
    {"abort", 134, "abort", NULL, RECORD, 2, false},
    {"assert", 134, "killed", "signal", RECORD, 2, false},
    {"fault", 139, "killed", "signal", RECORD, 2, false},
    {"terminate", 143, "killed", "signal", RECORD, 2, false},
    {"kill", 137, "killed", NULL, RECORD, 2, false},
    {"exec", 7, "exit", NULL, NOBODY, 0, false},
    {"execlp", 7, "exit", NULL, NOBODY, 0, false},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

/* ---- one run in a fresh folder ---- */

static char folder[128], records[160], report_path[160];

static void make_folders(const char *name) {
    snprintf(folder, sizeof folder, "%s/%s", run_folder(), name);
    snprintf(records, sizeof records, "%s/records", folder);
    snprintf(report_path, sizeof report_path, "%s/report", folder);
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    ck_assert_int_eq(mkdir(records, 0700), 0);
}

static struct run run_bare(const struct way *way) {
    make_folders("bare");
    return run(&(struct run_request){.words = WORDS(victim, way->name), .folder = folder});
}

static struct run run_preloaded(const struct way *way) {
    char options[2 * PATH_MAX];
    make_folders("preloaded");
    snprintf(options, sizeof options, "format=json:record=%s:report=%s%%%%", records, report_path);
    strcat(report_path, "%");
    return run(&(struct run_request){
        .words = WORDS(victim, way->name), .folder = folder, .preload = library, .options = options});
}

static struct run run_by_tool(const struct way *way) {
    char option[PATH_MAX];
    make_folders("tool");
    snprintf(option, sizeof option, "--report=%s%%%%", report_path);
    strcat(report_path, "%");
    return run(&(struct run_request){.words = WORDS(tool, "--format=json", option, victim, way->name),
                                     .folder = folder});
}

/* The only record of the folder, told by the tool. */
static char *tell_record(void) {
    char command[PATH_MAX];
    snprintf(command, sizeof command, "exec %s report --format=json %s/*", tool, records);
    struct run told = run(&(struct run_request){.words = WORDS("sh", "-c", command)});
    ck_assert_msg(told.status == 0, "status %d: %s", told.status, told.error);
    return told.out;
}

/* ---- what must be true ---- */

static void check_same(const struct way *way, const struct run *run, int status, const struct run *bare) {
    ck_assert_msg(run->status == status, "%s: status %d, not %d\n%s", way->name, run->status, status,
                  run->error);
    ck_assert_msg(!strcmp(run->out, bare->out), "%s: standard output %s", way->name, run->out);
    ck_assert_msg(!strcmp(run->error, bare->error), "%s: standard error\n%s, and without us\n%s", way->name,
                  run->error, bare->error);
}

static void check_flushed(const struct way *way, const char *name) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *holds = run_file(path);
    ck_assert_msg(holds && !strcmp(holds, way->flushes ? "data\n" : ""), "%s: %s holds \"%s\"", way->name, name,
                  holds ? holds : "nothing");
    free(holds);
}

static json_int_t number_in(const json_t *report, const char *key) {
    return json_integer_value(json_object_get(json_object_get(report, "summary"), key));
}

static void check_report(const struct way *way, const char *text, const char *end) {
    json_error_t error;
    if (way->teller == NOBODY && !text)
        return;
    json_t *report = text ? json_loads(text, 0, &error) : NULL;
    ck_assert_msg(report, "%s: no report: %s", way->name, text ? text : "no file");
    const char *said = json_string_value(json_object_get(json_object_get(report, "process"), "end"));
    ck_assert_msg(said && !strcmp(said, end), "%s: the end is \"%s\"", way->name, said);
    ck_assert_msg(number_in(report, "left_open") == way->left_open, "%s:\n%s", way->name, text);
    ck_assert_msg(number_in(report, "released") == (way->teller == ITSELF ? way->left_open : 0), "%s:\n%s",
                  way->name, text);
    ck_assert_msg(number_in(report, "release_failed") == 0, "%s:\n%s", way->name, text);
    json_decref(report);
}

START_TEST(preloaded) {
    const struct way *way = &ways[_i];
    struct run bare = run_bare(way);
    ck_assert_msg(bare.status == way->status, "%s: without us: status %d", way->name, bare.status);
    check_flushed(way, "unwritten");
    struct run watched = run_preloaded(way);
    check_same(way, &watched, way->status, &bare);
    check_flushed(way, "unwritten");
    int left = run_entries(records), expected = way->teller == RECORD ? 1 : 0;
    ck_assert_msg(left == expected, "%s: %d records, not %d", way->name, left, expected);
    check_report(way, way->teller == RECORD ? tell_record() : run_file(report_path), way->end);
}
END_TEST

START_TEST(by_the_tool) {
    const struct way *way = &ways[_i];
    struct run bare = run_bare(way);
    struct run watched = run_by_tool(way);
    check_same(way, &watched, way->status ? way->status : 23, &bare);
    check_flushed(way, "unwritten");
    check_report(way, run_file(report_path), way->end_by_tool ? way->end_by_tool : way->end);
}
END_TEST

/* A stream whose writer uses a forgotten descriptor: flushed while that is still open. */
START_TEST(streams_are_flushed_before_anything_is_closed) {
    const struct way way = {"through", 7, "exit", NULL, ITSELF, 4, true};
    run_preloaded(&way);
    check_flushed(&way, "through");
}
END_TEST

int main(void) {
    library = run_built("libleftopen.so");
    tool = run_built("leftopen");
    victim = run_built("targets/ends");
    Suite *all = suite_create("ends");
    TCase *group = tcase_create("ways");
    tcase_set_timeout(group, 3 * RUN_SECONDS);
    tcase_add_loop_test(group, preloaded, 0, WAYS);
    tcase_add_loop_test(group, by_the_tool, 0, WAYS);
    tcase_add_test(group, streams_are_flushed_before_anything_is_closed);
    suite_add_tcase(all, group);
    return suite_run(all);
}
