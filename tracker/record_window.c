/* record_window.c - the mappings that the record is seen through, and what they are made over. See
 * record_parts.h. */
#include <errno.h>
#include <linux/mman.h>
#include <sys/resource.h>

#include "tracker/large.h"
#include "tracker/record_file.h"
#include "tracker/record_parts.h"
#include "tracker/sys.h"

static const uint64_t file_bytes = 1ull << 30;    /* sparse: room for sixteen million handles */
static const uint64_t memory_bytes = 64ull << 20; /* of an anonymous record: its size cannot change later */
static const uint64_t memory_bytes_least = 1ull << 20;

/* Makes the pages real, so that a later touch cannot fail. The kernel answers EFAULT or ENOMEM where a touch
 * would raise SIGBUS (full tmpfs). Linux 5.14; older kernels answer EINVAL, a filter what it likes: then
 * nothing is known, and only memory of our own is safe. */
bool record_reserve(void *from, size_t bytes) {
    long result = SYS(SYS_madvise, from, bytes, MADV_POPULATE_WRITE);
    bool is_memory = !record_own.path[0];
    return result == 0 || (is_memory && result != -EFAULT && result != -ENOMEM);
}

/* A second, larger mapping of the same object; the old one stays for those who are reading through it. */
bool record_window_grow(uint64_t needed) {
    uint64_t old = LOAD(&record_mapped.window);
    unsigned shift = old & 0xfff;
    while (1ull << shift < needed)
        shift++;
    if (1ull << shift <= record_window_bytes(old))
        return true;
    long at = SYS(SYS_mremap, record_window_base(old), 0, 1ull << shift, MREMAP_MAYMOVE);
    if (sys_failed(at))
        return false;
    /* release: the mapping is there before its address is */
    if (!atomic_compare_exchange_strong_explicit(&record_mapped.window, &old, (uint64_t)at | shift,
                                                 memory_order_release, memory_order_relaxed)) {
        SYS(SYS_munmap, at, 1ull << shift);
        return record_window_bytes(LOAD(&record_mapped.window)) >= needed || record_window_grow(needed);
    }
    record_own.mapped[shift] = (uint64_t)at; /* of each size there is one: the winner's */
    return true;
}

/* ---- its file ---------------------------------------------------------------------------------------------
 */

/* One sparse truncation; not beyond RLIMIT_FSIZE, where the kernel would send SIGXFSZ. */
static bool file_extend(long file, uint64_t least) {
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    SYS(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, &limit);
    record_own.object_bytes = limit.rlim_cur < file_bytes ? limit.rlim_cur / PAGE * PAGE : file_bytes;
    return record_own.object_bytes >= least && SYS(SYS_ftruncate, file, record_own.object_bytes) == 0;
}

static uint64_t window_if_real(long at, uint64_t used, unsigned shift) {
    if (sys_failed(at))
        return 0;
    if (record_reserve((void *)at, used))
        return (uint64_t)at | shift;
    SYS(SYS_munmap, at, 1ull << shift);
    return 0;
}

/* The first window over a new file, which is closed, if its first `used` bytes can be touched; or 0. */
static uint64_t window_over(long file, uint64_t least, uint64_t used, unsigned shift) {
    long at = -ENOMEM;
    if (file_extend(file, least))
        at = SYS(SYS_mmap, 0, 1ull << shift, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    SYS(SYS_close, file);
    return window_if_real(at, used, shift);
}

uint64_t record_window_from_file(uint64_t used, uint8_t name[16], unsigned shift) {
    if (record_own.identity.memory_only)
        return 0;
    long file = record_file_create(record_own.path, name);
    uint64_t window = sys_failed(file) ? 0 : window_over(file, 1ull << RECORD_FIRST_WINDOW_SHIFT, used, shift);
    if (window)
        return window;
    if (!sys_failed(file))
        SYS(SYS_unlink, record_own.path);
    record_own.path[0] = 0;
    return 0;
}

/* Where no descriptor can be had, not even for a moment. Such an object is as large as its first mapping for
 * ever, so a large one is mapped, without access lest mlockall(MCL_FUTURE) make it resident, and all but the
 * window is unmapped again. Where the kernel overcommits nothing all of it counts. */
static uint64_t window_from_nowhere(uint64_t used, unsigned shift) {
    for (uint64_t bytes = memory_bytes; bytes >= memory_bytes_least && bytes >= 1ull << shift; bytes /= 8) {
        long at = SYS(SYS_mmap, 0, bytes, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (sys_failed(at))
            continue;
        record_own.object_bytes = bytes;
        uint64_t window = 1ull << shift;
        if (bytes > window)
            SYS(SYS_munmap, at + (long)window, bytes - window);
        long opened = SYS(SYS_mprotect, at, window, PROT_READ | PROT_WRITE);
        uint64_t made = window_if_real(sys_failed(opened) ? opened : at, used, shift);
        if (made)
            return made;
    }
    return 0;
}

uint64_t record_window_from_memory(uint64_t used, unsigned shift) {
    record_own.path[0] = 0;
    long file = SYS(SYS_memfd_create, "leftopen", 1 /* MFD_CLOEXEC */);
    uint64_t window = sys_failed(file) ? 0 : window_over(file, memory_bytes, used, shift);
    return window ? window : window_from_nowhere(used, shift);
}

/* Memory that the kernel copies at a fork, at a third of the price of an object that has to be made, filled and
 * taken down: for children that execute something or end soon. It can neither grow nor be mapped twice, so that
 * it is for records that never grew. No page need be made real first: none of this memory lies in a file system
 * that may be full. `over`: in the place of what is mapped there, 0 anywhere. */
FORK_CODE uint64_t record_memory_private(uint64_t over) {
    long at = SYS(SYS_mmap, over, 1ull << RECORD_FIRST_WINDOW_SHIFT, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | (over ? MAP_FIXED : 0), -1, 0);
    return sys_failed(at) ? 0 : (uint64_t)at;
}

FORK_CODE void record_become_private(void) {
    record_own.path[0] = 0;
    record_own.object_bytes = 1ull << RECORD_FIRST_WINDOW_SHIFT;
    record_own.is_private = true;
}

uint64_t record_window_private(void) {
    uint64_t at = record_memory_private(0);
    if (!at)
        return 0;
    record_become_private();
    return at | RECORD_FIRST_WINDOW_SHIFT;
}
