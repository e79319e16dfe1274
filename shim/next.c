/* next.c - see next.h. By the hash tables that every library has for the loader (DT_GNU_HASH, described in
 * glibc's elf/dl-lookup.c): a filter of two bits a name, then chains of symbols with the same hash. */
#include "shim/next.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>

/* The loader's. Without it, nothing is told; and it is no further library that this one needs. */
#pragma weak _r_debug

enum {
    MOST_LIBRARIES = 24,    /* behind ours; a program with more asks the loader */
    VERSION_HIDDEN = 0x8000 /* not the default one */
};

struct library {
    uintptr_t base;
    const uint32_t *known; /* offsets of the names, NULL: not known */
    const ElfW(Sym) * symbols;
    const char *strings;
    const uint16_t *versions; /* NULL: none has one */
    const ElfW(Addr) * filter;
    const uint32_t *buckets, *chains; /* chains: by the number of a symbol */
    uint32_t bucket_count, filter_mask, filter_shift;
};

static bool read_hash(struct library *library, const uint32_t *table) {
    enum { BUCKETS, FIRST_SYMBOL, FILTER_WORDS, FILTER_SHIFT, HEAD };
    library->bucket_count = table[BUCKETS];
    library->filter_mask = table[FILTER_WORDS] - 1;
    library->filter_shift = table[FILTER_SHIFT];
    library->filter = (const ElfW(Addr) *)&table[HEAD];
    library->buckets = (const uint32_t *)&library->filter[table[FILTER_WORDS]];
    library->chains = &library->buckets[library->bucket_count] - table[FIRST_SYMBOL];
    return library->bucket_count != 0;
}

/* The loader has turned the addresses there into true ones, but not in memory that it cannot write to: then
 * (the kernel's library) it is false. */
static bool read_library(struct library *library, const struct link_map *map) {
    const uint32_t *hash = NULL;
    *library = (struct library){.base = map->l_addr};
    for (const ElfW(Dyn) *entry = map->l_ld; entry && entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_GNU_HASH)
            hash = (const uint32_t *)entry->d_un.d_ptr;
        else if (entry->d_tag == DT_SYMTAB)
            library->symbols = (const ElfW(Sym) *)entry->d_un.d_ptr;
        else if (entry->d_tag == DT_STRTAB)
            library->strings = (const char *)entry->d_un.d_ptr;
        else if (entry->d_tag == DT_VERSYM)
            library->versions = (const uint16_t *)entry->d_un.d_ptr;
    }
    bool is_relocated = (uintptr_t)hash >= map->l_addr && (uintptr_t)library->symbols >= map->l_addr &&
                        (uintptr_t)library->strings >= map->l_addr;
    return hash && library->symbols && library->strings && is_relocated && read_hash(library, hash);
}

static const uint32_t *known_offsets(const struct link_map *map, const struct next_known *known) {
    if (!known || !known->note_bytes || (uintptr_t)map->l_ld != map->l_addr + known->dynamic)
        return NULL;
    const char *note = (const char *)map->l_addr + known->note;
    for (uint32_t i = 0; i < known->note_bytes; i++)
        if (note[i] != known->content[i])
            return NULL;
    return known->offsets;
}

static bool may_have(const struct library *library, uint32_t hash) {
    const unsigned bits = 8 * sizeof(ElfW(Addr));
    ElfW(Addr) word = library->filter[hash / bits & library->filter_mask];
    return word >> hash % bits & word >> (hash >> library->filter_shift) % bits & 1;
}

/* Not strcmp: a sanitizer has its own, which is not ready when we start. */
static bool is_same(const char *one, const char *other) {
    while (*one && *one == *other)
        one++, other++;
    return *one == *other;
}

enum answer { HAS_NONE, HAS_ONE, ASK_THE_LOADER };

/* What the symbol is to who asks without a version. */
static bool is_wanted(const struct library *library, uint32_t number, const char *name) {
    const ElfW(Sym) *symbol = &library->symbols[number];
    bool is_defined = symbol->st_shndx != SHN_UNDEF && symbol->st_value;
    bool is_hidden = library->versions && library->versions[number] & VERSION_HIDDEN;
    return is_defined && !is_hidden && is_same(library->strings + symbol->st_name, name);
}

static enum answer look(const struct library *library, const char *name, uint32_t hash, void **found) {
    uint32_t number = may_have(library, hash) ? library->buckets[hash % library->bucket_count] : 0;
    enum answer answer = HAS_NONE;
    for (; number; number = library->chains[number] & 1 ? 0 : number + 1) {
        if ((library->chains[number] ^ hash) >> 1 || !is_wanted(library, number, name))
            continue;
        const ElfW(Sym) *symbol = &library->symbols[number];
        unsigned type = ELF64_ST_TYPE(symbol->st_info);
        if (answer == HAS_ONE || (type != STT_FUNC && type != STT_OBJECT && type != STT_NOTYPE))
            return ASK_THE_LOADER;
        *found = (void *)(library->base + symbol->st_value);
        answer = HAS_ONE;
    }
    return answer;
}

static void *search(const struct library *libraries, size_t count, const struct next_names *names,
                    size_t number, const char *name, void *(*ask)(const char *)) {
    void *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (libraries[i].known && libraries[i].known[number])
            return (void *)(libraries[i].base + libraries[i].known[number]);
        switch (look(&libraries[i], name, names->hashes[number], &found)) {
        case HAS_NONE:
            continue;
        case HAS_ONE:
            return found;
        case ASK_THE_LOADER:
            return ask(name);
        }
    }
    return NULL;
}

/* How many there are behind that one, 0: they cannot be read. */
static size_t read_libraries(struct library libraries[MOST_LIBRARIES], const void *own,
                             const struct next_known *known) {
    const struct link_map *map = &_r_debug ? _r_debug.r_map : NULL;
    while (map && map->l_ld != own)
        map = map->l_next;
    size_t count = 0;
    for (map = map ? map->l_next : NULL; map; map = map->l_next) {
        if (count == MOST_LIBRARIES || !read_library(&libraries[count], map))
            return 0;
        libraries[count++].known = known_offsets(map, known);
    }
    return count;
}

static const char *behind(const char *string) {
    while (*string)
        string++;
    return string + 1;
}

void next_find(const void *own, const struct next_names *names, void **found, void *(*ask)(const char *name)) {
    struct library libraries[MOST_LIBRARIES];
    size_t count = read_libraries(libraries, own, names->known);
    const char *name = names->strings;
    for (size_t i = 0; i < names->count; i++, name = behind(name))
        found[i] = count ? search(libraries, count, names, i, name, ask) : ask(name);
}
