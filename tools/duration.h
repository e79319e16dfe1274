/* duration.h - lengths of time for people. */
#ifndef TOOLS_DURATION_H
#define TOOLS_DURATION_H

/* "0.4s", "42s", "5m03s", "2h03m", "3d04h". The caller frees it. */
char *duration_text(double seconds);

#endif
