/* render_valgrind_xml.c - what Valgrind writes with --xml=yes, for its many readers.
 *
 * Protocol 4 has no descriptors: readers of it, and many of newer ones, refuse errors of kinds that they do not
 * know. So a site is told as a leak, which all of them show. The native form is that of Valgrind 3.23 with
 * --track-fds=yes: an error per descriptor. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/basics/version.h"
#include "tools/basics/xml.h"
#include "tools/formats/render.h"
#include "tools/handles/what.h"
#include "tools/names/sources.h"
#include "tools/names/trace.h"

struct valgrind {
    const struct report *report;
    FILE *out;
    bool is_native;
    struct sources sources;
    size_t errors; /* written so far; the number of one is what readers know it by */
};

/* --- frames ----------------------------------------------------------------------------------------------- */

/* Readers join folder and file. */
static void put_file(struct valgrind *valgrind, const struct frame *frame) {
    const struct source *source = sources_find(&valgrind->sources, frame);
    if (*source->folder)
        xml_put_element(valgrind->out, 6, "dir", source->folder);
    xml_put_element(valgrind->out, 6, "file", symbols_base_name(source->path));
    if (frame->line)
        xml_put_number(valgrind->out, 6, "line", "%u", frame->line);
}

static void put_frame(struct valgrind *valgrind, const struct frame *frame) {
    fputs("    <frame>\n", valgrind->out);
    xml_put_number(valgrind->out, 6, "ip", "0x%" PRIX64, frame->offset);
    if (*frame->module)
        xml_put_element(valgrind->out, 6, "obj", frame->module);
    if (frame->function)
        xml_put_element(valgrind->out, 6, "fn", frame->function);
    if (frame->file)
        put_file(valgrind, frame);
    fputs("    </frame>\n", valgrind->out);
}

/* A stack has one frame at least. */
static void put_stack(struct valgrind *valgrind, const struct trace *trace) {
    static const struct frame unknown = {.module = "", .build_id = ""};
    size_t count = trace_own_frames(trace);
    fputs("  <stack>\n", valgrind->out);
    for (size_t i = 0; i < count; i++)
        put_frame(valgrind, &trace->frames[i]);
    if (!count)
        put_frame(valgrind, &unknown);
    fputs("  </stack>\n", valgrind->out);
}

/* --- errors ----------------------------------------------------------------------------------------------- */

static void begin_error(struct valgrind *valgrind, const struct process *process, int thread,
                        const char *kind) {
    const char *name = render_thread_name(process, thread);
    fputs("<error>\n", valgrind->out);
    xml_put_number(valgrind->out, 2, "unique", "0x%zx", valgrind->errors++);
    xml_put_number(valgrind->out, 2, "tid", "%d", thread ? thread : 1);
    if (name)
        xml_put_element(valgrind->out, 2, "threadname", name);
    xml_put_element(valgrind->out, 2, "kind", kind);
}

static char *handle_text(const struct finding *finding) {
    char *name = what_handle(finding->handle, finding->kind);
    char *text = memory_format("%s%s%s, pid %d", name, finding->what ? ": " : "",
                               finding->what ? finding->what : "", finding->process->pid);
    free(name);
    return text;
}

/* A handle counts as a block of one byte. */
static void put_leak(struct valgrind *valgrind, const struct site *site) {
    char *headline = render_headline(site);
    begin_error(valgrind, site->findings->process, site->findings->handle->thread, "Leak_DefinitelyLost");
    fputs("  <xwhat>\n", valgrind->out);
    xml_put_element(valgrind->out, 4, "text", headline);
    xml_put_number(valgrind->out, 4, "leakedbytes", "%zu", site->count);
    xml_put_number(valgrind->out, 4, "leakedblocks", "%zu", site->count);
    fputs("  </xwhat>\n", valgrind->out);
    put_stack(valgrind, site->trace);
    for (size_t i = 0; i < site->count; i++) {
        char *text = handle_text(&site->findings[i]);
        xml_put_element(valgrind->out, 2, "auxwhat", text);
        free(text);
    }
    fputs("</error>\n", valgrind->out);
    free(headline);
}

static void put_descriptor(struct valgrind *valgrind, const struct finding *finding) {
    const char *what = finding->what ? finding->what : "";
    char *text =
        memory_format("Open %s %d%s%s", finding->kind == RECORD_KIND_SOCKET ? "socket" : "file descriptor",
                      finding->handle->number, *what ? ": " : "", what);
    begin_error(valgrind, finding->process, finding->handle->thread, "FdNotClosed");
    xml_put_number(valgrind->out, 2, "fd", "%d", finding->handle->number);
    if (*what == '/')
        xml_put_element(valgrind->out, 2, "path", what);
    xml_put_element(valgrind->out, 2, "what", text);
    put_stack(valgrind, finding->trace);
    fputs("</error>\n", valgrind->out);
    free(text);
}

/* What has no descriptor is a leak in both forms. */
static void put_site(struct valgrind *valgrind, const struct site *site) {
    if (!valgrind->is_native || site->findings->handle->number < 0) {
        put_leak(valgrind, site);
        return;
    }
    for (size_t i = 0; i < site->count; i++)
        put_descriptor(valgrind, &site->findings[i]);
}

static void put_history(struct valgrind *valgrind, const char *text, const struct trace *trace) {
    if (!trace->count)
        return;
    xml_put_element(valgrind->out, 2, "auxwhat", text);
    put_stack(valgrind, trace);
}

/* To old readers it is what a wrong free is among blocks. */
static void put_misuse(struct valgrind *valgrind, const struct misuse_site *site) {
    int number = valgrind->is_native ? site->first->number : -1;
    char *sentence = misuse_sentence(site);
    begin_error(valgrind, site->process, site->first->thread, number < 0 ? "InvalidFree" : "FdBadClose");
    if (number >= 0)
        xml_put_number(valgrind->out, 2, "fd", "%d", number);
    xml_put_element(valgrind->out, 2, "what", sentence);
    put_stack(valgrind, site->now);
    put_history(valgrind, "Previously closed", site->closed);
    put_history(valgrind, "Originally opened", site->opened);
    fputs("</error>\n", valgrind->out);
    free(sentence);
}

/* --- document --------------------------------------------------------------------------------------------- */

static void put_arguments(FILE *out, const struct process *process) {
    fputs("<args>\n  <vargv>\n    <exe>leftopen</exe>\n  </vargv>\n  <argv>\n", out);
    xml_put_element(out, 4, "exe", render_program(process));
    for (char **argument = process->arguments; *argument && *++argument;)
        xml_put_element(out, 4, "arg", *argument);
    fputs("  </argv>\n</args>\n", out);
}

static void put_status(FILE *out, const char *state, uint64_t nanoseconds) {
    uint64_t milliseconds = nanoseconds / 1000000u, seconds = milliseconds / 1000;
    fprintf(out, "<status>\n  <state>%s</state>\n", state);
    xml_put_number(out, 2, "time", "%02" PRIu64 ":%02u:%02u:%02u.%03u ", seconds / 86400,
                   (unsigned)(seconds / 3600 % 24), (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60),
                   (unsigned)(milliseconds % 1000));
    fputs("</status>\n", out);
}

static void begin_document(struct valgrind *valgrind) {
    const struct process *first = valgrind->report->first;
    FILE *out = valgrind->out;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<valgrindoutput>\n", out);
    xml_put_element(out, 0, "protocolversion", valgrind->is_native ? "5" : "4");
    xml_put_element(out, 0, "protocoltool", "memcheck");
    fputs("<preamble>\n", out);
    xml_put_element(out, 2, "line",
                    "leftopen " LEFTOPEN_VERSION ", handles left open, in the form of Valgrind");
    fputs("</preamble>\n", out);
    xml_put_number(out, 0, "pid", "%d", first->pid);
    xml_put_number(out, 0, "ppid", "%d", first->parent_pid);
    xml_put_element(out, 0, "tool", "memcheck");
    put_arguments(out, first);
    put_status(out, "RUNNING", 0);
}

static void end_document(struct valgrind *valgrind) {
    const struct process *first = valgrind->report->first;
    uint64_t started = first->started_realtime, ended = first->ended_realtime;
    put_status(valgrind->out, "FINISHED", started && ended > started ? ended - started : 0);
    fputs("<errorcounts>\n", valgrind->out);
    for (size_t i = 0; i < valgrind->errors; i++)
        fprintf(valgrind->out, "  <pair>\n    <count>1</count>\n    <unique>0x%zx</unique>\n  </pair>\n", i);
    fputs("</errorcounts>\n<suppcounts>\n</suppcounts>\n</valgrindoutput>\n", valgrind->out);
}

static void put_document(const struct report *report, FILE *out, bool is_native) {
    struct valgrind valgrind = {.report = report, .out = out, .is_native = is_native};
    sources_begin(&valgrind.sources, report);
    begin_document(&valgrind);
    for (size_t i = 0; i < report->sites.count; i++)
        put_site(&valgrind, &report->sites.list[i]);
    for (size_t i = 0; i < report->misuses.count; i++)
        put_misuse(&valgrind, &report->misuses.list[i]);
    end_document(&valgrind);
    sources_end(&valgrind.sources);
}

void render_valgrind_xml(const struct report *report, FILE *out) { put_document(report, out, false); }
void render_valgrind_xml_native(const struct report *report, FILE *out) { put_document(report, out, true); }
