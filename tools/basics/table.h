/* table.h - lines of text in columns that are as wide as they need to be. */
#ifndef TOOLS_TABLE_H
#define TOOLS_TABLE_H

#include <stdio.h>

/* `columns` is the heading, a word per column, separated by blanks; a word that begins with < names a column
 * whose cells stand on the left, all others stand on the right: "PID OPEN <PROGRAM". */
struct table *table_begin(const char *columns);

/* One line: as many cells as there are columns. Takes them over. What a terminal would not show as it is, is
 * escaped. */
void table_add(struct table *table, char *const cells[]);

/* Text that stands below the newest line as it is, ended by a newline. Takes it over. */
void table_add_text(struct table *table, char *text);

/* Writes heading and lines. */
void table_write(const struct table *table, FILE *out);
void table_end(struct table *table);

#endif
