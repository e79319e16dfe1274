/* symbols.c - see symbols.h
 *
 *   image    one file of code: see image.h
 *   map      code that one process made while it ran: see perf_map.h
 *   place    one address in an image, with the frames found there
 *   trace    the places of one stack, one after the other; of several that read alike the first stands for all
 *
 * Images, places and traces are kept, so that forty processes with the same stacks cost one look-up. */
#include "tools/names/symbols.h"

#include <limits.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/names/debug_files.h"
#include "tools/names/demangle.h"
#include "tools/names/image.h"
#include "tools/names/perf_map.h"
#include "tools/names/source_lines.h"
#include "tools/names/sources.h"
#include "tools/names/trace.h"
#include "tools/records/record_reader.h"
#include "tools/settings/path_map.h"

enum { MOST_INLINED = 64 };

/* Where a code address lies. */
struct spot {
    struct image *image;  /* NULL: in no known module, `offset` is the address itself */
    struct perf_map *map; /* then: what knows the address, NULL: nothing */
    uint64_t offset;
};

struct place {
    struct spot spot;
    struct frame *frames;
    size_t count;
};

struct kept_trace {
    struct trace trace;
    const struct trace *alike; /* the first one that reads alike: perhaps this one */
    struct spot *spots;
    size_t count;
};

struct symbols {
    struct debug_files *files;
    struct image **images;
    size_t image_count;
    struct perf_map **maps;
    size_t map_count;
    void *places, *traces; /* trees of tsearch */
    void *alike;           /* likewise, of traces that do not read alike */
    struct path_map *path_map;
    struct source_lines *source_lines;
    bool shows_source, links_files;
    bool hides_folders;
    char **texts; /* demangled names, files by other names */
    size_t text_count;
};

const char *symbols_base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

bool symbols_is_libc(const char *path) {
    static const char *const names[] = {"libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(symbols_base_name(path), names[i]) == 0)
            return true;
    return false;
}

/* --- images ----------------------------------------------------------------------------------------------- */

static struct image *image_of(struct symbols *symbols, const struct process *process,
                              const struct module *module) {
    /* The loader calls the program itself "". */
    const char *path = *module->path ? module->path : process->executable;
    for (size_t i = 0; i < symbols->image_count; i++)
        if (strcmp(image_path(symbols->images[i]), path) == 0 &&
            strcmp(image_build_id(symbols->images[i]), module->build_id) == 0)
            return symbols->images[i];
    symbols->images = memory_grow(symbols->images, symbols->image_count, sizeof *symbols->images);
    return symbols->images[symbols->image_count++] = image_begin(path, module->build_id, symbols->files);
}

static struct perf_map *map_of(struct symbols *symbols, const struct process *process) {
    for (size_t i = 0; i < symbols->map_count; i++)
        if (perf_map_is_of(symbols->maps[i], process))
            return symbols->maps[i];
    symbols->maps = memory_grow(symbols->maps, symbols->map_count, sizeof *symbols->maps);
    return symbols->maps[symbols->map_count++] = perf_map_begin(process);
}

/* --- places ----------------------------------------------------------------------------------------------- */

/* Takes the text over until the end. */
static const char *keep(struct symbols *symbols, char *text) {
    symbols->texts = memory_grow(symbols->texts, symbols->text_count, sizeof *symbols->texts);
    return symbols->texts[symbols->text_count++] = text;
}

static const char *readable(struct symbols *symbols, const char *symbol) {
    return symbol ? keep(symbols, demangle(symbol)) : NULL;
}

static void set_file(struct symbols *symbols, struct frame *frame, const struct debug_frame *found) {
    frame->file = found->file;
    frame->folder = found->file && *found->file != '/' ? found->folder : NULL;
    if (!found->file || !symbols->path_map)
        return;
    char *name = path_map_apply_in(symbols->path_map, found->folder, found->file);
    if (name)
        frame->folder = NULL;
    frame->file = keep(symbols, name ? name : path_map_apply(symbols->path_map, found->file));
}

static void set_function(struct symbols *symbols, struct frame *frame, const char *symbol, Dwarf_Addr start,
                         Dwarf_Addr address) {
    frame->symbol = symbol;
    frame->function = readable(symbols, symbol);
    frame->has_start = start && start <= address;
    frame->into_function = frame->has_start ? address - start : 0;
}

/* With the machine's name: the terminal may be on another one. */
static char *link_to(const char *path) {
    char host[HOST_NAME_MAX + 1] = "";
    gethostname(host, sizeof host - 1);
    char *uri = sources_uri(path), *link = memory_format("file://%s%s", host, uri + strlen("file://"));
    free(uri);
    return link;
}

/* What is here of the file that debug information calls `file`. */
static void set_source(struct symbols *symbols, struct frame *frame, const struct debug_frame *found,
                       const char *module) {
    if (!frame->file || !(symbols->shows_source || symbols->links_files))
        return;
    const char *path = source_lines_path(symbols->source_lines, found->folder, frame->file);
    if (!path)
        return;
    char *text =
        symbols->shows_source ? source_lines_text(symbols->source_lines, path, frame->line, module) : NULL;
    frame->source = text ? keep(symbols, text) : NULL;
    frame->link = symbols->links_files ? keep(symbols, link_to(path)) : NULL;
}

static bool is_mangled(const char *symbol) { return symbol[0] == '_' && symbol[1] == 'Z'; }

static size_t frames_at(struct symbols *symbols, const struct spot *spot, struct frame *frames) {
    struct debug_frame found[MOST_INLINED];
    size_t count = image_frames(spot->image, spot->offset, found, MOST_INLINED);
    for (size_t i = 0; i < count; i++) {
        set_function(symbols, &frames[i], found[i].name, found[i].start, spot->offset);
        set_file(symbols, &frames[i], &found[i]);
        frames[i].line = found[i].line;
        frames[i].column = found[i].column;
        frames[i].inlined = found[i].inlined;
        set_source(symbols, &frames[i], &found[i], image_path(spot->image));
    }
    if (count && frames[count - 1].function && !found[count - 1].is_short)
        return count;
    uint64_t start;
    const char *symbol = image_symbol(spot->image, spot->offset, &start);
    count = count ? count : 1;
    if (symbol && (!frames[count - 1].function || is_mangled(symbol)))
        set_function(symbols, &frames[count - 1], symbol, start, spot->offset);
    return count;
}

/* As the compiler at run time wrote it: whatever it means, it is no symbol of a linker. */
static void set_made_function(const struct spot *spot, struct frame *frame) {
    uint64_t start;
    frame->symbol = frame->function = perf_map_at(spot->map, spot->offset, &start);
    frame->has_start = true;
    frame->into_function = spot->offset - start;
}

static int compare_spots(const struct spot *one, const struct spot *other) {
    if (one->image != other->image)
        return (uintptr_t)one->image < (uintptr_t)other->image ? -1 : 1;
    if (one->map != other->map)
        return (uintptr_t)one->map < (uintptr_t)other->map ? -1 : 1;
    return one->offset < other->offset ? -1 : one->offset > other->offset;
}

static int compare_places(const void *one, const void *other) {
    return compare_spots(&((const struct place *)one)->spot, &((const struct place *)other)->spot);
}

static void *kept(void **tree, void *key, int (*compare)(const void *, const void *)) {
    void **node = tsearch(key, tree, compare);
    if (!node)
        exit(failure(EXIT_OWN_FAILURE, "out of memory"));
    return *node;
}

static const struct place *place_of(struct symbols *symbols, const struct process *process, struct spot spot) {
    struct place *place = memory_new(1, sizeof *place);
    place->spot = spot;
    struct place *known = kept(&symbols->places, place, compare_places);
    if (known != place) {
        free(place);
        return known;
    }
    struct frame frames[MOST_INLINED] = {0};
    place->count = 1;
    if (spot.image && image_find(spot.image, process))
        place->count = frames_at(symbols, &spot, frames);
    if (spot.map)
        set_made_function(&spot, frames);
    for (size_t i = 0; i < place->count; i++) {
        frames[i].module = spot.image ? image_path(spot.image) : spot.map ? "[jit]" : "";
        frames[i].build_id = spot.image ? image_build_id(spot.image) : "";
        frames[i].offset = spot.offset;
    }
    place->frames = memory_new(place->count, sizeof *place->frames);
    memcpy(place->frames, frames, place->count * sizeof *frames);
    return place;
}

/* --- traces ----------------------------------------------------------------------------------------------- */

static struct spot spot_of(struct symbols *symbols, const struct process *process, uint64_t pc,
                           uint64_t epoch) {
    /* A return address is behind the call, perhaps in the next line or function. */
    pc = pc & RECORD_PC_EXACT ? pc & ~RECORD_PC_EXACT : pc - 1;
    const struct module *module = record_module_at(process, pc, epoch);
    if (module)
        return (struct spot){.image = image_of(symbols, process, module), .offset = pc - module->bias};
    struct perf_map *map = map_of(symbols, process);
    uint64_t start;
    return (struct spot){.map = perf_map_at(map, pc, &start) ? map : NULL, .offset = pc};
}

static int compare_traces(const void *left, const void *right) {
    const struct kept_trace *one = left, *other = right;
    if (one->count != other->count)
        return one->count < other->count ? -1 : 1;
    for (size_t i = 0; i < one->count; i++) {
        int difference = compare_spots(&one->spots[i], &other->spots[i]);
        if (difference)
            return difference;
    }
    return (int)one->trace.cut - (int)other->trace.cut;
}

static int compare_alike(const void *one, const void *other) { return trace_compare(one, other); }

static void free_trace(void *pointer) {
    struct kept_trace *trace = pointer;
    free((void *)trace->trace.frames);
    free(trace->spots);
    free(trace);
}

/* The wrapper of main, or of a thread's start, is nobody's business. */
static bool is_our_library(const struct spot *spot) {
    return spot->image && strcmp(symbols_base_name(image_path(spot->image)), "libleftopen.so") == 0;
}

static void hide_folders(struct trace *trace) {
    struct frame *frames = (struct frame *)trace->frames; /* nobody else has them */
    for (size_t i = 0; i < trace->count; i++) {
        frames[i].module = symbols_base_name(frames[i].module);
        frames[i].link = NULL;
        frames[i].folder = frames[i].source = NULL;
        if (frames[i].file && *frames[i].file == '/')
            frames[i].file = symbols_base_name(frames[i].file);
    }
}

/* Headers of the C library, as they are with _FORTIFY_SOURCE, have the calls in inlined functions: what calls
 * these is what the program's author knows. GNU's C++ headers have a folder of that name, too. */
static size_t count_frames_of_headers(const struct place *place) {
    size_t count = 0;
    for (; count < place->count && place->frames[count].inlined; count++) {
        const char *file = place->frames[count].file;
        if (!file || !strstr(file, "/include/") || !strstr(file, "/bits/") || strstr(file, "/c++/"))
            break;
    }
    return count;
}

static void fill_trace(struct symbols *symbols, const struct process *process, struct kept_trace *trace) {
    struct frame *frames = NULL;
    size_t count = 0;
    for (size_t i = 0; i < trace->count; i++) {
        if (is_our_library(&trace->spots[i]))
            continue;
        const struct place *place = place_of(symbols, process, trace->spots[i]);
        for (size_t k = count ? 0 : count_frames_of_headers(place); k < place->count; k++) {
            frames = memory_grow(frames, count, sizeof *frames);
            frames[count++] = place->frames[k];
        }
    }
    trace->trace.frames = frames;
    trace->trace.count = count;
    if (symbols->hides_folders)
        hide_folders(&trace->trace);
}

const struct trace *symbols_trace(struct symbols *symbols, const struct process *process,
                                  const struct stack *stack) {
    struct kept_trace *trace = memory_new(1, sizeof *trace);
    trace->count = stack ? stack->count : 0;
    trace->trace.cut = stack && stack->cut;
    trace->spots = memory_new(trace->count, sizeof *trace->spots);
    for (size_t i = 0; i < trace->count; i++)
        trace->spots[i] = spot_of(symbols, process, stack->pc[i], stack->epoch);
    struct kept_trace *known = kept(&symbols->traces, trace, compare_traces);
    if (known != trace) {
        free_trace(trace);
        return known->alike;
    }
    fill_trace(symbols, process, trace);
    return trace->alike = kept(&symbols->alike, &trace->trace, compare_alike);
}

/* --- public ----------------------------------------------------------------------------------------------- */

struct symbols *symbols_begin(const struct settings *settings) {
    struct symbols *symbols = memory_new(1, sizeof *symbols);
    symbols->files = debug_files_begin(settings);
    symbols->path_map = settings ? path_map_begin(settings) : NULL;
    symbols->source_lines = source_lines_begin(settings ? settings->value[SETTING_source_root] : "");
    symbols->shows_source = settings && settings_flag(settings, SETTING_source);
    return symbols;
}

static void hide_folders_of(const void *node, VISIT visit, void *unused) {
    if (visit == postorder || visit == leaf)
        hide_folders(&(*(struct kept_trace *const *)node)->trace);
}

void symbols_link_files(struct symbols *symbols) { symbols->links_files = true; }

void symbols_hide_folders(struct symbols *symbols) {
    symbols->hides_folders = true;
    twalk_r(symbols->traces, hide_folders_of, NULL);
}

void symbols_each_changed(const struct symbols *symbols,
                          void (*tell)(void *context, const char *path, const char *build_id), void *context) {
    for (size_t i = 0; i < symbols->image_count; i++)
        if (image_is_changed(symbols->images[i])) {
            const char *path = image_path(symbols->images[i]);
            tell(context, symbols->hides_folders ? symbols_base_name(path) : path,
                 image_build_id(symbols->images[i]));
        }
}

static void free_nothing(void *pointer) { (void)pointer; }

static void free_place(void *pointer) {
    struct place *place = pointer;
    free(place->frames);
    free(place);
}

void symbols_end(struct symbols *symbols) {
    tdestroy(symbols->places, free_place);
    tdestroy(symbols->alike, free_nothing);
    tdestroy(symbols->traces, free_trace);
    for (size_t i = 0; i < symbols->image_count; i++)
        image_end(symbols->images[i]);
    for (size_t i = 0; i < symbols->map_count; i++)
        perf_map_end(symbols->maps[i]);
    for (size_t i = 0; i < symbols->text_count; i++)
        free(symbols->texts[i]);
    free(symbols->texts);
    free(symbols->images);
    free(symbols->maps);
    source_lines_end(symbols->source_lines);
    path_map_end(symbols->path_map);
    debug_files_end(symbols->files);
    free(symbols);
}
