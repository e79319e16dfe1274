/* unwatched.h - programs that will run without the library, noted for whoever collects the records of a tree.
 */
#ifndef TRACKER_UNWATCHED_H
#define TRACKER_UNWATCHED_H

#include <stdbool.h>

/* Any context, also a vfork child: nothing of ours is written to; system calls allowed. Looks at the program
 * (`file`, NULL: cannot be told; `search`: in PATH) and its environment. If the loader will not preload us, a
 * line "REASON<tab>PATH" is appended to `folder`/RECORD_UNWATCHED, if that is there: nobody collects otherwise.
 */
void unwatched_note(const char *folder, const char *file, bool search, char *const *environment);

#endif
