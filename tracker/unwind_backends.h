/* unwind_backends.h - what the back ends behind unwind.h share; private to tracker/unwind*.c.
 *
 * A cursor stands in one frame and is moved outwards. All memory of the stack is read through a window: a range
 * of addresses that is known to be readable. Outside of it the stack is asked for a better window
 * (unwind_stack.c), and the walk ends where there is none.
 */
#ifndef TRACKER_UNWIND_BACKENDS_H
#define TRACKER_UNWIND_BACKENDS_H

#include "tracker/record_format.h"
#include "tracker/unwind.h"

#define UNWIND_INLINE static inline __attribute__((always_inline))

/* [low, high): readable now, and for as long as the frames above the walk's start are alive. */
struct stack_window {
    uintptr_t low, high;
};

UNWIND_INLINE bool stack_holds(struct stack_window window, uintptr_t address) {
    return address - window.low < window.high - window.low;
}

/* The address is in a window, and a multiple of 8: the word does not leave the window's last page. */
UNWIND_INLINE uint64_t stack_word(uintptr_t address) {
    typedef uint64_t __attribute__((may_alias)) word;
    return *(const word *)address;
}

/* True if the word at `start` + `offset`, as above, is `value`; both are read in this order with what is read
 * by other statements. Two instructions: gcc compares nothing with an atomic that is still in memory, and this
 * is asked for every word of a stack. Not seen by sanitizers. */
UNWIND_INLINE bool stack_word_is(uintptr_t start, uintptr_t offset, const _Atomic uint64_t *value) {
    uint64_t word;
    bool is;
    __asm__ volatile("movq (%2,%3), %0\n\tcmpq %4, %0"
                     : "=&r"(word), "=@cce"(is)
                     : "r"(start), "r"(offset), "m"(*value)
                     : "memory");
    return is;
}

/* Start-up only, by the main thread. */
void stack_start(void);

/* Any context. No page is probed from now on. */
void stack_without_system_calls(void);

/* Any context. The window to begin with for the caller's own stack pointer: never empty. */
struct stack_window stack_window_here(uintptr_t stack_pointer);

/* Any context. A window with `address`, or one that does not hold it: then it cannot be read. `window` is what
 * is known already; pages next to it are added to it. */
struct stack_window stack_window_reach(struct stack_window window, uintptr_t address);

/* Any context. True on the stack that the thread was born with, false on alternate signal stacks, coroutines
 * and where it is not known. */
bool stack_is_own(uintptr_t stack_pointer);

/* Any context. True above all stacks, where the kernel has put the program's arguments and environment: nobody
 * returns there. */
bool stack_is_below(uintptr_t address);

/* Any context. True if the page of the address can be read; false as well if it must not be asked. */
bool stack_probe(uintptr_t address);

/* One frame. `pc` carries RECORD_PC_EXACT where it is not a return address. The other registers are what they
 * will be when the frame is returned to; 0 where that is lost. */
struct unwind_cursor {
    uint64_t pc;
    uintptr_t stack_pointer;
    uintptr_t frame_pointer; /* rbp */
    uintptr_t base_pointer;  /* rbx */
    uintptr_t context;       /* the ucontext_t of the last signal on the way, or 0 */
    struct stack_window window;
};

/* The frame of the function that this is inlined into. All four in one statement: the unwind information of
 * one address describes them. */
UNWIND_INLINE void unwind_cursor_here(struct unwind_cursor *here) {
    __asm__ volatile("lea 0(%%rip), %0\n\tmov %%rsp, %1\n\tmov %%rbp, %2\n\tmov %%rbx, %3"
                     : "=a"(here->pc), "=c"(here->stack_pointer), "=d"(here->frame_pointer),
                       "=S"(here->base_pointer));
    here->pc |= RECORD_PC_EXACT;
    here->context = 0;
    here->window = stack_window_here(here->stack_pointer);
}

/* How many frames of the library's own may lie between the walk and `caller`. */
enum { UNWIND_OWN_FRAMES = 24 };

UNWIND_INLINE struct unwind_result unwind_caller_only(uint64_t *frames, uintptr_t caller) {
    frames[0] = caller;
    return (struct unwind_result){.frames = 1};
}

/* Where a walk read the words that decided what it found, in no order. Registers that are restored and not
 * used do not matter. */
enum { UNWIND_TRAIL_WORDS = 76, UNWIND_TRAIL_START = 0 /* not a word: the rbp that the walk started with */ };
struct unwind_trail {
    bool whole; /* nothing but these words, the start and the rules decided; all are in the window of the start
                 */
    size_t count;
    uintptr_t places[UNWIND_TRAIL_WORDS];
};

/* unwind_rules.c. Any context. */
bool rules_available(void);
/* `start` is a frame of a caller: it stays there during the walk. */
struct unwind_result rules_walk(const struct unwind_cursor *start, uint64_t *frames, size_t capacity,
                                uintptr_t caller);
/* The same, a little slower, and leaves a trail. */
struct unwind_result rules_walk_marked(const struct unwind_cursor *start, uint64_t *frames, size_t capacity,
                                       uintptr_t caller, struct unwind_trail *trail);
void rules_forget(void);
/* How often that was called: as long as it is the same, so are the rules of all code that can be on a stack.
 * Acquire: rules that are read later are at least as new. */
uint64_t rules_forgets(void);
/* One frame outwards by the rule of its address. False: this was the last, the cursor is spoilt. */
bool rules_step(struct unwind_cursor *cursor);
/* True if the address is the return address that the kernel gives to signal handlers. */
bool rules_signal_return(uintptr_t address);

/* One frame outwards by the chain of rbp, where that is plausible. False as above. */
bool chain_step(struct unwind_cursor *cursor);
/* unwind_frame_pointer.c. Any context. */
struct unwind_result chain_walk(uint64_t *frames, size_t capacity, uintptr_t caller);

/* unwind_libunwind.c. */
bool libunwind_start(void); /* Start-up only. */
/* Any context. True if libunwind may be entered here and now: else another back end has to do. */
bool libunwind_enter(void);
/* After libunwind_enter. */
struct unwind_result libunwind_walk(uint64_t *frames, size_t capacity, uintptr_t caller);

#endif
