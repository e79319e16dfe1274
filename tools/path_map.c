/* path_map.c - see path_map.h */
#include "tools/path_map.h"

#include <stdlib.h>
#include <string.h>

#include "tools/memory.h"

struct pair {
    char *from, *to;
};

struct path_map {
    struct pair *pairs;
    size_t count;
    char *root; /* "" none */
};

char *path_map_fault(const char *pair) {
    const char *equals = strchr(pair, '=');
    return equals && equals > pair ? NULL : memory_copy("FROM=TO, two beginnings of names; TO may be empty");
}

struct path_map *path_map_begin(const struct settings *settings) {
    const char *pairs = settings->value[SETTING_path_map], *root = settings->value[SETTING_source_root];
    if (!*pairs && !*root)
        return NULL;
    struct path_map *map = memory_new(1, sizeof *map);
    char *real = *root ? realpath(root, NULL) : NULL;
    map->root = memory_copy(real ? real : root);
    free(real);
    char *copy = memory_copy(pairs), *rest = copy, *pair;
    while (*pairs && (pair = strsep(&rest, SETTINGS_NEXT))) {
        char *equals = strchr(pair, '=');
        map->pairs = memory_grow(map->pairs, map->count, sizeof *map->pairs);
        map->pairs[map->count++] =
            (struct pair){memory_copy_bytes(pair, (size_t)(equals - pair)), memory_copy(equals + 1)};
    }
    free(copy);
    return map;
}

void path_map_end(struct path_map *map) {
    if (!map)
        return;
    for (size_t i = 0; i < map->count; i++) {
        free(map->pairs[i].from);
        free(map->pairs[i].to);
    }
    free(map->pairs);
    free(map->root);
    free(map);
}

/* What follows the folder in the path; NULL: it is neither the folder nor in it. */
static const char *behind(const char *folder, const char *path) {
    size_t length = strlen(folder);
    if (!length || strncmp(path, folder, length) != 0)
        return NULL;
    bool is_whole_part = folder[length - 1] == '/' || path[length] == '/' || !path[length];
    return is_whole_part ? path + length : NULL;
}

static const char *without_slashes(const char *path) { return path + strspn(path, "/"); }

static char *replaced(const struct path_map *map, const char *path) {
    for (size_t i = 0; i < map->count; i++) {
        const char *rest = behind(map->pairs[i].from, path), *to = map->pairs[i].to;
        if (rest)
            return memory_format("%s%s", to, *to ? rest : without_slashes(rest));
    }
    return memory_copy(path);
}

char *path_map_apply(const struct path_map *map, const char *path) {
    if (!map)
        return memory_copy(path);
    char *name = replaced(map, path);
    const char *rest = behind(map->root, name);
    if (!rest || !*without_slashes(rest))
        return name;
    char *relative = memory_copy(without_slashes(rest));
    free(name);
    return relative;
}
