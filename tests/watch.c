/* watch.c - see watch.h */
#include "tests/watch.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/run.h"
#include "tools/records/folder.h"

enum { PAGE = 4096, LINE = 64 / sizeof(uint64_t), WAIT_TURNS = 60000 };

void watch_pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void become(const char *spin, const struct watch *watch, unsigned work, int file, int cpu) {
    char threads[16], between[16], options[160];
    snprintf(threads, sizeof threads, "%u", watch->threads);
    snprintf(between, sizeof between, "%u", work);
    snprintf(options, sizeof options, "record=%s", watch->folder);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (cpu >= 0)
        watch_pin(cpu);
    dup2(file, STDIN_FILENO);
    close_range(3, ~0U, 0);
    setenv("LD_PRELOAD", run_built("libleftopen.so"), 1);
    setenv("LEFTOPEN_OPTIONS", options, 1);
    execl(spin, spin, threads, between, NULL);
    _exit(127);
}

static bool find_record(struct watch *watch) {
    struct folder_list list;
    if (folder_list(watch->folder, &list) != 0)
        return false;
    if (list.count == 1)
        snprintf(watch->record, sizeof watch->record, "%s", list.paths[0]);
    folder_list_end(&list);
    return watch->record[0];
}

bool watch_begin(struct watch *watch, const char *folder, unsigned threads, unsigned work, int cpu) {
    int file = memfd_create("counts", MFD_CLOEXEC);
    *watch = (struct watch){.folder = folder, .threads = threads};
    if (file >= 0 && ftruncate(file, PAGE) == 0)
        watch->counts = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
    const char *spin = run_built("targets/spin");
    watch->pid = fork();
    if (watch->pid == 0)
        become(spin, watch, work, file, cpu);
    close(file);
    for (int turn = 0; turn < WAIT_TURNS; turn++, usleep(1000))
        if (watch_count(watch) > 1000 && find_record(watch))
            return true;
    fprintf(stderr, "targets/spin has not begun\n");
    watch_end(watch);
    return false;
}

void watch_end(struct watch *watch) {
    kill(watch->pid, SIGKILL);
    waitpid(watch->pid, NULL, 0);
    munmap((void *)watch->counts, PAGE);
    if (watch->record[0])
        unlink(watch->record);
}

uint64_t watch_count(const struct watch *watch) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < watch->threads; i++)
        sum += __atomic_load_n(&watch->counts[i * LINE], __ATOMIC_RELAXED);
    return sum;
}

uint64_t watch_time(const struct watch *watch) {
    clockid_t clock;
    struct timespec time = {0, 0};
    if (clock_getcpuclockid(watch->pid, &clock) == 0)
        clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}
