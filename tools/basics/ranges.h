/* ranges.h - which of many address ranges hold an address. Ranges may overlap. */
#ifndef TOOLS_RANGES_H
#define TOOLS_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct range {
    uint64_t start, end;
    uint64_t reach; /* the highest end of this and all ranges before it */
    size_t item;    /* the caller's */
};

struct ranges {
    struct range *list;
    size_t count;
};

/* Empty and reversed ranges are left out. */
void ranges_add(struct ranges *ranges, uint64_t start, uint64_t end, size_t item);
/* To be called after the last ranges_add and before ranges_next. */
void ranges_sort(struct ranges *ranges);

/* The ranges that hold `address`, the one with the highest start first: begin with `at` NULL, go on with the
 * answer. NULL: no more. */
const struct range *ranges_next(const struct ranges *ranges, uint64_t address, const struct range *at);

void ranges_end(struct ranges *ranges);

#endif
