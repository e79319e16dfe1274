/* clone.c - see clone.h. */
#include "tracker/clone.h"

#include <errno.h>
#include <sched.h>

#include "tracker/valgrind.h"

long clone_beside(int (*function)(void *), void *top, void *argument) {
    return valgrind_runs_us() ? -ENOSYS : clone_with_stack(function, top, CLONE_VM, argument);
}
