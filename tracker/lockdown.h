/* lockdown.h - after the program locked itself down (seccomp), no system call is made that it did not ask for:
 * the filter may kill for it. Any context. */
#ifndef TRACKER_LOCKDOWN_H
#define TRACKER_LOCKDOWN_H

#include <stdbool.h>

bool lockdown_is_on(void);
void lockdown_begin(void);

#endif
