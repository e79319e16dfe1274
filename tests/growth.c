/* growth.c - what is told from one run to the next: baselines, differences, and what passes over exec. */
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

static const char *library, *tool, *grows;

static char *in_folder(const char *name) {
    static char path[8][PATH_MAX];
    static unsigned next;
    char *place = path[next++ % 8];
    snprintf(place, sizeof path[0], "%s/%s", run_folder(), name);
    return place;
}

/* "--name=FOLDER/file" */
static char *option(const char *name, const char *file) {
    static char text[8][PATH_MAX];
    static unsigned next;
    char *place = text[next++ % 8];
    snprintf(place, sizeof text[0], "--%s=%s", name, in_folder(file));
    return place;
}

static struct run watched(const char *const *words) {
    return run(&(struct run_request){.words = words, .folder = run_folder()});
}

static struct run preloaded(const char *options, const char *const *words) {
    return run(
        &(struct run_request){.words = words, .preload = library, .options = options, .folder = run_folder()});
}

static void says(const char *text, const char *words) {
    ck_assert_msg(strstr(text, words), "no '%s' in:\n%s", words, text);
}

static void says_not(const char *text, const char *words) {
    ck_assert_msg(!strstr(text, words), "'%s' in:\n%s", words, text);
}

static json_t *parse(const char *text) {
    json_error_t error;
    json_t *object = json_loads(text, 0, &error);
    ck_assert_msg(object, "%s in:\n%s", error.text, text);
    return object;
}

static json_int_t number(const json_t *object, const char *key) {
    ck_assert_msg(json_is_integer(json_object_get(object, key)), "no number \"%s\"", key);
    return json_integer_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key) {
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "null";
}

/* --- baselines -------------------------------------------------------------------------------------------- */

/* A report of 4 files at one place (one of them by O_CLOEXEC) and 2 at another, as grows.json. */
static void make_baseline(void) {
    unlink(in_folder("grows.json"));
    struct run made = watched(WORDS(tool, "--format=json", option("report", "%e.json"), grows, "3", "2"));
    ck_assert_int_eq(made.status, 23);
    ck_assert_int_eq(access(in_folder("grows.json"), R_OK), 0);
}

START_TEST(the_same_is_silence) {
    struct run same = watched(WORDS(tool, option("baseline", "grows.json"), grows, "3", "2"));
    ck_assert_int_eq(same.status, 0);
    ck_assert_str_eq(same.error, "");
    same = watched(WORDS(tool, option("baseline", "grows.json"), grows, "2", "0"));
    ck_assert_int_eq(same.status, 0);
    ck_assert_str_eq(same.error, "");
}
END_TEST

START_TEST(more_is_told_and_counts) {
    struct run more = watched(WORDS(tool, "--baseline=grows.json", grows, "5", "2"));
    ck_assert_int_eq(more.status, 23);
    says(more.error, "ERROR: leftopen: 5 handles left open at exit");
    says(more.error, "Direct leak of 5 files");
    says(more.error, "  2 more than the baseline's 3\n");
    says(more.error, "5 released, 0 failed; 3 in the baseline\n");
    says_not(more.error, "duplicate");
}
END_TEST

START_TEST(new_is_told_and_counts) {
    struct run more =
        watched(WORDS(tool, "--format=json", option("baseline", "grows.json"), grows, "3", "2", "new"));
    ck_assert_int_eq(more.status, 23);
    json_t *report = parse(more.error), *site = json_array_get(json_object_get(report, "sites"), 0);
    ck_assert_int_eq(number(json_object_get(report, "summary"), "left_open"), 1);
    ck_assert_int_eq(number(json_object_get(report, "summary"), "in_baseline"), 6);
    ck_assert_uint_eq(json_array_size(json_object_get(report, "sites")), 1);
    ck_assert_str_eq(text(json_array_get(json_object_get(site, "frames"), 0), "function"), "open_another");
    ck_assert_int_eq(number(site, "baseline"), 0);
    ck_assert_int_eq(number(site, "more"), 1);
    json_decref(report);
}
END_TEST

START_TEST(misuses_are_known_again) {
    const char *places = run_built("targets/places");
    struct run made =
        watched(WORDS(tool, "--format=json", option("report", "known%%"), places, "main", "twice"));
    ck_assert_int_eq(made.status, 23);
    struct run same = watched(WORDS(tool, option("baseline", "known%"), places, "main", "twice"));
    ck_assert_int_eq(same.status, 0);
    ck_assert_str_eq(same.error, "");
    made = watched(WORDS(tool, "--format=json", option("report", "known%%"), places, "main"));
    ck_assert_int_eq(made.status, 23);
    struct run more = watched(WORDS(tool, option("baseline", "known%"), places, "main", "twice"));
    ck_assert_int_eq(more.status, 23);
    says(more.error, "ERROR: leftopen: 1 misuse at exit by ");
    says(more.error, "; 1 misuse; 1 in the baseline\n");
}
END_TEST

START_TEST(a_bare_preload_has_it_too) {
    char options[PATH_MAX];
    snprintf(options, sizeof options, "strict=1:baseline=%s", in_folder("grows.json"));
    struct run same = preloaded(options, WORDS(grows, "3", "2"));
    ck_assert_int_eq(same.status, 0);
    ck_assert_str_eq(same.error, "");
    struct run more = preloaded(options, WORDS(grows, "3", "3"));
    ck_assert_int_eq(more.status, 134);
    says(more.error, "  1 more than the baseline's 2\n");
}
END_TEST

/* Without it nothing can be judged: all is told, and the program is left alone. */
START_TEST(a_bare_preload_does_without_a_bad_one) {
    struct run without = preloaded("strict=1:baseline=/nowhere/at.json", WORDS(grows, "3", "2"));
    ck_assert_int_eq(without.status, 0);
    says(without.error, "/nowhere/at.json: No such file or directory\n");
    says(without.error, "6 handles left open");
}
END_TEST

START_TEST(a_bad_one_is_said_before_the_program_runs) {
    struct run bad = watched(WORDS(tool, "--baseline=/nowhere/at.json", "echo", "ran"));
    ck_assert_int_eq(bad.status, 66);
    ck_assert_str_eq(bad.out, "");
    char *name = in_folder("other.json");
    FILE *file = fopen(name, "w");
    fputs("{\"schema\":\"leftopen.leak/1\"}\n", file);
    fclose(file);
    bad = watched(WORDS(tool, "--baseline", name, "echo", "ran"));
    ck_assert_int_eq(bad.status, 65);
    ck_assert_str_eq(bad.out, "");
    says(bad.error, "has the schema leftopen.leak/1, and what is wanted is leftopen.report/1");
}
END_TEST

START_TEST(one_of_another_program_is_told) {
    struct run other = watched(WORDS(tool, "--baseline=grows.json", run_built("targets/forget")));
    ck_assert_int_eq(other.status, 23);
    says(other.error, "note: the baseline ");
    says(other.error, "knows none of these sites");
}
END_TEST

/* --- records ---------------------------------------------------------------------------------------------- */

/* A folder with the record of a run. */
static char *record_of(const char *name, const char *const *words) {
    char *folder = in_folder(name), given[PATH_MAX];
    snprintf(given, sizeof given, "--record=%s", folder);
    const char *all[12] = {tool, given, "--report=none"};
    for (size_t i = 0; words[i]; i++)
        all[3 + i] = words[i];
    if (access(folder, F_OK) != 0)
        watched(all);
    return folder;
}

START_TEST(report_fails_on_new) {
    char *more = record_of("more", WORDS(grows, "5", "2")), *same = record_of("same", WORDS(grows, "3", "2"));
    const char *baseline = option("baseline", "grows.json");
    ck_assert_int_eq(watched(WORDS(tool, "report", "--fail-on-new", baseline, same)).status, 0);
    ck_assert_int_eq(watched(WORDS(tool, "report", baseline, "--fail-on-new", more)).status, 23);
    ck_assert_int_eq(watched(WORDS(tool, "report", baseline, more)).status, 0);
    struct run without = watched(WORDS(tool, "report", "--fail-on-new", more));
    ck_assert_int_eq(without.status, 64);
    says(without.error, "--baseline=FILE");
    ck_assert_int_eq(watched(WORDS(tool, "report", "--baseline=/nowhere", more)).status, 66);
}
END_TEST

START_TEST(diff_shows_what_is_new_or_more) {
    char *old = record_of("old", WORDS(grows, "3", "2")),
         *new = record_of("new", WORDS(grows, "5", "0", "new"));
    struct run shown = watched(WORDS(tool, "diff", old, new));
    ck_assert_int_eq(shown.status, 0);
    says(shown.out, "Before: 6 handles at 3 sites, ");
    says(shown.out, "Now:    7 handles at 3 sites, ");
    says(shown.out,
         "\nMore: 5 files, 2 more than 3 (of 5 opened here, 0 closed), opened at:\n    #0 fill_pool ");
    says(shown.out, "\nNew: 1 file (of 1 opened here, 0 closed), opened at:\n    #0 open_another ");
    says(shown.out, "\nSUMMARY: leftopen: 3 handles more at 2 sites (1 new)\n");
    says_not(shown.out, "duplicate");
    shown = watched(WORDS(tool, "diff", "--all", "--fail-on-new", in_folder("grows.json"), new));
    ck_assert_int_eq(shown.status, 23);
    says(shown.out, "\nGone: 2 files, opened at:\n    #0 duplicate ");
    says(shown.out, "(1 new); 2 handles fewer at 1 site (1 gone)\n");
    shown = watched(WORDS(tool, "diff", "--fail-on-new", new, in_folder("grows.json")));
    ck_assert_int_eq(shown.status, 23);
    says(shown.out, "SUMMARY: leftopen: 2 handles more at 1 site (1 new)\n");
    shown = watched(WORDS(tool, "diff", "--fail-on-new", old, in_folder("grows.json")));
    ck_assert_int_eq(shown.status, 0);
    says(shown.out, "SUMMARY: leftopen: nothing new and nothing more\n");
}
END_TEST

START_TEST(diff_is_json_on_request) {
    char *new = record_of("new", WORDS(grows, "5", "0", "new"));
    struct run shown = watched(WORDS(tool, "diff", "--format=json", "--all", in_folder("grows.json"), new));
    ck_assert_int_eq(shown.status, 0);
    json_t *object = parse(shown.out);
    const json_t *sites = json_object_get(object, "sites"), *summary = json_object_get(object, "summary");
    ck_assert_str_eq(text(object, "schema"), "leftopen.diff/1");
    ck_assert_uint_eq(json_array_size(sites), 3);
    static const char *const changes[] = {"more", "new", "gone"};
    static const json_int_t counts[][2] = {{3, 5}, {0, 1}, {2, 0}};
    for (size_t i = 0; i < 3; i++) {
        const json_t *site = json_array_get(sites, i);
        ck_assert_str_eq(text(site, "change"), changes[i]);
        ck_assert_int_eq(number(site, "before"), counts[i][0]);
        ck_assert_int_eq(number(site, "count"), counts[i][1]);
        ck_assert_uint_ge(json_array_size(json_object_get(site, "frames")), 2);
        ck_assert_int_eq(number(summary, changes[i]), 1);
    }
    ck_assert_int_eq(number(summary, "handles_more"), 3);
    json_decref(object);
}
END_TEST

/* $0 the tool, $1 the library, $2 the program, $3 the report of before. */
static const char while_it_runs[] = "LD_PRELOAD=$1 $2 5 2 wait >ready & pid=$!\n"
                                    "until [ -s ready ]; do sleep 0.05; done\n"
                                    "$0 diff \"$3\" $pid; status=$?; kill -9 $pid; exit $status\n";

START_TEST(diff_looks_at_a_running_process) {
    unlink(in_folder("ready"));
    struct run shown = watched(WORDS("sh", "-c", while_it_runs, tool, library, grows, in_folder("grows.json")));
    ck_assert_int_eq(shown.status, 0);
    says(shown.out, "\nMore: 5 files, 2 more than 3 (of 5 opened here, 0 closed)");
    says(shown.out, "\nSUMMARY: leftopen: 2 handles more at 1 site (0 new)\n");
}
END_TEST

static const struct refusal {
    const char *words[4];
    int status;
    const char *message;
} refusals[] = {
    {{"grows.json"}, 64, "diff compares two"},
    {{"grows.json", "grows.json", "grows.json"}, 64, "'grows.json' is a third"},
    {{"--format=sarif", "grows.json", "grows.json"}, 64, "diff writes text or json, not sarif"},
    {{"grows.json", "nowhere"}, 66, "no such record: nowhere"},
    {{"grows.json", "/etc/passwd"}, 65, "/etc/passwd is neither a record nor a report"},
    {{"/dev/null", "grows.json"}, 65, "/dev/null:1: not a report in JSON"},
};

START_TEST(diff_refuses_with_a_reason) {
    const struct refusal *refusal = &refusals[_i];
    const char *words[8] = {tool, "diff"};
    for (size_t i = 0; i < 4; i++)
        words[2 + i] = refusal->words[i];
    struct run refused = watched(words);
    ck_assert_int_eq(refused.status, refusal->status);
    says(refused.error, refusal->message);
    ck_assert_str_eq(refused.out, "");
}
END_TEST

/* --- exec ------------------------------------------------------------------------------------------------- */

static const char passed[] = "Passed over exec without need (not counted): 3 descriptors, opened at:\n"
                             "    #0 fill_pool ";
static const char advice[] = "  unless the other program needs them: add O_CLOEXEC to its flags\n";

static void check_passed(const struct run *shown, int status) {
    ck_assert_msg(shown->status == status, "status %d:\n%s", shown->status, shown->error);
    says(shown->error, passed);
    says(shown->error, advice);
    ck_assert_uint_eq(run_count(shown->error, "Passed over exec"), 2);
    says(shown->error, "  unless the other program needs them: use fcntl with F_DUPFD_CLOEXEC\n");
}

START_TEST(what_passes_over_exec_is_listed) {
    struct run shown = watched(WORDS(tool, "--exec_leaks=1", grows, "3", "2", "exec", "true"));
    check_passed(&shown, 0);
    says(shown.error, "nothing left open by ");
    shown = watched(WORDS(tool, "--exec_leaks=1", grows, "3", "2", "spawn", "true"));
    check_passed(&shown, 23);
    says(shown.error, "ERROR: leftopen: 6 handles left open");
    shown = preloaded("exec_leaks=1", WORDS(grows, "3", "2", "exec", "true"));
    check_passed(&shown, 0);
    /* by the place that made the descriptor, whoever has it since, and whichever process executes */
    shown = watched(WORDS(tool, "--exec_leaks=1", grows, "3", "2", "stream", "true"));
    says(shown.error, "3 descriptors, in 2 processes, opened at:\n    #0 fill_pool ");
    ck_assert_uint_eq(run_count(shown.error, "Passed over exec"), 2);
    /* another program tells only its own, though it asks that record for where its handles come from */
    shown = preloaded("exec_leaks=1:inherited=1",
                      WORDS("sh", "-c", "exec 7</dev/null; exec sh -c 'exec 8</dev/null; exec true'"));
    ck_assert_uint_eq(run_count(shown.error, "Passed over exec"), 2);
    ck_assert_uint_eq(run_count(shown.error, "#0 fill_pool "), 0);
    shown = watched(WORDS(tool, grows, "3", "2", "exec", "true"));
    ck_assert_int_eq(shown.status, 0);
    ck_assert_str_eq(shown.error, "");
}
END_TEST

START_TEST(what_passes_over_exec_is_listed_as_json) {
    struct run shown = watched(WORDS(tool, "--exec_leaks=1", "--format=json", grows, "3", "2", "exec", "true"));
    ck_assert_int_eq(shown.status, 0);
    json_t *report = parse(shown.error);
    const json_t *leaks = json_object_get(report, "exec_leaks"), *leak = json_array_get(leaks, 0);
    ck_assert_uint_eq(json_array_size(leaks), 2);
    ck_assert_str_eq(text(leak, "call"), "open");
    ck_assert_int_eq(number(leak, "count"), 3);
    ck_assert_str_eq(text(leak, "advice"), "add O_CLOEXEC to its flags");
    ck_assert_str_eq(text(json_array_get(json_object_get(leak, "frames"), 0), "function"), "fill_pool");
    ck_assert_int_eq(number(json_object_get(report, "summary"), "left_open"), 0);
    json_decref(report);
}
END_TEST

/* The handle of that number among the inherited ones. */
static json_t *inherited(const json_t *report, int pid_of_other, int descriptor) {
    size_t i;
    json_t *handle;
    json_array_foreach(json_object_get(report, "inherited"), i, handle) {
        if (number(handle, "fd") == descriptor && number(handle, "pid") != pid_of_other)
            return handle;
    }
    ck_abort_msg("descriptor %d is not listed", descriptor);
    return NULL;
}

static void check_origin(const json_t *handle, const char *way, const char *function) {
    const json_t *origin = json_object_get(handle, "origin");
    ck_assert_str_eq(text(origin, "way"), way);
    ck_assert_str_eq(text(origin, "program"), grows);
    ck_assert_str_eq(text(json_array_get(json_object_get(origin, "frames"), 0), "function"), function);
}

/* 3 and 4 by open, 6 by dup; 5 has O_CLOEXEC. */
START_TEST(inherited_handles_know_where_they_were_opened) {
    const char *forget = run_built("targets/forget");
    struct run shown = watched(WORDS(tool, "--inherited=1", "--format=json", grows, "2", "1", "exec", forget));
    ck_assert_int_eq(shown.status, 23);
    json_t *report = parse(shown.error);
    json_int_t pid = number(json_object_get(report, "process"), "pid");
    ck_assert_str_eq(
        json_string_value(json_array_get(json_object_get(json_object_get(report, "process"), "argv"), 0)),
        forget);
    check_origin(inherited(report, 0, 3), "exec", "fill_pool");
    check_origin(inherited(report, 0, 6), "exec", "duplicate");
    ck_assert_int_eq(number(json_object_get(inherited(report, 0, 3), "origin"), "pid"), pid);
    ck_assert_int_eq(number(json_object_get(report, "summary"), "left_open"), 1);
    json_decref(report);
    shown = watched(WORDS(tool, "--inherited=1", "--format=json", grows, "2", "1", "spawn", forget));
    report = parse(shown.error);
    pid = number(json_object_get(report, "process"), "pid");
    check_origin(inherited(report, (int)pid, 3), "fork", "fill_pool");
    check_origin(inherited(report, (int)pid, 6), "fork", "duplicate");
    ck_assert_int_eq(number(json_object_get(inherited(report, (int)pid, 3), "origin"), "pid"), pid);
    json_decref(report);
}
END_TEST

START_TEST(inherited_handles_know_it_in_words) {
    char words[PATH_MAX];
    struct run shown = watched(WORDS(tool, "--inherited=1", grows, "2", "0", "exec", grows, "0", "0", "exec",
                                     run_built("targets/forget")));
    ck_assert_int_eq(shown.status, 23);
    snprintf(words, sizeof words,
             "\nInherited through exec from %s (not counted): 2 handles, opened at:\n"
             "    #0 fill_pool ",
             grows);
    says(shown.error, words);
    says(shown.error, "Coverage: 1 handle tracked");
}
END_TEST

/* --- all -------------------------------------------------------------------------------------------------- */

static Suite *suite(void) {
    Suite *suite = suite_create("growth");
    TCase *tests = tcase_create("growth");
    tcase_set_timeout(tests, 2 * RUN_SECONDS);
    tcase_add_unchecked_fixture(tests, make_baseline, NULL);
    tcase_add_test(tests, the_same_is_silence);
    tcase_add_test(tests, more_is_told_and_counts);
    tcase_add_test(tests, new_is_told_and_counts);
    tcase_add_test(tests, misuses_are_known_again);
    tcase_add_test(tests, a_bare_preload_has_it_too);
    tcase_add_test(tests, a_bare_preload_does_without_a_bad_one);
    tcase_add_test(tests, a_bad_one_is_said_before_the_program_runs);
    tcase_add_test(tests, one_of_another_program_is_told);
    tcase_add_test(tests, report_fails_on_new);
    tcase_add_test(tests, diff_shows_what_is_new_or_more);
    tcase_add_test(tests, diff_is_json_on_request);
    tcase_add_test(tests, diff_looks_at_a_running_process);
    tcase_add_loop_test(tests, diff_refuses_with_a_reason, 0, sizeof refusals / sizeof *refusals);
    tcase_add_test(tests, what_passes_over_exec_is_listed);
    tcase_add_test(tests, what_passes_over_exec_is_listed_as_json);
    tcase_add_test(tests, inherited_handles_know_where_they_were_opened);
    tcase_add_test(tests, inherited_handles_know_it_in_words);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void) {
    library = run_built("libleftopen.so");
    tool = run_built("leftopen");
    grows = run_built("targets/grows");
    return suite_run(suite());
}
