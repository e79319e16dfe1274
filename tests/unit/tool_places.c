/* tool_places.c - sites told apart in few words. */
#include <check.h>
#include <stdlib.h>

#include "tests/suite.h"
#include "tools/findings/places.h"

enum { MOST_FRAMES = 8, MOST_SITES = 6 };

/* Sites by the functions of their stacks, the innermost first, each with what is to be told of it. */
struct told {
    const char *call;
    const char *functions[MOST_FRAMES];
    unsigned own; /* index of the program's innermost frame */
    const char *place;
};

static void check(const struct told *told, size_t count) {
    struct frame frames[MOST_SITES][MOST_FRAMES] = {0};
    struct trace traces[MOST_SITES] = {0};
    struct activity_site sites[MOST_SITES] = {0};
    const struct activity_site *list[MOST_SITES];
    for (size_t i = 0; i < count; i++) {
        size_t depth = 0;
        for (; depth < MOST_FRAMES && told[i].functions[depth]; depth++)
            frames[i][depth] = (struct frame){.function = (char *)told[i].functions[depth],
                                              .module = "/bin/server",
                                              .build_id = "",
                                              .offset = 0x10 * depth};
        traces[i] = (struct trace){.frames = frames[i], .count = depth};
        sites[i] = (struct activity_site){.trace = &traces[i], .own = depth ? &frames[i][told[i].own] : NULL};
        strcpy(sites[i].call, told[i].call);
        list[i] = &sites[i];
    }
    char **places = places_tell(list, count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_str_eq(places[i], told[i].place);
        free(places[i]);
    }
    free(places);
}

START_TEST(who_differs_is_told_in_one_frame) {
    check((struct told[]){{"open", {"load", "run", "main"}, 0, "load (server)"},
                          {"open", {"save", "run", "main"}, 0, "save (server)"},
                          {"socket", {"load", "run", "main"}, 0, "load (server)"},
                          {"pipe2", {"popen", "start", "main"}, 1, "start (server)"}},
          4);
    ck_assert_ptr_null(places_tell(NULL, 0));
}
END_TEST

START_TEST(callers_tell_apart_who_reads_alike) {
    /* proves: what they have in common is left out, whoever differs no more gets no more, order is kept */
    check(
        (struct told[]){
            {"open", {"xopen", "try", "load", "state", "main"}, 0, "xopen (server) < … < load < state"},
            {"open", {"xopen", "try", "save", "state", "main"}, 0, "xopen (server) < … < save"},
            {"open", {"xopen", "try", "load", "plan", "main"}, 0, "xopen (server) < … < load < plan"},
            {"open", {"other", "try", "load", "main"}, 0, "other (server)"},
            {"dup", {"xopen", "try", "load", "main"}, 0, "xopen (server)"}},
        5);
    check((struct told[]){{"open", {"xopen", "load", "main"}, 0, "xopen (server) < load"},
                          {"open", {"libfoo", "xopen", "save", "main"}, 1, "xopen (server) < save"}},
          2);
}
END_TEST

START_TEST(ends_of_stacks_are_ends) {
    /* proves: one inside another, those that cannot be told apart, and those without a stack */
    check((struct told[]){{"open", {"xopen"}, 0, "xopen (server)"},
                          {"open", {"xopen", "load"}, 0, "xopen (server) < load"},
                          {"open", {"twice", "a"}, 0, "twice (server)"},
                          {"open", {"twice", "a"}, 0, "twice (server)"},
                          {"", {NULL}, 0, "(no stack was recorded)"},
                          {"", {NULL}, 0, "(no stack was recorded)"}},
          6);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("places");
    TCase *tests = tcase_create("all");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, who_differs_is_told_in_one_frame);
    tcase_add_test(tests, callers_tell_apart_who_reads_alike);
    tcase_add_test(tests, ends_of_stacks_are_ends);
    return suite_run(suite);
}
