/* work.c - the measured program: one kind of work, done in bursts on demand.
 *
 *   work KIND FRAMES THREADS OPEN OPERATIONS
 *
 * FRAMES: how deep the stack is at the call, everything from _start counted. THREADS: how many do it at once.
 * OPEN: descriptors held open meanwhile. OPERATIONS: per burst and thread.
 *
 * Each byte on standard input asks for one burst; its cost (answer.h) goes to standard output. So the driver
 * can let two of us take turns. One thread is timed by its own processor time, which does not see other
 * programs of the machine; several threads, and work done by children, by the clock on the wall.
 *
 * BENCH_PRELOAD and BENCH_COMMAND say what kinds that execute programs put before them. BENCH_WALL: by the
 * clock on the wall whatever the kind, as part of the cost is another process's (a tracer). */
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/answer.h"
#include "tests/bench/descend.h"

enum {
    THREADS = 64,
    CONNECTIONS = 4096,
    WORDS = 16,
    SITE_BITS = 6,
    UNKNOWN_NUMBER = 700,
    FRAMES_BELOW = 9, /* _start, its two in libc, main, burst, one_thread, the deepest descend, operate, the
                         work itself */
};

struct thread {
    pthread_t handle;
    uint64_t begin, end;             /* by the clock that suits the kind */
    uint64_t begin_clock, end_clock; /* on the wall */
    unsigned turn;
    int listener, clients[CONNECTIONS];
};

struct kind {
    const char *name;
    void (*once)(struct thread *);
    void (*start)(struct thread *);            /* when the thread begins, or NULL */
    void (*before)(struct thread *, unsigned); /* each burst, not timed, or NULL */
    void (*after)(struct thread *, unsigned);
    void (*stop)(struct thread *);
    void (*hold)(unsigned);   /* acquires the n-th of the handles that are held, or NULL: a descriptor */
    void (*let_go)(unsigned); /* and releases it */
    int by_children;
};

static const struct kind *kind;
static unsigned frames, threads, held, operations;
static struct thread all[THREADS];
static pthread_barrier_t barrier;
static int ending, *held_open;
static FILE **held_streams;
static int answer = STDOUT_FILENO;
static clockid_t timed_by;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int good(int result, const char *what) {
    if (result < 0)
        fail(what);
    return result;
}

/* ---- the kinds of work: descriptors ---- */

static void open_close(struct thread *thread) {
    close(good(open("/etc/passwd", O_RDONLY | O_CLOEXEC), "open"));
}
static void socket_close(struct thread *thread) { close(good(socket(AF_INET, SOCK_STREAM, 0), "socket")); }
static void dup_close(struct thread *thread) { close(good(dup(STDIN_FILENO), "dup")); }
static void close_unknown(struct thread *thread) { close(UNKNOWN_NUMBER); }

static void fopen_fclose(struct thread *thread) {
    FILE *stream = fopen("/etc/passwd", "re");
    good(stream ? 0 : -1, "fopen");
    fclose(stream);
}

static void opendir_closedir(struct thread *thread) {
    DIR *folder = opendir("/");
    good(folder ? 0 : -1, "opendir");
    closedir(folder);
}

/* Without a descriptor, so that there may be a million. */
static FILE *stream(void) {
    static char buffer[1];
    FILE *stream = fmemopen(buffer, sizeof buffer, "r");
    good(stream ? 0 : -1, "fmemopen");
    return stream;
}
static void stream_close(struct thread *thread) { fclose(stream()); }

static void hold_stream(unsigned i) { held_streams[i] = stream(); }
static void let_go_stream(unsigned i) { fclose(held_streams[i]); }
static void hold_descriptor(unsigned i) { held_open[i] = good(dup(STDIN_FILENO), "dup"); }
static void let_go_descriptor(unsigned i) { close(held_open[i]); }

/* The bits of `path` choose who calls whom: each operation comes by another of 64 stacks than the one before.
 */
static void left(unsigned path, unsigned bits);
static void right(unsigned path, unsigned bits);

static void fork_in_the_road(unsigned path, unsigned bits) {
    if (!bits)
        dup_close(NULL);
    else if (path & 1)
        left(path >> 1, bits - 1);
    else
        right(path >> 1, bits - 1);
}
__attribute__((noinline, noclone)) static void left(unsigned path, unsigned bits) {
    fork_in_the_road(path, bits);
}
__attribute__((noinline, noclone)) static void right(unsigned path, unsigned bits) {
    fork_in_the_road(path, bits);
    __asm__ volatile(""); /* not the same code as left */
}
static void dup_close_sites(struct thread *thread) { fork_in_the_road(thread->turn++, SITE_BITS); }

/* ---- accept: connections are waiting when the time begins ---- */

static void listen_start(struct thread *thread) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    thread->listener = good(socket(AF_INET, SOCK_STREAM, 0), "socket");
    good(bind(thread->listener, (struct sockaddr *)&here, sizeof here), "bind");
    good(listen(thread->listener, CONNECTIONS), "listen");
}

static void connect_all(struct thread *thread, unsigned count) {
    struct sockaddr_in there;
    socklen_t bytes = sizeof there;
    good(getsockname(thread->listener, (struct sockaddr *)&there, &bytes), "getsockname");
    for (unsigned i = 0; i < count; i++) {
        thread->clients[i] = good(socket(AF_INET, SOCK_STREAM, 0), "socket");
        good(connect(thread->clients[i], (struct sockaddr *)&there, bytes), "connect");
    }
}

static void accept_close(struct thread *thread) { close(good(accept(thread->listener, NULL, NULL), "accept")); }

/* Reset, so that no port stays in TIME_WAIT. */
static void disconnect_all(struct thread *thread, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        struct linger reset = {.l_onoff = 1};
        setsockopt(thread->clients[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(thread->clients[i]);
    }
}

static void listen_stop(struct thread *thread) { close(thread->listener); }

/* ---- children ---- */

extern char **environ;

static void expect(pid_t child) {
    int status;
    good(child, "child");
    good(waitpid(child, &status, 0), "waitpid");
    if (status)
        good(-1, "the child failed");
}

static void fork_exit(struct thread *thread) {
    pid_t child = fork();
    if (child == 0)
        exit(0);
    expect(child);
}

/* BENCH_COMMAND, then `program`. The words stay where they are for all later calls. */
static char **command(const char *const *program) {
    static char *words[WORDS];
    size_t count = 0;
    if (words[0])
        return words;
    char *prefix = getenv("BENCH_COMMAND");
    for (char *word = prefix ? strtok(prefix, " ") : NULL; word; word = strtok(NULL, " "))
        words[count++] = word;
    while (*program)
        words[count++] = (char *)*program++;
    return words;
}

static void spawn(const char *const *program) {
    char **words = command(program);
    pid_t child = -1;
    if (posix_spawnp(&child, words[0], NULL, NULL, words, environ))
        good(-1, words[0]);
    expect(child);
}

static const char *const true_words[] = {"/bin/true", NULL};
static const char *const cat_words[] = {"/bin/cat", "/dev/null", NULL};

static void spawn_true(struct thread *thread) { spawn(true_words); }
static void spawn_cat(struct thread *thread) { spawn(cat_words); }

static void vfork_exec(struct thread *thread) {
    char **words = command(true_words);
    pid_t child = vfork();
    if (child == 0) {
        execve(words[0], words, environ);
        _exit(127);
    }
    expect(child);
}

/* clang-format off */
static const struct kind kinds[] = {
    {.name = "accept", .once = accept_close, .start = listen_start, .before = connect_all, .after = disconnect_all, .stop = listen_stop},
    {.name = "close-unknown", .once = close_unknown},
    {.name = "dup", .once = dup_close},
    {.name = "dup-sites", .once = dup_close_sites},
    {.name = "fopen", .once = fopen_fclose},
    {.name = "fork", .once = fork_exit, .by_children = 1},
    {.name = "open", .once = open_close},
    {.name = "opendir", .once = opendir_closedir},
    {.name = "socket", .once = socket_close},
    {.name = "spawn-cat", .once = spawn_cat, .by_children = 1},
    {.name = "spawn-true", .once = spawn_true, .by_children = 1},
    {.name = "stream", .once = stream_close, .hold = hold_stream, .let_go = let_go_stream},
    {.name = "vfork", .once = vfork_exec, .by_children = 1},
};
/* clang-format on */

/* ---- a burst ---- */

static uint64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void operate(void *argument) {
    struct thread *thread = argument;
    thread->begin_clock = now(CLOCK_MONOTONIC_RAW);
    thread->begin = now(timed_by);
    for (unsigned i = 0; i < operations; i++)
        kind->once(thread);
    thread->end = now(timed_by);
    thread->end_clock = now(CLOCK_MONOTONIC_RAW);
}

__attribute__((noinline)) static void one_thread(struct thread *thread) {
    if (kind->before)
        kind->before(thread, operations);
    if (threads > 1)
        pthread_barrier_wait(&barrier);
    descend(frames > FRAMES_BELOW ? frames - FRAMES_BELOW : 0, operate, thread);
    if (kind->after)
        kind->after(thread, operations);
}

/* The n-th thread stays on the n-th processor, counted round: where threads wake up is no part of the work. */
static void stay(unsigned thread) {
    cpu_set_t may, one;
    sched_getaffinity(0, sizeof may, &may);
    unsigned left_out = thread % (unsigned)CPU_COUNT(&may);
    int processor = 0;
    while (!CPU_ISSET(processor, &may) || left_out--)
        processor++;
    CPU_ZERO(&one);
    CPU_SET(processor, &one);
    sched_setaffinity(0, sizeof one, &one);
}

static void *thread_main(void *argument) {
    stay((unsigned)((struct thread *)argument - all));
    for (;;) {
        pthread_barrier_wait(&barrier);
        if (ending)
            return NULL;
        one_thread(argument);
        pthread_barrier_wait(&barrier);
    }
}

static double each(uint64_t begin, uint64_t end) { return (double)(end - begin) / operations / threads; }
static uint64_t least(uint64_t one, uint64_t other) { return one < other ? one : other; }
static uint64_t most(uint64_t one, uint64_t other) { return one > other ? one : other; }

__attribute__((noinline)) static struct answer burst(void) {
    if (threads == 1) {
        one_thread(&all[0]);
    } else {
        pthread_barrier_wait(&barrier); /* begin */
        pthread_barrier_wait(&barrier); /* all are prepared */
        pthread_barrier_wait(&barrier); /* all are done */
    }
    struct thread sum = all[0];
    for (unsigned i = 1; i < threads; i++) {
        sum.begin = least(sum.begin, all[i].begin);
        sum.end = most(sum.end, all[i].end);
        sum.begin_clock = least(sum.begin_clock, all[i].begin_clock);
        sum.end_clock = most(sum.end_clock, all[i].end_clock);
    }
    return (struct answer){each(sum.begin, sum.end), each(sum.begin_clock, sum.end_clock)};
}

/* ---- before and after ---- */

/* What a tool says on the standard output of the program that it starts is no answer of ours. */
static void keep_answer_apart(void) {
    answer = good(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, THREADS), "fcntl");
    int nowhere = good(open("/dev/null", O_WRONLY | O_CLOEXEC), "open");
    dup2(nowhere, STDOUT_FILENO);
    close(nowhere);
}

static void begin(void) {
    struct rlimit limit;
    good(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    good(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
    int wall = threads > 1 || kind->by_children || getenv("BENCH_WALL");
    timed_by = wall ? CLOCK_MONOTONIC_RAW : CLOCK_THREAD_CPUTIME_ID;
    if (kind->by_children)
        keep_answer_apart();
    if (getenv("BENCH_PRELOAD"))
        setenv("LD_PRELOAD", getenv("BENCH_PRELOAD"), 1);
    held_open = calloc(held + 1, sizeof *held_open);
    held_streams = calloc(held + 1, sizeof *held_streams);
    if (!held_open || !held_streams)
        fail("calloc");
    for (unsigned i = 0; i < held; i++)
        (kind->hold ? kind->hold : hold_descriptor)(i);
    for (unsigned i = 0; i < threads && kind->start; i++)
        kind->start(&all[i]);
    if (threads == 1)
        return;
    pthread_barrier_init(&barrier, NULL, threads + 1);
    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&all[i].handle, NULL, thread_main, &all[i]))
            fail("pthread_create");
}

static void end(void) {
    ending = 1;
    if (threads > 1)
        pthread_barrier_wait(&barrier);
    for (unsigned i = 0; i < threads && threads > 1; i++)
        pthread_join(all[i].handle, NULL);
    for (unsigned i = 0; i < threads && kind->stop; i++)
        kind->stop(&all[i]);
    for (unsigned i = held; i--;) /* the newest first: libc looks for a stream from there */
        (kind->let_go ? kind->let_go : let_go_descriptor)(i);
    free(held_open);
    free(held_streams);
    if (answer != STDOUT_FILENO)
        close(answer);
}

static const struct kind *find(const char *name) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}

int main(int count, char **words) {
    kind = count == 6 ? find(words[1]) : NULL;
    if (!kind) {
        fprintf(stderr, "usage: work KIND FRAMES THREADS OPEN OPERATIONS\n");
        return 64;
    }
    frames = (unsigned)atoi(words[2]);
    threads = (unsigned)atoi(words[3]);
    held = (unsigned)atoi(words[4]);
    operations = (unsigned)atoi(words[5]);
    if (!threads || threads > THREADS || !operations || (kind->before && operations > CONNECTIONS)) {
        fprintf(stderr, "work: out of range\n");
        return 64;
    }
    begin();
    for (char turn; read(STDIN_FILENO, &turn, 1) == 1;) {
        struct answer cost = burst();
        if (write(answer, &cost, sizeof cost) != sizeof cost)
            return 1;
    }
    end();
    return 0;
}
