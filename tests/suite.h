/* suite.h - runs a suite of Check's, and tells what it could not try here, and why: counted across its forked
 * tests in shared memory, and printed at the end. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static unsigned *skip_count;

#define SKIP_TEST(reason)                                                                                      \
    do {                                                                                                       \
        /* without the _fn that Check appends */                                                               \
        printf("skipped: %.*s: %s\n", (int)strlen(__func__) - 3, __func__, (reason));                          \
        fflush(stdout);                                                                                        \
        ++*skip_count;                                                                                         \
        return;                                                                                                \
    } while (0)

/* Returns what main should. */
static inline int suite_run(Suite *suite) {
    skip_count = mmap(NULL, sizeof *skip_count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    if (*skip_count)
        printf("%u skipped\n", *skip_count);
    return failed != 0;
}

#endif
