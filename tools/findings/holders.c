/* holders.c - see holders.h */
#include "tools/findings/holders.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/basics/memory.h"
#include "tools/records/living.h"

enum { MOST_LOOKS = 1 << 16 /* descriptors of others */ };

/* A link of /proc/PID/fd/N that would be of interest. */
struct wanted {
    char link[32];
    bool is_end; /* it would be the other end of a socket */
    int pid;     /* of the finding's process, here */
    struct finding *finding;
};

struct search {
    struct wanted *list;
    size_t count;
    unsigned looks;
};

static int compare(const void *left, const void *right) {
    return strcmp(((const struct wanted *)left)->link, ((const struct wanted *)right)->link);
}

static void want(struct search *search, const char *link, bool is_end, int pid, struct finding *finding) {
    search->list = memory_grow(search->list, search->count, sizeof *search->list);
    struct wanted *wanted = &search->list[search->count++];
    *wanted = (struct wanted){.is_end = is_end, .pid = pid, .finding = finding};
    snprintf(wanted->link, sizeof wanted->link, "%s", link);
}

static bool is_pipe(const char *link) { return strncmp(link, "pipe:[", 6) == 0; }
static bool is_socket(const char *link) { return strncmp(link, "socket:[", 8) == 0; }

static void want_relatives(struct search *search, struct finding *finding, int pid) {
    const struct detail *detail = finding->handle->detail;
    char *end = memory_format("socket:[%llu]", (unsigned long long)detail->peer_inode);
    if (is_pipe(detail->link) || is_socket(detail->link))
        want(search, detail->link, false, pid, finding);
    if (is_socket(detail->link) && detail->peer_inode)
        want(search, end, true, pid, finding);
    free(end);
}

static void want_all(struct search *search, struct findings *findings) {
    const struct process *process = NULL;
    int pid = 0;
    for (size_t i = 0; i < findings->count; i++) {
        struct finding *finding = &findings->list[i];
        if (finding->process != process) {
            process = finding->process;
            bool is_running = process->alive && process->end == RECORD_END_RUNNING;
            pid = is_running ? living_pid(process) : 0;
        }
        if (pid && finding->handle->detail)
            want_relatives(search, finding, pid);
    }
    if (search->count)
        qsort(search->list, search->count, sizeof *search->list, compare);
}

/* --- others -------------------------------------------------------------------------------------------------
 */

struct other {
    int pid, folder; /* of its descriptors */
};

static char *program_of(int pid) {
    char path[64], name[64] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    FILE *file = fopen(path, "re");
    bool is_read = file && fgets(name, sizeof name, file);
    if (file)
        fclose(file);
    name[strcspn(name, "\n")] = '\0';
    return is_read ? memory_copy(name) : NULL;
}

/* What it is to the finding: of a pipe, the descriptor's own mode tells which end it is. */
static enum relation_way way_of(const struct wanted *wanted, const struct other *other, const char *name) {
    struct stat about;
    const struct detail *detail = wanted->finding->handle->detail;
    if (!is_pipe(wanted->link) || fstatat(other->folder, name, &about, AT_SYMLINK_NOFOLLOW))
        return wanted->is_end ? RELATION_OTHER_END : RELATION_DUPLICATE;
    bool writes = about.st_mode & S_IWUSR, wrote = (detail->status_flags & O_ACCMODE) != O_RDONLY;
    return writes == wrote ? RELATION_DUPLICATE : RELATION_OTHER_END;
}

static void look_at(struct search *search, const struct other *other, const char *name) {
    struct wanted key = {0};
    ssize_t bytes = readlinkat(other->folder, name, key.link, sizeof key.link - 1);
    if (bytes <= 0 || !search->count)
        return;
    struct wanted *found = bsearch(&key, search->list, search->count, sizeof key, compare);
    while (found && found > search->list && !compare(found - 1, &key))
        found--;
    for (; found && found < search->list + search->count && !compare(found, &key); found++)
        if (found->pid != other->pid)
            relations_add(&found->finding->relations, (struct relation){.way = way_of(found, other, name),
                                                                        .pid = other->pid,
                                                                        .number = (int)strtol(name, NULL, 10),
                                                                        .program = program_of(other->pid)});
}

static void look_into(struct search *search, int pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *folder = opendir(path);
    if (!folder)
        return;
    struct other other = {.pid = pid, .folder = dirfd(folder)};
    for (struct dirent *entry; (entry = readdir(folder)) && search->looks < MOST_LOOKS; search->looks++)
        if (isdigit((unsigned char)entry->d_name[0]))
            look_at(search, &other, entry->d_name);
    closedir(folder);
}

void holders_find(struct findings *findings) {
    struct search search = {0};
    want_all(&search, findings);
    DIR *processes = search.count ? opendir("/proc") : NULL;
    for (struct dirent *entry; processes && (entry = readdir(processes));)
        if (isdigit((unsigned char)entry->d_name[0]))
            look_into(&search, (int)strtol(entry->d_name, NULL, 10));
    if (processes)
        closedir(processes);
    free(search.list);
}
