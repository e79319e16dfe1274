/* exit_pass.h - the end of the process: what is left open is told, released, and told to the user. */
#ifndef TRACKER_EXIT_PASS_H
#define TRACKER_EXIT_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracker/record_format.h"

/* Start-up only. See struct tracker_start. */
struct tracker_start;
void exit_pass_configure(const struct tracker_start *start);

/* Any context: descriptor 2 is, or is not any more, where the program's errors go. */
void exit_pass_standard_error_is(bool the_programs);

/* Exit only, RECORD_READY. The end begins, at `caller`. Keeps a copy of descriptor 2 if anything is held. */
void exit_pass_ending(uintptr_t caller);

/* Any context: the program closes these numbers; a copy of standard error that is among them is lost. */
void exit_pass_closing(unsigned first, unsigned last);

/* Child of a fork, which may come while another thread ends the parent. */
void exit_pass_forked(void);

/* Any context: see tracker_root_changed. */
void exit_pass_root_changed(void);

/* Any context, RECORD_READY only. When and how the process ended, or went on as another image. */
void exit_pass_note_end(enum record_end end, int status);

/* Any context: another process uses our descriptors; nothing is closed at the end. */
void exit_pass_leave_to_kernel(void);
bool exit_pass_is_left_to_kernel(void);

/* Exit only, RECORD_READY. See tracker_end. `threaded`: where the kernel does not say how many threads there
 * are. */
void exit_pass(enum record_end end, int status, bool may_flush, bool threaded);

#endif
