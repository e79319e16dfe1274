/* bell.h - tells who collects the records of a tree (`leftopen run`) that this one's deserves a look now. */
#ifndef TRACKER_BELL_H
#define TRACKER_BELL_H

/* Any context, RECORD_READY only, not in a lockdown. Needs no descriptor: the record's file is touched by its
 * name, which inotify(7) shows to others as IN_ATTRIB; writing to a mapping shows nothing. */
void bell_ring(void);

#endif
