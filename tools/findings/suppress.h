/* suppress.h - what may stay open: the user's suppressions (CONTRACT.md), and the rules of rules.def. */
#ifndef TOOLS_SUPPRESS_H
#define TOOLS_SUPPRESS_H

#include <stddef.h>

#include "tools/findings/misuse.h"
#include "tools/findings/sites.h"

struct suppressions;

/* Reads `file`, "" for none. What cannot be read or understood is said with file and line on standard error
 * and left out. A relative name that is not found is tried beside `executable`. */
struct suppressions *suppress_begin(const char *file, const char *executable);
void suppress_end(struct suppressions *suppressions);

/* True if the handle may stay open; counts it for the suppression or rule that says so. */
bool suppress_takes(struct suppressions *suppressions, const struct finding *finding);

/* The same of a wrong call: all that happened at that place. Rules are about handles only. */
bool suppress_takes_misuse(struct suppressions *suppressions, const struct misuse_site *site);

/* From now on notes tell neither where the file lies nor what handles refer to. */
void suppress_hide_paths(struct suppressions *suppressions);

/* Calls `tell` with one sentence for each suppression that is over and would have matched, and, if `all`, for
 * each that matched, each that matched nothing and each rule that matched. */
void suppress_each_note(const struct suppressions *suppressions, bool all,
                        void (*tell)(void *context, const char *sentence), void *context);

#endif
