/* report_processes.c - see report_processes.h. */
#include "tools/findings/report_processes.h"

#include <stdlib.h>
#include <sys/wait.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/basics/pattern.h"
#include "tools/formats/render.h"
#include "tools/handles/kernel_view.h"
#include "tools/handles/live.h"
#include "tools/names/symbols.h"
#include "tools/records/record_reader.h"

static void add(struct process ***list, size_t *count, struct process *process) {
    *list = memory_grow(*list, *count, sizeof **list);
    (*list)[(*count)++] = process;
}

/* By the options only and skip. */
static bool is_watched(const struct report_request *request, const struct process *process) {
    const char *program =
        *process->executable ? symbols_base_name(process->executable) : render_program(process);
    return pattern_words_match(request->settings->value[SETTING_only], program) &&
           !pattern_words_match(request->settings->value[SETTING_skip], program);
}

/* What lives is compared with the kernel, as it would do itself at its end. */
static struct process *read_one(const struct report_request *request, const char *path, bool may_vanish,
                                int *why) {
    struct kernel_view view;
    int pid;
    if (request->waits)
        return record_read(path, may_vanish, why);
    struct process *process = kernel_view_read(path, may_vanish, &view, &pid, why);
    if (process && view.is_known && process->end == RECORD_END_RUNNING)
        process->unseen = (int64_t)view.unseen;
    return process;
}

int report_processes_read(struct report_processes *processes, const struct report_request *request,
                          size_t *unreadable) {
    int status = 0;
    for (size_t i = 0; i < request->count; i++) {
        int why;
        /* a survivor of the tree may just be making its record, or take it away since it has nothing to say */
        bool may_vanish = request->first != 0;
        struct process *process = read_one(request, request->records[i], may_vanish, &why);
        if (!process && may_vanish && why == EXIT_MISSING)
            continue;
        if (!process) {
            status = (*unreadable)++ ? status : why;
        } else if (!is_watched(request, process)) {
            record_end(process);
        } else {
            live_ask(process);
            add(&processes->list, &processes->count, process);
        }
    }
    return *unreadable < request->count || !request->count ? 0 : status;
}

/* What a process was before an exec is not a process of its own: unless that is all that the user asked for. */
static void set_earlier_images_aside(struct report_processes *processes, const struct report_request *request) {
    size_t kept = 0, images = 0;
    for (size_t i = 0; i < processes->count; i++)
        images += processes->list[i]->end == RECORD_END_EXEC;
    if (images == processes->count && !request->first)
        return;
    for (size_t i = 0; i < processes->count; i++) {
        struct process *process = processes->list[i];
        if (process->end == RECORD_END_EXEC)
            add(&processes->others, &processes->other_count, process);
        else
            processes->list[kept++] = process;
    }
    processes->count = kept;
}

static int compare_starts(const void *left, const void *right) {
    const struct process *one = *(struct process *const *)left, *other = *(struct process *const *)right;
    if (one->started_realtime != other->started_realtime)
        return one->started_realtime < other->started_realtime ? -1 : 1;
    return one->pid < other->pid ? -1 : one->pid > other->pid;
}

/* What its parent knows of the first process's end is more than the record can say. */
static void set_first_status(struct process *first, int wait_status) {
    if (first->end != RECORD_END_RUNNING || first->alive)
        return;
    if (WIFSIGNALED(wait_status)) {
        first->signal = WTERMSIG(wait_status);
        first->status = 128 + first->signal;
    } else if (WIFEXITED(wait_status)) { /* by a system call that libc does not know of */
        first->end = RECORD_END_EXIT_NOW;
        first->status = WEXITSTATUS(wait_status);
    }
}

/* It acquired nothing, or left nothing open, and took its record away: only its parent can tell of it. */
static struct process *process_without_record(const struct report_request *request) {
    struct process *process =
        record_of_nothing(request->first, request->first_executable, request->first_arguments);
    process->started_realtime = request->first_started;
    process->ended_realtime = request->first_ended_at;
    if (!request->first_ended)
        return process;
    if (WIFEXITED(request->first_status))
        process->end = RECORD_END_EXIT;
    set_first_status(process, request->first_status);
    process->status = WIFEXITED(request->first_status) ? WEXITSTATUS(request->first_status) : process->status;
    return process;
}

/* Sorts the processes and finds the first one. */
static struct process *find_first(struct report_processes *processes, const struct report_request *request) {
    if (processes->count)
        qsort(processes->list, processes->count, sizeof *processes->list, compare_starts);
    if (!request->first && processes->count)
        return processes->list[0];
    for (size_t i = 0; i < processes->count; i++)
        if (processes->list[i]->pid == request->first)
            return processes->list[i];
    return processes->nobody = process_without_record(request);
}

struct process *report_processes_first(struct report_processes *processes,
                                       const struct report_request *request) {
    set_earlier_images_aside(processes, request);
    struct process *first = find_first(processes, request);
    if (request->first_ended)
        set_first_status(first, request->first_status);
    return first;
}

void report_processes_end(struct report_processes *processes) {
    record_end(processes->nobody);
    for (size_t i = 0; i < processes->count; i++)
        record_end(processes->list[i]);
    free(processes->list);
    for (size_t i = 0; i < processes->other_count; i++)
        record_end(processes->others[i]);
    free(processes->others);
}
