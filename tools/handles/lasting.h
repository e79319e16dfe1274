/* lasting.h - what a process left behind that outlives every process: names in /dev/shm, System V's objects. */
#ifndef TOOLS_LASTING_H
#define TOOLS_LASTING_H

#include <stdbool.h>

#include "tools/records/model.h"

/* True if the process made it and it is still there, as far as can be seen from here: another process may have
 * removed it meanwhile, and one in a container of its own has others of the same name. */
bool lasting_is_left(const struct handle *handle);

#endif
