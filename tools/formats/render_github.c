/* render_github.c - annotations for a job of GitHub Actions, and a table in the summary of its step. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"
#include "tools/formats/render.h"
#include "tools/names/sources.h"

enum {
    MOST_ANNOTATIONS = 10, /* of a step; GitHub drops the rest without a word */
    MOST_ROWS = 100,       /* a summary may have 1 MiB */
    LONGEST_CELL = 400
};

/* --- annotations ------------------------------------------------------------------------------------------ */

/* Of a message; in a property colon and comma mean something, too. */
static void put_escaped(FILE *out, const char *text, bool is_property) {
    char *clean = utf8_sanitised(text);
    for (const char *at = clean; *at; at++)
        if (strchr("%\r\n", *at) || (is_property && strchr(":,", *at)))
            fprintf(out, "%%%02X", (unsigned char)*at);
        else
            fputc(*at, out);
    free(clean);
}

static void put_place(FILE *out, struct sources *sources, const struct complaint *complaint) {
    if (!sources_complaint_frame(sources, complaint))
        return;
    struct source_place place = sources_place(sources, complaint);
    fputs("file=", out);
    put_escaped(out, place.path, true);
    fprintf(out, ",line=%u,", place.line);
    if (place.column)
        fprintf(out, "col=%u,", place.column);
}

static void put_annotation(const struct report *report, FILE *out, struct sources *sources,
                           const struct complaint *complaint) {
    char *title = complaint_headline(complaint), *text = complaint_text(report, complaint);
    size_t length = strlen(text);
    text[length ? length - 1 : 0] = '\0'; /* its last newline */
    fputs("::error ", out);
    put_place(out, sources, complaint);
    fputs("title=", out);
    put_escaped(out, title, true);
    fputs("::", out);
    put_escaped(out, text, false);
    fputc('\n', out);
    free(text);
    free(title);
}

static void put_rest(const struct report *report, FILE *out, size_t count, size_t shown) {
    char *found = render_found(report, false);
    fprintf(out, "::error title=leftopen::%s at %zu places (%zu of them are shown)\n", found, count, shown);
    free(found);
}

/* --- summary of the step ---------------------------------------------------------------------------------- */

/* Markdown takes a backslash before what would mean something to it. */
static void put_cell(FILE *out, const char *text) {
    char *clean = utf8_for_terminal(text);
    const char *at = clean;
    for (size_t bytes; *at && at - clean < LONGEST_CELL; at += bytes) {
        bytes = utf8_character(at);
        if (strchr("\\`*_[]<>|&~#@:$", *at))
            fputc('\\', out);
        fwrite(at, 1, bytes, out);
    }
    if (*at)
        fputs("…", out);
    free(clean);
}

static void put_row(FILE *out, struct sources *sources, const struct complaint *complaint) {
    struct source_place place = sources_place(sources, complaint);
    char *headline = complaint_headline(complaint);
    char *file = memory_format("%s:%u", place.path, place.line);
    char *frame = complaint->trace->count ? render_frame_name(&complaint->trace->frames[0]) : memory_copy("");
    fputs("| ", out);
    put_cell(out, headline);
    fputs(" | ", out);
    put_cell(out, file);
    fputs(" | ", out);
    put_cell(out, frame);
    fputs(" |\n", out);
    free(frame);
    free(file);
    free(headline);
}

static char *summary(const struct report *report, struct sources *sources) {
    char *text = NULL;
    size_t size, count = complaints_count(report), rows = count < MOST_ROWS ? count : MOST_ROWS;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return memory_copy("");
    char *found = render_found(report, render_is_live(report->first));
    fprintf(out, "### leftopen: %s by ", found);
    free(found);
    put_cell(out, render_program_name(report->first));
    fputs("\n\n| what | where | opened in |\n|---|---|---|\n", out);
    for (size_t i = 0; i < rows; i++) {
        struct complaint complaint = complaints_get(report, i);
        put_row(out, sources, &complaint);
    }
    if (rows < count)
        fprintf(out, "\n… and %zu more places\n", count - rows);
    fputc('\n', out);
    fclose(out);
    return text ? text : memory_copy("");
}

static void append_summary(const struct report *report, struct sources *sources) {
    const char *name = getenv("GITHUB_STEP_SUMMARY");
    if (!name || !*name)
        return;
    char *text = summary(report, sources);
    int file = open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
    if (file < 0 || write(file, text, strlen(text)) < 0)
        warning("cannot write to GITHUB_STEP_SUMMARY, %s: %s", name, strerror(errno));
    if (file >= 0)
        close(file);
    free(text);
}

/* Misuses come first: they are worse, and who comes late is not shown. */
static struct complaint annotated(const struct report *report, size_t number) {
    size_t misuses = report->misuses.count;
    return complaints_get(report, number < misuses ? report->sites.count + number : number - misuses);
}

/* --- report ----------------------------------------------------------------------------------------------- */

void render_github(const struct report *report, FILE *out) {
    size_t count = complaints_count(report), shown = count <= MOST_ANNOTATIONS ? count : MOST_ANNOTATIONS - 1;
    if (!count)
        return;
    struct sources sources;
    sources_begin(&sources, report);
    fputc('\n', out); /* a command must begin a line, and the program may not have ended its last one */
    for (size_t i = 0; i < shown; i++) {
        struct complaint complaint = annotated(report, i);
        put_annotation(report, out, &sources, &complaint);
    }
    if (shown < count)
        put_rest(report, out, count, shown);
    append_summary(report, &sources);
    sources_end(&sources);
}
