/* objects.c - handles without a descriptor that need more than a line: arguments that are there only sometimes,
 * results behind pointers, old memory that turns into new. */
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>

#include "shim/context.h"
#include "shim/effects.h"
#include "shim/real.h"

EXPORT mqd_t mq_open(const char *name, int flags, ...) {
    mode_t mode = 0;
    struct mq_attr *attributes = NULL;
    if (flags & O_CREAT) {
        va_list list;
        va_start(list, flags);
        mode = va_arg(list, mode_t);
        attributes = va_arg(list, struct mq_attr *);
        va_end(list);
    }
    if (!context_is_watched())
        return real.mq_open(name, flags, mode, attributes);
    tracker_acquiring();
    mqd_t result = real.mq_open(name, flags, mode, attributes);
    acquired_named(result, RECORD_KIND_MQUEUE, "mq_open", CALLER, -1, name);
    return result;
}

EXPORT int timer_create(clockid_t clock, struct sigevent *event, timer_t *timer) {
    bool watched = context_is_watched();
    int result = real.timer_create(clock, event, timer);
    if (result == 0 && watched)
        tracker_acquired_object(timer_handle(*timer), RECORD_KIND_TIMER, -1, false, "timer_create", CALLER,
                                NULL);
    return result;
}

EXPORT void *mremap(void *at, size_t bytes, size_t wanted, int flags, ...) {
    va_list list;
    va_start(list, flags);
    void *place = flags & MREMAP_FIXED ? va_arg(list, void *) : NULL;
    va_end(list);
    if (!context_is_watched() || !tracker_wants(RECORD_KIND_MAPPING))
        return real.mremap ? real.mremap(at, bytes, wanted, flags, place)
                           : RAW_ADDRESS(SYS_mremap, at, bytes, wanted, flags, place);
    tracker_unmapping(at, bytes, CALLER);
    void *result = real.mremap(at, bytes, wanted, flags, place);
    bool moved = result != MAP_FAILED && result != at;
    tracker_unmapped(at, bytes, moved && !(flags & MREMAP_DONTUNMAP));
    if (moved)
        tracker_mapped(result, wanted, flags & MREMAP_FIXED, "mremap", CALLER);
    else if (result == at)
        tracker_mapping_resized(at, bytes, wanted, CALLER);
    return result;
}
