/* path_map.c - see path_map.h */
#include "tools/settings/path_map.h"

#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"

struct pair {
    char *from, *to;
};

struct path_map {
    struct pair *pairs;
    size_t count;
    char *root, *real_root; /* as it was named, and links resolved; "" none */
};

/* --- names ------------------------------------------------------------------------------------------------ */

char *path_tidied(const char *path) {
    char *result = memory_new(strlen(path) + 2, 1), *end = result;
    char *least = result; /* what cannot be taken back by .. */
    if (*path == '/')
        least = ++end, *result = '/';
    for (const char *at = path; *(at += strspn(at, "/"));) {
        size_t length = strcspn(at, "/");
        bool is_up = length == 2 && memcmp(at, "..", 2) == 0, is_here = length == 1 && *at == '.';
        if (is_up && end > least) {
            while (end > least && *--end != '/')
                ;
        } else if (!is_here && !(is_up && *path == '/')) {
            if (end > result && end[-1] != '/')
                *end++ = '/';
            memcpy(end, at, length);
            end += length;
            least = is_up ? end : least;
        }
        at += length;
    }
    *end = '\0';
    return result;
}

/* --- map -------------------------------------------------------------------------------------------------- */

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
    map->root = memory_copy(root);
    map->real_root = real ? real : memory_copy(root);
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
    free(map->real_root);
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
    const char *rest = behind(map->real_root, name);
    rest = rest ? rest : behind(map->root, name);
    if (!rest || !*without_slashes(rest))
        return name;
    char *relative = memory_copy(without_slashes(rest));
    free(name);
    return relative;
}

static char *applied_in(const struct path_map *map, const char *folder, const char *name) {
    char *joined = memory_format("%s/%s", folder, name), *whole = path_tidied(joined);
    char *called = path_map_apply(map, whole);
    bool is_meant = strcmp(called, whole) != 0;
    free(whole);
    free(joined);
    if (is_meant)
        return called;
    free(called);
    return NULL;
}

/* The folder may have been come to through links. */
char *path_map_apply_in(const struct path_map *map, const char *folder, const char *name) {
    if (!map || !folder || *name == '/')
        return NULL;
    char *called = applied_in(map, folder, name);
    char *real = called ? NULL : realpath(folder, NULL);
    if (real)
        called = applied_in(map, real, name);
    free(real);
    return called;
}
