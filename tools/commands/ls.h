/* ls.h - what `leftopen ls` shows, in its formats. */
#ifndef TOOLS_LS_H
#define TOOLS_LS_H

#include <stdio.h>

#include "tools/commands/ls_handles.h"
#include "tools/findings/activity.h"
#include "tools/handles/kernel_view.h"
#include "tools/records/model.h"

/* One process. */
struct ls_look {
    struct process *process;
    struct activity activity;
    struct kernel_view kernel;
    int pid;    /* here; 0: as in the record */
    int sharer; /* pid of a process without a record that was forked from this one; then `process` has only the
                 * handles that both have open. 0: none */
};

struct ls_view {
    const struct ls_look *looks;
    size_t count;
    const struct activity *sum;       /* of all of them, with its sites in the order in which they are shown */
    bool only_processes;              /* their sites are not wanted */
    bool stacks, all;                 /* whole stacks; also sites with nothing open */
    size_t most;                      /* sites; 0: all */
    const struct ls_handles *handles; /* one by one; NULL: they are not wanted */
};

void ls_text(const struct ls_view *view, FILE *out);
void ls_json(const struct ls_view *view, FILE *out);

#endif
