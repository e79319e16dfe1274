/* unwind.h - who called: the stack of the calling thread, by one of several back ends behind one function. */
#ifndef TRACKER_UNWIND_H
#define TRACKER_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum unwind_backend {
    UNWIND_AUTO,          /* the rules of .eh_frame where the machine has a walker, else libunwind */
    UNWIND_LIBUNWIND,     /* libunwind's cached unw_backtrace, opened privately */
    UNWIND_FRAME_POINTER, /* the chain of rbp: only for programs built with frame pointers */
    UNWIND_CALLER         /* no walk: the caller's address only */
};

enum { UNWIND_MAXIMUM_FRAMES = 128 };

struct unwind_result {
    size_t frames; /* filled */
    bool cut;      /* the stack was deeper than the capacity */
};

/* Start-up only. True if unwind_start is going to load libunwind for this back end. */
bool unwind_loads(enum unwind_backend wanted);

/* Start-up only, before any unwind_here. Chooses the back end for the life of the process. Opens libunwind
 * only for UNWIND_LIBUNWIND (dlopen: not for signal handlers).
 * Returns false if the wanted back end cannot be had; the next best is then in place. */
bool unwind_start(enum unwind_backend wanted);

/* Any context: signal handlers, alternate and foreign stacks, forked children, inside malloc and the loader.
 * No lock, no allocation, no descriptor, no system call on the good path; errno untouched.
 *
 * Fills frames[0 … capacity-1] (capacity 1 … UNWIND_MAXIMUM_FRAMES), innermost first, with return addresses.
 * frames[0] is `caller`, the return address of the wrapper that the program called: inner frames (the library's
 * own) are left out. If the walk does not meet `caller`, the result is that one frame.
 * A frame that was interrupted by a signal carries RECORD_PC_EXACT: its address is the instruction itself.
 * Never faults: memory that may be unreadable is probed first; a walk that becomes implausible ends there. */
struct unwind_result unwind_here(uint64_t *frames, size_t capacity, uintptr_t caller);

/* Makes of a stack, which `frames` and `result` describe as unwind_here does, the asker's answer; 0: none. */
typedef uint32_t unwind_answer(const char *call, const uint64_t *frames, struct unwind_result result);

/* Any context, as unwind_here. What `answer`, always the same function, says of the stack of the calling
 * thread. It is asked only if it may not have been asked before with the very same stack and `call` (a
 * pointer), since unwind_forget. Answers must hold until then, in fork children as well. */
uint32_t unwind_ask(const char *call, uintptr_t caller, size_t capacity, unwind_answer *answer);

/* Any context. To be called after modules were unloaded: what was learned about addresses may be wrong now. */
void unwind_forget(void);

/* Any context. From now on no page is probed: a filter may kill for a system call that the program did not ask
 * for. A walk ends where it would have to probe: on coroutines and alternate stacks after the first page, and
 * on deeper frames of other threads than they were seen in before. The main thread's own stack is walked as
 * ever. */
void unwind_without_system_calls(void);

/* Child of a fork only, before its first unwind_here: the parent was multi-threaded, so back ends that take
 * locks must not be used any more (glibc does not re-initialise the loader's write lock in the child). */
void unwind_in_fork_child(void);

#endif
