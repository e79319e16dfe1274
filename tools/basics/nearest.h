/* nearest.h - "did you mean …?" */
#ifndef TOOLS_NEAREST_H
#define TOOLS_NEAREST_H

#include <stddef.h>

/* The one of `count` names that `word` was most likely meant to be, or NULL if none is near. */
const char *nearest(const char *word, const char *const *names, size_t count);

#endif
