/* fetch.c - see fetch.h */
#include "tools/names/fetch.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elfutils/debuginfod.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"
#include "tools/names/symbols.h"

/* Seconds without a byte after which a server counts as gone, where the user has not said so: a report waits.
 */
#define PATIENCE "10"

/* What is used of the library. */
static struct {
    __typeof__(&debuginfod_begin) begin;
    __typeof__(&debuginfod_end) end;
    __typeof__(&debuginfod_find_debuginfo) find[2]; /* by enum fetch_what */
    __typeof__(&debuginfod_set_progressfn) set_progress;
    __typeof__(&debuginfod_set_user_data) set_user_data;
    __typeof__(&debuginfod_get_user_data) get_user_data;
} library;

struct fetch {
    debuginfod_client *client;
    char *servers;
    bool is_lost;      /* nobody is asked any more */
    bool has_terminal; /* what is said may be written over */
    char *subject;     /* what is asked for, in words */
};

/* --- progress --------------------------------------------------------------------------------------------- */

static int say_progress(debuginfod_client *client, long done, long all) {
    const struct fetch *fetch = library.get_user_data(client);
    double megabyte = 1e6;
    if (fetch->has_terminal && all > 0)
        fprintf(stderr, "\rleftopen: debuginfod: %s: %.1f of %.1f MB\033[K", fetch->subject,
                (double)done / megabyte, (double)all / megabyte);
    return 0;
}

static void say_begin(struct fetch *fetch, enum fetch_what what, const char *path) {
    char *name = utf8_for_terminal(symbols_base_name(path));
    fetch->subject = memory_format(what == FETCH_DEBUG ? "names of %s" : "%s itself", name);
    free(name);
    fprintf(stderr, "leftopen: debuginfod: %s …%s", fetch->subject, fetch->has_terminal ? "" : "\n");
}

static void say_end(struct fetch *fetch) {
    if (fetch->has_terminal)
        fputs("\r\033[K", stderr);
    free(fetch->subject);
}

/* --- asking ----------------------------------------------------------------------------------------------- */

/* What a server says that works, and has nothing of the kind. */
static bool is_refusal(int status) { return status == -ENOENT || status == -ENOSYS; }

int fetch_file(struct fetch *fetch, enum fetch_what what, const char *build_id, const char *path,
               char **found) {
    if (fetch->is_lost)
        return -1;
    say_begin(fetch, what, path);
    setenv("DEBUGINFOD_URLS", fetch->servers, 1);
    int file = library.find[what](fetch->client, (const unsigned char *)build_id, 0, found);
    unsetenv("DEBUGINFOD_URLS");
    say_end(fetch);
    if (file >= 0)
        return file;
    if (!is_refusal(file)) {
        fetch->is_lost = true;
        warning("debuginfod: %s: %s; it is not asked any more", fetch->servers, strerror(-file));
    }
    return -1;
}

/* --- begin and end ---------------------------------------------------------------------------------------- */

static bool load(void) {
    void *handle = dlopen(DEBUGINFOD_SONAME, RTLD_NOW | RTLD_LOCAL);
    const struct {
        const char *name;
        void *function;
    } needed[] = {
        {"debuginfod_begin", &library.begin},
        {"debuginfod_end", &library.end},
        {"debuginfod_find_debuginfo", &library.find[FETCH_DEBUG]},
        {"debuginfod_find_executable", &library.find[FETCH_CODE]},
        {"debuginfod_set_progressfn", &library.set_progress},
        {"debuginfod_set_user_data", &library.set_user_data},
        {"debuginfod_get_user_data", &library.get_user_data},
    };
    for (size_t i = 0; handle && i < sizeof needed / sizeof *needed; i++)
        if (!(*(void **)needed[i].function = dlsym(handle, needed[i].name)))
            return false;
    return handle;
}

struct fetch *fetch_begin(const char *servers) {
    struct fetch *fetch = memory_new(1, sizeof *fetch);
    bool has_servers = servers && *servers;
    if (has_servers && load())
        fetch->client = library.begin();
    if (!fetch->client) {
        if (has_servers)
            warning("debuginfod: its library cannot be loaded: install the package libdebuginfod1");
        else
            warning("debuginfod: nobody can be asked: DEBUGINFOD_URLS names no server");
        free(fetch);
        return NULL;
    }
    setenv("DEBUGINFOD_TIMEOUT", PATIENCE, 0);
    library.set_user_data(fetch->client, fetch);
    library.set_progress(fetch->client, say_progress);
    fetch->has_terminal = isatty(STDERR_FILENO);
    fetch->servers = memory_copy(servers);
    return fetch;
}

void fetch_end(struct fetch *fetch) {
    library.end(fetch->client);
    free(fetch->servers);
    free(fetch);
}
