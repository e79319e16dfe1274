/* baseline.h - the option `baseline`: a JSON report of earlier. What was found then is not told again. */
#ifndef TOOLS_BASELINE_H
#define TOOLS_BASELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/findings/misuse.h"
#include "tools/findings/sites.h"

struct baseline;

/* Reads `file` (see past_report_read); "" is no baseline, and *baseline is NULL. Returns 0, or after a message
 * 66 it cannot be opened, 65 it is no such report, or damaged. */
int baseline_begin(struct baseline **baseline, const char *file, const char *executable);
void baseline_end(struct baseline *baseline); /* NULL is none */

/* Takes the sites out of `sites` that had as many handles then, or more, and returns how many handles those
 * are. The others learn what they had (site.before) and what came since (site.more). NULL is none. */
size_t baseline_take(struct baseline *baseline, struct sites *sites);

/* Takes the misuses out of `misuses` that were known then, however often they happened, and returns how many
 * those are. NULL is none. */
size_t baseline_take_misuses(const struct baseline *baseline, struct misuse_sites *misuses);

/* From now on notes do not tell where the file, and its program, lie. NULL is fine. */
void baseline_hide_paths(struct baseline *baseline);

/* Behind baseline_take: calls `tell` with a sentence if it knew none of the sites that there were, and if `all`
 * with one on those of its sites that there were not. */
void baseline_each_note(const struct baseline *baseline, bool all,
                        void (*tell)(void *context, const char *sentence), void *context);

#endif
