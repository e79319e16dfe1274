/* kernel.h - what the kernel knows of descriptors. System calls: not after a lockdown. Temporary descriptors
 * are closed before these return. */
#ifndef TRACKER_KERNEL_H
#define TRACKER_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Any context. Calls visit(number, context) for every open descriptor. False if /proc/self/fd cannot be read:
 * then only numbers up to 1023 were tried, one by one. */
bool kernel_visit_open(void (*visit)(int number, void *context), void *context);

/* Any context. */
bool kernel_is_open(int number);

/* Any context. True if the folder of this path lists the descriptors of a process; and what tells of most paths
 * at once that they do not. */
bool kernel_lists_numbers(const char *path);
static inline bool kernel_may_list_numbers(const char *path) {
    return path[0] == '/' && (path[1] == 'd' || path[1] == 'p'); /* in /dev, in /proc */
}

/* Any context. The path of the program, without a zero byte at its end. Its length, or -errno. */
long kernel_executable(char *path, size_t bytes);

/* Any context. How many descriptors are open, -1 if the kernel does not say (before Linux 6.2, or no /proc). */
int64_t kernel_count_open(void);

/* Exit only. How many threads this process has; 0 if it cannot be told. */
unsigned kernel_count_threads(void);

#endif
