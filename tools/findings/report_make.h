/* report_make.h - a whole report in memory, for who wants to know it before it is written. */
#ifndef TOOLS_REPORT_MAKE_H
#define TOOLS_REPORT_MAKE_H

#include "tools/findings/report.h"

struct report_text {
    char *bytes; /* owned */
    size_t size; /* 0: nothing to say */
    pid_t first; /* the process that the report is named after, 0 unknown */
    char *program;
};

/* As report_records, but into `text`, which report_text_end frees (after a failure, too). `to_terminal`:
 * colours are fine where the option `color` leaves it open. */
int report_make(const struct report_request *request, bool to_terminal, struct report_text *text,
                struct report_verdict *verdict);
void report_text_end(struct report_text *text);

/* Writes it with one write, as far as the kernel takes it in one. 0 or EXIT_OWN_FAILURE with a message. */
int report_write(const struct report_text *text, FILE *out);

#endif
