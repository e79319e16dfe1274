/* Options of Valgrind and LeakSanitizer, as test runners pass them. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/suite.h"
#include "tools/command.h"
#include "tools/settings/foreign.h"

static struct settings settings;
#define VALUE(name) (settings.value[SETTING_##name])

static void begin(void) {
    unsetenv("LSAN_OPTIONS");
    settings_begin(&settings);
}
static void end(void) { settings_end(&settings); }

/* What CTest 3.25 puts before the test, where no options are set, and where a file of suppressions is. */
START_TEST(what_ctest_passes_is_taken) {
    char *argv[] = {"run",
                    "--log-file=/tmp/MemoryChecker.1.log",
                    "-q",
                    "--tool=memcheck",
                    "--leak-check=yes",
                    "--show-reachable=yes",
                    "--num-callers=50",
                    "--suppressions=/b/s",
                    "/b/test",
                    "-q"};
    ck_assert_int_eq(command_options(&settings, 10, argv), 8);
    ck_assert_str_eq(VALUE(suppressions), "/b/s");
    ck_assert_str_eq(VALUE(format), "valgrind");
    ck_assert_str_eq(VALUE(report), "/tmp/MemoryChecker.1.log%q{}");
    ck_assert_str_eq(VALUE(depth), "32");
}
END_TEST

START_TEST(a_name_with_fields_stays) {
    ck_assert_int_eq(foreign_option(&settings, "--log-file=/tmp/log.%p"), 1);
    ck_assert_str_eq(VALUE(report), "/tmp/log.%p");
}
END_TEST

START_TEST(a_form_that_was_asked_for_is_kept) {
    settings_take(&settings, "format", "json", "--format");
    ck_assert_int_eq(foreign_option(&settings, "--log-file=x"), 1);
    ck_assert_str_eq(VALUE(format), "json");
}
END_TEST

START_TEST(statuses_are_checked) {
    ck_assert_int_eq(foreign_option(&settings, "--error-exitcode=9"), 1);
    ck_assert_str_eq(VALUE(exitcode), "9");
    close(STDERR_FILENO);
    open("/dev/null", O_WRONLY);
    ck_assert_int_eq(foreign_option(&settings, "--error-exitcode=many"), -64);
}
END_TEST

START_TEST(other_words_are_nobodys) {
    static const char *const words[] = {"-v",         "-qq",       "--quietly", "--tool",
                                        "--log-file", "--tools=x", "-",         "--"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        ck_assert_msg(foreign_option(&settings, words[i]) == 0, "%s", words[i]);
}
END_TEST

static const char ctest_environment[] = "log_path='/tmp/a b.1.log':suppressions=/b/s:exitcode=9:other=1";

START_TEST(lsan_options_count_only_if_asked_for) {
    setenv("LSAN_OPTIONS", ctest_environment, 1);
    foreign_environment(&settings);
    ck_assert_str_eq(VALUE(report), "stderr");
    settings_take_string(&settings, "lsan_options=1", "test");
    foreign_environment(&settings);
    ck_assert_str_eq(VALUE(report), "/tmp/a b.1.log");
    ck_assert_str_eq(VALUE(suppressions), "/b/s");
    ck_assert_str_eq(VALUE(exitcode), "0");
}
END_TEST

START_TEST(our_own_options_come_before_lsans) {
    setenv("LSAN_OPTIONS", ctest_environment, 1);
    settings_take_string(&settings, "lsan_options=1:report=none", "test");
    foreign_environment(&settings);
    ck_assert_str_eq(VALUE(report), "none");
    ck_assert_str_eq(VALUE(suppressions), "/b/s");
}
END_TEST

START_TEST(without_lsan_options_nothing_changes) {
    settings_take_string(&settings, "lsan_options=1", "test");
    foreign_environment(&settings);
    ck_assert_str_eq(VALUE(report), "stderr");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tool_foreign");
    TCase *tests = tcase_create("foreign");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, what_ctest_passes_is_taken);
    tcase_add_test(tests, a_name_with_fields_stays);
    tcase_add_test(tests, a_form_that_was_asked_for_is_kept);
    tcase_add_test(tests, statuses_are_checked);
    tcase_add_test(tests, other_words_are_nobodys);
    tcase_add_test(tests, lsan_options_count_only_if_asked_for);
    tcase_add_test(tests, our_own_options_come_before_lsans);
    tcase_add_test(tests, without_lsan_options_nothing_changes);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
