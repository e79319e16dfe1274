/* activity.h - what a process does with its handles, in numbers: all the sites that it ever acquired at, also
 * those that hold nothing now. For views of living processes, one look or many.
 *
 * A `struct symbols` that is kept from look to look makes every further one cheap: a stack that was seen before
 * is not looked up in any file again, in whichever process. */
#ifndef TOOLS_ACTIVITY_H
#define TOOLS_ACTIVITY_H

#include "tools/findings/closers.h"
#include "tools/findings/suspects.h"
#include "tools/names/symbols.h"
#include "tools/records/model.h"

/* One acquiring call and stack. Not one kind: sometimes only the kernel knows it, and the counters are those of
 * the stack. */
struct activity_site {
    char id[17]; /* as in struct site: the same in every process, and after a rebuild */
    char call[29];
    enum record_kind kind; /* of most of what is open; RECORD_KIND_COUNT: nothing is, and nobody knows */
    const struct trace *trace;
    const struct frame *own; /* the innermost frame in the executable itself, else frame 0; NULL: no stack */
    uint64_t opened, closed;
    struct closers closers;
    uint64_t open;         /* held now (of a dead process: left open), without descriptors 0, 1 and 2 */
    uint64_t peak;         /* most open at once, added up over merged processes; 0 unknown */
    double lived, longest; /* seconds that the released ones were open: all together, at most */
    double oldest, newest; /* seconds that the open ones have been; negative: unknown, or none is */
    bool grows;            /* in one process at least, as far as suspects.h can tell */
};

struct activity {
    struct activity_site *sites; /* the most open first */
    size_t site_count;
    size_t processes;     /* that were merged */
    uint64_t open;        /* handles held, at all sites and at none */
    uint64_t descriptors; /* numbers in use that the record knows of: inherited ones, 0, 1 and 2 included */
    uint64_t inherited;   /* of these */
    uint64_t limit;       /* RLIMIT_NOFILE, soft; UINT64_MAX none, 0 unknown; merged: of the fullest process */
    uint64_t fullest;     /* descriptors of the process nearest to its limit */
    uint64_t peak;        /* most descriptors at once, added up over merged processes */
    uint64_t opened, closed;
    uint64_t failures;       /* calls that failed with EMFILE or ENFILE */
    size_t acquiring;        /* calls under way that may acquire */
    size_t opening, closing; /* handles whose acquire or release was under way */
    double oldest;           /* seconds; negative: none */
};

/* Takes a look at a process. What it returns is independent of `process`, and lives no longer than `symbols`.
 * activity_end frees it. */
void activity_take(struct activity *activity, struct symbols *symbols, const struct process *process);

/* Adds another look, at another process, taken with the same symbols: sites of the same id become one.
 * `into` may be all zero. */
void activity_merge(struct activity *into, const struct activity *other);

/* The site of that id, NULL if there is none: for comparing looks. */
const struct activity_site *activity_find(const struct activity *activity, const char *id);

/* What suspects.h judges a site by. */
struct suspect_facts activity_facts(const struct activity_site *site);

void activity_end(struct activity *activity);

#endif
