/* path_map.h - other names for source files: the options path_map and source_root. */
#ifndef TOOLS_PATH_MAP_H
#define TOOLS_PATH_MAP_H

#include "tools/settings.h"

struct path_map;

/* NULL if neither option says anything. */
struct path_map *path_map_begin(const struct settings *settings);
void path_map_end(struct path_map *map);

/* What the file is called now: the first FROM that it is, or lies in, becomes its TO; then a name below the
 * root of the sources becomes relative. The caller frees it. `map` may be NULL. */
char *path_map_apply(const struct path_map *map, const char *path);

/* What is wrong with a value of the option path_map, as settings_check. */
char *path_map_fault(const char *pair);

#endif
