/* render.h - the formats of a report. A new format is one row of render.c and its name in settings.def. */
#ifndef TOOLS_RENDER_H
#define TOOLS_RENDER_H

#include <stdint.h>
#include <stdio.h>

#include "tools/sites.h"

/* Everything that a format can say. Strings may hold any byte but zero. */
struct report {
    struct process *const *processes; /* in the order of their starts */
    size_t process_count;
    size_t *left_open_of;        /* per process: its handles at `sites` */
    const struct process *first; /* the program that was started; it may have left no record */
    struct sites sites;          /* that count: neither suppressed nor below min_count */
    struct findings inherited;   /* filled if they are to be listed */
    size_t left_open, released, release_failed, not_released, suppressed, inherited_count;
    int64_t unseen; /* -1 unknown */
    /* Of the processes that have a record; one that left nothing open takes its own away. */
    uint64_t tracked, closed;
    uint64_t dropped;
    char *const *notes; /* sentences: what is missing in the report, and why */
    size_t note_count;
    int verbosity;
    bool in_color;
};

struct format {
    const char *name;
    void (*write)(const struct report *report, FILE *out);
};

/* The format of that name, or NULL. */
const struct format *render_format(const char *name);

void render_text(const struct report *report, FILE *out);
void render_json(const struct report *report, FILE *out);

/* What the program is called by who started it: argv[0], else the executable's name. */
const char *render_program(const struct process *process);

/* The name of the thread at its last look, NULL unknown. */
const char *render_thread_name(const struct process *process, int thread);

#endif
