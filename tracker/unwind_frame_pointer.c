/* unwind_frame_pointer.c - follows the chain of rbp.
 *
 * The library itself is not built with frame pointers: up to the program's own frame its rules are followed,
 * and from there on the chain. Where a libc has no rules to give, the chain is followed from here, and that
 * works if the library was built with -fno-omit-frame-pointer.
 */
#include "tracker/unwind_backends.h"

static bool find_caller(struct unwind_cursor *cursor, uintptr_t caller) {
    bool rules = rules_available();
    for (size_t own = 0; own < UNWIND_OWN_FRAMES; own++) {
        if (!(rules ? rules_step(cursor) : chain_step(cursor)))
            return false;
        if (cursor->pc == caller)
            return true;
    }
    return false;
}

__attribute__((noinline)) struct unwind_result chain_walk(uint64_t *frames, size_t capacity, uintptr_t caller) {
    struct unwind_cursor cursor;
    unwind_cursor_here(&cursor);
    if (!find_caller(&cursor, caller))
        return unwind_caller_only(frames, caller);
    struct unwind_result result = {.frames = 0};
    do {
        if (result.frames == capacity) {
            result.cut = true;
            break;
        }
        frames[result.frames++] = cursor.pc;
    } while (chain_step(&cursor));
    return result;
}
