/* tracker/clock.h against libc's clocks, and with vDSOs of our own making. */
#include <elf.h>
#include <time.h>

#include "tests/unit/world.h"
#include "tracker/clock.h"

static uint64_t theirs(clockid_t clock) {
    struct timespec now;
    ck_assert_int_eq(clock_gettime(clock, &now), 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

START_TEST(clocks_are_those_of_the_kernel) {
    /* proves: each reading lies between two of libc's of the same clock */
    clock_start(getauxval(AT_SYSINFO_EHDR));
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t before = theirs(CLOCK_MONOTONIC_COARSE), now = clock_coarse();
        ck_assert(before <= now && now <= theirs(CLOCK_MONOTONIC_COARSE));
        before = theirs(CLOCK_REALTIME_COARSE), now = clock_date();
        ck_assert(before <= now && now <= theirs(CLOCK_REALTIME_COARSE));
    }
}
END_TEST

START_TEST(without_a_vdso_clocks_read_zero) {
    /* proves: neither a missing vDSO nor no start at all is a crash */
    ck_assert_uint_eq(clock_coarse(), 0);
    clock_start(0);
    ck_assert_uint_eq(clock_coarse(), 0);
    ck_assert_uint_eq(clock_date(), 0);
}
END_TEST

static int fixed_time(clockid_t clock, struct timespec *now) {
    *now = (struct timespec){clock == CLOCK_REALTIME_COARSE ? 2 : 1, 5};
    return 0;
}

/* An image with two symbols behind the reserved one. Its addresses are relative to itself. */
static struct image {
    Elf64_Ehdr head;
    Elf64_Phdr segments[2];
    Elf64_Dyn dynamic[4];
    Elf64_Sym symbols[3];
    uint32_t hash[8];
    uint32_t gnu_hash[4 + 2 + 2 + 2];
    char names[64];
} image;

static uint64_t inside(const void *place) { return (uint64_t)((const char *)place - (const char *)&image); }

static void image_make(const char *second, int hash_kind, bool has_dynamic) {
    image.head.e_phoff = inside(image.segments);
    image.head.e_phnum = has_dynamic ? 2 : 1;
    image.segments[0] = (Elf64_Phdr){.p_type = PT_LOAD};
    image.segments[1] = (Elf64_Phdr){.p_type = PT_DYNAMIC, .p_offset = inside(image.dynamic)};
    image.dynamic[0] = (Elf64_Dyn){.d_tag = DT_SYMTAB, .d_un.d_ptr = inside(image.symbols)};
    image.dynamic[1] = (Elf64_Dyn){.d_tag = DT_STRTAB, .d_un.d_ptr = inside(image.names)};
    image.dynamic[2] = (Elf64_Dyn){.d_tag = DT_NULL};
    if (hash_kind)
        image.dynamic[2] =
            (Elf64_Dyn){.d_tag = hash_kind,
                        .d_un.d_ptr = hash_kind == DT_HASH ? inside(image.hash) : inside(image.gnu_hash)};
    image.hash[1] = 3; /* symbols */
    /* two buckets, symbols from 1 on, one word of filter; both symbols in one chain, the other bucket empty */
    uint32_t table[] = {2, 1, 1, 0, 0, 0, 0, 1, 4, 5};
    memcpy(image.gnu_hash, table, sizeof table);
    memcpy(image.names, "\0other", 7);
    strcpy(image.names + 8, second);
    uint64_t function = (uint64_t)(uintptr_t)fixed_time - (uint64_t)(uintptr_t)&image;
    image.symbols[1] = (Elf64_Sym){.st_name = 1, .st_shndx = 1, .st_value = 8};
    image.symbols[2] = (Elf64_Sym){.st_name = 8, .st_shndx = 1, .st_value = function};
}

START_TEST(either_hash_table_counts_the_symbols) {
    /* proves: a vDSO with DT_HASH and one with only DT_GNU_HASH (newer kernels) are both searched to the end */
    image_make("__vdso_clock_gettime", _i ? DT_GNU_HASH : DT_HASH, true);
    clock_start((uintptr_t)&image);
    ck_assert_uint_eq(clock_coarse(), 1000000005);
    ck_assert_uint_eq(clock_date(), 2000000005);
}
END_TEST

START_TEST(a_vdso_without_the_clock_reads_zero) {
    /* proves: a missing symbol, hash table or dynamic section is no crash and no guess */
    image_make(_i == 0 ? "__vdso_getcpu" : "__vdso_clock_gettime", _i == 1 ? 0 : DT_HASH, _i != 2);
    if (_i == 3)
        image.symbols[2].st_shndx = SHN_UNDEF;
    clock_start((uintptr_t)&image);
    ck_assert_uint_eq(clock_coarse(), 0);
}
END_TEST

static void add(TCase *tests) {
    tcase_add_test(tests, clocks_are_those_of_the_kernel);
    tcase_add_test(tests, without_a_vdso_clocks_read_zero);
    tcase_add_loop_test(tests, either_hash_table_counts_the_symbols, 0, 2);
    tcase_add_loop_test(tests, a_vdso_without_the_clock_reads_zero, 0, 4);
}

int main(void) { return world_run("tracker/clock", add); }
