/* Description: threads open and close as fast as they can, so that every number has another owner the next
 * moment, and hand some over to each other. "reuse wrong COUNT" closes one descriptor twice in every 100,000
 * operations, each time from other functions, COUNT times; it prints which of these second closes failed, and
 * how many right ones did since theirs had taken another's number. "reuse right SECONDS" makes no mistake, also
 * with streams, duplicates put over others, and children; "reuse right 0" ends after a million operations. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define APART __attribute__((noinline))

enum { THREADS = 8, OWN = 12, BOXES = 4, WAYS = 32, RATE = 100000, SHORT = 10 * RATE };

static bool is_wrong;
static unsigned long limit; /* operations, or 0 */
static time_t until;        /* seconds of CLOCK_MONOTONIC, where there is no limit */
static atomic_ulong operations, late;
static atomic_int boxes[BOXES]; /* what goes from thread to thread; 0 nothing */
static bool failed[WAYS * WAYS];

/* ---- the mistake, in many places ------------------------------------------------------------------------- */

struct way {
    int (*open)(void);
    int (*first)(int);
    int (*again)(int);
};

#define EIGHT(X, n) X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7)
#define ALL(X) EIGHT(X, 0) EIGHT(X, 1) EIGHT(X, 2) EIGHT(X, 3)

#define WAY(n)                                                                                                 \
    static APART int open_##n(void) {                                                                          \
        int fd = open("/dev/zero", O_RDONLY);                                                                  \
        return fd + (int)strlen("");                                                                           \
    }                                                                                                          \
    static APART int first_##n(int fd) {                                                                       \
        int result = close(fd);                                                                                \
        return result;                                                                                         \
    }                                                                                                          \
    static APART int again_##n(int fd) {                                                                       \
        int result = close(fd);                                                                                \
        return result;                                                                                         \
    }
ALL(WAY)

static const struct way ways[] = {
#define ROW(n) {open_##n, first_##n, again_##n},
    ALL(ROW)};

#define FROM(n)                                                                                                \
    static APART int from_##n(const struct way *way) {                                                         \
        int fd = way->open();                                                                                  \
        way->first(fd);                                                                                        \
        if (fd % 2)                                                                                            \
            sched_yield(); /* so that others may get the number */                                             \
        int result = way->again(fd);                                                                           \
        return result;                                                                                         \
    }
ALL(FROM)

static int (*const from[])(const struct way *way) = {
#define PLACE(n) from_##n,
    ALL(PLACE)};

/* The numbers are octal in the names of functions. */
static void err(unsigned long time) {
    if (time < WAYS * WAYS)
        failed[time] = from[time / WAYS](&ways[time % WAYS]) == -1 && errno == EBADF;
}

/* ---- the work -------------------------------------------------------------------------------------------- */

struct worker {
    pthread_t thread;
    unsigned random, count;
    int own[OWN];
};

static unsigned next(struct worker *worker) {
    worker->random = worker->random * 1664525 + 1013904223;
    return worker->random >> 12;
}

static void keep(struct worker *worker, int fd) {
    if (fd >= 0)
        worker->own[worker->count++] = fd;
}

static void close_own(int fd) {
    if (close(fd) == -1 && errno == EBADF)
        atomic_fetch_add(&late, 1);
}

static int take(struct worker *worker) {
    unsigned place = next(worker) % worker->count;
    int fd = worker->own[place];
    worker->own[place] = worker->own[--worker->count];
    return fd;
}

static void hand_over(struct worker *worker) {
    int got = atomic_exchange(&boxes[next(worker) % BOXES], take(worker));
    if (got)
        keep(worker, got);
}

static void open_some(struct worker *worker) {
    int ends[2];
    switch (next(worker) % 4) {
    case 0:
        return keep(worker, open("/dev/null", O_RDWR));
    case 1:
        return keep(worker, dup(1));
    case 2:
        if (pipe2(ends, O_CLOEXEC) == 0)
            keep(worker, ends[0]), keep(worker, ends[1]);
        return;
    default:
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0)
            keep(worker, ends[0]), keep(worker, ends[1]);
    }
}

static void in_a_child(struct worker *worker) {
    pid_t child = fork();
    if (child == 0) {
        while (worker->count)
            close(take(worker));
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void with_streams(struct worker *worker) {
    FILE *stream;
    DIR *folder;
    int fd;
    switch (next(worker) % 8) {
    case 0:
        if ((stream = fopen("/dev/null", "r")))
            fclose(stream);
        return;
    case 1:
        stream = fdopen(fd = take(worker), "r");
        if (stream)
            fclose(stream);
        else
            close_own(fd);
        return;
    case 2:
        if ((folder = opendir("/")))
            closedir(folder);
        return;
    case 3:
        if (next(worker) % 512 == 0)
            in_a_child(worker);
        return;
    default:
        if (worker->count > 1)
            dup2(worker->own[0], worker->own[1]);
    }
}

static void work_once(struct worker *worker) {
    if (worker->count < 2 || (worker->count < OWN - 2 && next(worker) % 2))
        open_some(worker);
    else if (next(worker) % 8 == 0)
        hand_over(worker);
    else if (!is_wrong && next(worker) % 4 == 0)
        with_streams(worker);
    else
        close_own(take(worker));
}

static bool is_over(unsigned long operation) {
    struct timespec now;
    if (limit)
        return operation >= limit;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec >= until;
}

static void *work(void *argument) {
    struct worker *worker = argument;
    unsigned long operation;
    while (!is_over(operation = atomic_fetch_add(&operations, 1))) {
        work_once(worker);
        if (is_wrong && operation % RATE == RATE - 1)
            err(operation / RATE);
    }
    while (worker->count)
        close_own(take(worker));
    return NULL;
}

int main(int argc, char **argv) {
    struct worker workers[THREADS];
    struct timespec now;
    if (argc < 3)
        return 64;
    is_wrong = strcmp(argv[1], "wrong") == 0;
    limit = is_wrong ? strtoul(argv[2], NULL, 10) * RATE : atoi(argv[2]) ? 0 : SHORT;
    clock_gettime(CLOCK_MONOTONIC, &now);
    until = now.tv_sec + atoi(argv[2]);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.random = i + 1};
        pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    for (unsigned i = 0; i < BOXES; i++)
        if (boxes[i])
            close_own(boxes[i]);
    for (unsigned i = 0; i < WAYS * WAYS; i++)
        if (failed[i])
            printf("%02o_%02o\n", i / WAYS, i % WAYS);
    printf("late %lu of %lu\n", late, operations);
    return 0;
}
