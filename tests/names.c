/* names.c - names in reports, of programs that are built in every way that compilers, linkers and packagers
 * have: each runs under leftopen, and frames 0 to 3 of each site are held against llvm-symbolizer, and against
 * the lines of the source that say who opens there. Where they differ, the row says why, and that is looked at,
 * too. */
#include <check.h>
#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/run.h"
#include "tests/suite.h"

enum { FRAMES = 4, MOST_SITES = 32, MOST_ANSWERS = MOST_SITES * FRAMES, LONGEST = 4096 };

/* What of llvm-symbolizer's answers the report can know. */
enum known {
    ALL,
    LINES,   /* of the innermost frame, and the outermost function */
    SYMBOLS, /* the outermost function */
    NOTHING
};

struct row {
    const char *name;
    const char *build; /* shell, in a folder with the sources; makes ./deep */
    const char *needs; /* a program that may be missing, or NULL */
    enum known known;
    const char *ask;     /* file that llvm-symbolizer is asked about, or NULL: that of the frame */
    const char *option;  /* of leftopen, or NULL */
    const char *command; /* for a shell that runs ./deep, or NULL: ./deep itself */
    const char *source;  /* whose lines say who opens there, or NULL: deep.c */
    bool is_flat;        /* the compiler does not tell what it inlined */
    bool is_fortified;   /* calls lie in inlined functions of libc's headers: these frames are left out */
};

#define GCC(flags) .build = "gcc -g " flags " -o deep deep.c"
#define CLANG(flags) .build = "clang -g " flags " -o deep deep.c", .needs = "clang"
#define GXX(flags) .build = "g++ -g " flags " -o deep deep.cpp", .source = "deep.cpp"
#define CLANGXX(flags)                                                                                         \
    .build = "clang++ -g " flags " -o deep deep.cpp", .needs = "clang++", .source = "deep.cpp"
#define RUST(flags) .build = "rustc -g " flags " -o deep deep.rs", .needs = "rustc", .source = "deep.rs"
#define BUILT "gcc -g -O2 -o deep deep.c && cp deep deep.full && "

#define BUILD_ID "readelf -n deep | sed -n 's/.*Build ID: //p'"
/* As the servers' protocol has it, below the folder. */
#define SERVED                                                                                                 \
    "id=$(" BUILD_ID ") && mkdir -p buildid/$id && objcopy --only-keep-debug deep buildid/$id/debuginfo &&"    \
    " strip deep"

static const struct row rows[] = {
    {"gcc -O0", GCC("-O0")},
    {"gcc -Og", GCC("-Og")},
    {"gcc -O1", GCC("-O1")},
    {"gcc -O2", GCC("-O2")},
    {"gcc -O3", GCC("-O3")},
    {"gcc -Os", GCC("-Os")},
    {"gcc -O0, fixed addresses", GCC("-O0 -no-pie")},
    {"gcc -O2, fixed addresses", GCC("-O2 -no-pie")},
    {"gcc -O2, fixed addresses elsewhere", GCC("-O2 -no-pie -Wl,-Ttext-segment=0x12300000")},
    {"gcc -O2, frame pointers", GCC("-O2 -fno-omit-frame-pointer")},
    {"gcc -O2, link time optimization", GCC("-O2 -flto")},
    {"gcc -O3, link time optimization", GCC("-O3 -flto -fno-fat-lto-objects")},
    {"gcc DWARF 2", GCC("-O2 -gdwarf-2")},
    {"gcc DWARF 2, nothing newer", GCC("-O2 -gdwarf-2 -gstrict-dwarf"), .is_flat = true},
    {"gcc DWARF 3", GCC("-O2 -gdwarf-3")},
    {"gcc DWARF 4", GCC("-O2 -gdwarf-4")},
    {"gcc DWARF 5", GCC("-O2 -gdwarf-5")},
    {"gcc DWARF 5, 64 bits", GCC("-O2 -gdwarf-5 -gdwarf64")},
    {"gcc, units of types", GCC("-O2 -fdebug-types-section")},
    {"gcc, macros", GCC("-O2 -g3")},
    {"gcc, little information", GCC("-O2 -g1")},
    {"gcc, no assembler's line table", GCC("-O2 -gno-as-loc-support")},
    {"gcc, sections of functions", GCC("-O2 -ffunction-sections -Wl,--gc-sections")},
    {"gcc, parts of functions", GCC("-O2 -freorder-blocks-and-partition -falign-functions=1")},
    {"gcc, folders by other names", GCC("-O2 -ffile-prefix-map=$PWD=/elsewhere")},
    {"gcc, absolute names", .build = "gcc -g -O2 -o deep $PWD/deep.c"},
    {"gcc, compiled in another folder",
     .build = "mkdir out && cd out && gcc -g -O2 -c ../deep.c && gcc -o ../deep deep.o"},
    {"gcc, gold", GCC("-O2 -fuse-ld=gold"), .needs = "ld.gold"},
    {"gcc, lld", GCC("-O2 -fuse-ld=lld"), .needs = "ld.lld"},
    {"gcc, lld, fixed addresses", GCC("-O2 -fuse-ld=lld -no-pie"), .needs = "ld.lld"},
    {"gcc, checked arguments", GCC("-O2 -D_FORTIFY_SOURCE=2"), .is_fortified = true},
    {"gcc, checked arguments, link time optimization", GCC("-O3 -flto -D_FORTIFY_SOURCE=2"),
     .is_fortified = true},
    {"gcc, checked arguments, large files", GCC("-O2 -D_FORTIFY_SOURCE=2 -D_FILE_OFFSET_BITS=64"),
     .is_fortified = true},
    {"gcc, hardened",
     GCC("-O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fcf-protection -fstack-clash-protection"
         " -Wl,-z,relro,-z,now -Wl,-z,separate-code"),
     .is_fortified = true},
    {"clang -O0", CLANG("-O0")},
    {"clang -O1", CLANG("-O1")},
    {"clang -O2", CLANG("-O2")},
    {"clang -O3", CLANG("-O3")},
    {"clang -Os", CLANG("-Os")},
    {"clang -O2, fixed addresses", CLANG("-O2 -no-pie")},
    {"clang DWARF 4", CLANG("-O2 -gdwarf-4")},
    {"clang DWARF 5", CLANG("-O2 -gdwarf-5")},
    {"clang, addresses of units", CLANG("-O2 -gdwarf-aranges")},
    {"clang, only line tables", CLANG("-O2 -gline-tables-only")},
    {"clang, checked arguments", CLANG("-O2 -D_FORTIFY_SOURCE=2")},
    {"clang, link time optimization", .build = "clang -g -O2 -flto -fuse-ld=lld -o deep deep.c",
     .needs = "ld.lld"},
    {"clang, lld", .build = "clang -g -O2 -fuse-ld=lld -ffunction-sections -Wl,--icf=all -o deep deep.c",
     .needs = "ld.lld"},
    {"compressed", GCC("-O2 -gz=zlib")},
    {"compressed, the old way", GCC("-O2 -gz=zlib-gnu")},
    {"no addresses of units", .build = "gcc -g -O2 -o deep deep.c && objcopy -R .debug_aranges deep"},
    {"split", GCC("-O2 -gsplit-dwarf")},
    {"split, DWARF 4", GCC("-O2 -gsplit-dwarf -gdwarf-4")},
    {"split, clang", CLANG("-O2 -gsplit-dwarf -fsplit-dwarf-inlining")},
    {"split, clang, DWARF 4", CLANG("-O2 -gsplit-dwarf -gdwarf-4")},
    {"split, clang, the parts gone",
     .build =
         "clang -g -O2 -gsplit-dwarf -c deep.c && clang -o deep deep.o && cp deep deep.full && mkdir parts &&"
         " cp deep.dwo parts && rm *.dwo",
     .needs = "clang", .known = LINES},
    /* libdw reads no packages of split information before its version 0.191 */
    {"split, a package of the parts",
     .build = "gcc -g -O2 -gsplit-dwarf -gdwarf-4 -o deep deep.c && dwp -e deep -o deep.dwp && rm *.dwo",
     .needs = "dwp", .known = LINES},
    {"split, clang, a package of the parts",
     .build =
         "clang -g -O2 -gsplit-dwarf -gdwarf-4 -o deep deep.c && llvm-dwp-14 -e deep -o deep.dwp && rm *.dwo",
     .needs = "llvm-dwp-14", .known = LINES},
    {"dwz", .build = BUILT "dwz deep", .needs = "dwz"},
    {"dwz, a file for several",
     .build = "gcc -g -O2 -o deep deep.c && cp deep deep.full && cp deep other && dwz -m common deep other",
     .needs = "dwz", .ask = "deep.full"},
    {"stripped", .build = BUILT "strip deep", .known = NOTHING},
    {"stripped of lines", .build = BUILT "strip -g deep", .ask = "deep.full", .known = SYMBOLS},
    {"compiled without", .build = "gcc -O2 -o deep deep.c", .known = SYMBOLS},
    {"a debug file beside",
     .build = BUILT "objcopy --only-keep-debug deep deep.debug && strip deep &&"
                    " objcopy --add-gnu-debuglink=deep.debug deep",
     .ask = "deep.full"},
    {"a debug file in .debug",
     .build =
         BUILT "mkdir .debug && objcopy --only-keep-debug --compress-debug-sections deep .debug/deep.debug &&"
               " strip deep && objcopy --add-gnu-debuglink=.debug/deep.debug deep",
     .ask = "deep.full"},
    {"a debug file of another build",
     .build = BUILT
     "gcc -g -O2 -DOTHER -Wl,--build-id=0x1234 -o other deep.c && objcopy --only-keep-debug other deep.debug &&"
     " strip deep && objcopy --add-gnu-debuglink=deep.debug deep",
     .known = NOTHING},
    {"a small symbol table, packed",
     .build = BUILT
     "nm deep --format=posix --defined-only | awk '$2 == \"T\" || $2 == \"t\" { print $1 }' >keep &&"
     " objcopy -S --remove-section .comment --keep-symbols=keep deep small && strip deep && xz -k small &&"
     " objcopy --add-section .gnu_debugdata=small.xz deep",
     .ask = "deep.full", .known = SYMBOLS},
    {"a debug file elsewhere",
     .build = BUILT "id=$(" BUILD_ID
                    ") && rest=${id#??} && folder=debug/.build-id/${id%$rest} && mkdir -p $folder &&"
                    " objcopy --only-keep-debug deep $folder/$rest.debug && strip deep",
     .ask = "deep.full", .option = "--debug-path=debug"},
    {"a debug file on a server", .build = BUILT SERVED, .ask = "deep.full", .option = "--debuginfod"},
    {"a debug file on a server that is not asked", .build = BUILT SERVED, .known = NOTHING},
    {"gone, but on a server", .build = BUILT SERVED " && cp deep.full buildid/$id/executable",
     .ask = "deep.full", .option = "--debuginfod", .command = "./deep; rm deep"},
    {"gone", .build = BUILT "true", .known = NOTHING, .ask = "deep.full", .command = "./deep; rm deep"},
    {"replaced by another build", .build = BUILT "(echo; cat deep.c) >other.c && gcc -g -O2 -o other other.c",
     .known = NOTHING, .command = "./deep; mv other deep"},
    {"in a library", .build = "gcc -g -O2 -DLIBRARY -fPIC -shared -o libdeep.so deep.c &&"
                              " gcc -g -O1 -o deep host.c -L. -ldeep -Wl,-rpath,$PWD"},
    {"in a library, clang",
     .build = "clang -g -O2 -DLIBRARY -fPIC -shared -o libdeep.so deep.c &&"
              " clang -g -O1 -o deep host.c -L. -ldeep -Wl,-rpath,$PWD",
     .needs = "clang"},
    {"in a library that is gone again",
     .build = "gcc -g -O2 -DLIBRARY -fPIC -shared -o libdeep.so deep.c && gcc -g -O1 -DLOADS -o deep host.c"},
    {"g++ -O0", GXX("-O0")},
    {"g++ -O2", GXX("-O2")},
    {"g++ -O3", GXX("-O3")},
    {"g++ -O2, link time optimization", GXX("-O2 -flto")},
    {"g++ -O2, split", GXX("-O2 -gsplit-dwarf")},
    {"g++ -O2, units of types", GXX("-O2 -fdebug-types-section -gdwarf-4")},
    {"clang++ -O0", CLANGXX("-O0")},
    {"clang++ -O2", CLANGXX("-O2")},
    {"clang++ -O3, DWARF 4", CLANGXX("-O3 -gdwarf-4")},
    {"rustc", RUST("-C opt-level=0")},
    {"rustc -O", RUST("-O")},
    {"rustc, newer symbols", RUST("-C symbol-mangling-version=v0")},
    {"rustc -O, link time optimization", RUST("-O -C lto=fat")},
};
enum { ROWS = sizeof rows / sizeof *rows };

static char here[600]; /* folder of one row, with the sources */
static const char *tool;

__attribute__((format(printf, 1, 2))) static int shell(const char *format, ...) {
    char command[LONGEST];
    int used = snprintf(command, sizeof command, "cd '%s' && ", *here ? here : "/");
    va_list list;
    va_start(list, format);
    vsnprintf(command + used, sizeof command - (size_t)used, format, list);
    va_end(list);
    return system(command);
}

/* A name alone may be that of a stand-in for what is not installed. */
static bool is_here(const char *program) { return shell("%s --version >/dev/null 2>&1", program) == 0; }

/* --- what llvm-symbolizer says -----------------------------------------------------------------------------
 */

struct answer {
    char function[LONGEST], file[LONGEST];
    unsigned line, column;
};

/* Frames at one address, the innermost first. */
struct answers {
    struct answer *list;
    size_t count;
};

/* Replaces what is between `from` and `to` and these themselves, everywhere. */
static void replace(char *name, const char *from, const char *to, const char *by) {
    for (char *start = name, *end; (start = strstr(start, from)); start += strlen(by)) {
        end = strstr(start + strlen(from), to);
        if (!end)
            return;
        end += strlen(to);
        memmove(start + strlen(by), end, strlen(end) + 1);
        memcpy(start, by, strlen(by));
    }
}

/* What both write in their own way: the hash and the brackets of Rust's older symbols, the marks of changed
 * copies, the names of closures (their arguments are behind them, or inside), blanks between >. */
static void normalize(char *name) {
    size_t length = strlen(name);
    if (length > 19 && strncmp(name + length - 19, "::h", 3) == 0)
        name[length - 19] = '\0';
    static const char *const copies[] = {" (.", ".isra.", ".part.", ".constprop.", ".cold", ".lto_priv."};
    for (size_t i = 0; i < sizeof copies / sizeof *copies; i++)
        name[strlen(name) - (strstr(name, copies[i]) ? strlen(strstr(name, copies[i])) : 0)] = '\0';
    replace(name, "__second_sect_of_", "", ""); /* DWARF 2 knows no function in two parts */
    replace(name, "$LT$", "", "<");
    replace(name, "$GT$", "", ">");
    replace(name, "{lambda(", "#1}", "'lambda'(int)");
    char *to = name;
    for (char *from = name; *from; from++)
        if (!(*from == ' ' && from[1] == '>'))
            *to++ = *from;
    *to = '\0';
}

static void take_line(char *line, size_t bytes, FILE *from) {
    ck_assert_ptr_nonnull(fgets(line, (int)bytes, from));
    line[strcspn(line, "\n")] = '\0';
}

/* "/folder/file.c:12:3" */
static void read_place(struct answer *answer, FILE *from) {
    take_line(answer->file, sizeof answer->file, from);
    char *column = strrchr(answer->file, ':');
    ck_assert_ptr_nonnull(column);
    *column++ = '\0';
    char *line = strrchr(answer->file, ':');
    ck_assert_ptr_nonnull(line);
    *line++ = '\0';
    answer->line = (unsigned)atoi(line);
    answer->column = (unsigned)atoi(column);
}

/* Of one address, up to the empty line. */
static struct answers read_answers(FILE *from) {
    struct answers answers = {calloc(MOST_ANSWERS, sizeof *answers.list), 0};
    for (struct answer *answer = answers.list;; answer++) {
        take_line(answer->function, sizeof answer->function, from);
        if (!*answer->function)
            break;
        normalize(answer->function);
        read_place(answer, from);
        ck_assert_uint_lt(++answers.count, MOST_ANSWERS);
    }
    ck_assert_uint_gt(answers.count, 0);
    return answers;
}

static bool is_of_libc(const struct answer *answer) {
    return strstr(answer->file, "/include/") && strstr(answer->file, "/bits/") &&
           !strstr(answer->file, "/c++/");
}

/* Calls in headers of libc that were inlined into the program's. */
static size_t drop_headers(struct answers *answers) {
    size_t dropped = 0;
    while (dropped + 1 < answers->count && is_of_libc(&answers->list[dropped]))
        dropped++;
    answers->count -= dropped;
    memmove(answers->list, answers->list + dropped, answers->count * sizeof *answers->list);
    return dropped;
}

/* --- what the report says ----------------------------------------------------------------------------------
 */

static const char *text(const json_t *frame, const char *key) {
    const char *value = json_string_value(json_object_get(frame, key));
    return value ? value : "??";
}

static unsigned number(const json_t *frame, const char *key) {
    return (unsigned)json_integer_value(json_object_get(frame, key));
}

/* A relative name is what the compiler was told, which llvm-symbolizer joins to the folder. */
static bool is_same_file(const char *mine, const char *other) {
    size_t length = strlen(mine), other_length = strlen(other);
    if (strncmp(mine, "../", 3) == 0)
        return is_same_file(mine + 3, other);
    if (strcmp(mine, other) == 0)
        return true;
    return *mine != '/' && other_length > length && other[other_length - length - 1] == '/' &&
           strcmp(other + other_length - length, mine) == 0;
}

static void same_function(const json_t *frame, const struct answer *answer, const char *where) {
    char function[LONGEST];
    snprintf(function, sizeof function, "%s", text(frame, "function"));
    normalize(function);
    ck_assert_msg(strcmp(function, answer->function) == 0, "%s: '%s', not '%s'", where, function,
                  answer->function);
}

static void same_line(const json_t *frame, const struct answer *answer, const char *where) {
    const char *file = text(frame, "file");
    unsigned line = number(frame, "line"), column = number(frame, "column");
    if (strcmp(file, "??") == 0 && answer->line == 0)
        return; /* code of no line: llvm-symbolizer names the file all the same */
    ck_assert_msg(is_same_file(file, answer->file), "%s: '%s', not '%s'", where, file, answer->file);
    ck_assert_msg(line == answer->line && column == answer->column, "%s: %s:%u:%u, not %u:%u", where, file,
                  line, column, answer->line, answer->column);
}

static void nothing(const json_t *frame, const char *key, const char *where) {
    ck_assert_msg(json_is_null(json_object_get(frame, key)), "%s: %s '%s'", where, key, text(frame, key));
}

/* `frames`: of one address. */
static void compare(const struct row *row, json_t *const *frames, size_t count, const struct answers *answers,
                    const char *where) {
    const struct answer *outermost = &answers->list[answers->count - 1];
    size_t many = row->known == ALL ? answers->count : 1;
    ck_assert_msg(count == many, "%s: %zu frames, not %zu: %s", where, count, many, answers->list->function);
    for (size_t i = 0; row->known == ALL && i < count; i++) {
        same_function(frames[i], &answers->list[i], where);
        same_line(frames[i], &answers->list[i], where);
        ck_assert_msg(json_is_true(json_object_get(frames[i], "inlined")) == (i + 1 < count), "%s: inlined",
                      where);
    }
    if (row->known == LINES || row->known == SYMBOLS)
        same_function(frames[0], outermost, where);
    if (row->known == LINES)
        same_line(frames[0], answers->list, where);
    if (row->known == SYMBOLS || row->known == NOTHING)
        nothing(frames[0], "file", where);
    if (row->known == NOTHING)
        nothing(frames[0], "function", where);
}

/* The file that frames of that module are asked about; NULL: not one of ours. */
static const char *asked(const struct row *row, const char *module) {
    const char *base = strrchr(module, '/');
    if (strncmp(module, here, strlen(here)) != 0 || !base)
        return NULL;
    return row->ask ? row->ask : base + 1;
}

/* Frames of a site that stem from one address. */
struct place {
    json_t *frames[MOST_ANSWERS];
    size_t count, first; /* first: number of the first of them */
    const char *file, *offset;
};

struct places {
    struct place list[MOST_SITES * FRAMES];
    size_t count;
};

static void add_places(struct places *places, const struct row *row, const json_t *site) {
    json_t *frames = json_object_get(site, "frames");
    size_t count = json_array_size(frames);
    for (size_t at = 0; at < FRAMES && at < count;) {
        struct place place = {.first = at};
        bool is_inlined = true;
        while (is_inlined && at < count && place.count < MOST_ANSWERS) {
            json_t *frame = json_array_get(frames, at++);
            is_inlined = json_is_true(json_object_get(frame, "inlined"));
            place.frames[place.count++] = frame;
        }
        place.file = asked(row, text(place.frames[0], "module"));
        place.offset = text(place.frames[0], "offset");
        if (!place.file)
            return; /* libc's start of programs */
        ck_assert_uint_lt(places->count, sizeof places->list / sizeof *places->list);
        places->list[places->count++] = place;
    }
}

/* One question a line; the answers come in the same order. */
static FILE *ask(const struct places *places) {
    char command[LONGEST];
    snprintf(command, sizeof command, "%s/questions", here);
    FILE *questions = fopen(command, "w");
    ck_assert_ptr_nonnull(questions);
    for (size_t i = 0; i < places->count; i++)
        fprintf(questions, "%s %s\n", places->list[i].file, places->list[i].offset);
    ck_assert_int_eq(fclose(questions), 0);
    snprintf(command, sizeof command, "cd '%s' && llvm-symbolizer-14 <questions", here);
    FILE *answers = popen(command, "r");
    ck_assert_ptr_nonnull(answers);
    return answers;
}

/* All frames up to number 3. Returns how many there were. */
static size_t compare_sites(const struct row *row, const json_t *sites) {
    static struct places places;
    size_t headers = 0, frames = 0;
    for (size_t i = 0; i < json_array_size(sites); i++)
        add_places(&places, row, json_array_get(sites, i));
    FILE *from = ask(&places);
    for (size_t i = 0; i < places.count; i++) {
        const struct place *place = &places.list[i];
        struct answers answers = read_answers(from);
        if (!place->first)
            headers += drop_headers(&answers);
        char where[LONGEST];
        snprintf(where, sizeof where, "%s: frame %zu, %s %s", row->name, place->first, place->file,
                 place->offset);
        compare(row, place->frames, place->count, &answers, where);
        frames += place->count;
        free(answers.list);
    }
    ck_assert_int_eq(pclose(from), 0);
    ck_assert_msg((headers > 0) == row->is_fortified, "%s: %zu frames in headers", row->name, headers);
    return frames;
}

/* --- what the source says ----------------------------------------------------------------------------------
 */

/* True if the innermost frames of a site, up to the first in the file, are that function and line. */
static bool is_opened_at(const json_t *site, const char *function, const char *source, unsigned line) {
    size_t i;
    json_t *frame;
    json_array_foreach(json_object_get(site, "frames"), i, frame) {
        const char *name = text(frame, "function");
        if (is_same_file(source, text(frame, "file")))
            return strstr(name, function) && number(frame, "line") == line;
    }
    return false;
}

/* Every line that says who opens there is where a site says so. */
static void compare_source(const struct row *row, const json_t *sites) {
    const char *source = row->source ? row->source : "deep.c";
    char path[LONGEST], words[LONGEST], function[LONGEST];
    snprintf(path, sizeof path, "%s/%s", here, source);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    for (unsigned line = 1; fgets(words, sizeof words, file); line++) {
        const char *marker = strstr(words, "opens ");
        if (!marker || !strchr(words, ';') || sscanf(marker, "opens %4000[^*\n]", function) != 1)
            continue;
        for (size_t end = strlen(function); end && isspace((unsigned char)function[end - 1]);)
            function[--end] = '\0';
        bool found = false;
        for (size_t i = 0; i < json_array_size(sites) && !found; i++)
            found = is_opened_at(json_array_get(sites, i), function, source, line);
        ck_assert_msg(found, "%s: no site is %s at line %u", row->name, function, line);
    }
    fclose(file);
}

/* --- the tests ---------------------------------------------------------------------------------------------
 */

/* Runs it under leftopen, with a server for debug files that is a folder. */
static json_t *report_of(const char *name, const char *option, const char *const *command) {
    char servers[LONGEST], cache[LONGEST];
    const char *words[8] = {tool, "--format=json", option ? option : "--color=never"};
    for (size_t i = 0; command[i]; i++)
        words[3 + i] = command[i];
    snprintf(servers, sizeof servers, "DEBUGINFOD_URLS=file://%s", here);
    snprintf(cache, sizeof cache, "DEBUGINFOD_CACHE_PATH=%s/cache", here);
    struct run done =
        run(&(struct run_request){.words = words, .folder = here, .environment = {servers, cache}});
    ck_assert_msg(done.status == 23, "%s: %d %s", name, done.status, done.error);
    ck_assert_int_eq(strstr(done.error, "leftopen: debuginfod: ") != NULL,
                     option && strcmp(option, "--debuginfod") == 0);
    json_error_t error;
    const char *start = strchr(done.error, '{');
    json_t *report = json_loads(start ? start : "", 0, &error);
    ck_assert_msg(report, "%s: %s in %s", name, error.text, done.error);
    run_free(&done);
    return report;
}

static void make_folder(const char *name) {
    char sources[LONGEST], command[LONGEST * 2];
    snprintf(here, sizeof here, "%s/%s", run_folder(), name);
    ck_assert_ptr_nonnull(getcwd(sources, sizeof sources));
    snprintf(command, sizeof command, "mkdir -p '%s' && cp '%s'/tests/names/* '%s'", here, sources, here);
    ck_assert_int_eq(system(command), 0);
}

static void build(const char *name, const char *commands) {
    ck_assert_msg(shell("{ %s; } >build.log 2>&1 || { cat build.log; false; }", commands) == 0,
                  "%s cannot be built", name);
}

START_TEST(names_agree) {
    const struct row *row = &rows[_i];
    char number[16];
    snprintf(number, sizeof number, "%d", _i);
    make_folder(number);
    if (row->needs && !is_here(row->needs))
        SKIP_TEST(row->name);
    build(row->name, row->build);
    json_t *report =
        report_of(row->name, row->option,
                  row->command ? WORDS("sh", "-c", row->command) : WORDS("./deep", "./libdeep.so"));
    json_t *sites = json_object_get(report, "sites");
    ck_assert_uint_ge(json_array_size(sites), 3);
    ck_assert_uint_ge(compare_sites(row, sites), 8);
    if (row->known == ALL && !row->is_flat)
        compare_source(row, sites);
    json_decref(report);
}
END_TEST

/* The function and module of frame 1 of the only site. */
static void made_frame(const char *function, const char *module, const char *const *command) {
    json_t *report = report_of("made", NULL, command), *sites = json_object_get(report, "sites");
    ck_assert_uint_eq(json_array_size(sites), 1);
    json_t *frames = json_object_get(json_array_get(sites, 0), "frames");
    ck_assert_str_eq(text(json_array_get(frames, 0), "function"), "open_it");
    ck_assert_str_eq(text(json_array_get(frames, 1), "function"), function);
    ck_assert_str_eq(text(json_array_get(frames, 1), "module"), module);
    char list[64];
    json_t *process = json_object_get(report, "process");
    snprintf(list, sizeof list, "/tmp/perf-%u.map", number(process, "pid"));
    ck_assert_int_eq(unlink(list), 0);
    json_decref(report);
}

START_TEST(made_code_is_named_by_its_list) {
    make_folder("made");
    build("made", "gcc -g -O1 -o made made.c");
    made_frame("JS:~openIt /srv/app.js:2:16", "[jit]", WORDS("./made"));
    made_frame("??", "??", WORDS("./made", "old"));
}
END_TEST

START_TEST(a_server_that_is_away_costs_names_only) {
    make_folder("away");
    build("away", "gcc -g -O2 -o deep deep.c && strip deep");
    struct run done = run(&(struct run_request){
        .words = WORDS(tool, "--debuginfod", "./deep"),
        .folder = here,
        .environment = {"DEBUGINFOD_URLS=http://127.0.0.1:9/", "DEBUGINFOD_CACHE_PATH=cache"}});
    ck_assert_int_eq(done.status, 23);
    ck_assert_uint_eq(run_count(done.error, "not asked any more"), 1);
    ck_assert_uint_eq(run_count(done.error, "SUMMARY: "), 1);
    run_free(&done);
    done = run(&(struct run_request){.words = WORDS(tool, "--debuginfod", "./deep"), .folder = here});
    ck_assert_uint_eq(run_count(done.error, "DEBUGINFOD_URLS names no server"), 1);
    run_free(&done);
}
END_TEST

/* How often `part` is in the text report of ./deep. */
static unsigned count_in_report(const char *const *options, const char *part) {
    const char *words[8] = {tool};
    size_t count = 1;
    for (; options[count - 1]; count++)
        words[count] = options[count - 1];
    words[count] = "./deep";
    struct run done = run(&(struct run_request){.words = words, .folder = here});
    ck_assert_int_eq(done.status, 23);
    unsigned found = run_count(done.error, part);
    run_free(&done);
    return found;
}

START_TEST(the_source_stands_under_its_frame) {
    static const char line[] = "in_loop deep.c:63:16 (deep+";
    static const char text[] = "\n          63 | file = open(name, O_RDONLY); /* opens in_loop */\n    #1 ";
    make_folder("source");
    build("source", "gcc -g -O2 -o deep deep.c");
    ck_assert_uint_eq(count_in_report(WORDS("--source"), line), 1);
    ck_assert_uint_eq(count_in_report(WORDS("--source"), text), 1);
    ck_assert_uint_eq(count_in_report(WORDS("--source=0"), " | "), 0);
    build("source", "mkdir moved && mv deep.c moved");
    ck_assert_uint_eq(count_in_report(WORDS("--source"), " 63 | "), 0);
    ck_assert_uint_eq(count_in_report(WORDS("--source", "--source-root=moved"), text), 1);
    build("source",
          "touch -d '1 hour' moved/deep.c"); /* what is newer than the program may say something else */
    ck_assert_uint_eq(count_in_report(WORDS("--source", "--source-root=moved"), line), 1);
    ck_assert_uint_eq(count_in_report(WORDS("--source", "--source-root=moved"), " 63 | "), 0);
}
END_TEST

START_TEST(files_are_links_where_asked_for) {
    make_folder("links");
    build("links", "gcc -g -O2 -o deep deep.c");
    ck_assert_uint_eq(
        count_in_report(WORDS("--links=always"), "/links/deep.c\033\\deep.c:63:16\033]8;;\033\\ ("), 1);
    ck_assert_uint_eq(count_in_report(WORDS("--links=always", "--redact=path"), "\033"), 0);
    ck_assert_uint_eq(count_in_report(WORDS("--links=always", "--format=json"), "u001b"), 0);
    ck_assert_uint_eq(count_in_report(WORDS("--color=never"), "\033"), 0);
}
END_TEST

int main(void) {
    tool = run_built("leftopen");
    Suite *suite = suite_create("names");
    TCase *tests = tcase_create("names");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, names_agree, 0, ROWS);
    tcase_add_test(tests, made_code_is_named_by_its_list);
    tcase_add_test(tests, a_server_that_is_away_costs_names_only);
    tcase_add_test(tests, the_source_stands_under_its_frame);
    tcase_add_test(tests, files_are_links_where_asked_for);
    suite_add_tcase(suite, tests);
    run_folder();
    return suite_run(suite);
}
