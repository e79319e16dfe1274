/* tool_families.c - relatives among very many processes, of which most have not lived at the same time. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>

#include "tests/suite.h"
#include "tools/findings/families.h"
#include "tools/findings/relations.h"

enum { MOST = 3000 };

static char *no_arguments[] = {NULL};
static char pipe_link[] = "pipe:[7]", none[] = "", program[] = "/bin/cat";
static struct detail end_of_pipe = {.inode = 7, .status_flags = O_RDONLY, .duplicate_of = -1};
static struct process list[MOST], *processes[MOST];
static struct handle handles[MOST];

/* Processes that hold the same pipe, each from `started` on for `lasted`. */
static void add(size_t i, uint64_t started, uint64_t lasted) {
    end_of_pipe.link = pipe_link;
    end_of_pipe.information = none;
    handles[i] =
        (struct handle){.number = 5, .state = RECORD_STATE_LIVE, .made_from = -1, .detail = &end_of_pipe};
    list[i] = (struct process){.source = none,
                               .name = {(unsigned char)i, (unsigned char)(i >> 8), 1},
                               .pid = 1000 + (int)i,
                               .executable = program,
                               .arguments = no_arguments,
                               .started_realtime = started,
                               .ended_realtime = started + lasted,
                               .end = RECORD_END_EXIT,
                               .handles = &handles[i],
                               .handle_count = 1};
    processes[i] = &list[i];
}

/* What is told of the handle of process `i`. */
static void tells(size_t count, size_t i, const char *words) {
    struct finding finding = {.process = processes[i], .handle = &handles[i]};
    struct findings findings = {&finding, 1};
    families_find(processes, count, &findings);
    if (words)
        ck_assert_str_eq(finding.state.text, words);
    else
        ck_assert_ptr_null(finding.state.text);
    state_end(&finding.state);
    relations_end(&finding.relations);
}

START_TEST(who_lived_at_another_time_is_no_relative) {
    /* proves: one after the other, as in a long script: neither named nor counted, the first as the last */
    for (size_t i = 0; i < MOST; i++)
        add(i, 1 + 10 * i, 5);
    tells(MOST, 0, NULL);
    tells(MOST, 200, NULL);
    tells(MOST, MOST - 1, NULL);
}
END_TEST

START_TEST(who_lived_at_the_same_time_is_found_among_many) {
    for (size_t i = 0; i < 300; i++)
        add(i, 1 + 10 * i, 5);
    add(300, 1 + 10 * 299, 5);
    tells(301, 300, "duplicate of fd 5 of 1299 cat");
}
END_TEST

START_TEST(itself_is_not_counted) {
    /* proves: neither among those that are looked at nor among the rest */
    for (size_t i = 0; i < 200; i++)
        add(i, 1, 5);
    tells(200, 0, "duplicate of fd 5 of 1001 cat, fd 5 of 1002 cat and 197 more");
    tells(200, 199, "duplicate of fd 5 of 1000 cat, fd 5 of 1001 cat and 197 more");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("families");
    TCase *tests = tcase_create("all");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, who_lived_at_another_time_is_no_relative);
    tcase_add_test(tests, who_lived_at_the_same_time_is_found_among_many);
    tcase_add_test(tests, itself_is_not_counted);
    return suite_run(suite);
}
