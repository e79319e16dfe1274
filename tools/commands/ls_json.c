/* ls_json.c - what `leftopen ls` shows, for machines. See ls.h. */
#include <stdlib.h>

#include "tools/basics/json_values.h"
#include "tools/basics/memory.h"
#include "tools/commands/ls.h"
#include "tools/findings/suspects.h"
#include "tools/formats/render_json.h"
#include "tools/handles/what.h"

static json_t *count(uint64_t number) { return json_integer((json_int_t)number); }

static json_t *process_object(const struct ls_look *look) {
    const struct activity *activity = &look->activity;
    const struct kernel_view *kernel = &look->kernel;
    json_t *object = json_object();
    render_json_process(object, look->process);
    json_object_set_new(object, "pid_here", json_value_known(look->pid, look->pid));
    json_object_set_new(object, "snapshot", json_boolean(look->process->notes & RECORD_NOTE_SNAPSHOT));
    json_object_set_new(object, "open", count(activity->open));
    json_object_set_new(object, "descriptors", count(activity->descriptors));
    json_object_set_new(object, "inherited", count(activity->inherited));
    json_object_set_new(
        object, "limit",
        json_value_known((json_int_t)activity->limit, activity->limit && activity->limit != UINT64_MAX));
    json_object_set_new(object, "peak", count(activity->peak));
    json_object_set_new(object, "opened", count(activity->opened));
    json_object_set_new(object, "closed", count(activity->closed));
    json_object_set_new(object, "oldest_age_s", json_value_seconds(activity->oldest));
    json_object_set_new(object, "failures", count(activity->failures));
    json_object_set_new(object, "acquiring", count(activity->acquiring));
    json_object_set_new(object, "opening", count(activity->opening));
    json_object_set_new(object, "closing", count(activity->closing));
    json_object_set_new(object, "kernel_descriptors",
                        json_value_known((json_int_t)kernel->open, kernel->is_known));
    json_object_set_new(object, "unseen", json_value_known((json_int_t)kernel->unseen, kernel->is_known));
    json_object_set_new(object, "gone", json_value_known((json_int_t)kernel->gone, kernel->is_known));
    if (look->sharer)
        json_object_set_new(object, "shared_with", json_integer(look->sharer));
    return object;
}

static json_t *handle_list(const struct finding *findings, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, render_json_handle(&findings[i]));
    return list;
}

static json_t *handles_of(const struct ls_view *view, const struct activity_site *site) {
    size_t count;
    const struct finding *findings = ls_handles_of(view->handles, site->id, &count);
    return handle_list(findings, count);
}

static json_t *site_object(const struct ls_view *view, const struct activity_site *site) {
    struct suspect_facts facts = activity_facts(site);
    char *reason = suspects_reason(&facts);
    bool has_kind = site->kind != RECORD_KIND_COUNT;
    json_t *object = json_object();
    json_object_set_new(object, "id", json_string(site->id));
    json_object_set_new(object, "kind", json_value_text(has_kind ? what_kind_word(site->kind) : NULL));
    json_object_set_new(object, "call", json_value_text(site->call));
    json_object_set_new(object, "open", count(site->open));
    json_object_set_new(object, "opened", count(site->opened));
    json_object_set_new(object, "closed", count(site->closed));
    json_object_set_new(object, "peak", json_value_known((json_int_t)site->peak, site->peak));
    json_object_set_new(object, "oldest_age_s", json_value_seconds(facts.oldest_age));
    json_object_set_new(object, "newest_age_s", json_value_seconds(facts.newest_age));
    json_object_set_new(object, "lifetime_mean_s", json_value_seconds(facts.mean_lifetime));
    json_object_set_new(object, "lifetime_longest_s", json_value_seconds(facts.longest_lifetime));
    json_object_set_new(object, "suspect", json_value_text(reason));
    json_object_set_new(object, "frames", render_json_frames(site->trace));
    json_object_set_new(object, "closers", closers_json(&site->closers));
    if (view->handles)
        json_object_set_new(object, "handles", handles_of(view, site));
    free(reason);
    return object;
}

static json_t *site_list(const struct ls_view *view) {
    json_t *list = json_array();
    for (size_t i = 0; i < view->sum->site_count; i++)
        if ((view->sum->sites[i].open || view->all) && (!view->most || json_array_size(list) < view->most))
            json_array_append_new(list, site_object(view, &view->sum->sites[i]));
    return list;
}

void ls_json(const struct ls_view *view, FILE *out) {
    json_t *object = json_object(), *processes = json_array();
    for (size_t i = 0; i < view->count; i++)
        json_array_append_new(processes, process_object(&view->looks[i]));
    json_object_set_new(object, "schema", json_string("leftopen.ls/1"));
    json_object_set_new(object, "processes", processes);
    if (!view->only_processes)
        json_object_set_new(object, "sites", site_list(view));
    if (view->handles)
        json_object_set_new(object, "inherited",
                            handle_list(view->handles->inherited.list, view->handles->inherited.count));
    json_values_write(object, out, "JSON");
}
