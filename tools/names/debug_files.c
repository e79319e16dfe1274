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

/* To be asked before libdwfl is: where it finds nothing it loads its client for servers, with all that this one
 * needs, though there is no server (elfutils 0.188: half of a report's time). */

static bool exists(char *path) {
    bool is_there = access(path, F_OK) == 0;
    free(path);
    return is_there;
}

/* In the folder or one of those in it that the directory's last parts name. */
static bool is_below(const char *folder, const char *directory, const char *name) {
    for (const char *rest = directory; rest; rest = *rest ? strchr(rest + 1, '/') : NULL)
        if (exists(memory_format("%s%s/%s", folder, rest, name)))
            return true;
    return exists(memory_format("%s/%s", folder, name));
}

static bool is_near(const struct debug_files *files, const char *file, const char *link) {
    const char *base = strrchr(file, '/');
    if (!base || (link && strchr(link, '/')))
        return true; /* nothing that is known here */
    char *directory = memory_format("%.*s", (int)(base - file), file);
    char *name = link && *link ? memory_copy(link) : memory_format("%s.debug", base + 1);
    bool found = exists(memory_format("%s/%s", directory, name)) ||
                 exists(memory_format("%s/.debug/%s", directory, name)) ||
                 is_below("/usr/lib/debug", directory, name) ||
                 (*files->folder && is_below(files->folder, directory, name));
    free(name);
    free(directory);
    return found;
}

static bool is_by_build_id(const struct debug_files *files, const char *build_id) {
    char *place;
    for (size_t number = 0; build_id && (place = debug_files_place(files, build_id, number)); number++)
        if (exists(place))
            return true;
    return false;
}

/* False: libdwfl would find nothing. */
static bool may_be_here(const struct debug_files *files, const char *build_id, const char *file,
                        const char *link) {
    if (!file || is_by_build_id(files, build_id) || is_near(files, file, link))
        return true;
    char *real = realpath(file, NULL);
    bool found = real && strcmp(real, file) != 0 && is_near(files, real, link);
    free(real);
    return found;
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

static char *build_id_of(Dwfl_Module *module) {
    const unsigned char *bits;
    GElf_Addr address;
    int bytes = dwfl_module_build_id(module, &bits, &address);
    char *build_id = bytes > 0 ? memory_new((size_t)bytes * 2 + 1, 1) : NULL;
    for (int i = 0; i < bytes; i++)
        sprintf(build_id + 2 * i, "%02x", bits[i]);
    return build_id;
}

/* What libdwfl does by itself; then the servers. The C library's is not worth the way: see image_frames. */
static int find_debug_file(Dwfl_Module *module, void **context, const char *name, Dwarf_Addr base,
                           const char *file, const char *link, GElf_Word checksum, char **found) {
    struct debug_files *files = *context;
    char *build_id = build_id_of(module);
    int here = -1;
    if (may_be_here(files, build_id, file, link))
        here = dwfl_standard_find_debuginfo(module, context, name, base, file, link, checksum, found);
    struct fetch *fetch = here < 0 && build_id && file && !symbols_is_libc(file) ? fetch_of(files) : NULL;
    if (fetch)
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
