/* tracker/settings.h: what the library takes from LEFTOPEN_OPTIONS, and that a mistake changes nothing. */
#include "tests/unit/world.h"
#include "tracker/settings.h"

static void read_options(const char *options) {
    world_listen();
    settings_read(options);
}

START_TEST(nothing_said_is_the_default) {
    /* proves: no string, an empty one and one of separators leave all defaults, silently */
    static const char *const strings[] = {NULL, "", " :, \t\n"};
    read_options(strings[_i]);
    ck_assert_str_eq(world_said(), "");
    ck_assert_uint_eq(settings.depth, 32);
    ck_assert_int_eq(settings.unwind, UNWIND_AUTO);
    ck_assert_int_eq(settings.strict, STRICT_OFF);
    ck_assert_int_eq(settings.release, RELEASE_ALL);
    ck_assert(settings.children && !settings.record_off && !settings.report_none && !settings.record[0]);
}
END_TEST

START_TEST(every_option_of_the_library_is_kept) {
    /* proves: each name lands in its own field */
    read_options("strict=all:release=streams,unwind=caller depth=7:exitcode=23:verbosity=2:children=no:"
                 "inherited=yes:unseen=true:report=none:record=/x/y:only=a*:skip='b c'");
    ck_assert_str_eq(world_said(), "");
    ck_assert_int_eq(settings.strict, STRICT_ALL);
    ck_assert_int_eq(settings.release, RELEASE_STREAMS);
    ck_assert_int_eq(settings.unwind, UNWIND_CALLER);
    ck_assert_uint_eq(settings.depth, 7);
    ck_assert_uint_eq(settings.exit_code, 23);
    ck_assert_uint_eq(settings.verbosity, 2);
    ck_assert(!settings.children && settings.inherited && settings.unseen && settings.report_none);
    ck_assert_str_eq(settings.record, "/x/y");
    ck_assert_str_eq(settings.only, "a*");
    ck_assert_str_eq(settings.skip, "b c");
}
END_TEST

START_TEST(options_of_the_tool_are_let_through) {
    /* proves: what only the tool reads is no mistake, and the whole string is kept for it */
    const char *options = "format=json:kinds=all:suppressions=\"/a:b\":color=never:min_count=3";
    read_options(options);
    ck_assert_str_eq(world_said(), "");
    ck_assert_str_eq(settings.options, options);
}
END_TEST

static const struct {
    const char *options, *complaint;
} mistakes[] = {
    {"depht=3", "unknown option 'depht'"},
    {"depth", "no value in 'depth'"},
    {"depth=", "does not fit: 'depth='"},
    {"depth=0", "does not fit: 'depth=0'"},
    {"depth=129", "does not fit: 'depth=129'"},
    {"depth=18446744073709551648", "does not fit"}, /* 2^64 + 32 */
    {"depth=3x", "does not fit"},
    {"depth=-1", "does not fit"},
    {"strict=2", "does not fit: 'strict=2'"},
    {"strict=al", "does not fit"},
    {"strict=0|1", "does not fit"},
    {"exitcode=256", "does not fit"},
    {"children=maybe", "does not fit"},
    {"record=relative", "does not fit"},
    {"release=some", "does not fit"},
};

START_TEST(a_mistake_is_said_and_changes_nothing) {
    /* proves: one line on standard error for each, the default stays, and the next option still counts */
    char options[128];
    snprintf(options, sizeof options, "%s:verbosity=5", mistakes[_i].options);
    read_options(options);
    ck_assert_says(world_said(), mistakes[_i].complaint);
    ck_assert_uint_eq(count_in(world_said(), "\n"), 1);
    ck_assert_uint_eq(settings.depth, 32);
    ck_assert_int_eq(settings.strict, STRICT_OFF);
    ck_assert_int_eq(settings.release, RELEASE_ALL);
    ck_assert_uint_eq(settings.exit_code, 0);
    ck_assert(settings.children && !settings.record[0] && !settings.record_off);
    ck_assert_uint_eq(settings.verbosity, 5);
}
END_TEST

START_TEST(hyphen_and_underscore_are_one) {
    /* proves: a name may be written either way, a value is left as it is */
    read_options("min-count=2:skip=a-b");
    ck_assert_str_eq(world_said(), "");
    ck_assert(!settings_take_program("a-b"));
    ck_assert(settings_take_program("a_b"));
}
END_TEST

START_TEST(an_unterminated_quote_is_said) {
    /* proves: the rest is the value, and it is said that the quote never ended */
    read_options("skip='a:b");
    ck_assert_says(world_said(), "unterminated quote");
    ck_assert_str_eq(settings.skip, "a:b");
}
END_TEST

START_TEST(the_last_word_counts) {
    /* proves: a later value replaces an earlier one, and a later mistake does not */
    read_options("depth=3:depth=4:depth=400:record=off:record=relative");
    ck_assert_uint_eq(settings.depth, 4);
    ck_assert(settings.record_off);
}
END_TEST

static char *long_option(const char *name, const char *start, size_t bytes) {
    char *option = malloc(bytes + 64);
    int head = snprintf(option, 64, "%s=%s", name, start);
    memset(option + head, 'x', bytes);
    option[(size_t)head + bytes] = 0;
    return option;
}

START_TEST(a_value_that_is_too_long_is_not_taken_in_part) {
    /* proves: a path or list that does not fit leaves the default, not its beginning */
    static const char *const names[] = {"record", "only", "skip"};
    read_options(long_option(names[_i], "/", SETTINGS_PATH_BYTES));
    ck_assert_says(world_said(), "does not fit");
    ck_assert_str_eq(settings.record, "");
    ck_assert_str_eq(settings.only, "");
    ck_assert_str_eq(settings.skip, "");
}
END_TEST

START_TEST(a_string_that_is_too_long_ends_at_a_whole_option) {
    /* proves: the option that the limit cuts through is ignored, not read with half its value */
    char options[SETTINGS_OPTION_BYTES + 64];
    memset(options, ':', sizeof options);
    memcpy(options, "depth=3", 7);
    strcpy(options + SETTINGS_OPTION_BYTES - 1 - strlen("exitcode=2"),
           "exitcode=23"); /* the 3 is one too many */
    read_options(options);
    ck_assert_says(world_said(), "longer than the library reads");
    ck_assert_uint_eq(settings.depth, 3);
    ck_assert_uint_eq(settings.exit_code, 0);
}
END_TEST

static const struct {
    const char *options, *name;
    bool wanted;
} programs[] = {
    {"", "server", true},
    {"only=server", "server", true},
    {"only=server", "serve", false},
    {"only=*_test+server", "a_test", true},
    {"only=*_test+server", "server", true},
    {"only=*_test+server", "a_tests", false},
    {"only=*:skip=sh", "sh", false},
    {"skip=sh+make+gcc", "make", false},
    {"skip=sh+make+gcc", "cc", true},
    {"skip=", "sh", true},
    {"skip=+", "sh", true},
    {"only=a:skip=a", "a", false},
};

START_TEST(programs_are_chosen_by_patterns) {
    /* proves: only and skip with lists, skip having the last word */
    read_options(programs[_i].options);
    ck_assert_msg(settings_take_program(programs[_i].name) == programs[_i].wanted, "%s %s",
                  programs[_i].options, programs[_i].name);
}
END_TEST

static const struct {
    const char *options, *word;
    bool by_default, wanted;
} kinds[] = {
    {"", "file", true, true},
    {"", "library", false, false},
    {"kinds=default", "library", false, false},
    {"kinds=default+library", "library", false, true},
    {"kinds=all", "library", false, true},
    {"kinds=all+!library", "library", false, false},
    {"kinds=socket", "library", false, false},
    {"kinds=librar", "library", false, false},
    {"kinds=socket", "file", true, true}, /* recorded all the same: the tool chooses */
};

START_TEST(kinds_that_are_off_can_be_asked_for) {
    /* proves: what is not recorded by default is when `kinds` names it and does not take it back */
    read_options(kinds[_i].options);
    ck_assert(settings_want_kind(kinds[_i].word, kinds[_i].by_default) == kinds[_i].wanted);
}
END_TEST

START_TEST(help_names_every_option) {
    /* proves: help=1 prints a line for each row of the table, with its default */
    read_options("help=1:depth=5");
#define SETTING(name, type, standard, values, text) ck_assert_says(world_said(), "\n  " #name "=");
#include "tracker/settings.def"
    ck_assert_says(world_said(), "depth=32");
    ck_assert_says(world_said(), "(now: 'help=1:depth=5')");
}
END_TEST

static void add(TCase *tests) {
    tcase_add_loop_test(tests, nothing_said_is_the_default, 0, 3);
    tcase_add_test(tests, every_option_of_the_library_is_kept);
    tcase_add_test(tests, options_of_the_tool_are_let_through);
    tcase_add_loop_test(tests, a_mistake_is_said_and_changes_nothing, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(tests, hyphen_and_underscore_are_one);
    tcase_add_test(tests, an_unterminated_quote_is_said);
    tcase_add_test(tests, the_last_word_counts);
    tcase_add_loop_test(tests, a_value_that_is_too_long_is_not_taken_in_part, 0, 3);
    tcase_add_test(tests, a_string_that_is_too_long_ends_at_a_whole_option);
    tcase_add_loop_test(tests, programs_are_chosen_by_patterns, 0, sizeof programs / sizeof *programs);
    tcase_add_loop_test(tests, kinds_that_are_off_can_be_asked_for, 0, sizeof kinds / sizeof *kinds);
    tcase_add_test(tests, help_names_every_option);
}

int main(void) { return world_run("tracker/settings", add); }
