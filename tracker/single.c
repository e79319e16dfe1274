/* single.c - see single.h. */
#include "tracker/single.h"

#include <stddef.h>

/* glibc 2.32; without it there may always be other threads. */
extern char __libc_single_threaded __attribute__((weak));

static const char many;
_Atomic(const char *) single_word = &many;

void single_start(void) {
    if (&__libc_single_threaded != NULL)
        atomic_store_explicit(&single_word, &__libc_single_threaded, memory_order_relaxed);
}

void single_end(void) { atomic_store_explicit(&single_word, &many, memory_order_relaxed); }
