/* copies.h - the bytes of a record's file, as they were at one moment or two. */
#ifndef TOOLS_RECORDS_COPIES_H
#define TOOLS_RECORDS_COPIES_H

#include <stdbool.h>
#include <stddef.h>

#include "tracker/record_format.h"

enum { COPIES_MOST_BYTES = 1 << 30 /* of a record: 16 million handles */ };

struct copy {
    unsigned char *bytes;
    size_t size;
};

struct copies {
    struct copy older, newer; /* older: of a living process, of a moment before; else none */
    bool alive;               /* the process lived when the first was made */
};

/* Copies the record at `path` ("-": standard input). What lives is copied again, a few times, until nothing
 * moves any more. `copies` begins as zeros. Returns 0, or an exit status after a message; if the file
 * `may_vanish`, EXIT_MISSING without one where it is not there. copies_end in any case. */
int copies_take(struct copies *copies, const char *path, bool may_vanish);
void copies_end(struct copies *copies);

/* The head of the file at `path` as it is at this moment, whatever it says. False: no regular file, or too
 * short for a record. */
bool record_read_head(const char *path, struct record_header *header);

#endif
