/* groups.h - sites that have something in common, for an overview: the option group_by. */
#ifndef TOOLS_GROUPS_H
#define TOOLS_GROUPS_H

#include "tools/findings/sites.h"

/* In the order of settings.def. */
enum group_by {
    GROUP_BY_SITE, /* no groups */
    GROUP_BY_FUNCTION,
    GROUP_BY_FILE,
    GROUP_BY_MODULE,
    GROUP_BY_KIND,
    GROUP_BY_PROCESS
};

/* Of the acquiring call (frame 0), or of the handles. */
struct group {
    char *name;
    size_t first, sites; /* of the list of sites */
    size_t handles;
    uint64_t opened, closed;
    double oldest_age; /* seconds; negative: unknown */
};

struct groups {
    enum group_by by;
    struct group *list;
    size_t count;
};

/* "function" … */
const char *groups_word(enum group_by by);
enum group_by groups_named(const char *word);

/* Brings the sites of a group beside each other, the group with the most handles first, and names it in them.
 * For processes the sites must have been grouped per process. */
void groups_make(struct groups *groups, enum group_by by, struct sites *sites);
/* Forgets all groups but the first ones, and their sites. */
void groups_keep(struct groups *groups, size_t count, struct sites *sites);
void groups_end(struct groups *groups);

#endif
