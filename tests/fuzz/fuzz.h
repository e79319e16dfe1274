/* fuzz.h - what the targets of the fuzzer share. Each target is a program: tests/fuzz/NAME.c, with its inputs
 * in tests/fuzz/corpus/NAME. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* What libFuzzer and driver.c call with every input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                                        \
    do {                                                                                                       \
        if (!(condition)) {                                                                                    \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                     \
            abort();                                                                                           \
        }                                                                                                      \
    } while (0)

/* A file in memory with these bytes, the same one each time; its path in `path`. Returns its descriptor. */
static inline int fuzz_file(const void *bytes, size_t size, char path[32]) {
    static int file = -1;
    if (file < 0)
        file = memfd_create("input", MFD_CLOEXEC);
    MUST(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, bytes, size, 0) == (ssize_t)size);
    snprintf(path, 32, "/proc/self/fd/%d", file);
    return file;
}

#endif
