/* source_lines.c - see source_lines.h */
#include "tools/names/source_lines.h"

#include <limits.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/basics/memory.h"
#include "tools/basics/regular.h"

enum { MOST_MEGABYTES = 64 /* of a file of source */ };

/* One name in one folder. */
struct place {
    char *folder, *file;
    char *path; /* NULL: not there */
};

struct text {
    char *path;
    char *bytes; /* NULL: cannot be read */
    struct timespec changed;
};

struct source_lines {
    const char *root;
    void *places, *texts; /* trees of tsearch */
};

/* --- paths ------------------------------------------------------------------------------------------------ */

/* The file, if it is there. */
static char *existing(const char *folder, const char *file) {
    char *joined = *file == '/' || !*folder ? memory_copy(file) : memory_format("%s/%s", folder, file);
    char *real = realpath(joined, NULL);
    free(joined);
    struct stat about;
    if (real && (stat(real, &about) != 0 || !S_ISREG(about.st_mode))) {
        free(real);
        return NULL;
    }
    return real;
}

static int compare_places(const void *left, const void *right) {
    const struct place *one = left, *other = right;
    int difference = strcmp(one->file, other->file);
    return difference ? difference : strcmp(one->folder, other->folder);
}

const char *source_lines_path(struct source_lines *lines, const char *folder, const char *file) {
    struct place wanted = {.folder = (char *)(folder ? folder : ""), .file = (char *)file};
    struct place *const *known = tfind(&wanted, &lines->places, compare_places);
    if (known)
        return (*known)->path;
    struct place *place = memory_new(1, sizeof *place);
    place->folder = memory_copy(wanted.folder);
    place->file = memory_copy(file);
    if (*lines->root)
        place->path = existing(lines->root, file);
    if (!place->path)
        place->path = existing(wanted.folder, file);
    tsearch(place, &lines->places, compare_places);
    return place->path;
}

/* --- texts ------------------------------------------------------------------------------------------------ */

static int compare_texts(const void *left, const void *right) {
    return strcmp(((const struct text *)left)->path, ((const struct text *)right)->path);
}

static void read_text(struct text *text) {
    struct stat about;
    int file = regular_open(text->path, &about);
    if (file < 0)
        return;
    if (about.st_size <= (off_t)MOST_MEGABYTES << 20) {
        text->bytes = memory_new((size_t)about.st_size + 1, 1);
        ssize_t bytes = pread(file, text->bytes, (size_t)about.st_size, 0);
        text->bytes[bytes > 0 ? bytes : 0] = '\0';
        text->changed = about.st_mtim;
    }
    close(file);
}

static const struct text *text_of(struct source_lines *lines, const char *path) {
    struct text wanted = {.path = (char *)path}, *const *known = tfind(&wanted, &lines->texts, compare_texts);
    if (known)
        return *known;
    struct text *text = memory_new(1, sizeof *text);
    text->path = memory_copy(path);
    read_text(text);
    tsearch(text, &lines->texts, compare_texts);
    return text;
}

static bool is_newer(const struct text *text, const char *module) {
    struct stat about;
    if (stat(module, &about) != 0)
        return false;
    if (text->changed.tv_sec != about.st_mtim.tv_sec)
        return text->changed.tv_sec > about.st_mtim.tv_sec;
    return text->changed.tv_nsec > about.st_mtim.tv_nsec;
}

char *source_lines_text(struct source_lines *lines, const char *path, unsigned line, const char *module) {
    const struct text *text = text_of(lines, path);
    if (!text->bytes || is_newer(text, module))
        return NULL;
    const char *at = text->bytes;
    for (unsigned i = 1; at && i < line; i++)
        at = (at = strchr(at, '\n')) ? at + 1 : NULL;
    if (!at || !line)
        return NULL;
    at += strspn(at, " \t");
    size_t bytes = strcspn(at, "\r\n");
    while (bytes && strchr(" \t", at[bytes - 1]))
        bytes--;
    return bytes ? memory_copy_bytes(at, bytes) : NULL;
}

/* --- begin and end ---------------------------------------------------------------------------------------- */

struct source_lines *source_lines_begin(const char *root) {
    struct source_lines *lines = memory_new(1, sizeof *lines);
    lines->root = root;
    return lines;
}

static void end_place(void *entry) {
    struct place *place = entry;
    free(place->folder);
    free(place->file);
    free(place->path);
    free(place);
}

static void end_text(void *entry) {
    struct text *text = entry;
    free(text->path);
    free(text->bytes);
    free(text);
}

void source_lines_end(struct source_lines *lines) {
    tdestroy(lines->places, end_place);
    tdestroy(lines->texts, end_text);
    free(lines);
}
