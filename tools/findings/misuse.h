/* misuse.h - wrong calls on handles, as the records tell them: what, where, where the handle came from and who
 * had closed it. */
#ifndef TOOLS_MISUSE_H
#define TOOLS_MISUSE_H

#include <stdio.h>

#include <jansson.h>

#include "tools/names/symbols.h"
#include "tools/records/model.h"

/* One type of wrong call at one stack, in however many processes. */
struct misuse_site {
    char id[17], line_id[17];      /* as struct site has them, of the wrong call */
    const struct process *process; /* the first of them */
    const struct misuse *first;    /* what is known of the first one there */
    uint64_t count;
    size_t processes;
    const struct trace *now, *opened, *closed; /* the latter two with no frames where nothing is known */
};

struct misuse_sites {
    struct misuse_site *list;
    size_t count;
};

/* Adds those of the process; the process and the symbols must outlive the list. */
void misuse_collect(struct misuse_sites *sites, struct symbols *symbols, const struct process *process);
void misuse_end(struct misuse_sites *sites);

/* "double-close" … and what was done, in a sentence of which the handle is the subject. */
const char *misuse_word(enum record_misuse_type type);
const char *misuse_text(enum record_misuse_type type);

/* By which a misuse is known from run to run, as its id and its type in a JSON report are. The caller frees it.
 */
char *misuse_key(const char *id, const char *type);

/* What was done to which handle, in one line: "fd 5, a file, was closed, though …". The caller frees it. */
char *misuse_sentence(const struct misuse_site *site);

/* A paragraph: what was done, the stack of the call, and what is known of the handle. `plain` ends its first
 * line (an end of colour, or ""); `all`: as frames_write. */
void misuse_write(const struct misuse_site *site, FILE *out, const char *plain, bool all);

/* The same. A new reference. */
json_t *misuse_json(const struct misuse_site *site);

#endif
