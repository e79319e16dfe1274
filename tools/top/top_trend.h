/* top_trend.h - a number and how it changed during the last minute. */
#ifndef TOOLS_TOP_TREND_H
#define TOOLS_TOP_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TREND_SECONDS = 60, TREND_POINTS = 32 };

/* All zero at first. */
struct trend {
    struct {
        uint64_t when; /* ns */
        uint64_t value;
    } points[TREND_POINTS]; /* oldest first; the last one is the newest that was noted */
    size_t count;
};

/* What the number is at `when` (ns of a clock that never goes back). */
void trend_note(struct trend *trend, uint64_t when, uint64_t value);

/* How much it grew per minute, since a minute ago or since it was first noted, whichever is later. False: it
 * was noted once only. */
bool trend_per_minute(const struct trend *trend, double *per_minute);

/* Seconds until the number is `limit` if it goes on like this; 0: it is there already; negative: never. */
double trend_seconds_until(const struct trend *trend, uint64_t limit);

#endif
