/* modules.c - libraries and threads.
 *
 * dlopen looks at its caller ($ORIGIN, RUNPATH, the namespace), which would be us: entry.S jumps on without a
 * frame of ours. Only where libraries are to be recorded (option kinds) and the caller makes no difference it
 * is called from here. For stacks neither is needed: modules are found when a stack leads into them.
 */
#include <elf.h>
#include <link.h>

#include "shim/context.h"
#include "shim/effects.h"
#include "shim/real.h"

/* Looked at by entry.S. */
bool modules_are_wanted __attribute__((visibility("hidden")));

/* True if the loader would look for this file in the same way whoever asked. */
bool modules_may_stand_between(const char *file, uintptr_t caller) __attribute__((visibility("hidden")));
bool modules_may_stand_between(const char *file, uintptr_t caller) {
    struct dl_find_object object;
    if (!file || !context_is_watched())
        return false;
    bool plain_path = false;
    for (const char *c = file; *c; c++) {
        plain_path |= *c == '/';
        if (*c == '$')
            return false;
    }
    if (plain_path)
        return true;
    if (_dl_find_object((void *)caller, &object))
        return false;
    const ElfW(Dyn) *entry = object.dlfo_link_map->l_ld;
    for (; entry && entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_RUNPATH || entry->d_tag == DT_RPATH)
            return false;
    return true;
}

static void opened_module(void *handle, const char *call, uintptr_t caller) {
    struct link_map *module;
    if (handle && tracker_wants(RECORD_KIND_LIBRARY))
        tracker_referenced_object(handle, RECORD_KIND_LIBRARY, call, caller);
    if (handle && tracker_wants_uses() && dlinfo(handle, RTLD_DI_LINKMAP, &module) == 0)
        uses_reach(module);
}

void *modules_open(const char *file, int mode) __attribute__((visibility("hidden")));
void *modules_open(const char *file, int mode) {
    void *result = real.dlopen(file, mode);
    opened_module(result, "dlopen", CALLER);
    return result;
}

void *modules_open_in(Lmid_t space, const char *file, int mode) __attribute__((visibility("hidden")));
void *modules_open_in(Lmid_t space, const char *file, int mode) {
    void *result = real.dlmopen(space, file, mode);
    opened_module(result, "dlmopen", CALLER);
    return result;
}

/* Called by entry.S where calls will go past us. */
void modules_note(int mode) __attribute__((visibility("hidden")));
void modules_note(int mode) {
    if (context_is_watched())
        tracker_noted(mode & RTLD_DEEPBIND ? RECORD_NOTE_DEEP_BINDING : RECORD_NOTE_NAMESPACE);
}

EXPORT int dlclose(void *handle) {
    bool watched = context_is_watched();
    int result = real.dlclose(handle);
    if (!watched)
        return result;
    if (result == 0 && tracker_wants(RECORD_KIND_LIBRARY))
        tracker_unreferenced_object(handle, CALLER);
    tracker_modules_changed();
    return result;
}

/* Who asks a library for a function by name (ctypes, JNA, Fiddle, plug-ins) is given what a call by that name
 * reaches. Where it is another's function that stands in front of libc's, that one asks, and gets libc's. */
void *modules_find(void *handle, const char *name) __attribute__((visibility("hidden")));
void *modules_find(void *handle, const char *name) {
    void *found = real.dlsym(handle, name);
    void *wrapper = found && context_watching ? real_wrapper(found) : NULL;
    return wrapper ? wrapper : found;
}

/* A thread that was made detached is nobody's to join. */
static void thread_made(pthread_t thread, const pthread_attr_t *attributes, const char *call,
                        uintptr_t caller) {
    int state = PTHREAD_CREATE_JOINABLE;
    if (attributes)
        pthread_attr_getdetachstate(attributes, &state);
    if (state == PTHREAD_CREATE_JOINABLE)
        tracker_acquired_object((const void *)thread, RECORD_KIND_THREAD, -1, false, call, caller, NULL);
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                          void *argument) {
    bool watched = context_is_watched();
    if (watched)
        tracker_thread_begin();
    int result = real.pthread_create(thread, attributes, start, argument);
    if (watched && result == 0 && tracker_wants(RECORD_KIND_THREAD))
        thread_made(*thread, attributes, "pthread_create", CALLER);
    return result;
}

EXPORT int thrd_create(thrd_t *thread, thrd_start_t start, void *argument) {
    bool watched = context_is_watched();
    if (watched)
        tracker_thread_begin();
    int result = real.thrd_create(thread, start, argument);
    if (watched && result == thrd_success && tracker_wants(RECORD_KIND_THREAD))
        thread_made(*thread, NULL, "thrd_create", CALLER);
    return result;
}
