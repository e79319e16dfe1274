/* relatives.h - the records that lie beside those of a report, for what these do not tell themselves. */
#ifndef TOOLS_RELATIVES_H
#define TOOLS_RELATIVES_H

#include <stddef.h>

#include "tools/records/model.h"

/* Reads the records that lie in the folder of `process` and may be of an earlier image of it or of its parents,
 * and appends them to the list, which is grown as memory_grow does. Those that are in it, or in `known`,
 * already are left out. The caller ends them. Silent where nothing can be read. */
void relatives_read(const struct process *process, struct process *const *known, size_t known_count,
                    struct process ***list, size_t *count);

#endif
