/* regular.h - opens files whose names come from others. */
#ifndef TOOLS_REGULAR_H
#define TOOLS_REGULAR_H

#include <sys/stat.h>

/* Opens the file to be read, if it is a regular one. Whatever else has that name (a device, a named pipe, a
 * socket) is looked at but never opened: that alone may do something, or wait. Returns a descriptor
 * (close-on-exec) and fills `about`, or -errno; -EMEDIUMTYPE: it is no regular file. */
int regular_open(const char *path, struct stat *about);

#endif
