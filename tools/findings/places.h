/* places.h - where sites are, in so few words that a line has room for them, and yet told apart: of programs
 * that acquire through a function of their own, all sites have the same innermost frame. */
#ifndef TOOLS_PLACES_H
#define TOOLS_PLACES_H

#include "tools/findings/activity.h"

/* A text for each of `count` sites: "xopen lib/open.c:12", and, if another site with the same call reads so
 * too, the callers by which they differ: "xopen lib/open.c:12 < load_state", with " < … < " for those that they
 * have in common. In their order; the caller frees each text and the list. NULL if there are none. */
char **places_tell(const struct activity_site *const *sites, size_t count);

#endif
