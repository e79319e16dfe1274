/* living.c - see living.h */
#include "tools/records/living.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/basics/memory.h"
#include "tools/names/symbols.h"
#include "tools/records/copies.h"
#include "tools/records/folder.h"

/* --- one process ------------------------------------------------------------------------------------------ */

/* The whole line `name` of /proc/PID/status, behind its colon. The caller frees it; NULL: cannot be read. */
static char *status_line(int pid, const char *name) {
    char path[64], *line = NULL, *value = NULL;
    size_t size = 0, length = strlen(name);
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *status = fopen(path, "re");
    while (status && !value && getline(&line, &size, status) > 0)
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            value = memory_copy(line + length + 1);
    if (status)
        fclose(status);
    free(line);
    return value;
}

/* One of these letters, as /proc names its state (proc(5)). */
static bool is_in_state(int pid, const char *letters) {
    char *state = status_line(pid, "State");
    const char *letter = state ? state + strspn(state, " \t") : "";
    bool is = *letter && strchr(letters, *letter);
    free(state);
    return is;
}

/* Dead, and its parent has not asked for its status yet: nothing is mapped any more. So is a main thread that
 * has ended before others. */
static bool is_zombie(int pid) { return is_in_state(pid, "Z"); }

bool living_is_stopped(int pid) { return is_in_state(pid, "Tt"); }

int living_thread(int pid) {
    char path[64];
    int found = 0;
    if (!is_zombie(pid))
        return pid;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *threads = opendir(path);
    for (struct dirent *entry; threads && !found && (entry = readdir(threads));) {
        int thread = (int)strtol(entry->d_name, NULL, 10); /* 0: no number */
        found = thread && !is_zombie(thread) ? thread : 0;
    }
    if (threads)
        closedir(threads);
    return found ? found : pid;
}

/* One line of /proc/PID/maps that shows a file. */
struct mapping {
    uintptr_t start, end;
    char path[PATH_MAX];
    bool deleted; /* its name is gone, its bytes are not */
};

static bool ends_in(const char *text, const char *end) {
    size_t length = strlen(text), bytes = strlen(end);
    return length >= bytes && strcmp(text + length - bytes, end) == 0;
}

static bool read_mapping(char *line, struct mapping *mapping) {
    static const char deleted[] = " (deleted)";
    line[strcspn(line, "\n")] = '\0';
    mapping->deleted = ends_in(line, deleted);
    if (mapping->deleted)
        line[strlen(line) - strlen(deleted)] = '\0';
    const char *path = strchr(line, '/');
    if (!path || sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &mapping->start, &mapping->end) != 2)
        return false;
    snprintf(mapping->path, sizeof mapping->path, "%s", path);
    return true;
}

/* Fills `mapping` with the first file whose name ends so: 1 found, 0 none, -errno. */
static int find_mapping(int pid, const char *end, struct mapping *mapping) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/maps", living_thread(pid));
    FILE *maps = fopen(path, "re");
    if (!maps)
        return -errno;
    char *line = NULL;
    size_t size = 0;
    errno = 0;
    int found = 0;
    while (!found && getline(&line, &size, maps) > 0)
        found = read_mapping(line, mapping) && ends_in(mapping->path, end);
    if (!found && ferror(maps))
        found = -errno;
    free(line);
    fclose(maps);
    return found;
}

/* A path by which we can open the mapped record. Its name is random: who finds it under the same name has found
 * the same file, be it here or in the process's own root. */
static char *path_of_mapping(int pid, const struct mapping *mapping) {
    struct stat status;
    if (!mapping->deleted && stat(mapping->path, &status) == 0)
        return memory_copy(mapping->path);
    int thread = living_thread(pid);
    char *path = memory_format("/proc/%d/root%s", thread, mapping->path);
    if (!mapping->deleted && stat(path, &status) == 0)
        return path;
    free(path);
    return memory_format("/proc/%d/map_files/%" PRIxPTR "-%" PRIxPTR, thread, mapping->start, mapping->end);
}

bool living_is_watched(int pid) {
    struct mapping mapping;
    return find_mapping(pid, "/" FOLDER_LIBRARY, &mapping) > 0;
}

/* Its number in its own pid namespace, where one can know. */
static int innermost_pid(int pid) {
    char *line = status_line(pid, "NSpid");
    const char *last = line ? strrchr(line, '\t') : NULL;
    int innermost = last ? (int)strtol(last, NULL, 10) : pid;
    free(line);
    return innermost;
}

/* A child of a fork, a vfork or a bare clone may have its parent's record mapped, and none of its own. */
static bool is_of_another(const char *record, int pid) {
    struct record_header header;
    return record_read_head(record, &header) && memcmp(header.magic, RECORD_MAGIC, sizeof header.magic) == 0 &&
           header.pid != innermost_pid(pid);
}

char *living_record(int pid, int *error) {
    struct mapping mapping;
    int found = find_mapping(pid, RECORD_SUFFIX, &mapping);
    *error = found < 0 ? -found : found == 0 && is_zombie(pid) ? ESRCH : 0;
    char *record = found > 0 ? path_of_mapping(pid, &mapping) : NULL;
    if (!record || !is_of_another(record, pid))
        return record;
    free(record);
    return NULL;
}

static int parent_of(int pid) {
    char *line = status_line(pid, "PPid");
    int parent = line ? (int)strtol(line, NULL, 10) : 0;
    free(line);
    return parent;
}

static bool run_the_same(int one, int other) {
    struct stat left, right;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/exe", one);
    if (stat(path, &left) != 0)
        return false;
    snprintf(path, sizeof path, "/proc/%d/exe", other);
    return stat(path, &right) == 0 && left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

int living_origin(int pid) {
    for (int ancestor = parent_of(pid); ancestor > 1 && run_the_same(pid, ancestor);
         ancestor = parent_of(ancestor)) {
        int error;
        char *record = living_record(ancestor, &error);
        free(record);
        if (record)
            return ancestor;
    }
    return 0;
}

/* --- all of them ------------------------------------------------------------------------------------------ */

static void each_process(bool (*visit)(int pid, void *context), void *context) {
    DIR *directory = opendir("/proc");
    bool goes_on = directory;
    for (struct dirent *entry; goes_on && (entry = readdir(directory));)
        if (isdigit((unsigned char)entry->d_name[0]))
            goes_on = visit((int)strtol(entry->d_name, NULL, 10), context);
    if (directory)
        closedir(directory);
}

/* By way of its process and by way of its folder. */
static bool is_known(const struct living_list *list, const char *record) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(symbols_base_name(list->list[i].record), symbols_base_name(record)) == 0)
            return true;
    return false;
}

/* Takes `record` over. */
static void add(struct living_list *list, int pid, char *record) {
    if (is_known(list, record)) {
        free(record);
        return;
    }
    list->list = memory_grow(list->list, list->count, sizeof *list->list);
    list->list[list->count++] = (struct living){pid, record};
}

static bool add_process(int pid, void *context) {
    int error;
    char *record = living_record(pid, &error);
    if (record)
        add(context, pid, record);
    return true;
}

/* Of a process that may not be looked into (it is not dumpable), or is seen through a shared folder only. */
static void add_folder(struct living_list *list, const char *folder) {
    struct folder_list records;
    folder_list(folder, &records);
    for (size_t i = 0; i < records.count; i++)
        if (folder_record_is_alive(records.paths[i]))
            add(list, 0, memory_copy(records.paths[i]));
    folder_list_end(&records);
}

static int compare_pids(const void *left, const void *right) {
    const struct living *one = left, *other = right;
    return one->pid < other->pid ? -1 : one->pid > other->pid;
}

void living_find(struct living_list *list) {
    *list = (struct living_list){0};
    each_process(add_process, list);
    struct folder_list folders;
    folder_list_own(&folders);
    for (size_t i = 0; i < folders.count; i++)
        add_folder(list, folders.paths[i]);
    folder_list_end(&folders);
    if (list->count)
        qsort(list->list, list->count, sizeof *list->list, compare_pids);
}

void living_end(struct living_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->list[i].record);
    free(list->list);
    *list = (struct living_list){0};
}

/* --- whose a record is ------------------------------------------------------------------------------------ */

struct search {
    const char *name; /* of the record's file */
    int innermost;    /* the owner's number in its own pid namespace */
    int pid;
};

/* True: look further. */
static bool is_not_the_owner(int pid, void *context) {
    struct search *search = context;
    struct mapping mapping;
    if (find_mapping(pid, search->name, &mapping) <= 0 || innermost_pid(pid) != search->innermost)
        return true;
    search->pid = pid;
    return false;
}

int living_pid(const struct process *process) {
    int pid = process->pid;
    sscanf(process->source, "/proc/%d/", &pid);
    struct search search = {.name = symbols_base_name(process->source), .innermost = process->pid};
    if (strncmp(process->source, "/proc/", 6) == 0 && !ends_in(search.name, RECORD_SUFFIX))
        return pid; /* by way of map_files: the name tells nothing */
    if (is_not_the_owner(pid, &search))
        each_process(is_not_the_owner, &search);
    return search.pid;
}
