/* relations.c - see relations.h */
#include "tools/findings/relations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"

static const struct {
    const char *word;   /* in JSON */
    const char *before; /* of the name */
} ways[RELATION_WAYS] = {
    [RELATION_DUPLICATE] = {"duplicate", "duplicate of "},
    [RELATION_OTHER_END] = {"other-end", "other end "},
    [RELATION_LISTENER] = {"listener", "accepted from "},
    [RELATION_WATCHER] = {"watcher", "in epoll "},
};

static bool is_same(const struct relation *one, const struct relation *other) {
    return one->way == other->way && one->pid == other->pid && one->number == other->number;
}

/* Of the way that has most places the last one. */
static struct relation *least_missed(struct relations *relations) {
    size_t places[RELATION_WAYS] = {0};
    struct relation *least = relations->list;
    for (size_t i = 0; i < relations->count; i++)
        if (++places[relations->list[i].way] >= places[least->way])
            least = &relations->list[i];
    return least;
}

static size_t places_of(const struct relations *relations, enum relation_way way) {
    size_t places = 0;
    for (size_t i = 0; i < relations->count; i++)
        places += relations->list[i].way == way;
    return places;
}

/* Many of one way leave room for those of others. */
static struct relation *place_for(struct relations *relations, enum relation_way way) {
    if (relations->count < RELATIONS_MOST)
        return &relations->list[relations->count++];
    if (places_of(relations, way) >= RELATIONS_TOLD)
        return NULL;
    struct relation *place = least_missed(relations);
    free(place->program);
    return place;
}

void relations_add(struct relations *relations, struct relation relation) {
    for (size_t i = 0; i < relations->count; i++)
        if (is_same(&relations->list[i], &relation)) {
            free(relation.program);
            return;
        }
    relations->count_of[relation.way]++;
    struct relation *place = place_for(relations, relation.way);
    if (place)
        *place = relation;
    else
        free(relation.program);
}

void relations_end(struct relations *relations) {
    for (size_t i = 0; i < relations->count; i++)
        free(relations->list[i].program);
    *relations = (struct relations){0};
}

/* "fd 3", "fd 3 of 4712 cat" */
static void put_name(FILE *out, const struct relation *relation) {
    fprintf(out, "fd %d", relation->number);
    if (relation->pid)
        fprintf(out, " of %d", relation->pid);
    if (relation->pid && relation->program)
        fprintf(out, " %s", relation->program);
}

static void put_names(FILE *out, const struct relations *relations, enum relation_way way) {
    size_t shown = 0, count = relations->count_of[way];
    for (size_t i = 0; i < relations->count && shown < RELATIONS_TOLD; i++) {
        if (relations->list[i].way != way)
            continue;
        bool is_last = shown + 1 == count;
        fputs(!shown ? "" : is_last ? " and " : ", ", out);
        put_name(out, &relations->list[i]);
        shown++;
    }
    if (shown < count)
        fprintf(out, " and %zu more", count - shown);
}

static void add_words(const struct relations *relations, enum relation_way way, const char *before,
                      const char *behind, struct state *state) {
    char *words = NULL;
    size_t size;
    FILE *out = relations->count_of[way] ? open_memstream(&words, &size) : NULL;
    if (!out)
        return;
    fputs(before, out);
    put_names(out, relations, way);
    fputs(behind, out);
    fclose(out);
    state_add(state, words);
    free(words);
}

/* The reader waits for others than the process that has both ends in its own hand. */
static bool holds_up(const struct relations *relations) {
    bool does = relations->count_of[RELATION_DUPLICATE] > 0;
    for (size_t i = 0; i < relations->count; i++)
        does |= relations->list[i].way == RELATION_OTHER_END && relations->list[i].pid;
    return does && relations->count_of[RELATION_OTHER_END];
}

/* One's own first. */
static int compare(const void *left, const void *right) {
    const struct relation *one = left, *other = right;
    if (one->way != other->way)
        return one->way < other->way ? -1 : 1;
    if (one->pid != other->pid)
        return one->pid < other->pid ? -1 : 1;
    return one->number < other->number ? -1 : one->number > other->number;
}

void relations_tell(struct relations *relations, bool writes, struct state *state) {
    if (relations->count)
        qsort(relations->list, relations->count, sizeof *relations->list, compare);
    for (enum relation_way way = 0; way < RELATION_WAYS; way++)
        if (way == RELATION_OTHER_END && writes && holds_up(relations))
            add_words(relations, way, "no end of file for ", " while it is open", state);
        else
            add_words(relations, way, ways[way].before, "", state);
}

json_t *relations_json(const struct relations *relations) {
    json_t *list = relations->count ? json_array() : NULL;
    for (size_t i = 0; i < relations->count; i++) {
        const struct relation *relation = &relations->list[i];
        json_array_append_new(list, json_pack("{s:s, s:o, s:i, s:s*}", "relation", ways[relation->way].word,
                                              "pid", relation->pid ? json_integer(relation->pid) : json_null(),
                                              "fd", relation->number, "program", relation->program));
    }
    return list;
}
