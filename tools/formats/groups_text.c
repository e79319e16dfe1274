/* groups_text.c - the overview of the text report: a line per group, and one per site in it. */
#include <inttypes.h>
#include <stdlib.h>

#include "tools/basics/duration.h"
#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"
#include "tools/formats/render.h"
#include "tools/handles/what.h"
#include "tools/names/frames.h"
#include "tools/names/trace.h"

/* "open_it src/a.c:21, called by load src/b.c:7": who acquires through a function of its own is told apart by
 * its callers. */
static char *place_of(const struct trace *trace) {
    char *place = frames_place(trace->count ? &trace->frames[0] : NULL);
    if (trace_own_frames(trace) < 2)
        return place;
    char *caller = frames_place(&trace->frames[1]), *both = memory_format("%s, called by %s", place, caller);
    free(caller);
    free(place);
    return both;
}

static void put_site(FILE *out, const struct site *site) {
    char *place = place_of(site->trace);
    const char *kind = site->count == 1 ? what_kind_word(site->kind) : what_kind_plural(site->kind);
    fprintf(out, "  %zu %s   %s   site %s\n", site->count, kind, place, site->id);
    free(place);
}

static void put_group(FILE *out, enum group_by by, const struct group *group, const struct site *sites) {
    char *name = utf8_for_terminal(group->name);
    fprintf(out, "\n%zu handle%s at %zu site%s, %s %s", group->handles, group->handles == 1 ? "" : "s",
            group->sites, group->sites == 1 ? "" : "s", groups_word(by), name);
    if (group->opened)
        fprintf(out, " (of %" PRIu64 " opened there, %" PRIu64 " closed)", group->opened, group->closed);
    char *age = group->oldest_age < 0 ? NULL : duration_text(group->oldest_age);
    if (age)
        fprintf(out, ", oldest %s", age);
    fputs(":\n", out);
    for (size_t i = 0; i < group->sites; i++)
        put_site(out, &sites[group->first + i]);
    free(age);
    free(name);
}

void groups_write(const struct report *report, FILE *out) {
    for (size_t i = 0; i < report->groups.count; i++)
        put_group(out, report->groups.by, &report->groups.list[i], report->sites.list);
}
