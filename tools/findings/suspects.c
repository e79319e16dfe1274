/* suspects.c - see suspects.h */
#include "tools/findings/suspects.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tools/basics/duration.h"
#include "tools/basics/memory.h"

enum {
    MANY = 8,          /* open handles: fewer may be anything */
    SLACK = 8,         /* the peak may be higher by one in so many: those that were just in use */
    FEW_RELEASED = 4,  /* fewer releases tell nothing of how long a handle lives */
    FAR_OLDER = 10,    /* times the longest life of a released one */
    SHORTEST_AGE_S = 1 /* the clock of handles is a coarse one */
};

/* A pool that was filled at the start has only old ones, and does not grow. */
static bool grows(const struct suspect_facts *facts) {
    return !facts->is_steady && facts->open >= MANY && facts->peak &&
           facts->open + facts->open / SLACK >= facts->peak && facts->newest_age >= 0 &&
           facts->newest_age <= facts->oldest_age / 2;
}

static bool is_old(const struct suspect_facts *facts) {
    return facts->open && facts->closed >= FEW_RELEASED && facts->closed >= facts->open &&
           facts->longest_lifetime >= 0 && facts->oldest_age > FAR_OLDER * facts->longest_lifetime;
}

unsigned suspects_judge(const struct suspect_facts *facts) {
    if (facts->oldest_age < SHORTEST_AGE_S)
        return 0;
    return (grows(facts) ? SUSPICION_GROWS : 0u) | (is_old(facts) ? SUSPICION_OLD : 0u);
}

static char *reason_to_grow(const struct suspect_facts *facts) {
    char *newest = duration_text(facts->newest_age), *reason;
    if (!facts->closed)
        reason = memory_format("none was ever closed, and the newest of %" PRIu64 " was opened %s ago",
                               facts->open, newest);
    else if (facts->open >= facts->peak)
        reason = memory_format("never were more open than the %" PRIu64 " there are", facts->open);
    else
        reason =
            memory_format("%" PRIu64 " are open, and never were more than %" PRIu64, facts->open, facts->peak);
    free(newest);
    return reason;
}

static char *reason_of_age(const struct suspect_facts *facts) {
    double bound = facts->longest_lifetime < 0.1 ? 0.1 : facts->longest_lifetime; /* "0.0s" says nothing */
    char *oldest = duration_text(facts->oldest_age), *longest = duration_text(bound);
    char *reason =
        memory_format("open for %s, while none of the %" PRIu64 " that were closed lived longer than %s",
                      oldest, facts->closed, longest);
    free(longest);
    free(oldest);
    return reason;
}

char *suspects_reason(const struct suspect_facts *facts) {
    unsigned suspicion = suspects_judge(facts);
    char *growth = suspicion & SUSPICION_GROWS ? reason_to_grow(facts) : NULL;
    char *age = suspicion & SUSPICION_OLD ? reason_of_age(facts) : NULL;
    if (!growth || !age)
        return growth ? growth : age;
    char *both = memory_format("%s; %s", growth, age);
    free(growth);
    free(age);
    return both;
}

static int weight(const struct suspect_facts *facts) {
    unsigned suspicion = suspects_judge(facts);
    return ((suspicion & SUSPICION_GROWS) != 0) + ((suspicion & SUSPICION_OLD) != 0);
}

int suspects_compare(const struct suspect_facts *one, const struct suspect_facts *other) {
    int difference = weight(other) - weight(one);
    if (difference)
        return difference;
    return one->open > other->open ? -1 : one->open < other->open;
}
