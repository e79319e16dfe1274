/* code.c - see code.h.
 *
 * A loop jumps back over what it repeats. Instructions are not decoded, only what looks like such a jump is
 * looked for: bytes that look so and are none make a call one that may be in a loop, which is the safe answer.
 */
#include "tracker/code.h"

#include "tracker/lockdown.h"
#include "tracker/probe.h"

enum { MOST_BYTES = 192 /* of a loop's rest, behind the call */ };

#if defined(__x86_64__)

enum { SHORTEST_CALL = 2, JUMP_NEAR = 0xe9, JUMP_SHORT = 0xeb, LONG_PREFIX = 0x0f };

/* The end of a function, of which code[-3] … [0] are looked at: it takes its frame back before (pop, leave,
 * add). */
static bool is_return(const unsigned char *code) {
    enum { RETURN = 0xc3, POP = 0x58, LEAVE = 0xc9, ADD = 0x83, TO_STACK_POINTER = 0xc4 };
    if (code[0] != RETURN)
        return false;
    return (code[-1] & 0xf8) == POP || code[-1] == LEAVE || (code[-3] == ADD && code[-2] == TO_STACK_POINTER);
}

/* Where the jump that these bytes may be goes to, relative to their start; positive if they are none that goes
 * back. */
static int32_t jump_at(const unsigned char *code) {
    int32_t distance = 1;
    if (code[0] == JUMP_SHORT || (code[0] & 0xf0) == 0x70)
        return 2 + (int8_t)code[1];
    if (code[0] == JUMP_NEAR)
        __builtin_memcpy(&distance, code + 1, sizeof distance), distance += 5;
    else if (code[0] == LONG_PREFIX && (code[1] & 0xf0) == 0x80)
        __builtin_memcpy(&distance, code + 2, sizeof distance), distance += 6;
    return distance;
}

/* The function ends there, or a little later, and before the call: what jumps back to that is no loop. */
static bool ends_before(const unsigned char *code, const unsigned char *call) {
    enum { EPILOGUE = 24 };
    for (int i = 1; i < EPILOGUE && code + i < call; i++)
        if (is_return(code + i))
            return true;
    return false;
}

static bool jumps_always(const unsigned char *code) { return code[0] == JUMP_SHORT || code[0] == JUMP_NEAR; }

bool code_may_loop(uintptr_t return_address) {
    enum { LONGEST_JUMP = 6, FARTHEST = 4096 };
    const unsigned char *code = (const unsigned char *)return_address;
    probe_page known = 0;
    if (lockdown_is_on())
        return true;
    for (int i = 0; i < MOST_BYTES && probe_bytes(&known, code + i, LONGEST_JUMP); i++) {
        if (is_return(code + i))
            return false;
        int32_t distance = jump_at(code + i), target = i + distance;
        bool goes_back = distance < 0 && target <= -SHORTEST_CALL && target > -FARTHEST;
        if (!goes_back || !probe_bytes(&known, code + target, LONGEST_JUMP))
            continue;
        if (!ends_before(code + target, code))
            return true;
        if (i == 0 && jumps_always(code))
            return false; /* what lies behind is not this call's rest */
    }
    return false;
}

#else

bool code_may_loop(uintptr_t return_address) { return return_address != 0; }

#endif
