/* context.h - where a wrapper finds itself: before set-up, in a vfork child, or in the program. */
#ifndef SHIM_CONTEXT_H
#define SHIM_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "tracker/sys.h"

#define EXPORT __attribute__((visibility("default")))
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define CALLER ((uintptr_t)__builtin_return_address(0))

/* Set once by the constructor. Reached without relocation and without TLS: wrappers are entered by ifunc
 * resolvers of other libraries while the loader has not relocated us yet, and an initial-exec variable would
 * then lie in the thread's control block (measured). */
extern bool context_ready __attribute__((visibility("hidden")));

/* True while the process is watched: false under AT_SECURE and for programs that options leave out. */
extern bool context_watching __attribute__((visibility("hidden")));

/* A vfork under way in this thread: entry.S keeps the return address here, since the child shares the stack.
 * Between the call and the parent's return whoever runs here is the child, and must not touch what it shares
 * with its parent. The pid says nothing: a signal handler may run in between. `base`: a fork in such a child
 * made a process of its own, whose depth counts from there. */
struct context_vfork {
    int64_t depth, base;
    void *returns[4];
};
extern __thread struct context_vfork context_vfork
    __attribute__((visibility("hidden"), tls_model("initial-exec")));

/* A process that may share its memory with children that run at the same time (clone with CLONE_VM), 0: none.
 */
extern int32_t context_sharing __attribute__((visibility("hidden")));
void context_shares(int32_t process) __attribute__((visibility("hidden")));
bool context_is_other_process(void) __attribute__((visibility("hidden")));

static inline bool context_is_vfork_child(void) {
    if (LIKELY(context_vfork.depth == context_vfork.base && !context_sharing))
        return false;
    return context_vfork.depth != context_vfork.base || context_is_other_process();
}

/* A wrapper was entered before the constructor: finds libc's own functions, as soon as that is possible. */
void context_early(void) __attribute__((visibility("hidden")));

/* Set up, watched, and with memory of its own: so it is nearly always, and one look tells. */
extern bool context_plain __attribute__((visibility("hidden")));

/* context_is_watched where it is not so plain. */
bool context_is_watched_here(void) __attribute__((visibility("hidden"), cold));

/* True where facts are to be reported. To be asked before struct real_calls is used: what is still NULL then
 * cannot be called yet. */
static inline bool context_is_watched(void) {
    if (LIKELY(context_plain && context_vfork.depth == context_vfork.base))
        return true;
    return context_is_watched_here();
}

/* A raw system call in libc's shape, without errno: used before set-up, when errno cannot be reached either. */
#define RAW(...) context_raw(SYS(__VA_ARGS__))
#define NONE(value) value
#define RAW_ADDRESS(...) context_raw_address(SYS(__VA_ARGS__))
static inline void *context_raw_address(long result) {
    return sys_failed(result) ? (void *)-1 : (void *)result;
}
static inline long context_raw_long(long result) { return sys_failed(result) ? -1 : result; }
static inline int context_raw(long result) { return sys_failed(result) ? -1 : (int)result; }

#endif
