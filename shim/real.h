/* real.h - libc's own functions, those that the wrappers stand in front of. */
#ifndef SHIM_REAL_H
#define SHIM_REAL_H

#include <dirent.h>
#include <dlfcn.h>
#include <fts.h>
#include <iconv.h>
#include <mqueue.h>
#include <nl_types.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <termios.h>
#include <threads.h>
#include <time.h>
#include <wchar.h>

/* One pointer per CALL, BY_HAND and TRAMPOLINE line. NULL where this libc has no such function: then nobody can
 * have linked to it. Filled once by the constructor, never changed; hidden, so that entry.S finds it without
 * relocation. */
struct real_calls {
#define CALL(returns, name, parameters, arguments, effect, early) returns(*name) parameters;
#include "shim/calls.def"
};

extern struct real_calls real __attribute__((visibility("hidden")));

/* Start-up only: dlsym is not for wrappers (not async-signal-safe, allocates on failure, clears dlerror).
 * `ask`: what it says, see next_find. */
void real_find(void *(*ask)(const char *name));

/* The wrapper that stands in front of this function, NULL if none does. Any context. */
void *real_wrapper(const void *function) __attribute__((visibility("hidden")));

#endif
