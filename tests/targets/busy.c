/* busy.c - eight threads that acquire and release all the time, and a fork now and then, until they are killed.
 * With an odd seed a signal's handler does so, too. busy [SEED]. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 8, HELD = 12 };

/* What a thread holds, each entry one handle: a descriptor, a stream or a directory. */
struct held {
    int number;
    FILE *stream;
    DIR *directory;
};

struct worker {
    uint64_t seed;
    struct held held[HELD];
    size_t count;
};

static size_t below(struct worker *worker, size_t count) {
    worker->seed = worker->seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(worker->seed >> 33) % count;
}

static void hold(struct worker *worker, struct held held) {
    if (held.number >= 0 || held.stream || held.directory)
        worker->held[worker->count++] = held;
}

static void hold_number(struct worker *worker, int number) { hold(worker, (struct held){number, NULL, NULL}); }

static void hold_pair(struct worker *worker, int result, const int ends[2]) {
    if (result)
        return;
    hold_number(worker, ends[0]);
    hold_number(worker, ends[1]);
}

/* A descriptor of its own, -1 if it has none. */
static int some_number(struct worker *worker) {
    return worker->count ? worker->held[below(worker, worker->count)].number : -1;
}

static void acquire(struct worker *worker) {
    int ends[2], from = some_number(worker);
    switch (below(worker, 12)) {
    case 0:
        hold_number(worker, open("/dev/null", O_RDONLY | O_CLOEXEC));
        break;
    case 1:
        hold_number(worker, open("/", O_RDONLY | O_DIRECTORY));
        break;
    case 2:
        hold_number(worker, socket(AF_INET, SOCK_STREAM, 0));
        break;
    case 3:
        hold_pair(worker, pipe(ends), ends);
        break;
    case 4:
        hold_pair(worker, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ends);
        break;
    case 5:
        hold(worker, (struct held){-1, fopen("/dev/null", "r"), NULL});
        break;
    case 6:
        hold(worker, (struct held){-1, NULL, opendir("/")});
        break;
    case 7:
        hold_number(worker, epoll_create1(EPOLL_CLOEXEC));
        break;
    case 8:
        hold_number(worker, eventfd(0, 0));
        break;
    case 9:
        if (from >= 0)
            hold_number(worker, fcntl(from, F_DUPFD_CLOEXEC, 20));
        break;
    default:
        if (from >= 0)
            hold_number(worker, dup(from));
    }
}

static void release(struct worker *worker) {
    size_t place = below(worker, worker->count);
    struct held held = worker->held[place];
    worker->held[place] = worker->held[--worker->count];
    if (held.stream)
        fclose(held.stream);
    else if (held.directory)
        closedir(held.directory);
    else
        close(held.number);
}

static void replace(struct worker *worker) {
    int from = some_number(worker), to = some_number(worker);
    if (from >= 0 && to >= 0)
        dup2(from, to);
}

static void fork_once(void) {
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    if (child > 0)
        waitpid(child, NULL, 0);
}

static void *work(void *argument) {
    struct worker worker = {.seed = (uint64_t)(uintptr_t)argument};
    for (;;) {
        size_t what = below(&worker, 400);
        if (what == 0)
            fork_once();
        else if (what < 40)
            replace(&worker);
        else if (worker.count < HELD - 1 && (worker.count == 0 || what < 220))
            acquire(&worker);
        else
            release(&worker);
    }
    return NULL;
}

static void handle(int signal) {
    int before = errno, ends[2];
    if (pipe(ends) == 0) {
        close(ends[0]);
        close(ends[1]);
    }
    errno = before;
}

static void interrupt_often(void) {
    struct itimerval often = {{0, 200}, {0, 200}};
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = handle, .sa_flags = SA_RESTART}, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
}

int main(int count, char **words) {
    uintptr_t seed = count > 1 ? strtoul(words[1], NULL, 10) : 1;
    if (seed % 2)
        interrupt_often();
    for (uintptr_t i = 1; i < THREADS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, (void *)(seed * THREADS + i)))
            return 1;
    }
    work((void *)(seed * THREADS));
    return 0;
}
