/* told.h - findings of processes that could leave no record and have told them by themselves. */
#ifndef TOOLS_TOLD_H
#define TOOLS_TOLD_H

#include <stddef.h>

/* How many handles they found in all. Their marks are taken out of the folder. */
size_t told_take(const char *folder);

#endif
