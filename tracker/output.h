/* output.h - writing the last words of a process to descriptors that may be closed, full, or not ours.
 * Exit only; start-up for output_is_theirs. */
#ifndef TRACKER_OUTPUT_H
#define TRACKER_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* Any context. Descriptor 2 is, or is not any more, where the program's errors go. */
void output_standard_error_is(bool the_programs);

/* Keeps a copy of descriptor 2, out of the way and closed at exec. */
void output_keep(void);

/* Any context: the program closes these numbers, the copy may be among them. */
void output_closing(unsigned first, unsigned last);

/* Any context. The descriptor for reports: the copy, or 2 while it is the program's, or -1. */
int output_descriptor(void);

/* The copy, or -1: for those who count descriptors. */
int output_own_descriptor(void);

/* Any context. The same without a child, for what is said while the program goes on: waits at most two seconds
 * each time. */
bool output_write_here(int descriptor, const char *text, size_t bytes);

/* Writes all of it, waiting for readers at most two seconds in the life of the process. No signal that a write
 * can raise reaches the program. */
bool output_write(int descriptor, const char *text, size_t bytes);

#endif
