/* suspects.h - which places look as if they leaked, judged by what was counted there. Every view that orders
 * sites (report, ls, top) asks here, so that all of them point at the same ones. Pure: no state, no output. */
#ifndef TOOLS_SUSPECTS_H
#define TOOLS_SUSPECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of a site, over all its processes. */
struct suspect_facts {
    uint64_t opened, closed; /* handles acquired here so far and, of these, released again */
    uint64_t open;           /* held now, or left open */
    uint64_t peak;           /* most held at once; 0 unknown. Of several processes the sum of their peaks */
    double oldest_age;       /* of those that are open, seconds; negative: unknown */
    double newest_age;       /* likewise */
    double mean_lifetime;    /* of those that were released, seconds; negative: none was, or unknown */
    double longest_lifetime; /* likewise */
    bool is_steady;          /* in no process alone it looks as if it grew: many that hold few each do not */
};

/* Reasons, or-ed. 0: nothing suspicious. */
enum suspicion {
    SUSPICION_GROWS = 1, /* many are open, hardly more ever were, and some are far newer than others */
    SUSPICION_OLD = 2    /* one is open far longer than any that was released, and most are released */
};

/* Judges a site: a combination of enum suspicion. What is not known speaks for nobody's guilt, and neither does
 * a program that ran for less than a second: there, ages say nothing. */
unsigned suspects_judge(const struct suspect_facts *facts);

/* Why, as one sentence without a full stop ("32 are open, the most there ever were; …"). The caller frees it;
 * NULL if suspects_judge finds nothing. */
char *suspects_reason(const struct suspect_facts *facts);

/* For qsort: negative if `one` comes before `other`. Suspects come first, among them those with more reasons,
 * then sites with more open handles. 0: neither is worse. */
int suspects_compare(const struct suspect_facts *one, const struct suspect_facts *other);

#endif
