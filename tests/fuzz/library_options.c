/* library_options.c - any text as LEFTOPEN_OPTIONS of the library. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tracker/parent.h"
#include "tracker/settings.h"

/* The first process is who tells of mistakes. */
bool parent_is_watched(void) { return false; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct settings standard;
    static int begun;
    if (!begun++)
        standard = settings;
    settings = standard;
    char *string = calloc(1, size + 1);
    memcpy(string, data, size);
    settings_read(string);
    MUST(settings.depth >= 1 && settings.depth <= 128);
    settings_take_program("server");
    settings_want_kind("socket", true);
    settings_want_kind("library", false);
    free(string);
    return 0;
}
