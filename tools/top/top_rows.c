/* top_rows.c - see top_rows.h. A column is one row of a table here. */
#include "tools/top/top_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/basics/duration.h"
#include "tools/basics/memory.h"
#include "tools/handles/what.h"

struct column {
    const char *title;
    int width;                      /* negative: to the left; 0: the last one, as wide as it is */
    int least;                      /* columns that the screen must have */
    char *(*text)(const void *row); /* owned by the caller */
};

/* --- cells ------------------------------------------------------------------------------------------------ */

static char *unknown(void) { return memory_copy("-"); }

static char *count_text(uint64_t count) {
    if (count < 1000000)
        return memory_format("%" PRIu64, count);
    return count < 1000000000 ? memory_format("%.1fM", (double)count / 1e6)
                              : memory_format("%.1fG", (double)count / 1e9);
}

static char *change_text(int64_t change) {
    return change ? memory_format("%+" PRId64, change) : memory_copy("0");
}

static char *rate_text(const struct trend *trend) {
    double per_minute;
    if (!trend_per_minute(trend, &per_minute))
        return unknown();
    bool is_small = per_minute > -99.95 && per_minute < 99.95;
    return per_minute ? memory_format(is_small ? "%+.1f" : "%+.0f", per_minute) : memory_copy("0");
}

static char *age_text(double seconds) { return seconds < 0 ? unknown() : duration_text(seconds); }

/* --- processes -------------------------------------------------------------------------------------------- */

static char *pid(const void *row) { return memory_format("%d", ((const struct top_process *)row)->pid); }
static char *open_now(const void *row) { return count_text(((const struct top_process *)row)->descriptors); }
static char *rate(const void *row) { return rate_text(&((const struct top_process *)row)->trend); }
static char *grown(const void *row) { return change_text(top_process_grown(row)); }
static char *oldest(const void *row) { return age_text(((const struct top_process *)row)->oldest); }
static char *handles(const void *row) { return count_text(((const struct top_process *)row)->handles); }
static char *sites(const void *row) { return memory_format("%zu", top_process_sites(row)); }
static char *program(const void *row) { return memory_copy(((const struct top_process *)row)->program); }

static char *limit(const void *row) {
    const struct top_process *process = row;
    if (!process->limit)
        return unknown();
    return process->limit == UINT64_MAX ? memory_copy("none") : count_text(process->limit);
}

static char *used(const void *row) {
    const struct top_process *process = row;
    if (!process->limit || process->limit == UINT64_MAX)
        return unknown();
    return memory_format("%.0f%%", 100.0 * (double)process->descriptors / (double)process->limit);
}

static char *left(const void *row) {
    double seconds = top_process_left(row);
    return seconds == 0 ? memory_copy("now") : age_text(seconds);
}

static const struct column process_columns[] = {
    {"PID", 7, 0, pid},       {"OPEN", 6, 0, open_now},   {"LIMIT", 7, 0, limit},
    {"USED", 4, 0, used},     {"/MIN", 6, 0, rate},       {"LIMIT IN", 8, 0, left},
    {"GROWN", 6, 0, grown},   {"OLDEST", 6, 70, oldest},  {"HANDLES", 7, 100, handles},
    {"SITES", 5, 100, sites}, {"PROGRAM", 0, 0, program}, {0},
};

/* --- sites ------------------------------------------------------------------------------------------------ */

static char *site_open(const void *row) { return count_text(((const struct top_site *)row)->now.open); }
static char *site_rate(const void *row) { return rate_text(&((const struct top_site *)row)->trend); }
static char *site_grown(const void *row) { return change_text(top_site_grown(row)); }
static char *site_opened(const void *row) { return count_text(((const struct top_site *)row)->now.opened); }
static char *site_closed(const void *row) { return count_text(((const struct top_site *)row)->now.closed); }
static char *site_oldest(const void *row) { return age_text(((const struct top_site *)row)->now.oldest); }
static char *site_place(const void *row) { return memory_copy(((const struct top_site *)row)->place); }

static char *site_peak(const void *row) {
    uint64_t peak = ((const struct top_site *)row)->now.peak;
    return peak ? count_text(peak) : unknown();
}

static char *site_kind(const void *row) {
    return memory_copy(what_kind_word(((const struct top_site *)row)->now.kind));
}

static const struct column site_columns[] = {
    {"OPEN", 6, 0, site_open},       {"/MIN", 6, 0, site_rate},
    {"GROWN", 6, 0, site_grown},     {"OPENED", 7, 100, site_opened},
    {"CLOSED", 7, 100, site_closed}, {"PEAK", 6, 100, site_peak},
    {"OLDEST", 6, 70, site_oldest},  {"KIND", -9, 60, site_kind},
    {"OPENED AT", 0, 0, site_place}, {0},
};

/* --- lines ------------------------------------------------------------------------------------------------ */

/* `row` NULL: the titles. */
static char *line(const struct column *column, int columns, const void *row) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (; out && column->title; column++) {
        if (columns < column->least)
            continue;
        char *cell = row ? column->text(row) : memory_copy(column->title);
        fprintf(out, column->width ? "%*s " : "%*s", column->width, cell);
        free(cell);
    }
    if (out)
        fclose(out);
    return text ? text : memory_copy("");
}

char *top_process_header(int columns) { return line(process_columns, columns, NULL); }
char *top_process_row(const struct top_process *process, int columns) {
    return line(process_columns, columns, process);
}
char *top_site_header(int columns) { return line(site_columns, columns, NULL); }
char *top_site_row(const struct top_site *site, int columns) { return line(site_columns, columns, site); }
