/* past_report.c - see past_report.h */
#include "tools/findings/past_report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/beside.h"
#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/findings/misuse.h"
#include "tools/handles/what.h"

#define SCHEMA "leftopen.report/1"
#define HOW_TO                                                                                                 \
    "make one with `leftopen report --format=json`, or `leftopen run --format=json --report=%%e.json PROGRAM`"

/* --- values ----------------------------------------------------------------------------------------------- */

static const char *text(const json_t *object, const char *key, const char *unknown) {
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : unknown;
}

static uint64_t number(const json_t *object, const char *key) {
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

static uint64_t hexadecimal(const json_t *object, const char *key) {
    return strtoull(text(object, key, "0"), NULL, 0);
}

/* --- sites ------------------------------------------------------------------------------------------------ */

static struct frame frame_of(const json_t *object) {
    return (struct frame){
        .function = text(object, "function", NULL),
        .file = text(object, "file", NULL),
        .line = (unsigned)number(object, "line"),
        .column = (unsigned)number(object, "column"),
        .module = text(object, "module", ""),
        .build_id = text(object, "build_id", ""),
        .offset = hexadecimal(object, "offset"),
        .into_function = hexadecimal(object, "into_function"),
        .has_start = json_is_string(json_object_get(object, "into_function")),
        .inlined = json_is_true(json_object_get(object, "inlined")),
    };
}

static struct trace trace_of(const json_t *list) {
    size_t count = json_array_size(list);
    struct frame *frames = memory_new(count, sizeof *frames);
    for (size_t i = 0; i < count; i++)
        frames[i] = frame_of(json_array_get(list, i));
    return (struct trace){.frames = frames, .count = count};
}

/* What is missing in it, NULL if nothing. */
static const char *fill_site(struct past_site *site, const json_t *object) {
    site->id = text(object, "id", "");
    site->line_id = text(object, "line_id", "");
    site->call = text(object, "call", "");
    site->kind = what_kind_named(text(object, "kind", ""));
    site->count = number(object, "count");
    site->opened = number(object, "opened");
    site->closed = number(object, "closed");
    site->frames = json_object_get(object, "frames");
    site->trace = trace_of(site->frames);
    if (!*site->id)
        return "id";
    return site->count ? NULL : "count";
}

static int fill_sites(struct past_report *report, const char *name) {
    const json_t *list = json_object_get(report->object, "sites");
    if (!json_is_array(list))
        return failure(EXIT_DAMAGED, "%s: the report is damaged: it has no list of sites", name);
    report->sites = memory_new(json_array_size(list), sizeof *report->sites);
    while (report->count < json_array_size(list)) {
        size_t index = report->count++;
        const char *missing = fill_site(&report->sites[index], json_array_get(list, index));
        if (missing)
            return failure(EXIT_DAMAGED, "%s: the report is damaged: site number %zu has no %s", name,
                           index + 1, missing);
        report->left_open += report->sites[index].count;
    }
    return 0;
}

/* Reports of earlier versions have none. */
static int fill_misuses(struct past_report *report, const char *name) {
    const json_t *list = json_object_get(report->object, "misuses");
    report->misuses = memory_new(json_array_size(list), sizeof *report->misuses);
    while (report->misuse_count < json_array_size(list)) {
        const json_t *object = json_array_get(list, report->misuse_count);
        const char *id = text(object, "id", ""), *type = text(object, "type", "");
        if (!*id || !*type)
            return failure(EXIT_DAMAGED, "%s: the report is damaged: misuse number %zu has no %s", name,
                           report->misuse_count + 1, *id ? "type" : "id");
        report->misuses[report->misuse_count++] =
            (struct past_misuse){.key = misuse_key(id, type),
                                 .type = type,
                                 .line_id = text(object, "line_id", ""),
                                 .call = text(object, "call", ""),
                                 .trace = trace_of(json_object_get(object, "frames")),
                                 .object = object};
    }
    return 0;
}

/* --- reports ---------------------------------------------------------------------------------------------- */

static const char *program_of(const json_t *process) {
    const char *first = json_string_value(json_array_get(json_object_get(process, "argv"), 0));
    return first && *first ? first : text(process, "exe", "?");
}

/* Takes `object` over; NULL with `error`: it could not be parsed. */
static int fill(struct past_report *report, const char *name, json_t *object, const json_error_t *error) {
    *report = (struct past_report){.object = object};
    if (!object)
        return failure(EXIT_DAMAGED, "%s:%d: not a report in JSON: %s; " HOW_TO, name, error->line,
                       error->text);
    const char *schema = text(object, "schema", NULL);
    if (!schema)
        return failure(EXIT_DAMAGED, "%s is JSON, but no report of leftopen: it has no schema; " HOW_TO, name);
    if (strcmp(schema, SCHEMA) != 0)
        return failure(EXIT_DAMAGED, "%s has the schema %s, and what is wanted is " SCHEMA "; " HOW_TO, name,
                       schema);
    report->process = json_object_get(object, "process");
    report->program = program_of(report->process);
    int status = fill_sites(report, name);
    return status ? status : fill_misuses(report, name);
}

int past_report_parse(struct past_report *report, const char *name, const char *bytes, size_t size) {
    json_error_t error;
    return fill(report, name, json_loadb(bytes, size, 0, &error), &error);
}

int past_report_read(struct past_report *report, const char *file, const char *executable) {
    json_error_t error;
    *report = (struct past_report){0};
    FILE *stream = beside_open(file, executable);
    if (!stream)
        return failure(EXIT_MISSING, "cannot read the report %s: %s", file, strerror(errno));
    json_t *object = json_loadf(stream, 0, &error);
    int reason = ferror(stream) ? errno : 0; /* a folder, for one */
    fclose(stream);
    if (reason)
        json_decref(object);
    if (reason)
        return failure(EXIT_MISSING, "cannot read the report %s: %s", file, strerror(reason));
    return fill(report, file, object, &error);
}

struct diff_row past_report_row(const struct past_site *site) {
    return (struct diff_row){.id = site->id, .line_id = site->line_id, .count = site->count};
}

struct diff_row past_report_misuse_row(const struct past_misuse *misuse) {
    return (struct diff_row){.id = misuse->key, .line_id = misuse->line_id, .count = 1};
}

void past_report_end(struct past_report *report) {
    for (size_t i = 0; i < report->count; i++)
        free((struct frame *)report->sites[i].trace.frames);
    free(report->sites);
    for (size_t i = 0; i < report->misuse_count; i++) {
        free(report->misuses[i].key);
        free((struct frame *)report->misuses[i].trace.frames);
    }
    free(report->misuses);
    json_decref(report->object);
    *report = (struct past_report){0};
}
