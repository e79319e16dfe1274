/* sites.c - see sites.h */
#include "tools/findings/sites.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/handles/what.h"
#include "tools/names/trace.h"

/* --- findings --------------------------------------------------------------------------------------------- */

static bool was_left_open(enum record_outcome outcome) {
    return outcome == RECORD_OUTCOME_LEFT || outcome == RECORD_OUTCOME_RELEASED ||
           outcome == RECORD_OUTCOME_FAILED || outcome == RECORD_OUTCOME_SKIPPED;
}

static bool is_held(const struct handle *handle) {
    if (handle->state == RECORD_STATE_RELEASING)
        return handle->flags & RECORD_SLOT_CLOSE_BEGUN;
    return handle->state == RECORD_STATE_LIVE || handle->state == RECORD_STATE_INHERITED;
}

bool sites_is_finding(const struct process *process, const struct handle *handle) {
    if (handle->number >= 0 && handle->number <= 2)
        return false; /* standard input, output and error stay open in every program */
    if (what_kind_lasts(handle->kind))
        return false;
    if (handle->state == RECORD_STATE_OWNED)
        return false; /* the stream that owns it is the handle */
    if (handle->state == RECORD_STATE_INHERITED && !(handle->flags & RECORD_SLOT_ADOPTED))
        return false;
    if (handle->outcome != RECORD_OUTCOME_NONE)
        return was_left_open(handle->outcome);
    /* Nothing was decided at the end: the process still runs, or died before its exit pass could. */
    return process->end != RECORD_END_EXEC && !(process->pass & RECORD_PASS_RECONCILED) && is_held(handle);
}

static double age_of(const struct process *process, const struct handle *handle) {
    if (!process->ended_monotonic || !handle->opened)
        return -1;
    /* The clock of handles is a coarse one. */
    return process->ended_monotonic > handle->opened ? (double)(process->ended_monotonic - handle->opened) / 1e9
                                                     : 0;
}

void sites_add(struct findings *findings, struct symbols *symbols, const struct process *process,
               size_t process_index, const struct handle *handle) {
    enum record_kind kind = what_kind(handle->kind, handle->detail);
    findings->list = memory_grow(findings->list, findings->count, sizeof *findings->list);
    findings->list[findings->count++] = (struct finding){
        .process = process,
        .handle = handle,
        .kind = kind,
        .state = state_make(handle, kind),
        .what = handle->path ? memory_copy(handle->path) : what_of(handle->detail),
        .age = age_of(process, handle),
        .trace = symbols_trace(symbols, process, handle->stack),
        .process_index = process_index,
    };
}

static int order(uintptr_t one, uintptr_t other) { return one < other ? -1 : one > other; }

/* --- kinds ------------------------------------------------------------------------------------------------ */

/* For handles of one stack whose call says the same of their kind; those that the kernel was asked about first.
 */
static int compare_calls(const void *left, const void *right) {
    const struct handle *one = (*(struct finding *const *)left)->handle;
    const struct handle *other = (*(struct finding *const *)right)->handle;
    int difference = order((uintptr_t)one->stack, (uintptr_t)other->stack);
    if (!difference)
        difference = order(one->kind, other->kind);
    return difference ? difference : (other->detail != NULL) - (one->detail != NULL);
}

static bool is_of_same_call(const struct finding *one, const struct finding *other) {
    return one->handle->stack && one->handle->stack == other->handle->stack &&
           one->handle->kind == other->handle->kind;
}

static void settle_kind(struct finding *const *group, size_t count) {
    size_t asked = 0;
    while (asked < count && group[asked]->handle->detail)
        asked++;
    for (size_t i = 1; i < asked; i++)
        if (group[i]->kind != group[0]->kind)
            return;
    for (size_t i = asked; asked && i < count; i++)
        group[i]->kind = group[0]->kind;
}

void sites_settle_kinds(struct findings *findings, size_t first) {
    size_t count = findings->count - first;
    struct finding **list = memory_new(count, sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = &findings->list[first + i];
    if (count)
        qsort(list, count, sizeof *list, compare_calls);
    for (size_t start = 0, end; start < count; start = end) {
        for (end = start + 1; end < count && is_of_same_call(list[start], list[end]);)
            end++;
        settle_kind(list + start, end - start);
    }
    free(list);
}

static const char *call_of(const struct finding *finding) {
    return finding->handle->stack ? finding->handle->stack->call : "";
}

/* --- identity --------------------------------------------------------------------------------------------- */

static uint64_t hash_text(uint64_t hash, const char *text) {
    do {
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    } while (*text++);
    return hash;
}

static uint64_t hash_frame(uint64_t hash, const struct frame *frame) {
    char offset[24];
    if (frame->function)
        return hash_text(hash, frame->function);
    snprintf(offset, sizeof offset, "0x%" PRIx64, frame->offset);
    hash = hash_text(hash, symbols_base_name(frame->module));
    return hash_text(hash_text(hash, frame->build_id), offset);
}

static uint64_t hash_line(uint64_t hash, const struct frame *frame) {
    char line[16];
    snprintf(line, sizeof line, "%u", frame->line);
    return hash_text(hash_text(hash, frame->file ? frame->file : ""), line);
}

void sites_identify(const char *call, const struct trace *trace, char id[static 17], char *line_id) {
    uint64_t hash = hash_text(0xcbf29ce484222325u, "leftopen-site-1"), line_hash;
    hash = line_hash = hash_text(hash, call);
    size_t own = trace_own_frames(trace);
    for (size_t i = 0; i < own; i++) {
        const struct frame *frame = &trace->frames[i];
        hash = hash_frame(hash, frame);
        line_hash = hash_line(hash_frame(line_hash, frame), frame);
    }
    snprintf(id, sizeof(char[17]), "%016" PRIx64, hash);
    if (line_id)
        snprintf(line_id, sizeof(char[17]), "%016" PRIx64, line_hash);
}

/* --- groups ----------------------------------------------------------------------------------------------- */

static int compare_sites_of(const struct finding *one, const struct finding *other) {
    int difference = order(one->kind, other->kind);
    if (!difference)
        difference = order((uintptr_t)one->trace, (uintptr_t)other->trace);
    return difference ? difference : strcmp(call_of(one), call_of(other));
}

static int compare_findings(const void *left, const void *right) {
    const struct finding *one = left, *other = right;
    int difference = compare_sites_of(one, other);
    if (!difference)
        difference = order(one->process_index, other->process_index);
    return difference ? difference : order(one->handle->sequence, other->handle->sequence);
}

static int compare_stacks(const void *left, const void *right) {
    const struct finding *const *one = left, *const *other = right;
    return order((uintptr_t)(*one)->handle->stack, (uintptr_t)(*other)->handle->stack);
}

static int compare_sites(const void *left, const void *right) {
    const struct site *one = left, *other = right;
    struct suspect_facts facts = sites_facts(one), other_facts = sites_facts(other);
    int difference = suspects_compare(&facts, &other_facts);
    if (difference)
        return difference;
    const struct finding *first = one->findings, *second = other->findings;
    difference = order(first->process_index, second->process_index);
    return difference ? difference : order(first->handle->sequence, second->handle->sequence);
}

/* Sums over the stacks of a site that tell of lifetimes. */
struct lifetimes {
    uint64_t released, lived, longest;
};

static void add_stack(struct site *site, struct lifetimes *lifetimes, struct symbols *symbols,
                      const struct finding *finding) {
    const struct stack *stack = finding->handle->stack;
    closers_add(&site->closers, symbols, finding->process, stack);
    site->opened += stack->opened;
    site->closed += stack->closed;
    site->peak += stack->peak;
    if (!*site->first_name)
        site->first_name = stack->first_name;
    if (!stack->peak)
        return;
    lifetimes->released += stack->closed;
    lifetimes->lived += stack->lived;
    lifetimes->longest = stack->longest > lifetimes->longest ? stack->longest : lifetimes->longest;
}

static void add_age(struct site *site, double age) {
    if (age > site->oldest_age)
        site->oldest_age = age;
    if (age >= 0 && (site->newest_age < 0 || age < site->newest_age))
        site->newest_age = age;
}

static int compare_ids(const void *left, const void *right) {
    const struct site *one = left, *other = right;
    int difference = strcmp(one->id, other->id);
    return difference ? difference : compare_sites(one, other);
}

static void number_twins(struct sites *sites) {
    qsort(sites->list, sites->count, sizeof *sites->list, compare_ids);
    for (size_t i = 1; i < sites->count; i++)
        if (strcmp(sites->list[i].id, sites->list[i - 1].id) == 0)
            sites->list[i].twin = sites->list[i - 1].twin + 1;
}

/* What is known per stack. A site has several: of processes, and of calls that read alike. */
static void add_stacks(struct site *site, struct symbols *symbols) {
    struct lifetimes lifetimes = {0};
    const struct finding **findings = memory_new(site->count, sizeof *findings);
    for (size_t i = 0; i < site->count; i++)
        findings[i] = &site->findings[i];
    qsort(findings, site->count, sizeof *findings, compare_stacks);
    for (size_t i = 0; i < site->count; i++)
        if (findings[i]->handle->stack && (i == 0 || compare_stacks(&findings[i - 1], &findings[i]) != 0))
            add_stack(site, &lifetimes, symbols, findings[i]);
    free(findings);
    /* what came with a fork was counted by a parent, which may have nothing to tell */
    if (site->opened && site->opened < site->closed + site->count)
        site->opened = site->closed + site->count;
    site->mean_lifetime = lifetimes.released ? (double)lifetimes.lived / 1e9 / (double)lifetimes.released : -1;
    site->longest_lifetime = lifetimes.released ? (double)lifetimes.longest / 1e9 : -1;
}

/* Of one of several processes only their common peak is known. */
static bool grows_in(const struct site *part, bool is_alone) {
    struct suspect_facts facts = sites_facts(part);
    facts.is_steady = false;
    facts.peak = facts.peak && !is_alone ? part->count : facts.peak;
    return suspects_judge(&facts) & SUSPICION_GROWS;
}

static bool grows_somewhere(const struct site *site) {
    bool grows = false;
    for (struct site part = {0}; !grows && sites_next_part(site, &part);)
        grows = grows_in(&part, sites_is_of_one_process(site));
    return grows;
}

static void fill_site(struct site *site, struct symbols *symbols) {
    for (size_t i = 0; i < site->count; i++)
        add_age(site, site->findings[i].age);
    add_stacks(site, symbols);
    site->grows = grows_somewhere(site);
    sites_identify(site->call, site->trace, site->id, site->line_id);
}

void sites_group(struct findings *findings, struct symbols *symbols, struct sites *sites, bool per_process) {
    if (!findings->count)
        return;
    qsort(findings->list, findings->count, sizeof *findings->list, compare_findings);
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        if (i == 0 || compare_sites_of(finding - 1, finding) != 0 ||
            (per_process && finding[-1].process_index != finding->process_index)) {
            sites->list = memory_grow(sites->list, sites->count, sizeof *sites->list);
            sites->list[sites->count++] = (struct site){.kind = finding->kind,
                                                        .call = call_of(finding),
                                                        .first_name = "",
                                                        .trace = finding->trace,
                                                        .oldest_age = -1,
                                                        .newest_age = -1,
                                                        .findings = finding};
        }
        sites->list[sites->count - 1].count++;
    }
    for (size_t i = 0; i < sites->count; i++)
        fill_site(&sites->list[i], symbols);
    number_twins(sites);
    qsort(sites->list, sites->count, sizeof *sites->list, compare_sites);
}

struct suspect_facts sites_facts(const struct site *site) {
    return (struct suspect_facts){.opened = site->opened,
                                  .closed = site->closed,
                                  .open = site->count,
                                  .peak = site->peak,
                                  .oldest_age = site->oldest_age,
                                  .newest_age = site->newest_age,
                                  .mean_lifetime = site->mean_lifetime,
                                  .longest_lifetime = site->longest_lifetime,
                                  .is_steady = !site->grows};
}

bool sites_is_of_one_process(const struct site *site) {
    return site->findings[0].process_index == site->findings[site->count - 1].process_index;
}

bool sites_next_part(const struct site *site, struct site *part) {
    const struct finding *first = part->findings ? part->findings + part->count : site->findings;
    const struct finding *end = site->findings + site->count;
    *part = *site;
    part->findings = first;
    part->oldest_age = part->newest_age = -1;
    for (part->count = 0; first + part->count < end; part->count++) {
        const struct finding *finding = first + part->count;
        if (finding->process_index != first->process_index)
            break;
        add_age(part, finding->age);
    }
    return part->count > 0;
}

void finding_end(struct finding *finding) {
    free(finding->what);
    state_end(&finding->state);
    relations_end(&finding->relations);
}

void findings_end(struct findings *findings) {
    for (size_t i = 0; i < findings->count; i++)
        finding_end(&findings->list[i]);
    free(findings->list);
    *findings = (struct findings){0};
}

void sites_end(struct sites *sites) {
    free(sites->list);
    *sites = (struct sites){0};
}
