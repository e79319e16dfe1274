/* render.c - see render.h */
#include "tools/formats/render.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/handles/what.h"

const struct format render_formats[] = {
    {"text", "for people", render_text, false, false},
    {"json", "all that is known, as one object (schema leftopen.report/1)", render_json, true, false},
    {"ndjson", "for log shippers: a line per site (schema leftopen.leak/1) or misuse (leftopen.misuse/1)",
     render_ndjson, false, false},
    {"sarif", "for code hosts and editors: SARIF 2.1.0", render_sarif, true, false},
    {"junit", "for CI servers: a suite of tests per process, a failed one per site", render_junit, true, false},
    {"github", "for a job of GitHub Actions: annotations, and the step's summary", render_github, false, false},
    {"gitlab", "for GitLab: a Code Quality report", render_gitlab, true, false},
    {"valgrind", "for readers of Valgrind's log, CTest among them: each site a loss record", render_valgrind,
     true, false},
    {"valgrind-xml", "for readers of Valgrind's XML: each site a leak, protocol 4", render_valgrind_xml, true,
     false},
    {"valgrind-xml-native", "the same as of Valgrind 3.23: each descriptor FdNotClosed, protocol 5",
     render_valgrind_xml_native, true, false},
    {"pprof", "for pprof: a gzip'd profile of handles and their ages, with labels", render_pprof, true, true},
    {"folded", "for flame graphs: a line per stack", render_folded, false, false},
    {"html", "for a browser: one page with tables, flame graph and timeline, complete in itself", render_html,
     true, false},
    {"suppressions", "for --suppressions=FILE: what was found as comments, and lines that allow it",
     render_suppressions, true, false},
    {0},
};

const struct format *render_format(const char *name) {
    for (const struct format *format = render_formats; format->name; format++)
        if (strcmp(format->name, name) == 0)
            return format;
    return NULL;
}

const char *render_program(const struct process *process) {
    if (*process->arguments && **process->arguments)
        return *process->arguments;
    return *process->executable ? symbols_base_name(process->executable) : "?";
}

const char *render_program_name(const struct process *process) {
    return symbols_base_name(render_program(process));
}

bool render_is_live(const struct process *process) {
    return process->end == RECORD_END_RUNNING && (process->alive || process->notes & RECORD_NOTE_SNAPSHOT);
}

const char *render_end_word(const struct process *process) {
    static const char *const words[] = {
        [RECORD_END_EXIT] = "exit",   [RECORD_END_EXIT_NOW] = "_exit", [RECORD_END_QUICK_EXIT] = "quick_exit",
        [RECORD_END_ABORT] = "abort", [RECORD_END_EXEC] = "exec",
    };
    if ((size_t)process->end < sizeof words / sizeof *words && words[process->end])
        return words[process->end];
    if (process->end != RECORD_END_RUNNING || !process->started_realtime)
        return NULL;
    if (render_is_live(process))
        return "running";
    return process->signal && process->signal != 9 ? "signal" : "killed";
}

char *render_found(const struct report *report, bool is_live) {
    const char *state = is_live ? "held" : "left open";
    size_t misuses = report->misuses.count, handles = report->left_open;
    if (!misuses && !handles)
        return memory_format("nothing %s%s", report->in_baseline ? "new " : "", state);
    char *wrong = misuses
                      ? memory_format("%zu misuse%s%s", misuses, misuses == 1 ? "" : "s", handles ? ", " : "")
                      : memory_copy("");
    char *open =
        handles ? memory_format("%zu handle%s %s", handles, handles == 1 ? "" : "s", state) : memory_copy("");
    char *found = memory_format("%s%s", wrong, open);
    free(open);
    free(wrong);
    return found;
}

char *render_headline(const struct site *site) {
    char *sums = site->opened ? memory_format(" (of %" PRIu64 " opened here, %" PRIu64 " closed)", site->opened,
                                              site->closed)
                              : memory_copy("");
    char *headline = memory_format("%zu %s %s%s", site->count,
                                   site->count == 1 ? what_kind_word(site->kind) : what_kind_plural(site->kind),
                                   render_is_live(site->findings->process) ? "held" : "left open", sums);
    free(sums);
    return headline;
}

char *render_frame_name(const struct frame *frame) {
    if (frame->function)
        return memory_copy(frame->function);
    if (!*frame->module)
        return memory_format("0x%" PRIx64, frame->offset);
    return memory_format("(%s+0x%" PRIx64 ")", symbols_base_name(frame->module), frame->offset);
}

const char *render_thread_name(const struct process *process, int thread) {
    /* Thread ids are used again: the last entry is the thread that had it last. */
    for (size_t i = process->thread_count; thread && i-- > 0;)
        if (process->threads[i].id == thread)
            return process->threads[i].name;
    return NULL;
}
