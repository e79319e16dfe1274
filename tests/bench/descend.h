/* descend.h - the way down to the measured calls: in C (descend.c) or in C++ (descend.cpp). */
#ifndef TESTS_BENCH_DESCEND_H
#define TESTS_BENCH_DESCEND_H

#ifdef __cplusplus
extern "C" {
#endif

/* Calls `bottom(argument)` from at least `frames` frames further down. */
void descend(unsigned frames, void (*bottom)(void *), void *argument);

#ifdef __cplusplus
}
#endif
#endif
