/* views.c - how a report is put together and looked at: sites that read alike, suppressions that the tool
 * writes itself, groups, limits, other names for paths, and what must not leave. */
#include <check.h>
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/run.h"

static const char *program, *tool;

static struct run in_folder(const char *const *words) {
    return run(&(struct run_request){.words = words, .folder = run_folder()});
}

static json_t *parse(const char *text) {
    json_error_t error;
    json_t *report = json_loads(text, 0, &error);
    ck_assert_msg(report, "%s in:\n%s", error.text, text);
    return report;
}

static json_int_t number(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    ck_assert_msg(json_is_integer(value), "no number \"%s\"", key);
    return json_integer_value(value);
}

/* --- sites ------------------------------------------------------------------------------------------------ */

START_TEST(calls_that_read_alike_are_one_site) {
    struct run run = in_folder(WORDS(tool, "--format=json", program, "alike"));
    json_t *report = parse(run.error), *site = json_array_get(json_object_get(report, "sites"), 0);
    ck_assert_int_eq(run.status, 23);
    ck_assert_uint_eq(json_array_size(json_object_get(report, "sites")), 1);
    ck_assert_int_eq(number(site, "count"), 5);
    ck_assert_int_eq(number(site, "opened"), 6);
    ck_assert_int_eq(number(site, "closed"), 1);
    json_int_t last = 0;
    size_t i;
    json_t *handle;
    json_array_foreach(json_object_get(site, "handles"), i, handle) {
        ck_assert_int_gt(number(handle, "fd"), last); /* in the order in which they were opened */
        last = number(handle, "fd");
    }
    json_decref(report);
    run_free(&run);
}
END_TEST

int main(void) {
    static char path[512];
    snprintf(path, sizeof path, "%s", run_built("targets/places"));
    program = path;
    tool = run_built("leftopen");
    Suite *suite = suite_create("views");
    TCase *tests = tcase_create("views");
    tcase_set_timeout(tests, RUN_SECONDS);
    tcase_add_test(tests, calls_that_read_alike_are_one_site);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
