/* path_map.h - other names for source files: the options path_map and source_root. */
#ifndef TOOLS_PATH_MAP_H
#define TOOLS_PATH_MAP_H

#include "tools/settings/settings.h"

struct path_map;

/* NULL if neither option says anything. */
struct path_map *path_map_begin(const struct settings *settings);
void path_map_end(struct path_map *map);

/* What the file is called now: the first FROM that it is, or lies in, becomes its TO; then a name below the
 * root of the sources becomes relative. The caller frees it. `map` may be NULL. */
char *path_map_apply(const struct path_map *map, const char *path);

/* The same of a name relative to `folder`, where the options mean the two together; else, or if no folder or
 * map is there, NULL. */
char *path_map_apply_in(const struct path_map *map, const char *folder, const char *name);

/* The path without . and empty parts, and without x/.. by its letters, whatever is in the file system. The
 * caller frees it. */
char *path_tidied(const char *path);

/* What is wrong with a value of the option path_map, as settings_check. */
char *path_map_fault(const char *pair);

#endif
