/* kernel_view.h - the descriptors that the kernel says a living process has, beside those in its record. */
#ifndef TOOLS_KERNEL_VIEW_H
#define TOOLS_KERNEL_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/records/model.h"

struct kernel_view {
    bool is_known; /* else one may not look, or threads have tables of their own */
    size_t open;   /* descriptors */
    size_t
        unseen;  /* of these the record knows nothing, though nothing was under way, and none keeps a number */
    size_t gone; /* in the record the kernel does not know them any more: closed behind its back */
};

/* Reads the record at `path` as record_read does, and what the kernel says before and after that: a number
 * counts only if both looks agree. *pid is the process's number here, 0 unknown. */
struct process *kernel_view_read(const char *path, bool may_vanish, struct kernel_view *view, int *pid,
                                 int *status);

/* Where a descriptor leads, as /proc/PID/fd/N shows it. The caller frees it; NULL: it is not open, or one may
 * not look. */
char *kernel_view_link(int pid, int number);

#endif
