/* memory.h - allocation that succeeds or ends the tool. None of these returns NULL. */
#ifndef TOOLS_MEMORY_H
#define TOOLS_MEMORY_H

#include <stddef.h>

/* Zeroed room for `count` elements of `bytes` each. */
void *memory_new(size_t count, size_t bytes);

char *memory_copy(const char *text);                 /* a zero-terminated copy */
char *memory_copy_bytes(const char *text, size_t n); /* of n bytes, terminated */
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Room for one more element at the end of an array of `count`: returns the array, moved where needed. The
 * array must have been grown by this function only, or be NULL with a count of 0. New room is not zeroed. */
void *memory_grow(void *array, size_t count, size_t bytes);

#endif
