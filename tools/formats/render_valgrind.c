/* render_valgrind.c - what CTest's memory check reads as Valgrind's log: it looks at lines that begin with
 * ==PID== and counts those that tell of a loss record, or of what cannot be freed. What the text report says
 * follows each. */
#include <stdlib.h>
#include <string.h>

#include "tools/basics/utf8.h"
#include "tools/formats/render.h"

/* A handle counts as a block of one byte; the reader's pattern has no singular. */
static void put_loss(const struct report *report, FILE *out, size_t index) {
    const struct site *site = &report->sites.list[index];
    fprintf(out, "%zu bytes in %zu blocks are definitely lost in loss record %zu of %zu\n", site->count,
            site->count, index + 1, report->sites.count);
    char *text = render_text_site(report, site);
    fprintf(out, "%s\n", text);
    free(text);
}

/* A wrong close is what a wrong free is among blocks. */
static void put_misuse(const struct report *report, FILE *out, const struct misuse_site *site) {
    fputs("Invalid free() / delete / delete[]\n", out);
    misuse_write(site, out, "", report->verbosity > 0);
    fputc('\n', out);
}

static void put_notes(const struct report *report, FILE *out) {
    for (size_t i = 0; i < report->note_count; i++) {
        char *safe = utf8_for_terminal(report->notes[i]);
        fprintf(out, "note: %s\n", safe);
        free(safe);
    }
}

static void put_body(const struct report *report, FILE *out) {
    for (size_t i = 0; i < report->sites.count; i++)
        put_loss(report, out, i);
    for (size_t i = 0; i < report->misuses.count; i++)
        put_misuse(report, out, &report->misuses.list[i]);
    put_notes(report, out);
    fprintf(out, "SUMMARY: leftopen: %zu %s left open at %zu %s, %zu %s\n", report->left_open,
            report->left_open == 1 ? "handle" : "handles", report->sites.count,
            report->sites.count == 1 ? "site" : "sites", report->misuses.count,
            report->misuses.count == 1 ? "misuse" : "misuses");
}

void render_valgrind(const struct report *report, FILE *out) {
    char *body = NULL;
    size_t size;
    FILE *lines = open_memstream(&body, &size);
    if (!lines)
        return;
    put_body(report, lines);
    fclose(lines);
    for (char *line = body, *end; line && *line; line = end + 1) {
        end = strchr(line, '\n');
        fprintf(out, "==%d== %.*s\n", (int)report->first->pid, (int)(end - line), line);
    }
    free(body);
}
