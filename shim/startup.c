/* startup.c - the one constructor. With -z initfirst it runs before all others; libc's `environ` is not set yet
 * then, but the constructor's own arguments are good, and dlsym, atfork handlers and on_exit work (measured,
 * glibc 2.36). */
#include <errno.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include "shim/context.h"
#include "shim/real.h"
#include "tracker/large.h"
#include "tracker/tracker.h"

bool context_ready, context_watching;
FORK_DATA bool context_plain;
__thread struct context_vfork context_vfork;
FORK_DATA int32_t context_sharing;

/* Where entry.S jumps to. */
void *startup_real_vfork __attribute__((visibility("hidden")));
void *startup_real_clone __attribute__((visibility("hidden")));
void *startup_real_syscall __attribute__((visibility("hidden")));
void *startup_real_dlopen __attribute__((visibility("hidden")));
void *startup_real_dlmopen __attribute__((visibility("hidden")));
void *startup_real_dlsym __attribute__((visibility("hidden")));

extern int __cxa_at_quick_exit(void (*handler)(void *), void *dso);
extern int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *dso);

/* What dlsym has been called since there is one, on this machine: dlvsym cannot be asked without. */
#if defined(__x86_64__)
#define VERSION_OF_DLSYM "GLIBC_2.2.5"
#else
#error "which version of glibc was the first on this machine?"
#endif

/* The loader's own search, which takes long: dlsym itself is usually found without. */
static void *ask(const char *name) {
    if (!startup_real_dlsym)
        startup_real_dlsym = dlvsym(RTLD_NEXT, "dlsym", VERSION_OF_DLSYM);
    return dlsym(RTLD_NEXT, name);
}

static void find(void) {
    real_find(ask);
    startup_real_dlsym = (void *)real.dlsym;
    startup_real_vfork = (void *)real.vfork;
    startup_real_clone = (void *)real.clone;
    startup_real_syscall = (void *)real.syscall;
    startup_real_dlopen = (void *)real.dlopen;
    startup_real_dlmopen = (void *)real.dlmopen;
}

/* There is one -z initfirst in a process, that of the library that was loaded last: its constructors, and those
 * of what it needs, run before ours. Nothing is known then and nothing recorded, but every call works. Before
 * that, while the loader still relocates, dlsym cannot be called; an address in our data tells. */
void context_early(void) {
    static void *const volatile relocated = (void *)dlsym;
    static bool busy; /* dlsym may call malloc, and a program's malloc may call us */
    if (!relocated || busy || startup_real_dlmopen)
        return;
    busy = true;
    int saved = errno;
    find();
    errno = saved;
    busy = false;
}

bool context_is_watched_here(void) {
    if (!context_ready)
        context_early();
    return context_ready && context_watching && !context_is_vfork_child();
}

static int flush_all_streams(void) { return fcloseall(); }

/* Unlocked: no thread is left that could hold the lock. */
static int flush_stream(void *stream, size_t *bytes) {
    *bytes = inside_pending(stream);
    return *bytes && fflush_unlocked(stream) ? errno : 0;
}

__attribute__((constructor)) static void startup(int argc, char **argv, char **environment) {
    find();
    syscalls_start();
    context_watching = tracker_start(&(struct tracker_start){
        .argument_count = argc,
        .arguments = argv,
        .environment = environment,
        .vdso = getauxval(AT_SYSINFO_EHDR),
        .program_headers = (const void *)getauxval(AT_PHDR),
        .program_header_count = (unsigned)getauxval(AT_PHNUM),
        .secure = getauxval(AT_SECURE) != 0,
        .flush_streams = flush_all_streams,
        .flush_stream = flush_stream,
        .stream_bytes = sizeof(FILE),
    });
    modules_are_wanted = tracker_wants(RECORD_KIND_LIBRARY) || tracker_wants_uses();
    if (context_watching) {
        tracker_standard_error_is(!sys_failed(SYS(SYS_fcntl, STDERR_FILENO, F_GETFD)));
        /* no handle of this library: they stay when destructors run, programs fork there as well */
        __register_atfork(before_fork, NULL, after_fork_in_child, NULL);
        for (int threads = 0; threads < EXITING_THREADS; threads++)
            on_exit(last_handler, NULL);
        __cxa_at_quick_exit(last_quick_handler, NULL);
        requests_start();
        uses_start();
    }
    /* release: who finds us ready finds everything above */
    __atomic_store_n(&context_ready, true, __ATOMIC_RELEASE);
    __atomic_store_n(&context_plain, context_watching, __ATOMIC_RELEASE);
}
