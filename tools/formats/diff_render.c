/* diff_render.c - see diff_render.h */
#include "tools/formats/diff_render.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/json_values.h"
#include "tools/basics/utf8.h"
#include "tools/handles/what.h"
#include "tools/names/frames.h"

static const struct {
    const char *word, *title;
} changes[] = {
    [DIFF_NEW] = {"new", "New: "},
    [DIFF_MORE] = {"more", "More: "},
    [DIFF_FEWER] = {"fewer", "Fewer: "},
    [DIFF_GONE] = {"gone", "Gone: "},
};

/* --- text ------------------------------------------------------------------------------------------------- */

static void put(FILE *out, const char *text) {
    char *safe = utf8_for_terminal(text);
    fputs(safe, out);
    free(safe);
}

static void put_count(FILE *out, uint64_t count, const char *one, const char *many) {
    fprintf(out, "%" PRIu64 " %s", count, count == 1 ? one : many);
}

static void put_side(FILE *out, const char *title, const struct diff_side *side) {
    fputs(title, out);
    put_count(out, side->report.left_open, "handle", "handles");
    fputs(" at ", out);
    put_count(out, side->report.count, "site", "sites");
    if (side->report.misuse_count) {
        fputs(", ", out);
        put_count(out, side->report.misuse_count, "misuse", "misuses");
    }
    fputs(", ", out);
    put(out, side->name);
    fputs(" (", out);
    put(out, side->report.program);
    fputs(")\n", out);
}

static void put_entry(FILE *out, const struct diff_entry *entry) {
    bool is_over = entry->change == DIFF_GONE;
    fprintf(out, "\n%s", changes[entry->change].title);
    put_count(out, is_over ? entry->before : entry->now, what_kind_word(entry->site->kind),
              what_kind_plural(entry->site->kind));
    if (entry->change == DIFF_MORE)
        fprintf(out, ", %" PRIu64 " more than %" PRIu64, entry->now - entry->before, entry->before);
    if (entry->change == DIFF_FEWER)
        fprintf(out, ", %" PRIu64 " fewer than %" PRIu64, entry->before - entry->now, entry->before);
    if (entry->opened && entry->now > entry->before)
        fprintf(out, " (of %" PRIu64 " opened here, %" PRIu64 " closed)", entry->opened, entry->closed);
    fputs(", opened at:\n", out);
    frames_write(out, &entry->site->trace, false);
}

static void put_misuse(FILE *out, const struct diff_misuse *entry) {
    fprintf(out, "\n%smisuse, ", changes[entry->change].title);
    put(out, entry->misuse->type);
    fputs(*entry->misuse->call ? ", by " : "", out);
    put(out, entry->misuse->call);
    fputs(" at:\n", out);
    frames_write(out, &entry->misuse->trace, false);
}

static void put_more(const struct diff *diff, FILE *out) {
    size_t sites = diff->sites[DIFF_NEW] + diff->sites[DIFF_MORE], misuses = diff->misuses_by[DIFF_NEW];
    if (!sites && !misuses)
        fputs("nothing new and nothing more", out);
    if (sites) {
        put_count(out, diff->more, "handle", "handles");
        fputs(" more at ", out);
        put_count(out, sites, "site", "sites");
        fprintf(out, " (%zu new)", diff->sites[DIFF_NEW]);
    }
    if (misuses) {
        fputs(sites ? "; " : "", out);
        put_count(out, misuses, "new misuse", "new misuses");
    }
}

static void put_fewer(const struct diff *diff, FILE *out) {
    size_t sites = diff->sites[DIFF_FEWER] + diff->sites[DIFF_GONE];
    if (sites) {
        fputs("; ", out);
        put_count(out, diff->fewer, "handle", "handles");
        fputs(" fewer at ", out);
        put_count(out, sites, "site", "sites");
        fprintf(out, " (%zu gone)", diff->sites[DIFF_GONE]);
    }
    if (diff->misuses_by[DIFF_GONE]) {
        fputs("; ", out);
        put_count(out, diff->misuses_by[DIFF_GONE], "misuse is gone", "misuses are gone");
    }
}

void diff_render_text(const struct diff *diff, FILE *out) {
    put_side(out, "Before: ", &diff->before);
    put_side(out, "Now:    ", &diff->now);
    for (size_t i = 0; i < diff->count; i++)
        put_entry(out, &diff->entries[i]);
    for (size_t i = 0; i < diff->misuse_count; i++)
        put_misuse(out, &diff->misuses[i]);
    fputs("\nSUMMARY: leftopen: ", out);
    put_more(diff, out);
    put_fewer(diff, out);
    fputc('\n', out);
}

/* --- JSON ------------------------------------------------------------------------------------------------- */

static json_t *integer(uint64_t number) { return json_integer((json_int_t)number); }

/* What another report has, as it stood there. */
static json_t *borrowed(const json_t *value) { return value ? json_incref((json_t *)value) : json_null(); }

static json_t *side_object(const struct diff_side *side) {
    json_t *object = json_object();
    json_object_set_new(object, "name", json_value_string(side->name));
    json_object_set_new(object, "process", borrowed(side->report.process));
    json_object_set_new(object, "left_open", integer(side->report.left_open));
    json_object_set_new(object, "sites", integer(side->report.count));
    json_object_set_new(object, "misuses", integer(side->report.misuse_count));
    return object;
}

static json_t *summary_object(const struct diff *diff) {
    json_t *object = json_object();
    for (size_t change = 0; change < DIFF_CHANGES; change++)
        json_object_set_new(object, changes[change].word, integer(diff->sites[change]));
    json_object_set_new(object, "handles_more", integer(diff->more));
    json_object_set_new(object, "handles_fewer", integer(diff->fewer));
    json_object_set_new(object, "misuses_new", integer(diff->misuses_by[DIFF_NEW]));
    json_object_set_new(object, "misuses_gone", integer(diff->misuses_by[DIFF_GONE]));
    return object;
}

static json_t *entry_object(const struct diff_entry *entry) {
    json_t *object = json_object();
    json_object_set_new(object, "change", json_string(changes[entry->change].word));
    json_object_set_new(object, "id", json_value_string(entry->site->id));
    json_object_set_new(object, "line_id", json_value_text(entry->site->line_id));
    json_object_set_new(object, "kind", json_string(what_kind_word(entry->site->kind)));
    json_object_set_new(object, "call", json_value_text(entry->site->call));
    json_object_set_new(object, "before", integer(entry->before));
    json_object_set_new(object, "count", integer(entry->now));
    json_object_set_new(object, "opened", json_value_known((json_int_t)entry->opened, entry->opened));
    json_object_set_new(object, "closed", json_value_known((json_int_t)entry->closed, entry->opened));
    json_object_set_new(object, "frames", borrowed(entry->site->frames));
    return object;
}

/* What its report says of it, and the change. */
static json_t *misuse_object(const struct diff_misuse *entry) {
    json_t *object = json_copy((json_t *)entry->misuse->object);
    json_object_set_new(object, "change", json_string(changes[entry->change].word));
    return object;
}

void diff_render_json(const struct diff *diff, FILE *out) {
    json_t *object = json_object(), *sites = json_array(), *misuses = json_array();
    for (size_t i = 0; i < diff->misuse_count; i++)
        json_array_append_new(misuses, misuse_object(&diff->misuses[i]));
    for (size_t i = 0; i < diff->count; i++)
        json_array_append_new(sites, entry_object(&diff->entries[i]));
    json_object_set_new(object, "schema", json_string("leftopen.diff/1"));
    json_object_set_new(object, "old", side_object(&diff->before));
    json_object_set_new(object, "new", side_object(&diff->now));
    json_object_set_new(object, "summary", summary_object(diff));
    json_object_set_new(object, "sites", sites);
    json_object_set_new(object, "misuses", misuses);
    json_values_write(object, out, "JSON");
}
