/* folder.c - see folder.h. What a user's word for a record means is in folder_resolve.c. */
#include "tools/records/folder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "tools/basics/memory.h"
#include "tracker/record_format.h"

enum {
    NAME_DIGITS = 32,
    TREE_MODE = 01733,
    KEPT_SECONDS = 24 * 60 * 60,
    KEPT_RECORDS = 64,
    KEPT_BYTES = 64 << 20,
    KEPT_TREES = 16,
    ROOM_BYTES = 1 << 20, /* a record begins with 256 KiB at most */
    BIRTH_SECONDS = 60    /* an empty record that is younger has perhaps just been created and not locked yet */
};

#define TREE_PREFIX "leftopen-run-"
static const char *const tree_places[] = {"/dev/shm", "/tmp"};

char *folder_automatic(void) {
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime && *runtime == '/')
        return memory_format("%s/leftopen", runtime);
    return memory_format("/dev/shm/leftopen-%u", (unsigned)geteuid());
}

/* Held before it gets the mode that makes others take it for one that they may clean. */
static char *make_inside(const char *base, int *hold) {
    char *folder = memory_format("%s/" TREE_PREFIX "XXXXXX", base);
    if (!mkdtemp(folder)) {
        free(folder);
        return NULL;
    }
    *hold = folder_hold(folder);
    if (*hold >= 0 && chmod(folder, TREE_MODE) == 0)
        return folder;
    int error = errno;
    rmdir(folder);
    free(folder);
    errno = error;
    return NULL;
}

bool folder_has_room(const char *folder) {
    struct statvfs status;
    return statvfs(folder, &status) != 0 || status.f_bavail * status.f_frsize >= ROOM_BYTES;
}

char *folder_make_for_tree(int *hold) {
    char *folder = NULL;
    for (int full_ones = 0; full_ones < 2; full_ones++)
        for (size_t i = 0; i < sizeof tree_places / sizeof *tree_places && !folder; i++)
            if (folder_has_room(tree_places[i]) != full_ones)
                folder = make_inside(tree_places[i], hold);
    return folder;
}

static bool is_ours(uid_t owner) { return owner == geteuid(); }

static bool is_tree_name(const char *name) { return strncmp(name, TREE_PREFIX, strlen(TREE_PREFIX)) == 0; }

bool folder_has_tree_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && is_tree_name(slash + 1);
}

bool folder_is_for_tree(const char *folder) {
    struct stat status;
    return folder_has_tree_name(folder) && lstat(folder, &status) == 0 && S_ISDIR(status.st_mode) &&
           is_ours(status.st_uid) && (status.st_mode & 07777) == TREE_MODE;
}

void folder_list_add(struct folder_list *list, const char *path) {
    list->paths = memory_grow(list->paths, list->count, sizeof *list->paths);
    list->paths[list->count++] = memory_copy(path);
}

bool folder_list_has(const struct folder_list *list, const char *path) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->paths[i], path) == 0)
            return true;
    return false;
}

void folder_list_end(struct folder_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
    *list = (struct folder_list){0};
}

static bool is_record_name(const char *name) {
    size_t digits = 0;
    while (isdigit((unsigned char)name[digits]) || (name[digits] >= 'a' && name[digits] <= 'f'))
        digits++;
    return digits == NAME_DIGITS && strcmp(name + digits, RECORD_SUFFIX) == 0;
}

static bool may_be_read(const char *folder, const struct stat *status) {
    return S_ISREG(status->st_mode) &&
           (geteuid() == 0 || is_ours(status->st_uid) || folder_is_for_tree(folder));
}

int folder_list(const char *folder, struct folder_list *list) {
    *list = (struct folder_list){0};
    DIR *directory = opendir(folder);
    if (!directory)
        return -errno;
    for (struct dirent *entry; (entry = readdir(directory));) {
        struct stat status;
        if (!is_record_name(entry->d_name) ||
            fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            !may_be_read(folder, &status))
            continue;
        char *path = memory_format("%s/%s", folder, entry->d_name);
        folder_list_add(list, path);
        free(path);
    }
    closedir(directory);
    return 0;
}

static void list_trees_in(const char *place, struct folder_list *list) {
    DIR *directory = opendir(place);
    if (!directory)
        return;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (!is_tree_name(entry->d_name))
            continue;
        char *path = memory_format("%s/%s", place, entry->d_name);
        if (folder_is_for_tree(path))
            folder_list_add(list, path);
        free(path);
    }
    closedir(directory);
}

static int newest_folder_first(const void *a, const void *b) {
    struct stat left = {0}, right = {0};
    stat(*(char *const *)a, &left);
    stat(*(char *const *)b, &right);
    return (left.st_mtime < right.st_mtime) - (left.st_mtime > right.st_mtime);
}

void folder_list_trees(struct folder_list *list) {
    *list = (struct folder_list){0};
    for (size_t i = 0; i < sizeof tree_places / sizeof *tree_places; i++)
        list_trees_in(tree_places[i], list);
    if (list->count)
        qsort(list->paths, list->count, sizeof *list->paths, newest_folder_first);
}

void folder_list_own(struct folder_list *list) {
    folder_list_trees(list);
    char *automatic = folder_automatic();
    folder_list_add(list, automatic);
    free(automatic);
}

/* The owner sets the size after it has got the lock: an empty file must not be locked by us, not even for a
 * moment, or its owner would find it taken. */
static bool is_being_made(const struct stat *status) {
    return status->st_size == 0 && time(NULL) - status->st_mtime < BIRTH_SECONDS;
}

bool folder_file_is_alive(int file) {
    struct stat status;
    if (fstat(file, &status) == 0 && is_being_made(&status))
        return true;
    if (flock(file, LOCK_SH | LOCK_NB) != 0)
        return errno == EWOULDBLOCK;
    flock(file, LOCK_UN);
    return false;
}

bool folder_record_is_alive(const char *path) {
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return errno != ENOENT; /* not ours to look at: leave it alone */
    bool alive = folder_file_is_alive(file);
    close(file);
    return alive;
}

int folder_hold(const char *folder) {
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0 || flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        return descriptor;
    close(descriptor);
    return -1;
}

struct dead_record {
    const char *path;
    time_t changed;
    off_t bytes; /* really taken: records are sparse */
};

static int newest_first(const void *a, const void *b) {
    const struct dead_record *left = a, *right = b;
    return (left->changed < right->changed) - (left->changed > right->changed);
}

/* The dead ones among `list`, newest first. The caller frees the array, whose paths are the list's. */
static struct dead_record *dead_records(const struct folder_list *list, size_t *count) {
    struct dead_record *dead = memory_new(list->count + 1, sizeof *dead);
    *count = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct stat status;
        if (!folder_record_is_alive(list->paths[i]) && lstat(list->paths[i], &status) == 0)
            dead[(*count)++] =
                (struct dead_record){list->paths[i], status.st_mtime, (off_t)status.st_blocks * 512};
    }
    qsort(dead, *count, sizeof *dead, newest_first);
    return dead;
}

static bool is_stale(const struct dead_record *record, size_t newer, off_t bytes_with_it) {
    return time(NULL) - record->changed > KEPT_SECONDS || newer >= KEPT_RECORDS || bytes_with_it > KEPT_BYTES;
}

/* Removes the dead records, or only the stale ones of them; returns how many. */
static size_t remove_dead(const char *folder, bool stale_only) {
    struct folder_list list;
    if (folder_list(folder, &list) != 0)
        return 0;
    size_t count, removed = 0;
    struct dead_record *dead = dead_records(&list, &count);
    off_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += dead[i].bytes;
        if ((!stale_only || is_stale(&dead[i], i, bytes)) && unlink(dead[i].path) == 0)
            removed++;
    }
    free(dead);
    folder_list_end(&list);
    return removed;
}

/* Where a living process has its record, or will find the library, the folder stays. */
static void remove_beside(const char *folder, const char *name) {
    char *path = memory_format("%s/%s", folder, name);
    unlink(path);
    free(path);
}

static void remove_if_empty(const char *folder) {
    struct folder_list list;
    if (!folder_is_for_tree(folder) || folder_list(folder, &list) != 0)
        return;
    if (list.count == 0) {
        remove_beside(folder, FOLDER_LIBRARY);
        remove_beside(folder, RECORD_UNWATCHED);
        rmdir(folder);
    }
    folder_list_end(&list);
}

static size_t remove_dead_if_free(const char *folder, bool stale_only) {
    int hold = folder_hold(folder);
    if (hold < 0)
        return 0;
    size_t removed = remove_dead(folder, stale_only);
    remove_if_empty(folder);
    close(hold);
    return removed;
}

size_t folder_clean(const char *folder) { return remove_dead_if_free(folder, false); }

void folder_tidy(const char *folder) { remove_dead_if_free(folder, true); }

void folder_tidy_trees(void) {
    struct folder_list trees;
    folder_list_trees(&trees);
    for (size_t i = 0; i < trees.count; i++)
        remove_dead_if_free(trees.paths[i], i < KEPT_TREES);
    folder_list_end(&trees);
}

void folder_end(const char *folder) {
    remove_dead(folder, false);
    remove_if_empty(folder);
}
