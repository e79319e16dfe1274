/* render_suppressions.c - the report as a file of suppressions: comments say what was found, lines allow it. */
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"
#include "tools/findings/suppress_make.h"
#include "tools/formats/render.h"
#include "tools/names/frames.h"

/* The lines that are there already: several sites may lie in one function. */
struct lines {
    char **list;
    size_t count;
};

static bool is_there(const struct lines *lines, const char *line) {
    for (size_t i = 0; i < lines->count; i++)
        if (strcmp(lines->list[i], line) == 0)
            return true;
    return false;
}

static void put_comment(FILE *out, const char *text) {
    char *safe = utf8_for_terminal(text);
    fprintf(out, "# %s\n", safe);
    free(safe);
}

/* Takes `line` over. */
static void put_line(FILE *out, struct lines *lines, char *line) {
    if (!line) {
        put_comment(out, "(neither its stack nor what it refers to is known: no line can be made)");
        return;
    }
    if (is_there(lines, line)) {
        put_comment(out, "the same place as above:");
        fprintf(out, "# %s\n", line);
        free(line);
        return;
    }
    fprintf(out, "%s\n", line);
    lines->list = memory_grow(lines->list, lines->count, sizeof *lines->list);
    lines->list[lines->count++] = line;
}

static void put_place(FILE *out, const struct trace *trace) {
    char *place = frames_place(trace->count ? &trace->frames[0] : NULL);
    fprintf(out, "# at %s\n", place);
    free(place);
}

static void put_site(FILE *out, struct lines *lines, const struct site *site) {
    char *headline = render_headline(site);
    fputc('\n', out);
    put_comment(out, headline);
    put_place(out, site->trace);
    put_line(out, lines, suppress_make_line(site));
    free(headline);
}

static void put_misuse(FILE *out, struct lines *lines, const struct misuse_site *site) {
    char *sentence = misuse_sentence(site),
         *text = memory_format("%s: %s", misuse_word(site->first->type), sentence);
    fputc('\n', out);
    put_comment(out, text);
    put_place(out, site->now);
    put_line(out, lines, suppress_make_misuse_line(site));
    free(text);
    free(sentence);
}

void render_suppressions(const struct report *report, FILE *out) {
    struct lines lines = {0};
    char *title =
        memory_format("What %s left open, for --suppressions=FILE. Keep the lines of what is meant to be so.",
                      render_program(report->first));
    put_comment(out, title);
    for (size_t i = 0; i < report->sites.count; i++)
        put_site(out, &lines, &report->sites.list[i]);
    for (size_t i = 0; i < report->misuses.count; i++)
        put_misuse(out, &lines, &report->misuses.list[i]);
    for (size_t i = 0; i < lines.count; i++)
        free(lines.list[i]);
    free(lines.list);
    free(title);
}
