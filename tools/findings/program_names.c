/* program_names.c - see program_names.h */
#include "tools/findings/program_names.h"

#include <stdlib.h>
#include <string.h>

#include "tools/basics/fail.h"

enum { MOST_NAMED = 3 };

static bool counts(const struct report *report, size_t index) {
    return !report->left_open || report->left_open_of[index];
}

/* How many of the first `end` processes have that name. */
static size_t count_named(const struct report *report, const char *name, size_t end) {
    size_t count = 0;
    for (size_t i = 0; i < end; i++)
        count += counts(report, i) && strcmp(render_program(report->processes[i]), name) == 0;
    return count;
}

static void write_names(const struct report *report, FILE *out) {
    size_t programs = 0;
    for (size_t i = 0; i < report->process_count; i++) {
        const char *name = render_program(report->processes[i]);
        if (!counts(report, i) || count_named(report, name, i) || programs++ >= MOST_NAMED)
            continue;
        size_t count = count_named(report, name, report->process_count);
        fprintf(out, programs > 1 ? ", %s" : "%s", name);
        if (count > 1 && count < report->process_count)
            fprintf(out, " (%zu)", count);
    }
    if (programs > MOST_NAMED)
        fprintf(out, " and %zu other program%s", programs - MOST_NAMED, programs - MOST_NAMED == 1 ? "" : "s");
}

char *program_names(const struct report *report) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        exit(failure(EXIT_OWN_FAILURE, "out of memory"));
    write_names(report, out);
    fclose(out);
    return text;
}
