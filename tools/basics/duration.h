/* duration.h - lengths of time for people. */
#ifndef TOOLS_DURATION_H
#define TOOLS_DURATION_H

#include <stdint.h>

/* "0.4s", "42s", "5m03s", "2h03m", "3d04h". The caller frees it. */
char *duration_text(double seconds);

/* Nanoseconds of a word such as "500ms", "60s", "5m" or "1h"; a bare number is seconds. 0: it is no such word,
 * or too long a time. */
uint64_t duration_parse(const char *word);

#endif
