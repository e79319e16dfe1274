/* ls_handles.c - see ls_handles.h */
#include "tools/commands/ls_handles.h"

#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/findings/families.h"
#include "tools/records/record_reader.h"
#include "tools/records/relatives.h"

static bool is_inherited(const struct handle *handle) {
    return handle->state == RECORD_STATE_INHERITED && !(handle->flags & RECORD_SLOT_ADOPTED) &&
           handle->outcome != RECORD_OUTCOME_GONE && (handle->is_address || !handle->object);
}

static void take(struct ls_handles *handles, struct symbols *symbols, const struct process *process) {
    for (size_t i = 0; i < process->handle_count; i++) {
        const struct handle *handle = &process->handles[i];
        if (sites_is_finding(process, handle))
            sites_add(&handles->held, symbols, process, 0, handle);
        else if (is_inherited(handle))
            sites_add(&handles->inherited, symbols, process, 0, handle);
    }
}

static int compare_inherited(const void *left, const void *right) {
    const struct finding *one = left, *other = right;
    if (one->process->pid != other->process->pid)
        return one->process->pid < other->process->pid ? -1 : 1;
    return handle_compare_numbers(one->handle, other->handle);
}

static void find_origins(struct ls_handles *handles, struct symbols *symbols, struct process *const *processes,
                         size_t count) {
    struct process **all = NULL;
    size_t all_count = 0;
    for (size_t i = 0; i < count; i++)
        relatives_read(processes[i], processes, count, &handles->others, &handles->other_count);
    for (size_t i = 0; i < count + handles->other_count; i++) {
        all = memory_grow(all, all_count, sizeof *all);
        all[all_count++] = i < count ? processes[i] : handles->others[i - count];
    }
    for (size_t i = 0; i < handles->inherited.count; i++) {
        struct finding *finding = &handles->inherited.list[i];
        finding->origin = origin_of(finding->process, finding->handle, all, all_count);
        if (finding->origin.way)
            finding->trace = symbols_trace(symbols, finding->origin.process, finding->origin.stack);
    }
    free(all);
}

/* A handle and its site. */
struct placed {
    char site[17];
    struct finding finding;
};

static int compare_placed(const void *left, const void *right) {
    const struct placed *one = left, *other = right;
    int difference = strcmp(one->site, other->site);
    if (!difference)
        difference = one->finding.process->pid - other->finding.process->pid;
    uint64_t first = one->finding.handle->sequence, second = other->finding.handle->sequence;
    return difference ? difference : first < second ? -1 : first > second;
}

static void sort_by_site(struct ls_handles *handles) {
    size_t count = handles->held.count;
    struct placed *list = memory_new(count, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        const struct finding *finding = &handles->held.list[i];
        const struct stack *stack = finding->handle->stack;
        list[i].finding = *finding;
        sites_identify(stack ? stack->call : "", finding->trace, list[i].site, NULL);
    }
    if (count)
        qsort(list, count, sizeof *list, compare_placed);
    handles->sites = memory_new(count, sizeof *handles->sites);
    for (size_t i = 0; i < count; i++) {
        handles->held.list[i] = list[i].finding;
        memcpy(handles->sites[i], list[i].site, sizeof list[i].site);
    }
    free(list);
}

void ls_handles_take(struct ls_handles *handles, struct symbols *symbols, struct process *const *processes,
                     size_t count) {
    for (size_t i = 0; i < count; i++)
        take(handles, symbols, processes[i]);
    sort_by_site(handles);
    find_origins(handles, symbols, processes, count);
    families_find(processes, count, &handles->held);
    families_find(processes, count, &handles->inherited);
    if (handles->inherited.count)
        qsort(handles->inherited.list, handles->inherited.count, sizeof *handles->inherited.list,
              compare_inherited);
}

const struct finding *ls_handles_of(const struct ls_handles *handles, const char *site, size_t *count) {
    size_t first = 0;
    while (first < handles->held.count && strcmp(handles->sites[first], site) != 0)
        first++;
    size_t behind = first;
    while (behind < handles->held.count && strcmp(handles->sites[behind], site) == 0)
        behind++;
    *count = behind - first;
    return *count ? &handles->held.list[first] : NULL;
}

void ls_handles_end(struct ls_handles *handles) {
    findings_end(&handles->held);
    findings_end(&handles->inherited);
    free(handles->sites);
    for (size_t i = 0; i < handles->other_count; i++)
        record_end(handles->others[i]);
    free(handles->others);
}
