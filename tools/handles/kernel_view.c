/* kernel_view.c - see kernel_view.h */
#include "tools/handles/kernel_view.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/basics/memory.h"
#include "tools/handles/live.h"
#include "tools/records/copies.h"
#include "tools/records/folder.h"
#include "tools/records/living.h"
#include "tools/records/record_reader.h"

/* A set of descriptor numbers. */
struct numbers {
    bool is_known;
    int *list; /* ascending */
    size_t count;
};

static int compare(const void *left, const void *right) {
    int one = *(const int *)left, other = *(const int *)right;
    return one < other ? -1 : one > other;
}

static void add(struct numbers *numbers, int number) {
    numbers->list = memory_grow(numbers->list, numbers->count, sizeof *numbers->list);
    numbers->list[numbers->count++] = number;
}

static void sort(struct numbers *numbers) {
    if (numbers->count)
        qsort(numbers->list, numbers->count, sizeof *numbers->list, compare);
}

static bool has(const struct numbers *numbers, int number) {
    return numbers->count &&
           bsearch(&number, numbers->list, numbers->count, sizeof *numbers->list, compare) != NULL;
}

static struct numbers numbers_of_kernel(int pid) {
    struct numbers numbers = {0};
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", living_thread(pid));
    DIR *directory = pid ? opendir(path) : NULL;
    if (!directory)
        return numbers;
    numbers.is_known = true;
    for (struct dirent *entry; (entry = readdir(directory));)
        if (isdigit((unsigned char)entry->d_name[0]))
            add(&numbers, (int)strtol(entry->d_name, NULL, 10));
    closedir(directory);
    sort(&numbers);
    return numbers;
}

static bool is_in_use(const struct handle *handle) {
    return !handle->is_address && (handle->state == RECORD_STATE_LIVE || handle->state == RECORD_STATE_OWNED ||
                                   handle->state == RECORD_STATE_INHERITED);
}

static struct numbers numbers_of_record(const struct process *process) {
    struct numbers numbers = {.is_known = true};
    for (size_t i = 0; i < process->handle_count; i++)
        if (is_in_use(&process->handles[i]) || process->handles[i].state == RECORD_STATE_RELEASING)
            add(&numbers, process->handles[i].number);
    sort(&numbers);
    return numbers;
}

static void compare_views(struct kernel_view *view, const struct process *process, const struct numbers *before,
                          const struct numbers *after) {
    struct numbers recorded = numbers_of_record(process);
    size_t explained = process->opening + process->acquiring + process->kept;
    view->open = after->count;
    for (size_t i = 0; i < after->count; i++)
        view->unseen += has(before, after->list[i]) && !has(&recorded, after->list[i]);
    view->unseen -= view->unseen < explained ? view->unseen : explained;
    for (size_t i = 0; i < process->handle_count; i++) {
        const struct handle *handle = &process->handles[i];
        view->gone += is_in_use(handle) && !has(before, handle->number) && !has(after, handle->number);
    }
    free(recorded.list);
}

static bool has_ended(int pid, int thread) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d", pid, thread);
    return access(path, F_OK) != 0 && errno == ENOENT;
}

/* A thread that was cancelled in its call does not come back to say so. In another pid namespace threads have
 * other numbers. */
static void forget_calls_of_ended_threads(struct process *process, int pid) {
    for (size_t i = 0; pid == process->pid && i < process->thread_count; i++) {
        struct thread *thread = &process->threads[i];
        if (!thread->acquiring || !has_ended(pid, thread->id))
            continue;
        process->acquiring -= thread->acquiring;
        thread->acquiring = 0;
    }
}

/* Before the record is read as a whole: the number here of the process that its head names. */
static int pid_of_record(const char *path) {
    struct record_header header;
    if (strcmp(path, "-") == 0 || !record_read_head(path, &header))
        return 0;
    struct process named = {.source = (char *)path, .pid = header.pid};
    return folder_record_is_alive(path) ? living_pid(&named) : 0;
}

struct process *kernel_view_read(const char *path, bool may_vanish, struct kernel_view *view, int *pid,
                                 int *status) {
    *view = (struct kernel_view){0};
    *pid = pid_of_record(path);
    struct numbers before = numbers_of_kernel(*pid);
    struct process *process = record_read(path, may_vanish, status);
    struct numbers after = numbers_of_kernel(*pid);
    if (process)
        live_limits(process, *pid);
    view->is_known = process && process->alive && before.is_known && after.is_known &&
                     !(process->notes & RECORD_NOTE_UNSHARED);
    if (view->is_known) {
        forget_calls_of_ended_threads(process, *pid);
        compare_views(view, process, &before, &after);
    }
    free(before.list);
    free(after.list);
    return process;
}

char *kernel_view_link(int pid, int number) {
    char path[64], link[PATH_MAX];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", living_thread(pid), number);
    ssize_t bytes = readlink(path, link, sizeof link);
    return bytes < 0 ? NULL : memory_copy_bytes(link, (size_t)bytes);
}
