/* render_pprof.c - a gzip'd profile for pprof and its kin: how many handles are open, and the sum of their
 * ages, by stack; kind, call, process and thread are labels. */
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <profile.pb-c.h>
#include <zlib.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"
#include "tools/findings/complaints.h"
#include "tools/formats/render.h"
#include "tools/handles/what.h"
#include "tools/names/trace.h"

enum { HANDLES, AGE, VALUES };

/* Numbers from 1 on for texts, each once. */
struct numbers {
    void *tree;
    uint64_t count;
};

struct profile {
    Pprof__Profile *message; /* of malloc only, so that free_unpacked frees all of it */
    struct numbers strings, mappings, functions, locations, samples;
    int64_t age_left; /* until the sum of all would be too large for whoever adds them */
};

/* `item` becomes the last of the repeated field `list`, of n_`list` elements. */
#define APPEND(message, list, item)                                                                            \
    do {                                                                                                       \
        (message)->list = memory_grow((message)->list, (message)->n_##list, sizeof *(message)->list);          \
        (message)->list[(message)->n_##list++] = (item);                                                       \
    } while (0)

/* --- numbers ---------------------------------------------------------------------------------------------- */

struct number {
    char *text;
    uint64_t number;
};

static int compare(const void *left, const void *right) {
    return strcmp(((const struct number *)left)->text, ((const struct number *)right)->text);
}

/* The number of the text, which it takes; *is_new: it had none until now. */
static uint64_t number_of(struct numbers *numbers, char *text, bool *is_new) {
    struct number wanted = {.text = text}, *const *found = tfind(&wanted, &numbers->tree, compare);
    *is_new = !found;
    if (found) {
        free(text);
        return (*found)->number;
    }
    struct number *number = memory_new(1, sizeof *number);
    *number = (struct number){text, ++numbers->count};
    tsearch(number, &numbers->tree, compare);
    return number->number;
}

static void free_number(void *entry) {
    free(((struct number *)entry)->text);
    free(entry);
}

static int64_t string_number(struct profile *profile, const char *text) {
    if (!text || !*text)
        return 0;
    bool is_new;
    char *clean = utf8_sanitised(text);
    uint64_t number = number_of(&profile->strings, memory_copy(clean), &is_new);
    if (is_new)
        APPEND(profile->message, string_table, clean);
    else
        free(clean);
    return (int64_t)number;
}

/* --- places ----------------------------------------------------------------------------------------------- */

static Pprof__Mapping *mapping(struct profile *profile, const struct frame *frame) {
    bool is_new;
    uint64_t id =
        number_of(&profile->mappings, memory_format("%s\n%s", frame->module, frame->build_id), &is_new);
    if (!is_new)
        return profile->message->mapping[id - 1];
    Pprof__Mapping *mapping = memory_new(1, sizeof *mapping);
    pprof__mapping__init(mapping);
    mapping->id = id;
    mapping->filename = string_number(profile, frame->module);
    mapping->build_id = string_number(profile, frame->build_id);
    mapping->has_functions = mapping->has_filenames = mapping->has_line_numbers = mapping->has_inline_frames =
        1;
    APPEND(profile->message, mapping, mapping);
    return mapping;
}

static uint64_t function(struct profile *profile, const struct frame *frame) {
    bool is_new;
    char *name = render_frame_name(frame);
    uint64_t id = number_of(
        &profile->functions,
        memory_format("%s\n%s\n%s", name, frame->symbol ? frame->symbol : "", frame->file ? frame->file : ""),
        &is_new);
    if (is_new) {
        Pprof__Function *function = memory_new(1, sizeof *function);
        pprof__function__init(function);
        function->id = id;
        function->name = string_number(profile, name);
        function->system_name = string_number(profile, frame->symbol ? frame->symbol : name);
        function->filename = string_number(profile, frame->file);
        APPEND(profile->message, function, function);
    }
    free(name);
    return id;
}

static Pprof__Line *line(struct profile *profile, const struct frame *frame) {
    Pprof__Line *line = memory_new(1, sizeof *line);
    pprof__line__init(line);
    line->function_id = function(profile, frame);
    line->line = frame->line;
    line->column = frame->column;
    return line;
}

/* Which address it is; where code is made at run time, other functions come to stand there. */
static char *location_key(const struct frame *frame) {
    return memory_format("%s\n%s\n%" PRIx64 "\n%s", frame->module, frame->build_id, frame->offset,
                         frame->function ? frame->function : "");
}

/* The location of an address: `count` frames, all but the last of them inlined. */
static uint64_t location(struct profile *profile, const struct frame *frames, size_t count) {
    bool is_new;
    uint64_t id = number_of(&profile->locations, location_key(frames), &is_new);
    if (!is_new)
        return id;
    Pprof__Location *location = memory_new(1, sizeof *location);
    pprof__location__init(location);
    location->id = id;
    location->address = frames->offset;
    if (*frames->module) {
        Pprof__Mapping *module = mapping(profile, frames);
        location->mapping_id = module->id;
        if (module->memory_limit <= frames->offset)
            module->memory_limit = (frames->offset | 0xfff) + 1;
    }
    for (size_t i = 0; i < count; i++)
        APPEND(location, line, line(profile, &frames[i]));
    APPEND(profile->message, location, location);
    return id;
}

/* --- samples ---------------------------------------------------------------------------------------------- */

static Pprof__Label *label(struct profile *profile, const char *key) {
    Pprof__Label *label = memory_new(1, sizeof *label);
    pprof__label__init(label);
    label->key = string_number(profile, key);
    return label;
}

static void add_text(struct profile *profile, Pprof__Sample *sample, const char *key, const char *text) {
    if (!*text)
        return;
    Pprof__Label *text_label = label(profile, key);
    text_label->str = string_number(profile, text);
    APPEND(sample, label, text_label);
}

static void add_number(struct profile *profile, Pprof__Sample *sample, const char *key, int number) {
    if (!number)
        return;
    Pprof__Label *number_label = label(profile, key);
    number_label->num = number;
    APPEND(sample, label, number_label);
}

static void add_stack(struct profile *profile, Pprof__Sample *sample, const struct trace *trace) {
    size_t own = trace_own_frames(trace);
    for (size_t first = 0, next; first < own; first = next) {
        for (next = first + 1; next < own && trace->frames[next - 1].inlined;)
            next++;
        uint64_t id = location(profile, &trace->frames[first], next - first);
        APPEND(sample, location_id, id);
    }
}

static Pprof__Sample *new_sample(struct profile *profile, const struct site *site,
                                 const struct finding *finding) {
    Pprof__Sample *sample = memory_new(1, sizeof *sample);
    pprof__sample__init(sample);
    sample->n_value = VALUES;
    sample->value = memory_new(VALUES, sizeof *sample->value);
    add_stack(profile, sample, site->trace);
    add_text(profile, sample, "kind", what_kind_word(site->kind));
    add_text(profile, sample, "call", site->call);
    add_number(profile, sample, "pid", finding->process->pid);
    add_number(profile, sample, "thread", finding->handle->thread);
    APPEND(profile->message, sample, sample);
    return sample;
}

static int64_t nanoseconds(double seconds) {
    return seconds <= 0 ? 0 : seconds >= 9e9 ? INT64_MAX : (int64_t)(seconds * 1e9);
}

/* Handles of one site, process and thread are one sample. */
static void add_finding(struct profile *profile, const struct site *site, const struct finding *finding) {
    bool is_new;
    char *key = memory_format("%p %zu %d", (const void *)site, finding->process_index, finding->handle->thread);
    uint64_t number = number_of(&profile->samples, key, &is_new);
    Pprof__Sample *sample = is_new ? new_sample(profile, site, finding) : profile->message->sample[number - 1];
    int64_t age = nanoseconds(finding->age);
    age = age < profile->age_left ? age : profile->age_left;
    profile->age_left -= age;
    sample->value[HANDLES]++;
    sample->value[AGE] += age;
}

/* --- profile ---------------------------------------------------------------------------------------------- */

static Pprof__ValueType *value_type(struct profile *profile, const char *type, const char *unit) {
    Pprof__ValueType *value_type = memory_new(1, sizeof *value_type);
    pprof__value_type__init(value_type);
    value_type->type = string_number(profile, type);
    value_type->unit = string_number(profile, unit);
    return value_type;
}

/* The first mapping is taken for the program. */
static void add_program(struct profile *profile, const struct report *report) {
    for (size_t i = 0; i < report->sites.count; i++) {
        const struct trace *trace = report->sites.list[i].trace;
        for (size_t k = 0; k < trace->count; k++)
            if (*trace->frames[k].module && strcmp(trace->frames[k].module, report->first->executable) == 0) {
                mapping(profile, &trace->frames[k]);
                return;
            }
    }
}

/* Misuses are no handles: they are told beside the samples. */
static void add_misuse(struct profile *profile, const struct report *report, size_t number) {
    struct complaint complaint = complaints_get(report, number);
    char *description = complaint_description(&complaint);
    APPEND(profile->message, comment, string_number(profile, description));
    free(description);
}

static void fill(struct profile *profile, const struct report *report) {
    Pprof__Profile *message = profile->message;
    const struct process *first = report->first;
    APPEND(message, string_table, memory_copy(""));
    APPEND(message, sample_type, value_type(profile, "handles", "count"));
    APPEND(message, sample_type, value_type(profile, "age", "nanoseconds"));
    message->period_type = value_type(profile, "handles", "count");
    message->period = 1;
    message->default_sample_type = string_number(profile, "handles");
    message->time_nanos = (int64_t)(first->ended_realtime ? first->ended_realtime : first->started_realtime);
    if (first->ended_realtime > first->started_realtime && first->started_realtime)
        message->duration_nanos = (int64_t)(first->ended_realtime - first->started_realtime);
    add_program(profile, report);
    for (size_t i = 0; i < report->sites.count; i++)
        for (size_t k = 0; k < report->sites.list[i].count; k++)
            add_finding(profile, &report->sites.list[i], &report->sites.list[i].findings[k]);
    for (size_t i = report->sites.count; i < complaints_count(report); i++)
        add_misuse(profile, report, i);
    for (size_t i = 0; i < report->note_count; i++)
        APPEND(message, comment, string_number(profile, report->notes[i]));
}

static void write_compressed(unsigned char *bytes, size_t size, FILE *out) {
    enum { GZIP = 16 + MAX_WBITS, MEMORY = 8 };
    z_stream stream = {.next_in = bytes, .avail_in = (uInt)size};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
        warning("the pprof report could not be compressed");
        return;
    }
    size_t room = deflateBound(&stream, size);
    unsigned char *packed = memory_new(room, 1);
    stream.next_out = packed;
    stream.avail_out = (uInt)room;
    deflate(&stream, Z_FINISH);
    fwrite(packed, 1, stream.total_out, out);
    deflateEnd(&stream);
    free(packed);
}

void render_pprof(const struct report *report, FILE *out) {
    struct profile profile = {.message = memory_new(1, sizeof *profile.message), .age_left = INT64_MAX};
    pprof__profile__init(profile.message);
    fill(&profile, report);
    size_t size = pprof__profile__get_packed_size(profile.message);
    unsigned char *bytes = memory_new(size, 1);
    pprof__profile__pack(profile.message, bytes);
    write_compressed(bytes, size, out);
    free(bytes);
    pprof__profile__free_unpacked(profile.message, NULL);
    struct numbers *all[] = {&profile.strings, &profile.mappings, &profile.functions, &profile.locations,
                             &profile.samples};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        tdestroy(all[i]->tree, free_number);
}
