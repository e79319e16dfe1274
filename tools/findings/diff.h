/* diff.h - what is more now than it was before, site by site: for baselines and `leftopen diff`. Pure. */
#ifndef TOOLS_DIFF_H
#define TOOLS_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One site of a report; see struct site for the ids. */
struct diff_row {
    const char *id, *line_id;
    uint64_t count; /* handles */
    /* The answer. A function may open at several lines, which are sites of one id: where lines moved, which of
     * them grew cannot be told. So both are of all rows of this id that have an answer, together. */
    uint64_t before; /* handles before; 0 with `more`: it is new */
    uint64_t more;   /* handles beyond those; 0: there are no more than before */
    bool met;        /* the other list has the id, too */
};

/* Fills in the answers of `now`, and `met` in both. A site is known again by its id, which survives a rebuild;
 * among several of one id those are left out whose own line had at least as many. Ids must not be NULL. */
void diff_mark(struct diff_row *now, size_t now_count, struct diff_row *before, size_t before_count);

#endif
