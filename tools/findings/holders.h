/* holders.h - which processes of this machine, watched or not, hold the same pipes and sockets. */
#ifndef TOOLS_HOLDERS_H
#define TOOLS_HOLDERS_H

#include "tools/findings/sites.h"

/* Adds to the relations of findings of living processes: who has duplicates of them, or their other ends. Looks
 * into processes of this user only, as far as a bound; silent where nothing can be seen. */
void holders_find(struct findings *findings);

#endif
