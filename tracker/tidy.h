/* tidy.h - bounds on what dead processes leave behind. */
#ifndef TRACKER_TIDY_H
#define TRACKER_TIDY_H

/* Any context, system calls allowed. Removes records of dead processes from the folder: all that are older than
 * a day, and of the others what is beyond a number and a size. Costs a few system calls per file: for one
 * process in many. */
void tidy_folder(const char *folder);

#endif
