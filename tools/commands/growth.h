/* growth.h - lines that tell how the handles of a tree grow in number, one look after the other. */
#ifndef TOOLS_GROWTH_H
#define TOOLS_GROWTH_H

#include "tools/names/symbols.h"
#include "tools/records/folder.h"

/* The symbols must outlive it. */
struct growth *growth_begin(struct symbols *symbols);

/* Looks at the living processes among the records and compares with the look before. One line, ended by a
 * newline; the caller frees it:
 *   leftopen: 2026-11-23 09:10:39: 3 processes, 120 handles open (+12), descriptors 40/1024; grew: +10 … */
char *growth_line(struct growth *growth, const struct folder_list *records);

void growth_end(struct growth *growth);

#endif
