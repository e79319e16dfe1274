/* kinds.h - the option `kinds`: which kinds of handle are reported. */
#ifndef TOOLS_KINDS_H
#define TOOLS_KINDS_H

#include <stdbool.h>

#include "tracker/record_format.h"

struct kinds {
    bool wanted[RECORD_KIND_COUNT + 1]; /* the last: kinds that this reader does not know */
};

/* `all`, `default`, kinds, and `!kind` for not this one, joined by +, from left to right; if the first word
 * takes away, it takes from `default`. A word that is no kind is a warning that names the kinds. */
void kinds_parse(struct kinds *kinds, const char *words);

#endif
