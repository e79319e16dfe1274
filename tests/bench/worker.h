/* worker.h - one running `work`, asked for a burst at a time. */
#ifndef TESTS_BENCH_WORKER_H
#define TESTS_BENCH_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "tests/bench/answer.h"

struct worker {
    pid_t pid;
    int ask, answer;
};

struct worker_request {
    const char *program; /* path of `work` or one like it */
    const char *kind;
    unsigned frames, threads, held, operations;
    const char *preload; /* NULL: none */
    const char *command; /* put before the measured program, words parted by blanks; NULL: none */
    bool outside;        /* not `work` is measured but what it executes: preload and command go there */
    const char *options; /* LEFTOPEN_OPTIONS; NULL: none */
    bool quiet;          /* standard error to /dev/null */
};

/* Ends the driver with a message where there is no room for another process. */
struct worker worker_start(const struct worker_request *request);

/* False: it failed, has said why, or takes too long. Then only worker_stop is of use. */
bool worker_burst(const struct worker *worker, struct answer *answer);

/* One that does not end within some seconds is killed. False: it did not end as it should. */
bool worker_stop(const struct worker *worker);

#endif
