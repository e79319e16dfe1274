/* handle_rows.h - handles for people, a line each, in columns. */
#ifndef TOOLS_HANDLE_ROWS_H
#define TOOLS_HANDLE_ROWS_H

#include <stdbool.h>
#include <stdio.h>

#include "tools/findings/sites.h"

/* Writes the first `most` of them, indented, and how many there are beyond. Safe for a terminal. */
void handle_rows_write(FILE *out, const struct finding *findings, size_t count, size_t most, bool with_pid);

#endif
