/* directory.h - the names in a folder, without libc. */
#ifndef TRACKER_DIRECTORY_H
#define TRACKER_DIRECTORY_H

/* Any context, system calls allowed. Calls visit(name, context) for each entry of the folder that is open as
 * `descriptor`. */
void directory_visit(int descriptor, void (*visit)(const char *name, void *context), void *context);

#endif
