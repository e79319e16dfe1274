/* relatives.c - see relatives.h */
#include "tools/records/relatives.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/basics/regular.h"
#include "tools/handles/live.h"
#include "tools/names/symbols.h"
#include "tools/records/folder.h"
#include "tools/records/record_reader.h"

enum { MOST = 1024 /* records that are looked at */ };

static bool is_among(struct process *const *list, size_t count, const char *path) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(symbols_base_name(list[i]->source), symbols_base_name(path)) == 0)
            return true;
    return false;
}

/* An earlier image of anybody's, or a parent: theirs may in turn be asked for. */
static bool may_tell(const struct record_header *header, const struct process *process) {
    return memcmp(header->magic, RECORD_MAGIC, sizeof header->magic) == 0 &&
           (header->end == RECORD_END_EXEC || header->pid == process->parent_pid ||
            memcmp(header->name, process->parent_name, sizeof header->name) == 0);
}

static bool is_wanted(const char *path, const struct process *process) {
    struct stat about;
    struct record_header header;
    int file = regular_open(path, &about);
    if (file < 0)
        return false;
    bool is_whole = pread(file, &header, sizeof header, 0) == sizeof header;
    close(file);
    return is_whole && may_tell(&header, process);
}

/* One of which a part is missing might tell a part of the truth. */
static struct process *read_whole(const char *path) {
    int status;
    struct process *relative = record_read(path, true, &status);
    if (!relative || !relative->truncated)
        return relative;
    record_end(relative);
    return NULL;
}

void relatives_read(const struct process *process, struct process *const *known, size_t known_count,
                    struct process ***list, size_t *count) {
    const char *name = symbols_base_name(process->source);
    if (name == process->source) /* from standard input, or in the current folder */
        return;
    char *folder = memory_copy_bytes(process->source, (size_t)(name - process->source));
    struct folder_list records = {0};
    folder_list(folder, &records);
    warnings_hush(true); /* nobody asked for these */
    for (size_t i = 0; i < records.count && i < MOST; i++) {
        const char *path = records.paths[i];
        bool is_read = is_among(known, known_count, path) || is_among(*list, *count, path);
        struct process *relative = !is_read && is_wanted(path, process) ? read_whole(path) : NULL;
        if (!relative)
            continue;
        live_ask(relative);
        *list = memory_grow(*list, *count, sizeof **list);
        (*list)[(*count)++] = relative;
    }
    warnings_hush(false);
    folder_list_end(&records);
    free(folder);
}
