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

/* The pid of the process that made a vfork from this thread, 0: none. Set by entry.S before it jumps; the child
 * shares our memory and must not touch it. */
extern __thread int32_t context_vfork_parent __attribute__((visibility("hidden"), tls_model("initial-exec")));

static inline bool context_is_vfork_child(void) {
    if (LIKELY(!context_vfork_parent))
        return false;
    if (SYS(SYS_getpid) != context_vfork_parent)
        return true;
    context_vfork_parent = 0; /* the parent goes on: the child has executed or ended */
    return false;
}

/* True where facts are to be reported. */
static inline bool context_is_watched(void) {
    return LIKELY(context_ready) && context_watching && !context_is_vfork_child();
}

/* A raw system call in libc's shape, without errno: used before set-up, when errno cannot be reached either. */
#define RAW(...) context_raw(SYS(__VA_ARGS__))
#define NONE(value) value
#define RAW_ADDRESS(...) context_raw_address(SYS(__VA_ARGS__))
static inline void *context_raw_address(long result) {
    return sys_failed(result) ? (void *)-1 : (void *)result;
}
static inline int context_raw(long result) { return sys_failed(result) ? -1 : (int)result; }

#endif
