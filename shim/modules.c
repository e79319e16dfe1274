/* modules.c - what changes the list of modules, or of threads. dlopen is not wrapped: it looks at its caller
 * ($ORIGIN, RUNPATH, the namespace), which would be us. Modules are found when a stack leads into them. */
#include "shim/context.h"
#include "shim/real.h"
#include "tracker/tracker.h"

EXPORT int dlclose(void *handle);
EXPORT int dlclose(void *handle) {
    int result = real.dlclose(handle);
    if (context_is_watched())
        tracker_modules_changed();
    return result;
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                          void *argument) {
    if (context_is_watched())
        tracker_thread_begin();
    return real.pthread_create(thread, attributes, start, argument);
}
