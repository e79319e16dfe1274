/* record_reader.h - reads a record file as hostile input.
 *
 * Nothing is mapped: a record that shrinks meanwhile, or was cut off, costs what is missing and no more. All
 * sizes and places are checked, and none makes the reader take more memory than the file has data. */
#ifndef TOOLS_RECORD_READER_H
#define TOOLS_RECORD_READER_H

#include "tools/records/model.h"

/* Reads the record at `path`, "-" from standard input. The record of a living process is read twice, and only
 * what did not change meanwhile is taken.
 *
 * NULL: nothing could be read, said on standard error; *status is 65 (not a record, damaged, of another
 * version or machine), 66 (no such file) or 125. A record of which a part is missing is returned as far as it
 * goes, with warnings. The caller ends it.
 * `may_vanish`: its process may just be making it, or take it away: then nothing is said, status is
 * EXIT_MISSING. */
struct process *record_read(const char *path, bool may_vanish, int *status);

/* The bytes of a record that was read: whole pages, each slot as `process` has it. What changed while it was
 * read is marked as being written. */
struct record_copy {
    unsigned char *bytes; /* owned */
    size_t size;
};

/* As record_read, and keeps the bytes. */
struct process *record_read_copy(const char *path, struct record_copy *copy, int *status);

#endif
