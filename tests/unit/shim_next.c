/* What next_find says of the libraries behind this program, beside what the loader says. */
#include "tests/suite.h"
#include "shim/next.h"

#include <check.h>
#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096 };

static const char *const wrapped[] = {
#define CALL(returns, name, parameters, arguments, effect, early) #name,
#include "shim/calls.def"
};
static const uint32_t wrapped_hashes[] = {
#define CALL(returns, name, parameters, arguments, effect, early) NEXT_HASH(#name),
#include "shim/calls.def"
};
enum { WRAPPED = sizeof wrapped / sizeof wrapped[0] };

static unsigned asked;

static void *ask(const char *name) {
    asked++;
    return dlsym(RTLD_NEXT, name);
}

/* The kernel's library has a place right behind the program, but none in the search. */
static const void *own(void) {
    const struct link_map *next = _r_debug.r_map->l_next;
    return strstr(next->l_name, "vdso") ? next->l_ld : _DYNAMIC;
}

/* As glibc's elf/dl-lookup.c does it. */
static uint32_t hash_of(const char *name) {
    uint32_t hash = 5381;
    for (; *name; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash;
}

static void find(const void *own, const struct next_known *known, const char *const *names, size_t count,
                 void **found) {
    static char strings[MOST * 64];
    static uint32_t hashes[MOST];
    char *end = strings;
    ck_assert_uint_le(count, MOST);
    for (size_t i = 0; i < count; i++) {
        ck_assert(end + strlen(names[i]) < strings + sizeof strings);
        hashes[i] = hash_of(names[i]);
        end = stpcpy(end, names[i]) + 1;
    }
    next_find(own, &(struct next_names){strings, hashes, count, known}, found, ask);
}

START_TEST(hashes_are_those_of_the_loader) {
    for (size_t i = 0; i < WRAPPED; i++)
        ck_assert_msg(wrapped_hashes[i] == hash_of(wrapped[i]), "%s", wrapped[i]);
    static const uint32_t odd[] = {NEXT_HASH(""), NEXT_HASH("\xff"),
                                   NEXT_HASH("a_name_of_thirty-one_characters")};
    ck_assert_uint_eq(odd[0], hash_of(""));
    ck_assert_uint_eq(odd[1], hash_of("\xff"));
    ck_assert_uint_eq(odd[2], hash_of("a_name_of_thirty-one_characters"));
}
END_TEST

static void compare(const char *const *names, size_t count) {
    void *found[MOST];
    find(own(), NULL, names, count, found);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(found[i] == dlsym(RTLD_NEXT, names[i]), "%s", names[i]);
}

START_TEST(wrapped_calls_are_those_of_the_loader) {
    asked = 0;
    compare(wrapped, WRAPPED);
    ck_assert_uint_le(asked, 4); /* else nothing is gained */
}
END_TEST

/* Of libc and other libraries; several versions, resolvers, data, threads' data, weak and absent names. */
START_TEST(odd_names_are_those_of_the_loader) {
    static const char *const names[] = {"memcpy",
                                        "strlen",
                                        "pthread_cond_wait",
                                        "realpath",
                                        "fopen",
                                        "cos",
                                        "pow",
                                        "fesetround",
                                        "environ",
                                        "errno",
                                        "stdout",
                                        "malloc",
                                        "srunner_create",
                                        "dlsym",
                                        "__libc_start_main",
                                        "timer_create",
                                        "gettimeofday",
                                        "time",
                                        "sys_nerr",
                                        "regexec",
                                        "_dl_debug_state",
                                        "__tls_get_addr",
                                        "h_errno",
                                        "__libc_single_threaded",
                                        "no_such_function",
                                        "",
                                        "main",
                                        "next_find",
                                        "glob",
                                        "posix_spawn"};
    compare(names, sizeof names / sizeof names[0]);
}
END_TEST

/* Every name that libc exports, as its table of symbols has them. */
START_TEST(all_names_of_libc_are_those_of_the_loader) {
    struct link_map *map = _r_debug.r_map;
    struct link_map *libc;
    void *handle = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
    ck_assert_ptr_nonnull(handle);
    ck_assert_int_eq(dlinfo(handle, RTLD_DI_LINKMAP, &libc), 0);
    ck_assert_ptr_nonnull(map);
    const ElfW(Sym) *symbols = NULL;
    const char *strings = NULL;
    for (const ElfW(Dyn) *entry = libc->l_ld; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_SYMTAB)
            symbols = (const ElfW(Sym) *)entry->d_un.d_ptr;
        else if (entry->d_tag == DT_STRTAB)
            strings = (const char *)entry->d_un.d_ptr;
    static const char *names[MOST];
    size_t count = 0;
    /* the strings come behind the symbols */
    for (const ElfW(Sym) *symbol = symbols + 1; (const char *)symbol < strings && count < MOST; symbol++)
        names[count++] = strings + symbol->st_name;
    ck_assert_uint_ge(count, 2000);
    compare(names, count);
    dlclose(handle);
}
END_TEST

/* ---- a library that is known before it is looked at ---- */

static const struct next_known libc_of_the_build = {
#include <known_libc.h>
};

START_TEST(what_the_build_knows_of_libc_is_what_the_loader_says) {
    void *found[WRAPPED];
    size_t known = 0;
    asked = 0;
    find(own(), &libc_of_the_build, wrapped, WRAPPED, found);
    for (size_t i = 0; i < WRAPPED; i++) {
        known += libc_of_the_build.offsets[i] != 0;
        ck_assert_msg(found[i] == dlsym(RTLD_NEXT, wrapped[i]), "%s", wrapped[i]);
    }
    ck_assert_uint_ge(known, WRAPPED / 2);
    ck_assert_uint_le(asked, 4);
}
END_TEST

/* Offsets that are another function's show whether they were believed. */
static bool believes(struct next_known known, const void *exit_of_libc) {
    static const char *const names[] = {"close", "dup"};
    const struct link_map *libc = NULL;
    Dl_info about;
    ck_assert(dladdr1(exit_of_libc, &about, (void **)&libc, RTLD_DL_LINKMAP));
    uint32_t offsets[] = {(uint32_t)((uintptr_t)exit_of_libc - libc->l_addr), 0};
    known.offsets = offsets;
    void *found[2];
    find(own(), &known, names, 2, found);
    ck_assert(found[1] == dlsym(RTLD_NEXT, "dup")); /* which the offsets do not say */
    ck_assert(found[0] == exit_of_libc || found[0] == dlsym(RTLD_NEXT, "close"));
    return found[0] == exit_of_libc;
}

START_TEST(only_the_very_same_library_is_known) {
    const void *function = dlsym(RTLD_NEXT, "exit");
    struct next_known same = libc_of_the_build, other = same;
    ck_assert(believes(same, function));
    char content[256];
    ck_assert_uint_lt(same.note_bytes, sizeof content);
    memcpy(content, same.content, same.note_bytes);
    content[same.note_bytes - 1] ^= 1;
    other.content = content;
    ck_assert_msg(!believes(other, function), "another build-id");
    other = same;
    other.dynamic += 16;
    ck_assert_msg(!believes(other, function), "another layout");
    other = same;
    other.note_bytes = 0;
    ck_assert_msg(!believes(other, function), "no build-id");
}
END_TEST

START_TEST(who_is_not_among_the_libraries_asks_the_loader) {
    static const ElfW(Dyn) nobody[] = {{.d_tag = DT_NULL}};
    static const char *const names[] = {"open", "close", "no_such_function"};
    void *found[3];
    asked = 0;
    find(nobody, NULL, names, 3, found);
    ck_assert_uint_eq(asked, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert(found[i] == dlsym(RTLD_NEXT, names[i]));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("shim/next");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, hashes_are_those_of_the_loader);
    tcase_add_test(tests, wrapped_calls_are_those_of_the_loader);
    tcase_add_test(tests, odd_names_are_those_of_the_loader);
    tcase_add_test(tests, all_names_of_libc_are_those_of_the_loader);
    tcase_add_test(tests, what_the_build_knows_of_libc_is_what_the_loader_says);
    tcase_add_test(tests, only_the_very_same_library_is_known);
    tcase_add_test(tests, who_is_not_among_the_libraries_asks_the_loader);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
