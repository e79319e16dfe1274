/* top_watch.c - see top_watch.h */
#include "tools/top/top_watch.h"

#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/findings/families.h"
#include "tools/formats/render.h"
#include "tools/handles/live.h"
#include "tools/records/folder.h"
#include "tools/records/living.h"
#include "tools/records/record_reader.h"

/* A record that is looked at in every sample. */
struct watched {
    char *path;
    int pid;   /* of its process, here; 0 not known: it runs in another pid namespace, or may not be looked into
                */
    int pidfd; /* of a process that was named by its PID: tells when it ends, whoever gets the PID next; else -1
                */
    bool is_asked;   /* whose it is */
    bool is_refused; /* it cannot be read */
    bool is_gone;
};

struct top_watch {
    struct symbols *symbols;
    struct watched *list;
    size_t count;
    bool is_named;
    const char *folder; /* NULL: wherever they are */
    uint64_t searched;  /* when all processes were asked what they have mapped, 0 never */
};

#define SEARCH_INTERVAL 10000000000ull /* ns */

/* --- whom ------------------------------------------------------------------------------------------------- */

static struct watched *add(struct top_watch *watch, const char *path) {
    watch->list = memory_grow(watch->list, watch->count, sizeof *watch->list);
    struct watched *watched = &watch->list[watch->count++];
    *watched = (struct watched){.path = memory_copy(path), .pidfd = -1};
    return watched;
}

static void end_watched(struct watched *watched) {
    free(watched->path);
    if (watched->pidfd >= 0)
        close(watched->pidfd);
}

static bool is_known(const struct top_watch *watch, const char *path) {
    for (size_t i = 0; i < watch->count; i++)
        if (strcmp(watch->list[i].path, path) == 0)
            return true;
    return false;
}

static bool is_pid(const char *word) { return *word && word[strspn(word, "0123456789")] == '\0'; }

/* 0 or an exit status after a message. */
static int add_named(struct top_watch *watch, const char *word) {
    struct folder_list list = {0};
    int status = folder_resolve(word, &list);
    bool any = false;
    for (size_t i = 0; !status && i < list.count; i++) {
        if (!folder_record_is_alive(list.paths[i]) || is_known(watch, list.paths[i]))
            continue;
        struct watched *watched = add(watch, list.paths[i]);
        any = true;
        if (!is_pid(word))
            continue;
        watched->pid = atoi(word);
        watched->pidfd = pidfd_open(watched->pid, 0);
    }
    if (!status && !any && !(list.count && is_known(watch, list.paths[0])))
        status = failure(EXIT_MISSING, "%s%s has ended; `leftopen report %s` shows what was left open",
                         is_pid(word) ? "process " : "", word, word);
    folder_list_end(&list);
    return status;
}

static void add_living_of(struct top_watch *watch, const char *folder) {
    struct folder_list list;
    if (folder_list(folder, &list) != 0)
        return;
    for (size_t i = 0; i < list.count; i++)
        if (!is_known(watch, list.paths[i]) && folder_record_is_alive(list.paths[i]))
            add(watch, list.paths[i]);
    folder_list_end(&list);
}

static void add_living_of_all(struct top_watch *watch, const struct folder_list *folders) {
    for (size_t i = 0; i < folders->count; i++)
        add_living_of(watch, folders->paths[i]);
}

static void add_mapped(struct top_watch *watch) {
    struct living_list living;
    living_find(&living);
    for (size_t i = 0; i < living.count; i++)
        if (!is_known(watch, living.list[i].record))
            add(watch, living.list[i].record)->pid = living.list[i].pid;
    living_end(&living);
}

/* To look at what every process of the machine has mapped costs more than to look into our own folders, where
 * nearly all records are. */
static void add_living(struct top_watch *watch, uint64_t when) {
    struct folder_list folders = {0};
    if (watch->folder)
        folder_list_add(&folders, watch->folder);
    else
        folder_list_own(&folders);
    add_living_of_all(watch, &folders);
    folder_list_end(&folders);
    if (watch->folder || (watch->searched && when - watch->searched < SEARCH_INTERVAL))
        return;
    watch->searched = when;
    add_mapped(watch);
}

/* The record's lock lives as long as any mapping: a fork child may have it a little longer than its owner. */
static bool has_ended(const struct watched *watched) {
    char path[32];
    struct pollfd ended = {.fd = watched->pidfd, .events = POLLIN};
    if (watched->pidfd >= 0)
        return poll(&ended, 1, 0) != 0;
    snprintf(path, sizeof path, "/proc/%d", watched->pid);
    return watched->pid && access(path, F_OK) != 0;
}

/* A process that was named and has executed another image has another record, or will have one. */
static bool follow(struct watched *watched) {
    int error;
    char *record = watched->pidfd < 0 ? NULL : living_record(watched->pid, &error);
    if (!record)
        return false;
    free(watched->path);
    watched->path = record;
    return true;
}

/* Processes that were found by their records go with them. */
static void drop_gone(struct top_watch *watch) {
    size_t kept = 0;
    for (size_t i = 0; i < watch->count; i++) {
        if (watch->list[i].is_gone && !watch->is_named)
            end_watched(&watch->list[i]);
        else
            watch->list[kept++] = watch->list[i];
    }
    watch->count = kept;
}

/* --- looks ------------------------------------------------------------------------------------------------ */

/* How many descriptors the kernel counts; `otherwise` where it does not tell us. Since Linux 6.2 the folder's
 * size is the answer, before it was 0. */
static uint64_t count_descriptors(int pid, uint64_t otherwise) {
    char path[64];
    struct stat about;
    snprintf(path, sizeof path, "/proc/%d/fd", living_thread(pid));
    if (stat(path, &about) == 0 && about.st_size > 0)
        return (uint64_t)about.st_size;
    DIR *folder = opendir(path);
    if (!folder)
        return otherwise;
    uint64_t count = 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count >= 2 ? count - 2 : otherwise; /* without . and .. */
}

/* The limit as it is now: it may be changed from outside. */
static uint64_t ask_limit(int pid, uint64_t otherwise) {
    char path[64], *line = NULL;
    size_t room = 0;
    uint64_t limit = otherwise;
    snprintf(path, sizeof path, "/proc/%d/limits", pid);
    FILE *file = fopen(path, "re");
    while (file && getline(&line, &room, file) >= 0) {
        if (strncmp(line, "Max open files ", 15) == 0 && sscanf(line + 15, "%" SCNu64, &limit) != 1)
            limit = UINT64_MAX; /* "unlimited" */
    }
    if (file)
        fclose(file);
    free(line);
    return limit;
}

/* Reads the record of a process that runs; NULL if there is none to show. */
static struct process *read_living(struct watched *watched) {
    int status;
    struct process *process = watched->is_refused ? NULL : record_read(watched->path, true, &status);
    if (!process) {
        watched->is_refused |= !watched->is_refused && status == EXIT_DAMAGED;
        return NULL;
    }
    if (!watched->pid && !watched->is_asked)
        watched->pid = living_pid(process);
    watched->is_asked = true;
    if (render_is_live(process))
        return process;
    record_end(process);
    return NULL;
}

static void look(struct top_watch *watch, struct watched *watched, struct top_model *model) {
    bool has_record = folder_record_is_alive(watched->path) || follow(watched);
    watched->is_gone = has_ended(watched) || (!has_record && watched->pidfd < 0);
    struct process *process = has_record && !watched->is_gone ? read_living(watched) : NULL;
    if (!process)
        return;
    struct activity activity;
    activity_take(&activity, watch->symbols, process);
    struct top_seen seen = {
        .pid = watched->pid ? watched->pid : process->pid,
        .program = render_program_name(process),
        .source = watched->path,
        .descriptors = count_descriptors(watched->pid, activity.descriptors),
        .limit = ask_limit(watched->pid, activity.limit),
        .activity = &activity,
    };
    memcpy(seen.name, process->name, sizeof seen.name);
    top_sample_take(model, &seen);
    activity_end(&activity);
    record_end(process);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void top_watch_sample(struct top_watch *watch, struct top_model *model) {
    uint64_t when = now();
    if (!watch->is_named)
        add_living(watch, when);
    top_sample_begin(model);
    for (size_t i = 0; i < watch->count; i++)
        look(watch, &watch->list[i], model);
    top_sample_end(model, when);
    drop_gone(watch);
}

bool top_watch_is_over(const struct top_watch *watch) {
    for (size_t i = 0; i < watch->count; i++)
        if (!watch->list[i].is_gone)
            return false;
    return watch->is_named;
}

/* --- one site --------------------------------------------------------------------------------------------- */

/* A site of a view is one of each kind in a report. */
static char *sites_text(const struct report *report, const char *id) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; out && i < report->sites.count; i++) {
        if (strcmp(report->sites.list[i].id, id) != 0)
            continue;
        char *part = render_text_site(report, &report->sites.list[i]);
        fprintf(out, "%s%s", size ? "\n" : "", part);
        fflush(out);
        free(part);
    }
    if (out)
        fclose(out);
    return text ? text : memory_copy("");
}

char *top_watch_site(struct top_watch *watch, const struct top_process *process, const struct top_site *site) {
    int status;
    struct process *record = record_read(process->source, true, &status);
    if (!record)
        return NULL;
    live_ask(record);
    struct findings findings = {0};
    for (size_t i = 0; i < record->handle_count; i++)
        if (sites_is_finding(record, &record->handles[i]))
            sites_add(&findings, watch->symbols, record, 0, &record->handles[i]);
    families_find(&record, 1, &findings);
    struct report report = {.processes = &record, .process_count = 1, .first = record, .verbosity = 1};
    sites_group(&findings, watch->symbols, &report.sites, false);
    char *text = sites_text(&report, site->now.id);
    sites_end(&report.sites);
    findings_end(&findings);
    record_end(record);
    return text;
}

/* --- begin and end ---------------------------------------------------------------------------------------- */

struct top_watch *top_watch_begin(char *const *words, size_t count, const char *folder, int *status) {
    struct top_watch *watch = memory_new(1, sizeof *watch);
    watch->symbols = symbols_begin(NULL);
    watch->is_named = count > 0;
    watch->folder = folder;
    *status = 0;
    for (size_t i = 0; i < count && !*status; i++)
        *status = add_named(watch, words[i]);
    if (!*status)
        return watch;
    top_watch_end(watch);
    return NULL;
}

void top_watch_end(struct top_watch *watch) {
    for (size_t i = 0; i < watch->count; i++)
        end_watched(&watch->list[i]);
    free(watch->list);
    symbols_end(watch->symbols);
    free(watch);
}
