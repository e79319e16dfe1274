/* families.h - handles that belong together: duplicates of one open file description, both ends of a pipe or
 * socketpair, what an accepted connection came from, what watches a descriptor. Also across the processes of a
 * report. Only what is certain is told: by the kernel's word, or by calls on handles that were held since. */
#ifndef TOOLS_FAMILIES_H
#define TOOLS_FAMILIES_H

#include "tools/findings/sites.h"

/* Sets the relations of all findings and adds them to the words on their state. Relatives are looked for among
 * all handles of these processes, and, of those that run, in other processes that may be looked into. */
void families_find(struct process *const *processes, size_t count, struct findings *findings);

#endif
