/* ranges.c - see ranges.h */
#include "tools/basics/ranges.h"

#include <stdbool.h>
#include <stdlib.h>

#include "tools/basics/memory.h"

void ranges_add(struct ranges *ranges, uint64_t start, uint64_t end, size_t item) {
    if (start >= end)
        return;
    ranges->list = memory_grow(ranges->list, ranges->count, sizeof *ranges->list);
    ranges->list[ranges->count++] = (struct range){.start = start, .end = end, .item = item};
}

/* By start; of equal starts the widest first, so that the narrowest is met first from behind. */
static int compare(const void *left, const void *right) {
    const struct range *one = left, *other = right;
    if (one->start != other->start)
        return one->start < other->start ? -1 : 1;
    if (one->end != other->end)
        return one->end > other->end ? -1 : 1;
    return one->item < other->item ? -1 : one->item > other->item;
}

/* As tables in files often are, and those that were sorted before. */
static bool is_sorted(const struct ranges *ranges) {
    for (size_t i = 1; i < ranges->count; i++)
        if (compare(&ranges->list[i - 1], &ranges->list[i]) > 0)
            return false;
    return true;
}

void ranges_sort(struct ranges *ranges) {
    if (!is_sorted(ranges))
        qsort(ranges->list, ranges->count, sizeof *ranges->list, compare);
    uint64_t reach = 0;
    for (size_t i = 0; i < ranges->count; i++) {
        if (ranges->list[i].end > reach)
            reach = ranges->list[i].end;
        ranges->list[i].reach = reach;
    }
}

/* How many ranges start at or before `address`. */
static size_t started(const struct ranges *ranges, uint64_t address) {
    size_t low = 0, high = ranges->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges->list[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct range *ranges_next(const struct ranges *ranges, uint64_t address, const struct range *at) {
    size_t i = at ? (size_t)(at - ranges->list) : started(ranges, address);
    while (i > 0 && ranges->list[i - 1].reach > address) {
        i--;
        if (address < ranges->list[i].end)
            return &ranges->list[i];
    }
    return NULL;
}

void ranges_end(struct ranges *ranges) {
    free(ranges->list);
    *ranges = (struct ranges){0};
}
