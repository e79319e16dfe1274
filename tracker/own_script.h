/* own_script.h - what a shell leaves open by its nature: the script that it reads. */
#ifndef TRACKER_OWN_SCRIPT_H
#define TRACKER_OWN_SCRIPT_H

#include <stdbool.h>

#include "tracker/findings.h"

/* Exit only. True if that is all there is, so that nobody need be started to find it out: the command knows
 * such handles (tools/findings/rules.def), and more of them, but each script would pay five times its own start
 * for it.
 */
bool own_script_is_all(const struct findings *findings);

#endif
