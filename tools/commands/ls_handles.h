/* ls_handles.h - the handles behind what `leftopen ls` shows, one by one. */
#ifndef TOOLS_LS_HANDLES_H
#define TOOLS_LS_HANDLES_H

#include "tools/findings/sites.h"

/* Zero at first. */
struct ls_handles {
    struct findings held;      /* by site */
    char (*sites)[17];         /* ids of the sites of these */
    struct findings inherited; /* with their origins, as far as they are known for sure; 0, 1 and 2 as well */
    struct process **others;   /* records that told origins */
    size_t other_count;
};

/* Takes the handles of all these processes. They must stay. */
void ls_handles_take(struct ls_handles *handles, struct symbols *symbols, struct process *const *processes,
                     size_t count);

/* Those held at a site, by its id: the first one, and in *count how many. */
const struct finding *ls_handles_of(const struct ls_handles *handles, const char *site, size_t *count);

void ls_handles_end(struct ls_handles *handles);

#endif
