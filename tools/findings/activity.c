/* activity.c - see activity.h */
#include "tools/findings/activity.h"

#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/findings/sites.h"
#include "tools/handles/what.h"

/* --- sites ------------------------------------------------------------------------------------------------ */

/* Votes of the open handles of a site on what kind they are. */
struct votes {
    uint32_t of[RECORD_KIND_COUNT + 1];
};

static double seconds(uint64_t nanoseconds) { return (double)nanoseconds / 1e9; }

static double age_of(const struct process *process, const struct handle *handle) {
    if (!process->ended_monotonic || !handle->opened)
        return -1;
    /* The clock of handles is a coarse one. */
    return process->ended_monotonic > handle->opened ? seconds(process->ended_monotonic - handle->opened) : 0;
}

static const struct frame *own_frame(const struct process *process, const struct trace *trace) {
    for (size_t i = 0; *process->executable && i < trace->count; i++)
        if (strcmp(trace->frames[i].module, process->executable) == 0)
            return &trace->frames[i];
    return trace->count ? &trace->frames[0] : NULL;
}

static void begin_site(struct activity_site *site, struct symbols *symbols, const struct process *process,
                       const struct stack *stack) {
    *site = (struct activity_site){
        .kind = RECORD_KIND_COUNT,
        .trace = symbols_trace(symbols, process, stack),
        .oldest = -1,
        .newest = -1,
    };
    if (stack)
        memcpy(site->call, stack->call, sizeof site->call);
    site->own = own_frame(process, site->trace);
    sites_identify(site->call, site->trace, site->id, NULL);
    if (!stack)
        return;
    site->opened = stack->opened;
    site->closed = stack->closed < stack->opened ? stack->closed : stack->opened;
    site->peak = stack->peak;
    site->lived = seconds(stack->lived);
    site->longest = seconds(stack->longest);
    closers_add(&site->closers, symbols, process, stack);
}

/* One per stack, and a last one for handles without. */
static void begin_sites(struct activity *activity, struct symbols *symbols, const struct process *process) {
    activity->site_count = process->stack_count + 1;
    activity->sites = memory_new(activity->site_count, sizeof *activity->sites);
    for (size_t i = 0; i < process->stack_count; i++)
        begin_site(&activity->sites[i], symbols, process, &process->stacks[i]);
    begin_site(&activity->sites[process->stack_count], symbols, process, NULL);
}

static double older(double one, double other) { return one > other ? one : other; }

/* Of what is known: a negative age is not. */
static double newer(double one, double other) {
    bool is_one = one >= 0 && (other < 0 || one < other);
    return is_one ? one : other;
}

static void count_held(struct activity *activity, const struct process *process, const struct handle *handle,
                       struct votes *votes) {
    size_t index = handle->stack ? (size_t)(handle->stack - process->stacks) : process->stack_count;
    struct activity_site *site = &activity->sites[index];
    double age = age_of(process, handle);
    site->open++;
    site->oldest = older(site->oldest, age);
    site->newest = newer(site->newest, age);
    activity->open++;
    activity->oldest = older(activity->oldest, age);
    votes[index].of[what_kind(handle->kind, handle->detail)]++;
}

static bool is_number_in_use(const struct handle *handle) {
    return !handle->is_address && handle->outcome != RECORD_OUTCOME_GONE &&
           (handle->state == RECORD_STATE_LIVE || handle->state == RECORD_STATE_OWNED ||
            handle->state == RECORD_STATE_INHERITED || handle->state == RECORD_STATE_RELEASING);
}

static void count_handles(struct activity *activity, const struct process *process, struct votes *votes) {
    for (size_t i = 0; i < process->handle_count; i++) {
        const struct handle *handle = &process->handles[i];
        if (sites_is_finding(process, handle))
            count_held(activity, process, handle, votes);
        if (!is_number_in_use(handle))
            continue;
        activity->descriptors++;
        activity->inherited += handle->state == RECORD_STATE_INHERITED;
    }
}

static void decide_kinds(struct activity *activity, const struct votes *votes) {
    for (size_t i = 0; i < activity->site_count; i++) {
        uint32_t most = 0;
        for (enum record_kind kind = 0; kind < RECORD_KIND_COUNT; kind++)
            if (votes[i].of[kind] > most) {
                most = votes[i].of[kind];
                activity->sites[i].kind = kind;
            }
    }
}

/* --- merging ---------------------------------------------------------------------------------------------- */

static void merge_site(struct activity_site *into, const struct activity_site *other) {
    if (into->kind == RECORD_KIND_COUNT || other->open > into->open)
        into->kind = other->kind == RECORD_KIND_COUNT ? into->kind : other->kind;
    into->opened += other->opened;
    into->closed += other->closed;
    closers_merge(&into->closers, &other->closers);
    into->open += other->open;
    into->peak += other->peak;
    into->lived += other->lived;
    into->longest = older(into->longest, other->longest);
    into->oldest = older(into->oldest, other->oldest);
    into->newest = newer(into->newest, other->newest);
    into->grows |= other->grows;
}

static int compare_ids(const void *left, const void *right) {
    const struct activity_site *one = left, *other = right;
    return strcmp(one->id, other->id);
}

static int compare_open(const void *left, const void *right) {
    const struct activity_site *one = left, *other = right;
    if (one->open != other->open)
        return one->open > other->open ? -1 : 1;
    if (one->opened != other->opened)
        return one->opened > other->opened ? -1 : 1;
    return strcmp(one->id, other->id);
}

/* One process may have several stacks of the same id: other lines, or code that was loaded twice. Those that
 * acquired nothing (a child has its parent's stacks) are left out. */
static void join_sites(struct activity *activity) {
    struct activity_site *sites = activity->sites;
    size_t kept = 0;
    qsort(sites, activity->site_count, sizeof *sites, compare_ids);
    for (size_t i = 0; i < activity->site_count; i++) {
        if (!sites[i].opened && !sites[i].open)
            continue;
        if (kept && strcmp(sites[kept - 1].id, sites[i].id) == 0)
            merge_site(&sites[kept - 1], &sites[i]);
        else
            sites[kept++] = sites[i];
    }
    activity->site_count = kept;
    if (kept)
        qsort(sites, kept, sizeof *sites, compare_open);
}

/* The one that will be at its limit first decides what is shown of merged ones. */
static bool is_fuller(const struct activity *one, const struct activity *other) {
    if (!one->limit || one->limit == UINT64_MAX)
        return false;
    if (!other->limit || other->limit == UINT64_MAX)
        return true;
    return (double)one->fullest / (double)one->limit > (double)other->fullest / (double)other->limit;
}

void activity_merge(struct activity *into, const struct activity *other) {
    bool is_first = !into->processes;
    size_t count = into->site_count + other->site_count;
    struct activity_site *sites = memory_new(count, sizeof *sites);
    if (into->site_count)
        memcpy(sites, into->sites, into->site_count * sizeof *sites);
    if (other->site_count)
        memcpy(sites + into->site_count, other->sites, other->site_count * sizeof *sites);
    free(into->sites);
    into->sites = sites;
    into->site_count = count;
    join_sites(into);
    if (is_first || is_fuller(other, into)) {
        into->limit = other->limit;
        into->fullest = other->fullest;
    }
    into->processes += other->processes;
    into->open += other->open;
    into->descriptors += other->descriptors;
    into->inherited += other->inherited;
    into->peak += other->peak;
    into->opened += other->opened;
    into->closed += other->closed;
    into->failures += other->failures;
    into->acquiring += other->acquiring;
    into->opening += other->opening;
    into->closing += other->closing;
    into->oldest = is_first ? other->oldest : older(into->oldest, other->oldest);
}

static bool grows(const struct activity_site *site) {
    struct suspect_facts facts = activity_facts(site);
    facts.is_steady = false;
    return suspects_judge(&facts) & SUSPICION_GROWS;
}

/* --- public ----------------------------------------------------------------------------------------------- */

void activity_take(struct activity *activity, struct symbols *symbols, const struct process *process) {
    *activity = (struct activity){
        .processes = 1,
        .limit = process->limit_soft,
        .peak = process->peak > 0 ? (uint64_t)process->peak : 0,
        .failures = process->failures,
        .acquiring = process->acquiring,
        .opening = process->opening,
        .closing = process->closing,
        .oldest = -1,
    };
    begin_sites(activity, symbols, process);
    struct votes *votes = memory_new(activity->site_count, sizeof *votes);
    count_handles(activity, process, votes);
    decide_kinds(activity, votes);
    free(votes);
    activity->fullest = activity->descriptors;
    for (size_t i = 0; i < activity->site_count; i++) {
        activity->opened += activity->sites[i].opened;
        activity->closed += activity->sites[i].closed;
    }
    join_sites(activity);
    for (size_t i = 0; i < activity->site_count; i++)
        activity->sites[i].grows = grows(&activity->sites[i]);
}

const struct activity_site *activity_find(const struct activity *activity, const char *id) {
    for (size_t i = 0; i < activity->site_count; i++)
        if (strcmp(activity->sites[i].id, id) == 0)
            return &activity->sites[i];
    return NULL;
}

struct suspect_facts activity_facts(const struct activity_site *site) {
    return (struct suspect_facts){
        .opened = site->opened,
        .closed = site->closed,
        .open = site->open,
        .peak = site->peak,
        .oldest_age = site->oldest,
        .newest_age = site->newest,
        .mean_lifetime = site->closed ? site->lived / (double)site->closed : -1,
        .longest_lifetime = site->closed ? site->longest : -1,
        .is_steady = !site->grows,
    };
}

void activity_end(struct activity *activity) {
    free(activity->sites);
    *activity = (struct activity){0};
}
