/* x86_64/single.h - read-modify-write without the lock prefix, for processes with one thread.
 * One instruction is never interrupted half-way: signal handlers see all of it or nothing. Other processes that
 * read the memory see stores in their order, as ever on this machine. */
#ifndef TRACKER_X86_64_SINGLE_H
#define TRACKER_X86_64_SINGLE_H

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t single_word_add(_Atomic uint64_t *place, uint64_t change) {
    __asm__ volatile("xaddq %0, %1" : "+r"(change), "+m"(*place) : : "memory", "cc");
    return change;
}

static inline bool single_word_exchange(_Atomic uint64_t *place, uint64_t *expected, uint64_t desired) {
    bool done;
    __asm__ volatile("cmpxchgq %3, %1"
                     : "+a"(*expected), "+m"(*place), "=@ccz"(done)
                     : "r"(desired)
                     : "memory");
    return done;
}

#endif
