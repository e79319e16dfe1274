/* notes.h - what is missing in a report, and why: one sentence each. */
#ifndef TOOLS_NOTES_H
#define TOOLS_NOTES_H

#include "tools/findings/baseline.h"
#include "tools/findings/suppress.h"
#include "tools/names/symbols.h"
#include "tools/records/model.h"

struct notes {
    char **list;
    size_t count;
};

struct notes_about {
    struct process *const *processes;
    size_t process_count;
    const struct symbols *symbols;
    const struct suppressions *suppressions;
    const struct baseline *baseline; /* NULL none */
    size_t young;      /* handles that min_age left out */
    bool has_findings; /* else only what was asked for is said */
    bool survivors;    /* living processes were left out */
    bool all;          /* verbosity: also what hardly matters */
};

void notes_collect(struct notes *notes, const struct notes_about *about);

/* That so many sites are not shown, if any. */
void notes_add_hidden(struct notes *notes, size_t sites, size_t handles);

void notes_end(struct notes *notes);

#endif
