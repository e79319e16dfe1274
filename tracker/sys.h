/* sys.h - the kernel, without libc.
 *
 * Contract of everything here: any context; results are the kernel's, -errno on failure; errno is not touched;
 * no cancellation point; nothing can be interposed. Only the calls that tracker/ needs have names.
 */
#ifndef TRACKER_SYS_H
#define TRACKER_SYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#include "x86_64/sys_call.h"
#else
#error "tracker/ARCH/sys_call.h is missing for this architecture"
#endif

/* SYS(n, arguments …): up to six arguments, each cast to long. */
#define SYS_ARGUMENTS(n, a, b, c, d, e, f, ...)                                                                \
    sys_call(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define SYS(...) SYS_ARGUMENTS(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* True where a result is one of the kernel's errors (-4095 … -1). */
static inline int sys_failed(long result) { return (unsigned long)result > -4096ul; }

#endif
