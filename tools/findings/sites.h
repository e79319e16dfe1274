/* sites.h - the findings of one report, grouped by where the handles were acquired. */
#ifndef TOOLS_SITES_H
#define TOOLS_SITES_H

#include "tools/findings/closers.h"
#include "tools/findings/relations.h"
#include "tools/findings/suspects.h"
#include "tools/handles/origin.h"
#include "tools/handles/state.h"
#include "tools/names/symbols.h"
#include "tools/records/model.h"

/* A handle that was left open, is still held, or is listed because the user asked. */
struct finding {
    const struct process *process;
    const struct handle *handle;
    enum record_kind kind; /* as the kernel sees it, where the call could not tell */
    char *what;            /* what it refers to; NULL unknown */
    struct state state;
    struct relations relations; /* see families.h */
    double age;                 /* seconds; negative: unknown */
    const struct trace *trace;  /* where it was acquired */
    size_t process_index;       /* of struct findings.processes */
    struct origin origin;       /* of an inherited one, where `trace` is; else unknown */
};

struct findings {
    struct finding *list;
    size_t count;
};

/* One kind and one acquiring call and stack, in however many processes; stacks that read alike are one. */
struct site {
    /* Two hashes, 64-bit FNV-1a in hexadecimal, over the words below, each ended by a zero byte:
     *   "leftopen-site-1", the call, per frame the function's readable name; of a nameless one the module's
     *   name, its build-id and the offset.
     * Frames behind main, and those with which libc starts a program or a thread, do not count: they are
     * libc's, and change with it. line_id has per frame the file and the line besides. The kind is in neither:
     * sometimes only the kernel knows it. */
    char id[17], line_id[17];
    unsigned twin; /* 0; of further sites with the same id 1, 2 … */
    enum record_kind kind;
    const char *call;       /* "" unknown */
    const char *first_name; /* path that was opened here first, as the program gave it; "" unknown */
    const struct trace *trace;
    uint64_t opened, closed; /* handles acquired here and, of these, released, in all processes of the site */
    struct closers closers;  /* of these */
    /* The same sum of the most open at once; 0 unknown. Lifetimes are those of the released ones. */
    uint64_t peak;
    double oldest_age, newest_age;          /* seconds; negative: unknown */
    double mean_lifetime, longest_lifetime; /* seconds; negative: none was released, or unknown */
    bool grows;                             /* in one process at least, as far as suspects.h can tell */
    uint64_t before, more; /* handles in the baseline, and since; both 0: there is none. See struct diff_row */
    const char *group;     /* see groups.h; NULL: there are none */
    const struct finding *findings;
    size_t count;
};

struct sites {
    struct site *list;
    size_t count;
};

/* Hashes of a site as struct site has them; `line_id` may be NULL. */
void sites_identify(const char *call, const struct trace *trace, char id[static 17], char *line_id);

/* True if the handle counts as left open (or, in a living process, as held). */
bool sites_is_finding(const struct process *process, const struct handle *handle);

/* Appends a finding. */
void sites_add(struct findings *findings, struct symbols *symbols, const struct process *process,
               size_t process_index, const struct handle *handle);

/* The kernel is asked about some handles of a stack only where there are very many. The others, from `first`
 * on, get the kind that all those have which it was asked about, if their call could not tell it. */
void sites_settle_kinds(struct findings *findings, size_t first);

/* Sorts the findings and groups them; suspects come first (see suspects.h), then large sites. The findings must
 * stay as they are then. `per_process`: what is one place in several processes is several sites. `symbols`
 * finds the names of closers: NULL where the records have none. */
void sites_group(struct findings *findings, struct symbols *symbols, struct sites *sites, bool per_process);

/* What suspects.h judges a site by. */
struct suspect_facts sites_facts(const struct site *site);

/* True if all handles of the site are of one process. */
bool sites_is_of_one_process(const struct site *site);

/* Goes through a site process by process: `part` is zero at first, then the site with the findings of one
 * process only. False: there is no further one. */
bool sites_next_part(const struct site *site, struct site *part);

void finding_end(struct finding *finding);
void findings_end(struct findings *findings);
void sites_end(struct sites *sites);

#endif
