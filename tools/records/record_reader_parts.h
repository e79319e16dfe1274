/* record_reader_parts.h - what the parts of record_reader.c share; private to tools/records/record_reader*.c.
 */
#ifndef TOOLS_RECORD_READER_PARTS_H
#define TOOLS_RECORD_READER_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/records/copies.h"
#include "tools/records/model.h"

/* What a handle points to, until all entries are known. */
struct pending {
    uint32_t stack, detail;
};

/* What a misuse points to, likewise: stacks. */
struct pending_misuse {
    uint32_t now, opened, closed;
};

struct reader {
    const char *path;
    bool may_vanish; /* nothing is said if it is not there, or not yet written */
    struct copies copies;
    struct record_header header;
    struct process *process;
    struct pending *pending;                /* per handle */
    struct pending_misuse *pending_misuses; /* per misuse */
    uint64_t *stripe_words;                 /* what stripes keep back of stacks (RECORD_STRIPE_WORD) */
    size_t stripe_word_count;
    unsigned complaints;
};

/* One more place where the record is not what it should be; a part of it is missing from now on. Few are told
 * one by one. */
__attribute__((format(printf, 3, 4))) void reader_complain(struct reader *reader, size_t at, const char *format,
                                                           ...);

/* The zero-terminated text at byte `at`, no longer than `most`; "" where there is none. The caller frees it. */
char *reader_text_at(struct reader *reader, uint64_t at, size_t most);

/* record_reader_header.c: 0, or the status to end with. Then `header` and what follows from it is there. */
int reader_take_header(struct reader *reader);

/* record_reader_entries.c: what is told of one entry, by the kind of its chunk. */
struct reader_entries {
    /* A whole entry, of `bytes` bytes, in the newer copy at byte `at`. NULL: nothing is known of that kind. */
    void (*take)(struct reader *reader, size_t at, size_t bytes);
    size_t least; /* bytes of the fixed part */
};
struct reader_entries reader_entries_of(const struct reader *reader, uint32_t kind);

/* The slot at byte `at`: of a handle that is told by its address, or by `number`. */
void reader_take_slot(struct reader *reader, size_t at, bool is_address, uint64_t number);

#endif
