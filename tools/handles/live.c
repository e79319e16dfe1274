/* live.c - see live.h
 *
 * A descriptor may be closed and its number used again while we ask. So the record is read once more
 * afterwards: only what still has the same sequence number is believed. */
#include "tools/handles/live.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tools/basics/memory.h"
#include "tools/handles/duplicates.h"
#include "tools/handles/sockets.h"
#include "tools/records/living.h"
#include "tools/records/record_reader.h"

/* The text of a file in /proc. */
static char *text_of(const char *path) {
    static char text[UINT16_MAX];
    size_t bytes = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return memory_copy("");
    for (ssize_t more = 1; more > 0 && bytes < sizeof text; bytes += (size_t)(more > 0 ? more : 0))
        more = read(file, text + bytes, sizeof text - bytes);
    close(file);
    return memory_copy_bytes(text, strnlen(text, bytes));
}

/* Without asking a server, which may be gone. */
static void ask_status(struct detail *detail, const char *path) {
    struct statx about;
    if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &about))
        return;
    detail->mode = about.stx_mode;
    detail->device = makedev(about.stx_dev_major, about.stx_dev_minor);
    detail->inode = about.stx_ino;
    detail->size = (int64_t)about.stx_size;
    detail->blocks = about.stx_blocks;
    detail->links = about.stx_nlink;
}

static void ask_information(struct detail *detail, int pid, int number) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", pid, number);
    detail->information = text_of(path);
    const char *flags = strstr(detail->information, "flags:");
    detail->status_flags = flags ? (uint32_t)strtoul(flags + strlen("flags:"), NULL, 8) : 0;
    detail->with_state = flags != NULL;
}

/* Its number is one of here only if the process is not in a namespace of its own. */
static void ask_child(struct detail *detail, const struct process *process, int pid, int child) {
    char path[64], state;
    int status;
    if (process->pid != pid || !child)
        return;
    snprintf(path, sizeof path, "/proc/%d/stat", child);
    char *text = text_of(path);
    const char *behind = strrchr(text, ')'); /* of its name */
    bool is_known = behind && sscanf(behind, ") %c %d", &state, &status) == 2 && status == pid;
    if (is_known)
        detail->flags |= state == 'Z' ? RECORD_DETAIL_CHILD_ENDED : RECORD_DETAIL_CHILD_RUNS;
    const char *last = strrchr(text, ' ');
    detail->child_status = last ? (int)strtol(last, NULL, 10) : 0;
    free(text);
}

/* Asks for one descriptor; false if it is not there. */
static bool ask(int pid, int number, const struct sockets *sockets, struct detail *detail) {
    char path[64], link[PATH_MAX];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, number);
    ssize_t bytes = readlink(path, link, sizeof link);
    if (bytes < 0)
        return false;
    detail->link = memory_copy_bytes(link, (size_t)bytes);
    detail->local = memory_copy("");
    detail->peer = memory_copy("");
    detail->duplicate_of = -1;
    ask_status(detail, path);
    ask_information(detail, pid, number);
    sockets_describe(sockets, detail);
    return true;
}

static int compare_sequences(const void *left, const void *right) {
    const struct handle *one = left, *other = right;
    return one->sequence < other->sequence ? -1 : one->sequence > other->sequence;
}

/* Takes the answers of handles back that are not the same any more. */
static void check_again(struct process *process) {
    int status;
    struct process *later = record_read(process->source, true, &status); /* it may end meanwhile */
    if (later && later->handle_count)
        qsort(later->handles, later->handle_count, sizeof *later->handles, compare_sequences);
    for (size_t i = 0; i < process->handle_count; i++) {
        struct handle *handle = &process->handles[i];
        const struct handle *same = NULL;
        if (later && later->handle_count)
            same =
                bsearch(handle, later->handles, later->handle_count, sizeof *later->handles, compare_sequences);
        if (!same || same->number != handle->number || same->state != handle->state)
            handle->detail = NULL;
    }
    record_end(later);
}

static uint64_t limit_of(const char *word) {
    return strcmp(word, "unlimited") == 0 ? UINT64_MAX : strtoull(word, NULL, 10);
}

void live_limits(struct process *process, int pid) {
    char path[64], soft[24], hard[24], *line = NULL;
    size_t room = 0;
    bool is_found = false;
    if (!pid || !process->alive || process->end != RECORD_END_RUNNING)
        return;
    snprintf(path, sizeof path, "/proc/%d/limits", pid);
    FILE *limits = fopen(path, "re");
    while (limits && !is_found && getline(&line, &room, limits) >= 0)
        is_found = sscanf(line, "Max open files %23s %23s", soft, hard) == 2;
    if (limits)
        fclose(limits);
    free(line);
    if (!is_found)
        return;
    process->limit_soft = limit_of(soft);
    process->limit_hard = limit_of(hard);
}

void live_ask(struct process *process) {
    /* Whoever has begun its end has asked, or is asking, for itself. */
    if (!process->alive || process->end != RECORD_END_RUNNING || process->details || !process->handle_count)
        return;
    int pid = living_pid(process);
    if (!pid)
        return;
    live_limits(process, pid);
    int thread = living_thread(pid);
    struct sockets *sockets = sockets_read(thread);
    process->details = memory_new(process->handle_count, sizeof *process->details);
    for (size_t i = 0; i < process->handle_count; i++) {
        struct handle *handle = &process->handles[i];
        struct detail *detail = &process->details[process->detail_count];
        bool is_open = handle->state == RECORD_STATE_LIVE || handle->state == RECORD_STATE_INHERITED;
        if (!is_open || handle->number < 0 || !ask(thread, handle->number, sockets, detail))
            continue;
        if (handle->kind == RECORD_KIND_PROCESS)
            ask_child(detail, process, pid, handle->other_pid);
        handle->detail = detail;
        process->detail_count++;
    }
    sockets_end(sockets);
    duplicates_find(process, thread);
    check_again(process);
}
