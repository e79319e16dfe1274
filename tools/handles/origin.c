/* origin.c - see origin.h */
#include "tools/handles/origin.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/formats/render.h"

enum {
    LONGEST_CHAIN = 32, /* of programs, each executed or forked by the one before */
    LONGEST_EXEC_S = 10 /* from the exec to the first words of the next image; pids are used again later */
};

static const struct origin unknown = {.way = ORIGIN_UNKNOWN};

/* Where it is looked for. */
struct search {
    struct process *const *others;
    size_t count;
    int steps;
};

static struct origin find(struct search *search, const struct process *process, const struct handle *handle);

/* --- what the kernel said --------------------------------------------------------------------------------- */

static bool is_anonymous(const struct detail *detail) { return strncmp(detail->link, "anon_inode:", 11) == 0; }

/* True if both were asked of the kernel, and lead to different places. */
static bool differ(const struct detail *one, const struct detail *other) {
    if (!one || !other)
        return false;
    if (one->inode && other->inode && (one->inode != other->inode || one->device != other->device))
        return true;
    return *one->link && *other->link && strcmp(one->link, other->link) != 0;
}

/* True if both were asked and lead to the same place; anonymous ones look all alike. */
static bool agree(const struct detail *one, const struct detail *other) {
    if (!one || !other || differ(one, other) || !*one->link || !*other->link)
        return false;
    return !is_anonymous(one);
}

/* --- handles ---------------------------------------------------------------------------------------------- */

static bool is_held(const struct handle *handle) {
    return (handle->state == RECORD_STATE_LIVE || handle->state == RECORD_STATE_OWNED ||
            handle->state == RECORD_STATE_INHERITED) &&
           handle->outcome != RECORD_OUTCOME_GONE;
}

/* What the number is in that process, NULL if nothing. */
static const struct handle *held_number(const struct process *process, int number) {
    for (size_t i = 0; number >= 0 && i < process->handle_count; i++) {
        const struct handle *handle = &process->handles[i];
        if (!handle->is_address && handle->number == number && is_held(handle))
            return handle;
    }
    return NULL;
}

/* The stream that a descriptor is inside of knows more than the descriptor: its stack, what the kernel said. */
static const struct handle *owner_of(const struct process *process, const struct handle *handle) {
    for (size_t i = 0; !handle->is_address && handle->object && i < process->handle_count; i++)
        if (process->handles[i].is_address && process->handles[i].object == handle->object)
            return &process->handles[i];
    return handle;
}

static const struct stack *stack_of(const struct process *process, const struct handle *handle) {
    return owner_of(process, handle)->stack;
}

static const struct detail *detail_of(const struct process *process, const struct handle *handle) {
    return handle->detail ? handle->detail : owner_of(process, handle)->detail;
}

/* --- ways ------------------------------------------------------------------------------------------------- */

/* Where that process has the number from. */
static struct origin from(struct search *search, const struct process *process, const struct handle *had) {
    if (had->state == RECORD_STATE_INHERITED)
        return find(search, process, had);
    const struct stack *stack = stack_of(process, had);
    if (!stack)
        return unknown;
    return (struct origin){.way = ORIGIN_PARENT, .pid = process->pid, .process = process, .stack = stack};
}

/* The image that this process was before: its exec was just before this one's start. */
static const struct process *find_earlier_image(const struct search *search, const struct process *process) {
    const struct process *latest = NULL;
    for (size_t i = 0; i < search->count; i++) {
        const struct process *other = search->others[i];
        if (other == process || other->pid != process->pid || other->end != RECORD_END_EXEC ||
            !other->ended_monotonic || other->ended_monotonic > process->started_monotonic ||
            process->started_monotonic - other->ended_monotonic > LONGEST_EXEC_S * 1000000000ull)
            continue;
        if (!latest || other->ended_monotonic > latest->ended_monotonic)
            latest = other;
    }
    return latest;
}

/* Numbers stay the same over exec, and nobody else could change them. */
static struct origin through_exec(struct search *search, const struct process *earlier,
                                  const struct handle *handle) {
    const struct handle *had = held_number(earlier, handle->number);
    if (!had || differ(detail_of(earlier, had), handle->detail))
        return unknown;
    struct origin origin = from(search, earlier, had);
    if (origin.pid == earlier->pid && origin.way != ORIGIN_UNKNOWN)
        origin.way = ORIGIN_EXEC;
    return origin;
}

/* A fork child shares its parent's past: what that inherited by then, it inherited too. */
static struct origin as_parent(struct search *search, const struct process *process,
                               const struct handle *handle) {
    static const unsigned char none[sizeof process->parent_name];
    for (size_t i = 0; i < search->count && memcmp(process->parent_name, none, sizeof none) != 0; i++) {
        const struct process *parent = search->others[i];
        if (parent == process || memcmp(parent->name, process->parent_name, sizeof parent->name) != 0)
            continue;
        const struct handle *had = held_number(parent, handle->number);
        bool inherited = had && had->state == RECORD_STATE_INHERITED && !differ(had->detail, handle->detail);
        return inherited ? find(search, parent, had) : unknown;
    }
    return unknown;
}

static bool was_there(const struct process *process, uint64_t instant) {
    return process->started_monotonic <= instant &&
           (!process->ended_monotonic || process->end == RECORD_END_RUNNING ||
            process->ended_monotonic >= instant);
}

/* The parent made a child that left no record, and that may have moved descriptors before it executed this
 * program: only what the kernel calls the same in both is. */
static struct origin from_parent(struct search *search, const struct process *process,
                                 const struct handle *handle) {
    for (size_t i = 0; i < search->count; i++) {
        const struct process *parent = search->others[i];
        if (parent == process || !process->parent_pid || parent->pid != process->parent_pid ||
            !was_there(parent, process->started_monotonic))
            continue;
        const struct handle *had = held_number(parent, handle->number);
        if (had && had->opened <= process->started_monotonic && agree(detail_of(parent, had), handle->detail))
            return from(search, parent, had);
    }
    return unknown;
}

static struct origin find(struct search *search, const struct process *process, const struct handle *handle) {
    if (search->steps++ > LONGEST_CHAIN)
        return unknown;
    if (handle->flags & RECORD_SLOT_FROM_FORK) {
        const struct stack *stack = stack_of(process, handle);
        if (!stack || !handle->other_pid)
            return unknown;
        return (struct origin){
            .way = ORIGIN_FORK, .pid = handle->other_pid, .process = process, .stack = stack};
    }
    if (handle->is_address || handle->stack)
        return unknown; /* only descriptors pass over exec */
    const struct process *earlier = find_earlier_image(search, process);
    if (earlier)
        return through_exec(search, earlier, handle);
    struct origin origin = as_parent(search, process, handle);
    return origin.way ? origin : from_parent(search, process, handle);
}

struct origin origin_of(const struct process *process, const struct handle *handle,
                        struct process *const *others, size_t other_count) {
    struct search search = {.others = others, .count = other_count};
    return find(&search, process, handle);
}

/* --- groups and words ------------------------------------------------------------------------------------- */

static int order(uint64_t one, uint64_t other) { return one < other ? -1 : one > other; }

int origin_compare(const struct origin *one, const struct origin *other) {
    int difference = order(one->way, other->way);
    if (difference || !one->way)
        return difference;
    difference = order((uint64_t)one->pid, (uint64_t)other->pid);
    return difference ? difference : order(one->stack->id, other->stack->id);
}

char *origin_text(const struct origin *origin) {
    switch (origin->way) {
    case ORIGIN_EXEC:
        return memory_format("through exec from %s", render_program(origin->process));
    case ORIGIN_FORK:
    case ORIGIN_PARENT:
        return memory_format("from pid %d %s", origin->pid, render_program(origin->process));
    default:
        return memory_copy("");
    }
}
