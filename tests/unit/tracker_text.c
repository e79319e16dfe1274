/* tracker/text.h against what libc says, and at the edges of its buffers. */
#include <inttypes.h>

#include "tests/unit/world.h"
#include "tracker/text.h"

START_TEST(text_that_fits_is_kept_whole) {
    /* proves: a text may fill its buffer to the last byte before the zero */
    char buffer[6];
    struct text text = TEXT_IN(buffer);
    text_string(&text, "ab");
    text_string(&text, "cde");
    ck_assert_str_eq(buffer, "abcde");
    ck_assert_uint_eq(text.length, 5);
    ck_assert(!text.cut);
}
END_TEST

START_TEST(text_that_does_not_fit_is_cut_and_said_so) {
    /* proves: one byte too many is left out and remembered, and the byte behind the buffer stays */
    char buffer[7] = "......";
    struct text text = {.start = buffer, .capacity = 6};
    text_string(&text, "abcdef");
    ck_assert_str_eq(buffer, "abcde");
    ck_assert(text.cut);
    text_string(&text, "x");
    ck_assert_str_eq(buffer, "abcde");
    ck_assert_int_eq(buffer[6], 0);
}
END_TEST

START_TEST(a_buffer_of_one_byte_is_empty_text) {
    /* proves: the smallest capacity holds the terminating zero only */
    char buffer[2] = "xy";
    struct text text = {.start = buffer, .capacity = 1};
    text_decimal(&text, 7);
    ck_assert_int_eq(buffer[0], 0);
    ck_assert_int_eq(buffer[1], 'y');
    ck_assert(text.cut);
}
END_TEST

static const int64_t decimals[] = {0, 1, -1, 9, 10, -10, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};

START_TEST(decimals_are_those_of_libc) {
    /* proves: every sign and length, the smallest number included */
    char ours[32], theirs[32];
    struct text text = TEXT_IN(ours);
    text_decimal(&text, decimals[_i]);
    snprintf(theirs, sizeof theirs, "%" PRId64, decimals[_i]);
    ck_assert_str_eq(ours, theirs);
}
END_TEST

START_TEST(hexadecimals_are_those_of_libc) {
    /* proves: one digit to sixteen */
    for (unsigned shift = 0; shift < 64; shift++) {
        char ours[32], theirs[32];
        struct text text = TEXT_IN(ours);
        text_hexadecimal(&text, 1ull << shift);
        text_hexadecimal(&text, 0);
        snprintf(theirs, sizeof theirs, "%" PRIx64 "0", (uint64_t)1 << shift);
        ck_assert_str_eq(ours, theirs);
    }
}
END_TEST

START_TEST(bytes_are_two_digits_each) {
    /* proves: leading zeros stay */
    char buffer[16];
    struct text text = TEXT_IN(buffer);
    text_byte_pairs(&text, (const uint8_t[]){0x00, 0x0f, 0xa0, 0xff}, 4);
    ck_assert_str_eq(buffer, "000fa0ff");
}
END_TEST

START_TEST(comparisons_look_at_the_whole_string) {
    /* proves: neither a prefix nor a longer string is equal; every string starts with nothing */
    ck_assert(text_equal("", "") && text_equal("abc", "abc"));
    ck_assert(!text_equal("abc", "ab") && !text_equal("ab", "abc") && !text_equal("", "a"));
    ck_assert(text_starts("abc", "") && text_starts("abc", "abc") && text_starts("abc", "a"));
    ck_assert(!text_starts("ab", "abc") && !text_starts("", "a") && !text_starts("abc", "b"));
    ck_assert_uint_eq(text_length(""), 0);
    ck_assert_uint_eq(text_length("abc"), 3);
}
END_TEST

static const struct {
    const char *pattern, *string;
    bool fits;
} patterns[] = {
    {"", "", true},           {"", "a", false},           {"*", "", true},
    {"*", "anything", true},  {"a", "a", true},           {"a", "ab", false},
    {"ab", "a", false},       {"a*", "a", true},          {"*a", "ba", true},
    {"*a", "ab", false},      {"a*b", "axxb", true},      {"a*b", "axxbx", false},
    {"*ab", "aab", true},     {"*aab*", "aaab", true},    {"a**b", "ab", true},
    {"?", "", false},         {"?", "a", true},           {"a?c", "abc", true},
    {"a?c", "ac", false},     {"*?", "a", true},          {"*?", "", false},
    {"?*?", "a", false},      {"*_test", "x_test", true}, {"*_test", "x_tests", false},
    {"*a*b*c*", "abc", true}, {"*a*b*c*", "acb", false},  {"[a]", "a", false},
    {"a\\*", "a*", false},
};

START_TEST(patterns_fit_as_the_header_says) {
    /* proves: stars of any number and place, question marks, and that nothing else is special */
    ck_assert_msg(text_fits(patterns[_i].pattern, patterns[_i].string) == patterns[_i].fits, "'%s' on '%s'",
                  patterns[_i].pattern, patterns[_i].string);
}
END_TEST

START_TEST(many_stars_do_not_take_for_ever) {
    /* proves: matching is not exponential (the test's time limit ends it else) */
    char pattern[201], string[20001];
    for (unsigned i = 0; i < 100; i++)
        memcpy(pattern + 2 * i, "*a", 3);
    memset(string, 'a', sizeof string - 2);
    strcpy(string + sizeof string - 2, "b");
    ck_assert(!text_fits(pattern, string));
}
END_TEST

START_TEST(base_names_follow_the_last_slash) {
    /* proves: none, one and several slashes, and one at the end */
    ck_assert_str_eq(text_base_name("program"), "program");
    ck_assert_str_eq(text_base_name("/bin/program"), "program");
    ck_assert_str_eq(text_base_name("./a/"), "");
    ck_assert_str_eq(text_base_name(""), "");
}
END_TEST

START_TEST(copies_touch_what_they_are_told) {
    /* proves: neither less nor more is copied, cleared or compared, of no bytes too */
    char from[] = "0123456789", to[] = "..........";
    text_copy(to + 2, from + 2, 3);
    ck_assert_str_eq(to, "..234.....");
    text_clear(to + 3, 1);
    ck_assert_int_eq(memcmp(to, "..2\0004.....", 11), 0);
    text_copy(to, from, 0);
    text_clear(to, 0);
    ck_assert_int_eq(to[0], '.');
    ck_assert(text_same("ab\0c", "ab\0c", 4) && !text_same("ab\0c", "ab\0d", 4) && text_same("a", "b", 0));
}
END_TEST

static void add(TCase *tests) {
    tcase_add_test(tests, text_that_fits_is_kept_whole);
    tcase_add_test(tests, text_that_does_not_fit_is_cut_and_said_so);
    tcase_add_test(tests, a_buffer_of_one_byte_is_empty_text);
    tcase_add_loop_test(tests, decimals_are_those_of_libc, 0, sizeof decimals / sizeof *decimals);
    tcase_add_test(tests, hexadecimals_are_those_of_libc);
    tcase_add_test(tests, bytes_are_two_digits_each);
    tcase_add_test(tests, comparisons_look_at_the_whole_string);
    tcase_add_loop_test(tests, patterns_fit_as_the_header_says, 0, sizeof patterns / sizeof *patterns);
    tcase_add_test(tests, many_stars_do_not_take_for_ever);
    tcase_add_test(tests, base_names_follow_the_last_slash);
    tcase_add_test(tests, copies_touch_what_they_are_told);
}

int main(void) { return world_run("tracker/text", add); }
