/* living.h - the watched processes that run now, and which of their records is whose. */
#ifndef TOOLS_LIVING_H
#define TOOLS_LIVING_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/records/model.h"

struct living {
    int pid;      /* here; 0: not known, the process runs in another pid namespace */
    char *record; /* a path by which it can be read */
};

struct living_list {
    struct living *list;
    size_t count;
};

/* All that this user may see: by what they have mapped, and by the records in this user's folders. */
void living_find(struct living_list *list);
void living_end(struct living_list *list);

/* The record that a process has mapped, by a path that leads to it from here, also into its mount namespace.
 * Owned by the caller. NULL: none; *error is then 0, or why one may not look (EACCES, ENOENT …). */
char *living_record(int pid, int *error);

/* The pid here of the process that has this record mapped: in the record is the one of its own pid namespace.
 * 0: there is none, or none may be looked into. */
int living_pid(const struct process *process);

/* The nearest ancestor from which a watched process without a file of its own was forked, as far as one can see
 * from here: same executable, and a record. 0: none. */
int living_origin(int pid);

/* Where /proc shows what the process has mapped and open: `pid`, or where its main thread has ended before
 * others the number of one of those. */
int living_thread(int pid);

/* True if a signal has stopped the process, or a debugger. */
bool living_is_stopped(int pid);

/* True if the process has the library mapped. */
bool living_is_watched(int pid);

#endif
