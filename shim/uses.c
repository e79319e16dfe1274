/* uses.c - uses of descriptors that the program has closed (option misuse=2).
 *
 * A wrapper that everybody meets would cost every read and write of every program, so these are not exported:
 * the addresses by which the loaded modules call libc are replaced, and only where the option asks for it.
 * What is loaded later is reached when it first acquires something. Calls by other ways (dlsym, syscall) are
 * not seen. */
#include <errno.h>
#include <dlfcn.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include "shim/context.h"
#include "shim/real.h"
#include "tracker/tracker.h"

#if defined(__x86_64__)
enum { CALLED = R_X86_64_JUMP_SLOT, POINTED_TO = R_X86_64_GLOB_DAT };
#else
#error "which relocations hold the addresses of functions on this machine?"
#endif

static void uses_reach(const struct link_map *module);

static struct {
#define USE(returns, name, parameters, arguments, fd) returns(*name) parameters;
#include "shim/uses.def"
} used;

#define USE(returns, name, parameters, arguments, fd)                                                          \
    static returns use_##name parameters {                                                                     \
        returns result = used.name arguments;                                                                  \
        if (result == -1 && errno == EBADF && context_is_watched())                                            \
            tracker_used(fd, #name, CALLER);                                                                   \
        return result;                                                                                         \
    }
#include "shim/uses.def"

static const struct use {
    const char *name;
    void *wrapper;
    void **real;
} uses[] = {
#define USE(returns, name, parameters, arguments, fd) {#name, (void *)use_##name, (void **)&used.name},
#include "shim/uses.def"
};
enum { USES = sizeof uses / sizeof uses[0] };

static bool same_name(const char *one, const char *other) {
    while (*one && *one == *other)
        one++, other++;
    return *one == *other;
}

static void *wrapper_of(const char *name) {
    for (size_t i = 0; i < USES; i++)
        if (same_name(uses[i].name, name))
            return *uses[i].real ? uses[i].wrapper : NULL;
    return NULL;
}

/* The parts of a module's dynamic section that lead to its references. */
struct references {
    const ElfW(Sym) * symbols;
    const char *names;
    const ElfW(Rela) * calls, *others;
    size_t call_bytes, other_bytes;
};

static struct references references_of(const struct link_map *module) {
    struct references found = {0};
    for (const ElfW(Dyn) *entry = module->l_ld; entry && entry->d_tag != DT_NULL; entry++) {
        switch (entry->d_tag) {
        case DT_SYMTAB:
            found.symbols = (const void *)entry->d_un.d_ptr;
            break;
        case DT_STRTAB:
            found.names = (const void *)entry->d_un.d_ptr;
            break;
        case DT_JMPREL:
            found.calls = (const void *)entry->d_un.d_ptr;
            break;
        case DT_PLTRELSZ:
            found.call_bytes = entry->d_un.d_val;
            break;
        case DT_RELA:
            found.others = (const void *)entry->d_un.d_ptr;
            break;
        case DT_RELASZ:
            found.other_bytes = entry->d_un.d_val;
            break;
        }
    }
    return found;
}

/* What the loader has made read-only after relocation (-z relro). */
struct range {
    uintptr_t first, end;
};

/* The program headers: of the program itself the kernel tells them, others begin with them. */
static const ElfW(Phdr) * headers_of(const struct dl_find_object *object, size_t *count) {
    const ElfW(Ehdr) *head = object->dlfo_map_start;
    if (!*object->dlfo_link_map->l_name) {
        *count = getauxval(AT_PHNUM);
        return (const void *)getauxval(AT_PHDR);
    }
    *count = head->e_ident[0] == ELFMAG0 && head->e_ident[1] == ELFMAG1 ? head->e_phnum : 0;
    return (const void *)((const char *)head + head->e_phoff);
}

static struct range read_only_of(const struct dl_find_object *object) {
    size_t count;
    const ElfW(Phdr) *segment = headers_of(object, &count);
    for (size_t i = 0; i < count; i++)
        if (segment[i].p_type == PT_GNU_RELRO) {
            uintptr_t first = object->dlfo_link_map->l_addr + segment[i].p_vaddr;
            return (struct range){first & ~(uintptr_t)4095, (first + segment[i].p_memsz) & ~(uintptr_t)4095};
        }
    return (struct range){0, 0};
}

static void replace(void **place, void *wrapper, const struct range *read_only) {
    uintptr_t page = (uintptr_t)place & ~(uintptr_t)4095;
    bool is_locked = page >= read_only->first && page < read_only->end;
    if (is_locked && SYS(SYS_mprotect, page, 4096, PROT_READ | PROT_WRITE))
        return;
    __atomic_store_n(place, wrapper, __ATOMIC_RELAXED); /* a thread that runs meets the one or the other */
    if (is_locked)
        SYS(SYS_mprotect, page, 4096, PROT_READ);
}

static void replace_all(const struct link_map *module, const struct references *references,
                        const struct range *read_only, const ElfW(Rela) * list, size_t bytes) {
    for (size_t i = 0; list && i < bytes / sizeof *list; i++) {
        unsigned type = ELF64_R_TYPE(list[i].r_info);
        if (type != CALLED && type != POINTED_TO)
            continue;
        const ElfW(Sym) *symbol = &references->symbols[ELF64_R_SYM(list[i].r_info)];
        void *wrapper = wrapper_of(references->names + symbol->st_name);
        if (wrapper)
            replace((void **)(module->l_addr + list[i].r_offset), wrapper, read_only);
    }
}

/* libc and the loader call themselves, and who is part of us is to stay as it is. */
static bool is_left_alone(const struct dl_find_object *object) {
    static const struct use *any = &uses[0];
    const void *const inside[] = {*any->real, (const void *)&uses_reach, object};
    for (size_t i = 0; i < 2; i++)
        if (inside[i] >= object->dlfo_map_start && inside[i] < object->dlfo_map_end)
            return true;
    return !object->dlfo_link_map->l_ld || object->dlfo_map_start == (void *)getauxval(AT_BASE) ||
           object->dlfo_map_start == (void *)getauxval(AT_SYSINFO_EHDR);
}

/* Puts the wrappers in place for one module, which stays loaded meanwhile. */
static void uses_reach(const struct link_map *module) {
    struct dl_find_object object;
    if (!used.read || _dl_find_object((void *)module->l_ld, &object) || object.dlfo_link_map != module ||
        is_left_alone(&object))
        return;
    struct references references = references_of(module);
    struct range read_only = read_only_of(&object);
    if (!references.symbols || !references.names)
        return;
    replace_all(module, &references, &read_only, references.calls, references.call_bytes);
    replace_all(module, &references, &read_only, references.others, references.other_bytes);
}

/* Start-up only: of what is loaded by now. */
static void uses_start(void) {
    struct dl_find_object object;
    if (!tracker_wants_uses() || _dl_find_object((void *)&uses_start, &object))
        return;
    for (size_t i = 0; i < USES; i++)
        *uses[i].real = dlsym(RTLD_DEFAULT, uses[i].name);
    const struct link_map *module = object.dlfo_link_map;
    while (module->l_prev)
        module = module->l_prev;
    for (; module; module = module->l_next)
        uses_reach(module);
}
