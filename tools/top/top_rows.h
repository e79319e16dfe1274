/* top_rows.h - processes and sites as lines of columns, for a screen of a given width. The caller frees them.
 */
#ifndef TOOLS_TOP_ROWS_H
#define TOOLS_TOP_ROWS_H

#include "tools/top/top_model.h"

char *top_process_header(int columns);
char *top_process_row(const struct top_process *process, int columns);
char *top_site_header(int columns);
char *top_site_row(const struct top_site *site, int columns);

#endif
