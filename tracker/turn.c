/* turn.c - see turn.h. */
#include "tracker/turn.h"

#include <linux/time_types.h>

#include "tracker/record.h"
#include "tracker/sys.h"

bool turn_take(struct turn *turn) {
    int32_t me = record_header()->pid, holder = atomic_load_explicit(&turn->holder, memory_order_relaxed);
    /* acquire: pairs with turn_give. Whoever has it in another process has another copy */
    return holder != me && atomic_compare_exchange_strong_explicit(&turn->holder, &holder, me,
                                                                   memory_order_acquire, memory_order_relaxed);
}

bool turn_take_soon(struct turn *turn) {
    bool taken = turn_take(turn);
    for (int tenths = 0; !taken && tenths < 30; tenths++) {
        struct __kernel_timespec tenth = {0, 100000000};
        SYS(SYS_nanosleep, &tenth, 0);
        taken = turn_take(turn);
    }
    return taken;
}

void turn_give(struct turn *turn) { atomic_store_explicit(&turn->holder, 0, memory_order_release); }
