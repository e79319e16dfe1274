/* places.c - see places.h
 *
 * Sites are sorted by their call and their frames, from the program's own on. So those that read alike so far
 * are neighbours at each depth, and get a further frame where not all of them have the same. */
#include "tools/findings/places.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"
#include "tools/formats/render.h"
#include "tools/names/frames.h"
#include "tools/names/short_name.h"
#include "tools/names/trace.h"

enum { LONGEST_CALLER = 80 /* bytes of its name, where it can be made shorter */ };

struct place {
    const struct activity_site *site;
    const struct frame *frames; /* from the program's own on */
    size_t count;
    char **text;
};

/* NULL: there is none so far out. */
static char *name_at(const struct place *place, size_t depth) {
    return depth < place->count ? render_frame_name(&place->frames[depth]) : NULL;
}

static int compare_names(const struct place *one, const struct place *other, size_t depth) {
    char *name = name_at(one, depth), *than = name_at(other, depth);
    int difference = name && than ? strcmp(name, than) : (name != NULL) - (than != NULL);
    free(name);
    free(than);
    return difference;
}

/* The first frame is shown with its line. */
static int compare_first(const struct place *one, const struct place *other) {
    int difference = strcmp(one->site->call, other->site->call);
    return difference ? difference : strcmp(*one->text, *other->text);
}

static int compare(const void *left, const void *right) {
    const struct place *one = left, *other = right;
    int difference = compare_first(one, other);
    for (size_t depth = 1; !difference && (depth < one->count || depth < other->count); depth++)
        difference = compare_names(one, other, depth);
    return difference;
}

static void add_caller(const struct place *place, size_t depth, bool skipped) {
    char *name = name_at(place, depth);
    if (!name)
        return;
    char *shorter = short_name(name, LONGEST_CALLER), *safe = utf8_for_terminal(shorter);
    char *longer = memory_format("%s%s%s", *place->text, skipped ? " < … < " : " < ", safe);
    free(*place->text);
    *place->text = longer;
    free(safe);
    free(shorter);
    free(name);
}

/* How many from the first on have the same frame there. */
static size_t alike(const struct place *places, size_t count, size_t depth) {
    size_t same = 1;
    while (same < count && compare_names(&places[0], &places[same], depth) == 0)
        same++;
    return same;
}

/* All of these read alike up to that depth. */
static void tell_apart(struct place *places, size_t count, size_t depth) {
    bool skipped = false;
    while (count > 1 && depth < places[count - 1].count && alike(places, count, depth) == count) {
        skipped = true;
        depth++;
    }
    if (count < 2 || depth >= places[count - 1].count)
        return; /* one, or all are at their ends */
    for (size_t i = 0; i < count; i++)
        add_caller(&places[i], depth, skipped);
    for (size_t from = 0, same; from < count; from += same) {
        same = alike(&places[from], count - from, depth);
        tell_apart(&places[from], same, depth + 1);
    }
}

static struct place place_of(const struct activity_site *site, char **text) {
    const struct trace *trace = site->trace;
    size_t from = site->own && trace->count ? (size_t)(site->own - trace->frames) : 0;
    size_t own = trace_own_frames(trace);
    *text = frames_place(site->own);
    return (struct place){site, trace->frames + from, own > from ? own - from : 0, text};
}

char **places_tell(const struct activity_site *const *sites, size_t count) {
    if (!count)
        return NULL;
    char **texts = memory_new(count, sizeof *texts);
    struct place *places = memory_new(count, sizeof *places);
    for (size_t i = 0; i < count; i++)
        places[i] = place_of(sites[i], &texts[i]);
    qsort(places, count, sizeof *places, compare);
    for (size_t from = 0, behind; from < count; from = behind) {
        for (behind = from + 1; behind < count && compare_first(&places[from], &places[behind]) == 0;)
            behind++;
        tell_apart(&places[from], behind - from, 1);
    }
    free(places);
    return texts;
}
