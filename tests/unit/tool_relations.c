/* tool_relations.c - what is told of the relatives of one handle when there are more than it has room for. */
#include <check.h>
#include <stdlib.h>

#include "tests/suite.h"
#include "tools/basics/memory.h"
#include "tools/findings/relations.h"

static void add(struct relations *relations, enum relation_way way, int pid) {
    relations_add(relations,
                  (struct relation){.way = way, .pid = pid, .number = 5, .program = memory_copy("cat")});
}

static void tells(struct relations *relations, const char *words) {
    struct state state = {0};
    relations_tell(relations, true, &state);
    ck_assert_str_eq(state.text, words);
    state_end(&state);
    relations_end(relations);
}

START_TEST(many_of_one_way_leave_room_for_another) {
    /* proves: whichever comes first, each way names two, and counts the rest */
    struct relations relations = {0};
    for (int pid = 1; pid <= 20; pid++)
        add(&relations, RELATION_DUPLICATE, pid);
    for (int pid = 31; pid <= 33; pid++)
        add(&relations, RELATION_OTHER_END, pid);
    add(&relations, RELATION_WATCHER, 41);
    tells(&relations, "duplicate of fd 5 of 1 cat, fd 5 of 2 cat and 18 more, "
                      "no end of file for fd 5 of 31 cat, fd 5 of 32 cat and 1 more while it is open, "
                      "in epoll fd 5 of 41 cat");
}
END_TEST

START_TEST(each_is_told_once) {
    /* proves: what is in the list is not added again, and the last of two is joined by "and" */
    struct relations relations = {0};
    for (int i = 0; i < 20; i++)
        add(&relations, RELATION_DUPLICATE, 1 + i % 2);
    tells(&relations, "duplicate of fd 5 of 1 cat and fd 5 of 2 cat");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("relations");
    TCase *tests = tcase_create("all");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, many_of_one_way_leave_room_for_another);
    tcase_add_test(tests, each_is_told_once);
    return suite_run(suite);
}
