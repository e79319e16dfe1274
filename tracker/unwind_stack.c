/* unwind_stack.c - which memory of the stack may be read without asking, and asking.
 *
 * Frames above the stack pointer are alive: their pages stay mapped while the walk runs. What is not certain is
 * that an address belongs to them: unwind information may be wrong, rbp may hold anything, and a coroutine's or
 * an alternate stack ends soon. So:
 *
 * - A thread is born on a stack whose top is known: __libc_stack_end for the main thread; for the others the
 *   thread block at %fs, which glibc places at the top of the stack's memory. If all pages between the stack
 *   pointer and that top were readable once, this is that stack, and the memory stays readable as long as the
 *   stack pointer is not above it: nobody unmaps the stack that a thread stands on. Two words per thread
 *   remember how far down this was verified, and how near the top a hole was found. The main thread's stack
 *   needs no asking.
 * - On any other stack every page is probed, in each walk. Nothing about it is remembered: it may be unmapped
 *   and its place be taken by a smaller one.
 *
 * A probe (probe_word) takes no descriptor, and does not write to the page.
 */
#include <errno.h>
#include <stdatomic.h>

#include "tracker/probe.h"
#include "tracker/unwind_backends.h"

#define PAGE_BYTES 4096ul
#define PAGE_OF(address) ((address) & -PAGE_BYTES)

/* A stack that is deeper is walked, and probed in each walk. */
#define VERIFY_BYTES_MAXIMUM (64ul << 20)

/* The kernel keeps other mappings at least 128 MiB away from the top of the main stack (mmap_base in
 * arch/x86/mm/mmap.c) unless it is told an address, so what lies between there and a stack pointer as near as
 * this is that stack. Not so for a stack pointer that a signal has found: it may have overflowed. */
#define MAIN_STACK_BYTES_TRUSTED (8ul << 20)

/* Names of glibc's loader; another libc has none, and then every stack is probed. */
extern void *__libc_stack_end __attribute__((weak));

static uintptr_t main_thread = ~0ul; /* its thread pointer; written at start-up only */
static atomic_bool no_system_calls;

/* Both are distances from the top of the stack, 0: nothing known. They only become better, and a walk of a
 * signal handler in between at worst loses what was learned: plain words do. */
static _Thread_local struct {
    uintptr_t verified; /* so many bytes below the top can be read */
    uintptr_t hole;     /* what is farther from the top than this is on another stack */
} stack_known;

static uintptr_t thread_pointer(void) { return (uintptr_t)__builtin_thread_pointer(); }

static uintptr_t stack_top(void) {
    if (thread_pointer() != main_thread)
        return thread_pointer();
    return &__libc_stack_end ? (uintptr_t)__libc_stack_end : 0;
}

void stack_start(void) { main_thread = thread_pointer(); }

/* Relaxed: the caller itself issues the lock-down afterwards; threads that it does not stop may race with it
 * anyway. */
void stack_without_system_calls(void) { atomic_store_explicit(&no_system_calls, true, memory_order_relaxed); }

static bool may_probe(void) { return !atomic_load_explicit(&no_system_calls, memory_order_relaxed); }

/* A null pointer is no set, and no error; nothing is mapped in the first page (vm.mmap_min_addr). */
bool stack_probe(uintptr_t address) {
    return may_probe() && address >= PAGE_BYTES && probe_word(address & -8ul) != -EFAULT;
}

/* Upwards from the stack pointer: a coroutine's stack ends after few pages, and no page is touched that the
 * thread has not used itself. */
static bool probe_up_to(uintptr_t top, uintptr_t address) {
    uintptr_t known = top - stack_known.verified;
    for (uintptr_t page = PAGE_OF(address); page < known; page += PAGE_BYTES)
        if (!stack_probe(page)) {
            uintptr_t hole = top - page;
            stack_known.hole = hole > PAGE_BYTES ? hole - PAGE_BYTES : 1;
            return false;
        }
    return true;
}

/* `in_use`: the address is the stack pointer of this moment. */
static __attribute__((noinline)) bool verify(uintptr_t address, uintptr_t top, bool in_use) {
    uintptr_t distance = top - address;
    bool trusted = in_use && thread_pointer() == main_thread && distance <= MAIN_STACK_BYTES_TRUSTED;
    bool elsewhere = distance > VERIFY_BYTES_MAXIMUM || (stack_known.hole && distance > stack_known.hole);
    if (!trusted && (elsewhere || !may_probe() || !probe_up_to(top, address)))
        return false;
    stack_known.verified = top - PAGE_OF(address);
    return true;
}

static bool own_stack(uintptr_t address, uintptr_t top, bool in_use) {
    return top - address <= stack_known.verified || (address < top && verify(address, top, in_use));
}

bool stack_is_own(uintptr_t stack_pointer) { return own_stack(stack_pointer, stack_top(), true); }

bool stack_is_below(uintptr_t address) { return &__libc_stack_end && address >= (uintptr_t)__libc_stack_end; }

struct stack_window stack_window_here(uintptr_t stack_pointer) {
    uintptr_t top = stack_top();
    uintptr_t page = PAGE_OF(stack_pointer);
    if (own_stack(stack_pointer, top, true))
        return (struct stack_window){page, top};
    return (struct stack_window){page, page + PAGE_BYTES};
}

struct stack_window stack_window_reach(struct stack_window window, uintptr_t address) {
    uintptr_t top = stack_top();
    uintptr_t page = PAGE_OF(address);
    if (own_stack(address, top, false))
        return (struct stack_window){page, top};
    if (!stack_probe(address))
        return window;
    if (page == window.high)
        return (struct stack_window){window.low, page + PAGE_BYTES};
    if (page + PAGE_BYTES == window.low)
        return (struct stack_window){page, window.high};
    return (struct stack_window){page, page + PAGE_BYTES};
}
