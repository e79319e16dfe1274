/* threads.h - which thread: its kernel id, and its name in the record. Any context, RECORD_READY only. */
#ifndef TRACKER_THREADS_H
#define TRACKER_THREADS_H

#include <stdbool.h>
#include <stdint.h>

/* The kernel's id of the calling thread, asked once per thread; the thread's name goes into the record then.
 * 0 if the kernel may not be asked (lockdown) and was not before. */
int32_t threads_here(void);

/* Tells readers of the record that the calling thread is in a call that may acquire, or is not any more: the
 * calls under way are counted, as one in a signal's handler may interrupt another. */
void threads_acquiring(void);
void threads_acquiring_over(void);

/* Child of a fork: this thread has another id now. */
void threads_forked(void);

/* Exit only. The names as they are now, of threads that still run. */
void threads_refresh_names(void);

#endif
