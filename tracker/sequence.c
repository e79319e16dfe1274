/* sequence.c - see sequence.h. */
#include "tracker/sequence.h"

#include "tracker/large.h"
#include "tracker/paths.h"
#include "tracker/record.h"
#include "tracker/single.h"
#include "tracker/settings.h"

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)

enum { MOST_AT_ONCE = 64 };

static _Atomic uint32_t lines; /* that were drawn: blocks from before are void */

/* What is left of a thread's block. How many numbers are left and which is next is one word, so that a handler
 * in between, which takes some or puts a block of its own there, leaves none to be taken twice. */
static __thread struct {
    _Atomic uint64_t rest; /* REST */
    uint64_t now;
    uint32_t lines, size;
} block;

#define REST(count, next) ((uint64_t)(count) << 56 | (next))
#define REST_COUNT(rest) ((rest) >> 56)
#define REST_NEXT(rest) ((rest) & (REST(1, 0) - 1))

/* One at a time, unless the last block was used up within the tick; with option quarantine always, which counts
 * acquires. */
static RARE uint64_t take_block(uint64_t now, uint32_t drawn) {
    bool again = block.size && block.now == now && block.lines == drawn && settings.quarantine == 0;
    uint32_t size = !again ? 1 : block.size < MOST_AT_ONCE ? 2 * block.size : MOST_AT_ONCE;
    /* release, here and below: in that order for handlers; the void block before what makes it look good */
    atomic_store_explicit(&block.rest, 0, memory_order_release);
    uint64_t first = atomic_fetch_add_explicit(&record_header()->sequence, size, memory_order_relaxed) + 1;
    block.now = now;
    block.lines = drawn;
    block.size = size;
    atomic_store_explicit(&block.rest, REST(size - 1, first + 1), memory_order_release);
    return first;
}

AMONG_THREADS uint64_t sequence_next_among(uint64_t now, uint64_t after) {
    uint32_t drawn = LOAD(&lines);
    if (block.now == now && block.lines == drawn) {
        uint64_t rest = LOAD(&block.rest);
        if (REST_COUNT(rest) && REST_NEXT(rest) > after &&
            single_exchange_own(&block.rest, &rest, rest + 1 - REST(1, 0)))
            return REST_NEXT(rest);
    }
    return take_block(now, drawn);
}

FORK_CODE uint64_t sequence_line(void) {
    if (!SINGLE_HERE)
        atomic_fetch_add_explicit(&lines, 1, memory_order_acq_rel); /* void before the counter is asked */
    else if (LOAD(&block.rest))                                     /* else its page need not be copied */
        atomic_store_explicit(&block.rest, 0, memory_order_relaxed);
    return LOAD(&record_header()->sequence);
}
