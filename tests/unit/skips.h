/* skips.h - what a test program could not try here, and why. Counted across Check's forked tests in shared
 * memory and printed at the end. */
#ifndef TESTS_UNIT_SKIPS_H
#define TESTS_UNIT_SKIPS_H

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static unsigned *skip_count;

static inline void skips_begin(void) {
    skip_count = mmap(NULL, sizeof *skip_count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

#define SKIP(reason)                                                                                           \
    do {                                                                                                       \
        /* without the _fn that Check appends */                                                               \
        printf("skipped: %.*s: %s\n", (int)strlen(__func__) - 3, __func__, (reason));                          \
        fflush(stdout);                                                                                        \
        ++*skip_count;                                                                                         \
        return;                                                                                                \
    } while (0)

static inline void skips_end(void) {
    if (*skip_count)
        printf("%u skipped\n", *skip_count);
}

#endif
