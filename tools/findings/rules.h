/* rules.h - the built-in rules of rules.def. */
#ifndef TOOLS_RULES_H
#define TOOLS_RULES_H

#include "tools/findings/misuse.h"
#include "tools/findings/sites.h"

extern const size_t rules_count;

/* The number of the first rule that says that the handle stays open by design, or that the wrong call is the
 * program's way of working; rules_count: there is none. */
size_t rules_find(const struct finding *finding);
size_t rules_find_misuse(const struct misuse_site *site);

const char *rules_reason(size_t rule);
const char *rules_programs(size_t rule); /* as in rules.def */

#endif
