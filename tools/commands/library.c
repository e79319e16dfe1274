/* library.c - see library.h. */
#include "tools/commands/library.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/records/folder.h"

#define LIBRARY "libleftopen.so"
#ifndef PREFIX_LIBDIR
#define PREFIX_LIBDIR "/usr/local/lib"
#endif
#if defined __x86_64__
#define TRIPLET "x86_64-linux-gnu"
#elif defined __aarch64__
#define TRIPLET "aarch64-linux-gnu"
#endif

/* Where it may be; what does not start with a slash is relative to the folder of the tool. */
static const char *const places[] = {
    LIBRARY,
    "../lib/leftopen/" LIBRARY,
    "../lib/" TRIPLET "/leftopen/" LIBRARY,
    PREFIX_LIBDIR "/leftopen/" LIBRARY,
};

/* The folder that the tool itself is in, without a slash at the end. Owned by the caller. */
static char *own_folder(void) {
    char *self = realpath("/proc/self/exe", NULL);
    if (!self) /* no /proc: how we were called */
        self = realpath((const char *)getauxval(AT_EXECFN), NULL);
    char *slash = self ? strrchr(self, '/') : NULL;
    if (slash)
        *slash = '\0';
    return self ? self : memory_copy("");
}

char *library_find(void) {
    char *folder = own_folder(), *library = NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places && !library; i++) {
        char *place = *places[i] == '/' ? memory_copy(places[i]) : memory_format("%s/%s", folder, places[i]);
        library = realpath(place, NULL);
        free(place);
    }
    if (!library)
        warning(LIBRARY " was not found: neither in %s, nor in ../lib/leftopen or ../lib/" TRIPLET
                        "/leftopen from there, nor in " PREFIX_LIBDIR "/leftopen",
                folder);
    free(folder);
    return library;
}

static bool can_be_preloaded(const char *path) { return path[strcspn(path, " \t\n:$")] == '\0'; }

/* A path to the library that LD_PRELOAD can carry. Owned by the caller; NULL with a message. */
static char *preloadable_path(const char *library, const char *folder) {
    if (can_be_preloaded(library))
        return memory_copy(library);
    char *name = memory_format("%s/" FOLDER_LIBRARY, folder);
    if (can_be_preloaded(name) && (symlink(library, name) == 0 || errno == EEXIST))
        return name;
    warning("the path %s has a blank, a colon or a dollar sign, which LD_PRELOAD cannot express, and %s cannot "
            "stand "
            "for it: %s",
            library, name, can_be_preloaded(name) ? strerror(errno) : "it has one too");
    free(name);
    return NULL;
}

static bool starts_with_word(const char *list, const char *word) {
    size_t length = strlen(word);
    return strncmp(list, word, length) == 0 && strchr(": \t\n", list[length]);
}

char *library_preload(const char *library, const char *folder) {
    char *path = preloadable_path(library, folder);
    const char *before = getenv("LD_PRELOAD");
    if (!path || !before || !*before)
        return path;
    char *all = starts_with_word(before, path) ? memory_copy(before) : memory_format("%s:%s", path, before);
    free(path);
    return all;
}
