/* modules.c - see modules.h. */
#include "tracker/modules.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>

#include "tracker/large.h"
#include "tracker/probe.h"
#include "tracker/record.h"
#include "tracker/sys.h"
#include "tracker/text.h"
#include "tracker/unwind.h"

/* glibc 2.35; without it stacks are kept and the tool has no modules to look them up in. */
#pragma weak _dl_find_object

enum { KNOWN = 2048 };

/* What the process itself remembers of each entry in the record. */
static struct known {
    _Atomic uint64_t start; /* 0: not written yet, or gone */
    uint64_t end;
    uint64_t map;    /* the loader's link_map */
    uint64_t offset; /* of the record's entry */
} known[KNOWN] LARGE;
static _Atomic uint32_t known_count;
static _Atomic uint64_t epoch;
static _Atomic uint64_t chunk;

uint64_t modules_epoch(void) { return atomic_load_explicit(&epoch, memory_order_relaxed); }

static bool object_at(uint64_t pc, struct dl_find_object *object) {
    return _dl_find_object && _dl_find_object((void *)(uintptr_t)pc, object) == 0;
}

static uint32_t known_places(void) {
    uint32_t count = atomic_load_explicit(&known_count, memory_order_relaxed);
    return count < KNOWN ? count : KNOWN;
}

static bool is_known(uint64_t pc) {
    for (uint32_t i = known_places(); i-- > 0;) {
        /* acquire: `end` was stored before */
        uint64_t start = atomic_load_explicit(&known[i].start, memory_order_acquire);
        if (start && pc >= start && pc < known[i].end)
            return true;
    }
    return false;
}

struct build_id {
    const uint8_t *bytes;
    uint32_t count;
};

static struct build_id note_build_id(const char *at, const char *end) {
    while (at + sizeof(Elf64_Nhdr) <= end) {
        const Elf64_Nhdr *note = (const Elf64_Nhdr *)at;
        const char *name = at + sizeof *note;
        const char *content = name + (note->n_namesz + 3) / 4 * 4;
        const char *next = content + (note->n_descsz + 3) / 4 * 4;
        if (next > end || next < content)
            break;
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && text_same(name, "GNU", 4))
            return (struct build_id){(const uint8_t *)content, note->n_descsz};
        at = next;
    }
    return (struct build_id){NULL, 0};
}

struct headers {
    const Elf64_Phdr *first;
    unsigned count;
};

static struct headers of_program; /* as the kernel told at the start */

/* Behind an ELF header at `start`, if there is one. */
static struct headers headers_at(const char *start) {
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)start;
    if (!text_same(head->e_ident, ELFMAG, SELFMAG) ||
        head->e_phoff + head->e_phnum * sizeof(Elf64_Phdr) > RECORD_PAGE_BYTES)
        return (struct headers){NULL, 0};
    return (struct headers){(const Elf64_Phdr *)(start + head->e_phoff), head->e_phnum};
}

/* Usually at the start of the mapping. Of a module whose segments have gaps between them, _dl_find_object knows
 * only the one that was asked for (the program itself, as some linkers lay it out). */
static struct headers headers_of(const struct dl_find_object *object, probe_page *known) {
    const struct link_map *map = object->dlfo_link_map;
    struct headers found = headers_at(object->dlfo_map_start);
    if (found.first)
        return found;
    if (!map->l_name || !map->l_name[0])
        return of_program;
    const char *start = (const char *)map->l_addr;
    return probe_bytes(known, start, RECORD_PAGE_BYTES) ? headers_at(start) : found;
}

static struct build_id find_build_id(const struct dl_find_object *object, uint64_t bias) {
    probe_page known = 0;
    struct headers headers = headers_of(object, &known);
    known = probe_page_of(headers.first); /* read; usually the notes are there, too */
    for (unsigned i = 0; i < headers.count; i++) {
        const Elf64_Phdr *segment = &headers.first[i];
        const char *note = (const char *)(bias + segment->p_vaddr);
        if (segment->p_type != PT_NOTE || !probe_bytes(&known, note, segment->p_filesz))
            continue;
        struct build_id id = note_build_id(note, note + segment->p_filesz);
        if (id.count)
            return id;
    }
    return (struct build_id){NULL, 0};
}

/* The path as the tool can open it: the loader's name is empty for the program itself, and may be relative. */
static void module_path(const struct link_map *map, struct text *path) {
    if (!map->l_name || !map->l_name[0]) {
        uint64_t executable = record_readiness() == RECORD_NONE ? 0 : record_header()->executable;
        if (executable)
            text_string(path, record_at(executable));
        return;
    }
    if (map->l_name[0] != '/' && !text_starts(map->l_name, "linux-")) {
        char folder[512];
        long length = SYS(SYS_getcwd, folder, sizeof folder);
        if (length > 1) {
            text_string(path, folder);
            text_string(path, "/");
        }
    }
    text_string(path, map->l_name);
}

static void describe(struct known *entry, const struct dl_find_object *object) {
    char buffer[1024];
    struct text path = TEXT_IN(buffer);
    module_path(object->dlfo_link_map, &path);
    uint64_t at = record_entry(&chunk, RECORD_CHUNK_MODULES, sizeof(struct record_module) + path.length + 1);
    if (!at)
        return;
    struct record_module *module = record_at(at);
    module->start = (uintptr_t)object->dlfo_map_start;
    module->end = (uintptr_t)object->dlfo_map_end;
    module->bias = object->dlfo_link_map->l_addr;
    module->loaded_epoch = modules_epoch();
    struct build_id id = find_build_id(object, module->bias);
    module->build_id_bytes = id.count < sizeof module->build_id ? id.count : sizeof module->build_id;
    text_copy(module->build_id, id.bytes, module->build_id_bytes);
    module->path_bytes = (uint32_t)path.length;
    text_copy(module->path, buffer, path.length + 1);
    uint32_t bytes =
        (uint32_t)((sizeof *module + path.length + 1 + RECORD_UNIT - 1) / RECORD_UNIT * RECORD_UNIT);
    /* release: a reader that finds the length finds the rest */
    atomic_store_explicit((_Atomic uint32_t *)&module->bytes, bytes, memory_order_release);
    entry->end = module->end;
    entry->map = (uintptr_t)object->dlfo_link_map;
    entry->offset = at;
    atomic_store_explicit(&entry->start, module->start, memory_order_release); /* the rest before it */
}

void modules_need(uint64_t pc) {
    pc &= ~RECORD_PC_EXACT;
    if (is_known(pc))
        return;
    struct dl_find_object object;
    if (!object_at(pc, &object))
        return;
    uint32_t place = atomic_fetch_add_explicit(&known_count, 1, memory_order_relaxed); /* a place of our own */
    if (place < KNOWN)
        describe(&known[place], &object);
}

uint64_t modules_of(uint64_t pc) {
    struct dl_find_object object;
    return object_at(pc & ~RECORD_PC_EXACT, &object) ? (uintptr_t)object.dlfo_map_start : 0;
}

static bool still_there(const struct known *entry, uint64_t start) {
    struct dl_find_object object;
    return object_at(start, &object) && (uintptr_t)object.dlfo_map_start == start &&
           (uintptr_t)object.dlfo_link_map == entry->map;
}

void modules_unloaded(void) {
    bool any = false;
    for (uint32_t i = 0, count = known_places(); i < count; i++) {
        uint64_t start = atomic_load_explicit(&known[i].start, memory_order_acquire);
        if (!start || still_there(&known[i], start))
            continue;
        struct record_module *module = record_at(known[i].offset);
        atomic_store_explicit(&module->gone_epoch, modules_epoch() + 1, memory_order_relaxed);
        atomic_store_explicit(&known[i].start, 0, memory_order_relaxed);
        any = true;
    }
    if (!any)
        return;
    /* release: who keeps a stack in the new epoch finds the old modules gone */
    atomic_fetch_add_explicit(&epoch, 1, memory_order_release);
    unwind_forget();
}

static const char *own_path = "";

/* The loader's name of it stays, as this library does. A relative one means something only now. */
static const char *path_for_good(const struct link_map *map) {
    static LARGE char kept[1024];
    if (map->l_name[0] == '/')
        return map->l_name;
    struct text path = TEXT_IN(kept);
    module_path(map, &path);
    return path.cut ? "" : kept;
}

void modules_start(const void *program_headers, unsigned count) {
    of_program = (struct headers){program_headers, program_headers ? count : 0};
    struct dl_find_object object;
    if (object_at((uintptr_t)&modules_start, &object))
        own_path = path_for_good(object.dlfo_link_map);
}

const char *modules_own_path(void) { return own_path; }
