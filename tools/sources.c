/* sources.c - see sources.h */
#include "tools/sources.h"

#include <ctype.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/memory.h"
#include "tools/trace.h"

void sources_begin(struct sources *sources, const struct report *report) {
    char *here = *report->source_root ? realpath(report->source_root, NULL) : getcwd(NULL, 0);
    bool is_some = !report->hides_folders && here && *here == '/' && here[1]; /* all is below / */
    *sources = (struct sources){.root = memory_copy(is_some ? here : "")};
    free(here);
}

static void end_source(void *entry) {
    struct source *source = entry;
    free(source->path);
    free(source->folder);
    free(source);
}

void sources_end(struct sources *sources) {
    tdestroy(sources->known, end_source);
    free(sources->root);
    *sources = (struct sources){0};
}

/* --- paths ------------------------------------------------------------------------------------------------ */

/* Drops . and empty parts, and x/.. by its letters. */
static char *tidied(const char *path) {
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

/* What of the path is below the root, NULL if it is not. */
static const char *below(const struct sources *sources, const char *path) {
    size_t length = strlen(sources->root);
    bool is_below = length && strncmp(path, sources->root, length) == 0 && path[length] == '/';
    return is_below ? path + length + 1 : NULL;
}

static const char *without_ups(const char *path) {
    while (strncmp(path, "../", 3) == 0)
        path += 3;
    return path;
}

static char *joined(const struct sources *sources, const char *path) {
    return *path == '/' || !*sources->root ? memory_copy(path) : memory_format("%s/%s", sources->root, path);
}

/* The file in the file system, links resolved; NULL: it is not there. */
static char *existing(const struct sources *sources, const char *path) {
    char *whole = joined(sources, path), *real = *whole == '/' ? realpath(whole, NULL) : NULL;
    free(whole);
    return real;
}

/* What a compiler was told as ../src/x.c stands in src/ where the build folder is below the root. */
static char *real_path(const struct sources *sources, const char *told) {
    char *real = existing(sources, told);
    if (*told == '/' || (real && below(sources, real)))
        return real;
    char *inside = existing(sources, without_ups(told));
    if (!inside)
        return real;
    free(real);
    return inside;
}

static bool is_of_system(const char *path) {
    static const char *const folders[] = {"/usr/", "/lib/", "/opt/rh/", "/nix/", "/rustc/", "/build/"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (strncmp(path, folders[i], strlen(folders[i])) == 0)
            return true;
    return false;
}

static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? memory_copy_bytes(path, slash == path ? 1 : (size_t)(slash - path)) : memory_copy("");
}

static void fill(const struct sources *sources, struct source *source) {
    char *told = tidied(source->told), *real = real_path(sources, told);
    char *whole = real ? real : joined(sources, *told == '/' ? told : without_ups(told));
    const char *inside = below(sources, whole);
    source->folder = folder_of(*whole == '/' ? whole : "");
    source->path = memory_copy(inside ? inside : whole);
    source->owner = SOURCE_ELSEWHERE;
    if (inside && real)
        source->owner = SOURCE_OWN;
    else if (is_of_system(told) || is_of_system(whole))
        source->owner = SOURCE_OF_SYSTEM;
    free(whole);
    free(told);
}

/* --- files ------------------------------------------------------------------------------------------------ */

static int compare(const void *left, const void *right) {
    return strcmp(((const struct source *)left)->told, ((const struct source *)right)->told);
}

const struct source *sources_find(struct sources *sources, const char *told) {
    struct source wanted = {.told = told}, *const *found = tfind(&wanted, &sources->known, compare);
    if (found)
        return *found;
    struct source *source = memory_new(1, sizeof *source);
    source->told = told;
    fill(sources, source);
    tsearch(source, &sources->known, compare);
    return source;
}

/* Packages of the system are built elsewhere, under names that say nothing. */
static enum source_owner owner_of(struct sources *sources, const struct frame *frame) {
    enum source_owner owner = sources_find(sources, frame->file)->owner;
    return owner == SOURCE_ELSEWHERE && is_of_system(frame->module) ? SOURCE_OF_SYSTEM : owner;
}

const struct frame *sources_frame(struct sources *sources, const struct trace *trace) {
    const struct frame *best = NULL;
    enum source_owner best_owner = SOURCE_OF_SYSTEM;
    size_t count = trace_own_frames(trace);
    for (size_t i = 0; i < count && best_owner != SOURCE_OWN; i++) {
        const struct frame *frame = &trace->frames[i];
        if (!frame->file || !frame->line)
            continue;
        enum source_owner owner = owner_of(sources, frame);
        if (best && owner <= best_owner)
            continue;
        best = frame;
        best_owner = owner;
    }
    return best;
}

struct source_place sources_place(struct sources *sources, const struct complaint *complaint) {
    const struct trace *trace = complaint->trace;
    const struct frame *frame = sources_frame(sources, trace);
    if (frame)
        return (struct source_place){sources_find(sources, frame->file)->path, frame->line, frame->column};
    const char *module = trace->count ? trace->frames[0].module : "";
    if (!*module)
        module = complaint->process->executable;
    return (struct source_place){*module ? sources_find(sources, module)->path : "unknown", 1, 0};
}

char *sources_uri(const char *path) {
    char *uri = NULL;
    size_t size;
    FILE *out = open_memstream(&uri, &size);
    if (!out)
        return memory_copy("");
    if (*path == '/')
        fputs("file://", out);
    for (const unsigned char *byte = (const unsigned char *)path; *byte; byte++)
        if (*byte < 0x80 && (isalnum(*byte) || strchr("/-._~", *byte)))
            fputc(*byte, out);
        else
            fprintf(out, "%%%02X", *byte);
    fclose(out);
    return uri ? uri : memory_copy("");
}
