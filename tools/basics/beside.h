/* beside.h - files that options name. */
#ifndef TOOLS_BESIDE_H
#define TOOLS_BESIDE_H

#include <stdio.h>

/* Opens `file` for reading; a relative name that is not found is tried in the folder of `executable` ("":
 * unknown). NULL with errno. */
FILE *beside_open(const char *file, const char *executable);

#endif
