/* clock.c - see clock.h. */
#include "tracker/clock.h"

#include <elf.h>
#include <stddef.h>
#include <time.h>

#include "tracker/text.h"

#if defined(__x86_64__)
static const char symbol[] = "__vdso_clock_gettime";
#else
static const char symbol[] = "__kernel_clock_gettime";
#endif

static int (*vdso_clock)(clockid_t, struct timespec *);

struct dynamic_part {
    const Elf64_Sym *symbols;
    const char *names;
    const uint32_t *hash; /* DT_HASH: bucket count, chain count … */
    const uint32_t *gnu_hash;
};

/* How many symbols there are: told by DT_HASH, or by the last chain of DT_GNU_HASH (newer kernels have only
 * it). */
static uint32_t symbol_count(const struct dynamic_part *part) {
    if (part->hash)
        return part->hash[1];
    if (!part->gnu_hash)
        return 0;
    const uint32_t *table = part->gnu_hash;
    uint32_t buckets = table[0], offset = table[1], last = 0;
    const uint32_t *bucket = table + 4 + table[2] * 2;
    const uint32_t *chain = bucket + buckets;
    for (uint32_t i = 0; i < buckets; i++)
        if (bucket[i] > last)
            last = bucket[i];
    if (last < offset)
        return 0;
    while (!(chain[last - offset] & 1))
        last++;
    return last + 1;
}

static struct dynamic_part dynamic_read(const Elf64_Dyn *dynamic, uintptr_t bias) {
    struct dynamic_part part = {0};
    for (; dynamic->d_tag != DT_NULL; dynamic++) {
        uintptr_t at = bias + dynamic->d_un.d_ptr;
        switch (dynamic->d_tag) {
        case DT_SYMTAB:
            part.symbols = (const Elf64_Sym *)at;
            break;
        case DT_STRTAB:
            part.names = (const char *)at;
            break;
        case DT_HASH:
            part.hash = (const uint32_t *)at;
            break;
        case DT_GNU_HASH:
            part.gnu_hash = (const uint32_t *)at;
            break;
        }
    }
    return part;
}

void clock_start(uintptr_t vdso) {
    if (!vdso)
        return;
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)vdso;
    const Elf64_Phdr *segment = (const Elf64_Phdr *)(vdso + head->e_phoff);
    const Elf64_Dyn *dynamic = NULL;
    uintptr_t bias = vdso;
    for (int i = 0; i < head->e_phnum; i++) {
        if (segment[i].p_type == PT_LOAD)
            bias = vdso + segment[i].p_offset - segment[i].p_vaddr;
        if (segment[i].p_type == PT_DYNAMIC)
            dynamic = (const Elf64_Dyn *)(vdso + segment[i].p_offset);
    }
    if (!dynamic)
        return;
    struct dynamic_part part = dynamic_read(dynamic, bias);
    if (!part.symbols || !part.names)
        return;
    for (uint32_t i = 0, count = symbol_count(&part); i < count; i++)
        if (part.symbols[i].st_shndx && text_equal(part.names + part.symbols[i].st_name, symbol))
            vdso_clock = (int (*)(clockid_t, struct timespec *))(bias + part.symbols[i].st_value);
}

static uint64_t clock_read(clockid_t clock) {
    struct timespec now = {0};
    if (vdso_clock)
        vdso_clock(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_coarse(void) { return clock_read(CLOCK_MONOTONIC_COARSE); }
uint64_t clock_date(void) { return clock_read(CLOCK_REALTIME_COARSE); }
