/* watch.h - what `leftopen run` tells while the program still runs: shortages at once, reports that were asked
 * for, a line per interval, the report of each process as it ends.
 *
 * All of it is read from the records, from outside; what is told goes to standard error, without ever waiting
 * long for a reader. */
#ifndef TOOLS_WATCH_H
#define TOOLS_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tools/records/folder.h"
#include "tools/settings/settings.h"

struct watch_request {
    const char *folder;               /* of the tree's records */
    int folder_descriptor;            /* the same, open; its notification (F_NOTIFY) is set and taken back */
    const struct folder_list *before; /* records that lay there already */
    const struct settings *settings;
    pid_t first;       /* whose end is reported when all is over */
    uint64_t interval; /* ns between two lines; 0: none are wanted */
    bool follow;       /* report each process as it ends */
};

/* From now on SIGIO is sent to this process, which must have it blocked, when watch_attend has something to do.
 * The request must stay as it is. */
struct watch *watch_begin(const struct watch_request *request);

/* Does what is due. Returns after how many milliseconds it wants to be called at the latest; -1: not before the
 * next SIGIO. */
int watch_attend(void *watch);

/* True if the report at the end stands where the shortages were told, in the same words. */
bool watch_has_told_shortages(const struct settings *settings);

/* Tells what is left to tell. */
void watch_end(struct watch *watch);

#endif
