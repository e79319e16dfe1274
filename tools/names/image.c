/* image.c - see image.h */
#include "tools/names/image.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>

#include "tools/basics/memory.h"
#include "tools/basics/ranges.h"
#include "tools/basics/regular.h"
#include "tools/names/symbols.h"

enum { UNKNOWN_SIZE = 0xffff /* of a symbol without a size, at most; odd, so no function has it by chance */ };

struct image {
    char *path, *build_id;
    struct debug_files *files;
    bool is_changed; /* a file of that name is there, and is another build */
    bool is_tried;
    Dwfl *dwfl; /* NULL: no file that may be used */
    Dwfl_Module *module;
    Dwarf_Addr bias; /* address of the Dwfl - address in the file */
    struct debug_index *debug;
    bool has_symbols;
    struct ranges symbols; /* of functions; item: index of the ELF symbol */
};

/* --- files ------------------------------------------------------------------------------------------------ */

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

/* Takes a descriptor over; true if that is the image. `path` says where debug files lie beside it. */
static bool take_file(struct image *image, const char *path, int file, bool is_older) {
    image->dwfl = dwfl_begin(debug_files_callbacks(image->files));
    if (image->dwfl)
        image->module = dwfl_report_elf(image->dwfl, symbols_base_name(path), path, file, 0, false);
    if (!image->module) {
        close(file);
        close_image(image);
        return false;
    }
    dwfl_report_end(image->dwfl, NULL, NULL);
    debug_files_attach(image->files, image->module);
    Elf *elf = dwfl_module_getelf(image->module, &image->bias);
    if (has_build_id(elf, image->build_id) && (*image->build_id || is_older))
        return true;
    close_image(image);
    return false;
}

/* Tries one file; true if it is the image. */
static bool open_image(struct image *image, const char *path, uint64_t since) {
    struct stat about;
    int file = open_code(path, &about);
    return file >= 0 && take_file(image, path, file, is_older(&about, since));
}

/* The kernel's own code in every process is no file. Ours is the same, unless the machine was started anew. */
static bool take_vdso(struct image *image) {
    const unsigned char *start = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
    int file = start ? memfd_create("vdso", MFD_CLOEXEC) : -1;
    if (file < 0)
        return false;
    const ElfW(Ehdr) *header = (const void *)start;
    size_t bytes = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
    if (*image->build_id && write(file, start, bytes) == (ssize_t)bytes)
        return take_file(image, image->path, file, false);
    close(file);
    return false;
}

static bool is_vdso(const char *path) {
    return strcmp(path, "[vdso]") == 0 || strcmp(path, "linux-vdso.so.1") == 0;
}

/* The file itself, as a process in a container sees it or as we do; else what is installed by build-id. */
static void find_file(struct image *image, const struct process *process) {
    if (is_vdso(image->path))
        take_vdso(image);
    if (image->path[0] != '/')
        return;
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
    char *path;
    for (size_t i = 0; !image->module && (path = debug_files_place(image->files, image->build_id, i)); i++) {
        open_image(image, path, 0);
        free(path);
    }
    int file = image->module ? -1 : debug_files_fetch(image->files, image->build_id, image->path);
    if (file >= 0)
        take_file(image, image->path, file, false);
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

/* --- public ----------------------------------------------------------------------------------------------- */

struct image *image_begin(const char *path, const char *build_id, struct debug_files *files) {
    struct image *image = memory_new(1, sizeof *image);
    image->path = memory_copy(path);
    image->build_id = memory_copy(build_id);
    image->files = files;
    return image;
}

void image_end(struct image *image) {
    debug_index_end(image->debug);
    close_image(image);
    ranges_end(&image->symbols);
    free(image->path);
    free(image->build_id);
    free(image);
}

const char *image_path(const struct image *image) { return image->path; }
const char *image_build_id(const struct image *image) { return image->build_id; }
bool image_is_changed(const struct image *image) { return image->is_changed; }

bool image_find(struct image *image, const struct process *process) {
    if (!image->is_tried)
        find_file(image, process);
    image->is_tried = true;
    return image->module;
}

/* Lines inside libc help nobody, and its debug information is large and compressed: 50 ms for a report that has
 * start-up code at the end of every stack. Names come from its symbol table. */
static bool is_worth_lines(const struct image *image) { return !symbols_is_libc(image->path); }

size_t image_frames(struct image *image, uint64_t offset, struct debug_frame *frames, size_t most) {
    if (!image->debug && is_worth_lines(image))
        image->debug = debug_index_begin(image->module);
    size_t count = image->debug ? debug_index_frames(image->debug, offset + image->bias, frames, most) : 0;
    for (size_t i = 0; i < count; i++)
        if (frames[i].start)
            frames[i].start -= image->bias;
    return count;
}

const char *image_symbol(struct image *image, uint64_t offset, uint64_t *start) {
    Dwarf_Addr address = 0;
    const char *symbol = symbol_at(image, offset + image->bias, &address);
    *start = symbol ? address - image->bias : 0;
    return symbol;
}
