/* diff.c - see diff.h */
#include "tools/findings/diff.h"

#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"

/* The rows of one id, or of one id and line: a part of a sorted list. */
struct group {
    struct diff_row **rows;
    size_t count;
};

static int compare_rows(const void *left, const void *right) {
    const struct diff_row *one = *(struct diff_row *const *)left, *other = *(struct diff_row *const *)right;
    int difference = strcmp(one->id, other->id);
    return difference ? difference : strcmp(one->line_id, other->line_id);
}

static struct group sorted(struct diff_row *rows, size_t count) {
    struct group all = {memory_new(count, sizeof *all.rows), count};
    for (size_t i = 0; i < count; i++)
        all.rows[i] = &rows[i];
    if (count)
        qsort(all.rows, count, sizeof *all.rows, compare_rows);
    return all;
}

static uint64_t sum(const struct group *group) {
    uint64_t handles = 0;
    for (size_t i = 0; i < group->count; i++)
        handles += group->rows[i]->count;
    return handles;
}

/* Cuts those of `id` off the front of the list, and what sorts before. */
static struct group take_id(struct group *list, const char *id) {
    while (list->count && strcmp((*list->rows)->id, id) < 0)
        list->rows++, list->count--;
    struct group group = {list->rows, 0};
    while (list->count && strcmp((*list->rows)->id, id) == 0)
        group.count++, list->rows++, list->count--;
    return group;
}

static uint64_t count_at_line(const struct group *group, const char *line_id) {
    uint64_t handles = 0;
    for (size_t i = 0; i < group->count; i++)
        if (strcmp(group->rows[i]->line_id, line_id) == 0)
            handles += group->rows[i]->count;
    return handles;
}

/* Of an id that has more handles than before. */
static void mark_grown(const struct group *now, const struct group *before) {
    uint64_t had = sum(before), more = sum(now) - had;
    for (size_t i = 0; i < now->count; i++) {
        const char *line_id = now->rows[i]->line_id;
        if (count_at_line(now, line_id) <= count_at_line(before, line_id))
            had -= now->rows[i]->count;
        else
            now->rows[i]->more = more;
    }
    for (size_t i = 0; i < now->count; i++)
        now->rows[i]->before = now->rows[i]->more ? had : 0;
}

static void set_met(const struct group *group, bool met) {
    for (size_t i = 0; i < group->count; i++)
        group->rows[i]->met = met;
}

void diff_mark(struct diff_row *now, size_t now_count, struct diff_row *before, size_t before_count) {
    struct group rows = sorted(now, now_count), had = sorted(before, before_count);
    struct group rest = rows, rest_before = had;
    for (size_t i = 0; i < now_count; i++)
        now[i].before = now[i].more = 0;
    set_met(&had, false);
    while (rest.count) {
        struct group one = take_id(&rest, (*rest.rows)->id), other = take_id(&rest_before, (*one.rows)->id);
        set_met(&one, other.count > 0);
        set_met(&other, true);
        if (sum(&one) > sum(&other))
            mark_grown(&one, &other);
    }
    free(had.rows);
    free(rows.rows);
}
