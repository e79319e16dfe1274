/* debug_files.c - see debug_files.h */
#include "tools/names/debug_files.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/basics/memory.h"
#include "tools/names/fetch.h"
#include "tools/names/symbols.h"

struct debug_files {
    const char *folder; /* of the option; "" none */
    char *search_path;  /* in libdwfl's form */
    Dwfl_Callbacks callbacks;
    bool asks_servers; /* none of them was needed so far where `fetch` is NULL */
    struct fetch *fetch;
};

/* --- here ------------------------------------------------------------------------------------------------- */

char *debug_files_place(const struct debug_files *files, const char *build_id, size_t number) {
    static const char *const endings[] = {"", ".debug"};
    enum { ENDINGS = sizeof endings / sizeof *endings };
    const char *folders[] = {"/usr/lib/debug", files->folder};
    size_t count = *files->folder ? 2 : 1;
    if (strlen(build_id) < 4 || number >= count * ENDINGS)
        return NULL;
    return memory_format("%s/.build-id/%.2s/%s%s", folders[number / ENDINGS], build_id, build_id + 2,
                         endings[number % ENDINGS]);
}

/* --- on servers ------------------------------------------------------------------------------------------- */

/* libdw would ask them unasked: what the environment says is taken out of it, and remembered. */
static const char *take_servers(void) {
    static char *servers;
    const char *now = getenv("DEBUGINFOD_URLS");
    if (now) {
        free(servers);
        servers = memory_copy(now);
        unsetenv("DEBUGINFOD_URLS");
    }
    return servers;
}

/* NULL: nobody is to be asked, or can be. */
static struct fetch *fetch_of(struct debug_files *files) {
    if (files->asks_servers && !files->fetch) {
        files->fetch = fetch_begin(take_servers());
        files->asks_servers = files->fetch;
    }
    return files->fetch;
}

int debug_files_fetch(struct debug_files *files, const char *build_id, const char *path) {
    char *found = NULL;
    int file = -1;
    struct fetch *fetch = strlen(build_id) < 4 ? NULL : fetch_of(files);
    for (enum fetch_what what = FETCH_DEBUG; fetch && file < 0 && what <= FETCH_CODE; what++)
        file = fetch_file(fetch, what, build_id, path, &found);
    free(found);
    return file;
}

/* What libdwfl does by itself; then the servers. The C library's is not worth the way: see image_frames. */
static int find_debug_file(Dwfl_Module *module, void **context, const char *name, Dwarf_Addr base,
                           const char *file, const char *link, GElf_Word checksum, char **found) {
    struct debug_files *files = *context;
    int here = dwfl_standard_find_debuginfo(module, context, name, base, file, link, checksum, found);
    const unsigned char *bits;
    GElf_Addr address;
    int bytes = here < 0 ? dwfl_module_build_id(module, &bits, &address) : 0;
    struct fetch *fetch = bytes > 0 && file && !symbols_is_libc(file) ? fetch_of(files) : NULL;
    if (!fetch)
        return here;
    char *build_id = memory_new((size_t)bytes * 2 + 1, 1);
    for (int i = 0; i < bytes; i++)
        sprintf(build_id + 2 * i, "%02x", bits[i]);
    here = fetch_file(fetch, FETCH_DEBUG, build_id, file, found);
    free(build_id);
    return here;
}

/* --- public ----------------------------------------------------------------------------------------------- */

const Dwfl_Callbacks *debug_files_callbacks(const struct debug_files *files) { return &files->callbacks; }

void debug_files_attach(struct debug_files *files, Dwfl_Module *module) {
    void **context;
    dwfl_module_info(module, &context, NULL, NULL, NULL, NULL, NULL, NULL);
    *context = files;
}

struct debug_files *debug_files_begin(const struct settings *settings) {
    struct debug_files *files = memory_new(1, sizeof *files);
    files->folder = settings ? settings->value[SETTING_debug_path] : "";
    files->search_path = memory_format(":.debug:/usr/lib/debug%s%s", *files->folder ? ":" : "", files->folder);
    files->callbacks =
        (Dwfl_Callbacks){.find_debuginfo = find_debug_file, .debuginfo_path = &files->search_path};
    files->asks_servers = settings && settings_flag(settings, SETTING_debuginfod);
    take_servers();
    return files;
}

void debug_files_end(struct debug_files *files) {
    if (files->fetch)
        fetch_end(files->fetch);
    free(files->search_path);
    free(files);
}
