/* memory.h - zeros from the kernel, for tables that grow. Any context; nothing after a lockdown. */
#ifndef TRACKER_MEMORY_H
#define TRACKER_MEMORY_H

#include <stddef.h>

/* Private memory of at least `bytes`, all zeros, with an address of a page; NULL if there is none to be had. */
void *memory_take(size_t bytes);

/* Gives back what memory_take(bytes) returned. Nobody else may know of it. */
void memory_give_back(void *memory, size_t bytes);

#endif
