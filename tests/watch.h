/* watch.h - targets/spin under the library, for who reads its record while it runs. */
#ifndef TESTS_WATCH_H
#define TESTS_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { WATCH_HELD = 40 }; /* descriptors that spin keeps, the first ones */

struct watch {
    pid_t pid;
    const char *folder;
    const uint64_t *counts; /* of its threads, one a cache line */
    unsigned threads;
    char record[128]; /* its path; "" none */
};

/* Starts it with that many threads, which do `work` multiplications between an acquire and the next (0: none),
 * on the processor `cpu` (-1: any), and waits for its record, which lies in `folder`. False with a word on
 * standard error. */
bool watch_begin(struct watch *watch, const char *folder, unsigned threads, unsigned work, int cpu);

/* The calling process runs on that processor only. */
void watch_pin(int cpu);

/* Kills it and removes its record. */
void watch_end(struct watch *watch);

/* Acquires so far. */
uint64_t watch_count(const struct watch *watch);

/* ns of processor time that it has used. */
uint64_t watch_time(const struct watch *watch);

#endif
