/* top_trend.c - see top_trend.h
 *
 * However short the interval is, a minute has room: a point that came too soon after the one before it gives
 * way to the next. */
#include "tools/top/top_trend.h"

#include <string.h>

#define SECOND 1000000000ull
#define WINDOW (TREND_SECONDS * SECOND)
#define LEAST_DISTANCE (WINDOW / (TREND_POINTS - 2))

static void drop_oldest(struct trend *trend) {
    trend->count--;
    memmove(&trend->points[0], &trend->points[1], trend->count * sizeof trend->points[0]);
}

static bool gives_way(const struct trend *trend) {
    size_t last = trend->count - 1;
    return last > 0 && trend->points[last].when - trend->points[last - 1].when < LEAST_DISTANCE;
}

void trend_note(struct trend *trend, uint64_t when, uint64_t value) {
    if (trend->count && gives_way(trend))
        trend->count--;
    /* one point that is a minute old, or older, stays */
    while (trend->count == TREND_POINTS || (trend->count > 1 && when - trend->points[1].when >= WINDOW))
        drop_oldest(trend);
    trend->points[trend->count].when = when;
    trend->points[trend->count].value = value;
    trend->count++;
}

bool trend_per_minute(const struct trend *trend, double *per_minute) {
    size_t last = trend->count - 1;
    if (trend->count < 2 || trend->points[last].when <= trend->points[0].when)
        return false;
    double seconds = (double)(trend->points[last].when - trend->points[0].when) / SECOND;
    *per_minute = ((double)trend->points[last].value - (double)trend->points[0].value) / seconds * 60;
    return true;
}

double trend_seconds_until(const struct trend *trend, uint64_t limit) {
    double per_minute;
    if (!trend->count)
        return -1;
    uint64_t value = trend->points[trend->count - 1].value;
    if (value >= limit)
        return 0;
    return trend_per_minute(trend, &per_minute) && per_minute > 0 ? (double)(limit - value) / per_minute * 60
                                                                  : -1;
}
