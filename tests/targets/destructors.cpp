/* Description: destructors that must run: on an exception that passes through a wrapped call (fclose of a
 * stream whose own close function throws), and when a thread that is blocked in accept is cancelled. */
#include <cstdio>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/targets/asleep.h"

static pid_t blocked;

struct guard {
    const char *name;
    int fd;
    explicit guard(const char *what) : name(what), fd(open("/dev/null", O_RDONLY)) {}
    ~guard() {
        close(fd);
        std::printf("destroyed %s\n", name);
        std::fflush(stdout);
    }
};

static int throwing(void *) { throw 7; }

static void close_and_throw() {
    guard held("behind the exception");
    cookie_io_functions_t functions = {nullptr, nullptr, nullptr, throwing};
    fclose(fopencookie(nullptr, "r", functions));
}

static void *block(void *) {
    guard held("in the cancelled thread");
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    struct closer {
        int fd;
        ~closer() { close(fd); }
    } closing{server};
    struct sockaddr name = {AF_UNIX, {0}};
    bind(server, &name, sizeof name.sa_family);
    listen(server, 1);
    __atomic_store_n(&blocked, gettid(), __ATOMIC_RELEASE);
    accept(server, nullptr, nullptr);
    return nullptr;
}

int main() {
    try {
        close_and_throw();
    } catch (int value) {
        std::printf("caught %d\n", value);
    }
    pthread_t thread;
    pthread_create(&thread, nullptr, block, nullptr);
    while (!__atomic_load_n(&blocked, __ATOMIC_ACQUIRE))
        usleep(1000);
    wait_until_asleep(blocked); /* in accept */
    pthread_cancel(thread);
    void *result;
    pthread_join(thread, &result);
    std::printf("%s\n", result == PTHREAD_CANCELED ? "cancelled" : "ended");
    return 0;
}
