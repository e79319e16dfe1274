/* relations.h - the relatives of one handle. */
#ifndef TOOLS_RELATIONS_H
#define TOOLS_RELATIONS_H

#include <jansson.h>

#include "tools/handles/state.h"

enum relation_way {
    RELATION_DUPLICATE, /* the same open file description */
    RELATION_OTHER_END,
    RELATION_LISTENER, /* it was accepted from this one */
    RELATION_WATCHER,  /* an epoll descriptor */
    RELATION_WAYS
};

struct relation {
    enum relation_way way;
    int pid;       /* 0: the same process */
    int number;    /* descriptor there */
    char *program; /* what another process is called; NULL unknown */
};

enum {
    RELATIONS_TOLD = 2, /* of each way in text; the rest is counted */
    RELATIONS_MOST = RELATION_WAYS * RELATIONS_TOLD
};

struct relations {
    struct relation list[RELATIONS_MOST];
    size_t count;
    size_t count_of[RELATION_WAYS]; /* with those that have no place in the list */
};

/* Takes `program` over. What is in the list is not added again. Where the list is full, a way that has fewer
 * than RELATIONS_TOLD gets the place of one that has more. */
void relations_add(struct relations *relations, struct relation relation);

/* Sorts them, and adds words to the state: "duplicate of fd 3", "other end fd 0 of 4712 cat". `writes`: it is
 * the writing end of a pipe, which holds up its reader's end of file. */
void relations_tell(struct relations *relations, bool writes, struct state *state);

/* A list of objects; NULL if there are none. A new reference. */
json_t *relations_json(const struct relations *relations);

void relations_end(struct relations *relations);

#endif
