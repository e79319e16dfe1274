/* report_name.h - the option report as the name of a file. */
#ifndef TOOLS_REPORT_NAME_H
#define TOOLS_REPORT_NAME_H

#include <stdbool.h>
#include <sys/types.h>

/* The file's name for the process `pid` of `program`: %p %e %h %q{VAR} %% expanded, what else follows a % stays
 * as it is; a name without % gets .PID appended, unless it is that of a stream. The caller frees it. */
char *report_name_expand(const char *pattern, pid_t pid, const char *program);

/* True for a name of which there is one only, whoever writes to it: a device, or a pipe. */
bool report_name_is_stream(const char *name);

/* What is wrong with the pattern itself, as `... fits`; NULL: nothing. The caller frees it. */
char *report_name_fault(const char *pattern);

/* What is wrong with the place that it names, as far as this is known beforehand: it is a folder, or lies in
 * none. NULL: nothing, or `stderr` and `none`. The caller frees it. */
char *report_name_place_fault(const char *pattern);

#endif
