/* code.h - what the program's own code says. Any context; false after a lockdown, since memory is probed first. */
#ifndef TRACKER_CODE_H
#define TRACKER_CODE_H

#include <stdbool.h>
#include <stdint.h>

/* True if the call that returns to this address may be in a loop of its function, or nobody knows. */
bool code_may_loop(uintptr_t return_address);

#endif
