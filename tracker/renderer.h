/* renderer.h - has the tool render this process's record, from inside the process. */
#ifndef TRACKER_RENDERER_H
#define TRACKER_RENDERER_H

#include <stdbool.h>

enum renderer_verdict {
    RENDERER_CLEAN,    /* nothing that counts: all suppressed, or below min_count */
    RENDERER_FINDINGS, /* findings that count */
    RENDERER_FAILED,   /* could not be had, and wrote nothing */
    RENDERER_BROKEN    /* could not be had, after it began to write */
};

/* Any context: paths may lead elsewhere from now on (chroot, another mount namespace), and nothing is run any
 * more. */
void renderer_root_changed(void);

/* Any context, RECORD_READY only. Runs `leftopen report --exit-pass` on the record, its standard error being
 * `descriptor` (-1: nothing is to be seen, only the verdict counts). Waits at most three seconds for another
 * thread that is at it, ten for the tool to begin writing, and five for each pause after that. No SIGCHLD
 * reaches the program and none of its waits can meet our child. */
enum renderer_verdict renderer_run(int descriptor);

/* Child of a fork: another thread of the parent may have been at it, with descriptors that are here as well:
 * they are closed, unless they are the same (clone with CLONE_FILES). */
void renderer_forked(bool shares_descriptors);

#endif
