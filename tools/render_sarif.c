/* render_sarif.c - SARIF 2.1.0, with what GitHub's code scanning demands. GitHub shows the first location, the
 * code flow and the fingerprint; other viewers read the stacks. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/json_values.h"
#include "tools/memory.h"
#include "tools/render.h"
#include "tools/sources.h"
#include "tools/trace.h"
#include "tools/version.h"
#include "tools/what.h"

enum { MOST_RESULTS = 25000 /* GitHub refuses a run with more */ };

/* Brackets would be links in a message, and braces places for arguments. */
static json_t *message(char *text) {
    char *result = memory_new(2 * strlen(text) + 1, 1), *end = result;
    for (const char *at = text; *at; at++) {
        if (strchr("[]\\", *at))
            *end++ = '\\';
        if (strchr("{}", *at))
            *end++ = *at;
        *end++ = *at;
    }
    json_t *object = json_pack("{s:o}", "text", json_value_string(result));
    free(result);
    free(text);
    return object;
}

static json_t *take_string(char *text) {
    json_t *value = json_string(text);
    free(text);
    return value;
}

/* --- rules ------------------------------------------------------------------------------------------------ */

static json_t *rule_id(enum record_kind kind) {
    return take_string(memory_format("left-open-%s", what_kind_word(kind)));
}

static json_t *text_object(char *text) {
    json_t *object = json_pack("{s:s}", "text", text);
    free(text);
    return object;
}

static json_t *rule(enum record_kind kind) {
    const char *word = what_kind_word(kind), *words = what_kind_plural(kind);
    json_t *object = json_object();
    json_object_set_new(object, "id", rule_id(kind));
    json_object_set_new(object, "shortDescription",
                        text_object(memory_format("Handles left open: %s.", words)));
    json_object_set_new(object, "fullDescription",
                        text_object(memory_format("The program ended, or still runs, without having released a "
                                                  "handle of the kind %s that it had acquired.",
                                                  word)));
    json_object_set_new(
        object, "help",
        json_pack(
            "{s:s, s:s}", "text",
            "The stack shows where the handle was acquired. Find the path on which its owner returns without "
            "releasing it, most often an early return after an error. Where other handles of the same place "
            "were closed, somebody knows how to. What is meant to stay open belongs into a file for "
            "--suppressions.",
            "markdown",
            "The stack shows **where the handle was acquired**. Find the path on which its owner returns "
            "without releasing it, most often an early return after an error. Where other handles of the "
            "same place were closed, somebody knows how to.\n\nWhat is meant to stay open belongs into a "
            "file for `--suppressions`."));
    json_object_set_new(object, "defaultConfiguration", json_pack("{s:s}", "level", "warning"));
    json_object_set_new(object, "properties",
                        json_pack("{s:[s, s], s:s, s:{s:s}}", "tags", "resource-leak", "reliability",
                                  "precision", "very-high", "problem", "severity", "warning"));
    return object;
}

/* One for each kind, in their order: the index of a rule is its kind. */
static json_t *tool_object(void) {
    json_t *rules = json_array();
    for (enum record_kind kind = 0; kind <= RECORD_KIND_COUNT; kind++)
        json_array_append_new(rules, rule(kind));
    return json_pack("{s:{s:s, s:s, s:s, s:o}}", "driver", "name", "leftopen", "version", LEFTOPEN_VERSION,
                     "semanticVersion", LEFTOPEN_VERSION, "rules", rules);
}

/* --- places ----------------------------------------------------------------------------------------------- */

static json_t *physical_location(const char *path, unsigned line, unsigned column) {
    json_t *file = json_pack("{s:o}", "uri", take_string(sources_uri(path)));
    if (*path != '/')
        json_object_set_new(file, "uriBaseId", json_string("%SRCROOT%"));
    json_t *region = json_pack("{s:i}", "startLine", (int)line);
    if (column)
        json_object_set_new(region, "startColumn", json_integer(column));
    return json_pack("{s:o, s:o}", "artifactLocation", file, "region", region);
}

static json_t *logical_locations(const struct frame *frame) {
    char *name = render_frame_name(frame);
    json_t *list = json_pack("[{s:o, s:s}]", "fullyQualifiedName", json_value_string(name), "kind", "function");
    free(name);
    return list;
}

static json_t *site_location(struct sources *sources, const struct site *site) {
    struct source_place place = sources_place(sources, site);
    const struct frame *frame = sources_frame(sources, site->trace);
    json_t *object =
        json_pack("{s:o}", "physicalLocation", physical_location(place.path, place.line, place.column));
    if (frame)
        json_object_set_new(object, "logicalLocations", logical_locations(frame));
    return object;
}

static json_t *frame_location(struct sources *sources, const struct frame *frame) {
    json_t *object = json_object();
    if (frame->file && frame->line)
        json_object_set_new(
            object, "physicalLocation",
            physical_location(sources_find(sources, frame->file)->path, frame->line, frame->column));
    json_object_set_new(object, "logicalLocations", logical_locations(frame));
    json_object_set_new(object, "message", message(render_frame_name(frame)));
    return object;
}

/* Outermost first; only frames that can be shown. */
static json_t *code_flows(struct sources *sources, const struct trace *trace) {
    json_t *list = json_array();
    for (size_t i = trace_own_frames(trace); i-- > 0;)
        if (trace->frames[i].file && trace->frames[i].line)
            json_array_append_new(list,
                                  json_pack("{s:o}", "location", frame_location(sources, &trace->frames[i])));
    return json_pack("[{s:[{s:o}]}]", "threadFlows", "locations", list);
}

static json_t *stacks(struct sources *sources, const struct trace *trace) {
    json_t *list = json_array();
    for (size_t i = 0; i < trace->count; i++) {
        json_t *frame = json_pack("{s:o}", "location", frame_location(sources, &trace->frames[i]));
        if (*trace->frames[i].module)
            json_object_set_new(frame, "module", json_value_string(symbols_base_name(trace->frames[i].module)));
        json_array_append_new(list, frame);
    }
    return json_pack("[{s:{s:s}, s:o}]", "message", "text", "The handle was acquired here.", "frames", list);
}

/* Where its other handles were closed; only places that can be shown. */
static json_t *related_locations(struct sources *sources, const struct site *site) {
    json_t *list = json_array();
    for (size_t i = 0; i < site->closers.count; i++) {
        const struct frame *frame = &site->closers.list[i].trace->frames[0];
        if (!frame->file || !frame->line)
            continue;
        json_t *location = frame_location(sources, frame);
        json_object_set_new(location, "id", json_integer((json_int_t)json_array_size(list)));
        json_object_set_new(
            location, "message",
            message(memory_format("%" PRIu64 " of the %" PRIu64 " that were opened %s closed here.",
                                  site->closers.list[i].count, site->opened,
                                  site->closers.list[i].count == 1 ? "was" : "were")));
        json_array_append_new(list, location);
    }
    return list;
}

/* --- results ---------------------------------------------------------------------------------------------- */

static json_t *result_message(const struct site *site) {
    char *description = render_description(site);
    char *text = memory_format("%s.", description);
    free(description);
    return message(text);
}

static json_t *result(struct sources *sources, const struct site *site) {
    json_t *object = json_object();
    json_object_set_new(object, "ruleId", rule_id(site->kind));
    json_object_set_new(object, "ruleIndex", json_integer(site->kind));
    json_object_set_new(object, "level", json_string("warning"));
    json_object_set_new(object, "message", result_message(site));
    json_object_set_new(object, "locations", json_pack("[o]", site_location(sources, site)));
    json_object_set_new(object, "occurrenceCount", json_integer((json_int_t)site->count));
    json_object_set_new(object, "partialFingerprints",
                        json_pack("{s:o}", "primaryLocationLineHash", take_string(render_fingerprint(site))));
    if (sources_frame(sources, site->trace))
        json_object_set_new(object, "codeFlows", code_flows(sources, site->trace));
    if (site->trace->count)
        json_object_set_new(object, "stacks", stacks(sources, site->trace));
    if (site->closers.count)
        json_object_set_new(object, "relatedLocations", related_locations(sources, site));
    return object;
}

static json_t *result_list(struct sources *sources, const struct report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < report->sites.count && i < MOST_RESULTS; i++)
        json_array_append_new(list, result(sources, &report->sites.list[i]));
    return list;
}

/* --- run -------------------------------------------------------------------------------------------------- */

static json_t *notification(char *text) {
    return json_pack("{s:o, s:s}", "message", message(text), "level", "note");
}

static json_t *invocation(const struct report *report) {
    const struct process *process = report->first;
    json_t *object = json_pack("{s:b}", "executionSuccessful", 1);
    if (process->started_realtime)
        json_object_set_new(object, "startTimeUtc", json_value_instant(process->started_realtime));
    if (process->ended_realtime)
        json_object_set_new(object, "endTimeUtc", json_value_instant(process->ended_realtime));
    json_t *notes = json_array();
    for (size_t i = 0; i < report->note_count; i++)
        json_array_append_new(notes, notification(memory_copy(report->notes[i])));
    if (report->sites.count > MOST_RESULTS)
        json_array_append_new(notes, notification(memory_format("%d of %zu places are listed.", MOST_RESULTS,
                                                                report->sites.count)));
    json_object_set_new(object, "toolExecutionNotifications", notes);
    return object;
}

/* Results of different programs for one commit must not take each other's place. */
static json_t *category(const struct report *report) {
    char *id = memory_format("leftopen/%s/", render_program_name(report->first));
    json_t *object = json_pack("{s:o}", "id", json_value_string(id));
    free(id);
    return object;
}

static json_t *run_object(struct sources *sources, const struct report *report) {
    json_t *run = json_object();
    json_object_set_new(run, "tool", tool_object());
    json_object_set_new(run, "automationDetails", category(report));
    json_object_set_new(run, "columnKind", json_string("utf16CodeUnits"));
    json_object_set_new(run, "invocations", json_pack("[o]", invocation(report)));
    json_object_set_new(run, "results", result_list(sources, report));
    if (!*sources->root)
        return run;
    char *root = memory_format("%s/", sources->root);
    json_object_set_new(run, "originalUriBaseIds",
                        json_pack("{s:{s:o}}", "%SRCROOT%", "uri", take_string(sources_uri(root))));
    free(root);
    return run;
}

void render_sarif(const struct report *report, FILE *out) {
    struct sources sources;
    sources_begin(&sources, report);
    json_values_write(json_pack("{s:s, s:s, s:[o]}", "$schema", "https://json.schemastore.org/sarif-2.1.0.json",
                                "version", "2.1.0", "runs", run_object(&sources, report)),
                      out, "SARIF");
    sources_end(&sources);
}
