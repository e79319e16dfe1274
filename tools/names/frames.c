/* frames.c - see frames.h */
#include "tools/names/frames.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>

#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"
#include "tools/findings/sites.h"
#include "tools/names/short_name.h"
#include "tools/names/trace.h"

enum { LONGEST_NAME = 160 /* bytes of a function's name, where it can be made shorter */ };

static void put(FILE *out, const char *text) {
    char *safe = utf8_for_terminal(text);
    fputs(safe, out);
    free(safe);
}

static void put_module(FILE *out, const struct frame *frame) {
    if (!*frame->module) {
        fprintf(out, "0x%" PRIx64, frame->offset);
        return;
    }
    fputc('(', out);
    put(out, symbols_base_name(frame->module));
    fprintf(out, "+0x%" PRIx64 ")", frame->offset);
}

/* OSC 8: what lies between the two is a link. */
static void put_link(FILE *out, const char *uri) { fprintf(out, "\033]8;;%s\033\\", uri); }

static void put_line(FILE *out, const struct frame *frame) {
    if (frame->link)
        put_link(out, frame->link);
    put(out, frame->file);
    if (frame->line)
        fprintf(out, ":%u", frame->line);
    if (frame->line && frame->column)
        fprintf(out, ":%u", frame->column);
    if (frame->link)
        put_link(out, "");
    fputc(' ', out);
}

static void put_source(FILE *out, const struct frame *frame) {
    fprintf(out, "%12u | ", frame->line);
    put(out, frame->source);
    fputc('\n', out);
}

static void put_function(FILE *out, const char *function, bool whole) {
    char *name = short_name(function, whole ? SIZE_MAX : LONGEST_NAME);
    put(out, name);
    free(name);
}

static void put_frame(FILE *out, size_t number, const struct frame *frame, bool whole) {
    fprintf(out, "    #%zu ", number);
    if (frame->function) {
        put_function(out, frame->function, whole);
        if (!frame->file && frame->has_start)
            fprintf(out, "+0x%" PRIx64, frame->into_function);
        fputc(' ', out);
    }
    if (frame->file)
        put_line(out, frame);
    put_module(out, frame);
    if (!frame->file && *frame->build_id)
        fprintf(out, " (BuildId: %s)", frame->build_id);
    fputc('\n', out);
    if (frame->source)
        put_source(out, frame);
}

void frames_write(FILE *out, const struct trace *trace, bool all) {
    size_t count = all ? trace->count : trace_own_frames(trace);
    for (size_t i = 0; i < count; i++)
        put_frame(out, i, &trace->frames[i], all);
    if (!trace->count)
        fputs("    (no stack was recorded)\n", out);
    if (trace->cut && count == trace->count)
        fputs("    … (the stack is deeper: see the option depth)\n", out);
}

char *frames_place(const struct frame *frame) {
    if (!frame)
        return memory_copy("(no stack was recorded)");
    const char *module = symbols_base_name(frame->module);
    char *place, *name = frame->function ? short_name(frame->function, LONGEST_NAME) : NULL;
    if (!name)
        place = *module ? memory_format("(%s+0x%" PRIx64 ")", module, frame->offset)
                        : memory_format("0x%" PRIx64, frame->offset);
    else if (frame->file && frame->line)
        place = memory_format("%s %s:%u", name, frame->file, frame->line);
    else
        place = memory_format("%s (%s)", name, *module ? module : "?");
    char *safe = utf8_for_terminal(place);
    free(place);
    free(name);
    return safe;
}
