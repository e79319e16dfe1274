/* succession.h - records that images of one process leave to those that they execute, to tell where descriptors
 * come from that passed. They have names that follow from the pid, so that the last image finds and removes
 * them: with it ends what they were kept for. */
#ifndef TRACKER_SUCCESSION_H
#define TRACKER_SUCCESSION_H

/* Any context, RECORD_READY only, not in a lockdown: this image's record is one of them from now on, if it has
 * a file. */
void succession_leave(void);

/* Any context, as above: the exec failed, and this image goes on. */
void succession_stay(void);

/* Exit only, not in a lockdown: removes those that earlier images of this process left. */
void succession_end(void);

#endif
