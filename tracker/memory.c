/* memory.c - see memory.h. */
#include "tracker/memory.h"

#include <sys/mman.h>

#include "tracker/lockdown.h"
#include "tracker/sys.h"

void *memory_take(size_t bytes) {
    if (lockdown_is_on())
        return NULL;
    long at =
        SYS(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return sys_failed(at) ? NULL : (void *)at;
}

void memory_give_back(void *memory, size_t bytes) { SYS(SYS_munmap, memory, bytes); }
