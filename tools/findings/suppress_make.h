/* suppress_make.h - suppressions for what was found: option gen_suppressions and the format `suppressions`. */
#ifndef TOOLS_SUPPRESS_MAKE_H
#define TOOLS_SUPPRESS_MAKE_H

#include "tools/findings/misuse.h"
#include "tools/findings/sites.h"

/* A line for a file of suppressions that takes handles of the site's kind which the site's function (of its
 * frame 0) acquired, wherever in it, and no others. Where frame 0 has no name it is that one call in this build
 * of the module, where there is no stack what the handles refer to. NULL: nothing is known to name the site by.
 * The caller frees it. */
char *suppress_make_line(const struct site *site);

/* The same for a misuse: its type does not matter, its function does. */
char *suppress_make_misuse_line(const struct misuse_site *site);

#endif
