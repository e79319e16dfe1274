/* render_json.c - the report as one JSON object, schema leftopen.report/1 (CONTRACT.md). What is not known is
 * null; addresses and hashes are strings; bytes that are not UTF-8 become U+FFFD. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "tools/fail.h"
#include "tools/memory.h"
#include "tools/render.h"
#include "tools/utf8.h"
#include "tools/what.h"

/* Digits of a real number: ages are rounded to milliseconds, and must not become 0.29999999999999999. */
#define DIGITS 15

/* --- values ----------------------------------------------------------------------------------------------- */

static json_t *text(const char *bytes) {
    if (!bytes || !*bytes)
        return json_null();
    char *clean = utf8_sanitised(bytes);
    json_t *value = json_string(clean);
    free(clean);
    return value;
}

static json_t *number_or_null(int64_t number, bool is_known) {
    return is_known ? json_integer(number) : json_null();
}

/* RLIM_INFINITY is no number. */
static json_t *limit(uint64_t number) { return number_or_null((int64_t)number, number && number <= INT64_MAX); }

static json_t *age(double seconds) {
    return seconds < 0 ? json_null() : json_real((double)(int64_t)(seconds * 1000 + 0.5) / 1000);
}

static json_t *hexadecimal(uint64_t number) {
    char digits[24];
    snprintf(digits, sizeof digits, "0x%" PRIx64, number);
    return json_string(digits);
}

/* RFC 3339 with milliseconds, in UTC. */
static json_t *instant(uint64_t nanoseconds) {
    if (!nanoseconds)
        return json_null();
    time_t seconds = (time_t)(nanoseconds / 1000000000u);
    struct tm parts;
    char day[32] = "", whole[48];
    if (!gmtime_r(&seconds, &parts) || !strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts))
        return json_null();
    snprintf(whole, sizeof whole, "%s.%03uZ", day, (unsigned)(nanoseconds / 1000000u % 1000u));
    return json_string(whole);
}

/* --- processes -------------------------------------------------------------------------------------------- */

static const char *end_word(const struct process *process) {
    static const char *const words[] = {
        [RECORD_END_EXIT] = "exit",   [RECORD_END_EXIT_NOW] = "_exit", [RECORD_END_QUICK_EXIT] = "quick_exit",
        [RECORD_END_ABORT] = "abort", [RECORD_END_EXEC] = "exec",
    };
    if ((size_t)process->end < sizeof words / sizeof *words && words[process->end])
        return words[process->end];
    if (process->end != RECORD_END_RUNNING || !process->started_realtime)
        return NULL;
    if (process->alive)
        return "running";
    return process->signal && process->signal != 9 ? "signal" : "killed";
}

static bool has_status(const struct process *process) {
    return process->signal || process->end == RECORD_END_EXIT || process->end == RECORD_END_EXIT_NOW ||
           process->end == RECORD_END_QUICK_EXIT;
}

static json_t *arguments(const struct process *process) {
    json_t *list = json_array();
    for (char **argument = process->arguments; *argument; argument++) {
        char *clean = utf8_sanitised(*argument);
        json_array_append_new(list, json_string(clean));
        free(clean);
    }
    return list;
}

static json_t *process_object(const struct process *process) {
    json_t *object = json_object();
    json_object_set_new(object, "pid", number_or_null(process->pid, process->pid));
    json_object_set_new(object, "ppid", number_or_null(process->parent_pid, process->parent_pid));
    json_object_set_new(object, "exe", text(process->executable));
    json_object_set_new(object, "argv", *process->arguments ? arguments(process) : json_null());
    json_object_set_new(object, "started", instant(process->started_realtime));
    json_object_set_new(object, "ended", instant(process->ended_realtime));
    json_object_set_new(object, "end", text(end_word(process)));
    json_object_set_new(object, "status", number_or_null(process->status, has_status(process)));
    return object;
}

static bool has_something_to_say(const struct report *report, size_t index) {
    const struct process *process = report->processes[index];
    return process == report->first || report->left_open_of[index] || process->losses[RECORD_LOSS_MEMORY] ||
           process->alive;
}

/* The first process, those that left something open, those that still run. */
static json_t *process_list(const struct report *report) {
    json_t *list = json_array();
    bool has_first = false;
    for (size_t i = 0; i < report->process_count; i++) {
        const struct process *process = report->processes[i];
        if (!has_something_to_say(report, i))
            continue;
        json_array_append_new(list, process_object(process));
        has_first |= process == report->first;
    }
    if (!has_first)
        json_array_insert_new(list, 0, process_object(report->first));
    return list;
}

static json_t *limits_object(const struct report *report) {
    json_t *object = json_object();
    json_object_set_new(object, "soft", limit(report->first->limit_soft));
    json_object_set_new(object, "hard", limit(report->first->limit_hard));
    json_object_set_new(object, "peak", number_or_null(report->first->peak, report->first->limit_soft));
    return object;
}

static json_t *summary_object(const struct report *report) {
    json_t *object = json_object();
    json_object_set_new(object, "left_open", json_integer((json_int_t)report->left_open));
    json_object_set_new(object, "sites", json_integer((json_int_t)report->sites.count));
    json_object_set_new(object, "released", json_integer((json_int_t)report->released));
    json_object_set_new(object, "release_failed", json_integer((json_int_t)report->release_failed));
    json_object_set_new(object, "suppressed", json_integer((json_int_t)report->suppressed));
    json_object_set_new(object, "inherited", json_integer((json_int_t)report->inherited_count));
    json_object_set_new(object, "unseen", number_or_null(report->unseen, report->unseen >= 0));
    json_object_set_new(object, "misuses", json_integer(0));
    json_object_set_new(object, "dropped", json_integer((json_int_t)report->dropped));
    json_object_set_new(object, "tracked", json_integer((json_int_t)report->tracked));
    json_object_set_new(object, "closed", json_integer((json_int_t)report->closed));
    return object;
}

/* --- sites ------------------------------------------------------------------------------------------------ */

static json_t *frame_object(const struct frame *frame) {
    json_t *object = json_object();
    json_object_set_new(object, "function", text(frame->function));
    json_object_set_new(object, "file", text(frame->file));
    json_object_set_new(object, "line", number_or_null(frame->line, frame->line));
    json_object_set_new(object, "column", number_or_null(frame->column, frame->column));
    json_object_set_new(object, "module", text(frame->module));
    json_object_set_new(object, "offset", hexadecimal(frame->offset));
    json_object_set_new(object, "build_id", text(frame->build_id));
    json_object_set_new(object, "inlined", json_boolean(frame->inlined));
    return object;
}

static json_t *frame_list(const struct trace *trace) {
    json_t *list = json_array();
    for (size_t i = 0; i < trace->count; i++)
        json_array_append_new(list, frame_object(&trace->frames[i]));
    return list;
}

static const char *release_word(enum record_outcome outcome) {
    switch (outcome) {
    case RECORD_OUTCOME_RELEASED:
        return "released";
    case RECORD_OUTCOME_FAILED:
        return "failed";
    case RECORD_OUTCOME_SKIPPED:
        return "skipped";
    default:
        return NULL;
    }
}

static json_t *handle_object(const struct finding *finding) {
    const struct handle *handle = finding->handle;
    char *name = what_handle(handle, finding->kind);
    json_t *object = json_object();
    json_object_set_new(object, "pid", number_or_null(finding->process->pid, finding->process->pid));
    json_object_set_new(object, "handle", text(name));
    json_object_set_new(object, "fd", number_or_null(handle->number, handle->number >= 0));
    json_object_set_new(object, "what", text(finding->what));
    json_object_set_new(object, "age_s", age(finding->age));
    json_object_set_new(object, "thread", number_or_null(handle->thread, handle->thread));
    json_object_set_new(object, "thread_name", text(render_thread_name(finding->process, handle->thread)));
    json_object_set_new(object, "release", text(release_word(handle->outcome)));
    json_object_set_new(object, "error",
                        text(handle->outcome == RECORD_OUTCOME_FAILED ? strerrorname_np(handle->error) : NULL));
    free(name);
    return object;
}

static json_t *handle_list(const struct finding *findings, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, handle_object(&findings[i]));
    return list;
}

static json_t *site_object(const struct site *site) {
    json_t *object = json_object();
    json_object_set_new(object, "id", json_string(site->id));
    json_object_set_new(object, "line_id", json_string(site->line_id));
    json_object_set_new(object, "kind", json_string(what_kind_word(site->kind)));
    json_object_set_new(object, "call", text(site->call));
    json_object_set_new(object, "count", json_integer((json_int_t)site->count));
    json_object_set_new(object, "opened", number_or_null((json_int_t)site->opened, site->opened));
    json_object_set_new(object, "closed", number_or_null((json_int_t)site->closed, site->opened));
    json_object_set_new(object, "oldest_age_s", age(site->oldest_age));
    json_object_set_new(object, "frames", frame_list(site->trace));
    json_object_set_new(object, "handles", handle_list(site->findings, site->count));
    return object;
}

static json_t *site_list(const struct report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < report->sites.count; i++)
        json_array_append_new(list, site_object(&report->sites.list[i]));
    return list;
}

static json_t *note_list(const struct report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < report->note_count; i++)
        json_array_append_new(list, text(report->notes[i]));
    return list;
}

void render_json(const struct report *report, FILE *out) {
    json_t *object = json_object();
    json_object_set_new(object, "schema", json_string("leftopen.report/1"));
    json_object_set_new(object, "process", process_object(report->first));
    json_object_set_new(object, "processes", process_list(report));
    json_object_set_new(object, "limits", limits_object(report));
    json_object_set_new(object, "summary", summary_object(report));
    json_object_set_new(object, "sites", site_list(report));
    json_object_set_new(object, "misuses", json_array());
    json_object_set_new(object, "notes", note_list(report));
    if (report->inherited.count)
        json_object_set_new(object, "inherited", handle_list(report->inherited.list, report->inherited.count));
    if (json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS)) != 0)
        warning("the JSON report could not be written");
    fputc('\n', out);
    json_decref(object);
}
