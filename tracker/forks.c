/* forks.c - see forks.h. */
#include "tracker/forks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/wait.h>

#include "tracker/sys.h"
#include "tracker/text.h"

enum fork_state { FORK_FREE, FORK_TAKEN, FORK_LIVING, FORK_EXECUTING, FORK_ENDED };

enum {
    ENTRIES = 1024, /* forks that live at the same time; 24 KiB, touched as they are used */
    ANCESTORS = 32
};

struct fork_entry {
    _Atomic uint32_t state;
    _Atomic int32_t pid;
    _Atomic uint64_t sequence;
};

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)
#define STORE(place, value) atomic_store_explicit(place, value, memory_order_relaxed)

static _Atomic(struct fork_entry *) entries; /* shared with the children made since */
static _Atomic uint64_t overflow;            /* highest sequence given to a fork that found no entry */

static struct fork_entry *mine; /* this process's, in its parent's page; NULL: not forked, or not told */
static uint64_t sequence_at_fork = UINT64_MAX;
static pid_t told;                 /* the process that forks_child was last called in */
static pid_t ancestors[ANCESTORS]; /* the oldest first */
static unsigned ancestor_count;

/* The fork that this thread is making; the child's only thread finds the copy. */
static __thread struct {
    struct fork_entry *entry;
    uint64_t sequence;
    int32_t parent;
} making;

static struct fork_entry *table(void) {
    struct fork_entry *there =
        atomic_load_explicit(&entries, memory_order_acquire); /* zeros before the address */
    if (there)
        return there;
    const size_t bytes = ENTRIES * sizeof *there;
    long fresh = SYS(SYS_mmap, 0, bytes, 3 /* PROT_READ | PROT_WRITE */, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (sys_failed(fresh))
        return NULL;
    if (atomic_compare_exchange_strong_explicit(&entries, &there, (struct fork_entry *)fresh,
                                                memory_order_acq_rel, memory_order_acquire))
        return (struct fork_entry *)fresh;
    SYS(SYS_munmap, fresh, bytes);
    return there;
}

static bool take(struct fork_entry *entry) {
    uint32_t state = LOAD(&entry->state);
    if (state != FORK_FREE && state != FORK_ENDED && state != FORK_EXECUTING)
        return false;
    /* relaxed: nobody but the taker reads the rest before the fork */
    return atomic_compare_exchange_strong_explicit(&entry->state, &state, FORK_TAKEN, memory_order_relaxed,
                                                   memory_order_relaxed);
}

static void remember_overflow(uint64_t sequence) {
    uint64_t highest = LOAD(&overflow);
    while (highest < sequence && !atomic_compare_exchange_weak_explicit(
                                     &overflow, &highest, sequence, memory_order_relaxed, memory_order_relaxed))
        ;
}

void forks_begin(uint64_t sequence) {
    making.entry = NULL;
    making.sequence = sequence;
    making.parent = (int32_t)SYS(SYS_getpid);
    struct fork_entry *all = sequence ? table() : NULL;
    if (!all)
        return; /* nothing was acquired: nothing can be handed over */
    for (unsigned i = 0; i < ENTRIES && !making.entry; i++)
        if (take(&all[i]))
            making.entry = &all[i];
    if (!making.entry)
        return remember_overflow(sequence);
    STORE(&making.entry->sequence, sequence);
    STORE(&making.entry->pid, 0);
}

void forks_end(pid_t child) {
    if (!making.entry)
        return;
    STORE(&making.entry->pid, child);
    uint32_t taken = FORK_TAKEN; /* unless the child said already that it executed something or ended */
    atomic_compare_exchange_strong_explicit(&making.entry->state, &taken, child < 0 ? FORK_ENDED : FORK_LIVING,
                                            memory_order_relaxed, memory_order_relaxed);
    making.entry = NULL;
}

void forks_child(void) {
    mine = making.entry;
    sequence_at_fork = making.sequence;
    STORE(&entries, NULL); /* the parent's page stays mapped for `mine` */
    STORE(&overflow, 0);
    if (ancestor_count == ANCESTORS) {
        for (unsigned i = 1; i < ANCESTORS; i++)
            ancestors[i - 1] = ancestors[i];
        ancestor_count--;
    }
    ancestors[ancestor_count++] = making.parent;
    making.entry = NULL;
    told = (pid_t)SYS(SYS_getpid);
}

void forks_adopting(void) {
    if (told == SYS(SYS_getpid))
        return;
    making.entry = NULL;
    making.sequence = UINT64_MAX;
    making.parent = (int32_t)SYS(SYS_getppid);
    forks_child();
}

uint64_t forks_sequence(void) { return sequence_at_fork; }

void forks_mark_executing(bool executing) {
    if (mine)
        STORE(&mine->state, executing ? FORK_EXECUTING : FORK_LIVING);
}

void forks_mark_ended(void) {
    if (mine)
        STORE(&mine->state, FORK_ENDED);
}

/* Asks without reaping: the program's own wait must still find its child. */
static bool lives(const struct fork_entry *entry) {
    pid_t pid = LOAD(&entry->pid);
    if (LOAD(&entry->state) != FORK_LIVING || pid <= 0)
        return false;
    siginfo_t info = {0};
    long result = SYS(SYS_waitid, P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT, 0);
    return result == 0 && info.si_pid == 0;
}

uint64_t forks_handed_over(void) {
    uint64_t highest = LOAD(&overflow);
    struct fork_entry *all = atomic_load_explicit(&entries, memory_order_acquire);
    for (unsigned i = 0; all && i < ENTRIES; i++) {
        if (LOAD(&all[i].state) == FORK_FREE)
            break; /* taken from the front: none was used behind it */
        if (LOAD(&all[i].sequence) > highest && lives(&all[i]))
            highest = LOAD(&all[i].sequence);
    }
    return highest;
}

/* A process that ended and was not waited for is gone as well. */
static bool is_gone(pid_t process) {
    if (SYS(SYS_kill, process, 0) == -ESRCH)
        return true;
    char path[40], line[256];
    struct text text = TEXT_IN(path);
    text_string(&text, "/proc/");
    text_decimal(&text, process);
    text_string(&text, "/stat");
    long file = SYS(SYS_open, path, O_RDONLY | O_CLOEXEC);
    if (sys_failed(file))
        return false;
    long length = SYS(SYS_read, file, line, sizeof line);
    SYS(SYS_close, file);
    while (length > 0 && line[length - 1] != ')') /* PID (NAME) STATE …, and the name may hold anything */
        length--;
    return length > 0 && length + 1 < (long)sizeof line && (line[length + 1] == 'Z' || line[length + 1] == 'X');
}

bool forks_is_orphan_of(pid_t process) {
    unsigned i = 0;
    while (i < ancestor_count && ancestors[i] != process)
        i++;
    if (i == ancestor_count || SYS(SYS_getppid) == ancestors[ancestor_count - 1])
        return false; /* the direct parent is there: cheap, and nearly always the answer */
    for (; i + 1 < ancestor_count; i++)
        if (!is_gone(ancestors[i]))
            return false;
    return true;
}
