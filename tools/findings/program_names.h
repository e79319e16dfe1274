/* program_names.h - what processes are called that have nothing to do with each other. */
#ifndef TOOLS_PROGRAM_NAMES_H
#define TOOLS_PROGRAM_NAMES_H

#include "tools/formats/render.h"

/* "./server", or "./server (3), ./client and 2 other programs": of the processes that left something open, where
 * none did of all. The caller frees it. */
char *program_names(const struct report *report);

#endif
