/* probe.h - reading memory that the program says is there. Any context; system calls, so false after a
 * lockdown. */
#ifndef TRACKER_PROBE_H
#define TRACKER_PROBE_H

#include <stdbool.h>
#include <stdint.h>

/* One system call, which changes nothing: what it says of a word, -EFAULT if its page cannot be read. Not of
 * the first page, which is never mapped; not after a lockdown. */
long probe_word(uintptr_t at);

/* The page that was found readable last, so that neighbours cost nothing. Begin with zero, or with a page that
 * was read. */
typedef uintptr_t probe_page;
probe_page probe_page_of(const void *at);

/* True if all bytes from `at` on can be read. */
bool probe_bytes(probe_page *known, const void *at, uintptr_t bytes);

/* True if a text can be read up to its zero. */
bool probe_text(probe_page *known, const char *text);

#endif
