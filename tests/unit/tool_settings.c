/* Options: names, values, the grammar of LEFTOPEN_OPTIONS, passing on, and what is said of mistakes. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/suite.h"
#include "tools/basics/nearest.h"
#include "tools/settings/settings.h"

static struct settings settings;
static char said[4096]; /* on standard error since the last call of listen */
static int heard;

static void listen_to_errors(void) {
    char name[] = "/tmp/leftopen-settings-XXXXXX";
    heard = mkstemp(name);
    unlink(name);
    ck_assert_int_ge(dup2(heard, STDERR_FILENO), 0);
}

static const char *messages(void) {
    ssize_t length = pread(heard, said, sizeof said - 1, 0);
    said[length > 0 ? length : 0] = '\0';
    ck_assert_int_eq(ftruncate(heard, 0), 0);
    lseek(heard, 0, SEEK_SET);
    return said;
}

static void begin(void) {
    settings_begin(&settings);
    listen_to_errors();
}
static void end(void) { settings_end(&settings); }

static void take(const char *string) { settings_take_string(&settings, string, "LEFTOPEN_OPTIONS"); }
#define VALUE(name) (settings.value[SETTING_##name])

START_TEST(defaults_are_those_of_the_table) {
    ck_assert_str_eq(VALUE(report), "stderr");
    ck_assert_str_eq(VALUE(depth), "32");
    ck_assert(settings_flag(&settings, SETTING_children));
    ck_assert(!settings.given[SETTING_depth]);
}
END_TEST

START_TEST(every_separator_separates) {
    take(":depth=5,min_count=2 release=none\tunwind=caller\nverbosity=1\r\n, :strict=all:");
    ck_assert_str_eq(VALUE(depth), "5");
    ck_assert_str_eq(VALUE(min_count), "2");
    ck_assert_str_eq(VALUE(release), "none");
    ck_assert_str_eq(VALUE(unwind), "caller");
    ck_assert_int_eq(settings_number(&settings, SETTING_verbosity), 1);
    ck_assert_str_eq(VALUE(strict), "all");
    ck_assert_str_eq(messages(), "");
}
END_TEST

START_TEST(quotes_protect_separators) {
    take("report='/tmp/a b:c,%p':suppressions=\"it's\":depth=7");
    ck_assert_str_eq(VALUE(report), "/tmp/a b:c,%p");
    ck_assert_str_eq(VALUE(suppressions), "it's");
    ck_assert_str_eq(VALUE(depth), "7");
    ck_assert_str_eq(messages(), "");
}
END_TEST

START_TEST(nothing_is_no_mistake) {
    take(NULL);
    take("");
    take(" : ,\n");
    ck_assert_str_eq(messages(), "");
}
END_TEST

START_TEST(hyphen_counts_as_underscore_in_names_only) {
    take("min-count=4:unwind=frame-pointer");
    ck_assert_str_eq(VALUE(min_count), "4");
    ck_assert_str_eq(VALUE(unwind), "frame-pointer");
}
END_TEST

START_TEST(the_last_word_counts) {
    take("depth=3:depth=4");
    ck_assert_str_eq(VALUE(depth), "4");
}
END_TEST

START_TEST(an_unknown_name_is_answered_with_the_nearest) {
    take("reprot=none:depth=9");
    ck_assert_ptr_nonnull(strstr(messages(), "'reprot'; did you mean 'report'?"));
    ck_assert_str_eq(VALUE(report), "stderr");
    ck_assert_str_eq(VALUE(depth), "9");
}
END_TEST

START_TEST(an_unknown_name_without_neighbour_is_named) {
    take("zzzzzz=1");
    ck_assert_ptr_nonnull(
        strstr(messages(), "LEFTOPEN_OPTIONS: there is no option 'zzzzzz'; `leftopen help options`"));
}
END_TEST

static const struct {
    const char *string, *message;
} mistakes[] = {
    {"depth=0", "1..128"},
    {"depth=129", "1..128"},
    {"depth=", "1..128"},
    {"depth=-5", "1..128"},
    {"depth=+5", "1..128"},
    {"depth=5x", "1..128"},
    {"depth=99999999999999999999", "1..128"},
    {"children=2", "0 or 1"},
    {"children=", "0 or 1"},
    {"release=some", "all|streams|none"},
    {"release=", "all|streams|none"},
    {"release=all|streams", "all|streams|none"},
    {"release=strea", "all|streams|none"},
    {"depth", "'depth' has no value"},
    {"depth:release", "'release' has no value"},
    {"report='/tmp/x", "quotes"},
    {"report='/tmp/x'y", "quotes"},
};

START_TEST(a_mistake_is_said_and_changes_nothing) {
    take(mistakes[_i].string);
    const char *all = messages();
    ck_assert_msg(strstr(all, mistakes[_i].message) != NULL, "%s: said '%s'", mistakes[_i].string, all);
    struct settings untouched;
    settings_begin(&untouched);
    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        ck_assert_str_eq(settings.value[id], untouched.value[id]);
        ck_assert(!settings.given[id]);
    }
    settings_end(&untouched);
}
END_TEST

START_TEST(a_message_is_one_line_whatever_it_quotes) {
    settings_take(&settings, "depth", "a\nb\033[31m", "--depth");
    const char *all = messages();
    ck_assert_ptr_eq(strchr(all, '\n'), all + strlen(all) - 1);
    ck_assert_ptr_null(strchr(all, '\033'));
    ck_assert_ptr_eq(strstr(all, "leftopen: --depth: 'a?b?[31m'"), all);
}
END_TEST

START_TEST(flags_know_their_words) {
    static const char *const yes[] = {"1", "yes", "true"}, *const no[] = {"0", "no", "false"};
    for (size_t i = 0; i < 3; i++) {
        ck_assert(settings_take(&settings, "unseen", yes[i], "--unseen"));
        ck_assert(settings_flag(&settings, SETTING_unseen));
        ck_assert(settings_take(&settings, "unseen", no[i], "--unseen"));
        ck_assert(!settings_flag(&settings, SETTING_unseen));
    }
}
END_TEST

START_TEST(a_string_can_be_read_back) {
    settings_take(&settings, "report", "/tmp/a b:c", "x");
    settings_take(&settings, "suppressions", "it's, there", "x");
    settings_take(&settings, "depth", "12", "x");
    settings_take(&settings, "skip", "", "x");
    settings_take(&settings, "only", "'quoted'", "x");
    settings_take(&settings, "format", "json", "x");
    char *string = settings_string(&settings, (enum setting_id[]){SETTING_format, SETTING_COUNT});
    struct settings again;
    settings_begin(&again);
    settings_take_string(&again, string, "again");
    ck_assert_str_eq(messages(), "");
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        ck_assert_str_eq(again.value[id], id == SETTING_format ? "text" : settings.value[id]);
    ck_assert_ptr_null(strstr(string, "format"));
    ck_assert_ptr_null(strstr(string, "verbosity"));
    free(string);
    settings_end(&again);
}
END_TEST

START_TEST(a_value_that_no_quote_can_carry_is_said) {
    settings_take(&settings, "report", "a 'b' \"c\"", "x");
    settings_take(&settings, "depth", "12", "x");
    char *string = settings_string(&settings, (enum setting_id[]){SETTING_COUNT});
    ck_assert_str_eq(string, "depth=12");
    ck_assert_ptr_nonnull(strstr(messages(), "both kinds of quotes"));
    free(string);
}
END_TEST

START_TEST(reset_takes_an_option_back) {
    take("depth=5");
    settings_reset(&settings, SETTING_depth);
    ck_assert_str_eq(VALUE(depth), "32");
    ck_assert(!settings.given[SETTING_depth]);
}
END_TEST

START_TEST(help_names_every_option_and_what_it_is_now) {
    take("depth=5");
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    settings_help(&settings, out);
    fclose(out);
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        ck_assert_ptr_nonnull(strstr(text, settings_name(id)));
    ck_assert_ptr_nonnull(strstr(text, "--depth=1..128   (default '32')   (now '5')"));
    free(text);
}
END_TEST

START_TEST(nearest_knows_common_mistakes) {
    static const char *const names[] = {"report", "release", "record"};
    ck_assert_str_eq(nearest("reprot", names, 3), "report");
    ck_assert_str_eq(nearest("repor", names, 3), "report");
    ck_assert_str_eq(nearest("relaese", names, 3), "release");
    ck_assert_ptr_null(nearest("banana", names, 3));
    ck_assert_ptr_null(nearest("", names, 3));
    ck_assert_ptr_null(nearest("a-word-that-is-longer-than-every-name-there-will-ever-be", names, 3));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tool_settings");
    TCase *tests = tcase_create("settings");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, defaults_are_those_of_the_table);
    tcase_add_test(tests, every_separator_separates);
    tcase_add_test(tests, quotes_protect_separators);
    tcase_add_test(tests, nothing_is_no_mistake);
    tcase_add_test(tests, hyphen_counts_as_underscore_in_names_only);
    tcase_add_test(tests, the_last_word_counts);
    tcase_add_test(tests, an_unknown_name_is_answered_with_the_nearest);
    tcase_add_test(tests, an_unknown_name_without_neighbour_is_named);
    tcase_add_loop_test(tests, a_mistake_is_said_and_changes_nothing, 0,
                        (int)(sizeof mistakes / sizeof *mistakes));
    tcase_add_test(tests, a_message_is_one_line_whatever_it_quotes);
    tcase_add_test(tests, flags_know_their_words);
    tcase_add_test(tests, a_string_can_be_read_back);
    tcase_add_test(tests, a_value_that_no_quote_can_carry_is_said);
    tcase_add_test(tests, reset_takes_an_option_back);
    tcase_add_test(tests, help_names_every_option_and_what_it_is_now);
    tcase_add_test(tests, nearest_knows_common_mistakes);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
