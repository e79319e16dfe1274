/* perf_map.h - names of code that a process made while it ran (Java, JavaScript, Python …): the list that its
 * compiler wrote to /tmp/perf-PID.map, if it was asked to. */
#ifndef TOOLS_PERF_MAP_H
#define TOOLS_PERF_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/records/model.h"

struct perf_map;

/* Empty where there is no such list, where it is somebody else's, and where it is older than the process. */
struct perf_map *perf_map_begin(const struct process *process);
void perf_map_end(struct perf_map *map);

bool perf_map_is_of(const struct perf_map *map, const struct process *process);

/* What the code at that address is called, and where it starts; NULL: unknown. Lives as long as the map. */
const char *perf_map_at(const struct perf_map *map, uint64_t address, uint64_t *start);

#endif
