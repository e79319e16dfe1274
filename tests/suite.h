/* suite.h - runs a suite of Check's, and tells what it could not try here, and why: counted across its forked
 * tests in shared memory, and printed at the end. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* How much was skipped; shared from the first time on that the program itself asks. */
static inline unsigned *suite_skipped(void) {
    static unsigned *count;
    if (!count)
        count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return count;
}

/* Tells what is skipped, and why, and counts it. */
__attribute__((format(printf, 1, 2))) static inline void suite_skip(const char *format, ...) {
    va_list list;
    va_start(list, format);
    printf("skipped: ");
    vprintf(format, list);
    putchar('\n');
    va_end(list);
    fflush(stdout);
    ++*suite_skipped();
}

/* Ends the test in which it stands; its name is told without the _fn that Check appends. */
#define SKIP_TEST(reason)                                                                                      \
    do {                                                                                                       \
        suite_skip("%.*s: %s", (int)strlen(__func__) - 3, __func__, (reason));                                 \
        return;                                                                                                \
    } while (0)

/* Returns what main should. */
static inline int suite_run(Suite *suite) {
    const unsigned *skipped = suite_skipped();
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    if (*skipped)
        printf("%u skipped\n", *skipped);
    return failed != 0;
}

#endif
