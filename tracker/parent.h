/* parent.h - whether the process that started this one runs under the library, too. */
#ifndef TRACKER_PARENT_H
#define TRACKER_PARENT_H

#include <stdbool.h>

/* Any context, system calls allowed. Reads a file of /proc: asked only where an option or a mistake needs to
 * know which process is the first. False also where it cannot be told. */
bool parent_is_watched(void);

#endif
