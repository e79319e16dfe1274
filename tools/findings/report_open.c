/* report_open.c - where a report goes: the option `report`. See report.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/basics/fail.h"
#include "tools/findings/report.h"
#include "tools/formats/render.h"
#include "tools/settings/report_name.h"

/* A named pipe that nobody reads is an error, not a reason to wait. */
static FILE *open_file(const char *name, bool anew) {
    int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    if (!report_name_is_stream(name))
        flags |= O_CREAT | O_NOFOLLOW | (anew ? O_TRUNC : 0);
    int file = open(name, flags, 0600);
    FILE *out = file >= 0 ? fdopen(file, "a") : NULL;
    if (!out)
        warning("cannot write the report to %s: %s", name, strerror(errno));
    if (!out && file >= 0)
        close(file);
    return out;
}

FILE *report_open(const struct settings *settings, pid_t pid, const char *program, bool *quiet) {
    const char *report = settings->value[SETTING_report];
    *quiet = strcmp(report, "none") == 0;
    if (*quiet)
        return NULL;
    if (strcmp(report, "stderr") == 0)
        return stderr;
    char *name = report_name_expand(report, pid, program ? program : "");
    FILE *out = open_file(name, render_format(settings->value[SETTING_format])->is_document);
    free(name);
    return out;
}
