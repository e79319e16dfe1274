/* exit_pass.h - the end of the process: what is left open is told, released, and told to the user. */
#ifndef TRACKER_EXIT_PASS_H
#define TRACKER_EXIT_PASS_H

#include <stdbool.h>

#include "tracker/record_format.h"

/* Start-up only. See struct tracker_start. */
void exit_pass_configure(int (*flush_streams)(void));

/* Any context: descriptor 2 is, or is not any more, where the program's errors go. */
void exit_pass_standard_error_is(bool the_programs);

/* Exit only, RECORD_READY. Keeps a copy of descriptor 2 if anything is held. */
void exit_pass_keep_standard_error(void);

/* Exit only, RECORD_READY. See tracker_end. */
void exit_pass(enum record_end end, int status, bool may_flush);

#endif
