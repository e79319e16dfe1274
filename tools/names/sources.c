/* sources.c - see sources.h */
#include "tools/names/sources.h"

#include <ctype.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/basics/memory.h"
#include "tools/names/trace.h"
#include "tools/settings/path_map.h"

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

/* The file below the root, by its name behind the end of a folder: the longest end that leads to one. Sources
 * may have been compiled elsewhere, in folders of the same names. NULL: none does. */
static char *behind_an_end(const struct sources *sources, const char *folder, const char *told) {
    char *found = NULL;
    for (const char *end = folder; !found && (end = strchr(end, '/'));) {
        char *name = memory_format("%s/%s", ++end, told), *tidy = path_tidied(name);
        found = existing(sources, tidy);
        free(tidy);
        free(name);
    }
    return found;
}

/* What a compiler was told as ../src/x.c stands in src/ where the build folder is below the root. */
static char *in_root(const struct sources *sources, const char *told) {
    char *real = existing(sources, told);
    if (*told == '/' || (real && below(sources, real)))
        return real;
    char *inside = existing(sources, without_ups(told));
    if (!inside)
        return real;
    free(real);
    return inside;
}

/* Where it was compiled, if it is still there; else where it would be below the root. */
static char *real_path(const struct sources *sources, const char *folder, const char *told) {
    if (!folder || *told == '/')
        return in_root(sources, told);
    char *whole = memory_format("%s/%s", folder, told), *real = realpath(whole, NULL);
    free(whole);
    if (!real)
        real = behind_an_end(sources, folder, told);
    return real ? real : in_root(sources, told);
}

/* Of a file that is not there. */
static char *supposed_path(const struct sources *sources, const char *folder, const char *told) {
    if (*told == '/')
        return memory_copy(told);
    char *name = memory_format("%s/%s", folder ? folder : "", told), *whole = path_tidied(name);
    free(name);
    if (folder && below(sources, whole))
        return whole;
    free(whole);
    return joined(sources, without_ups(told));
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
    char *told = path_tidied(source->told), *real = real_path(sources, source->compiled_in, told);
    char *whole = real ? real : supposed_path(sources, source->compiled_in, told);
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
    const struct source *one = left, *other = right;
    int difference = strcmp(one->told, other->told);
    const char *folder = one->compiled_in ? one->compiled_in : "";
    return difference ? difference : strcmp(folder, other->compiled_in ? other->compiled_in : "");
}

static const struct source *find(struct sources *sources, const char *told, const char *compiled_in) {
    struct source wanted = {.told = told, .compiled_in = compiled_in}, *const *found = tfind(
                                                                           &wanted, &sources->known, compare);
    if (found)
        return *found;
    struct source *source = memory_new(1, sizeof *source);
    *source = wanted;
    fill(sources, source);
    tsearch(source, &sources->known, compare);
    return source;
}

const struct source *sources_find(struct sources *sources, const struct frame *frame) {
    return find(sources, frame->file, frame->folder);
}

/* Packages of the system are built elsewhere, under names that say nothing. */
static enum source_owner owner_of(struct sources *sources, const struct frame *frame) {
    enum source_owner owner = sources_find(sources, frame)->owner;
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

const struct frame *sources_complaint_frame(struct sources *sources, const struct complaint *complaint) {
    const struct frame *frame = sources_frame(sources, complaint->trace);
    if (!complaint->misuse || (frame && owner_of(sources, frame) != SOURCE_OF_SYSTEM))
        return frame;
    const struct frame *opener = sources_frame(sources, complaint->misuse->opened);
    return opener ? opener : frame;
}

struct source_place sources_place(struct sources *sources, const struct complaint *complaint) {
    const struct trace *trace = complaint->trace;
    const struct frame *frame = sources_complaint_frame(sources, complaint);
    if (frame)
        return (struct source_place){sources_find(sources, frame)->path, frame->line, frame->column};
    const char *module = trace->count ? trace->frames[0].module : "";
    if (!*module)
        module = complaint->process->executable;
    return (struct source_place){*module ? find(sources, module, NULL)->path : "unknown", 1, 0};
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
