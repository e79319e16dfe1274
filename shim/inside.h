/* inside.h - the descriptor inside a stream, a directory or a tree of them, the child behind a stream. Any
 * context; errno untouched. */
#ifndef SHIM_INSIDE_H
#define SHIM_INSIDE_H

#include <dirent.h>
#include <fts.h>
#include <stdio.h>
#include <sys/types.h>

/* -1 where there is none (NULL, memory and cookie streams). */
int inside_stream(FILE *stream);
int inside_directory(DIR *directory);
int inside_tree(const FTS *tree);

/* Bytes that are written and not flushed. No lock is taken: of a stream that another thread uses it is a guess.
 */
size_t inside_pending(FILE *stream);

/* The child of popen, 0 unknown. A system call, which is not made after a lockdown. */
pid_t inside_process(FILE *stream);

/* For handles that have none. */
static inline int inside_nothing(const void *handle) { return -1; }

#endif
