/* Every call that handles handles, in use (cases.def), in three forms:
 *
 *   forget    reported exactly once, with the right number, kind and call, and released where it can be
 *   release   nothing is said
 *   fail      nothing is said
 *
 * and in all three, result and errno (12345 before the call) are those of the same program without the library.
 * The other way round, every line of shim/calls.def and shim/syscalls.def has a case. */
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

static const struct {
    const char *name, *reported, *found;
} cases[] = {
#define CASE(name, reported, found, type, acquire, release, failing) {#name, #reported, found},
#define VARIANT CASE
#define NOT_HERE(name, reason)
#define NO_HANDLE(name)
#include "tests/cases.def"
};
enum { CASES = sizeof cases / sizeof cases[0] };

static const struct {
    const char *name, *reason;
} not_here[] = {
#define CASE(name, reported, found, type, acquire, release, failing)
#define VARIANT CASE
#define NOT_HERE(name, reason) {#name, reason},
#define NO_HANDLE(name)
#include "tests/cases.def"
};
enum { NOT_HERE_COUNT = sizeof not_here / sizeof not_here[0] };

/* ---- kinds ---- */

static const struct kind {
    const char *word, *plural;
    bool by_default;
} kinds[] = {
#define KIND(name, word, plural, report) {word, plural, report},
#include "tracker/kinds.def"
};

static const struct kind *kind_of(int index) {
    const char *word = strchr(cases[index].found, ' ') + 1;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (!strcmp(kinds[i].word, word) || !strcmp(kinds[i].plural, word))
            return &kinds[i];
    ck_abort_msg("%s: there is no kind \"%s\"", cases[index].name, word);
}

/* What has neither a descriptor nor unwritten data is left to the end of the process. */
static bool is_released(int index) {
    static const char *const kept[] = {"semaphore", "library", "mapping",  "thread",
                                       "timer",     "iconv",   "catalogue"};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (!strcmp(kind_of(index)->word, kept[i]))
            return false;
    return true;
}

/* `first`, and the kind of the case if it must be asked for. */
static const char *options(int index, const char *first) {
    static char text[128];
    const struct kind *kind = kind_of(index);
    snprintf(text, sizeof text, "%s%s%s", first, kind->by_default ? "" : ":kinds=default+",
             kind->by_default ? "" : kind->word);
    return text;
}

static const char *library, *library_alone, *victim;

static struct run call(int index, const char *form, const char *preload, const char *settings) {
    return run(&(struct run_request){.words = WORDS(victim, cases[index].name, form),
                                     .folder = run_folder(),
                                     .preload = preload,
                                     .options = settings});
}

/* Not everything is allowed everywhere: then the program fails without the library too. */
static bool is_possible(const struct run *bare) { return strncmp(bare->out, "acquired -1 ", 12) != 0; }

/* Without and with the library: the same words. Returns the run with it, whose standard error is to be judged.
 */
static struct run compare(int index, const char *form, const char *preload, const char *settings) {
    struct run bare = call(index, form, NULL, NULL);
    struct run watched = call(index, form, preload, settings);
    ck_assert_msg(bare.status == 0, "%s %s: without the library: status %d", cases[index].name, form,
                  bare.status);
    ck_assert_msg(watched.status == 0, "%s %s: status %d\n%s", cases[index].name, form, watched.status,
                  watched.error);
    ck_assert_msg(!strcmp(bare.out, watched.out), "%s %s: without the library: %sand with it: %s",
                  cases[index].name, form, bare.out, watched.out);
    if (strcmp(form, "fail") && is_possible(&bare))
        ck_assert_msg(strstr(watched.out, "acquired ") == watched.out, "%s: %s", cases[index].name,
                      watched.out);
    run_free(&bare);
    return watched;
}

static bool skipped(int index, const char *form) {
    if (strcmp(form, "fail") == 0)
        return false;
    struct run bare = call(index, form, NULL, NULL);
    bool possible = is_possible(&bare);
    if (!possible)
        suite_skip("%s %s: the kernel refuses: %.*s", cases[index].name, form, (int)strcspn(bare.out, "\n"),
                   bare.out);
    run_free(&bare);
    return !possible;
}

/* ---- the three forms ---- */

/* Raw frames, as printed where there is no tool: everything but the kind, which the kernel may have to be asked
 * for. */
START_TEST(forgotten_is_reported_once_without_tool) {
    if (skipped(_i, "forget"))
        return;
    struct run watched = compare(_i, "forget", library_alone, options(_i, "record=off"));
    char end_of_title[128];
    int count = 0, end = 0;
    snprintf(end_of_title, sizeof end_of_title, ", opened by %s at:\n", cases[_i].reported);
    const char *title = strstr(watched.error, "Direct leak of ");
    ck_assert_msg(title, "%s: not reported\n%s", cases[_i].name, watched.error);
    ck_assert_int_eq(sscanf(title, "Direct leak of %d %*[a-z-]%n", &count, &end), 1);
    ck_assert_msg(!strncmp(title + end, end_of_title, strlen(end_of_title)), "%s: %s", cases[_i].name,
                  watched.error);
    ck_assert_int_eq(count, atoi(cases[_i].found));
    ck_assert_uint_eq(run_count(watched.error, "Direct leak of "), 1);
    ck_assert_uint_eq(run_count(watched.error, is_released(_i) ? "   released\n" : "   not released\n"),
                      (unsigned)count);
    ck_assert_msg(!strstr(watched.error, "libleftopen.so+"), "%s: a frame of ours\n%s", cases[_i].name,
                  watched.error);
    /* frame 0 is the program's call, not the wrapper */
    char *frame = strstr(watched.error, "#0 ");
    ck_assert_ptr_nonnull(frame);
    *strchr(frame, '\n') = 0;
    ck_assert_msg(strstr(frame, victim), "%s: %s", cases[_i].name, frame);
    run_free(&watched);
}
END_TEST

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "null";
}

static void check_site(int index, const json_t *site) {
    char found[64];
    json_int_t count = json_integer_value(json_object_get(site, "count"));
    const char *word = text_of(site, "kind");
    snprintf(found, sizeof found, "%lld %s", (long long)count, count == 1 ? word : kind_of(index)->plural);
    if (count > 1)
        ck_assert_str_eq(word, kind_of(index)->word);
    ck_assert_msg(!strcmp(found, cases[index].found), "%s: %s, not %s", cases[index].name, found,
                  cases[index].found);
    ck_assert_msg(!strcmp(text_of(site, "call"), cases[index].reported), "%s: call is %s", cases[index].name,
                  text_of(site, "call"));
    char function[64];
    snprintf(function, sizeof function, "call_%s", cases[index].name);
    const json_t *frame = json_array_get(json_object_get(site, "frames"), 0);
    ck_assert_msg(!strcmp(text_of(frame, "function"), function), "%s: frame 0 is %s", cases[index].name,
                  text_of(frame, "function"));
    size_t i;
    const json_t *handle;
    ck_assert_uint_eq(json_array_size(json_object_get(site, "handles")), (size_t)count);
    json_array_foreach(json_object_get(site, "handles"), i, handle)
        ck_assert_str_eq(text_of(handle, "release"), is_released(index) ? "released" : "skipped");
}

START_TEST(forgotten_is_reported_once) {
    if (skipped(_i, "forget"))
        return;
    struct run watched = compare(_i, "forget", library, options(_i, "format=json"));
    json_error_t error;
    json_t *report = json_loads(watched.error, 0, &error);
    ck_assert_msg(report, "%s: %s: %s", cases[_i].name, error.text, watched.error);
    const json_t *sites = json_object_get(report, "sites");
    ck_assert_msg(json_array_size(sites) == 1, "%s: %zu sites\n%s", cases[_i].name, json_array_size(sites),
                  watched.error);
    check_site(_i, json_array_get(sites, 0));
    json_decref(report);
    run_free(&watched);
}
END_TEST

static void check_silent(int index, const char *form) {
    if (skipped(index, form))
        return;
    struct run watched = compare(index, form, library_alone, options(index, "record=off"));
    ck_assert_msg(!*watched.error, "%s %s: %s", cases[index].name, form, watched.error);
    run_free(&watched);
}

START_TEST(released_is_silent) { check_silent(_i, "release"); }
END_TEST

START_TEST(failing_is_silent) { check_silent(_i, "fail"); }
END_TEST

/* ---- what the cases themselves must be ---- */

/* closefrom has no result, endmntent always the same. */
static bool can_fail(const char *name) { return strcmp(name, "closefrom") && !strstr(name, "endmntent"); }

/* A form that shows nothing would pass everything above: success keeps errno, failure is a failure. */
START_TEST(case_does_what_it_says) {
    struct run fail = call(_i, "fail", NULL, NULL), release = call(_i, "release", NULL, NULL);
    bool fails = strstr(fail.out, "failed -1 errno") || strstr(fail.out, "failed NULL errno");
    if (can_fail(cases[_i].name))
        ck_assert_msg(fails && !strstr(fail.out, "errno 12345"), "%s: %s", cases[_i].name, fail.out);
    if (is_possible(&release))
        ck_assert_msg(strstr(release.out, "\nreleased ") && !strstr(release.out, "released -1"), "%s: %s",
                      cases[_i].name, release.out);
    ck_assert_msg(!strstr(release.out, "acquired NULL"), "%s: %s", cases[_i].name, release.out);
    run_free(&fail);
    run_free(&release);
}
END_TEST

static const char *const wrapped[] = {
#define CALL(returns, name, parameters, arguments, effect, early) #name,
#define ALIAS(other_name, name) #other_name,
#include "shim/calls.def"
#define SYSTEM_CALL(number, effect) #number,
#include "shim/syscalls.def"
};
enum { WRAPPED = sizeof wrapped / sizeof wrapped[0] };

static const char *const known[] = {
#define CASE(name, reported, found, type, acquire, release, failing) #name,
#define VARIANT(name, reported, found, type, acquire, release, failing)
#define NOT_HERE(name, reason)
#define NO_HANDLE(name) #name,
#include "tests/cases.def"
};
enum { KNOWN = sizeof known / sizeof known[0] };

static bool is_in(const char *name, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!strcmp(list[i], name))
            return true;
    return false;
}

START_TEST(every_wrapped_call_has_a_case) {
    ck_assert_msg(is_in(wrapped[_i], known, KNOWN), "tests/cases.def knows no %s", wrapped[_i]);
}
END_TEST

START_TEST(every_case_is_of_a_wrapped_call) {
    ck_assert_msg(is_in(known[_i], wrapped, WRAPPED), "nothing wraps %s", known[_i]);
}
END_TEST

/* ---- */

/* Where the library stands alone there is no tool it could run. */
static const char *make_library_alone(void) {
    static char path[PATH_MAX], command[2 * PATH_MAX];
    snprintf(path, PATH_MAX, "%s/a/b/c/libleftopen.so", run_folder());
    snprintf(command, sizeof command, "install -D %s %s", library, path);
    if (system(command))
        exit(2);
    return path;
}

/* ---- what a shell leaves open by its nature: known without the tool, which would cost each script five times
 * its own start ---- */

enum { SHELL_SAYS_NOTHING, SHELL_TELLS };
static const struct {
    const char *words[4]; /* "SCRIPT": its path, "./SCRIPT": in its folder */
    const char *text;
    int says;
} scripts[] = {
    {{"dash", "SCRIPT"}, "echo here", SHELL_SAYS_NOTHING},
    {{"dash", "./SCRIPT"}, "echo here", SHELL_SAYS_NOTHING},
    {{"./SCRIPT"}, "#!/bin/sh\necho here", SHELL_SAYS_NOTHING},
    {{"bash", "SCRIPT"}, "echo here", SHELL_SAYS_NOTHING},
    {{"./SCRIPT"}, "#!/bin/bash -e\necho here", SHELL_SAYS_NOTHING},
    {{"dash", "-e", "-u", "SCRIPT"}, "echo here", SHELL_SAYS_NOTHING},
    {{"zsh", "-f", "SCRIPT"}, "echo here", SHELL_SAYS_NOTHING},
    {{"bash", "-e", "SCRIPT"}, "exec 11</etc/passwd; echo here", SHELL_TELLS},
    {{"bash", "-c", "echo here; . \"$0\"", "SCRIPT"}, "exec 11<\"$0\"", SHELL_TELLS},
    {{"bash", "SCRIPT"}, "exec 11</etc/passwd; echo here", SHELL_TELLS},
    {{"bash", "-c", "exec 11<\"$0\"; echo here", "SCRIPT"}, "", SHELL_TELLS},
    {{"cat", "SCRIPT"}, "here\n", SHELL_SAYS_NOTHING},
};
enum { SCRIPTS = sizeof scripts / sizeof scripts[0] };

START_TEST(a_shells_own_script_is_known) {
    if (!strcmp(scripts[_i].words[0], "zsh") && system("command -v zsh >/dev/null"))
        SKIP_TEST("zsh is not installed");
    char path[PATH_MAX];
    const char *words[5] = {NULL};
    snprintf(path, sizeof path, "%s/script-%d", run_folder(), _i);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fprintf(file, "%s\n", scripts[_i].text), 0);
    ck_assert(fclose(file) == 0 && chmod(path, 0755) == 0);
    char nearby[40];
    snprintf(nearby, sizeof nearby, "./script-%d", _i);
    for (size_t i = 0; i < 4 && scripts[_i].words[i]; i++)
        words[i] = !strcmp(scripts[_i].words[i], "SCRIPT")     ? path
                   : !strcmp(scripts[_i].words[i], "./SCRIPT") ? nearby
                                                               : scripts[_i].words[i];
    struct run watched =
        run(&(struct run_request){.words = words, .preload = library_alone, .folder = run_folder()});
    ck_assert_int_eq(watched.status, 0);
    ck_assert_ptr_nonnull(strstr(watched.out, "here\n"));
    ck_assert_msg(!*watched.error == (scripts[_i].says == SHELL_SAYS_NOTHING), "says:\n%s", watched.error);
    if (*watched.error)
        ck_assert_ptr_nonnull(strstr(watched.error, "fd 11"));
    run_free(&watched);
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("cases");
    TCase *group = tcase_create("calls");
    tcase_set_timeout(group, 120);
    tcase_add_loop_test(group, every_wrapped_call_has_a_case, 0, WRAPPED);
    tcase_add_loop_test(group, every_case_is_of_a_wrapped_call, 0, KNOWN);
    tcase_add_loop_test(group, case_does_what_it_says, 0, CASES);
    tcase_add_loop_test(group, forgotten_is_reported_once_without_tool, 0, CASES);
    tcase_add_loop_test(group, forgotten_is_reported_once, 0, CASES);
    tcase_add_loop_test(group, released_is_silent, 0, CASES);
    tcase_add_loop_test(group, failing_is_silent, 0, CASES);
    tcase_add_loop_test(group, a_shells_own_script_is_known, 0, SCRIPTS);
    suite_add_tcase(all, group);
    return all;
}

int main(void) {
    library = run_built("libleftopen.so");
    victim = run_built("targets/one_call");
    library_alone = make_library_alone();
    for (int i = 0; i < NOT_HERE_COUNT; i++)
        suite_skip("%s: %s", not_here[i].name, not_here[i].reason);
    printf("%d cases\n", CASES);
    return suite_run(suite());
}
