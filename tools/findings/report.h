/* report.h - from records to a report: read, group, suppress, render. Used by the sub-commands run and report.
 */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "tools/settings/settings.h"

struct report_request {
    const char *const *records; /* paths of record files; "-" reads one from standard input */
    size_t count;
    const struct settings *settings;
    /* What `run` knows better than the record of the first process; 0 / false where nothing is known. */
    pid_t first;      /* pid of the first process, 0: the oldest record is it */
    bool first_ended; /* and `first_status` is its wait status */
    int first_status;
    const char *first_executable;           /* NULL: not known */
    char *const *first_arguments;           /* ended by NULL; NULL: not known */
    uint64_t first_started, first_ended_at; /* CLOCK_REALTIME, ns; 0: not known */
    bool shortages_are_told;                /* to whoever reads this report: it does not repeat them */
    bool may_be_empty;                      /* no record at all is fine: nothing was acquired */
    bool waits; /* the process of the record waits for the report, with descriptors of its own open for that.
                 * Made without the baseline if that is bad: verdict.failure */
};

struct report_verdict {
    size_t left_open;  /* handles that count: neither suppressed nor below min_count */
    size_t misuses;    /* places of wrong calls that count */
    bool has_findings; /* any of both: what an exit status tells */
    size_t sites;
    int failure;       /* not 0: exit status for what could not be taken into account, said */
    size_t unreadable; /* records that were left out, each with a message on standard error */
};

/* Reads all records, renders one merged report as `format` and `color` say and writes it to `out` with one
 * write at the end (nothing at all in text format if there is nothing to say and verbosity is 0).
 * Returns 0, or the exit status that the failure calls for (65 unreadable or damaged, 66 no such record) when
 * not one record could be read. Messages go to standard error. */
int report_records(const struct report_request *request, FILE *out, struct report_verdict *verdict);

/* Opens what the option `report` names: standard error, nothing (NULL with *quiet true), or a file, with %p %e
 * %h %q{VAR} %% expanded for the process `pid` of program `program`; a name without % gets .PID appended. New
 * files are 0600, appended to if they exist (a document, see struct format, replaces what was there), symbolic
 * links are not followed. NULL with *quiet false: could not
 * be opened, said on standard error. */
FILE *report_open(const struct settings *settings, pid_t pid, const char *program, bool *quiet);

#endif
