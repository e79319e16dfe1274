/* stops.c - a program is stopped anywhere, its descriptors are listed, it is killed: what its record shows as
 * open was open and has its stack, and what was open is shown, but for calls under way.
 *
 * STOPS=N instants (default 150), SEED=N repeats a run. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/suite.h"
#include "tests/run.h"
#include "tools/records/folder.h"
#include "tools/records/record_reader.h"

enum { MOST_NUMBERS = 1024, MOST_LINK = 96, THREADS = 8 /* of busy.c */ };

static const char *library, *busy;
static char folder[128], options[160];
static uint64_t seed;

static unsigned long number_from(const char *variable, unsigned long standard) {
    const char *value = getenv(variable);
    return value && *value ? strtoul(value, NULL, 10) : standard;
}

static unsigned below(unsigned count) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % count;
}

/* ---- the program ---- */

static void become(unsigned turn) {
    char word[16];
    snprintf(word, sizeof word, "%u", turn);
    int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, STDIN_FILENO);
    close_range(3, ~0U, 0);
    setpgid(0, 0);
    setenv("LD_PRELOAD", library, 1);
    setenv("LEFTOPEN_OPTIONS", options, 1);
    execl(busy, busy, word, NULL);
    _exit(127);
}

static pid_t start(unsigned turn) {
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        become(turn);
    setpgid(pid, pid);
    return pid;
}

/* The state letter of one thread, 0 if it is not there any more. */
static char state_of(pid_t pid, const char *thread) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/stat", pid, thread);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t got = read(file, line, sizeof line - 1);
    close(file);
    line[got > 0 ? got : 0] = 0;
    const char *name_end = strrchr(line, ')');
    return name_end && name_end[1] ? name_end[2] : 0;
}

static bool all_stand(pid_t pid) {
    char path[64];
    bool stand = true;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *threads = opendir(path);
    ck_assert_ptr_nonnull(threads);
    for (struct dirent *entry; stand && (entry = readdir(threads));)
        stand = entry->d_name[0] == '.' || strchr("TZX", state_of(pid, entry->d_name));
    closedir(threads);
    return stand;
}

static void stop(pid_t pid) {
    ck_assert_int_eq(kill(pid, SIGSTOP), 0);
    while (!all_stand(pid))
        usleep(50);
}

/* ---- the kernel's word ---- */

struct descriptors {
    bool is_open[MOST_NUMBERS];
    char link[MOST_NUMBERS][MOST_LINK];
    int count; /* above standard error */
};

static void list_descriptors(pid_t pid, struct descriptors *descriptors) {
    char path[64];
    memset(descriptors, 0, sizeof *descriptors);
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *list = opendir(path);
    ck_assert_ptr_nonnull(list);
    for (struct dirent *entry; (entry = readdir(list));) {
        int number = atoi(entry->d_name);
        if (entry->d_name[0] == '.')
            continue;
        ck_assert_int_lt(number, MOST_NUMBERS);
        descriptors->is_open[number] = true;
        descriptors->count += number > STDERR_FILENO;
        ck_assert_int_gt(readlinkat(dirfd(list), entry->d_name, descriptors->link[number], MOST_LINK - 1), 0);
    }
    closedir(list);
}

/* ---- the record's word ---- */

static const struct {
    enum record_kind kind;
    const char *link;
} links[] = {
    {RECORD_KIND_FILE, "/dev/null"},        {RECORD_KIND_DIRECTORY, "/"},
    {RECORD_KIND_SOCKET, "socket:["},       {RECORD_KIND_PIPE, "pipe:["},
    {RECORD_KIND_EPOLL, "anon_inode:[eve"}, {RECORD_KIND_EVENTFD, "anon_inode:[eve"},
    {RECORD_KIND_STREAM, "/dev/null"},      {RECORD_KIND_DIRSTREAM, "/"},
    {RECORD_KIND_DESCRIPTOR, ""},
};

static bool kind_fits(enum record_kind kind, const char *link) {
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (links[i].kind == kind)
            return strncmp(link, links[i].link, strlen(links[i].link)) == 0;
    return false;
}

struct comparison {
    const struct process *process;
    const struct descriptors *descriptors;
    bool is_shown[MOST_NUMBERS];
    int held, missing;
    char wrong[4096];
};

__attribute__((format(printf, 2, 3))) static void wrong(struct comparison *comparison, const char *format,
                                                        ...) {
    size_t have = strlen(comparison->wrong);
    va_list list;
    va_start(list, format);
    vsnprintf(comparison->wrong + have, sizeof comparison->wrong - have, format, list);
    va_end(list);
}

static void check_held(struct comparison *comparison, const struct handle *handle) {
    const char *link = comparison->descriptors->link[handle->number];
    comparison->held++;
    if (!comparison->descriptors->is_open[handle->number])
        wrong(comparison, "%s %d is shown as open and was not\n", handle->is_address ? "inside" : "fd",
              handle->number);
    else if (!kind_fits(handle->kind, link))
        wrong(comparison, "%d is shown as kind %d and was %s\n", handle->number, handle->kind, link);
    if (!handle->stack || !handle->stack->count || !*handle->stack->call)
        wrong(comparison, "%d has no stack\n", handle->number);
    if (!handle->sequence || handle->sequence > comparison->process->sequence || !handle->opened ||
        !handle->thread)
        wrong(comparison, "%d: sequence %llu of %llu, opened %llu, thread %d\n", handle->number,
              (unsigned long long)handle->sequence, (unsigned long long)comparison->process->sequence,
              (unsigned long long)handle->opened, handle->thread);
}

static void take_handle(struct comparison *comparison, const struct handle *handle) {
    if (handle->number < 0 || handle->number >= MOST_NUMBERS || handle->state == RECORD_STATE_FREE)
        return;
    comparison->is_shown[handle->number] = true;
    if (handle->state == RECORD_STATE_LIVE)
        check_held(comparison, handle);
}

/* Not the program's, and closed before the call returns that opened it: the library reads at the first acquire
 * what was open before, and makes the record's file; libc's malloc asks whether it may shrink. */
static bool is_of_library(const char *link, pid_t pid) {
    char list[32];
    snprintf(list, sizeof list, "/proc/%d/fd", pid);
    return strcmp(link, list) == 0 || strncmp(link, folder, strlen(folder)) == 0 ||
           strcmp(link, "/proc/sys/vm/overcommit_memory") == 0;
}

static bool is_missing(const struct comparison *comparison, int number) {
    const struct descriptors *descriptors = comparison->descriptors;
    return descriptors->is_open[number] && !comparison->is_shown[number] &&
           !is_of_library(descriptors->link[number], comparison->process->pid);
}

static void look_for_missing(struct comparison *comparison) {
    const struct process *process = comparison->process;
    /* A thread whose first call began before there was a record has no mark in it. */
    size_t first_calls = process->thread_count < THREADS ? THREADS - process->thread_count : 0;
    int explained = (int)(process->opening + 2 * (process->acquiring + first_calls));
    for (int number = STDERR_FILENO + 1; number < MOST_NUMBERS; number++)
        comparison->missing += is_missing(comparison, number);
    if (comparison->missing <= explained)
        return;
    wrong(
        comparison,
        "%d are not shown, %zu are opening, %zu calls of %zu threads acquire, %llu acquires so far, %llu met a "
        "record in the making:\n",
        comparison->missing, comparison->process->opening, comparison->process->acquiring,
        comparison->process->thread_count, (unsigned long long)comparison->process->sequence,
        (unsigned long long)comparison->process->losses[RECORD_LOSS_BUSY]);
    for (int number = STDERR_FILENO + 1; number < MOST_NUMBERS; number++)
        if (is_missing(comparison, number))
            wrong(comparison, "  %d %s\n", number, comparison->descriptors->link[number]);
}

static void compare(struct comparison *comparison) {
    for (size_t i = 0; i < comparison->process->handle_count; i++)
        take_handle(comparison, &comparison->process->handles[i]);
    look_for_missing(comparison);
}

/* ---- one instant ---- */

static struct { unsigned long open, held, missing, opening, closing, acquiring; } sums;

static void add_to_sums(const struct comparison *comparison) {
    sums.open += (unsigned long)comparison->descriptors->count;
    sums.held += (unsigned long)comparison->held;
    sums.missing += (unsigned long)comparison->missing;
    sums.opening += comparison->process->opening;
    sums.closing += comparison->process->closing;
    sums.acquiring += comparison->process->acquiring;
}

/* The record of that process, among those of its children. Its path in `path`. */
static struct process *record_of(pid_t pid, char path[PATH_MAX]) {
    struct folder_list list;
    struct process *found = NULL;
    ck_assert_int_eq(folder_list(folder, &list), 0);
    for (size_t i = 0; i < list.count && !found; i++) {
        int status;
        found = record_read(list.paths[i], true, &status);
        ck_assert(found || status == 66);
        if (found && found->pid != pid) {
            record_end(found);
            found = NULL;
        } else if (found) {
            snprintf(path, PATH_MAX, "%s", list.paths[i]);
        }
    }
    folder_list_end(&list);
    return found;
}

static void remove_records(void) {
    struct folder_list list;
    ck_assert_int_eq(folder_list(folder, &list), 0);
    for (size_t i = 0; i < list.count; i++)
        unlink(list.paths[i]);
    folder_list_end(&list);
}

/* Until somebody has begun to acquire. */
static void wait_for_record(void) {
    while (run_entries(folder) < 1)
        usleep(100);
}

/* True if it had begun to acquire. */
static bool one_instant(unsigned turn) {
    static struct descriptors descriptors;
    static struct comparison comparison;
    char path[PATH_MAX];
    pid_t pid = start(turn);
    if (turn % 4) /* else where it starts as well, as far as it has come by then */
        wait_for_record();
    usleep(2500 + below(12000));
    stop(pid);
    list_descriptors(pid, &descriptors);
    ck_assert_int_eq(kill(-pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    struct process *process = record_of(pid, path);
    if (!process) { /* each thread is in its first call */
        ck_assert_msg(descriptors.count <= 2 * THREADS, "turn %u: no record, and %d were open", turn,
                      descriptors.count);
        remove_records();
        return false;
    }
    memset(&comparison, 0, sizeof comparison);
    comparison.process = process;
    comparison.descriptors = &descriptors;
    compare(&comparison);
    add_to_sums(&comparison);
    ck_assert_msg(!process->truncated && !*comparison.wrong, "turn %u of seed %lu, record %s:\n%s", turn,
                  number_from("SEED", 1), path, comparison.wrong);
    record_end(process);
    remove_records();
    return true;
}

START_TEST(the_record_is_true_at_any_instant) {
    unsigned turns = (unsigned)number_from("STOPS", 150), with_record = 0;
    seed = number_from("SEED", 1);
    for (unsigned turn = 0; turn < turns; turn++)
        with_record += one_instant(turn);
    printf("stopped and killed %u times, %u of these with a record: %lu descriptors open, %lu handles shown as "
           "open, "
           "%lu not shown; %lu slots and %lu calls opening, %lu closing\n",
           turns, with_record, sums.open, sums.held, sums.missing, sums.opening, sums.acquiring, sums.closing);
    fflush(stdout);
    ck_assert_uint_gt(with_record, turns / 2);
    ck_assert_uint_gt(sums.held, with_record);
}
END_TEST

int main(void) {
    library = run_built("libleftopen.so");
    busy = run_built("targets/busy");
    snprintf(folder, sizeof folder, "%s/records", run_folder());
    mkdir(folder, 0700);
    snprintf(options, sizeof options, "record=%s", folder);
    Suite *suite = suite_create("stops");
    TCase *tests = tcase_create("stops");
    tcase_set_timeout(tests, 1200);
    tcase_add_test(tests, the_record_is_true_at_any_instant);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
