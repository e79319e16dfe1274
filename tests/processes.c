/* Processes of a tree seen together: workers that leak at one site, programs that cannot be watched, and a
 * process that stayed what it was because its exec failed. Single shapes are rows of behaviours.c. */
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

enum { WORKERS = 40 };

static const char *library, *tool, *shapes;

static struct run by_tool(const char *option, const char *const *words) {
    const char *all[10] = {tool, option};
    for (int i = 0; words[i]; i++)
        all[2 + i] = words[i];
    return run(&(struct run_request){.words = all, .folder = run_folder()});
}

static json_t *parse(const char *text) {
    json_error_t error;
    json_t *report = json_loads(text, 0, &error);
    ck_assert_msg(report, "%s in:\n%s", error.text, text);
    return report;
}

static json_int_t number_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

/* The only site of the report. */
static const json_t *only_site(const json_t *report) {
    const json_t *sites = json_object_get(report, "sites");
    ck_assert_uint_eq(json_array_size(sites), 1);
    return json_array_get(sites, 0);
}

/* ---- one site, many processes ---- */

static size_t distinct_pids(const json_t *handles) {
    json_t *pids = json_object(), *handle;
    size_t i;
    json_array_foreach((json_t *)handles, i, handle) {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)number_of(handle, "pid"));
        json_object_set_new(pids, text, json_true());
    }
    size_t count = json_object_size(pids);
    json_decref(pids);
    return count;
}

START_TEST(a_site_of_forty_workers_is_one_entry) {
    struct run watched = by_tool("--format=json", WORDS(shapes, "workers"));
    ck_assert_int_eq(watched.status, 23);
    json_t *report = parse(watched.error);
    const json_t *site = only_site(report);
    ck_assert_int_eq(number_of(site, "count"), WORKERS);
    ck_assert_int_eq(number_of(site, "opened"), WORKERS);
    ck_assert_uint_eq(distinct_pids(json_object_get(site, "handles")), WORKERS);
    json_decref(report);
}
END_TEST

START_TEST(what_a_parent_closes_at_once_its_children_inherited) {
    /* proves: a child knows where its descriptors come from, however late it does its first thing */
    struct run watched = by_tool("--format=json", WORDS(shapes, "pipes"));
    ck_assert_int_eq(watched.status, 23);
    json_t *report = parse(watched.error);
    ck_assert_int_eq(number_of(only_site(report), "count"), WORKERS);
    ck_assert_int_eq(number_of(json_object_get(report, "summary"), "unseen"), 0);
    json_decref(report);
}
END_TEST

START_TEST(in_text_too) {
    struct run watched = by_tool("--format=text", WORDS(shapes, "workers"));
    ck_assert_uint_eq(run_count(watched.error, "Direct leak of "), 1);
    ck_assert_msg(strstr(watched.error, "Direct leak of 40 files"), "%s", watched.error);
}
END_TEST

/* ---- exec that fails ---- */

START_TEST(a_failed_exec_leaves_the_record_to_be_found) {
    char options[PATH_MAX], command[3 * PATH_MAX];
    snprintf(options, sizeof options, "record=%s/records", run_folder());
    ck_assert_int_eq(mkdir(options + strlen("record="), 0700), 0);
    struct run dead = run(&(struct run_request){
        .words = WORDS(shapes, "death_after_failing_exec"), .preload = library, .options = options});
    ck_assert_int_eq(dead.status, 137);
    snprintf(command, sizeof command, "exec %s report --format=json %s/*", tool, options + strlen("record="));
    struct run told = run(&(struct run_request){.words = WORDS("sh", "-c", command)});
    ck_assert_msg(told.status == 0, "%s", told.error);
    json_t *report = parse(told.out);
    ck_assert_int_eq(number_of(only_site(report), "count"), 1);
    const json_t *process = json_object_get(report, "process");
    ck_assert_str_eq(json_string_value(json_object_get(process, "end")), "killed");
    ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(process, "exe")), "shapes"));
    json_decref(report);
}
END_TEST

START_TEST(records_left_to_the_next_image_end_with_it) {
    /* proves: images that pass descriptors on keep their records as long as the process lives, and no longer */
    char records[PATH_MAX], options[PATH_MAX + 16];
    snprintf(records, sizeof records, "%s/succession", run_folder());
    snprintf(options, sizeof options, "record=%s", records);
    ck_assert_int_eq(mkdir(records, 0700), 0);
    struct run last =
        run(&(struct run_request){.words = WORDS("sh", "-c",
                                                 "exec 5</dev/null; exec sh -c 'exec 6</dev/null; exec sh -c "
                                                 "'\\''set -- \"$0\"/*; echo $#'\\'' \"$0\"'"
                                                 " \"$0\"",
                                                 records),
                                  .preload = library,
                                  .options = options});
    ck_assert_msg(last.status == 0 && !*last.error, "%s", last.error);
    ck_assert_int_ge(atoi(last.out), 2);
    ck_assert_int_eq(run_entries(records), 0);
}
END_TEST

/* ---- who cannot be watched ---- */

static const struct {
    const char *script, *said; /* NULL: nothing */
} trees[] = {
    {"\"$0\"", "leftopen: 1 program of the tree ran unwatched: "},
    {"\"$0\"", "motionless (statically linked)"},
    {"\"$0\"; \"$0\"; \"$0\"", "leftopen: 3 programs of the tree ran unwatched: "},
    {"\"$0\"; \"$0\"; \"$0\"", "motionless (statically linked, 3 times)"},
    {"env -i /bin/true", "leftopen: 1 program of the tree ran unwatched: /bin/true (started without LD_PRELOAD "
                         "in its environment)"},
    {"\"$0\"; env -i /bin/true", "leftopen: 2 programs of the tree ran unwatched: "},
    {"LD_PRELOAD= /bin/true", "leftopen: 1 program of the tree ran unwatched: /bin/true ("},
    {"/bin/true; exec /bin/true", NULL},
};
enum { TREES = sizeof trees / sizeof trees[0] };

static const char *build_program(const char *name, const char *flags) {
    static char path[PATH_MAX];
    char command[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", run_folder(), name);
    snprintf(command, sizeof command,
             "echo 'int main(void) { return 0; }' | ${CC:-gcc} %s -x c -o %s - 2>/dev/null", flags, path);
    return system(command) == 0 ? path : NULL;
}

START_TEST(who_ran_unwatched_is_said) {
    const char *motionless = build_program("motionless", "-static");
    if (!motionless)
        SKIP_TEST("no static libc here");
    struct run watched = by_tool("--format=text", WORDS("sh", "-c", trees[_i].script, motionless));
    ck_assert_msg(watched.status == 0, "%s: status %d\n%s", trees[_i].script, watched.status, watched.error);
    if (trees[_i].said)
        ck_assert_msg(strstr(watched.error, trees[_i].said), "%s: not \"%s\":\n%s", trees[_i].script,
                      trees[_i].said, watched.error);
    else
        ck_assert_msg(!*watched.error, "%s: %s", trees[_i].script, watched.error);
    ck_assert_msg(run_count(watched.error, "\n") <= 1, "%s: not one line:\n%s", trees[_i].script,
                  watched.error);
}
END_TEST

START_TEST(another_architecture_is_said) {
    const char *small = build_program("small", "-m32 -nostdlib -shared -fPIC");
    if (!small)
        SKIP_TEST("no 32-bit programs here: gcc -m32 does not build");
    small = build_program("small", "-m32");
    if (!small)
        SKIP_TEST("no 32-bit programs here: no 32-bit libc");
    struct run watched = by_tool("--format=text", WORDS("sh", "-c", "\"$0\"", small));
    ck_assert_int_eq(watched.status, 0);
    ck_assert_msg(strstr(watched.error, "small (of another architecture)"), "%s", watched.error);
}
END_TEST

/* ---- */

int main(void) {
    library = run_built("libleftopen.so");
    tool = run_built("leftopen");
    shapes = run_built("targets/shapes");
    Suite *all = suite_create("processes");
    TCase *group = tcase_create("trees");
    tcase_set_timeout(group, 3 * RUN_SECONDS);
    tcase_add_test(group, a_site_of_forty_workers_is_one_entry);
    tcase_add_test(group, what_a_parent_closes_at_once_its_children_inherited);
    tcase_add_test(group, in_text_too);
    tcase_add_test(group, a_failed_exec_leaves_the_record_to_be_found);
    tcase_add_test(group, records_left_to_the_next_image_end_with_it);
    tcase_add_loop_test(group, who_ran_unwatched_is_said, 0, TREES);
    tcase_add_test(group, another_architecture_is_said);
    suite_add_tcase(all, group);
    return suite_run(all);
}
