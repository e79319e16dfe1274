/* top_messages.c - see top_messages.h */
#include "tools/top/top_messages.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/basics/memory.h"

enum { MOST_BYTES = 1024 /* of the messages that are read: the newest */ };

static int held = -1, original = -1;

void top_messages_hold(void) {
    if (!isatty(STDERR_FILENO))
        return;
    held = memfd_create("messages", MFD_CLOEXEC);
    original = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (held >= 0 && original >= 0)
        dup2(held, STDERR_FILENO);
}

char *top_messages_take(void) {
    char text[MOST_BYTES + 1];
    off_t size = held >= 0 ? lseek(held, 0, SEEK_CUR) : 0;
    off_t from = size > MOST_BYTES ? size - MOST_BYTES : 0;
    ssize_t bytes = size > 0 ? pread(held, text, MOST_BYTES, from) : 0;
    if (bytes <= 0)
        return memory_copy("");
    if (ftruncate(held, 0) == 0)
        lseek(held, 0, SEEK_SET);
    text[bytes] = '\0';
    if (text[bytes - 1] == '\n')
        text[bytes - 1] = '\0';
    const char *last = strrchr(text, '\n');
    return memory_copy(last ? last + 1 : text);
}

void top_messages_release(void) {
    if (held < 0 || original < 0)
        return;
    char *last = top_messages_take();
    dup2(original, STDERR_FILENO);
    if (*last)
        dprintf(STDERR_FILENO, "%s\n", last);
    free(last);
    close(held);
    close(original);
    held = original = -1;
}
