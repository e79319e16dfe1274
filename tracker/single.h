/* single.h - words that change in one step, at the price that the moment asks for: while a process has one
 * thread, only its own signal handlers can come in between, and one instruction without a lock on the memory
 * bus is enough. About 6 ns less each.
 *
 * Any context. For memory that other processes at most read: they see stores in their order (x86), as with
 * locks. An order that is given is that among threads.
 *
 * How many threads there are is libc's to say, which leaves its own locks out by the same word. It is cleared
 * before a thread is made, by whatever part of libc makes it, and not while a signal handler that interrupted
 * us runs: nothing that makes threads may be called there (signal-safety(7)). Threads that are made past
 * pthread_create are not known to libc: tracker_thread_begin is told of them.
 */
#ifndef TRACKER_SINGLE_H
#define TRACKER_SINGLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#include "x86_64/single.h"
#define SINGLE_HERE single_here()
#define single_exchange_own single_word_exchange
#else
#define SINGLE_HERE false
#define single_exchange_own(place, expected, desired)                                                          \
    atomic_compare_exchange_strong_explicit(place, expected, desired, memory_order_relaxed,                    \
                                            memory_order_relaxed)
#define single_word_add(place, change) 0
#define single_word_exchange(place, expected, desired) false
#endif

/* Where it is said that there is one thread: libc's word, or until single_start and after single_end none. */
extern _Atomic(const char *) single_word __attribute__((visibility("hidden")));

/* Start-up only. */
void single_start(void);

/* Any context. For good, before a thread is made. */
void single_end(void);

/* Any context. */
static inline bool single_here(void) {
    /* relaxed: stored by the only thread there is */
    return *atomic_load_explicit(&single_word, memory_order_relaxed);
}

/* As atomic_fetch_add, relaxed. */
static inline uint64_t single_add(_Atomic uint64_t *place, uint64_t change) {
    if (SINGLE_HERE)
        return single_word_add(place, change);
    return atomic_fetch_add_explicit(place, change, memory_order_relaxed);
}

/* As atomic_compare_exchange_strong, relaxed where it fails. single_exchange_own: the same, relaxed, for a word
 * that only the calling thread changes, and its signal handlers. */
static inline bool single_exchange(_Atomic uint64_t *place, uint64_t *expected, uint64_t desired,
                                   memory_order order) {
    if (SINGLE_HERE)
        return single_word_exchange(place, expected, desired);
    return atomic_compare_exchange_strong_explicit(place, expected, desired, order, memory_order_relaxed);
}

#endif
