/* record_fork.c - the record in a child of a fork: copied before, or taken over behind it. See record.h. */
#include <linux/mman.h>

#include "tracker/large.h"
#include "tracker/record_file.h"
#include "tracker/record_parts.h"
#include "tracker/signals.h"
#include "tracker/single.h"
#include "tracker/sys.h"
#include "tracker/text.h"

/* RECORD_OWNER_NONE for ever: it stands for that page in a fork child which may never need one. */
static _Atomic uint32_t not_adopted;

/* Of the copy for a child. Where it is asked there is only one thread; its own memory is written around a fork
 * anyway. */
static __thread struct {
    bool current;   /* nothing has used the record since it was made */
    bool in_signal; /* the fork may be a signal handler's that has interrupted who was using it */
} copy;

enum record_readiness record_why_not_ready(uint32_t owner) {
    if (owner == RECORD_OWNER_COPIED) {
        copy.current = false;
        atomic_store_explicit(record_own.owner, RECORD_OWNER_READY, memory_order_relaxed); /* as it was */
        return RECORD_READY;
    }
    if (owner == RECORD_OWNER_MAKING)
        return RECORD_BUSY;
    return record_own.made ? RECORD_FORKED : RECORD_NONE;
}

/* ---- from one memory into another -------------------------------------------------------------------------
 */

/* The first word last: it may be a magic. */
static void copy_page(uint64_t *to, const uint64_t *from) {
    for (unsigned i = 1; i < PAGE / sizeof *to; i++)
        to[i] = from[i];
    /* release: the rest before it */
    atomic_store_explicit((_Atomic uint64_t *)to, from[0], memory_order_release);
}

/* Two words, which are looked at together. */
typedef uint64_t pair __attribute__((vector_size(16), may_alias));
enum { PAIRS = PAGE / sizeof(pair) };

static bool is_zeros(const uint64_t *page) {
    const pair *pairs = (const pair *)page;
    pair bits = {0};
#pragma GCC unroll 4
    for (unsigned i = 0; i < PAIRS; i++)
        bits |= pairs[i];
    return !(bits[0] | bits[1]);
}

/* Into memory that begins as zeros: what nobody wrote is there already, and its page need not be. */
static void copy_page_to(uint64_t window, uint64_t old, uint64_t at) {
    const uint64_t *from = (const uint64_t *)(record_window_base(old) + at);
    if (record_is_real(at) && !is_zeros(from))
        copy_page((uint64_t *)(record_window_base(window) + at), from);
}

/* Puts `bytes` of a mapping (0: another mapping of the same object) where the window of this size was, or
 * memory of nobody's: a file that stays mapped stays locked. */
FORK_CODE static bool put_over(uint64_t base, uint64_t bytes, unsigned shift) {
    if (!sys_failed(SYS(SYS_mremap, base, bytes, 1ull << shift, MREMAP_MAYMOVE | MREMAP_FIXED,
                        record_own.mapped[shift])))
        return true;
    SYS(SYS_mmap, record_own.mapped[shift], 1ull << shift, PROT_READ | PROT_WRITE,
        MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    record_own.mapped[shift] = 0;
    return false;
}

/* A mapping with what the window holds, and as large, becomes the window. No other thread can be in the old
 * ones. Their addresses stay good: a signal handler may have interrupted the very code that holds one, and that
 * goes on when the handler returns. So a process has as many mappings of ours whatever number of forks lies
 * behind it. */
FORK_CODE static void succeed_window(uint64_t base, unsigned shift) {
    record_own.mapped[shift] =
        (uint64_t)(uintptr_t)record_window_base(LOAD(&record_mapped.window)); /* see record_window_grow */
    if (put_over(base, 1ull << shift, shift))
        base = record_own.mapped[shift];
    record_own.mapped[shift] = base;
    atomic_store_explicit(&record_mapped.window, base | shift, memory_order_release);
    for (unsigned smaller = 0; smaller < shift; smaller++)
        if (record_own.mapped[smaller])
            put_over(base, 0, smaller);
}

void record_move_into(uint64_t window, uint64_t used) {
    uint64_t old = LOAD(&record_mapped.window);
    for (uint64_t at = PAGE; at < used; at += PAGE)
        copy_page_to(window, old, at);
    copy_page_to(window, old, 0); /* last, as its magic makes it a record */
    succeed_window((uint64_t)(uintptr_t)record_window_base(window), window & 0xfff);
    record_own.reserved = used;
    record_nobody_reserves();
}

/* ---- the copy at a fork -----------------------------------------------------------------------------------
 */

static bool is_same_page(const uint64_t *one, const uint64_t *other) {
    const pair *pairs = (const pair *)one, *others = (const pair *)other;
    pair bits = {0};
#pragma GCC unroll 4
    for (unsigned i = 0; i < PAIRS; i++)
        bits |= pairs[i] ^ others[i];
    return !(bits[0] | bits[1]);
}

/* To look is cheaper than to write: what earlier children have of this memory is shared with them until then.
 */
static bool copied_for_child(void) {
    if (!record_own.for_child)
        record_own.for_child = record_memory_private(0);
    if (!record_own.for_child)
        return false;
    uint64_t used = LOAD(&record_own.allocated);
    for (uint64_t at = 0; at < used; at += PAGE) {
        uint64_t *to = (uint64_t *)(uintptr_t)(record_own.for_child + at);
        if (record_is_real(at) && !is_same_page(to, record_at(at)))
            copy_page(to, record_at(at));
    }
    return true;
}

static void set_copy(bool current, bool in_signal) {
    if (copy.current == current && copy.in_signal == in_signal)
        return; /* a page that a fork has copied costs a fault */
    copy.current = current;
    copy.in_signal = in_signal;
}

static void forget_copy(void) {
    uint64_t at = record_own.for_child;
    record_own.for_child = 0;
    if (at)
        SYS(SYS_munmap, at, 1ull << RECORD_FIRST_WINDOW_SHIFT);
}

/* No signal handler comes in between; one that comes before the fork and uses the record meets the state. */
void record_copy_for_child(void) {
    bool is_small = (LOAD(&record_mapped.window) & 0xfff) == RECORD_FIRST_WINDOW_SHIFT;
    if (!is_small)
        forget_copy();
    if (!is_small || record_own.is_private || !single_here())
        return set_copy(false, false);
    uint64_t signals = signals_block();
    bool current = record_is_copied() || copied_for_child(); /* nothing has happened since the last fork */
    set_copy(current, signals != 0);                         /* the one that is being handled is blocked */
    atomic_store_explicit(record_own.owner, current ? RECORD_OWNER_COPIED : RECORD_OWNER_READY,
                          memory_order_relaxed);
    signals_unblock(signals);
}

/* Where the parent's window was comes memory for the next copy, so that no process has more mappings than
 * another, whatever number of forks lies behind it. It is not moved there: that takes twice as long as all else
 * that a child pays for, since the kernel throws away what the processor knows of its memory. */
FORK_CODE static void use_copy_where_it_is(void) {
    uint64_t before = record_own.mapped[RECORD_FIRST_WINDOW_SHIFT];
    record_own.mapped[RECORD_FIRST_WINDOW_SHIFT] = record_own.for_child;
    atomic_store_explicit(&record_mapped.window, record_own.for_child | RECORD_FIRST_WINDOW_SHIFT,
                          memory_order_relaxed);
    record_own.for_child = record_memory_private(before);
    if (!record_own.for_child)
        SYS(SYS_munmap, before, 1ull << RECORD_FIRST_WINDOW_SHIFT); /* a file that stays mapped stays locked */
}

FORK_CODE bool record_forked(void) {
    if (!record_own.made)
        return true;
    bool has_copy = copy.current;
    copy.current = false;
    atomic_store_explicit(&record_mapped.owner, &not_adopted, memory_order_relaxed); /* the only thread */
    if (!has_copy)
        return record_own.is_private;
    record_become_private();
    if (!copy.in_signal) {
        use_copy_where_it_is();
        return true;
    }
    uint64_t at = record_own.for_child;
    record_own.for_child = 0;
    succeed_window(at, RECORD_FIRST_WINDOW_SHIFT);
    return true;
}

/* What is mapped becomes this process's record_own. */
static bool take_over(uint64_t used, unsigned shift) {
    record_nobody_reserves();
    if (record_own.is_private)
        return true; /* the fork has copied it */
    uint64_t window = shift == RECORD_FIRST_WINDOW_SHIFT ? record_window_private() : 0;
    if (!window)
        window = record_window_from_memory(used, shift);
    if (!window)
        return false;
    record_move_into(window, used);
    return true;
}

bool record_adopt(const struct record_birth *birth) {
    uint32_t none = RECORD_OWNER_NONE;
    _Atomic uint32_t *state = record_own.owner;
    if (LOAD(&record_mapped.owner) == &not_adopted) {
        atomic_store_explicit(state, RECORD_OWNER_NONE, memory_order_relaxed); /* before Linux 4.14 */
        atomic_store_explicit(&record_mapped.owner, state, memory_order_relaxed);
    }
    copy.current = false;
    if (!atomic_compare_exchange_strong_explicit(state, &none, RECORD_OWNER_MAKING, memory_order_acquire,
                                                 memory_order_relaxed))
        return false;
    uint64_t used = LOAD(&record_own.allocated);
    unsigned shift = LOAD(&record_mapped.window) & 0xfff;
    if (used > 1ull << shift) /* a thread of the parent had taken room, and not yet grown the window for it */
        used = 1ull << shift;
    atomic_store_explicit(&record_own.allocated, used, memory_order_relaxed); /* the only thread there is */
    if (!take_over(used, shift)) {
        atomic_store_explicit(state, RECORD_OWNER_NONE, memory_order_relaxed);
        return false;
    }
    record_own.identity.started_realtime = birth->realtime;
    record_own.identity.started_monotonic = birth->monotonic;
    struct record_header *header = record_header();
    uint8_t name[16];
    record_file_name(name);
    text_copy(header->parent_name, header->name, sizeof header->name);
    header->fork_sequence = birth->sequence;
    atomic_store_explicit(&header->allocated, used, memory_order_relaxed);
    atomic_store_explicit(&header->end, RECORD_END_RUNNING, memory_order_relaxed);
    atomic_store_explicit(&header->status, 0, memory_order_relaxed);
    atomic_store_explicit(&header->ended_realtime, 0, memory_order_relaxed);
    atomic_store_explicit(&header->ended_monotonic, 0, memory_order_relaxed);
    for (unsigned i = 0; i < RECORD_LOSS_COUNT; i++) /* the parent's */
        atomic_store_explicit(&header->losses[i], 0, memory_order_relaxed);
    atomic_store_explicit(&header->pass, 0, memory_order_relaxed);
    atomic_store_explicit(&header->notes, RECORD_NOTE_FORK_CHILD, memory_order_relaxed);
    record_header_begin(header, name);
    header->parent_pid = birth->parent; /* it may have ended since */
    return true;
}
