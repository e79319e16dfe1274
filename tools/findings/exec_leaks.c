/* exec_leaks.c - see exec_leaks.h */
#include "tools/findings/exec_leaks.h"

#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/findings/sites.h"

static struct exec_leak *find(struct exec_leaks *leaks, const char *call, const struct trace *trace) {
    for (size_t i = 0; i < leaks->count; i++)
        if (leaks->list[i].trace == trace && strcmp(leaks->list[i].call, call) == 0)
            return &leaks->list[i];
    return NULL;
}

static struct exec_leak *new_leak(struct exec_leaks *leaks, const char *call, const struct trace *trace) {
    leaks->list = memory_grow(leaks->list, leaks->count, sizeof *leaks->list);
    struct exec_leak *leak = &leaks->list[leaks->count++];
    *leak = (struct exec_leak){.call = call, .trace = trace};
    sites_identify(call, trace, leak->id, leak->line_id);
    return leak;
}

void exec_leaks_add(struct exec_leaks *leaks, struct symbols *symbols, const struct process *process) {
    for (size_t i = 0; i < process->stack_count; i++) {
        const struct stack *stack = &process->stacks[i];
        if (!stack->passed)
            continue;
        const struct trace *trace = symbols_trace(symbols, process, stack);
        struct exec_leak *leak = find(leaks, stack->call, trace);
        if (!leak)
            leak = new_leak(leaks, stack->call, trace);
        leak->count = stack->passed > leak->count ? stack->passed : leak->count;
        leak->processes++;
    }
}

static int compare_leaks(const void *left, const void *right) {
    const struct exec_leak *one = left, *other = right;
    if (one->count != other->count)
        return one->count > other->count ? -1 : 1;
    return strcmp(one->line_id, other->line_id);
}

void exec_leaks_sort(struct exec_leaks *leaks) {
    if (leaks->count)
        qsort(leaks->list, leaks->count, sizeof *leaks->list, compare_leaks);
}

void exec_leaks_end(struct exec_leaks *leaks) {
    free(leaks->list);
    *leaks = (struct exec_leaks){0};
}
