/* top_watch.h - whom a live view watches, and looks at them. Nobody is stopped, attached to or waited for: what
 * is read are records and /proc. */
#ifndef TOOLS_TOP_WATCH_H
#define TOOLS_TOP_WATCH_H

#include "tools/top/top_model.h"

struct top_watch;

/* `words`: PIDs (also records and folders of them), `count` of them; with none, all watched processes whose
 * records lie in `folder` or, if that is NULL, where the option `record` puts them by itself. NULL after a
 * message on standard error, with the exit status in *status. */
struct top_watch *top_watch_begin(char *const *words, size_t count, const char *folder, int *status);

/* One look at everybody, into the model. */
void top_watch_sample(struct top_watch *watch, struct top_model *model);

/* True if processes were named and all of them have ended. */
bool top_watch_is_over(const struct top_watch *watch);

/* What the text report says of the site: its stack and its handles, as they are now. Any bytes but what a
 * terminal takes for orders; lines. The caller frees it; NULL: the process has ended. */
char *top_watch_site(struct top_watch *watch, const struct top_process *process, const struct top_site *site);

void top_watch_end(struct top_watch *watch);

#endif
