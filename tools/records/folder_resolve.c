/* folder_resolve.c - what a user's word for a record means: a file, a folder, a process. See folder.h. */
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/records/folder.h"
#include "tools/records/living.h"
#include "tracker/record_format.h"

static bool is_number(const char *word) { return *word && word[strspn(word, "0123456789")] == '\0'; }

/* --- processes -------------------------------------------------------------------------------------------- */

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

struct choice {
    long pid;
    bool alive; /* only records of living processes count; else only those of dead ones */
    char *best;
    time_t best_changed;
};

static void choose(struct choice *choice, const char *folder) {
    struct folder_list all;
    folder_list(folder, &all);
    for (size_t i = 0; i < all.count; i++) {
        struct stat status;
        if (!is_record_of(all.paths[i], choice->pid, &status) || status.st_mtime < choice->best_changed ||
            folder_record_is_alive(all.paths[i]) != choice->alive)
            continue;
        free(choice->best);
        choice->best = memory_copy(all.paths[i]);
        choice->best_changed = status.st_mtime;
    }
    folder_list_end(&all);
}

/* The newest record of a process with this number in this user's folders; false if there is none. */
static bool find_in_folders(long pid, bool alive, struct folder_list *list) {
    struct choice choice = {.pid = pid, .alive = alive};
    struct folder_list folders;
    folder_list_own(&folders);
    for (size_t i = 0; i < folders.count; i++)
        choose(&choice, folders.paths[i]);
    folder_list_end(&folders);
    if (choice.best)
        folder_list_add(list, choice.best);
    free(choice.best);
    return choice.best;
}

static int has_no_record(int pid) {
    if (!living_is_watched(pid))
        return failure(EXIT_MISSING, "process %d has no record: it runs without libleftopen.so", pid);
    int origin = living_origin(pid);
    if (!origin)
        return failure(EXIT_MISSING, "process %d has no record: it has acquired nothing yet", pid);
    return failure(EXIT_MISSING,
                   "process %d has no record of its own: it was forked from process %d and has acquired little "
                   "or nothing since; `leftopen ls %d` shows what it holds of that one's",
                   pid, origin, pid);
}

static int may_not_look(int pid, int error) {
    char path[32];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d", pid);
    struct passwd *owner = stat(path, &status) == 0 ? getpwuid(status.st_uid) : NULL;
    if (!owner || status.st_uid == geteuid())
        return failure(EXIT_MISSING, "may not look into process %d: %s", pid, strerror(error));
    return failure(EXIT_MISSING, "process %d is user %s's: only that user and root may see its record", pid,
                   owner->pw_name);
}

static int resolve_process(const char *word, struct folder_list *list) {
    errno = 0;
    long number = strtol(word, NULL, 10);
    if (errno || number > INT_MAX)
        return failure(EXIT_MISSING, "there is no process %s", word);
    int error, pid = (int)number;
    char *record = living_record(pid, &error);
    if (record) {
        folder_list_add(list, record);
        free(record);
        return 0;
    }
    if (!error)
        return has_no_record(pid);
    bool is_gone = error == ENOENT || error == ESRCH;
    if (find_in_folders(pid, !is_gone, list))
        return 0;
    if (is_gone)
        return failure(EXIT_MISSING, "there is no process %d, and it has left no record", pid);
    return may_not_look(pid, error);
}

/* --- folders and files ------------------------------------------------------------------------------------ */

static int resolve_folder(const char *folder, struct folder_list *list) {
    struct folder_list found;
    int error = folder_list(folder, &found);
    if (error)
        return failure(EXIT_MISSING, "cannot read the folder %s: %s", folder, strerror(-error));
    for (size_t i = 0; i < found.count; i++)
        folder_list_add(list, found.paths[i]);
    if (found.count == 0)
        error = failure(EXIT_MISSING, "there is no record in the folder %s", folder);
    folder_list_end(&found);
    return error;
}

int folder_resolve(const char *wanted, struct folder_list *list) {
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
