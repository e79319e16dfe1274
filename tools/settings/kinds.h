/* kinds.h - the option `kinds`: which kinds of handle are reported. */
#ifndef TOOLS_KINDS_H
#define TOOLS_KINDS_H

#include <stdbool.h>

#include "tracker/record_format.h"

struct kinds {
    bool wanted[RECORD_KIND_COUNT + 1]; /* the last: kinds that this reader does not know */
};

/* `all`, `default`, kinds, and `!kind` for not this one, joined by +, from left to right; if the first word
 * takes away, it takes from `default`. Words that are no kinds mean nothing. */
void kinds_parse(struct kinds *kinds, const char *words);

/* What would fit, if `words` do not: one is no kind, or they leave no kind; else NULL. The caller frees it. */
char *kinds_fault(const char *words);

#endif
