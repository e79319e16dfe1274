/* Numbers of descriptors that have another owner the next moment (tests/targets/reuse.c): of threads that close
 * a descriptor twice once in 100,000 operations nearly every single one is told, with the handle that it was;
 * threads that make no mistake are never accused. REUSE_RUNS=N repeats the wrong ones; `make torture-misuse`
 * takes ten minutes, and wants 998 of 1,000 told. */
#include <check.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/run.h"
#include "tests/suite.h"

static const char *tool, *program;

/* As many may be missed: a thread that does not get on between its open and what it tells of that is a stranger
 * for as long. One in some 3,000 is. */
enum { MISTAKES = 10, UNTOLD = 1 };

/* ---- reports --------------------------------------------------------------------------------------------- */

struct told {
    struct run run;
    json_t *report, *misuses;
};

static struct told told_of(const char *options, const char *way, const char *much) {
    char path[PATH_MAX], to[PATH_MAX];
    snprintf(path, sizeof path, "%s/reuse.json", run_folder());
    snprintf(to, sizeof to, "--report=%s/%%e.json", run_folder());
    remove(path);
    struct told told = {
        .run = run(&(struct run_request){.words = WORDS(tool, "--format=json", to, program, way, much),
                                         .options = options,
                                         .folder = run_folder()})};
    json_error_t error;
    char *text = run_file(path);
    told.report = text ? json_loads(text, 0, &error) : NULL;
    ck_assert_msg(told.report, "%s: no report\n%s", way, told.run.error);
    told.misuses = json_object_get(told.report, "misuses");
    free(text);
    return told;
}

static void told_end(struct told *told) {
    json_decref(told->report);
    run_free(&told->run);
}

/* The function of a frame, "" if there is none. */
static const char *function(const json_t *misuse, const char *stack, size_t frame) {
    const char *name =
        json_string_value(json_object_get(json_array_get(json_object_get(misuse, stack), frame), "function"));
    return name ? name : "";
}

static bool is_mistake(const json_t *misuse) {
    return strncmp(function(misuse, "frames", 0), "again_", 6) == 0;
}

/* ---- the wrong ones -------------------------------------------------------------------------------------- */

/* One of the second closes, "XX_YY" as the program names them: the handle is the one that was opened there, or,
 * where others have got the number in between, the last one of theirs. */
static void check_mistake(const json_t *misuse) {
    const char *place = function(misuse, "frames", 0) + strlen("again_");
    const char *from = function(misuse, "frames", 1);
    char opened[16], closed[16];
    snprintf(opened, sizeof opened, "open_%s", place);
    snprintf(closed, sizeof closed, "first_%s", place);
    ck_assert_int_eq(json_integer_value(json_object_get(misuse, "count")), 1);
    ck_assert_str_eq(json_string_value(json_object_get(misuse, "type")), "double-close");
    if (strcmp(function(misuse, "opened", 0), "open_some") == 0)
        return;
    ck_assert_str_eq(function(misuse, "opened", 0), opened);
    ck_assert_str_eq(function(misuse, "opened", 1), from);
    ck_assert_str_eq(function(misuse, "closed", 0), closed);
}

/* The program's line "XX_YY" for that second close is there, on which the kernel said EBADF. */
static bool has_failed(const char *out, const json_t *misuse) {
    char line[32];
    snprintf(line, sizeof line, "%s_%s\n", function(misuse, "frames", 1) + strlen("from_"),
             function(misuse, "frames", 0) + strlen("again_"));
    return strstr(out, line) != NULL;
}

static unsigned long late(const char *out) {
    const char *line = strstr(out, "late ");
    ck_assert_msg(line, "%s", out);
    return strtoul(line + strlen("late "), NULL, 10);
}

static int runs(void) {
    const char *many = getenv("REUSE_RUNS");
    return many ? atoi(many) : 1;
}

/* Every close that failed is told, none else. */
static void check_wrong(const char *options) {
    char count[8];
    snprintf(count, sizeof count, "%d", MISTAKES);
    struct told told = told_of(options, "wrong", count);
    unsigned long at_once = 0, afterwards = 0;
    size_t i;
    json_t *misuse;
    json_array_foreach(told.misuses, i, misuse) {
        if (!is_mistake(misuse)) {
            afterwards += (unsigned long)json_integer_value(json_object_get(misuse, "count"));
            continue;
        }
        check_mistake(misuse);
        ck_assert_msg(has_failed(told.run.out, misuse), "%s", told.run.out);
        at_once++;
    }
    unsigned failed_at_once = run_count(told.run.out, "_");
    printf("%s: told are %lu of %u second closes that failed, and %lu of %lu that failed in their place\n",
           options, at_once, failed_at_once, afterwards, late(told.run.out));
    ck_assert_uint_eq(failed_at_once + late(told.run.out), MISTAKES);
    ck_assert_uint_le(at_once, failed_at_once);
    ck_assert_uint_le(afterwards, late(told.run.out));
    fflush(stdout); /* the line counts, whatever becomes of this one */
    ck_assert_uint_ge(at_once + afterwards + UNTOLD, MISTAKES);
    ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(told.report, "summary"), "left_open")),
                     0);
    told_end(&told);
}

/* A second close may take what another thread has got by then, whose own close fails instead. */
static const char *const options_of_wrong[] = {"misuse=1", "misuse=2"};
enum { WAYS = sizeof options_of_wrong / sizeof *options_of_wrong };

START_TEST(every_double_close_is_told_among_threads) { check_wrong(options_of_wrong[_i % WAYS]); }
END_TEST

/* ---- the right ones -------------------------------------------------------------------------------------- */

static const char *const options_of_right[] = {"misuse=1", "misuse=2", "misuse=2:quarantine=100"};

START_TEST(reuse_is_no_mistake) {
    struct told told = told_of(options_of_right[_i], "right", "0");
    char *text = json_dumps(told.misuses, JSON_INDENT(1));
    ck_assert_msg(json_array_size(told.misuses) == 0, "%s: %.3000s", options_of_right[_i], text);
    ck_assert_uint_eq(late(told.run.out), 0);
    free(text);
    told_end(&told);
}
END_TEST

int main(void) {
    tool = run_built("leftopen");
    run_folder();
    program = run_built("targets/reuse");
    Suite *all = suite_create("reuse");
    TCase *group = tcase_create("all");
    tcase_set_timeout(group, 3 * RUN_SECONDS);
    tcase_add_loop_test(group, every_double_close_is_told_among_threads, 0, runs() * WAYS);
    tcase_add_loop_test(group, reuse_is_no_mistake, 0, sizeof options_of_right / sizeof *options_of_right);
    suite_add_tcase(all, group);
    return suite_run(all);
}
