/* frames.h - stacks as text for people. Nothing from the watched program reaches the terminal as it is: see
 * utf8_for_terminal. */
#ifndef TOOLS_FRAMES_H
#define TOOLS_FRAMES_H

#include <stdbool.h>
#include <stdio.h>

#include "tools/names/symbols.h"

/* A line per frame, "    #0 connect_upstream src/net/conn.c:42:13 (server+0x1a2b)". `all`: also those with
 * which libc starts programs and threads, and names in full, however long. */
void frames_write(FILE *out, const struct trace *trace, bool all);

/* Where a frame is, in few words: "connect_upstream src/net/conn.c:42", without a line "connect_upstream
 * (server)", without a name "(server+0x1a2b)". `frame` may be NULL: nothing is known. The caller frees it. */
char *frames_place(const struct frame *frame);

#endif
