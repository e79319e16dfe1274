/* tidy.h - bounds on what dead processes leave behind. */
#ifndef TRACKER_TIDY_H
#define TRACKER_TIDY_H

#include <stdbool.h>
#include <stdint.h>

/* Any context, system calls allowed. True if the process with this random number should tidy the folder: one in
 * two where it looks full, else one in 256. */
bool tidy_is_due(const char *folder, uint8_t chance);

/* Any context, system calls allowed. Removes records of dead processes from the folder: all that are older than
 * a day, and of the others what is beyond a number and a size. Costs a few system calls per file: for one
 * process in many. */
void tidy_folder(const char *folder);

#endif
