/* trace.c - see trace.h */
#include "tools/names/trace.h"

#include <string.h>

static bool is_start_code(const struct frame *frame) {
    static const char *const functions[] = {"_start",
                                            "__libc_start_main",
                                            "__libc_start_main_impl",
                                            "start_thread",
                                            "clone",
                                            "__libc_start_call_main",
                                            "clone3",
                                            "__clone",
                                            "__clone3"};
    for (size_t i = 0; frame->function && i < sizeof functions / sizeof *functions; i++)
        if (strcmp(frame->function, functions[i]) == 0)
            return true;
    return !frame->function && symbols_is_libc(frame->module);
}

size_t trace_own_frames(const struct trace *trace) {
    for (size_t i = 0; i < trace->count; i++) {
        const char *function = trace->frames[i].function;
        if (function && strcmp(function, "main") == 0)
            return i + 1;
        if (i && function && strncmp(function, "__libc_start_", 13) == 0)
            return i; /* who called it is the start code of a stripped program, which has no name */
    }
    size_t count = trace->count;
    while (count > 1 && is_start_code(&trace->frames[count - 1]))
        count--;
    return count;
}

/* --- order ------------------------------------------------------------------------------------------------ */

static int order(uint64_t one, uint64_t other) { return one < other ? -1 : one > other; }

static int compare_texts(const char *one, const char *other) {
    return one == other ? 0 : strcmp(one ? one : "", other ? other : "");
}

static int compare_nameless(const struct frame *one, const struct frame *other) {
    int difference = compare_texts(one->build_id, other->build_id);
    return difference ? difference : order(one->offset, other->offset);
}

static int compare_lines(const struct frame *one, const struct frame *other) {
    int difference = compare_texts(one->file, other->file);
    if (!difference)
        difference = order(one->line, other->line);
    if (!difference)
        difference = order(one->column, other->column);
    return difference || one->line ? difference : order(one->into_function, other->into_function);
}

static int compare_frames(const struct frame *one, const struct frame *other) {
    int difference = compare_texts(one->function, other->function);
    if (!difference)
        difference = compare_texts(symbols_base_name(one->module), symbols_base_name(other->module));
    if (difference)
        return difference;
    return one->function ? compare_lines(one, other) : compare_nameless(one, other);
}

int trace_compare(const struct trace *one, const struct trace *other) {
    size_t count = trace_own_frames(one);
    int difference = order(count, trace_own_frames(other));
    for (size_t i = 0; !difference && i < count; i++)
        difference = compare_frames(&one->frames[i], &other->frames[i]);
    return difference ? difference : (int)one->cut - (int)other->cut;
}
