/* tracker.h - what is known about handles. The only header of tracker/ that shim/ includes.
 *
 * The shim reports facts: acquired, releasing, released, forked, executing, ending. It never asks what to do.
 * Linked without the shim this is an ordinary static library; the unit tests use it so.
 *
 * Contract of every function unless it says otherwise: any context (signal handlers, forked children, inside
 * malloc and the loader, threads without libc); no lock, no allocation, no libc; errno untouched; cannot fail
 * towards the caller: what could not be recorded is counted. Not in a vfork child, whose memory is its
 * parent's.
 */
#ifndef TRACKER_TRACKER_H
#define TRACKER_TRACKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tracker/record_format.h"
#include "tracker/slot.h"
#include "tracker/sys.h"

struct tracker_start {
    int argument_count;
    char **arguments;
    char **environment;            /* as the kernel gave it: libc's own may not be set up yet */
    uintptr_t vdso;                /* AT_SYSINFO_EHDR, 0 unknown */
    const void *program_headers;   /* AT_PHDR, NULL unknown */
    unsigned program_header_count; /* AT_PHNUM */
    bool secure;                   /* AT_SECURE: nothing is watched */
    /* Flushes every stream and takes no stream's lock (glibc's fcloseall). */
    int (*flush_streams)(void);
    /* Flushes one FILE *, of which up to `bytes` bytes are to be written, and takes no lock. 0, or errno. */
    int (*flush_stream)(void *stream, size_t *bytes);
    size_t stream_bytes; /* sizeof(FILE) */
};

/* Start-up only, once. False: this process is not to be watched (secure, only, skip, children). */
bool tracker_start(const struct tracker_start *start);

/* Makes the record and the list of inherited descriptors now: before calls after which the world may have
 * shrunk (chroot, set*id, unshare, seccomp). */
void tracker_prepare(void);

/* This process will go on as it is (setsid), or where no file can be made later (chroot, seccomp): a fork
 * child's record is now worth one. */
void tracker_settled_down(void);

/* A second thread is about to be made: the record is to be there before there can be two that make it. */
void tracker_thread_begin(void);

/* The process locked itself down: no system call from now on that it did not ask for. tracker_prepare was
 * called. */
void tracker_locked_down(void);

/* The same path may lead to another file from now on (chroot, another mount namespace). */
void tracker_root_changed(void);

bool tracker_is_locked_down(void);

/* Another process uses the same descriptors (clone with CLONE_FILES): they are not taken from under it at the
 * end. */
void tracker_descriptors_shared(void);

/* True in a child of a fork that has not taken its parent's record over yet. */
bool tracker_was_forked(void);

/* A thread has, or may have, a descriptor table of its own now. */
void tracker_unshared(void);

/* A fact that a report mentions. */
void tracker_noted(enum record_note note);

/* abort() was called: kept in the record, no pass. The program's handler may still jump out of it. */
void tracker_aborting(void);

/* A module may have gone away (dlclose has returned). */
void tracker_modules_changed(void);

/* ---- handles that are numbers ----
 * `call`: the acquiring call's name, a string that stays. `caller`: return address of the wrapper. */

/* Before a real call that may acquire, and when what it made is recorded, or nothing was made: readers of the
 * record see that a handle may be missing. Not counted: a call inside another ends both. */
void tracker_acquiring(void);
void tracker_acquiring_over(void);

/* The limit of descriptors may be another one now. */
void tracker_limit_changed(void);

/* A call that was to acquire failed, with this errno: running out of descriptors is noted. */
void tracker_not_acquired(int error, const char *call);

/* `from`: the descriptor it was made from, or -1. `path`: what it was opened by, or NULL. */
void tracker_acquired(int number, enum record_kind kind, const char *call, uintptr_t caller, int from,
                      const char *path);

/* libc is about to read the whole folder of that path, which may list the descriptors, and to close it again.
 */
void tracker_lists(const char *path);

/* Behind tracker_acquired of both: one call made them, as the ends of something. */
void tracker_paired(int second, int first);

/* As tracker_acquired, behind a call that put it over `number`, whatever was there (dup2): `ticket` is of the
 * release of that, begun before. A number that belongs to a stream goes on belonging to it. */
void tracker_replaced(struct slot_ticket ticket, int number, const char *call, uintptr_t caller, int from);

/* Before the real call that closes, or that puts something else in the place of what was there (dup2), and
 * after it with its errno (0: it succeeded). */
struct slot_ticket tracker_closing(int number, const char *call, uintptr_t caller);
struct slot_ticket tracker_replacing(int number, const char *call, uintptr_t caller);
void tracker_released(struct slot_ticket ticket, int number, int error);

/* All numbers from first to last, both included. */
void tracker_releasing_range(unsigned first, unsigned last, uintptr_t caller);
void tracker_released_range(unsigned first, unsigned last, bool gone);

/* ---- handles that are addresses ----
 * `number`: the descriptor inside, or -1. It belongs to the handle from now on; `given`: the program had it
 * before (fdopen), else this very call acquired it (fopen). `path`: what it was opened by, or NULL. */
void tracker_acquired_object(const void *object, enum record_kind kind, int number, bool given,
                             const char *call, uintptr_t caller, const char *path);

/* The child behind a stream of kind process that was just acquired. */
void tracker_has_child(const void *object, pid_t child);

/* False for kinds that are recorded only when option kinds asks for them. */
bool tracker_wants(enum record_kind kind);

/* The same for handles that libc counts: the same address is given to each who asks (sem_open, dlopen). */
void tracker_referenced_object(const void *object, enum record_kind kind, const char *call, uintptr_t caller);

struct tracker_object_ticket {
    struct slot_ticket object, number;
    uint64_t address;
};
struct tracker_object_ticket tracker_releasing_object(const void *object, int number, const char *call,
                                                      uintptr_t caller);
void tracker_released_object(struct tracker_object_ticket ticket);
/* It was, though the program may still release what has nothing inside any more (freopen that failed). */
void tracker_emptied_object(struct tracker_object_ticket ticket);
/* The release failed, and the handle is what it was. */
void tracker_kept_object(struct tracker_object_ticket ticket);
/* Option quarantine: numbers that the program closes one by one are kept from being given out again for a
 * while. To the program a kept one is closed. */
extern bool tracker_quarantines __attribute__((visibility("hidden")));
bool tracker_is_quarantined(int number);
/* A close of nobody's number has just succeeded: true if it met what keeps one. */
bool tracker_quarantine_lost(int number);
void tracker_quarantine(int number);
/* The program asks for this number, or the next free one above it. */
void tracker_quarantine_free(int number);

/* True if uses of closed descriptors are to be told (option misuse=2). */
bool tracker_wants_uses(void);

/* ---- wrong calls, behind the real one; not judged where descriptors are shared with others ---- */
/* A close that failed with this errno (not 0): tracker_released, and what it tells of the program. */
void tracker_close_failed(struct slot_ticket ticket, int number, int error, const char *call, uintptr_t caller);
/* A call that only uses the descriptor failed with EBADF. `asks`: by such a call programs also find out whether
 * a number is still theirs. */
void tracker_used(int number, bool asks, const char *call, uintptr_t caller);
/* It closed a descriptor that belongs to a stream or directory. */
void tracker_closed_inside(struct slot_ticket ticket, int number, const char *call, uintptr_t caller);
/* A stream could not be written out; `bytes` were to be flushed. */
void tracker_object_close_failed(struct tracker_object_ticket ticket, int error, size_t bytes, const char *call,
                                 uintptr_t caller);
/* The call is not meant for handles of the kind `wrong`. */
void tracker_released_by(struct tracker_object_ticket ticket, enum record_kind wrong, const char *call,
                         uintptr_t caller);

/* Memory: `over` whatever was mapped there before (MAP_FIXED). What is unmapped may be a part of a mapping, or
 * several of them; what remains is kept. */
void tracker_mapped(const void *at, uint64_t bytes, bool over, const char *call, uintptr_t caller);
void tracker_unmapping(const void *at, uint64_t bytes, uintptr_t caller);
void tracker_unmapped(const void *at, uint64_t bytes, bool gone);
void tracker_mapping_resized(const void *at, uint64_t bytes, uint64_t wanted, uintptr_t caller);
/* One who asked is done; the handle is released with the last one. After the real call. */
void tracker_unreferenced_object(const void *object, uintptr_t caller);

/* ---- what outlives the process ----
 * Told of where something is told anyway, never counted. The path of a name that this process made, or removed;
 * an object of System V's that it made (RECORD_IPC_OBJECT). */
void tracker_name_made(const char *path, const char *call, uintptr_t caller);
void tracker_name_removed(const char *path, uintptr_t caller);
void tracker_ipc_made(enum record_ipc sort, int id, const char *call, uintptr_t caller);

/* ---- descriptor 2 ----
 * The report is written to descriptor 2 only while it is the program's: open at the start, or put there by a
 * call that names the number (dup2, dup3, freopen). */
void tracker_standard_error_is(bool the_programs);

/* ---- processes ----
 * In the parent before a fork, in the parent after it (the child's pid, -1: failed), in the child first of all.
 * Untold: a fork by who is not watched (a vfork child), whose child will be.
 */
void tracker_fork_begin(void);
void tracker_fork_begin_untold(void);
void tracker_fork_end(pid_t child);
void tracker_fork_child(void);

/* Before a real exec, and after it if it failed. */
void tracker_executing(void);
void tracker_execute_failed(void);

/* Before a call in which libc ends this process behind our back (daemon), and after it if it did not. */
void tracker_leaving(void);
void tracker_stayed(void);

/* Before a child is made that executes something and meets no wrapper before; also in a vfork child before its
 * exec. */
void tracker_spawning(void);

/* ---- on demand ---- */
/* The signal of option report_signal, 0: none. */
int tracker_report_signal(void);
/* That signal has come: what is held so far is reported. May take a while (the tool runs meanwhile). */
void tracker_report(void);

/* Before an exec or a spawn, also in a vfork child: where somebody collects the records of a tree (option
 * record names a folder), a program that will run without the library is noted there. `search`: in PATH, as
 * execvp does. */
void tracker_will_execute(const char *file, bool search, char *const *environment);

/* ---- the end ----
 * When the end begins (exit was called, or main returned, to `caller`): keeps a copy of standard error if there
 * may be a report, since programs close it in their exit handlers. */
void tracker_ending(uintptr_t caller);

/* The exit pass: once, whoever comes first. `may_flush`: streams may be flushed (not at _exit). May end the
 * process itself: by `exitcode`, strict mode, or because other threads run. Called from the place that
 * DESIGN.md names. */
void tracker_end(enum record_end end, int status, bool may_flush);

#endif
