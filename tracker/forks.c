/* forks.c - see forks.h. */
#include "tracker/forks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/wait.h>

#include "tracker/clock.h"
#include "tracker/large.h"
#include "tracker/sys.h"
#include "tracker/text.h"

enum fork_state { FORK_FREE, FORK_TAKEN, FORK_LIVING, FORK_EXECUTING, FORK_ENDED };

enum {
    ENTRIES = 1024, /* forks that live at the same time; 48 KiB, touched as they are used */
    ANCESTORS = 32
};

struct fork_entry {
    _Atomic uint32_t state;
    _Atomic int32_t pid;
    _Atomic uint64_t sequence;
    struct record_birth birth; /* for the child */
};

struct fork_page {
    _Atomic uint64_t claimed;    /* by the first heir that tells what its parent left */
    _Atomic uint64_t first_told; /* from this sequence on the parent told itself, at its end; 0 not yet */
    struct fork_entry entries[ENTRIES];
};

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)
#define STORE(place, value) atomic_store_explicit(place, value, memory_order_relaxed)

static FORK_DATA _Atomic(struct fork_page *) page; /* shared with the children made since */
static FORK_DATA struct fork_page *parent_page;    /* this process's entry is in it, if it has one */
static FORK_DATA _Atomic uint64_t spare;    /* address of the parent's parent's, to be used again; 0 none */
static FORK_DATA _Atomic uint64_t overflow; /* highest sequence given to a fork that found no entry */

static FORK_DATA _Atomic uint64_t first_told; /* of this process, for a page that is made later */

/* This process's, in its parent's page; NULL: not forked, or not told. */
static FORK_DATA struct fork_entry *mine;
static FORK_DATA struct record_birth birth = {.sequence = UINT64_MAX};
static FORK_DATA pid_t told;                 /* the process that forks_child was last called in */
static FORK_DATA pid_t ancestors[ANCESTORS]; /* the oldest first */
static FORK_DATA unsigned ancestor_count;
static FORK_DATA uint64_t meant_for_program; /* see forks_meant_for_program */

/* The fork that this thread is making, or the last one that it made; the child's only thread finds the copy. It
 * is written only where it changes: a page that a fork has copied costs a fault. */
static __thread struct {
    struct fork_entry *entry;
    struct record_birth birth; /* where there is no entry */
} making;

static struct fork_entry *table(void) {
    struct fork_page *there = atomic_load_explicit(&page, memory_order_acquire); /* zeros before the address */
    if (there)
        return there->entries;
    uint64_t at = atomic_exchange_explicit(&spare, 0, memory_order_relaxed);
    long fresh = SYS(SYS_mmap, at, sizeof *there, 3 /* PROT_READ | PROT_WRITE */,
                     MAP_SHARED | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);
    if (sys_failed(fresh))
        return NULL;
    STORE(&((struct fork_page *)fresh)->first_told, LOAD(&first_told));
    if (atomic_compare_exchange_strong_explicit(&page, &there, (struct fork_page *)fresh, memory_order_acq_rel,
                                                memory_order_acquire))
        return ((struct fork_page *)fresh)->entries;
    SYS(SYS_munmap, fresh, sizeof *there);
    return there->entries;
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

/* NULL: nothing was acquired, so that nothing can be handed over, or there is no room. */
static struct fork_entry *take_entry(uint64_t sequence) {
    struct fork_entry *all = sequence ? table() : NULL;
    if (!all)
        return NULL;
    for (unsigned i = 0; i < ENTRIES; i++)
        if (take(&all[i]))
            return &all[i];
    remember_overflow(sequence);
    return NULL;
}

FORK_CODE void forks_begin(uint64_t sequence) {
    struct fork_entry *entry = take_entry(sequence);
    struct record_birth *to = entry ? &entry->birth : &making.birth;
    *to = (struct record_birth){.sequence = sequence,
                                .realtime = clock_date(),
                                .monotonic = clock_coarse(),
                                .parent = (int32_t)SYS(SYS_getpid)};
    if (making.entry != entry)
        making.entry = entry;
    if (!entry)
        return;
    STORE(&entry->sequence, sequence);
    STORE(&entry->pid, 0);
}

void forks_begin_untold(void) {
    making.entry = NULL;
    making.birth = (struct record_birth){.sequence = UINT64_MAX};
}

FORK_CODE void forks_end(pid_t child) {
    if (!making.entry)
        return;
    STORE(&making.entry->pid, child);
    uint32_t taken = FORK_TAKEN; /* unless the child said already that it executed something or ended */
    atomic_compare_exchange_strong_explicit(&making.entry->state, &taken, child < 0 ? FORK_ENDED : FORK_LIVING,
                                            memory_order_relaxed, memory_order_relaxed);
}

/* As much as the child of a fork of which nobody told can know by itself. */
static void guess_birth(void) {
    birth.parent = (int32_t)SYS(SYS_getppid);
    birth.realtime = clock_date();
    birth.monotonic = clock_coarse();
}

FORK_CODE void forks_child(void) {
    mine = making.entry;
    birth = mine ? mine->birth : making.birth;
    if (!birth.parent)
        guess_birth();
    if (parent_page)
        STORE(&spare, (uint64_t)(uintptr_t)parent_page);
    parent_page = LOAD(&page);
    STORE(&page, NULL); /* the parent's page stays mapped for `mine` */
    STORE(&overflow, 0);
    STORE(&first_told, 0);
    if (ancestor_count == ANCESTORS) {
        for (unsigned i = 1; i < ANCESTORS; i++)
            ancestors[i - 1] = ancestors[i];
        ancestor_count--;
    }
    ancestors[ancestor_count++] = birth.parent;
    told = (pid_t)SYS(SYS_getpid);
    if (meant_for_program)
        meant_for_program = 0; /* the parent's */
}

void forks_adopting(void) {
    if (told == SYS(SYS_getpid))
        return;
    forks_begin_untold();
    forks_child();
}

const struct record_birth *forks_birth(void) { return &birth; }

bool forks_is_child(void) { return ancestor_count; }

FORK_CODE void forks_mark_executing(bool executing) {
    if (mine)
        STORE(&mine->state, executing ? FORK_EXECUTING : FORK_LIVING);
}

void forks_execute_failed(uint64_t sequence) {
    if (forks_is_child())
        meant_for_program = sequence;
}

uint64_t forks_meant_for_program(void) { return meant_for_program; }

FORK_CODE void forks_mark_ended(void) {
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
    struct fork_page *shared = atomic_load_explicit(&page, memory_order_acquire);
    struct fork_entry *all = shared ? shared->entries : NULL;
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

/* Of several heirs one tells. */
static bool claim(void) {
    static bool claimed;
    if (!claimed && mine)
        claimed =
            !atomic_exchange_explicit(&parent_page->claimed, 1, memory_order_relaxed); /* a flag by itself */
    return claimed || !mine;
}

void forks_tell(uint64_t beyond) {
    STORE(&first_told, beyond + 1);
    struct fork_page *shared = atomic_load_explicit(&page, memory_order_acquire);
    if (shared)
        STORE(&shared->first_told, beyond + 1);
}

static uint64_t first_told_by_parent(void) { return mine ? LOAD(&parent_page->first_told) : 0; }

FORK_CODE bool forks_may_be_orphan(void) {
    if (!ancestor_count)
        return false;
    if (first_told_by_parent())
        return true;
    long parent = SYS(SYS_getppid); /* 0: in another pid namespace, which says nothing */
    return parent != 0 && parent != ancestors[ancestor_count - 1];
}

bool forks_is_heir_of(pid_t process, uint64_t sequence) {
    uint64_t of_parent = first_told_by_parent();
    unsigned i = 0;
    while (i < ancestor_count && ancestors[i] != process)
        i++;
    if (i == ancestor_count || !forks_may_be_orphan() || (of_parent && sequence >= of_parent))
        return false;
    for (; i + 1 < ancestor_count; i++)
        if (!is_gone(ancestors[i]))
            return false;
    return claim();
}
