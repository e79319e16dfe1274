/* tool_symbols.c - functions, lines and inlined calls of programs that are compiled here and now, held against
 * their own source and against llvm-symbolizer. */
#include <check.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>
#include <gelf.h>

#include "tests/suite.h"
#include "tools/names/demangle.h"
#include "tools/names/short_name.h"
#include "tools/names/symbols.h"
#include "tools/records/record_reader.h"

static char folder[64]; /* of this test program; every test has its own sub-folder */
static char here[128];
static char top[512]; /* of the source */

static void begin(void) {
    strcpy(here, folder);
    strcat(here, "/XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(here));
}

/* Runs a shell command in the test's folder. */
__attribute__((format(printf, 1, 2))) static int shell(const char *format, ...) {
    char command[2048] = "cd ";
    strcat(strcat(command, here), " && ");
    va_list list;
    va_start(list, format);
    size_t used = strlen(command);
    vsnprintf(command + used, sizeof command - used, format, list);
    va_end(list);
    return system(command);
}

static bool has(const char *program) { return shell("command -v %s >/dev/null 2>&1", program) == 0; }

static const char *in_folder(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", here, name);
    return path;
}

static void save(const char *name, const char *text) {
    FILE *file = fopen(in_folder(name), "w");
    ck_assert_int_ge(fputs(text, file), 0);
    fclose(file);
}

/* --- a process as a record would tell it ------------------------------------------------------------------ */

static void set_build_id(struct module *module, const char *path) {
    int file = open(path, O_RDONLY);
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(file, ELF_C_READ, NULL);
    const void *bits;
    ssize_t bytes = dwelf_elf_gnu_build_id(elf, &bits);
    for (ssize_t i = 0; i < bytes; i++)
        sprintf(module->build_id + 2 * i, "%02x", ((const unsigned char *)bits)[i]);
    elf_end(elf);
    close(file);
}

static uint64_t nanoseconds(struct timespec time) {
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* A process, started now, that has only this file mapped, all over. */
static struct process *process_of(const char *path, uint64_t bias) {
    struct process *process = record_of_nothing(1, NULL, NULL);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    process->started_realtime = nanoseconds(now);
    process->modules = calloc(1, sizeof *process->modules);
    process->module_count = 1;
    process->modules[0] =
        (struct module){.end = UINT64_MAX, .gone_epoch = UINT64_MAX, .bias = bias, .path = strdup(path)};
    set_build_id(&process->modules[0], path);
    return process;
}

struct look {
    struct symbols *symbols;
    struct process *process;
};

static struct look look_begin(const char *path, uint64_t bias) {
    return (struct look){symbols_begin(NULL), process_of(path, bias)};
}

static void look_end(struct look *look) {
    symbols_end(look->symbols);
    record_end(look->process);
}

static const struct trace *look_at(struct look *look, uint64_t pc) {
    struct stack stack = {.count = 1, .pc = &pc};
    return symbols_trace(look->symbols, look->process, &stack);
}

static void ck_frame(const struct frame *frame, const char *function, const char *file, unsigned line) {
    ck_assert_ptr_nonnull(frame->function);
    ck_assert_str_eq(frame->function, function);
    ck_assert_ptr_nonnull(frame->file);
    ck_assert_str_eq(frame->file, file);
    ck_assert_uint_eq(frame->line, line);
}

/* --- a program that tells where it is --------------------------------------------------------------------- */

/* Prints the address that tell() returns to, and the bias: where the program lies - where it was linked to. */
static const char teller[] = "#include <stdio.h>\n"
                             "extern char __executable_start[];\n"
                             "__attribute__((noinline)) void tell(void) {\n"
                             "    char *start = __executable_start;\n"
                             "    printf(\"%lx %lx\\n\", (unsigned long)__builtin_return_address(0),\n"
                             "           start == (char *)0x400000 ? 0 : (unsigned long)start);\n"
                             "}\n";

static const char nest[] = "void tell(void);\n"
                           "volatile int sink;\n"
                           "static inline __attribute__((always_inline)) void inner(int n) {\n"
                           "    sink = n;\n"
                           "    tell();\n"
                           "    sink = n + 1;\n"
                           "}\n"
                           "static inline __attribute__((always_inline)) void middle(int n) {\n"
                           "    if (n)\n"
                           "        inner(n * 2);\n"
                           "}\n"
                           "__attribute__((noinline)) void outer(int n) {\n"
                           "    sink = n;\n"
                           "    middle(n + 1);\n"
                           "    sink = n;\n"
                           "}\n"
                           "int main(int argc, char **argv) {\n"
                           "    outer(argc);\n"
                           "    return 0;\n"
                           "}\n";

struct told {
    uint64_t pc, bias;
};

static struct told run(const char *program) {
    struct told told = {0};
    FILE *output = popen(in_folder(program), "r");
    ck_assert_int_eq(fscanf(output, "%" SCNx64 " %" SCNx64, &told.pc, &told.bias), 2);
    pclose(output);
    return told;
}

static struct told build_nest(const char *compiler, const char *flags) {
    save("tell.c", teller);
    save("nest.c", nest);
    ck_assert_int_eq(shell("%s %s -o nest nest.c tell.c", compiler, flags), 0);
    return run("nest");
}

static void ck_nest(const struct trace *trace) {
    ck_assert_uint_eq(trace->count, 3);
    ck_frame(&trace->frames[0], "inner", "nest.c", 5);
    ck_frame(&trace->frames[1], "middle", "nest.c", 10);
    ck_frame(&trace->frames[2], "outer", "nest.c", 14);
    ck_assert(trace->frames[0].inlined);
    ck_assert(trace->frames[1].inlined);
    ck_assert(!trace->frames[2].inlined);
}

static const char *const compilers[] = {"gcc", "clang"};
static const char *const flags[] = {
    "-g -O0",         "-g -O1",         "-g -O2",        "-g -O3",          "-g -O0 -no-pie",
    "-g -O2 -no-pie", "-g -O3 -no-pie", "-gdwarf-4 -O2", "-g -O2 -gz=zlib", "-g -O2 -ffunction-sections",
    "-g -O2 -flto",   "-g -O2 -static",
};
enum { FLAGS = sizeof flags / sizeof *flags };

START_TEST(sees_through_three_inlined_calls) {
    const char *compiler = compilers[_i / FLAGS];
    if (!has(compiler))
        SKIP_TEST(compiler);
    if (strstr(flags[_i % FLAGS], "lto") && strcmp(compiler, "clang") == 0)
        return; /* needs a linker plugin that is not always there */
    struct told told = build_nest(compiler, flags[_i % FLAGS]);
    struct look look = look_begin(in_folder("nest"), told.bias);
    const struct trace *trace = look_at(&look, told.pc);
    ck_nest(trace);
    ck_assert_uint_gt(trace->frames[0].column, 0);
    ck_assert_uint_eq(trace->frames[0].offset, told.pc - 1 - told.bias);
    look_end(&look);
}
END_TEST

/* libdw alone finds nothing in what clang writes; the test is void if clang begins to write the section. */
START_TEST(needs_no_aranges) {
    if (!has("clang"))
        SKIP_TEST("clang");
    struct told told = build_nest("clang", "-g -O2");
    ck_assert_int_ne(shell("readelf -SW nest | grep -q debug_aranges"), 0);
    struct look look = look_begin(in_folder("nest"), told.bias);
    ck_nest(look_at(&look, told.pc));
    look_end(&look);
}
END_TEST

START_TEST(finds_split_debug_information) {
    const char *compiler = compilers[_i];
    if (!has(compiler))
        SKIP_TEST(compiler);
    struct told told = build_nest(compiler, "-g -O2 -gsplit-dwarf");
    struct look look = look_begin(in_folder("nest"), told.bias);
    const struct trace *trace = look_at(&look, told.pc);
    ck_assert_str_eq(trace->frames[0].file, "nest.c");
    ck_assert_uint_eq(trace->frames[0].line, 5);
    ck_assert_str_eq(trace->frames[trace->count - 1].function, "outer");
    look_end(&look);
    ck_assert_int_eq(shell("rm *.dwo"), 0); /* lines are in the program itself */
    look = look_begin(in_folder("nest"), told.bias);
    trace = look_at(&look, told.pc);
    ck_assert_uint_eq(trace->count, 1);
    ck_frame(&trace->frames[0], "outer", "nest.c", 5);
    look_end(&look);
}
END_TEST

START_TEST(finds_a_debug_file_by_its_link) {
    static const char *const folders[] = {".", ".debug"};
    struct told told = build_nest("gcc", "-g -O2");
    ck_assert_int_eq(shell("objcopy --only-keep-debug nest nest.debug && strip nest &&"
                           " objcopy --add-gnu-debuglink=nest.debug nest && mkdir -p .debug &&"
                           " mv nest.debug moved && mv moved %s/nest.debug",
                           folders[_i]),
                     0);
    struct look look = look_begin(in_folder("nest"), told.bias);
    ck_nest(look_at(&look, told.pc));
    look_end(&look);
}
END_TEST

START_TEST(a_stripped_program_has_an_offset) {
    struct told told = build_nest("gcc", "-g -O2");
    ck_assert_int_eq(shell("strip nest"), 0);
    struct look look = look_begin(in_folder("nest"), told.bias);
    const struct trace *trace = look_at(&look, told.pc);
    ck_assert_uint_eq(trace->count, 1);
    ck_assert_ptr_null(trace->frames[0].function);
    ck_assert_ptr_null(trace->frames[0].file);
    ck_assert_uint_eq(trace->frames[0].offset, told.pc - 1 - told.bias);
    ck_assert_uint_eq(strlen(trace->frames[0].build_id), 40);
    /* nor are servers looked for, of which nobody said that there are any */
    ck_assert_ptr_null(dlopen("libdebuginfod.so.1", RTLD_LAZY | RTLD_NOLOAD));
    look_end(&look);
}
END_TEST

START_TEST(a_symbol_table_gives_function_and_offset) {
    struct told told = build_nest("gcc", "-O2");
    struct look look = look_begin(in_folder("nest"), told.bias);
    const struct trace *trace = look_at(&look, told.pc);
    ck_assert_uint_eq(trace->count, 1);
    ck_assert_str_eq(trace->frames[0].function, "outer");
    ck_assert_ptr_null(trace->frames[0].file);
    ck_assert(trace->frames[0].has_start);
    ck_assert_uint_lt(trace->frames[0].into_function, 64);
    look_end(&look);
}
END_TEST

static char told_build_id[128];
static void count_changed(void *context, const char *path, const char *build_id) {
    ++*(size_t *)context;
    snprintf(told_build_id, sizeof told_build_id, "%s", build_id);
}

/* The same program, built anew with one line more: it must not be asked. */
START_TEST(another_build_is_never_believed) {
    struct told told = build_nest("gcc", "-g -O2");
    struct look look = look_begin(in_folder("nest"), told.bias);
    char changed[sizeof nest + 1] = "\n";
    strcat(changed, nest);
    save("nest.c", changed);
    ck_assert_int_eq(shell("gcc -g -O2 -o nest nest.c tell.c"), 0);
    const struct trace *trace = look_at(&look, told.pc);
    ck_assert_uint_eq(trace->count, 1);
    ck_assert_ptr_null(trace->frames[0].function);
    ck_assert_ptr_null(trace->frames[0].file);
    size_t told_changed = 0;
    symbols_each_changed(look.symbols, count_changed, &told_changed);
    ck_assert_uint_eq(told_changed, 1);
    ck_assert_str_eq(told_build_id, look.process->modules[0].build_id);
    look_end(&look);
}
END_TEST

START_TEST(without_build_id_only_an_untouched_file_is_believed) {
    struct told told = build_nest("gcc", "-g -O2 -Wl,--build-id=none");
    struct look look = look_begin(in_folder("nest"), told.bias);
    ck_assert_str_eq(look.process->modules[0].build_id, "");
    ck_nest(look_at(&look, told.pc));
    look_end(&look);
    look = look_begin(in_folder("nest"), told.bias);
    for (struct stat about = {0}; nanoseconds(about.st_ctim) <= look.process->started_realtime;) {
        ck_assert_int_eq(shell("touch nest"), 0); /* the clock of files is a coarse one */
        ck_assert_int_eq(stat(in_folder("nest"), &about), 0);
    }
    const struct trace *trace = look_at(&look, told.pc);
    ck_assert_ptr_null(trace->frames[0].function);
    size_t told_changed = 0;
    symbols_each_changed(look.symbols, count_changed, &told_changed);
    ck_assert_uint_eq(told_changed, 1);
    ck_assert_str_eq(told_build_id, "");
    look_end(&look);
}
END_TEST

START_TEST(a_file_that_is_gone_costs_names_only) {
    struct told told = build_nest("gcc", "-g -O2");
    struct look look = look_begin(in_folder("nest"), told.bias);
    ck_assert_int_eq(shell("rm nest"), 0);
    const struct trace *trace = look_at(&look, told.pc);
    ck_assert_uint_eq(trace->count, 1);
    ck_assert_ptr_null(trace->frames[0].function);
    ck_assert_uint_eq(trace->frames[0].offset, told.pc - 1 - told.bias);
    size_t told_changed = 0;
    symbols_each_changed(look.symbols, count_changed, &told_changed);
    ck_assert_uint_eq(told_changed, 0);
    look_end(&look);
}
END_TEST

START_TEST(the_vdso_is_no_file) {
    struct look look = look_begin("/proc/self/exe", 0);
    free(look.process->modules[0].path);
    look.process->modules[0].path = strdup("[vdso]");
    const struct trace *trace = look_at(&look, 0x1234);
    ck_assert_uint_eq(trace->count, 1);
    ck_assert_ptr_null(trace->frames[0].function);
    ck_assert_str_eq(trace->frames[0].module, "[vdso]");
    look_end(&look);
}
END_TEST

/* Ours is that of every process here: a module of that build-id has its names. */
START_TEST(the_vdso_has_names) {
    struct look look = look_begin("/proc/self/exe", 0);
    struct module *module = look.process->modules;
    free(module->path);
    module->path = strdup("linux-vdso.so.1");
    char *start = (char *)getauxval(AT_SYSINFO_EHDR);
    const Elf64_Ehdr *header = (Elf64_Ehdr *)start;
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory(start, header->e_shoff + (size_t)header->e_shnum * header->e_shentsize);
    const void *bits;
    ssize_t bytes = dwelf_elf_gnu_build_id(elf, &bits);
    if (bytes <= 0)
        SKIP_TEST("this kernel's vdso has no build-id");
    for (ssize_t i = 0; i < bytes; i++)
        sprintf(module->build_id + 2 * i, "%02x", ((const unsigned char *)bits)[i]);
    void *loaded = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
    void *function = loaded ? dlsym(loaded, "__vdso_clock_gettime") : NULL;
    if (!function)
        SKIP_TEST("this kernel's vdso has no clock_gettime");
    const struct trace *trace = look_at(&look, (uint64_t)((char *)function - start) + 1);
    ck_assert_ptr_nonnull(trace->frames[0].function);
    ck_assert_ptr_nonnull(strstr(trace->frames[0].function, "clock_gettime"));
    look_end(&look);
    look = look_begin("/proc/self/exe", 0); /* of another build: that of this program */
    free(look.process->modules->path);
    look.process->modules->path = strdup("linux-vdso.so.1");
    ck_assert_ptr_null(look_at(&look, (uint64_t)((char *)function - start) + 1)->frames[0].function);
    look_end(&look);
    elf_end(elf);
}
END_TEST

/* A call that does not return may be the last thing in its function: what it returns to is another function. */
START_TEST(a_return_address_is_looked_up_one_byte_before) {
    save("tell.c", teller);
    save("end.c",
         "#include <stdlib.h>\n"
         "void tell(void);\n"
         "__attribute__((noinline, noreturn)) void die(void);\n"
         "__attribute__((noinline)) void last(void) {\n"
         "    die();\n"
         "}\n"
         "__attribute__((noinline)) void next(void) { tell(); }\n"
         "extern char __executable_start[];\n"
         "#include <stdio.h>\n"
         "__attribute__((noinline, noreturn)) void die(void) {\n"
         "    char *start = __executable_start;\n"
         "    printf(\"%lx %lx\\n\", (unsigned long)__builtin_return_address(0), (unsigned long)start);\n"
         "    exit(0);\n"
         "}\n"
         "int main(int argc, char **argv) {\n"
         "    last();\n"
         "    next();\n"
         "}\n");
    ck_assert_int_eq(shell("gcc -g -O2 -fno-toplevel-reorder -falign-functions=1 -fno-ipa-pure-const"
                           " -o end end.c tell.c"),
                     0);
    struct told told = run("end");
    struct look look = look_begin(in_folder("end"), told.bias);
    ck_frame(&look_at(&look, told.pc)->frames[0], "last", "end.c", 5);
    const struct trace *exact = look_at(&look, told.pc | RECORD_PC_EXACT);
    ck_assert_str_eq(exact->frames[0].function, "next");
    ck_assert_uint_eq(exact->frames[0].offset, told.pc - told.bias);
    look_end(&look);
}
END_TEST

START_TEST(nested_functions_are_found) {
    save("tell.c", teller);
    save("in.c", "void tell(void);\n"
                 "int main(int argc, char **argv) {\n"
                 "    __attribute__((noinline)) void nested(void) {\n"
                 "        tell();\n"
                 "        argc++;\n"
                 "    }\n"
                 "    nested();\n"
                 "    return argc - 2;\n"
                 "}\n");
    ck_assert_int_eq(shell("gcc -g -O1 -o in in.c tell.c"), 0);
    struct told told = run("in");
    struct look look = look_begin(in_folder("in"), told.bias);
    ck_frame(&look_at(&look, told.pc)->frames[0], "nested", "in.c", 4);
    look_end(&look);
}
END_TEST

/* An absolute name stays, and a relative one is not joined to the folder it was compiled in. */
START_TEST(file_names_are_as_the_compiler_was_told) {
    save("tell.c", teller);
    save("nest.c", nest);
    ck_assert_int_eq(shell("mkdir -p src/net && cp nest.c src/net && gcc -g -O2 -o nest src/net/nest.c tell.c"),
                     0);
    struct told told = run("nest");
    struct look look = look_begin(in_folder("nest"), told.bias);
    ck_assert_str_eq(look_at(&look, told.pc)->frames[0].file, "src/net/nest.c");
    look_end(&look);
    ck_assert_int_eq(shell("gcc -g -O2 -o nest $PWD/src/net/nest.c tell.c"), 0);
    told = run("nest");
    look = look_begin(in_folder("nest"), told.bias);
    ck_assert_str_eq(look_at(&look, told.pc)->frames[0].file, in_folder("src/net/nest.c"));
    look_end(&look);
}
END_TEST

START_TEST(cxx_names_are_readable) {
    const char *compiler = _i ? "clang++" : "g++";
    if (!has(compiler))
        SKIP_TEST(compiler);
    save("tell.c", teller);
    save("deep.cc", "extern \"C\" void tell(void);\n"
                    "volatile int sink;\n"
                    "namespace net {\n"
                    "template <typename T> struct Pool {\n"
                    "    __attribute__((noinline)) T open(const char *host, T port) {\n"
                    "        auto work = [=]() __attribute__((noinline)) { tell(); return port; };\n"
                    "        return work() + sink;\n"
                    "    }\n"
                    "};\n"
                    "}\n"
                    "int main() {\n"
                    "    net::Pool<int> pool;\n"
                    "    return pool.open(\"x\", 0) & 0;\n"
                    "}\n");
    ck_assert_int_eq(shell("gcc -c -O2 tell.c && %s -g -O1 -o deep deep.cc tell.o", compiler), 0);
    struct told told = run("deep");
    struct look look = look_begin(in_folder("deep"), told.bias);
    const struct trace *trace = look_at(&look, told.pc);
    const struct frame *frame = &trace->frames[0];
    ck_assert_ptr_nonnull(
        strstr(frame->function, "net::Pool<int>::open(char const*, int)::{lambda()#1}::operator()"));
    ck_assert_uint_eq(frame->line, 6);
    ck_assert_int_eq(strncmp(frame->symbol, "_ZZN", 4), 0);
    look_end(&look);
}
END_TEST

START_TEST(rust_names_are_readable) {
    if (!has("rustc"))
        SKIP_TEST("rustc");
    save("tell.c", teller);
    save("deep.rs", "extern \"C\" { fn tell(); }\n"
                    "mod net {\n"
                    "    pub struct Pool<T>(pub T);\n"
                    "    impl<T: Copy> Pool<T> {\n"
                    "        #[inline(never)]\n"
                    "        pub fn open(&self) -> T {\n"
                    "            unsafe { super::tell() };\n"
                    "            self.0\n"
                    "        }\n"
                    "    }\n"
                    "}\n"
                    "fn main() {\n"
                    "    std::process::exit(net::Pool(0).open());\n"
                    "}\n");
    const char *mangling = _i ? "-C symbol-mangling-version=v0" : "";
    if (shell("gcc -c -O2 tell.c && ar rcs libtell.a tell.o && "
              "rustc -g -C opt-level=0 %s -L . -l static=tell deep.rs >/dev/null 2>&1",
              mangling) != 0)
        SKIP_TEST("rustc cannot link here");
    struct told told = run("deep");
    struct look look = look_begin(in_folder("deep"), told.bias);
    const struct frame *frame = &look_at(&look, told.pc)->frames[0];
    ck_assert_ptr_nonnull(frame->function);
    ck_assert_msg(strstr(frame->function, "deep::net::Pool<"), "%s", frame->function);
    ck_assert_ptr_nonnull(strstr(frame->function, "::open"));
    ck_assert_ptr_null(strstr(frame->function, "17h"));
    ck_assert_ptr_null(strstr(frame->function, "::h"));
    ck_assert_uint_eq(frame->line, 7);
    look_end(&look);
}
END_TEST

static const struct {
    const char *symbol, *readable;
} names[] = {
    {"main", "main"},
    {"open_it.isra.0", "open_it"},
    {"open_it.part.3.constprop.1", "open_it"},
    {"open_it.cold", "open_it"},
    {"open_it.llvm.123456", "open_it"},
    {"memcpy@@GLIBC_2.14", "memcpy"},
    {"open64@GLIBC_2.2.5", "open64"},
    {"main.main", "main.main"}, /* Go */
    {"_ZN3net4Pool4openEPKci", "net::Pool::open(char const*, int)"},
    {"_ZN3net4Pool4openEPKci.isra.0.cold", "net::Pool::open(char const*, int)"},
    {"_ZN3std2fs4File4open17h0123456789abcdefE", "std::fs::File::open"},
    {"_RNvNtCs1234_7mycrate3net4open", "mycrate::net::open"},
    {"_Znonsense", "_Znonsense"},
    {"", ""},
};

START_TEST(demangles) {
    char *readable = demangle(names[_i].symbol);
    ck_assert_str_eq(readable, names[_i].readable);
    free(readable);
}
END_TEST

static const struct {
    const char *name;
    size_t most;
    const char *expected;
} short_names[] = {
    {"main", 1, "main"},
    {"net::Pool<a<b<c> > >::open(v<d> const&)", 39, "net::Pool<a<b<c> > >::open(v<d> const&)"},
    {"net::Pool<a<b<cccccc> > >::open(v<d> const&)", 41, "net::Pool<a<b<…> > >::open(v<d> const&)"},
    {"net::Pool<aaaaaa<b<ccc> > >::open(v<d> const&)", 43, "net::Pool<aaaaaa<…> >::open(v<d> const&)"},
    {"net::Pool<aaaaaa<b<ccc> > >::open(v<d> const&)", 1, "net::Pool<…>::open(v<…> const&)"},
    {"operator<< <int>(std::ostream<x>&)", 1, "operator<< <…>(std::ostream<…>&)"},
    {"f<int>::operator->() const", 1, "f<…>::operator->() const"},
    {"f<int>::operator<=>(g<int>)", 1, "f<…>::operator<=>(g<…>)"},
    {"auto f<int>(int)->g<int>", 1, "auto f<…>(int)->g<…>"},
    {"<deep::Pool<T> as deep::Opens>::open", 1, "<…>::open"},
    {"a>b<c", 1, "a>b<c"},
};

START_TEST(long_names_become_short) {
    char *name = short_name(short_names[_i].name, short_names[_i].most);
    ck_assert_str_eq(name, short_names[_i].expected);
    free(name);
}
END_TEST

START_TEST(nothing_is_asked_of_the_net) {
    setenv("DEBUGINFOD_URLS", "http://127.0.0.1:9/", 1);
    struct symbols *symbols = symbols_begin(NULL);
    ck_assert_ptr_null(getenv("DEBUGINFOD_URLS"));
    symbols_end(symbols);
}
END_TEST

/* --- the same answers as llvm-symbolizer ------------------------------------------------------------------ */

/* One frame of its answer: a line with the function, a line with file:line:column. False at an empty line. */
static bool read_frame(FILE *answers, char *function, char *place) {
    if (!fgets(function, 4096, answers) || *function == '\n')
        return false;
    function[strcspn(function, "\n")] = '\0';
    ck_assert_ptr_nonnull(fgets(place, 4096, answers));
    place[strcspn(place, "\n")] = '\0';
    return true;
}

static bool is_same(const struct frame *frame, const char *function, const char *place) {
    char mine[4096] = "??:0:0";
    if (frame->file)
        snprintf(mine, sizeof mine, "%s:%u:%u", symbols_base_name(frame->file), frame->line, frame->column);
    char *bare = demangle(function); /* it leaves .part.0 and the like on */
    bool same_function = strcmp(frame->function ? frame->function : "??", bare) == 0;
    free(bare);
    return same_function &&
           (strcmp(mine, symbols_base_name(place)) == 0 || (!frame->file && strstr(place, ":0:")));
}

/* The same chain of frames at one address, but for inlined functions of libc's headers at its start? The answer
 * is read to its end either way. */
static bool is_same_answer(const struct trace *trace, FILE *answers) {
    char function[4096], place[4096];
    bool same = true;
    size_t count = 0;
    while (read_frame(answers, function, place)) {
        if (!count && strstr(place, "/include/") && strstr(place, "/bits/") && !strstr(place, ":0:"))
            continue;
        same = same && count < trace->count && is_same(&trace->frames[count], function, place);
        count++;
    }
    return same && count == trace->count;
}

static uint64_t text_section(const char *path, uint64_t *end) {
    int file = open(path, O_RDONLY);
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(file, ELF_C_READ, NULL);
    size_t names_section;
    elf_getshdrstrndx(elf, &names_section);
    uint64_t start = 0;
    GElf_Shdr header;
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
        gelf_getshdr(scn, &header);
        if (strcmp(elf_strptr(elf, names_section, header.sh_name), ".text") == 0) {
            start = header.sh_addr;
            *end = start + header.sh_size;
        }
    }
    elf_end(elf);
    close(file);
    return start;
}

static const struct {
    const char *compiler, *flags;
} builds[] = {
    {"gcc", "-O0"},
    {"gcc", "-O2"},
    {"gcc", "-O3 -ffunction-sections"},
    {"gcc", "-O2 -gdwarf-4"},
    {"clang", "-O0"},
    {"clang", "-O2"},
    {"clang", "-O3"},
    {"clang", "-O2 -gdwarf-4"},
};

/* The tool's own source, at every 13th byte. */
START_TEST(agrees_with_llvm_symbolizer) {
    if (!has("llvm-symbolizer-14"))
        SKIP_TEST("llvm-symbolizer-14");
    if (!has(builds[_i].compiler))
        SKIP_TEST(builds[_i].compiler);
    ck_assert_int_eq(
        shell("cd %s/tools && %s -g %s -w -shared -fPIC -D_GNU_SOURCE -I%s -o %s/all.so"
              " records/record_reader.c findings/suppress.c findings/sites.c names/symbols.c basics/utf8.c",
              top, builds[_i].compiler, builds[_i].flags, top, here),
        0);
    uint64_t end = 0, start = text_section(in_folder("all.so"), &end);
    FILE *questions = fopen(in_folder("questions"), "w");
    for (uint64_t pc = start; pc < end; pc += 13)
        fprintf(questions, "0x%" PRIx64 "\n", pc);
    fclose(questions);
    ck_assert_int_eq(shell("llvm-symbolizer-14 --obj=all.so <questions >answers"), 0);
    FILE *answers = fopen(in_folder("answers"), "r");
    struct look look = look_begin(in_folder("all.so"), 0);
    size_t asked = 0, same = 0;
    for (uint64_t pc = start; pc < end; pc += 13, asked++)
        same += is_same_answer(look_at(&look, pc | RECORD_PC_EXACT), answers);
    fclose(answers);
    look_end(&look);
    printf("%s %s: %zu of %zu addresses as llvm-symbolizer says\n", builds[_i].compiler, builds[_i].flags, same,
           asked);
    ck_assert_uint_gt(asked, 1000);
    ck_assert_uint_eq(same, asked);
}
END_TEST

int main(void) {
    strcpy(folder, "/tmp/leftopen-symbols-XXXXXX");
    if (!mkdtemp(folder) || !getcwd(top, sizeof top))
        return 2;
    Suite *suite = suite_create("symbols");
    TCase *tests = tcase_create("symbols");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin, NULL);
    tcase_add_loop_test(tests, sees_through_three_inlined_calls, 0, 2 * FLAGS);
    tcase_add_test(tests, needs_no_aranges);
    tcase_add_loop_test(tests, finds_split_debug_information, 0, 2);
    tcase_add_loop_test(tests, finds_a_debug_file_by_its_link, 0, 2);
    tcase_add_test(tests, a_stripped_program_has_an_offset);
    tcase_add_test(tests, a_symbol_table_gives_function_and_offset);
    tcase_add_test(tests, another_build_is_never_believed);
    tcase_add_test(tests, without_build_id_only_an_untouched_file_is_believed);
    tcase_add_test(tests, a_file_that_is_gone_costs_names_only);
    tcase_add_test(tests, the_vdso_is_no_file);
    tcase_add_test(tests, the_vdso_has_names);
    tcase_add_test(tests, a_return_address_is_looked_up_one_byte_before);
    tcase_add_test(tests, nested_functions_are_found);
    tcase_add_test(tests, file_names_are_as_the_compiler_was_told);
    tcase_add_loop_test(tests, cxx_names_are_readable, 0, 2);
    tcase_add_loop_test(tests, rust_names_are_readable, 0, 2);
    tcase_add_loop_test(tests, demangles, 0, sizeof names / sizeof *names);
    tcase_add_loop_test(tests, long_names_become_short, 0, sizeof short_names / sizeof *short_names);
    tcase_add_test(tests, nothing_is_asked_of_the_net);
    tcase_add_loop_test(tests, agrees_with_llvm_symbolizer, 0, sizeof builds / sizeof *builds);
    suite_add_tcase(suite, tests);
    int failed = suite_run(suite);
    strcpy(here, folder);
    shell("rm -rf %s", folder);
    return failed;
}
