/* symbols.c - see symbols.h
 *
 *   image    one file of code, by path and build-id, whatever address it had
 *   place    one address in an image, with the frames found there
 *   trace    the places of one stack, one after the other; of several that read alike the first stands for all
 *
 * Images, places and traces are kept, so that forty processes with the same stacks cost one look-up. */
#include "tools/symbols.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>

#include "tools/debug_index.h"
#include "tools/demangle.h"
#include "tools/fail.h"
#include "tools/memory.h"
#include "tools/ranges.h"
#include "tools/record_reader.h"
#include "tools/regular.h"
#include "tools/trace.h"

enum {
    MOST_INLINED = 64,
    UNKNOWN_SIZE = 0xffff /* of a symbol without a size, at most; odd, so no function has it by chance */
};

struct image {
    char *path, *build_id;
    bool is_changed; /* a file of that name is there, and is another build */
    bool is_tried;
    Dwfl *dwfl; /* NULL: no file that may be used */
    Dwfl_Module *module;
    Dwarf_Addr bias; /* address of the Dwfl - address in the file */
    struct debug_index *debug;
    bool has_symbols;
    struct ranges symbols; /* of functions; item: index of the ELF symbol */
};

/* Where a code address lies. */
struct spot {
    struct image *image; /* NULL: in no known module, `offset` is the address itself */
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
    struct image **images;
    size_t image_count;
    void *places, *traces; /* trees of tsearch */
    void *alike;           /* likewise, of traces that do not read alike */
    const struct path_map *map;
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

/* --- files ------------------------------------------------------------------------------------------------ */

/* The debug file is looked for by build-id and .gnu_debuglink below the usual folders. */
static const Dwfl_Callbacks callbacks = {.find_debuginfo = dwfl_standard_find_debuginfo};

/* A record says the path, and may say anything. Files of these systems are made while they are read: some never
 * end, some forget what was read. Of the others only code is opened, and nothing that had to be unpacked first.
 */
static int open_code(const char *path, struct stat *about) {
    static const unsigned made[] = {PROC_SUPER_MAGIC, SYSFS_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC};
    struct statfs system;
    char magic[SELFMAG];
    int file = regular_open(path, about);
    if (file < 0)
        return file;
    bool is_made = fstatfs(file, &system) != 0;
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        is_made |= (unsigned)system.f_type == made[i];
    if (!is_made && pread(file, magic, sizeof magic, 0) == sizeof magic && memcmp(magic, ELFMAG, SELFMAG) == 0)
        return file;
    close(file);
    return -ENOEXEC;
}

static bool has_build_id(Elf *elf, const char *wanted) {
    const void *bits;
    ssize_t bytes = elf ? dwelf_elf_gnu_build_id(elf, &bits) : -1;
    if (bytes <= 0)
        return *wanted == '\0';
    if (strlen(wanted) != (size_t)bytes * 2)
        return false;
    for (ssize_t i = 0; i < bytes; i++) {
        char hexadecimal[3];
        snprintf(hexadecimal, sizeof hexadecimal, "%02x", ((const unsigned char *)bits)[i]);
        if (memcmp(hexadecimal, wanted + 2 * i, 2) != 0)
            return false;
    }
    return true;
}

/* Without a build-id, only a file that nobody touched since the process started is believed. */
static bool is_older(const struct stat *about, uint64_t since) {
    return since && (uint64_t)about->st_ctim.tv_sec * 1000000000u + (uint64_t)about->st_ctim.tv_nsec <= since;
}

static void close_image(struct image *image) {
    if (image->dwfl)
        dwfl_end(image->dwfl);
    image->dwfl = NULL;
    image->module = NULL;
}

/* Tries one file; true if it is the image. */
static bool open_image(struct image *image, const char *path, uint64_t since) {
    struct stat about;
    int file = open_code(path, &about);
    if (file < 0)
        return false;
    image->dwfl = dwfl_begin(&callbacks);
    if (image->dwfl)
        image->module = dwfl_report_elf(image->dwfl, symbols_base_name(path), path, file, 0, false);
    if (!image->module) {
        close(file);
        close_image(image);
        return false;
    }
    dwfl_report_end(image->dwfl, NULL, NULL);
    Elf *elf = dwfl_module_getelf(image->module, &image->bias);
    if (has_build_id(elf, image->build_id) && (*image->build_id || is_older(&about, since)))
        return true;
    close_image(image);
    return false;
}

/* The file itself, as a process in a container sees it or as we do; else what is installed by build-id. */
static void find_image(struct image *image, const struct process *process) {
    if (image->is_tried)
        return;
    image->is_tried = true;
    if (image->path[0] != '/')
        return; /* [vdso] and the like are no files */
    int root = 0;
    if (sscanf(process->source, "/proc/%*d/root%n", &root) == 0 && root > 0) {
        char *path = memory_format("%.*s%s", root, process->source, image->path);
        bool found = open_image(image, path, process->started_realtime);
        free(path);
        if (found)
            return;
    }
    if (open_image(image, image->path, process->started_realtime))
        return;
    image->is_changed = access(image->path, R_OK) == 0;
    if (strlen(image->build_id) < 4)
        return;
    static const char *const endings[] = {"", ".debug"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings && !image->module; i++) {
        char *path = memory_format("/usr/lib/debug/.build-id/%.2s/%s%s", image->build_id, image->build_id + 2,
                                   endings[i]);
        open_image(image, path, 0);
        free(path);
    }
}

static struct image *image_of(struct symbols *symbols, const struct process *process,
                              const struct module *module) {
    /* The loader calls the program itself "". */
    const char *path = *module->path ? module->path : process->executable;
    for (size_t i = 0; i < symbols->image_count; i++)
        if (strcmp(symbols->images[i]->path, path) == 0 &&
            strcmp(symbols->images[i]->build_id, module->build_id) == 0)
            return symbols->images[i];
    struct image *image = memory_new(1, sizeof *image);
    image->path = memory_copy(path);
    image->build_id = memory_copy(module->build_id);
    symbols->images = memory_grow(symbols->images, symbols->image_count, sizeof *symbols->images);
    return symbols->images[symbols->image_count++] = image;
}

/* --- ELF symbols ------------------------------------------------------------------------------------------ */

static bool is_code(Elf *elf, GElf_Word section) {
    GElf_Shdr header;
    Elf_Scn *scn = elf ? elf_getscn(elf, section) : NULL;
    return scn && gelf_getshdr(scn, &header) && header.sh_flags & SHF_EXECINSTR;
}

static bool is_function(const GElf_Sym *symbol, Elf *elf, GElf_Word section) {
    switch (GELF_ST_TYPE(symbol->st_info)) {
    case STT_FUNC:
    case STT_GNU_IFUNC:
        return section != SHN_UNDEF;
    case STT_NOTYPE: /* written in assembler */
        return section != SHN_UNDEF && section < SHN_LORESERVE && is_code(elf, section);
    default:
        return false;
    }
}

/* A symbol without a size reaches up to the next one. */
static void cut_unknown_sizes(struct ranges *ranges) {
    uint64_t next = UINT64_MAX, start = UINT64_MAX;
    for (size_t i = ranges->count; i-- > 0;) {
        struct range *range = &ranges->list[i];
        if (range->start != start) {
            next = start;
            start = range->start;
        }
        if (range->end - range->start == UNKNOWN_SIZE && next < range->end)
            range->end = next;
    }
    ranges_sort(ranges);
}

static void fill_symbols(struct image *image) {
    image->has_symbols = true;
    int count = dwfl_module_getsymtab(image->module);
    for (int i = 1; i < count; i++) {
        GElf_Sym symbol;
        GElf_Addr address;
        GElf_Word section;
        Elf *elf;
        const char *name = dwfl_module_getsym_info(image->module, i, &symbol, &address, &section, &elf, NULL);
        if (!name || !*name || !is_function(&symbol, elf, section))
            continue;
        ranges_add(&image->symbols, address, address + (symbol.st_size ? symbol.st_size : UNKNOWN_SIZE),
                   (size_t)i);
    }
    ranges_sort(&image->symbols);
    cut_unknown_sizes(&image->symbols);
}

/* Of several names for one place the plainest: global before weak before local, then the fewest underscores in
 * front, then the shortest, then by alphabet: the same choice in every build. */
static bool is_plainer(const char *name, unsigned binding, const char *than, unsigned than_binding) {
    static const unsigned ranks[] = {[STB_GLOBAL] = 0, [STB_WEAK] = 1, [STB_LOCAL] = 2};
    unsigned rank = binding < 3 ? ranks[binding] : 0, than_rank = than_binding < 3 ? ranks[than_binding] : 0;
    if (rank != than_rank)
        return rank < than_rank;
    size_t underscores = strspn(name, "_"), than_underscores = strspn(than, "_");
    if (underscores != than_underscores)
        return underscores < than_underscores;
    if (strlen(name) != strlen(than))
        return strlen(name) < strlen(than);
    return strcmp(name, than) < 0;
}

/* The symbol that holds the address of the Dwfl; its start in *start. */
static const char *symbol_at(struct image *image, Dwarf_Addr address, Dwarf_Addr *start) {
    if (!image->has_symbols)
        fill_symbols(image);
    const char *best = NULL;
    unsigned best_binding = 0;
    const struct range *range = NULL;
    while ((range = ranges_next(&image->symbols, address, range))) {
        GElf_Sym symbol;
        GElf_Addr value;
        const char *name =
            dwfl_module_getsym_info(image->module, (int)range->item, &symbol, &value, NULL, NULL, NULL);
        if (best && value < *start)
            break; /* an outer one */
        unsigned binding = GELF_ST_BIND(symbol.st_info);
        if (!best || is_plainer(name, binding, best, best_binding)) {
            best = name;
            best_binding = binding;
            *start = value;
        }
    }
    return best;
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

static const char *mapped(struct symbols *symbols, const char *file) {
    return file && symbols->map ? keep(symbols, path_map_apply(symbols->map, file)) : file;
}

static void set_function(struct symbols *symbols, struct frame *frame, const char *symbol, Dwarf_Addr start,
                         Dwarf_Addr address) {
    frame->symbol = symbol;
    frame->function = readable(symbols, symbol);
    frame->has_start = start && start <= address;
    frame->into_function = frame->has_start ? address - start : 0;
}

/* Lines inside libc help nobody, and its debug information is large and compressed: 50 ms for a report that has
 * start-up code at the end of every stack. Names come from its symbol table. */
static bool is_worth_lines(const struct image *image) { return !symbols_is_libc(image->path); }

static bool is_mangled(const char *symbol) { return symbol[0] == '_' && symbol[1] == 'Z'; }

static size_t frames_at(struct symbols *symbols, struct image *image, uint64_t offset, struct frame *frames) {
    Dwarf_Addr address = offset + image->bias, start = 0;
    struct debug_frame found[MOST_INLINED];
    if (!image->debug && is_worth_lines(image))
        image->debug = debug_index_begin(image->module);
    size_t count = image->debug ? debug_index_frames(image->debug, address, found, MOST_INLINED) : 0;
    for (size_t i = 0; i < count; i++) {
        set_function(symbols, &frames[i], found[i].name, found[i].start, address);
        frames[i].file = mapped(symbols, found[i].file);
        frames[i].line = found[i].line;
        frames[i].column = found[i].column;
        frames[i].inlined = found[i].inlined;
    }
    if (count && frames[count - 1].function && !found[count - 1].is_short)
        return count;
    const char *symbol = symbol_at(image, address, &start);
    count = count ? count : 1;
    if (symbol && (!frames[count - 1].function || is_mangled(symbol)))
        set_function(symbols, &frames[count - 1], symbol, start, address);
    return count;
}

static int compare_spots(const struct spot *one, const struct spot *other) {
    if (one->image != other->image)
        return (uintptr_t)one->image < (uintptr_t)other->image ? -1 : 1;
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
    if (spot.image) {
        find_image(spot.image, process);
        if (spot.image->module)
            place->count = frames_at(symbols, spot.image, spot.offset, frames);
    }
    for (size_t i = 0; i < place->count; i++) {
        frames[i].module = spot.image ? spot.image->path : "";
        frames[i].build_id = spot.image ? spot.image->build_id : "";
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
    if (!module)
        return (struct spot){NULL, pc};
    return (struct spot){image_of(symbols, process, module), pc - module->bias};
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
    return spot->image && strcmp(symbols_base_name(spot->image->path), "libleftopen.so") == 0;
}

static void hide_folders(struct trace *trace) {
    struct frame *frames = (struct frame *)trace->frames; /* nobody else has them */
    for (size_t i = 0; i < trace->count; i++) {
        frames[i].module = symbols_base_name(frames[i].module);
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

struct symbols *symbols_begin(const struct path_map *map) {
    unsetenv("DEBUGINFOD_URLS"); /* libdw would ask the net, and wait for it */
    struct symbols *symbols = memory_new(1, sizeof *symbols);
    symbols->map = map;
    return symbols;
}

static void hide_folders_of(const void *node, VISIT visit, void *unused) {
    if (visit == postorder || visit == leaf)
        hide_folders(&(*(struct kept_trace *const *)node)->trace);
}

void symbols_hide_folders(struct symbols *symbols) {
    symbols->hides_folders = true;
    twalk_r(symbols->traces, hide_folders_of, NULL);
}

void symbols_each_changed(const struct symbols *symbols, void (*tell)(void *context, const char *path),
                          void *context) {
    for (size_t i = 0; i < symbols->image_count; i++)
        if (symbols->images[i]->is_changed)
            tell(context, symbols->hides_folders ? symbols_base_name(symbols->images[i]->path)
                                                 : symbols->images[i]->path);
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
    for (size_t i = 0; i < symbols->image_count; i++) {
        struct image *image = symbols->images[i];
        debug_index_end(image->debug);
        close_image(image);
        ranges_end(&image->symbols);
        free(image->path);
        free(image->build_id);
        free(image);
    }
    for (size_t i = 0; i < symbols->text_count; i++)
        free(symbols->texts[i]);
    free(symbols->texts);
    free(symbols->images);
    free(symbols);
}
