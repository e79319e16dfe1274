/* findings.h - the handles that the exit pass found left open: chosen, compared with the kernel, in order.
 * Exit only, RECORD_READY. */
#ifndef TRACKER_FINDINGS_H
#define TRACKER_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracker/record_format.h"

struct finding {
    struct record_slot *slot;
    uint64_t sequence;
    uint32_t stack;
    enum record_kind kind;
    int number;  /* the descriptor, or the one inside; -1 none */
    bool object; /* handle is an address */
};

struct findings {
    struct finding *list;
    size_t count;
    size_t inherited;
    size_t gone; /* streams of this process's own whose descriptor was closed under them */
};

/* Any context. False: certainly nothing will be found. One system call at most; costs a look at each slot. */
bool findings_likely(void);

/* Looks at every slot, compares with the kernel what is held, writes outcomes (LEFT, GONE, HANDED_OVER) and the
 * number of unseen descriptors into the record. `threads`: others run, so a release may just be under way.
 * `own_descriptor`: that of this library, -1 none. */
void findings_gather(struct findings *findings, bool threads, int own_descriptor);

/* Calls it for each of those that are gone. After findings_gather. */
void findings_visit_gone(void (*visit)(const struct finding *finding, void *context), void *context);

/* Puts unseen descriptors into the record, with what the kernel says of them, as far as a bound. After
 * findings_gather; nothing if that counted none. */
void findings_list_unseen(int own_descriptor);

/* Newest first: what was made last is released first. */
void findings_sort_by_age(struct findings *findings);
/* Handles of one site behind one another, the oldest first. */
void findings_sort_by_site(struct findings *findings);

#endif
