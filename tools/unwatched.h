/* unwatched.h - programs of a tree that ran without the library, as the library's other instances saw them start. */
#ifndef TOOLS_UNWATCHED_H
#define TOOLS_UNWATCHED_H

/* Before a run: forgets what an earlier run left in a folder that the user has named. */
void unwatched_begin(const char *folder);

/* After it: says in one line how many, which and why, if there were any; nothing is left in the folder. */
void unwatched_say(const char *folder);

#endif
