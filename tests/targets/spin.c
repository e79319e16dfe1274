/* spin.c - acquires and releases, until it is killed: the first thread descriptors by dup, the others files,
 * sockets and streams. As fast as it can, or with so many multiplications of work in between. Holds a few
 * handles all the time. Each thread counts its acquires in a cache line of standard input, which is a file.
 * spin [THREADS [WORK]]. */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE = 64 / sizeof(uint64_t), HELD = 40 };

static _Atomic uint64_t *counts;
static unsigned long between;

static void work(void) {
    for (volatile unsigned long i = 0, product = 1; i < between; i++)
        product *= i | 1;
}

static void *duplicate(void *argument) {
    _Atomic uint64_t *count = counts;
    for (;;) {
        close(dup(STDIN_FILENO));
        work();
        __atomic_fetch_add((uint64_t *)count, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void *mix(void *argument) {
    _Atomic uint64_t *count = counts + (uintptr_t)argument * LINE;
    for (;;) {
        close(open("/dev/null", O_RDONLY));
        close(socket(AF_UNIX, SOCK_STREAM, 0));
        FILE *stream = fopen("/dev/null", "r");
        if (stream)
            fclose(stream);
        work();
        __atomic_fetch_add((uint64_t *)count, 3, __ATOMIC_RELAXED);
    }
    return NULL;
}

int main(int count, char **words) {
    uintptr_t threads = count > 1 ? strtoul(words[1], NULL, 10) : 1;
    between = count > 2 ? strtoul(words[2], NULL, 10) : 0;
    counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, STDIN_FILENO, 0);
    if (counts == MAP_FAILED || threads > 64)
        return 1;
    for (int i = 0; i < HELD; i++)
        if (open("/dev/null", O_RDONLY) < 0)
            return 1;
    for (uintptr_t i = 1; i < threads; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, mix, (void *)i))
            return 1;
    }
    duplicate(NULL);
    return 0;
}
