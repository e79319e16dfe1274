/* Description: forgets a file, and then exits in forty threads at once. */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 40 };
static pthread_barrier_t all;

static void *leave(void *nothing) {
    pthread_barrier_wait(&all);
    exit(3);
}

int main(void) {
    pthread_t thread;
    open("/dev/null", O_RDONLY);
    pthread_barrier_init(&all, NULL, THREADS);
    for (int i = 1; i < THREADS; i++)
        if (pthread_create(&thread, NULL, leave, NULL))
            return 1;
    leave(NULL);
}
