/* Description: forgets a stream with unwritten data ("written" in the current folder) and a child of popen that
 * runs for long, while another thread sits in fgets(stdin), with the lock of stdin. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/targets/asleep.h"

static pid_t asks;

static void *ask(void *nothing) {
    char line[80];
    __atomic_store_n(&asks, gettid(), __ATOMIC_RELEASE);
    return fgets(line, sizeof line, stdin) ? NULL : nothing;
}

static __attribute__((noinline)) FILE *forget_stream(void) {
    FILE *stream = fopen("written", "w"); /* line of the stream */
    fputs("must not be lost\n", stream);
    return stream;
}

static __attribute__((noinline)) FILE *forget_child(void) {
    FILE *child = popen("exec cat >/dev/null 2>&1", "r"); /* line of the child */
    return child;
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, ask, NULL);
    while (!__atomic_load_n(&asks, __ATOMIC_ACQUIRE))
        usleep(1000);
    wait_until_asleep(asks); /* in fgets */
    return !forget_stream() || !forget_child();
}
