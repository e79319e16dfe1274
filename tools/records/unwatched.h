/* unwatched.h - programs of a tree that ran without the library, as the library's other instances saw them
 * start. */
#ifndef TOOLS_UNWATCHED_H
#define TOOLS_UNWATCHED_H

/* Before a run: makes the file that tells the library that somebody collects, empty. */
void unwatched_begin(const char *folder);

/* After it: says in one line how many, which and why, if there were any; nothing is left in the folder. */
void unwatched_say(const char *folder);

#endif
