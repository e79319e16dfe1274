/* record_parts.h - what the parts of the record share; private to tracker/record*.c. Any context, as record.h
 * has it where nothing else is said. */
#ifndef TRACKER_RECORD_PARTS_H
#define TRACKER_RECORD_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracker/record.h"
#include "tracker/record_file.h"

enum {
    PAGE = RECORD_PAGE_BYTES,
    RECORD_FIRST_WINDOW_SHIFT = 17, /* 128 KiB: a larger mapping becomes resident under mlockall */
    RECORD_WINDOWS = 40
};

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)

/* Copied by a fork, unlike the record itself. */
extern struct record_own {
    struct record_identity identity;
    _Atomic uint32_t *owner;         /* in the page that a fork-like child finds zero */
    uint64_t for_child;              /* address of the copy, 0 none yet */
    _Atomic uint64_t allocated;      /* bytes of the object in use; at a fork this is the truth for the child */
    uint64_t object_bytes;           /* what the object can hold */
    uint64_t reserved;               /* bytes that were made real with the first window */
    uint64_t mapped[RECORD_WINDOWS]; /* [shift]: address of the mapping of that size, 0 none */
    bool made;                       /* this process, or one it was forked from, has had a record */
    bool is_private;                 /* it lies in memory that a fork copies */
    char path[RECORD_FILE_PATH_BYTES]; /* of the file, empty: memory only */
} record_own __attribute__((visibility("hidden")));

/* ---- record_window.c ----
 * A window: the address of a mapping, its size as a shift in the low bits; 0 none. */

static inline char *record_window_base(uint64_t window) { return RECORD_WINDOW_BASE(window); }
static inline uint64_t record_window_bytes(uint64_t window) { return 1ull << (window & 0xfff); }

/* Makes the pages real, so that a later touch cannot fail. False: it would, or that is not known. */
bool record_reserve(void *from, size_t bytes);

/* The window is as large as needed. False: no memory. */
bool record_window_grow(uint64_t needed);

/* New ones of that shift, whose first `used` bytes are real: over a file, whose name is filled in, and else
 * over an object without a name. What the object can hold, and its path, are record_own's then. */
uint64_t record_window_from_file(uint64_t used, uint8_t name[16], unsigned shift);
uint64_t record_window_from_memory(uint64_t used, unsigned shift);

/* Private memory of the first window's size, in the place of what is mapped at `over`, 0: anywhere. Its
 * address, 0: none. And what has to be known of a record that lies in such memory. */
uint64_t record_memory_private(uint64_t over);
void record_become_private(void);
uint64_t record_window_private(void); /* both */

/* ---- record_room.c ---- */

/* True if the page can be touched. */
bool record_is_real(uint64_t page);

/* Child of a fork, or the only thread: no other one is between taking room and knowing that it is there. */
void record_nobody_reserves(void);

/* Adds the events to the record that were missed while there was none. */
void record_count_missed(void);

/* ---- record_fork.c ---- */

/* The only thread: `used` bytes of the record go to the window, which is as large as its own. */
void record_move_into(uint64_t window, uint64_t used);

/* ---- record.c ---- */

/* What a header says of this process. */
void record_header_begin(struct record_header *header, const uint8_t name[16]);

#endif
