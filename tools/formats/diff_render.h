/* diff_render.h - two reports compared, for people and for machines. */
#ifndef TOOLS_DIFF_RENDER_H
#define TOOLS_DIFF_RENDER_H

#include <stdio.h>

#include "tools/findings/past_report.h"

enum diff_change { DIFF_NEW, DIFF_MORE, DIFF_FEWER, DIFF_GONE, DIFF_CHANGES };

/* The sites of one id that differ. */
struct diff_entry {
    enum diff_change change;
    const struct past_site
        *site;               /* the largest of them: of the newer report; of the older one where it is fewer */
    uint64_t before, now;    /* handles */
    uint64_t opened, closed; /* so far, in the report that `site` is of; 0 unknown */
};

/* A wrong call that only one of the two has: it is new, or gone. */
struct diff_misuse {
    enum diff_change change;
    const struct past_misuse *misuse;
};

struct diff_side {
    const char *name; /* what the user called it */
    struct past_report report;
};

struct diff {
    struct diff_side before, now;
    struct diff_entry *entries; /* what is new or more comes first, the largest difference first */
    size_t count;
    size_t sites[DIFF_CHANGES]; /* entries by their change */
    uint64_t more, fewer;       /* handles, in all entries */
    struct diff_misuse *misuses;
    size_t misuse_count;
    size_t misuses_by[DIFF_CHANGES]; /* by their change */
};

/* The text report of a comparison. Nothing from a watched program reaches the terminal as it is. */
void diff_render_text(const struct diff *diff, FILE *out);

/* One object, schema leftopen.diff/1. */
void diff_render_json(const struct diff *diff, FILE *out);

#endif
