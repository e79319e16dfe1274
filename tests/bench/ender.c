/* ender.c - acquires handles and ends: what an exit pass costs, or a loop that closes them all.
 *
 *   ender descriptors|streams COUNT close|leave
 *
 * Before the end it prints, in nanoseconds, the processor time that it has taken and the clock. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static int *descriptors;
static FILE **streams;

static int acquire_descriptor(size_t i) { return (descriptors[i] = open("/etc/passwd", O_RDONLY)) >= 0; }
static int acquire_stream(size_t i) {
    static char buffer[1];
    return (streams[i] = fmemopen(buffer, sizeof buffer, "r")) != NULL;
}
static void release_descriptor(size_t i) { close(descriptors[i]); }
static void release_stream(size_t i) { fclose(streams[i]); }

static long long nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static void raise_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int count, char **words) {
    if (count != 4) {
        fprintf(stderr, "usage: ender descriptors|streams COUNT close|leave\n");
        return 64;
    }
    int of_streams = !strcmp(words[1], "streams");
    size_t handles = strtoul(words[2], NULL, 10);
    raise_limit();
    descriptors = calloc(handles + 1, sizeof *descriptors);
    streams = calloc(handles + 1, sizeof *streams);
    if (!descriptors || !streams)
        return 1;
    for (size_t i = 0; i < handles; i++)
        if (!(of_streams ? acquire_stream(i) : acquire_descriptor(i))) {
            perror(words[1]);
            return 1;
        }
    printf("%lld %lld\n", nanoseconds(CLOCK_PROCESS_CPUTIME_ID), nanoseconds(CLOCK_MONOTONIC));
    fflush(stdout);
    if (strcmp(words[3], "close"))
        return 0;
    for (size_t i = handles; i--;) /* the newest first: libc looks for a stream from there */
        if (of_streams)
            release_stream(i);
        else
            release_descriptor(i);
    return 0;
}
