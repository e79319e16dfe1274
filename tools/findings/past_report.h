/* past_report.h - a report that was written as JSON (schema leftopen.report/1, CONTRACT.md), read again. It may
 * come from anywhere, and is read as hostile input. */
#ifndef TOOLS_PAST_REPORT_H
#define TOOLS_PAST_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "tools/findings/diff.h"
#include "tools/names/symbols.h"

struct past_site {
    const char *id, *line_id; /* never NULL */
    const char *call;         /* "" unknown */
    enum record_kind kind;    /* RECORD_KIND_COUNT: one that is not known here */
    uint64_t count;           /* handles; at least 1 */
    uint64_t opened, closed;  /* 0 unknown */
    struct trace trace;
    const json_t *frames; /* as they were written; NULL: they were not */
};

/* A wrong call that was found: how often does not matter. */
struct past_misuse {
    char *key; /* see misuse_key */
    const char *type, *line_id;
    const char *call; /* "" unknown */
    struct trace trace;
    const json_t *object; /* as it was written */
};

struct past_report {
    json_t *object; /* owner of all strings but keys */
    struct past_site *sites;
    size_t count;
    struct past_misuse *misuses;
    size_t misuse_count;
    const char *program; /* argv[0], or the executable; "?" unknown */
    const json_t *process;
    uint64_t left_open; /* handles at the sites */
};

/* Reads the file; a relative name that is not found is tried beside `executable` ("": unknown). 0; or, said on
 * standard error, 66 it cannot be opened, 65 it is no such report or a damaged one. past_report_end frees it in
 * any case. */
int past_report_read(struct past_report *report, const char *file, const char *executable);

/* The same from memory; `name` is for messages. */
int past_report_parse(struct past_report *report, const char *name, const char *bytes, size_t size);

/* The site as diff.h compares it. */
struct diff_row past_report_row(const struct past_site *site);
/* The same of a misuse, which counts once. */
struct diff_row past_report_misuse_row(const struct past_misuse *misuse);

void past_report_end(struct past_report *report);

#endif
