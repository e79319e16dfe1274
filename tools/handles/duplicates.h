/* duplicates.h - which descriptors of a living process are duplicates of one another. */
#ifndef TOOLS_DUPLICATES_H
#define TOOLS_DUPLICATES_H

#include "tools/records/model.h"

/* Sets `duplicate_of` in the details of the process, whose number here is `pid`; where one may not ask, or has
 * none, nothing is set. */
void duplicates_find(struct process *process, int pid);

#endif
