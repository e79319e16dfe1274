/* exec_leaks.h - descriptors that passed to other programs over exec, for want of close-on-exec: the option
 * exec_leaks. They are no findings: some of them were meant to. */
#ifndef TOOLS_EXEC_LEAKS_H
#define TOOLS_EXEC_LEAKS_H

#include "tools/names/symbols.h"
#include "tools/records/model.h"

/* One acquiring call and stack. */
struct exec_leak {
    const char *call; /* "" unknown; the process's */
    const struct trace *trace;
    uint64_t count;           /* most descriptors that passed over one exec */
    size_t processes;         /* that let some of them pass */
    char id[17], line_id[17]; /* as of a site */
};

struct exec_leaks {
    struct exec_leak *list;
    size_t count;
};

/* Adds what passed over the execs of that process. It and `symbols` must live as long as the list. */
void exec_leaks_add(struct exec_leaks *leaks, struct symbols *symbols, const struct process *process);

/* The largest first. */
void exec_leaks_sort(struct exec_leaks *leaks);
void exec_leaks_end(struct exec_leaks *leaks);

#endif
