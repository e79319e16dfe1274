/* report_name.c - see report_name.h */
#include "tools/settings/report_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/names/symbols.h"

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

/* Links that everybody can make do not count. */
bool report_name_is_stream(const char *name) {
    struct stat about;
    return lstat(name, &about) == 0 && (S_ISCHR(about.st_mode) || S_ISFIFO(about.st_mode));
}

char *report_name_expand(const char *pattern, pid_t pid, const char *program) {
    char *name = NULL;
    size_t size;
    FILE *out = open_memstream(&name, &size);
    if (!out)
        exit(failure(EXIT_OWN_FAILURE, "out of memory"));
    for (const char *at = pattern; *at;) {
        const char *next = *at == '%' ? put_field(out, at + 1, pid, program) : NULL;
        if (!next)
            fputc(*at, out);
        at = next ? next : at + 1;
    }
    if (!strchr(pattern, '%') && !report_name_is_stream(pattern))
        fprintf(out, ".%d", (int)pid);
    fclose(out);
    return name;
}

/* --- checks ----------------------------------------------------------------------------------------------- */

static bool has_unknown_field(const char *pattern) {
    for (const char *at = pattern; (at = strchr(at, '%')); at += 2)
        if (!at[1] || !strchr("peh%q", at[1]) || (at[1] == 'q' && (at[2] != '{' || !strchr(at, '}'))))
            return true;
    return false;
}

static bool is_descriptor(const char *pattern) {
    return strcmp(pattern, "/dev/stdout") == 0 || strcmp(pattern, "/dev/stderr") == 0 ||
           strncmp(pattern, "/dev/fd/", strlen("/dev/fd/")) == 0;
}

char *report_name_fault(const char *pattern) {
    if (!*pattern)
        return memory_copy("stderr, none or the name of a file");
    if (is_descriptor(pattern))
        return memory_copy("stderr, none or the name of a file: other descriptors are the program's alone");
    return has_unknown_field(pattern)
               ? memory_copy("the name of a file, in which only p, e, h, q{VARIABLE} and % can follow a %")
               : NULL;
}

/* What differs from process to process is known later only. */
static bool is_known_beforehand(const char *pattern) {
    return !strstr(pattern, "%p") && !strstr(pattern, "%e");
}

char *report_name_place_fault(const char *pattern) {
    struct stat about;
    if (strcmp(pattern, "stderr") == 0 || strcmp(pattern, "none") == 0)
        return NULL;
    if (stat(pattern, &about) == 0 && S_ISDIR(about.st_mode))
        return memory_format("the name of a file: this is a folder, and %s/%%e-%%p would be a file in it",
                             pattern);
    const char *slash = strrchr(pattern, '/');
    if (!slash || slash == pattern)
        return NULL;
    char *part = memory_copy_bytes(pattern, (size_t)(slash - pattern)), *fault = NULL;
    if (is_known_beforehand(part)) {
        char *whole = memory_format("%s/%%%%", part); /* with a %, lest a pid is appended */
        char *folder = report_name_expand(whole, 0, "");
        *strrchr(folder, '/') = '\0';
        if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode))
            fault = memory_format("a file in a folder that is there: %s is none", folder);
        free(folder);
        free(whole);
    }
    free(part);
    return fault;
}
