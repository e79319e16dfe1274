/* demangle.c - see demangle.h. libiberty does C++, Rust's legacy scheme and Rust's v0. */
#include "tools/names/demangle.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

#include "tools/basics/memory.h"

/* What GCC and LLVM append to the symbol of a changed copy or a part of a function. */
static const char *const clone_suffixes[] = {".isra",     ".part", ".constprop",  ".cold",
                                             ".lto_priv", ".llvm", ".localalias", ".specialized"};

static bool is_clone_suffix(const char *dot) {
    for (size_t i = 0; i < sizeof clone_suffixes / sizeof *clone_suffixes; i++) {
        size_t bytes = strlen(clone_suffixes[i]);
        if (strncmp(dot, clone_suffixes[i], bytes) == 0 && (dot[bytes] == '.' || dot[bytes] == '\0'))
            return true;
    }
    return false;
}

static size_t bytes_without_suffix(const char *symbol) {
    size_t bytes = strlen(symbol);
    for (size_t i = 1; i < bytes; i++)
        if ((symbol[i] == '.' && is_clone_suffix(symbol + i)) || symbol[i] == '@')
            return i;
    return bytes;
}

char *demangle(const char *symbol) {
    char *bare = memory_copy_bytes(symbol, bytes_without_suffix(symbol));
    char *readable = bare[0] == '_' ? cplus_demangle(bare, DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO) : NULL;
    if (!readable)
        return bare;
    free(bare);
    return readable;
}
