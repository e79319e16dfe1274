/* render_html_flame.c - the flame graph. It is a nested list; each item says by --x and --w (by handles) and
 * --ax and --aw (by ages) where in its parent it begins and how wide it is, in percent, and the style sheet
 * draws that. */
#include <stdlib.h>
#include <string.h>

#include "tools/basics/duration.h"
#include "tools/basics/memory.h"
#include "tools/formats/render_html.h"
#include "tools/handles/what.h"
#include "tools/names/trace.h"

enum {
    FINEST = 4000, /* what is less than one such part of the whole is left out */
    HUES = 8       /* in report.css */
};

/* What widths stand for. */
struct extent {
    double handles, age; /* age: seconds, all handles together */
};

/* One stack, outermost name first: program, functions, kind. */
struct path {
    char **names;
    size_t count;
    struct extent extent;
};

struct flame {
    FILE *out;
    struct path *paths; /* sorted */
    size_t count, depth;
    struct extent whole;
};

/* --- paths ------------------------------------------------------------------------------------------------ */

static void add_extent(struct extent *sum, struct extent extent) {
    sum->handles += extent.handles;
    sum->age += extent.age;
}

static struct extent extent_of(const struct site *part) {
    struct extent extent = {.handles = (double)part->count};
    for (size_t i = 0; i < part->count; i++)
        extent.age += part->findings[i].age > 0 ? part->findings[i].age : 0;
    return extent;
}

static void add_path(struct flame *flame, const struct site *part) {
    size_t frames = trace_own_frames(part->trace);
    struct path path = {.names = memory_new(frames + 2, sizeof *path.names), .extent = extent_of(part)};
    path.names[path.count++] = memory_copy(render_program_name(part->findings->process));
    for (size_t i = frames; i-- > 0;)
        path.names[path.count++] = render_frame_name(&part->trace->frames[i]);
    path.names[path.count++] = memory_copy(what_kind_plural(part->kind));
    flame->paths = memory_grow(flame->paths, flame->count, sizeof *flame->paths);
    flame->paths[flame->count++] = path;
    flame->depth = path.count > flame->depth ? path.count : flame->depth;
    add_extent(&flame->whole, path.extent);
}

static int compare_paths(const void *one, const void *other) {
    const struct path *a = one, *b = other;
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        int difference = strcmp(a->names[i], b->names[i]);
        if (difference)
            return difference;
    }
    return a->count < b->count ? -1 : a->count > b->count;
}

static void end_paths(struct flame *flame) {
    for (size_t i = 0; i < flame->count; i++) {
        for (size_t k = 0; k < flame->paths[i].count; k++)
            free(flame->paths[i].names[k]);
        free(flame->paths[i].names);
    }
    free(flame->paths);
}

/* --- items ------------------------------------------------------------------------------------------------ */

/* A name has the same hue wherever it stands. */
static unsigned hue_of(const char *name) {
    unsigned hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash % HUES;
}

static double percent(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

static bool is_visible(const struct flame *flame, struct extent extent) {
    return extent.handles * FINEST >= flame->whole.handles ||
           (flame->whole.age > 0 && extent.age * FINEST >= flame->whole.age);
}

/* Begins the item; `before` is what stands in its parent, left of it. */
static void begin_item(const struct flame *flame, const char *name, struct extent extent, struct extent before,
                       struct extent parent) {
    char *age = duration_text(extent.age);
    fprintf(flame->out, "<li class=\"hue%u\" style=\"--x:%.4g;--w:%.4g;--ax:%.4g;--aw:%.4g\"><span>",
            hue_of(name), percent(before.handles, parent.handles), percent(extent.handles, parent.handles),
            percent(before.age, parent.age), percent(extent.age, parent.age));
    html_put(flame->out, name);
    fputs(" <small>", flame->out);
    html_put_count(flame->out, (uint64_t)extent.handles, "handle", "handles");
    fprintf(flame->out, ", %s</small></span>", age);
    free(age);
}

/* The paths that share the name at `level` with path `begin`, as an end. */
static size_t end_of_group(const struct flame *flame, size_t begin, size_t end, size_t level,
                           struct extent *extent) {
    size_t i = begin;
    *extent = (struct extent){0};
    for (; i < end && strcmp(flame->paths[i].names[level], flame->paths[begin].names[level]) == 0; i++)
        add_extent(extent, flame->paths[i].extent);
    return i;
}

/* The list of what is called at `level` of the paths from `begin` to `end`, which are alike above. */
static void put_level(const struct flame *flame, size_t begin, size_t end, size_t level, struct extent parent) {
    struct extent before = {0}, extent;
    while (begin < end && flame->paths[begin].count <= level)
        begin++; /* shorter ones come first, and end in the parent */
    if (begin == end)
        return;
    fputs("<ul>\n", flame->out);
    for (size_t next; begin < end; begin = next) {
        next = end_of_group(flame, begin, end, level, &extent);
        if (is_visible(flame, extent)) {
            begin_item(flame, flame->paths[begin].names[level], extent, before, parent);
            put_level(flame, begin, next, level + 1, extent);
            fputs("</li>\n", flame->out);
        }
        add_extent(&before, extent);
    }
    fputs("</ul>\n", flame->out);
}

void html_put_flame(const struct report *report, FILE *out) {
    struct flame flame = {.out = out};
    for (size_t i = 0; i < report->sites.count; i++)
        for (struct site part = {0}; sites_next_part(&report->sites.list[i], &part);)
            add_path(&flame, &part);
    if (flame.count)
        qsort(flame.paths, flame.count, sizeof *flame.paths, compare_paths);
    fputs("<section aria-labelledby=\"stacks\">\n<h2 id=\"stacks\">Stacks</h2>\n"
          "<p>Callers above, what they call below. <span id=\"flame-help\"></span></p>\n"
          "<input type=\"radio\" name=\"width\" id=\"by-handles\" checked> "
          "<label for=\"by-handles\">Width is handles</label>\n"
          "<input type=\"radio\" name=\"width\" id=\"by-age\"> "
          "<label for=\"by-age\">Width is how long they were open, all together</label>\n",
          out);
    fprintf(out, "<div id=\"flame\" style=\"--levels:%zu\">\n", flame.depth);
    put_level(&flame, 0, flame.count, 0, flame.whole);
    fputs("</div>\n<p id=\"flame-status\"></p>\n", out);
    if (flame.whole.handles > FINEST)
        fprintf(out, "<p>What is less than 1/%d of the whole is not drawn; the table has all sites.</p>\n",
                FINEST);
    fputs("</section>\n", out);
    end_paths(&flame);
}
