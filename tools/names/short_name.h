/* short_name.h - names of functions that a line has room for: those of C++ and Rust may be pages long. */
#ifndef TOOLS_SHORT_NAME_H
#define TOOLS_SHORT_NAME_H

#include <stddef.h>

/* A copy of at most `most` bytes, if it can be made so by writing <…> for what is in angle brackets, the
 * innermost first. The caller frees it. */
char *short_name(const char *name, size_t most);

#endif
