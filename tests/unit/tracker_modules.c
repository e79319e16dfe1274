/* tracker/modules.h: the modules of recorded addresses, once each, and gone when they are gone. */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include "tests/unit/world.h"
#include "tracker/depot.h"
#include "tracker/lockdown.h"
#include "tracker/modules.h"

#define LIBRARY "libBrokenLocale.so.1" /* of libc6, and needed by nobody here */

static struct record_module *found[16];

static unsigned count_modules(const char *part) {
    unsigned count = 0;
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        uint64_t room = chunk->bytes - sizeof *chunk;
        for (uint64_t used = 0;
             chunk->kind == RECORD_CHUNK_MODULES && used < RELAXED(chunk->used) && used < room;) {
            struct record_module *module = (struct record_module *)((char *)(chunk + 1) + used);
            ck_assert_uint_ne(module->bytes, 0);
            if (strstr(module->path, part) && count < 16)
                found[count++] = module;
            used += module->bytes;
        }
    }
    return count;
}

static void begin(void) { world_record(NULL); }

static uint64_t address_of(const void *place) { return (uintptr_t)place; }

/* libc's own function: sanitizers put theirs before some. */
static uint64_t in_libc(const char *name) {
    void *symbol = dlsym(dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD), name);
    ck_assert_ptr_nonnull(symbol);
    return address_of(symbol);
}

static void compare_build_id(const struct record_module *module) {
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)module->start;
    const Elf64_Phdr *segment = (const Elf64_Phdr *)(module->start + head->e_phoff);
    for (int i = 0; i < head->e_phnum; i++) {
        const char *note = (const char *)(module->bias + segment[i].p_vaddr);
        for (const char *end = note + segment[i].p_filesz; segment[i].p_type == PT_NOTE && note < end;) {
            const Elf64_Nhdr *entry = (const Elf64_Nhdr *)note;
            const char *content = note + sizeof *entry + (entry->n_namesz + 3) / 4 * 4;
            if (entry->n_type == NT_GNU_BUILD_ID) {
                ck_assert_uint_eq(module->build_id_bytes, entry->n_descsz);
                ck_assert_int_eq(memcmp(module->build_id, content, entry->n_descsz), 0);
                return;
            }
            note = content + (entry->n_descsz + 3) / 4 * 4;
        }
    }
    ck_assert_uint_eq(module->build_id_bytes, 0);
}

START_TEST(libc_is_described) {
    /* proves: path, range, bias and build-id are the loader's and the file's */
    begin();
    modules_need(in_libc("open"));
    ck_assert_uint_eq(count_modules("libc.so"), 1);
    struct record_module *module = found[0];
    Dl_info info;
    struct link_map *map;
    ck_assert_int_ne(dladdr1((void *)in_libc("open"), &info, (void **)&map, RTLD_DL_LINKMAP), 0);
    ck_assert_str_eq(module->path, map->l_name);
    ck_assert_uint_eq(module->path_bytes, strlen(map->l_name));
    ck_assert_uint_eq(module->bias, map->l_addr);
    ck_assert(module->start <= in_libc("open") && in_libc("open") < module->end);
    ck_assert_uint_gt(module->build_id_bytes, 0);
    compare_build_id(module);
    ck_assert_uint_eq(RELAXED(module->gone_epoch), 0);
}
END_TEST

START_TEST(the_program_has_its_path) {
    /* proves: the loader's empty name becomes the path of the executable */
    begin();
    modules_need(address_of(count_modules));
    char path[1024] = "";
    ck_assert_int_gt(readlink("/proc/self/exe", path, sizeof path - 1), 0);
    ck_assert_uint_eq(count_modules(path), 1);
    compare_build_id(found[0]);
}
END_TEST

START_TEST(one_module_is_described_once) {
    /* proves: any address of it, exact ones too, is the same module */
    begin();
    modules_need(in_libc("open"));
    modules_need(in_libc("close"));
    modules_need(in_libc("getenv") | RECORD_PC_EXACT);
    ck_assert_uint_eq(count_modules(""), 1);
}
END_TEST

START_TEST(addresses_of_nobody_are_nothing) {
    /* proves: 0, the heap, and the end of the address space make no entry, however often they come */
    begin();
    for (unsigned i = 0; i < 5000; i++) {
        modules_need(0);
        modules_need(address_of(found));
        modules_need(~0ull);
        modules_need(0x1234);
    }
    unsigned program = count_modules(""); /* `found` lies in the program's data */
    ck_assert_uint_le(program, 1);
    modules_need(in_libc("open"));
    ck_assert_uint_eq(count_modules("libc.so"), 1);
}
END_TEST

static void *load(void) {
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(handle, "%s", dlerror());
    return handle;
}

static uint64_t address_in(void *handle) {
    void *symbol = dlsym(handle, "__ctype_get_mb_cur_max");
    ck_assert_ptr_nonnull(symbol);
    return address_of(symbol);
}

START_TEST(build_ids_are_known_after_a_lockdown) {
    /* proves: without a system call, as sandboxed programs meet most of their modules */
    begin();
    modules_need(in_libc("open")); /* there is a chunk */
    lockdown_begin();
    modules_need(address_in(load()));
    modules_need(address_of(count_modules));
    ck_assert_uint_eq(count_modules(LIBRARY), 1);
    ck_assert_uint_gt(found[0]->build_id_bytes, 0);
    compare_build_id(found[0]);
    ck_assert_uint_eq(count_modules(""), 3);
    compare_build_id(found[2]);
}
END_TEST

START_TEST(a_module_that_goes_away_is_gone) {
    /* proves: after dlclose its entry says in which epoch, others stay, and a second look changes nothing */
    begin();
    void *handle = load();
    modules_need(address_in(handle));
    modules_need(in_libc("open"));
    ck_assert_uint_eq(modules_epoch(), 0);
    modules_unloaded();
    ck_assert_uint_eq(modules_epoch(), 0);
    dlclose(handle);
    if (dlopen(LIBRARY, RTLD_NOW | RTLD_NOLOAD))
        SKIP_TEST("the library stays loaded here");
    modules_unloaded();
    ck_assert_uint_eq(modules_epoch(), 1);
    ck_assert_uint_eq(count_modules(LIBRARY), 1);
    ck_assert_uint_eq(RELAXED(found[0]->gone_epoch), 1);
    count_modules("libc.so");
    ck_assert_uint_eq(RELAXED(found[0]->gone_epoch), 0);
    modules_unloaded();
    ck_assert_uint_eq(modules_epoch(), 1);
}
END_TEST

START_TEST(the_same_addresses_may_be_other_code) {
    /* proves: a library that is loaded again is a new entry, and the same stack is kept anew */
    ck_assert(world_start_named("unit", "unwind=caller:record=off"));
    tracker_prepare();
    void *handle = load();
    uint64_t place = address_in(handle);
    uint32_t before = depot_keep_here("open", place);
    dlclose(handle);
    if (dlopen(LIBRARY, RTLD_NOW | RTLD_NOLOAD))
        SKIP_TEST("the library stays loaded here");
    tracker_modules_changed();
    handle = load();
    uint32_t after = depot_keep_here("open", place);
    ck_assert_uint_ne(before, after);
    modules_need(address_in(handle));
    ck_assert_uint_eq(count_modules(LIBRARY), 2);
    ck_assert_uint_eq(RELAXED(found[0]->gone_epoch), 1);
    ck_assert_uint_eq(found[1]->loaded_epoch, 1);
    ck_assert_uint_eq(RELAXED(found[1]->gone_epoch), 0);
}
END_TEST

START_TEST(our_own_path_is_the_loaders) {
    /* proves: linked into a program, which has no name for the loader, it is empty */
    ck_assert_str_eq(modules_own_path(), "");
}
END_TEST

static void add(TCase *tests) {
    tcase_add_test(tests, libc_is_described);
    tcase_add_test(tests, the_program_has_its_path);
    tcase_add_test(tests, build_ids_are_known_after_a_lockdown);
    tcase_add_test(tests, one_module_is_described_once);
    tcase_add_test(tests, addresses_of_nobody_are_nothing);
    tcase_add_test(tests, a_module_that_goes_away_is_gone);
    tcase_add_test(tests, the_same_addresses_may_be_other_code);
    tcase_add_test(tests, our_own_path_is_the_loaders);
}

int main(void) { return world_run("tracker/modules", add); }
