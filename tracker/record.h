/* record.h - the memory that the record of this process lies in: made, found, grown, copied after a fork.
 *
 * Who owns the mapped record is asked of one private page with MADV_WIPEONFORK: it reads zero in every
 * fork-like child (fork, _Fork, raw clone), before anything of the parent's is touched. The record itself is
 * shared memory, a file or, where no file can or should be had, an anonymous object; both grow the same way: a
 * second, larger mapping of the same object by mremap(old, 0, larger), while old addresses stay valid. Only a
 * fork child with one thread and a small record begins with private memory, which its own children find copied.
 * It lies ready for the child before the fork (record_copy_for_child), so that a child that ends or executes
 * something at once pays for nothing of it, and what its parent does meanwhile is not seen.
 *
 * Nothing in the process keeps pointers into the record: offsets only, turned into addresses by record_at. That
 * is what makes the copy after a fork correct.
 */
#ifndef TRACKER_RECORD_H
#define TRACKER_RECORD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracker/record_format.h"

/* What a record says of its process, and where its file is to lie. */
struct record_identity {
    bool memory_only;
    const char *folder; /* absolute; NULL: the automatic one, made if missing, ours and closed to others */
    const char *runtime_folder; /* $XDG_RUNTIME_DIR or NULL; for the automatic one */
    int argument_count;
    char **arguments;
    const char *options;
    uint64_t started_realtime, started_monotonic;
};

/* Start-up only. The strings must stay where they are. */
void record_configure(const struct record_identity *identity);

enum record_readiness {
    RECORD_READY,  /* this process has its record */
    RECORD_NONE,   /* nothing was acquired yet: there is none */
    RECORD_FORKED, /* this process was forked from one that has a record, and has not taken it over yet */
    RECORD_BUSY    /* another thread, or the code that this signal handler interrupted, is making it */
};

/* What is asked for all the time, of record.c and its own; inlined below. */
extern struct record_mapped {
    _Atomic uint64_t window;           /* address of the newest mapping, its size as a shift in the low bits */
    _Atomic(_Atomic uint32_t *) owner; /* in the page that a fork-like child finds zero */
} record_mapped __attribute__((visibility("hidden")));
extern _Atomic uint32_t record_no_owner __attribute__((visibility("hidden"))); /* while there is no such page */
enum { RECORD_OWNER_NONE, RECORD_OWNER_MAKING, RECORD_OWNER_READY, RECORD_OWNER_COPIED };
#define RECORD_WINDOW_BASE(window) ((char *)(uintptr_t)((window) & ~0xfffull))

/* Any context: what record_readiness says if it is not RECORD_READY. */
enum record_readiness record_why_not_ready(uint32_t owner);

static inline uint32_t record_owner(void) {
    /* acquire: what the maker wrote into the record is seen by those who find it ready */
    return atomic_load_explicit(atomic_load_explicit(&record_mapped.owner, memory_order_acquire),
                                memory_order_acquire);
}

/* Any context. Two loads. */
static inline bool record_is_ready(void) { return record_owner() == RECORD_OWNER_READY; }

/* Any context. True if this process has its record and nothing has used it since it was copied for a child. */
static inline bool record_is_copied(void) { return record_owner() == RECORD_OWNER_COPIED; }

/* Any context. True if no process that this one comes from has had a record, as far as can be told by one look.
 */
static inline bool record_is_none(void) {
    return atomic_load_explicit(&record_mapped.owner, memory_order_relaxed) == &record_no_owner;
}

/* Any context. */
static inline enum record_readiness record_readiness(void) {
    uint32_t state = record_owner();
    return state == RECORD_OWNER_READY ? RECORD_READY : record_why_not_ready(state);
}

/* Any context. Makes the record (RECORD_NONE). On a failure the record lies in memory only. False: no memory at
 * all, or another thread was faster and is not done. The caller finishes it (baseline) and calls record_open.
 */
bool record_make(void);

/* Any context, RECORD_READY, before a fork: what a child of the only thread will find as its own memory. It is
 * good for the fork if nothing uses the record until then, which is found out: the process's next look at it
 * goes by record_why_not_ready. Not made for records that have grown, nor if there are other threads. */
void record_copy_for_child(void);

/* The fork that a process came from. */
struct record_birth {
    uint64_t sequence; /* the parent's handles up to this one were inherited; UINT64_MAX if nobody said */
    uint64_t realtime, monotonic; /* when it was: CLOCK_REALTIME, CLOCK_MONOTONIC, ns */
    int32_t parent;               /* pid */
};

/* Child of a fork, any context (RECORD_FORKED). Copies what the parent had at the fork into memory of this
 * process's own, unless it lies there. False: as record_make. The caller finishes it and calls record_open. */
bool record_adopt(const struct record_birth *birth);

/* Child of a fork, first of all: the record is not this process's any more, nor its file. True: what lies there
 * now is a copy as of the fork, so that record_adopt can wait for as long as may be. False: it is the parent's
 * memory, which the parent goes on changing. */
bool record_forked(void);

/* Any context, after record_make or record_adopt returned true: lets others in. */
void record_open(void);

/* Any context, RECORD_READY only (as everything below). */
static inline void *record_at(uint64_t offset) {
    /* acquire: pairs with the release in window_grow; an offset learned after a growth finds the larger window
     */
    return RECORD_WINDOW_BASE(atomic_load_explicit(&record_mapped.window, memory_order_acquire)) + offset;
}
static inline struct record_header *record_header(void) { return (struct record_header *)record_at(0); }

/* Any context. A new chunk of whole pages, all of them reserved: touching them cannot raise SIGBUS on a full
 * file system. Its head is written but for the magic: record_publish. Returns its offset, 0 if there is no
 * room. */
uint64_t record_allocate(enum record_chunk_kind kind, size_t bytes, uint64_t first, uint32_t entry_bytes);
void record_publish(uint64_t chunk, enum record_chunk_kind kind);

/* Any context. Takes `bytes` (rounded up to RECORD_UNIT) from the newest chunk of a kind whose entries tell
 * their own length; a new chunk is made when it is full. `current` remembers the newest. Returns an offset, 0
 * if there is no room. The caller stores the entry's length (it is there, with RECORD_ENTRY_UNFINISHED) last,
 * with release order. */
uint64_t record_entry(_Atomic uint64_t *current, enum record_chunk_kind kind, size_t bytes);

void record_lost(enum record_loss loss);
/* Any context. An event that met RECORD_BUSY: counted as soon as there is a record to count in. */
void record_missed(void);
void record_note(enum record_note note);

/* Walks all chunks: the next one behind `chunk` (0: the first), or 0. Any context. */
uint64_t record_next_chunk(uint64_t chunk);

/* Any context, single-threaded processes only: gives a record that lies in memory a file, so that it can be
 * seen from outside and outlives the process. Does nothing if it has one or none can be had. */
void record_give_file(void);

/* Any context, single-threaded processes only: what was copied after a fork goes to memory that can grow while
 * several threads use it. Before the second one begins. */
void record_share(void);

/* Exit only. The path of the file, empty if there is none. */
const char *record_path(void);
/* Exit only. Takes the file away: there is nothing to tell. */
void record_remove(void);
/* Any context, RECORD_READY only. Another name for the file; false if another file has it, or there is none. */
bool record_rename(const uint8_t name[16]);
/* Any context, after record_configure. Removes another process's file of that name; false if there is none. */
bool record_unlink(const uint8_t name[16]);
/* Exit only. Cuts the file's unused end off, which was never more than a hole. */
void record_trim(void);
/* Exit only. Writes the record to a descriptor. 0 or -errno. */
int record_write(int descriptor);

#endif
