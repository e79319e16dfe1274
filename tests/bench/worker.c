/* worker.c - see worker.h. */
#include "tests/bench/worker.h"

#include <err.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 24, DIGITS = 12, BURST_SECONDS = 120, STOP_SECONDS = 20 };

/* ---- the child ---- */

/* Takes turns with its rivals on the last processor, where fewest interrupts go; several threads get all. */
static void pin(unsigned threads) {
    cpu_set_t may, last;
    if (threads > 1 || sched_getaffinity(0, sizeof may, &may))
        return;
    CPU_ZERO(&last);
    for (int i = CPU_SETSIZE - 1; i >= 0 && !CPU_COUNT(&last); i--)
        if (CPU_ISSET(i, &may))
            CPU_SET(i, &last);
    sched_setaffinity(0, sizeof last, &last);
}

static void set_or_clear(const char *name, const char *value) {
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static void execute(const struct worker_request *request) {
    char frames[DIGITS], threads[DIGITS], held[DIGITS], operations[DIGITS];
    snprintf(frames, sizeof frames, "%u", request->frames);
    snprintf(threads, sizeof threads, "%u", request->threads);
    snprintf(held, sizeof held, "%u", request->held);
    snprintf(operations, sizeof operations, "%u", request->operations);
    const char *tail[] = {request->program, request->kind, frames, threads, held, operations, NULL};

    const char *words[WORDS];
    size_t count = 0;
    char *prefix = request->command && !request->outside ? strdup(request->command) : NULL;
    for (char *word = prefix ? strtok(prefix, " ") : NULL; word && count < WORDS / 2; word = strtok(NULL, " "))
        words[count++] = word;
    memcpy(words + count, tail, sizeof tail);
    execvp(words[0], (char *const *)words);
    err(1, "%s", words[0]);
}

static void become(const struct worker_request *request, int input, int output) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL);
    pin(request->threads);
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    if (request->quiet)
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC); /* make's, and our own of the rivals */
    set_or_clear("LEFTOPEN_OPTIONS", request->options);
    set_or_clear("BENCH_WALL", request->command ? "1" : NULL);
    set_or_clear("BENCH_PRELOAD", request->outside ? request->preload : NULL);
    set_or_clear("BENCH_COMMAND", request->outside ? request->command : NULL);
    set_or_clear("LD_PRELOAD", request->outside ? NULL : request->preload);
    execute(request);
}

/* ---- the driver ---- */

struct worker worker_start(const struct worker_request *request) {
    int ask[2], answer[2];
    if (pipe2(ask, O_CLOEXEC) || pipe2(answer, O_CLOEXEC))
        err(1, "pipe2");
    pid_t pid = fork();
    if (pid < 0)
        err(1, "fork");
    if (pid == 0)
        become(request, ask[0], answer[1]);
    close(ask[0]);
    close(answer[1]);
    return (struct worker){.pid = pid, .ask = ask[1], .answer = answer[0]};
}

bool worker_burst(const struct worker *worker, struct answer *answer) {
    struct pollfd ready = {.fd = worker->answer, .events = POLLIN};
    return write(worker->ask, "", 1) == 1 && poll(&ready, 1, BURST_SECONDS * 1000) == 1 &&
           read(worker->answer, answer, sizeof *answer) == sizeof *answer;
}

bool worker_stop(const struct worker *worker) {
    int status;
    struct pollfd end = {.fd = worker->answer}; /* hangs up */
    close(worker->ask);
    if (poll(&end, 1, STOP_SECONDS * 1000) != 1)
        kill(worker->pid, SIGKILL);
    close(worker->answer);
    return waitpid(worker->pid, &status, 0) == worker->pid && !status;
}
