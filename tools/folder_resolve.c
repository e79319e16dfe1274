/* folder_resolve.c - what a user's word for a record means: a file, a folder, a process. See folder.h. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fail.h"
#include "tools/folder.h"
#include "tracker/record_format.h"

static bool is_number(const char *word) { return *word && word[strspn(word, "0123456789")] == '\0'; }

/* One line of /proc/PID/maps that shows a mapped record. */
struct mapping {
    uintptr_t start, end;
    char path[PATH_MAX];
    bool deleted; /* its name is gone, its bytes are not */
};

static bool read_mapping(char *line, struct mapping *mapping) {
    static const char deleted[] = " (deleted)";
    line[strcspn(line, "\n")] = '\0';
    size_t length = strlen(line);
    mapping->deleted = length > strlen(deleted) && strcmp(line + length - strlen(deleted), deleted) == 0;
    if (mapping->deleted)
        line[length -= strlen(deleted)] = '\0';
    const char *path = strchr(line, '/');
    if (!path || length < strlen(RECORD_SUFFIX) ||
        strcmp(line + length - strlen(RECORD_SUFFIX), RECORD_SUFFIX) != 0)
        return false;
    snprintf(mapping->path, sizeof mapping->path, "%s", path);
    return sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &mapping->start, &mapping->end) == 2;
}

/* Fills `mapping` with the record that the process has mapped: 1 found, 0 none, -errno. */
static int find_mapping(const char *pid, struct mapping *mapping) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/maps", pid);
    FILE *maps = fopen(path, "re");
    if (!maps)
        return -errno;
    char *line = NULL;
    size_t size = 0;
    errno = 0;
    int found = 0;
    while (!found && getline(&line, &size, maps) > 0)
        found = read_mapping(line, mapping);
    if (!found && ferror(maps))
        found = -errno;
    free(line);
    fclose(maps);
    return found;
}

/* A path by which we can open the mapped record. Its name is random: who finds it under the same name has found
 * the same file, be it here or in the process's own root. */
static void path_of_mapping(const char *pid, const struct mapping *mapping, struct folder_list *list) {
    char path[PATH_MAX + 64];
    struct stat status;
    if (!mapping->deleted && stat(mapping->path, &status) == 0) {
        folder_list_add(list, mapping->path);
        return;
    }
    snprintf(path, sizeof path, "/proc/%.20s/root%s", pid, mapping->path);
    if (mapping->deleted || stat(path, &status) != 0)
        snprintf(path, sizeof path, "/proc/%.20s/map_files/%" PRIxPTR "-%" PRIxPTR, pid, mapping->start,
                 mapping->end);
    folder_list_add(list, path);
}

static bool is_record_of(const char *path, long pid, struct stat *status) {
    struct record_header header;
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool is = fread(&header, sizeof header, 1, file) == 1 && fstat(fileno(file), status) == 0 &&
              memcmp(header.magic, RECORD_MAGIC, sizeof header.magic) == 0 && header.pid == pid;
    fclose(file);
    return is;
}

/* The newest record that a process with this number has left in the automatic folder. */
static bool find_left_behind(const char *pid, struct folder_list *list) {
    char *folder = folder_automatic();
    struct folder_list all;
    const char *best = NULL;
    time_t best_changed = 0;
    folder_list(folder, &all);
    for (size_t i = 0; i < all.count; i++) {
        struct stat status;
        if (is_record_of(all.paths[i], strtol(pid, NULL, 10), &status) && status.st_mtime >= best_changed) {
            best = all.paths[i];
            best_changed = status.st_mtime;
        }
    }
    if (best)
        folder_list_add(list, best);
    folder_list_end(&all);
    free(folder);
    return best != NULL;
}

static int resolve_process(const char *pid, struct folder_list *list) {
    struct mapping mapping;
    int found = find_mapping(pid, &mapping);
    if (found > 0) {
        path_of_mapping(pid, &mapping, list);
        return 0;
    }
    if (find_left_behind(pid, list))
        return 0;
    if (found == 0)
        return failure(EXIT_MISSING,
                       "process %s has no record: it runs without libleftopen.so, or has acquired nothing yet",
                       pid);
    if (found == -ENOENT || found == -ESRCH)
        return failure(EXIT_MISSING, "there is no process %s, and it has left no record", pid);
    return failure(EXIT_MISSING, "may not look into process %s: %s", pid, strerror(-found));
}

static int resolve_folder(const char *folder, struct folder_list *list) {
    int error = folder_list(folder, list);
    if (error)
        return failure(EXIT_MISSING, "cannot read the folder %s: %s", folder, strerror(-error));
    if (list->count == 0)
        return failure(EXIT_MISSING, "there is no record in the folder %s", folder);
    return 0;
}

int folder_resolve(const char *wanted, struct folder_list *list) {
    *list = (struct folder_list){0};
    if (is_number(wanted))
        return resolve_process(wanted, list);
    struct stat status;
    bool from_standard_input = strcmp(wanted, "-") == 0;
    if (!from_standard_input && stat(wanted, &status) != 0)
        return failure(EXIT_MISSING, "no such record: %s: %s", wanted, strerror(errno));
    if (!from_standard_input && S_ISDIR(status.st_mode))
        return resolve_folder(wanted, list);
    folder_list_add(list, wanted);
    return 0;
}
