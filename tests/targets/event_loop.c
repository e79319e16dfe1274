/* Description: a thread runs an event loop on a pipe and an epoll and aborts on any error of epoll_wait or
 * read, while main forgets them and other files and ends. */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

static int ends[2], poller, turns;

static void *loop(void *nothing) {
    char byte;
    for (;;) {
        struct epoll_event event;
        if (epoll_wait(poller, &event, 1, 1) < 0)
            abort();
        if (write(ends[1], "x", 1) != 1 || read(ends[0], &byte, 1) != 1)
            abort();
        __atomic_add_fetch(&turns, 1, __ATOMIC_RELAXED);
    }
    return nothing;
}

int main(void) {
    pthread_t thread;
    struct epoll_event wanted = {.events = EPOLLIN};
    if (pipe(ends) || (poller = epoll_create1(0)) < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, ends[0], &wanted))
        return 1;
    for (int i = 0; i < 5; i++)
        open("/dev/null", O_RDONLY);
    if (pthread_create(&thread, NULL, loop, NULL))
        return 1;
    while (__atomic_load_n(&turns, __ATOMIC_RELAXED) < 2)
        usleep(100);
    return 0;
}
