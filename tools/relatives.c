/* relatives.c - see relatives.h */
#include "tools/relatives.h"

#include <stdlib.h>
#include <string.h>

#include "tools/folder.h"
#include "tools/live.h"
#include "tools/memory.h"
#include "tools/record_reader.h"
#include "tools/symbols.h"

enum { MOST = 1024 /* records that are looked at */ };

static bool is_among(struct process *const *list, size_t count, const char *path) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(symbols_base_name(list[i]->source), symbols_base_name(path)) == 0)
            return true;
    return false;
}

/* An earlier image of anybody's, or a parent: theirs may in turn be asked for. */
static bool may_tell(const struct process *relative, const struct process *process) {
    return relative->end == RECORD_END_EXEC || relative->pid == process->parent_pid ||
           memcmp(relative->name, process->parent_name, sizeof relative->name) == 0;
}

void relatives_read(const struct process *process, struct process *const *known, size_t known_count,
                    struct process ***list, size_t *count) {
    const char *name = symbols_base_name(process->source);
    if (name == process->source) /* from standard input, or in the current folder */
        return;
    char *folder = memory_copy_bytes(process->source, (size_t)(name - process->source));
    struct folder_list records = {0};
    folder_list(folder, &records);
    for (size_t i = 0; i < records.count && i < MOST; i++) {
        int status;
        if (is_among(known, known_count, records.paths[i]) || is_among(*list, *count, records.paths[i]))
            continue;
        struct process *relative = record_read(records.paths[i], true, &status);
        if (!relative || !may_tell(relative, process)) {
            record_end(relative);
            continue;
        }
        live_ask(relative);
        *list = memory_grow(*list, *count, sizeof **list);
        (*list)[(*count)++] = relative;
    }
    folder_list_end(&records);
    free(folder);
}
