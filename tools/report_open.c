/* report_open.c - where a report goes: the option `report`. See report.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/fail.h"
#include "tools/memory.h"
#include "tools/render.h"
#include "tools/report.h"
#include "tools/symbols.h"

static void put_host(FILE *out) {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    fputs(host, out);
}

/* %q{VAR}, `at` is behind the q. Returns what follows it, NULL if it is malformed. */
static const char *put_variable(FILE *out, const char *at) {
    const char *end = *at == '{' ? strchr(at, '}') : NULL;
    if (!end)
        return NULL;
    char *name = memory_copy_bytes(at + 1, (size_t)(end - at - 1));
    const char *value = getenv(name);
    fputs(value ? value : "", out);
    free(name);
    return end + 1;
}

/* Writes what the letters behind a % mean. Returns what follows them, NULL if they mean nothing. */
static const char *put_field(FILE *out, const char *at, pid_t pid, const char *program) {
    switch (*at) {
    case 'p':
        fprintf(out, "%d", (int)pid);
        return at + 1;
    case 'e':
        fputs(symbols_base_name(program), out);
        return at + 1;
    case 'h':
        put_host(out);
        return at + 1;
    case 'q':
        return put_variable(out, at + 1);
    case '%':
        fputc('%', out);
        return at + 1;
    default:
        return NULL;
    }
}

/* The file's name; what is not understood stays as it is, with a warning. */
static char *expand(const char *pattern, pid_t pid, const char *program) {
    char *name = NULL;
    size_t size;
    FILE *out = open_memstream(&name, &size);
    if (!out)
        exit(failure(EXIT_OWN_FAILURE, "out of memory"));
    for (const char *at = pattern; *at;) {
        const char *next = *at == '%' ? put_field(out, at + 1, pid, program) : NULL;
        if (!next && *at == '%')
            warning("report=%s: after %% only p, e, h, q{VARIABLE} and %% mean something", pattern);
        if (!next)
            fputc(*at, out);
        at = next ? next : at + 1;
    }
    if (!strchr(pattern, '%'))
        fprintf(out, ".%d", (int)pid);
    fclose(out);
    return name;
}

/* A named pipe that nobody reads is an error, not a reason to wait. */
static FILE *open_file(const char *name, bool anew) {
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
    int file = open(name, flags | (anew ? O_TRUNC : 0), 0600);
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
    char *name = expand(report, pid, program ? program : "");
    FILE *out = open_file(name, render_format(settings->value[SETTING_format])->is_document);
    free(name);
    return out;
}
