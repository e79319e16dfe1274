/* tool_suspects.c - which sites are called suspects, why, and in which order. */
#include <check.h>
#include <stdlib.h>

#include "tests/suite.h"
#include "tools/findings/suspects.h"

/* A service that leaks: 3 of 120 connections are open for two hours, the others took seconds. */
static const struct suspect_facts forgotten = {.opened = 120,
                                               .closed = 117,
                                               .open = 3,
                                               .peak = 9,
                                               .oldest_age = 7380,
                                               .newest_age = 600,
                                               .mean_lifetime = 0.2,
                                               .longest_lifetime = 4};
/* One that has never closed what it opens, once a second for 40 s. */
static const struct suspect_facts growing = {.opened = 40,
                                             .open = 40,
                                             .peak = 40,
                                             .oldest_age = 40,
                                             .newest_age = 1,
                                             .mean_lifetime = -1,
                                             .longest_lifetime = -1};

static void check_reason(const struct suspect_facts *facts, unsigned suspicion, const char *expected) {
    ck_assert_uint_eq(suspects_judge(facts), suspicion);
    char *reason = suspects_reason(facts);
    if (expected)
        ck_assert_str_eq(reason, expected);
    else
        ck_assert_ptr_null(reason);
    free(reason);
}

START_TEST(far_older_than_the_released_is_suspicious) {
    check_reason(&forgotten, SUSPICION_OLD,
                 "open for 2h03m, while none of the 117 that were closed lived longer than 4.0s");
    struct suspect_facts facts = forgotten;
    facts.longest_lifetime = 0;
    check_reason(&facts, SUSPICION_OLD,
                 "open for 2h03m, while none of the 117 that were closed lived longer than 0.1s");
    facts = forgotten;
    facts.oldest_age = 39; /* a slow one, not ten times as slow */
    check_reason(&facts, 0, NULL);
    facts = forgotten;
    facts.closed = 2; /* three stay by design, and two were a mistake */
    check_reason(&facts, 0, NULL);
    facts = forgotten;
    facts.open = 200, facts.peak = 0;
    check_reason(&facts, 0, NULL);
    facts = forgotten;
    facts.longest_lifetime = -1;
    check_reason(&facts, 0, NULL);
}
END_TEST

START_TEST(what_only_grows_is_suspicious) {
    check_reason(&growing, SUSPICION_GROWS, "none was ever closed, and the newest of 40 was opened 1.0s ago");
    struct suspect_facts facts = growing;
    facts.opened = 4000, facts.closed = 3960, facts.mean_lifetime = facts.longest_lifetime = 30;
    check_reason(&facts, SUSPICION_GROWS, "never were more open than the 40 there are");
    facts.peak = 45; /* five were just in use */
    check_reason(&facts, SUSPICION_GROWS, "40 are open, and never were more than 45");
    facts.peak = 46;
    check_reason(&facts, 0, NULL);
    facts.peak = 0; /* of a record that does not tell */
    check_reason(&facts, 0, NULL);
}
END_TEST

START_TEST(a_pool_and_a_handful_are_not) {
    struct suspect_facts pool = growing;
    pool.oldest_age = 7200, pool.newest_age = 7199;
    check_reason(&pool, 0, NULL);
    struct suspect_facts handful = growing;
    handful.open = handful.opened = handful.peak = 7;
    check_reason(&handful, 0, NULL);
}
END_TEST

START_TEST(ages_below_a_second_or_unknown_tell_nothing) {
    struct suspect_facts facts = growing;
    facts.oldest_age = 0.9, facts.newest_age = 0;
    check_reason(&facts, 0, NULL);
    facts.oldest_age = facts.newest_age = -1;
    check_reason(&facts, 0, NULL);
}
END_TEST

START_TEST(both_reasons_are_told) {
    struct suspect_facts facts = growing;
    facts.opened = 100, facts.closed = 60, facts.mean_lifetime = facts.longest_lifetime = 0.5;
    check_reason(
        &facts, SUSPICION_GROWS | SUSPICION_OLD,
        "never were more open than the 40 there are; open for 40s, while none of the 60 that were closed "
        "lived longer than 0.5s");
}
END_TEST

START_TEST(suspects_come_first_then_large_sites) {
    struct suspect_facts both = growing, large = growing, small = growing;
    both.closed = 60, both.opened = 100, both.longest_lifetime = 0.5;
    large.open = 1000, large.peak = 5000;
    small.open = small.peak = 2;
    const struct suspect_facts *order[] = {&both, &growing, &forgotten, &large, &small};
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 5; k++) {
            int difference = suspects_compare(order[i], order[k]);
            ck_assert_int_eq((difference > 0) - (difference < 0), (i > k) - (i < k));
        }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tool_suspects");
    TCase *tests = tcase_create("suspects");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, far_older_than_the_released_is_suspicious);
    tcase_add_test(tests, what_only_grows_is_suspicious);
    tcase_add_test(tests, a_pool_and_a_handful_are_not);
    tcase_add_test(tests, ages_below_a_second_or_unknown_tell_nothing);
    tcase_add_test(tests, both_reasons_are_told);
    tcase_add_test(tests, suspects_come_first_then_large_sites);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
