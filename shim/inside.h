/* inside.h - the descriptor inside a stream or a directory. Any context; errno untouched. */
#ifndef SHIM_INSIDE_H
#define SHIM_INSIDE_H

#include <dirent.h>
#include <stdio.h>

/* -1 where there is none (NULL, memory and cookie streams). */
int inside_stream(FILE *stream);
int inside_directory(DIR *directory);

/* For handles that have none. */
static inline int inside_nothing(const void *handle) { return -1; }

#endif
