/* known_libc.c - a program of the build: where this machine's libc has the functions of calls.def, as
 * constants.
 *
 * A process that has the same libc, which its build-id proves, need not look for them: see next.h. Elsewhere,
 * and after libc was changed, they are looked for. */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

#include "shim/next.h"

static const char names[] =
#define CALL(returns, name, parameters, arguments, effect, early) #name "\0"
#include "shim/calls.def"
    ;
static const uint32_t hashes[] = {
#define CALL(returns, name, parameters, arguments, effect, early) NEXT_HASH(#name),
#include "shim/calls.def"
};
enum { CALLS = sizeof hashes / sizeof hashes[0] };

static const struct link_map *map_of(const void *address) {
    Dl_info about;
    struct link_map *map = NULL;
    return dladdr1(address, &about, (void **)&map, RTLD_DL_LINKMAP) ? map : NULL;
}

/* What the loader would have to choose at each start is none of the constants. */
static void *leave_out(const char *name) {
    (void)name;
    return NULL;
}

/* NULL: it has none, or not in its first page. */
static const ElfW(Nhdr) * build_id(const char *base) {
    const ElfW(Ehdr) *head = (const void *)base;
    const ElfW(Phdr) *segment = (const void *)(base + head->e_phoff);
    for (const ElfW(Phdr) *end = segment + head->e_phnum; segment < end; segment++) {
        const char *at = base + segment->p_vaddr, *past = at + segment->p_memsz;
        while (segment->p_type == PT_NOTE && at < past && past < base + NEXT_KNOWN_WITHIN) {
            const ElfW(Nhdr) *note = (const void *)at;
            if (note->n_type == NT_GNU_BUILD_ID && !strcmp((const char *)(note + 1), "GNU"))
                return note;
            at += sizeof *note + (note->n_namesz + 3) / 4 * 4 + (note->n_descsz + 3) / 4 * 4;
        }
    }
    return NULL;
}

int main(void) {
    void *found[CALLS];
    const struct link_map *libc = map_of((void *)getauxval);
    if (!libc)
        return 1;
    next_find(libc->l_prev->l_ld, &(struct next_names){names, hashes, CALLS, NULL}, found, leave_out);
    const char *base = (const char *)libc->l_addr;
    const ElfW(Nhdr) *note = build_id(base);
    size_t bytes = note ? sizeof *note + (note->n_namesz + 3) / 4 * 4 + note->n_descsz : 0;
    printf("/* made by shim/known_libc.c */\n.dynamic = %#tx, .note = %#tx, .note_bytes = %zu, .content = \"",
           (const char *)libc->l_ld - base, note ? (const char *)note - base : 0, bytes);
    for (size_t i = 0; i < bytes; i++)
        printf("\\%03o", ((const unsigned char *)note)[i]);
    printf("\", .offsets = (const uint32_t[]){\n");
    for (size_t i = 0; i < CALLS; i++)
        printf("%#tx,\n", found[i] && map_of(found[i]) == libc ? (const char *)found[i] - base : 0);
    printf("},\n");
    return 0;
}
