/* rules.h - the built-in rules of rules.def. */
#ifndef TOOLS_RULES_H
#define TOOLS_RULES_H

#include "tools/sites.h"

extern const size_t rules_count;

/* True if rule number `rule` says that the handle stays open by design. */
bool rules_match(size_t rule, const struct finding *finding);
const char *rules_reason(size_t rule);
const char *rules_programs(size_t rule); /* as in rules.def */

#endif
