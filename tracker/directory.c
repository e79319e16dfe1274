/* directory.c - see directory.h. */
#include "tracker/directory.h"

#include <stdint.h>

#include "tracker/sys.h"

struct entry { /* linux_dirent64 */
    uint64_t inode;
    int64_t offset;
    uint16_t bytes;
    uint8_t type;
    char name[];
};

void directory_visit(int descriptor, void (*visit)(const char *name, void *context), void *context) {
    _Alignas(8) char buffer[1024];
    long length;
    while ((length = SYS(SYS_getdents64, descriptor, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < length;) {
            const struct entry *entry = (const struct entry *)(buffer + at);
            visit(entry->name, context);
            at += entry->bytes;
        }
}
