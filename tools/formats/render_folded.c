/* render_folded.c - a line per stack, program and outermost function first, joined by semicolons, then a blank
 * and how many handles: what flame graphs are drawn from. */
#include <stdlib.h>

#include "tools/basics/utf8.h"
#include "tools/formats/render.h"
#include "tools/handles/what.h"
#include "tools/names/trace.h"

/* A semicolon or newline would be another frame, or line. */
static void put_name(FILE *out, const char *name) {
    char *clean = utf8_for_terminal(name);
    for (char *at = clean; *at; at++)
        fputc(*at == ';' ? ',' : *at, out);
    free(clean);
}

static void put_stack(FILE *out, const struct site *part) {
    const struct trace *trace = part->trace;
    put_name(out, render_program_name(part->findings->process));
    for (size_t i = trace_own_frames(trace); i-- > 0;) {
        char *name = render_frame_name(&trace->frames[i]);
        fputc(';', out);
        put_name(out, name);
        free(name);
    }
    fprintf(out, ";[%s] %zu\n", what_kind_word(part->kind), part->count);
}

void render_folded(const struct report *report, FILE *out) {
    for (size_t i = 0; i < report->sites.count; i++)
        for (struct site part = {0}; sites_next_part(&report->sites.list[i], &part);)
            put_stack(out, &part);
}
