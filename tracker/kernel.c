/* kernel.c - see kernel.h. */
#include "tracker/kernel.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "tracker/directory.h"
#include "tracker/paths.h"
#include "tracker/sys.h"
#include "tracker/text.h"

/* /proc/self is the main thread, which has nothing there any more once it has ended before others. Where it is
 * this thread, it spares the kernel three folders, which it makes as they are looked at. */
#define OF_THREAD(name) (SYS(SYS_gettid) == SYS(SYS_getpid) ? "/proc/self/" name : "/proc/thread-self/" name)

enum { PROBED = 1024 };

bool kernel_is_open(int number) { return !sys_failed(SYS(SYS_fcntl, number, F_GETFD)); }

RARE bool kernel_lists_numbers(const char *path) {
    return text_fits("/dev/fd", path) || text_fits("/dev/fd/", path) || text_fits("/proc/*/fd", path) ||
           text_fits("/proc/*/fd/", path);
}

static int number_of(const char *name) {
    int number = 0;
    for (; *name >= '0' && *name <= '9'; name++)
        number = number * 10 + (*name - '0');
    return *name ? -1 : number; /* "." and ".." */
}

struct visit {
    long folder;
    void (*visit)(int number, void *context);
    void *context;
};

static void visit_name(const char *name, void *context) {
    const struct visit *visit = context;
    int number = number_of(name);
    if (number >= 0 && number != visit->folder)
        visit->visit(number, visit->context);
}

int64_t kernel_count_open(void) {
    struct stat status; /* Linux 6.2: the size of /proc/PID/fd is the number of open descriptors */
    if (SYS(SYS_newfstatat, AT_FDCWD, OF_THREAD("fd"), &status, 0) || !status.st_size)
        return -1;
    return status.st_size;
}

/* The numbers below LOW that are open, if those are all: a bit each. 0: there may be more. The kernel counts
 * faster than it lists, since it makes a file of each descriptor that it lists. */
static uint32_t all_are_low(void) {
    enum { LOW = 24 };
    uint32_t open = 0;
    int64_t left = kernel_count_open();
    for (int number = 0; number < LOW && left > 0; number++)
        if (left <= LOW - number && kernel_is_open(number)) {
            open |= 1u << number;
            left--;
        }
    return left == 0 ? open : 0;
}

bool kernel_visit_open(void (*visit)(int number, void *context), void *context) {
    uint32_t low = all_are_low();
    for (uint32_t left = low; left; left &= left - 1)
        visit(__builtin_ctz(left), context);
    if (low)
        return true;
    long folder = SYS(SYS_open, OF_THREAD("fd"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (sys_failed(folder)) {
        for (int number = 0; number < PROBED; number++)
            if (kernel_is_open(number))
                visit(number, context);
        return false;
    }
    directory_visit((int)folder, visit_name, &(struct visit){folder, visit, context});
    SYS(SYS_close, folder);
    return true;
}

long kernel_executable(char *path, size_t bytes) { return SYS(SYS_readlink, OF_THREAD("exe"), path, bytes); }

unsigned kernel_count_threads(void) {
    struct stat status; /* a folder per thread, and two links more */
    if (SYS(SYS_newfstatat, AT_FDCWD, "/proc/self/task", &status, 0) || status.st_nlink < 3)
        return 0;
    return (unsigned)status.st_nlink - 2;
}
