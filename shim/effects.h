/* effects.h - what a call does to the table, as two halves around the real call. In scope: `result`, `call`
 * (its name), CALLER, and the parameters of the call.
 *
 *   ACQUIRES(kind)              the result is a new descriptor
 *   ACQUIRES_NAMED(kind, path)  … opened by its path, or called so
 *   ACQUIRES_IF(kind, really)   … if the condition holds
 *   ACQUIRES_FROM(kind, fd)     … made from another one
 *   ACQUIRES_PAIR(kind, array)  two new descriptors in array[0] and array[1]
 *   REPLACES(from, to)          the result is a duplicate, put over whatever `to` was
 *   RELEASES(fd)                the descriptor is gone
 *   OPENS(kind, shape)          the result is a new stream or directory, with a new descriptor inside
 *   OPENS_NAMED(kind, shape, path)   … by this path
 *   OPENS_CHILD(kind, shape, command)   the same, and a child that executes something
 *   LIMITS                      there may be another limit of descriptors now
 *   SPAWNS                      a child that executes something
 *   LISTS(path)                 the folder is read, by libc and whole
 *   TAKES(kind, fd)             the result is a new stream or directory that owns fd from now on
 *   OPENS_UNLESS(kind, failure) the result is a new handle without a descriptor, or `failure`
 *   CLOSES(shape, object)       stream, directory or other handle and the descriptor inside are gone
 *   CLOSES_STREAM(stream, wrong)   the same for a FILE *; this call is not for handles of the kind `wrong`
 *   UNREFERENCES(object)        one of those who share the handle is done
 *   MAPS(success), UNMAPS(at)   memory; recorded only if option kinds asks for it
 *   MAPS_BYTES(bytes, flags, fd), UNMAPS_BYTES(at, bytes)   the same where the length is known
 *   JOINS(thread)               0: the thread was joined or detached; likewise
 *
 * Release: marked before the real call (the kernel may give the number to another thread before close returns),
 * settled after it. Acquire: recorded after success.
 */
#ifndef SHIM_EFFECTS_H
#define SHIM_EFFECTS_H

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shim/context.h"
#include "shim/inside.h"
#include "tracker/tracker.h"

#define BEFORE_NOTHING
#define AFTER_NOTHING

#define BEFORE_ACQUIRES(kind) tracker_acquiring();
#define AFTER_ACQUIRES(kind) acquired(result, kind, call, CALLER, -1);

#define BEFORE_ACQUIRES_NAMED(kind, path) tracker_acquiring();
#define AFTER_ACQUIRES_NAMED(kind, path) acquired_named(result, kind, call, CALLER, -1, path);

#define BEFORE_ACQUIRES_IF(kind, really)                                                                       \
    if (really)                                                                                                \
        tracker_acquiring();
#define AFTER_ACQUIRES_IF(kind, really)                                                                        \
    if (really)                                                                                                \
        acquired(result, kind, call, CALLER, -1);

#define BEFORE_ACQUIRES_FROM(kind, from) tracker_acquiring();
#define AFTER_ACQUIRES_FROM(kind, from) acquired(result, kind, call, CALLER, from);

#define BEFORE_ACQUIRES_PAIR(kind, array) tracker_acquiring();
#define AFTER_ACQUIRES_PAIR(kind, array)                                                                       \
    if (result == 0)                                                                                           \
        tracker_acquired((array)[0], kind, call, CALLER, -1, NULL);                                            \
    acquired(result == 0 ? (array)[1] : -1, kind, call, CALLER, -1);                                           \
    if (result == 0)                                                                                           \
        tracker_paired((array)[1], (array)[0]);

#define BEFORE_REPLACES(from, to)                                                                              \
    tracker_acquiring();                                                                                       \
    struct slot_ticket ticket = from == to ? (struct slot_ticket){0, 0} : tracker_replacing(to, call, CALLER);
#define AFTER_REPLACES(from, to) replaced(ticket, from, to, result, call, CALLER);

#define BEFORE_RELEASES(fd) struct slot_ticket ticket = tracker_closing(fd, call, CALLER);
#define AFTER_RELEASES(fd) released(ticket, fd, (int)result, call, CALLER);

#define BEFORE_OPENS(kind, shape) tracker_acquiring();
#define AFTER_OPENS(kind, shape) AFTER_OPENS_NAMED(kind, shape, NULL)

#define BEFORE_OPENS_NAMED(kind, shape, path) tracker_acquiring();
#define AFTER_OPENS_NAMED(kind, shape, path)                                                                   \
    opened(result, kind, result ? inside_##shape(result) : -1, call, CALLER, path);

#define BEFORE_OPENS_CHILD(kind, shape, command)                                                               \
    tracker_spawning();                                                                                        \
    tracker_acquiring();
#define AFTER_OPENS_CHILD(kind, shape, command)                                                                \
    AFTER_OPENS_NAMED(kind, shape, command)                                                                    \
    if (result)                                                                                                \
        tracker_has_child(result, inside_process(result));

#define BEFORE_LIMITS
#define AFTER_LIMITS tracker_limit_changed();

#define BEFORE_SPAWNS tracker_spawning();
#define AFTER_SPAWNS

#define BEFORE_LISTS(path) tracker_lists(path);
#define AFTER_LISTS(path)

#define BEFORE_TAKES(kind, fd)
#define AFTER_TAKES(kind, fd)                                                                                  \
    if (result)                                                                                                \
        tracker_acquired_object(result, kind, fd, true, call, CALLER, NULL);                                   \
    was_used(!result, fd, call, CALLER);

#define BEFORE_CLOSES(shape, object)                                                                           \
    struct tracker_object_ticket ticket = closing(object, inside_##shape(object), call, CALLER);
#define AFTER_CLOSES(shape, object) tracker_released_object(ticket);

#define BEFORE_CLOSES_STREAM(stream, wrong)                                                                    \
    size_t pending = inside_pending(stream);                                                                   \
    BEFORE_CLOSES(stream, stream)
#define AFTER_CLOSES_STREAM(stream, wrong)                                                                     \
    tracker_released_object(ticket);                                                                           \
    if (result == EOF)                                                                                         \
        tracker_object_close_failed(ticket, errno, pending, call, CALLER);                                     \
    tracker_released_by(ticket, wrong, call, CALLER);

#define BEFORE_OPENS_UNLESS(kind, failure)
#define AFTER_OPENS_UNLESS(kind, failure)                                                                      \
    if (result != (failure))                                                                                   \
        tracker_acquired_object(result, kind, -1, false, call, CALLER, NULL);

#define BEFORE_UNREFERENCES(object)
#define AFTER_UNREFERENCES(object)                                                                             \
    if (result == 0)                                                                                           \
        tracker_unreferenced_object(object, CALLER);

#define BEFORE_MAPS(success)
#define AFTER_MAPS(success)                                                                                    \
    if (tracker_wants(RECORD_KIND_MAPPING) && (success))                                                       \
        tracker_acquired_object(result, RECORD_KIND_MAPPING, -1, false, call, CALLER, NULL);

#define BEFORE_MAPS_BYTES(bytes, flags, fd)
#define AFTER_MAPS_BYTES(bytes, flags, fd)                                                                     \
    was_used(result == MAP_FAILED, fd, call, CALLER);                                                          \
    if (tracker_wants(RECORD_KIND_MAPPING) && result != MAP_FAILED)                                            \
        tracker_mapped(result, bytes, flags &MAP_FIXED, call, CALLER);

#define BEFORE_UNMAPS_BYTES(at, bytes)                                                                         \
    if (tracker_wants(RECORD_KIND_MAPPING))                                                                    \
        tracker_unmapping(at, bytes, CALLER);
#define AFTER_UNMAPS_BYTES(at, bytes)                                                                          \
    if (tracker_wants(RECORD_KIND_MAPPING))                                                                    \
        tracker_unmapped(at, bytes, result == 0);

#define BEFORE_IF_WANTED(kind, object)                                                                         \
    struct tracker_object_ticket ticket = {0};                                                                 \
    if (tracker_wants(kind))                                                                                   \
        ticket = tracker_releasing_object(object, -1, call, CALLER);
#define AFTER_IF_WANTED                                                                                        \
    if (result == 0)                                                                                           \
        tracker_released_object(ticket);                                                                       \
    else                                                                                                       \
        tracker_kept_object(ticket);

#define BEFORE_UNMAPS(at) BEFORE_IF_WANTED(RECORD_KIND_MAPPING, at)
#define AFTER_UNMAPS(at) AFTER_IF_WANTED
#define BEFORE_JOINS(thread) BEFORE_IF_WANTED(RECORD_KIND_THREAD, (const void *)thread)
#define AFTER_JOINS(thread) AFTER_IF_WANTED

/* The descriptor for the real call, where that would succeed with one that only keeps a number (option
 * quarantine). */
static inline int usable(int fd) {
    bool is_kept =
        __builtin_expect(tracker_quarantines, false) && context_is_watched() && tracker_is_quarantined(fd);
    return is_kept ? -1 : fd;
}

/* The result of a call that fails before the kernel sees it. */
static inline int fails_with(int error) {
    errno = error;
    return -1;
}

/* The kernel numbers timers from 0: told apart from addresses. */
static inline void *timer_handle(timer_t timer) { return (void *)((uintptr_t)timer | RECORD_TIMER); }

/* What open's flags say; a directory opened without O_DIRECTORY is told by the kernel at the end. */
static inline enum record_kind opens_kind(int flags) {
    return flags & O_DIRECTORY && (flags & O_TMPFILE) != O_TMPFILE ? RECORD_KIND_DIRECTORY : RECORD_KIND_FILE;
}

/* Whatever gets number 2 afterwards is not where the program's errors go. */
static inline struct tracker_object_ticket closing(const void *object, int inside, const char *call,
                                                   uintptr_t caller) {
    if (inside == STDERR_FILENO)
        tracker_standard_error_is(false);
    return tracker_releasing_object(object, inside, call, caller);
}

/* Behind a real call that may have failed for want of the descriptor that it was to use. */
static inline void was_used(bool failed, int fd, const char *call, uintptr_t caller) {
    if (__builtin_expect(failed, false) && errno == EBADF)
        tracker_used(fd, false, call, caller);
}

/* Behind a real call that has failed; `from`: the descriptor it was to use, -1 none. */
static inline void not_acquired(int from, const char *call, uintptr_t caller) {
    if (errno == EBADF)
        tracker_used(from, false, call, caller);
    else
        tracker_not_acquired(errno, call);
}

/* Behind the real call: a descriptor `number`, or none. */
static inline void acquired_named(int number, enum record_kind kind, const char *call, uintptr_t caller,
                                  int from, const char *path) {
    if (number >= 0)
        tracker_acquired(number, kind, call, caller, from, path);
    else
        not_acquired(from, call, caller);
    tracker_acquiring_over();
}

static inline void acquired(int number, enum record_kind kind, const char *call, uintptr_t caller, int from) {
    acquired_named(number, kind, call, caller, from, NULL);
}

/* As acquired, for a stream or directory with the descriptor `inside`. */
static inline void opened(const void *object, enum record_kind kind, int inside, const char *call,
                          uintptr_t caller, const char *path) {
    if (object)
        tracker_acquired_object(object, kind, inside, false, call, caller, path);
    else
        tracker_not_acquired(errno, call);
    tracker_acquiring_over();
}

static inline void replaced(struct slot_ticket ticket, int from, int to, int result, const char *call,
                            uintptr_t caller) {
    was_used(result < 0 && from != to, from, call, caller); /* onto itself it only asks whether it is open */
    if (result < 0)
        tracker_released(ticket, to, EPERM); /* nothing happened to `to` */
    else if (to == STDERR_FILENO)
        tracker_standard_error_is(true);
    if (result >= 0 && from != to)
        tracker_replaced(ticket, to, call, caller, from);
    tracker_acquiring_over();
}

static inline void released(struct slot_ticket ticket, int fd, int result, const char *call, uintptr_t caller) {
    if (fd == STDERR_FILENO)
        tracker_standard_error_is(false);
    if (result < 0)
        return tracker_close_failed(ticket, fd, errno, call, caller);
    tracker_released(ticket, fd, 0);
    if (__builtin_expect(RECORD_WORD_STATE(ticket.word) == RECORD_STATE_OWNED, false))
        tracker_closed_inside(ticket, fd, call, caller);
}

#endif
