/* closers.h - who released the handles of a site: the code that knows how, and which the forgotten ones missed.
 * Only what is certain is told: shares that were counted, none that were estimated. */
#ifndef TOOLS_CLOSERS_H
#define TOOLS_CLOSERS_H

#include <jansson.h>

#include "tools/names/symbols.h"
#include "tools/records/model.h"

enum { CLOSERS_MOST = 4 };

struct closers {
    struct {
        const struct trace *trace; /* of the releasing call: one frame, or all with misuse=2 */
        uint64_t count;            /* handles that it released, at least */
    } list[CLOSERS_MOST];          /* the most first */
    size_t count;
};

/* Adds those of a stack; what reads alike is one. */
void closers_add(struct closers *closers, struct symbols *symbols, const struct process *process,
                 const struct stack *stack);

void closers_merge(struct closers *into, const struct closers *other);

/* "9 of 12 were closed in handle_request server.c:38", or "118 of 120 were closed: 110 in …, 8 in …"; NULL if
 * nobody is known. Safe for a terminal. The caller frees it. */
char *closers_text(const struct closers *closers, uint64_t opened, uint64_t closed);

/* A list of objects with count and frames. A new reference. */
json_t *closers_json(const struct closers *closers);

#endif
