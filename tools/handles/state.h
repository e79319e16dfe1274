/* state.h - the state that a handle was in when the kernel was asked: what waits in it, what it holds up. */
#ifndef TOOLS_STATE_H
#define TOOLS_STATE_H

#include <jansson.h>

#include "tools/records/model.h"

struct state {
    char *text;    /* "5 bytes unread, holds a read lock"; NULL: nothing to tell. May hold any byte but zero */
    json_t *facts; /* the same as an object, with a member for each that is known; NULL none */
};

/* All that is known of the handle, of that kind. */
struct state state_make(const struct handle *handle, enum record_kind kind);

/* Appends words to the text. */
void state_add(struct state *state, const char *words);

void state_end(struct state *state);

#endif
