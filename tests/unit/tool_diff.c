/* tool_diff.c - what counts as new or more, and what a baseline takes out of a report. */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/suite.h"
#include "tools/basics/fail.h"
#include "tools/findings/baseline.h"
#include "tools/findings/diff.h"
#include "tools/findings/past_report.h"

/* --- rows ------------------------------------------------------------------------------------------------- */

/* One row as "id line count" each; count 0 ends the list. What is asked for: before and more of each row now.
 */
struct row {
    const char *id, *line_id;
    uint64_t count, before, more;
};

static const struct comparison {
    const char *what;
    struct row before[4], now[4];
} comparisons[] = {
    {"the same", {{"a", "1", 3, 0, 0}}, {{"a", "1", 3, 0, 0}}},
    {"fewer", {{"a", "1", 3, 0, 0}}, {{"a", "1", 2, 0, 0}}},
    {"more", {{"a", "1", 3, 0, 0}}, {{"a", "1", 5, 3, 2}}},
    {"new", {{"b", "1", 3, 0, 0}}, {{"a", "1", 5, 0, 5}, {"b", "1", 3, 0, 0}}},
    {"nothing before", {{0}}, {{"a", "1", 5, 0, 5}}},
    {"a line that moved", {{"a", "1", 3, 0, 0}}, {{"a", "2", 3, 0, 0}}},
    {"a line that moved, and more", {{"a", "1", 3, 0, 0}}, {{"a", "2", 4, 3, 1}}},
    {"a second line of the function", {{"a", "1", 3, 0, 0}}, {{"a", "1", 3, 0, 0}, {"a", "2", 2, 0, 2}}},
    {"a second line, in front", {{"a", "2", 3, 0, 0}}, {{"a", "1", 2, 0, 2}, {"a", "2", 3, 0, 0}}},
    {"a second line, and the first moved", {{"a", "1", 3, 0, 0}}, {{"a", "5", 3, 3, 2}, {"a", "6", 2, 3, 2}}},
    {"one line of two grew",
     {{"a", "1", 3, 0, 0}, {"a", "2", 3, 0, 0}},
     {{"a", "1", 9, 3, 6}, {"a", "2", 3, 0, 0}}},
    {"one grew by what the other lost",
     {{"a", "1", 3, 0, 0}, {"a", "2", 3, 0, 0}},
     {{"a", "1", 4, 0, 0}, {"a", "2", 2, 0, 0}}},
    {"two kinds at one line",
     {{"a", "1", 2, 0, 0}, {"a", "1", 1, 0, 0}},
     {{"a", "1", 2, 0, 0}, {"a", "1", 1, 0, 0}}},
    {"unsorted",
     {{"z", "1", 1, 0, 0}, {"a", "1", 1, 0, 0}},
     {{"m", "1", 1, 0, 1}, {"z", "1", 2, 1, 1}, {"a", "1", 1, 0, 0}}},
};

static size_t fill(struct diff_row *rows, const struct row *from) {
    size_t count = 0;
    while (count < 4 && from[count].count) {
        rows[count] = (struct diff_row){.id = from[count].id, .line_id = from[count].line_id};
        rows[count].count = from[count].count;
        count++;
    }
    return count;
}

START_TEST(what_is_new_or_more_is_marked) {
    const struct comparison *comparison = &comparisons[_i];
    struct diff_row now[4], before[4];
    size_t count = fill(now, comparison->now), had = fill(before, comparison->before);
    diff_mark(now, count, before, had);
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(now[i].before == comparison->now[i].before && now[i].more == comparison->now[i].more,
                      "%s: row %zu: %lu more than %lu", comparison->what, i, (unsigned long)now[i].more,
                      (unsigned long)now[i].before);
        bool met = false;
        for (size_t k = 0; k < had; k++)
            met |= strcmp(now[i].id, before[k].id) == 0;
        ck_assert_msg(now[i].met == met, "%s: row %zu: met", comparison->what, i);
    }
}
END_TEST

/* --- baselines -------------------------------------------------------------------------------------------- */

static char path[] = "/tmp/leftopen-baseline-XXXXXX", said[4096];
static struct baseline *baseline;

static void write_file(const char *text) {
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

/* Reads the baseline; what it says goes to `said`. */
static int begin(const char *file, const char *executable) {
    char name[] = "/tmp/leftopen-said-XXXXXX";
    int saved = dup(STDERR_FILENO), errors = mkstemp(name);
    dup2(errors, STDERR_FILENO);
    int status = baseline_begin(&baseline, file, executable);
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t got = pread(errors, said, sizeof said - 1, 0);
    said[got > 0 ? got : 0] = '\0';
    close(errors);
    unlink(name);
    return status;
}

static void make_path(void) {
    strcpy(path, "/tmp/leftopen-baseline-XXXXXX");
    close(mkstemp(path));
    baseline = NULL;
}

static void remove_path(void) {
    baseline_end(baseline);
    unlink(path);
}

#define REPORT(sites)                                                                                          \
    "{\"schema\":\"leftopen.report/1\",\"process\":{\"argv\":[\"./server\"]},\"sites\":[" sites "]}"
#define SITE(id, line_id, count) "{\"id\":\"" id "\",\"line_id\":\"" line_id "\",\"count\":" count "}"

static char notes[1024];

static void note(void *context, const char *sentence) {
    strncat(notes, sentence, sizeof notes - strlen(notes) - 1);
}

START_TEST(a_baseline_takes_what_it_knows) {
    struct site list[] = {{.id = "000000000000000a", .line_id = "1", .count = 3},
                          {.id = "000000000000000b", .line_id = "1", .count = 7},
                          {.id = "000000000000000c", .line_id = "1", .count = 1}};
    struct sites sites = {list, 3};
    write_file(REPORT(SITE("000000000000000a", "1", "3") "," SITE("000000000000000b", "1",
                                                                  "5") "," SITE("000000000000000d", "1", "5")));
    ck_assert_int_eq(begin(path, ""), 0);
    ck_assert_uint_eq(baseline_take(baseline, &sites), 3);
    ck_assert_uint_eq(sites.count, 2);
    ck_assert_str_eq(list[0].id, "000000000000000b");
    ck_assert_uint_eq(list[0].before, 5);
    ck_assert_uint_eq(list[0].more, 2);
    ck_assert_str_eq(list[1].id, "000000000000000c");
    ck_assert_uint_eq(list[1].before, 0);
    *notes = '\0';
    baseline_each_note(baseline, false, note, NULL);
    ck_assert_str_eq(notes, "");
    baseline_each_note(baseline, true, note, NULL);
    ck_assert_msg(strstr(notes, "1 of 3 sites of the baseline"), "%s", notes);
}
END_TEST

START_TEST(a_baseline_of_something_else_is_told) {
    struct site list[] = {{.id = "000000000000000a", .line_id = "1", .count = 3}};
    struct sites sites = {list, 1};
    write_file(REPORT(SITE("000000000000000d", "1", "5")));
    ck_assert_int_eq(begin(path, ""), 0);
    ck_assert_uint_eq(baseline_take(baseline, &sites), 0);
    ck_assert_uint_eq(sites.count, 1);
    *notes = '\0';
    baseline_each_note(baseline, false, note, NULL);
    ck_assert_msg(strstr(notes, "knows none of these sites") && strstr(notes, "(it is of ./server)"), "%s",
                  notes);
}
END_TEST

START_TEST(an_empty_baseline_knows_nothing_and_none_is_none) {
    struct site list[] = {{.id = "000000000000000a", .line_id = "1", .count = 3}};
    struct sites sites = {list, 1};
    write_file(REPORT(""));
    ck_assert_int_eq(begin(path, ""), 0);
    ck_assert_uint_eq(baseline_take(baseline, &sites), 0);
    *notes = '\0';
    baseline_each_note(baseline, true, note, NULL);
    ck_assert_str_eq(notes, "");
    baseline_end(baseline);
    ck_assert_int_eq(begin("", ""), 0);
    ck_assert_ptr_null(baseline);
    ck_assert_uint_eq(baseline_take(NULL, &sites), 0);
}
END_TEST

#define MISUSE(id, type, line_id) "{\"id\":\"" id "\",\"type\":\"" type "\",\"line_id\":\"" line_id "\"}"
#define WITH_MISUSES(misuses)                                                                                  \
    "{\"schema\":\"leftopen.report/1\",\"process\":{\"argv\":[\"./"                                            \
    "server\"]},\"sites\":[],\"misuses\":[" misuses "]}"

START_TEST(a_baseline_takes_the_misuses_that_it_knows) {
    static const struct misuse twice = {.type = RECORD_MISUSE_DOUBLE_CLOSE},
                               late = {.type = RECORD_MISUSE_USE_AFTER_CLOSE};
    struct misuse_site list[] = {
        {.id = "a", .line_id = "1", .first = &twice, .count = 900},
        {.id = "a", .line_id = "1", .first = &late, .count = 1}, /* of another type */
        {.id = "b", .line_id = "1", .first = &twice, .count = 1},
        {.id = "b", .line_id = "2", .first = &twice, .count = 1},  /* a second one there */
        {.id = "c", .line_id = "9", .first = &twice, .count = 1}}; /* its line moved */
    struct misuse_sites misuses = {list, 5};
    write_file(WITH_MISUSES(MISUSE("c", "double-close", "3") "," MISUSE("a", "double-close", "1") "," MISUSE(
        "b", "double-close", "1")));
    ck_assert_int_eq(begin(path, ""), 0);
    ck_assert_uint_eq(baseline_take_misuses(baseline, &misuses), 3);
    ck_assert_uint_eq(misuses.count, 2);
    ck_assert_ptr_eq(list[0].first, &late);
    ck_assert_str_eq(list[1].id, "b");
    ck_assert_str_eq(list[1].line_id, "2");
    ck_assert_uint_eq(baseline_take_misuses(NULL, &misuses), 0);
}
END_TEST

static const struct damage {
    const char *text;
    int status;
    const char *message;
} damages[] = {
    {"", EXIT_DAMAGED, ":1: not a report in JSON: "},
    {"{\n\"schema\": leftopen", EXIT_DAMAGED, ":2: not a report in JSON: "},
    {REPORT("") "x", EXIT_DAMAGED, "not a report in JSON: "},
    {"LEFTOPEN\001\002\377", EXIT_DAMAGED, "not a report in JSON: "},
    {"[]", EXIT_DAMAGED, "it has no schema"},
    {"{}", EXIT_DAMAGED, "it has no schema"},
    {"{\"schema\":7}", EXIT_DAMAGED, "it has no schema"},
    {"{\"schema\":\"leftopen.leak/1\"}", EXIT_DAMAGED, "has the schema leftopen.leak/1, and what is wanted is"},
    {"{\"schema\":\"leftopen.report/1\"}", EXIT_DAMAGED, "it has no list of sites"},
    {"{\"schema\":\"leftopen.report/1\",\"sites\":{}}", EXIT_DAMAGED, "it has no list of sites"},
    {REPORT("7"), EXIT_DAMAGED, "site number 1 has no id"},
    {REPORT(SITE("a", "1", "1") ",{\"id\":\"b\"}"), EXIT_DAMAGED, "site number 2 has no count"},
    {WITH_MISUSES(MISUSE("a", "double-close", "1") ",7"), EXIT_DAMAGED, "misuse number 2 has no id"},
    {WITH_MISUSES("{\"id\":\"a\"}"), EXIT_DAMAGED, "misuse number 1 has no type"},
    {REPORT(SITE("a", "1", "-4")), EXIT_DAMAGED, "site number 1 has no count"},
};

START_TEST(damage_is_told) {
    const struct damage *damage = &damages[_i];
    write_file(damage->text);
    ck_assert_int_eq(begin(path, ""), damage->status);
    ck_assert_ptr_null(baseline);
    ck_assert_msg(strstr(said, path) && strstr(said, damage->message), "no '%s' in: %s", damage->message, said);
}
END_TEST

START_TEST(what_cannot_be_read_is_missing) {
    ck_assert_int_eq(begin("/nowhere/at.json", ""), EXIT_MISSING);
    ck_assert_ptr_nonnull(strstr(said, "/nowhere/at.json: No such file"));
    ck_assert_int_eq(begin("/tmp", ""), EXIT_MISSING);
    ck_assert_ptr_nonnull(strstr(said, "/tmp: Is a directory"));
}
END_TEST

START_TEST(a_relative_name_is_looked_for_beside_the_program) {
    write_file(REPORT(""));
    ck_assert_int_eq(begin(strrchr(path, '/') + 1, "/tmp/program"), 0);
    ck_assert_ptr_nonnull(baseline);
}
END_TEST

START_TEST(sites_are_read_with_their_frames) {
    static const char text[] = REPORT(
        "{\"id\":\"a\",\"line_id\":\"b\",\"kind\":\"socket\",\"call\":\"socket\",\"count\":3,\"opened\":120,"
        "\"closed\":null,\"frames\":[{\"function\":\"connect\",\"file\":null,\"line\":42,\"column\":null,"
        "\"module\":\"/bin/x\",\"offset\":\"0x1a2b\",\"build_id\":null,\"inlined\":true}, 7]}");
    struct past_report report;
    ck_assert_int_eq(past_report_parse(&report, "test", text, strlen(text)), 0);
    ck_assert_uint_eq(report.count, 1);
    ck_assert_str_eq(report.program, "./server");
    const struct past_site *site = report.sites;
    ck_assert_int_eq(site->kind, RECORD_KIND_SOCKET);
    ck_assert_uint_eq(site->opened, 120);
    ck_assert_uint_eq(site->closed, 0);
    ck_assert_uint_eq(site->trace.count, 2);
    const struct frame *frame = site->trace.frames;
    ck_assert_str_eq(frame->function, "connect");
    ck_assert_ptr_null(frame->file);
    ck_assert_uint_eq(frame->line, 42);
    ck_assert_uint_eq(frame->offset, 0x1a2b);
    ck_assert_str_eq(frame->build_id, "");
    ck_assert(frame->inlined);
    ck_assert_ptr_null(frame[1].function);
    past_report_end(&report);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("diff");
    TCase *tests = tcase_create("diff");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, make_path, remove_path);
    tcase_add_loop_test(tests, what_is_new_or_more_is_marked, 0, sizeof comparisons / sizeof *comparisons);
    tcase_add_test(tests, a_baseline_takes_what_it_knows);
    tcase_add_test(tests, a_baseline_takes_the_misuses_that_it_knows);
    tcase_add_test(tests, a_baseline_of_something_else_is_told);
    tcase_add_test(tests, an_empty_baseline_knows_nothing_and_none_is_none);
    tcase_add_loop_test(tests, damage_is_told, 0, sizeof damages / sizeof *damages);
    tcase_add_test(tests, what_cannot_be_read_is_missing);
    tcase_add_test(tests, a_relative_name_is_looked_for_beside_the_program);
    tcase_add_test(tests, sites_are_read_with_their_frames);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
