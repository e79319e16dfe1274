/* endings.c - the doors a process leaves by. The exit pass itself runs from a handler that startup.c registers
 * first, so that it runs last: behind every atexit handler and every destructor, before libc flushes its
 * streams. */
#include <stdlib.h>
#include <unistd.h>

#include "shim/context.h"
#include "shim/real.h"
#include "tracker/large.h"
#include "tracker/tracker.h"

/* When the end begins: half of coreutils closes standard error in an exit handler. */
FORK_CODE static void ending(uintptr_t caller) {
    if (context_is_watched())
        tracker_ending(caller);
}

static int (*program_main)(int, char **, char **);

static int watched_main(int argc, char **argv, char **environment) {
    int status = program_main(argc, argv, environment);
    ending(CALLER);
    return status;
}

/* libc's start of the program. A return from main is seen only here: it calls libc's own exit. One function
 * under both of its versions (2.2.5 and 2.34): it looks whether `init` is there. */
EXPORT int __libc_start_main(int (*main_function)(int, char **, char **), int argc, char **argv,
                             void (*init)(void), void (*fini)(void), void (*loader_fini)(void),
                             void *stack_end);
EXPORT int __libc_start_main(int (*main_function)(int, char **, char **), int argc, char **argv,
                             void (*init)(void), void (*fini)(void), void (*loader_fini)(void),
                             void *stack_end) {
    if (context_watching) {
        program_main = main_function;
        main_function = watched_main;
    }
    return real.__libc_start_main(main_function, argc, argv, init, fini, loader_fini, stack_end);
}

EXPORT FORK_CODE _Noreturn void exit(int status) {
    ending(CALLER);
    real.exit(status);
    __builtin_unreachable();
}

EXPORT FORK_CODE _Noreturn void _exit(int status) {
    if (context_is_watched())
        tracker_end(RECORD_END_EXIT_NOW, status & 0xff, false);
    for (;;)
        SYS(SYS_exit_group, status);
}

/* No pass: the program is in no state for it, and its handler may yet jump out. The record tells what was held.
 */
EXPORT _Noreturn void abort(void) {
    if (context_is_watched())
        tracker_aborting();
    real.abort();
    __builtin_unreachable();
}

/* The last of all handlers. on_exit, since it is told the status. libc (before 2.41) lets several threads exit
 * at once: each takes handlers from one list, and whoever finds it empty ends the process while another is
 * still in the pass. So there are several, and whoever takes one puts another in its place until the pass is
 * over: the first thread makes the pass, the others wait for it. The place is one that libc has just emptied:
 * no memory is needed. */
enum { EXITING_THREADS = 8 };
FORK_CODE static void last_handler(int status, void *nothing) {
    static FORK_DATA bool over; /* no order is needed: one handler more, or less, does no harm */
    if (!context_is_watched() || __atomic_load_n(&over, __ATOMIC_RELAXED))
        return;
    on_exit(last_handler, NULL);
    tracker_end(RECORD_END_EXIT, status & 0xff, true);
    __atomic_store_n(&over, true, __ATOMIC_RELAXED);
}

static void last_quick_handler(void *nothing) {
    if (context_is_watched())
        tracker_end(RECORD_END_QUICK_EXIT, 0, false);
}
