/* perf_map.c - see perf_map.h. A line is "START SIZE NAME", both hexadecimal; the name may have blanks. */
#include "tools/names/perf_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/basics/memory.h"
#include "tools/basics/ranges.h"
#include "tools/basics/regular.h"

enum { MOST_MEGABYTES = 256, CLOCK_TICK_NS = 20000000 /* by which the time of a file lags behind, at most */ };

struct perf_map {
    int pid;
    uint64_t started;
    char *text; /* of the file; the names end with zero bytes */
    char **names;
    size_t count;
    struct ranges ranges; /* item: number of the line that has a name */
};

/* --- the file --------------------------------------------------------------------------------------------- */

/* Written by whoever the process belonged to, while it ran. */
static bool is_trusted(const struct process *process, const struct stat *about) {
    struct stat record;
    uid_t owner = stat(process->source, &record) == 0 ? record.st_uid : geteuid();
    uint64_t written = (uint64_t)about->st_mtim.tv_sec * 1000000000u + (uint64_t)about->st_mtim.tv_nsec;
    return about->st_uid == owner && written + CLOCK_TICK_NS >= process->started_realtime &&
           about->st_size <= (off_t)MOST_MEGABYTES << 20;
}

/* The whole file, NULL if there is none that may be believed. */
static char *read_file(const struct process *process, const char *path) {
    struct stat about;
    int file = regular_open(path, &about);
    if (file < 0)
        return NULL;
    char *text = NULL;
    if (is_trusted(process, &about)) {
        text = memory_new((size_t)about.st_size + 1, 1);
        ssize_t bytes = pread(file, text, (size_t)about.st_size, 0);
        text[bytes > 0 ? bytes : 0] = '\0';
    }
    close(file);
    return text;
}

/* As the process saw it, where it is in a container and runs; else as we do. */
static char *read_list(const struct process *process) {
    char *text = NULL;
    int root = 0;
    if (sscanf(process->source, "/proc/%*d/root%n", &root) == 0 && root > 0) {
        char *path = memory_format("%.*s/tmp/perf-%d.map", root, process->source, process->pid);
        text = read_file(process, path);
        free(path);
        return text;
    }
    char *path = memory_format("/tmp/perf-%d.map", process->pid);
    text = read_file(process, path);
    free(path);
    return text;
}

static void take_line(struct perf_map *map, char *line) {
    char *end, *name;
    uint64_t start = strtoull(line, &end, 16), bytes = strtoull(end, &name, 16);
    if (end == line || name == end || *name != ' ' || !name[1])
        return;
    map->names = memory_grow(map->names, map->count, sizeof *map->names);
    map->names[map->count] = name + 1;
    ranges_add(&map->ranges, start, start + bytes, map->count++);
}

/* --- public ----------------------------------------------------------------------------------------------- */

struct perf_map *perf_map_begin(const struct process *process) {
    struct perf_map *map = memory_new(1, sizeof *map);
    map->pid = process->pid;
    map->started = process->started_realtime;
    map->text = process->source ? read_list(process) : NULL;
    char *rest = map->text, *line;
    while (rest && (line = strsep(&rest, "\n")))
        take_line(map, line);
    ranges_sort(&map->ranges);
    return map;
}

void perf_map_end(struct perf_map *map) {
    ranges_end(&map->ranges);
    free(map->names);
    free(map->text);
    free(map);
}

bool perf_map_is_of(const struct perf_map *map, const struct process *process) {
    return map->pid == process->pid && map->started == process->started_realtime;
}

/* Code may be thrown away and its place be used again: the newest line counts. */
const char *perf_map_at(const struct perf_map *map, uint64_t address, uint64_t *start) {
    const struct range *range = NULL, *newest = NULL;
    while ((range = ranges_next(&map->ranges, address, range)))
        if (!newest || range->item > newest->item)
            newest = range;
    if (!newest)
        return NULL;
    *start = newest->start;
    return map->names[newest->item];
}
