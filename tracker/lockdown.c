/* lockdown.c - see lockdown.h. */
#include "tracker/lockdown.h"

#include <stdatomic.h>

#include "tracker/unwind.h"

static atomic_bool on;

/* relaxed: the thread that locks the process down is the one that must not call; others follow soon */
bool lockdown_is_on(void) { return atomic_load_explicit(&on, memory_order_relaxed); }

void lockdown_begin(void) {
    atomic_store_explicit(&on, true, memory_order_relaxed);
    unwind_without_system_calls();
}
