/* render_sarif.c - SARIF 2.1.0, with what GitHub's code scanning demands. GitHub shows the first location, the
 * code flow and the fingerprint; other viewers read the stacks. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/basics/json_values.h"
#include "tools/basics/memory.h"
#include "tools/basics/version.h"
#include "tools/formats/render.h"
#include "tools/handles/what.h"
#include "tools/names/sources.h"
#include "tools/names/trace.h"

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

/* One for each kind, in their order, then one for each type of misuse. */
enum { MISUSE_RULES = RECORD_KIND_COUNT + 1, RULES = MISUSE_RULES + RECORD_MISUSE_COUNT };

static size_t rule_index(const struct complaint *complaint) {
    return complaint->site ? complaint->site->kind : MISUSE_RULES + complaint->misuse->first->type;
}

static json_t *rule_id(size_t index) {
    return take_string(index < MISUSE_RULES
                           ? memory_format("left-open-%s", what_kind_word((enum record_kind)index))
                           : memory_format("misuse-%s", misuse_word(index - MISUSE_RULES)));
}

static json_t *text_object(char *text) {
    json_t *object = json_pack("{s:s}", "text", text);
    free(text);
    return object;
}

/* What all rules about the same have in common. */
struct rule_family {
    const char *level, *tag, *help, *markdown;
};
static const struct rule_family about_sites = {
    .level = "warning",
    .tag = "resource-leak",
    .help = "The stack shows where the handle was acquired. Find the path on which its owner returns without "
            "releasing it, most often an early return after an error. Where other handles of the same place "
            "were closed, somebody knows how to. What is meant to stay open belongs into a file for "
            "--suppressions.",
    .markdown = "The stack shows **where the handle was acquired**. Find the path on which its owner returns "
                "without releasing it, most often an early return after an error. Where other handles of the "
                "same place were closed, somebody knows how to.\n\nWhat is meant to stay open belongs into a "
                "file for `--suppressions`.",
};
static const struct rule_family about_misuses = {
    .level = "error",
    .tag = "misuse",
    .help =
        "The first stack is that of the wrong call, the others show where the handle was opened and who had "
        "closed it. Its number may belong to somebody else by then, whose data is read, written or cut "
        "off. Let one owner release it, and forget the number when it does. What is meant to be so belongs "
        "into a file for --suppressions.",
    .markdown =
        "The first stack is that of **the wrong call**, the others show where the handle was opened and "
        "who had closed it. Its number may belong to somebody else by then, whose data is read, written "
        "or cut off. Let one owner release it, and forget the number when it does.\n\nWhat is meant to "
        "be so belongs into a file for `--suppressions`.",
};

static json_t *new_rule(size_t index, const struct rule_family *family, char *in_short, char *in_full) {
    json_t *rule = json_object();
    json_object_set_new(rule, "id", rule_id(index));
    json_object_set_new(rule, "shortDescription", text_object(in_short));
    json_object_set_new(rule, "fullDescription", text_object(in_full));
    json_object_set_new(rule, "help",
                        json_pack("{s:s, s:s}", "text", family->help, "markdown", family->markdown));
    json_object_set_new(rule, "defaultConfiguration", json_pack("{s:s}", "level", family->level));
    json_object_set_new(rule, "properties",
                        json_pack("{s:[s, s], s:s, s:{s:s}}", "tags", family->tag, "reliability", "precision",
                                  "very-high", "problem", "severity", family->level));
    return rule;
}

static json_t *rule(size_t index) {
    if (index >= MISUSE_RULES) {
        enum record_misuse_type type = index - MISUSE_RULES;
        return new_rule(index, &about_misuses, memory_format("Misuse of a handle: %s.", misuse_word(type)),
                        memory_format("A handle %s.", misuse_text(type)));
    }
    enum record_kind kind = (enum record_kind)index;
    return new_rule(index, &about_sites, memory_format("Handles left open: %s.", what_kind_plural(kind)),
                    memory_format("The program ended, or still runs, without having released a handle of the "
                                  "kind %s that it had acquired.",
                                  what_kind_word(kind)));
}

static json_t *tool_object(void) {
    json_t *rules = json_array();
    for (size_t index = 0; index < RULES; index++)
        json_array_append_new(rules, rule(index));
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

static json_t *main_location(struct sources *sources, const struct complaint *complaint) {
    struct source_place place = sources_place(sources, complaint);
    const struct frame *frame = sources_complaint_frame(sources, complaint);
    json_t *object =
        json_pack("{s:o}", "physicalLocation", physical_location(place.path, place.line, place.column));
    if (frame)
        json_object_set_new(object, "logicalLocations", logical_locations(frame));
    return object;
}

static json_t *frame_location(struct sources *sources, const struct frame *frame) {
    json_t *object = json_object();
    if (frame->file && frame->line)
        json_object_set_new(object, "physicalLocation",
                            physical_location(sources_find(sources, frame)->path, frame->line, frame->column));
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

/* Appends the stack to the list, if anything is known of it. */
static void add_stack(json_t *list, struct sources *sources, const char *text, const struct trace *trace) {
    json_t *frames = json_array();
    for (size_t i = 0; i < trace->count; i++) {
        json_t *frame = json_pack("{s:o}", "location", frame_location(sources, &trace->frames[i]));
        if (*trace->frames[i].module)
            json_object_set_new(frame, "module", json_value_string(symbols_base_name(trace->frames[i].module)));
        json_array_append_new(frames, frame);
    }
    if (trace->count)
        json_array_append_new(list, json_pack("{s:{s:s}, s:O}", "message", "text", text, "frames", frames));
    json_decref(frames);
}

static json_t *stacks(struct sources *sources, const struct complaint *complaint) {
    json_t *list = json_array();
    const struct misuse_site *misuse = complaint->misuse;
    add_stack(list, sources, misuse ? "The wrong call." : "The handle was acquired here.", complaint->trace);
    if (misuse) {
        add_stack(list, sources, "The handle was opened here.", misuse->opened);
        add_stack(list, sources, "It had been closed here.", misuse->closed);
    }
    return list;
}

/* Appends the place, if it can be shown. */
static void relate(json_t *list, struct sources *sources, const struct frame *frame, char *text) {
    if (!frame || !frame->file || !frame->line) {
        free(text);
        return;
    }
    json_t *location = frame_location(sources, frame);
    json_object_set_new(location, "id", json_integer((json_int_t)json_array_size(list)));
    json_object_set_new(location, "message", message(text));
    json_array_append_new(list, location);
}

/* Where other handles of the site were closed; of a misuse, what else is known of the handle. */
static json_t *related_locations(struct sources *sources, const struct complaint *complaint) {
    json_t *list = json_array();
    const struct closers *closers = complaint->site ? &complaint->site->closers : NULL;
    for (size_t i = 0; closers && i < closers->count; i++)
        relate(list, sources, &closers->list[i].trace->frames[0],
               memory_format("%" PRIu64 " of the %" PRIu64 " that were opened %s closed here.",
                             closers->list[i].count, complaint->site->opened,
                             closers->list[i].count == 1 ? "was" : "were"));
    if (complaint->misuse) {
        relate(list, sources, sources_frame(sources, complaint->misuse->opened),
               memory_copy("It was opened here."));
        relate(list, sources, sources_frame(sources, complaint->misuse->closed),
               memory_copy("It had been closed here."));
    }
    return list;
}

/* --- results ---------------------------------------------------------------------------------------------- */

static json_t *result_message(const struct complaint *complaint) {
    char *description = complaint_description(complaint);
    char *text = memory_format("%s.", description);
    free(description);
    return message(text);
}

static json_t *result(struct sources *sources, const struct complaint *complaint) {
    size_t rule = rule_index(complaint);
    json_t *object = json_object(), *related = related_locations(sources, complaint);
    json_object_set_new(object, "ruleId", rule_id(rule));
    json_object_set_new(object, "ruleIndex", json_integer((json_int_t)rule));
    json_object_set_new(object, "level",
                        json_string(complaint->site ? about_sites.level : about_misuses.level));
    json_object_set_new(object, "message", result_message(complaint));
    json_object_set_new(object, "locations", json_pack("[o]", main_location(sources, complaint)));
    json_object_set_new(object, "occurrenceCount", json_integer((json_int_t)complaint->count));
    json_object_set_new(
        object, "partialFingerprints",
        json_pack("{s:o}", "primaryLocationLineHash", take_string(complaint_fingerprint(complaint))));
    if (sources_frame(sources, complaint->trace))
        json_object_set_new(object, "codeFlows", code_flows(sources, complaint->trace));
    if (complaint->trace->count)
        json_object_set_new(object, "stacks", stacks(sources, complaint));
    if (json_array_size(related))
        json_object_set(object, "relatedLocations", related);
    json_decref(related);
    return object;
}

static json_t *result_list(struct sources *sources, const struct report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < complaints_count(report) && i < MOST_RESULTS; i++) {
        struct complaint complaint = complaints_get(report, i);
        json_array_append_new(list, result(sources, &complaint));
    }
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
    if (complaints_count(report) > MOST_RESULTS)
        json_array_append_new(notes, notification(memory_format("%d of %zu places are listed.", MOST_RESULTS,
                                                                complaints_count(report))));
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
