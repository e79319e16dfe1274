/* duplicates.c - see duplicates.h */
#include "tools/handles/duplicates.h"

#include <linux/kcmp.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/basics/memory.h"

enum { MOST_COMPARED = 16 /* with different ones that lead to the same place */ };

struct candidate {
    struct detail *detail;
    int number;
};

static int order(uint64_t one, uint64_t other) { return one < other ? -1 : one > other; }

static int compare(const void *left, const void *right) {
    const struct candidate *one = left, *other = right;
    int difference = order(one->detail->device, other->detail->device);
    if (!difference)
        difference = order(one->detail->inode, other->detail->inode);
    return difference ? difference : order((unsigned)one->number, (unsigned)other->number);
}

static bool lead_to_same(const struct candidate *one, const struct candidate *other) {
    return one->detail->device == other->detail->device && one->detail->inode == other->detail->inode;
}

/* Those of one place, by ascending number. */
static void find_among(const struct candidate *list, size_t count, int pid) {
    int different[MOST_COMPARED];
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < known && syscall(SYS_kcmp, pid, pid, KCMP_FILE, list[i].number, different[at]) != 0)
            at++;
        if (at < known)
            list[i].detail->duplicate_of = different[at];
        else if (known < MOST_COMPARED)
            different[known++] = list[i].number;
    }
}

void duplicates_find(struct process *process, int pid) {
    struct candidate *list = memory_new(process->handle_count, sizeof *list);
    size_t count = 0;
    for (size_t i = 0; i < process->handle_count; i++)
        if (process->handles[i].detail)
            list[count++] =
                (struct candidate){(struct detail *)process->handles[i].detail, process->handles[i].number};
    if (count)
        qsort(list, count, sizeof *list, compare);
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && lead_to_same(&list[first], &list[end]);)
            end++;
        if (end - first > 1)
            find_among(list + first, end - first, pid);
    }
    free(list);
}
