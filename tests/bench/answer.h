/* answer.h - what a measured program answers for each byte that it is sent. */
#ifndef TESTS_BENCH_ANSWER_H
#define TESTS_BENCH_ANSWER_H

struct answer {
    double nanoseconds; /* an operation's cost, by the clock that suits the work: mostly processor time */
    double clock;       /* the same by the clock on the wall */
};

#endif
