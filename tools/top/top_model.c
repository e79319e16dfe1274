/* top_model.c - see top_model.h */
#include "tools/top/top_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"
#include "tools/findings/sites.h"
#include "tools/formats/render.h"
#include "tools/handles/what.h"
#include "tools/names/trace.h"

enum { PLACE_FRAMES = 3 }; /* more of the stack is on the page of the site */

/* --- one sample after the other --------------------------------------------------------------------------- */

static char *frame_text(const struct frame *frame) {
    char *name = render_frame_name(frame);
    if (!frame->file)
        return name;
    char *text = memory_format("%s %s:%u", name, symbols_base_name(frame->file), frame->line);
    free(name);
    return text;
}

/* "socket < connect_upstream conn.c:42 < handle_request server.c:210": the call, and its callers from the
 * program's own code on. That libc's popen called pipe2 tells nobody anything. */
static char *place_text(const struct activity_site *site) {
    const struct trace *trace = site->trace;
    size_t from = site->own && trace->count ? (size_t)(site->own - trace->frames) : 0;
    size_t own = trace_own_frames(trace), end = own > from + PLACE_FRAMES ? from + PLACE_FRAMES : own;
    char *text = memory_copy(site->call);
    for (size_t i = from; i < end; i++) {
        char *frame = frame_text(&trace->frames[i]);
        char *longer = memory_format("%s%s%s", text, *text ? " < " : "", frame);
        free(frame);
        free(text);
        text = longer;
    }
    char *place = utf8_for_terminal(*text ? text : "(no stack was recorded)");
    free(text);
    return place;
}

static struct top_site *new_site(struct top_process *process, const struct activity_site *now) {
    struct top_site *site = memory_new(1, sizeof *site);
    memcpy(site->now.id, now->id, sizeof site->now.id);
    site->place = place_text(now);
    process->sites = memory_grow(process->sites, process->site_count, sizeof site);
    return process->sites[process->site_count++] = site;
}

static void end_site(struct top_site *site) {
    free(site->place);
    free(site);
}

static void end_process(struct top_process *process) {
    for (size_t i = 0; i < process->site_count; i++)
        end_site(process->sites[i]);
    free(process->sites);
    free(process->program);
    free(process->source);
    free(process);
}

static int compare_ids(const void *left, const void *right) {
    const struct top_site *one = *(struct top_site *const *)left, *other = *(struct top_site *const *)right;
    return strcmp(one->now.id, other->now.id);
}

static int compare_id(const void *id, const void *element) {
    return strcmp(id, (*(struct top_site *const *)element)->now.id);
}

/* Sites are kept by ascending id; new ones get to their places when all were taken. */
static void take_sites(struct top_process *process, const struct activity *activity) {
    size_t known = process->site_count;
    for (size_t i = 0; i < activity->site_count; i++) {
        const struct activity_site *now = &activity->sites[i];
        struct top_site **found =
            known ? bsearch(now->id, process->sites, known, sizeof *process->sites, compare_id) : NULL;
        struct top_site *site = found ? *found : new_site(process, now);
        site->now = *now;
        site->was_seen = true;
    }
    if (process->site_count)
        qsort(process->sites, process->site_count, sizeof *process->sites, compare_ids);
}

static struct top_process *find_process(const struct top_model *model, const unsigned char *name) {
    for (size_t i = 0; i < model->process_count; i++)
        if (memcmp(model->processes[i]->name, name, sizeof model->processes[i]->name) == 0)
            return model->processes[i];
    return NULL;
}

static struct top_process *new_process(struct top_model *model, const struct top_seen *seen) {
    struct top_process *process = memory_new(1, sizeof *process);
    memcpy(process->name, seen->name, sizeof process->name);
    process->program = utf8_for_terminal(seen->program);
    process->source = memory_copy(seen->source);
    model->processes = memory_grow(model->processes, model->process_count, sizeof process);
    return model->processes[model->process_count++] = process;
}

void top_sample_begin(struct top_model *model) {
    for (size_t i = 0; i < model->process_count; i++) {
        struct top_process *process = model->processes[i];
        process->was_seen = false;
        for (size_t j = 0; j < process->site_count; j++)
            process->sites[j]->was_seen = false;
    }
}

void top_sample_take(struct top_model *model, const struct top_seen *seen) {
    struct top_process *process = find_process(model, seen->name);
    if (!process)
        process = new_process(model, seen);
    process->pid = seen->pid;
    process->descriptors = seen->descriptors;
    process->limit = seen->limit;
    process->handles = seen->activity->open;
    process->oldest = seen->activity->oldest;
    process->was_seen = true;
    take_sites(process, seen->activity);
}

static void settle_sites(struct top_process *process, uint64_t when) {
    size_t kept = 0;
    for (size_t i = 0; i < process->site_count; i++) {
        struct top_site *site = process->sites[i];
        if (!site->was_seen) {
            end_site(site);
            continue;
        }
        trend_note(&site->trend, when, site->now.open);
        process->sites[kept++] = site;
    }
    process->site_count = kept;
}

static void note_end(struct top_model *model, const struct top_process *process) {
    free(model->ended);
    model->ended =
        memory_format("process %d (%s) has ended, or runs another program now", process->pid, process->program);
}

void top_sample_end(struct top_model *model, uint64_t when) {
    size_t kept = 0;
    for (size_t i = 0; i < model->process_count; i++) {
        struct top_process *process = model->processes[i];
        if (!process->was_seen) {
            note_end(model, process);
            end_process(process);
            continue;
        }
        settle_sites(process, when);
        trend_note(&process->trend, when, process->descriptors);
        model->processes[kept++] = process;
    }
    model->process_count = kept;
    if (!model->samples++)
        top_mark(model);
}

void top_mark(struct top_model *model) {
    for (size_t i = 0; i < model->process_count; i++) {
        struct top_process *process = model->processes[i];
        process->marked = process->descriptors;
        for (size_t j = 0; j < process->site_count; j++)
            process->sites[j]->marked = process->sites[j]->now.open;
    }
}

void top_model_end(struct top_model *model) {
    for (size_t i = 0; i < model->process_count; i++)
        end_process(model->processes[i]);
    free(model->processes);
    free(model->ended);
    *model = (struct top_model){0};
}

/* --- figures ---------------------------------------------------------------------------------------------- */

size_t top_process_sites(const struct top_process *process) {
    size_t count = 0;
    for (size_t i = 0; i < process->site_count; i++)
        count += process->sites[i]->now.open > 0;
    return count;
}

int64_t top_process_grown(const struct top_process *process) {
    return (int64_t)(process->descriptors - process->marked);
}

int64_t top_site_grown(const struct top_site *site) { return (int64_t)(site->now.open - site->marked); }

double top_process_left(const struct top_process *process) {
    bool has_limit = process->limit && process->limit != UINT64_MAX;
    return has_limit ? trend_seconds_until(&process->trend, process->limit) : -1;
}

/* --- orders ----------------------------------------------------------------------------------------------- */

/* What rows are ordered by: the greater comes first. */
static double rate_of(const struct trend *trend) {
    double per_minute;
    return trend_per_minute(trend, &per_minute) ? per_minute : 0;
}

static double process_open(const struct top_process *process) { return (double)process->descriptors; }
static double process_rate(const struct top_process *process) { return rate_of(&process->trend); }
static double process_grown(const struct top_process *process) { return (double)top_process_grown(process); }
static double process_oldest(const struct top_process *process) { return process->oldest; }

/* The sooner, the greater; those that will never be there come by how full they are. */
static double process_limit(const struct top_process *process) {
    double left = top_process_left(process);
    if (left >= 0)
        return 1 + 1 / (1 + left);
    bool has_limit = process->limit && process->limit != UINT64_MAX;
    return has_limit ? (double)process->descriptors / (double)process->limit : 0;
}

static double site_open(const struct top_site *site) { return (double)site->now.open; }
static double site_rate(const struct top_site *site) { return rate_of(&site->trend); }
static double site_grown(const struct top_site *site) { return (double)top_site_grown(site); }
static double site_oldest(const struct top_site *site) { return site->now.oldest; }

/* Without functions: by name. Sites have no limit of their own: those that grow fastest lead there. */
static const struct {
    const char *name;
    double (*of_process)(const struct top_process *process);
    double (*of_site)(const struct top_site *site);
} sorts[TOP_SORT_COUNT] = {
    [TOP_SORT_OPEN] = {"open", process_open, site_open},
    [TOP_SORT_RATE] = {"rate", process_rate, site_rate},
    [TOP_SORT_GROWN] = {"grown", process_grown, site_grown},
    [TOP_SORT_LIMIT] = {"limit", process_limit, site_rate},
    [TOP_SORT_OLDEST] = {"oldest", process_oldest, site_oldest},
    [TOP_SORT_NAME] = {"name", NULL, NULL},
};

const char *top_sort_name(enum top_sort sort) { return sorts[sort].name; }

enum top_sort top_sort_named(const char *name) {
    enum top_sort sort = 0;
    while (sort < TOP_SORT_COUNT && strcmp(sorts[sort].name, name) != 0)
        sort++;
    return sort;
}

static int compare_numbers(double one, double other) { return one > other ? -1 : one < other; }

/* Equal rows keep one order, whichever way they are sorted: a screen that jumps cannot be read. */
static int compare_processes(const void *left, const void *right, void *context) {
    const struct top_view *view = context;
    const struct top_process *one = *(struct top_process *const *)left;
    const struct top_process *other = *(struct top_process *const *)right;
    double (*figure)(const struct top_process *) = sorts[view->sort].of_process;
    int difference =
        figure ? compare_numbers(figure(one), figure(other)) : strcmp(one->program, other->program);
    if (difference)
        return view->is_reversed ? -difference : difference;
    return one->pid != other->pid ? (one->pid < other->pid ? -1 : 1)
                                  : memcmp(one->name, other->name, sizeof one->name);
}

static int compare_sites(const void *left, const void *right, void *context) {
    const struct top_view *view = context;
    const struct top_site *one = *(struct top_site *const *)left;
    const struct top_site *other = *(struct top_site *const *)right;
    double (*figure)(const struct top_site *) = sorts[view->sort].of_site;
    int difference = figure ? compare_numbers(figure(one), figure(other)) : strcmp(one->place, other->place);
    if (difference)
        return view->is_reversed ? -difference : difference;
    return strcmp(one->now.id, other->now.id);
}

/* --- what is shown ---------------------------------------------------------------------------------------- */

static bool has_text(const char *text, const char *wanted) { return text && strcasestr(text, wanted); }

static bool frame_fits(const struct frame *frame, const char *filter) {
    return has_text(frame->function, filter) || has_text(frame->file, filter) ||
           has_text(frame->module, filter);
}

static bool site_has(const struct top_site *site, const char *filter) {
    if (has_text(site->place, filter) || has_text(what_kind_word(site->now.kind), filter))
        return true;
    for (size_t i = 0; i < site->now.trace->count; i++)
        if (frame_fits(&site->now.trace->frames[i], filter))
            return true;
    return false;
}

static bool process_has(const struct top_process *process, const char *filter) {
    char pid[16];
    snprintf(pid, sizeof pid, "%d", process->pid);
    return has_text(process->program, filter) || strcmp(pid, filter) == 0;
}

/* `any`: its process fits the filter, so all sites do. */
static bool site_fits(const struct top_site *site, const struct top_view *view, bool any) {
    if (!site->now.open && !view->with_empty)
        return false;
    if (view->grown_only && top_site_grown(site) <= 0)
        return false;
    return any || site_has(site, view->filter);
}

static bool fits_any(const struct top_process *process, const struct top_view *view) {
    return !view->filter || !*view->filter || process_has(process, view->filter);
}

static bool process_fits(const struct top_process *process, const struct top_view *view) {
    bool any = fits_any(process, view);
    if (any && (!view->grown_only || top_process_grown(process) > 0))
        return true;
    for (size_t i = 0; i < process->site_count; i++)
        if (site_fits(process->sites[i], view, any))
            return true;
    return false;
}

size_t top_processes(const struct top_model *model, const struct top_view *view, struct top_process ***rows) {
    size_t count = 0;
    *rows = memory_new(model->process_count + 1, sizeof **rows);
    for (size_t i = 0; i < model->process_count; i++)
        if (process_fits(model->processes[i], view))
            (*rows)[count++] = model->processes[i];
    qsort_r(*rows, count, sizeof **rows, compare_processes, (void *)view);
    return count;
}

size_t top_sites(const struct top_process *process, const struct top_view *view, struct top_site ***rows) {
    bool any = fits_any(process, view);
    size_t count = 0;
    *rows = memory_new(process->site_count + 1, sizeof **rows);
    for (size_t i = 0; i < process->site_count; i++)
        if (site_fits(process->sites[i], view, any))
            (*rows)[count++] = process->sites[i];
    qsort_r(*rows, count, sizeof **rows, compare_sites, (void *)view);
    return count;
}
