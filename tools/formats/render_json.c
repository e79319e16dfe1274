/* render_json.c - the report as one JSON object, schema leftopen.report/1 (CONTRACT.md). */
#include "tools/formats/render_json.h"

#include <stdlib.h>
#include <string.h>

#include "tools/basics/json_values.h"
#include "tools/formats/render.h"
#include "tools/handles/close_on_exec.h"
#include "tools/handles/what.h"

/* RLIM_INFINITY is no number. */
static json_t *limit(uint64_t number) {
    return json_value_known((int64_t)number, number && number <= INT64_MAX);
}

/* --- processes -------------------------------------------------------------------------------------------- */

static bool has_status(const struct process *process) {
    return process->signal || process->end == RECORD_END_EXIT || process->end == RECORD_END_EXIT_NOW ||
           process->end == RECORD_END_QUICK_EXIT;
}

static json_t *arguments(const struct process *process) {
    json_t *list = json_array();
    for (char **argument = process->arguments; *argument; argument++)
        json_array_append_new(list, json_value_string(*argument));
    return list;
}

void render_json_process(json_t *object, const struct process *process) {
    json_object_set_new(object, "pid", json_value_known(process->pid, process->pid));
    json_object_set_new(object, "ppid", json_value_known(process->parent_pid, process->parent_pid));
    json_object_set_new(object, "exe", json_value_text(process->executable));
    json_object_set_new(object, "argv", *process->arguments ? arguments(process) : json_null());
    json_object_set_new(object, "started", json_value_instant(process->started_realtime));
    json_object_set_new(object, "ended",
                        json_value_instant(render_is_live(process) ? 0 : process->ended_realtime));
    json_object_set_new(object, "end", json_value_text(render_end_word(process)));
    json_object_set_new(object, "status", json_value_known(process->status, has_status(process)));
}

static json_t *process_object(const struct process *process) {
    json_t *object = json_object();
    render_json_process(object, process);
    return object;
}

static bool has_something_to_say(const struct report *report, size_t index) {
    const struct process *process = report->processes[index];
    return process == report->first || report->left_open_of[index] || process->misuse_count ||
           process->losses[RECORD_LOSS_MEMORY] || process->alive;
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
    json_object_set_new(object, "peak", json_value_known(report->first->peak, report->first->limit_soft));
    return object;
}

static json_t *summary_object(const struct report *report) {
    json_t *object = json_object();
    json_object_set_new(object, "left_open", json_integer((json_int_t)report->left_open));
    json_object_set_new(object, "sites", json_integer((json_int_t)report->site_count));
    json_object_set_new(object, "released", json_integer((json_int_t)report->released));
    json_object_set_new(object, "release_failed", json_integer((json_int_t)report->release_failed));
    json_object_set_new(object, "suppressed", json_integer((json_int_t)report->suppressed));
    json_object_set_new(object, "inherited", json_integer((json_int_t)report->inherited_count));
    json_object_set_new(object, "unseen", json_value_known(report->unseen, report->unseen >= 0));
    json_object_set_new(object, "misuses", json_integer((json_int_t)report->misuses.count));
    json_object_set_new(object, "dropped", json_integer((json_int_t)report->dropped));
    json_object_set_new(object, "tracked", json_integer((json_int_t)report->tracked));
    json_object_set_new(object, "closed", json_integer((json_int_t)report->closed));
    json_object_set_new(object, "in_baseline", json_integer((json_int_t)report->in_baseline));
    return object;
}

/* --- sites ------------------------------------------------------------------------------------------------ */

static json_t *frame_object(const struct frame *frame) {
    json_t *object = json_object();
    json_object_set_new(object, "function", json_value_text(frame->function));
    json_object_set_new(object, "file", json_value_text(frame->file));
    json_object_set_new(object, "line", json_value_known(frame->line, frame->line));
    json_object_set_new(object, "column", json_value_known(frame->column, frame->column));
    json_object_set_new(object, "module", json_value_text(frame->module));
    json_object_set_new(object, "offset", json_value_hexadecimal(frame->offset));
    json_object_set_new(object, "build_id", json_value_text(frame->build_id));
    json_object_set_new(object, "inlined", json_boolean(frame->inlined));
    json_object_set_new(object, "into_function",
                        frame->has_start ? json_value_hexadecimal(frame->into_function) : json_null());
    return object;
}

json_t *render_json_frames(const struct trace *trace) {
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

static json_t *origin_object(const struct finding *finding) {
    static const char *const words[] = {
        [ORIGIN_EXEC] = "exec", [ORIGIN_FORK] = "fork", [ORIGIN_PARENT] = "parent"};
    const struct origin *origin = &finding->origin;
    json_t *object = json_object();
    json_object_set_new(object, "way", json_string(words[origin->way]));
    json_object_set_new(object, "pid", json_value_known(origin->pid, origin->pid));
    json_object_set_new(object, "program", json_value_text(render_program(origin->process)));
    json_object_set_new(object, "call", json_value_text(origin->stack->call));
    json_object_set_new(object, "frames", render_json_frames(finding->trace));
    return object;
}

json_t *render_json_handle(const struct finding *finding) {
    const struct handle *handle = finding->handle;
    char *name = what_handle(handle, finding->kind);
    json_t *object = json_object();
    json_object_set_new(object, "pid", json_value_known(finding->process->pid, finding->process->pid));
    json_object_set_new(object, "handle", json_value_text(name));
    json_object_set_new(object, "fd", json_value_known(handle->number, handle->number >= 0));
    json_object_set_new(object, "what", json_value_text(finding->what));
    json_object_set_new(object, "age_s", json_value_seconds(finding->age));
    json_object_set_new(object, "thread", json_value_known(handle->thread, handle->thread));
    json_object_set_new(object, "thread_name",
                        json_value_text(render_thread_name(finding->process, handle->thread)));
    json_object_set_new(object, "release", json_value_text(release_word(handle->outcome)));
    json_object_set_new(
        object, "error",
        json_value_text(handle->outcome == RECORD_OUTCOME_FAILED ? strerrorname_np(handle->error) : NULL));
    if (finding->state.facts)
        json_object_set(object, "state", finding->state.facts);
    if (finding->relations.count)
        json_object_set_new(object, "related", relations_json(&finding->relations));
    if (finding->origin.way)
        json_object_set_new(object, "origin", origin_object(finding));
    free(name);
    return object;
}

static json_t *handle_list(const struct finding *findings, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, render_json_handle(&findings[i]));
    return list;
}

void render_json_site(json_t *object, const struct site *site) {
    json_object_set_new(object, "id", json_string(site->id));
    json_object_set_new(object, "line_id", json_string(site->line_id));
    json_object_set_new(object, "kind", json_string(what_kind_word(site->kind)));
    json_object_set_new(object, "call", json_value_text(site->call));
    json_object_set_new(object, "count", json_integer((json_int_t)site->count));
    json_object_set_new(object, "opened", json_value_known((json_int_t)site->opened, site->opened));
    json_object_set_new(object, "closed", json_value_known((json_int_t)site->closed, site->opened));
    json_object_set_new(object, "oldest_age_s", json_value_seconds(site->oldest_age));
    json_object_set_new(object, "frames", render_json_frames(site->trace));
}

void render_json_past(json_t *object, const struct site *site) {
    struct suspect_facts facts = sites_facts(site);
    char *reason = suspects_reason(&facts);
    json_object_set_new(object, "peak", json_value_known((json_int_t)site->peak, site->peak));
    json_object_set_new(object, "lifetime_mean_s", json_value_seconds(site->mean_lifetime));
    json_object_set_new(object, "lifetime_longest_s", json_value_seconds(site->longest_lifetime));
    json_object_set_new(object, "closers", closers_json(&site->closers));
    json_object_set_new(object, "first_name", json_value_text(site->first_name));
    json_object_set_new(object, "suspect", json_value_text(reason));
    json_object_set_new(object, "baseline", json_value_known((json_int_t)site->before, site->more));
    json_object_set_new(object, "more", json_value_known((json_int_t)site->more, site->more));
    free(reason);
}

static json_t *site_object(const struct site *site) {
    json_t *object = json_object();
    render_json_site(object, site);
    json_object_set_new(object, "handles", handle_list(site->findings, site->count));
    render_json_past(object, site);
    return object;
}

static json_t *site_list(const struct sites *sites) {
    json_t *list = json_array();
    for (size_t i = 0; i < sites->count; i++)
        json_array_append_new(list, site_object(&sites->list[i]));
    return list;
}

static json_t *exec_leak_object(const struct exec_leak *leak) {
    json_t *object = json_object();
    json_object_set_new(object, "id", json_string(leak->id));
    json_object_set_new(object, "line_id", json_string(leak->line_id));
    json_object_set_new(object, "call", json_value_text(leak->call));
    json_object_set_new(object, "count", json_integer((json_int_t)leak->count));
    json_object_set_new(object, "processes", json_integer((json_int_t)leak->processes));
    json_object_set_new(object, "advice", json_string(close_on_exec_advice(leak->call)));
    json_object_set_new(object, "frames", render_json_frames(leak->trace));
    return object;
}

static json_t *exec_leak_list(const struct exec_leaks *leaks) {
    json_t *list = json_array();
    for (size_t i = 0; i < leaks->count; i++)
        json_array_append_new(list, exec_leak_object(&leaks->list[i]));
    return list;
}

static json_t *note_list(const struct report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < report->note_count; i++)
        json_array_append_new(list, json_value_text(report->notes[i]));
    return list;
}

static json_t *misuse_list(const struct report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < report->misuses.count; i++)
        json_array_append_new(list, misuse_json(&report->misuses.list[i]));
    return list;
}

static json_t *shortage_list(const struct report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < report->shortages.count; i++)
        json_array_append_new(list, shortage_json(&report->shortages.list[i]));
    return list;
}

static json_t *group_object(const struct group *group, const struct sites *sites) {
    json_t *object = json_object(), *ids = json_array();
    for (size_t i = 0; i < group->sites; i++)
        json_array_append_new(ids, json_string(sites->list[group->first + i].id));
    json_object_set_new(object, "name", json_value_text(group->name));
    json_object_set_new(object, "count", json_integer((json_int_t)group->handles));
    json_object_set_new(object, "opened", json_value_known((json_int_t)group->opened, group->opened));
    json_object_set_new(object, "closed", json_value_known((json_int_t)group->closed, group->opened));
    json_object_set_new(object, "oldest_age_s", json_value_seconds(group->oldest_age));
    json_object_set_new(object, "sites", ids);
    return object;
}

static json_t *group_list(const struct report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < report->groups.count; i++)
        json_array_append_new(list, group_object(&report->groups.list[i], &report->sites));
    return list;
}

void render_json(const struct report *report, FILE *out) {
    json_t *object = json_object();
    json_object_set_new(object, "schema", json_string("leftopen.report/1"));
    json_object_set_new(object, "process", process_object(report->first));
    json_object_set_new(object, "processes", process_list(report));
    json_object_set_new(object, "limits", limits_object(report));
    json_object_set_new(object, "summary", summary_object(report));
    json_object_set_new(object, "sites", site_list(&report->sites));
    json_object_set_new(object, "misuses", misuse_list(report));
    if (report->groups.by) {
        json_object_set_new(object, "group_by", json_string(groups_word(report->groups.by)));
        json_object_set_new(object, "groups", group_list(report));
    }
    json_object_set_new(object, "notes", note_list(report));
    if (report->shortages.count)
        json_object_set_new(object, "shortages", shortage_list(report));
    if (report->left_behind.count)
        json_object_set_new(object, "left_behind", site_list(&report->left_behind));
    if (report->exec_leaks.count)
        json_object_set_new(object, "exec_leaks", exec_leak_list(&report->exec_leaks));
    if (report->inherited.count)
        json_object_set_new(object, "inherited", handle_list(report->inherited.list, report->inherited.count));
    if (report->unseen_list.count)
        json_object_set_new(object, "unseen", handle_list(report->unseen_list.list, report->unseen_list.count));
    json_values_write(object, out, "JSON");
}
