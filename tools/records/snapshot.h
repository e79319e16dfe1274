/* snapshot.h - a record of a running process as it is now, to be kept and compared. */
#ifndef TOOLS_SNAPSHOT_H
#define TOOLS_SNAPSHOT_H

#include <stddef.h>

struct snapshot {
    unsigned char *bytes; /* owned: a whole record file */
    size_t size;
    int pid; /* as in the record */
    size_t handles;
};

/* Takes one of the living process whose record is at `record`: what its handles refer to is asked from the
 * kernel now, and this is the time that ages are taken from. Returns 0, or an exit status after a message: 65 a
 * damaged record, 66 there is none, or its process has ended. */
int snapshot_take(struct snapshot *snapshot, const char *record);
void snapshot_end(struct snapshot *snapshot);

#endif
