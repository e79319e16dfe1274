/* request.h - a report of what is held so far, asked for while the process runs. */
#ifndef TRACKER_REQUEST_H
#define TRACKER_REQUEST_H

/* Any context, RECORD_READY only, not in a lockdown. Who collects the records of the tree shows it; with a bare
 * preload the tool is run, and this thread waits for it. */
void request_report(void);

#endif
