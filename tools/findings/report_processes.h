/* report_processes.h - whom a report is about. */
#ifndef TOOLS_REPORT_PROCESSES_H
#define TOOLS_REPORT_PROCESSES_H

#include "tools/findings/report.h"
#include "tools/records/model.h"

struct report_processes {
    struct process **list; /* by their starts, once the first one was asked for */
    size_t count;
    struct process **others; /* that may tell where something comes from: earlier images, parents */
    size_t other_count;
    struct process *nobody; /* stands for a first process without a record */
};

/* Reads those of the request's records that the options only and skip want. What cannot be read is said on
 * standard error and counted. 0, or an exit status if it was all of them. */
int report_processes_read(struct report_processes *processes, const struct report_request *request,
                          size_t *unreadable);

/* The process that the report is named after, with what the request knows of its end. Sorts the others, and
 * sets the earlier images of processes that have executed something aside. Never NULL. */
struct process *report_processes_first(struct report_processes *processes,
                                       const struct report_request *request);

void report_processes_end(struct report_processes *processes);

#endif
