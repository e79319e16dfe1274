/* groups.c - see groups.h */
#include "tools/findings/groups.h"

#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/formats/render.h"
#include "tools/handles/what.h"

static const char *const words[] = {"site", "function", "file", "module", "kind", "process"};

const char *groups_word(enum group_by by) { return words[by]; }

enum group_by groups_named(const char *word) {
    enum group_by by = GROUP_BY_PROCESS;
    while (by > GROUP_BY_SITE && strcmp(words[by], word) != 0)
        by--;
    return by;
}

/* --- names ------------------------------------------------------------------------------------------------ */

static char *name_of_file(const struct frame *frame) {
    if (frame->file)
        return memory_copy(frame->file);
    return memory_format("(no source file is known in %s)",
                         *frame->module ? symbols_base_name(frame->module) : "an unknown module");
}

static char *name_by_frame(enum group_by by, const struct frame *frame) {
    if (by == GROUP_BY_FUNCTION)
        return render_frame_name(frame);
    if (by == GROUP_BY_FILE)
        return name_of_file(frame);
    return memory_copy(*frame->module ? frame->module : "(unknown module)");
}

static char *name_of(enum group_by by, const struct site *site) {
    const struct process *process = site->findings->process;
    if (by == GROUP_BY_KIND)
        return memory_copy(what_kind_word(site->kind));
    if (by == GROUP_BY_PROCESS)
        return memory_format("%d %s", process->pid, render_program(process));
    return site->trace->count ? name_by_frame(by, &site->trace->frames[0])
                              : memory_copy("(no stack was recorded)");
}

/* --- groups ----------------------------------------------------------------------------------------------- */

/* A site on its way into a group. */
struct member {
    char *name;
    struct site site;
    size_t handles; /* of the group */
    size_t rank;    /* of the site */
};

static int compare_names(const void *left, const void *right) {
    const struct member *one = left, *other = right;
    int difference = strcmp(one->name, other->name);
    return difference ? difference : (one->rank > other->rank) - (one->rank < other->rank);
}

static int compare_members(const void *left, const void *right) {
    const struct member *one = left, *other = right;
    if (one->handles != other->handles)
        return one->handles > other->handles ? -1 : 1;
    return compare_names(left, right);
}

/* Each member learns how many handles its group has. */
static void count_handles(struct member *members, size_t count) {
    for (size_t start = 0, end; start < count; start = end) {
        size_t handles = 0;
        for (end = start; end < count && strcmp(members[end].name, members[start].name) == 0; end++)
            handles += members[end].site.count;
        for (size_t i = start; i < end; i++)
            members[i].handles = handles;
    }
}

static void add_site(struct group *group, const struct site *site) {
    group->sites++;
    group->handles += site->count;
    group->opened += site->opened;
    group->closed += site->closed;
    group->oldest_age = site->oldest_age > group->oldest_age ? site->oldest_age : group->oldest_age;
}

/* The name goes to the group, or away. */
static void take_member(struct groups *groups, struct sites *sites, size_t index, struct member *member) {
    struct group *last = groups->count ? &groups->list[groups->count - 1] : NULL;
    if (last && strcmp(last->name, member->name) == 0) {
        free(member->name);
    } else {
        groups->list = memory_grow(groups->list, groups->count, sizeof *groups->list);
        last = &groups->list[groups->count++];
        *last = (struct group){.name = member->name, .first = index, .oldest_age = -1};
    }
    sites->list[index] = member->site;
    sites->list[index].group = last->name;
    add_site(last, &member->site);
}

void groups_make(struct groups *groups, enum group_by by, struct sites *sites) {
    *groups = (struct groups){.by = by};
    if (by == GROUP_BY_SITE || !sites->count)
        return;
    struct member *members = memory_new(sites->count, sizeof *members);
    for (size_t i = 0; i < sites->count; i++)
        members[i] = (struct member){.name = name_of(by, &sites->list[i]), .site = sites->list[i], .rank = i};
    qsort(members, sites->count, sizeof *members, compare_names);
    count_handles(members, sites->count);
    qsort(members, sites->count, sizeof *members, compare_members);
    for (size_t i = 0; i < sites->count; i++)
        take_member(groups, sites, i, &members[i]);
    free(members);
}

void groups_keep(struct groups *groups, size_t count, struct sites *sites) {
    if (count >= groups->count)
        return;
    sites->count = groups->list[count].first;
    while (groups->count > count)
        free(groups->list[--groups->count].name);
}

void groups_end(struct groups *groups) {
    for (size_t i = 0; i < groups->count; i++)
        free(groups->list[i].name);
    free(groups->list);
    *groups = (struct groups){0};
}
