/* complaints.h - what a report complains of, alike for the formats that show one remark beside the code or in a
 * list: the sites at which handles were left open, then the wrong calls. */
#ifndef TOOLS_COMPLAINTS_H
#define TOOLS_COMPLAINTS_H

#include "tools/formats/render.h"

struct complaint {
    const struct site *site;          /* where handles were left open; or NULL, and … */
    const struct misuse_site *misuse; /* … a wrong call */
    const struct process *process;    /* the first that it was found in */
    const struct trace *trace;        /* of the acquiring, or the wrong, call */
    uint64_t count;                   /* of handles, or calls */
    unsigned twin;                    /* 0; of further ones with the same word and id 1, 2 … */
};

/* How many there are. */
size_t complaints_count(const struct report *report);

/* The one of that number, below complaints_count. Valid as long as the report. */
struct complaint complaints_get(const struct report *report, size_t number);

/* Those of a site, or of a part of one. */
struct complaint complaint_of_site(const struct site *site);

/* The kind of the handles, or the type of the misuse: "socket", "double-close". */
const char *complaint_word(const struct complaint *complaint);

/* "3 sockets left open (of 12 opened here, 9 closed)", "double-close: fd 5, a file, was closed, though …". The
 * caller frees it. */
char *complaint_headline(const struct complaint *complaint);

/* One line for who does not see the stack, with program and function. The caller frees it. */
char *complaint_description(const struct complaint *complaint);

/* By which it is known from run to run, unlike all others of the report. The caller frees it. */
char *complaint_fingerprint(const struct complaint *complaint);

/* What it is called in a list of tests, the same from run to run. The caller frees it. */
char *complaint_name(const struct complaint *complaint);

/* What the text report says of it, without colours. The caller frees it. */
char *complaint_text(const struct report *report, const struct complaint *complaint);

#endif
