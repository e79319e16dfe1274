/* Description: makes the objects that its arguments name, in states that can be told, and leaves them open.
 * With "wait" it says "ready" and goes on when its standard input ends. 77: such an object cannot be had here.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

static int need(int result) {
    if (result < 0) {
        perror("states");
        exit(77);
    }
    return result;
}

static int some_file(void) {
    char name[] = "/dev/shm/leftopen-states-XXXXXX";
    int file = need(mkstemp(name));
    unlink(name);
    return file;
}

static void deleted(void) {
    static char bytes[100 * 1024];
    need((int)write(some_file(), bytes, sizeof bytes));
}

static void flocked(void) { need(flock(some_file(), LOCK_EX)); }

static void read_locked(void) {
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    need(fcntl(some_file(), F_SETLK, &lock));
}

static void full_pipe(void) {
    int ends[2];
    need(pipe(ends));
    need((int)write(ends[1], "hello", 5));
}

/* All at one address: the loop is not to be unrolled. */
static void pipes(void) {
    for (volatile int i = 0; i < 6; i++)
        full_pipe();
}

static void deserted_pipe(void) {
    int ends[2];
    need(pipe(ends));
    close(ends[1]);
}

static void pair(void) {
    int ends[2];
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    need((int)write(ends[1], "abc", 3));
}

static int bound(struct sockaddr_in *address) {
    socklen_t bytes = sizeof *address;
    int number = need(socket(AF_INET, SOCK_STREAM, 0));
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    need(bind(number, (struct sockaddr *)address, bytes));
    need(getsockname(number, (struct sockaddr *)address, &bytes));
    return number;
}

static int listener(struct sockaddr_in *address) {
    int number = bound(address);
    need(listen(number, 5));
    return number;
}

static int client_of(const struct sockaddr_in *address) {
    int number = need(socket(AF_INET, SOCK_STREAM, 0));
    need(connect(number, (const struct sockaddr *)address, sizeof *address));
    return number;
}

static void wait_for(int number, short event) {
    struct pollfd look = {.fd = number, .events = event};
    need(poll(&look, 1, 120000) == 1 ? 0 : -1);
}

static void close_wait(void) {
    struct sockaddr_in address;
    int server = listener(&address), client = client_of(&address);
    int peer = need(accept(server, NULL, NULL));
    need((int)write(peer, "answer", 6));
    close(peer);
    wait_for(client, POLLRDHUP);
}

static void netlink(void) {
    struct sockaddr_nl any = {.nl_family = AF_NETLINK};
    need(bind(need(socket(AF_NETLINK, SOCK_RAW, 15)), (struct sockaddr *)&any, sizeof any));
}

static void queue(void) {
    struct sockaddr_in address;
    int server = listener(&address);
    client_of(&address);
    wait_for(server, POLLIN);
}

static void congested(void) {
    static char bytes[65536];
    struct sockaddr_in address;
    int server = listener(&address), client = client_of(&address);
    need(accept(server, NULL, NULL));
    while (send(client, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
}

static void refused(void) {
    struct sockaddr_in address;
    int deaf = bound(&address), client = need(socket(AF_INET, SOCK_STREAM, 0));
    if (connect(client, (struct sockaddr *)&address, sizeof address) == 0)
        need(-1);
    close(deaf);
}

static void epoll(void) {
    int ends[2], waits = need(epoll_create1(0));
    struct epoll_event event = {.events = EPOLLIN};
    need(pipe(ends));
    need(epoll_ctl(waits, EPOLL_CTL_ADD, ends[0], &event));
    need(epoll_ctl(waits, EPOLL_CTL_ADD, ends[1], &event));
}

static void timer(void) {
    struct itimerspec then = {.it_value.tv_sec = 5 * 3600 - 5, .it_interval.tv_sec = 2 * 3600};
    need(timerfd_settime(need(timerfd_create(CLOCK_MONOTONIC, 0)), 0, &then, NULL));
}

static void signal_timer(void) {
    timer_t made;
    struct itimerspec then = {.it_value.tv_sec = 5 * 3600 - 30, .it_interval.tv_sec = 2 * 3600};
    need(timer_create(CLOCK_MONOTONIC, NULL, &made));
    need(timer_create(CLOCK_MONOTONIC, NULL, &made));
    need(timer_settime(made, 0, &then, NULL));
}

static void idle_timer(void) { need(timerfd_create(CLOCK_MONOTONIC, 0)); }
static void event(void) { need(eventfd(23, 0)); }
static void notify(void) { need(inotify_add_watch(need(inotify_init1(0)), "/", IN_CREATE)); }
static void memory(void) { need(ftruncate(need(memfd_create("states", 0)), 65536)); }
static void process(void) { need(pidfd_open(getpid(), 0)); }
static void terminal(void) { need(posix_openpt(O_RDWR | O_NOCTTY)); }

static void ended_child(void) {
    siginfo_t about;
    need(popen("exit 3", "r") ? 0 : -1);
    need(waitid(P_ALL, 0, &about, WEXITED | WNOWAIT));
}

static void running_child(void) { need(popen("read line", "w") ? 0 : -1); }

static void duplicates(void) {
    int ends[2];
    need(pipe(ends));
    need(dup(ends[1]));
}

static void accepted(void) {
    struct sockaddr_in address;
    int server = listener(&address);
    client_of(&address);
    need(accept(server, NULL, NULL));
}

/* The child waits for an end of file that does not come: it has the writing end itself. */
static void worker(void) {
    int ends[2], ready[2];
    need(pipe(ends));
    need(pipe2(ready, O_CLOEXEC));
    int child = need(fork());
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ready[0]);
        need((int)write(ready[1], "", 1));
        wait_for(ends[0], POLLHUP);
        _exit(0);
    }
    close(ready[1]);
    wait_for(ready[0], POLLIN);
    close(ready[0]);
}

/* A child that leaves something open by itself, and ends first. */
static void heir(void) {
    int ends[2];
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    int child = need(fork());
    if (child == 0) {
        need(dup(ends[1]));
        exit(0);
    }
    waitpid(child, NULL, 0);
}

static __attribute__((noinline)) int open_one(void) { return need(open("/dev/null", O_RDONLY)); }
static __attribute__((noinline)) void close_well(int number) { close(number); }
static __attribute__((noinline)) void close_badly(int number) { close(number); }

enum { THREADS = 4, EACH = 100, FORGOTTEN = THREADS * EACH, MOST };
static int numbers[MOST + 1];

static void *close_some(void *first) {
    for (int i = 0; i < EACH; i++)
        close_well(((int *)first)[i]);
    return NULL;
}

/* 402 are opened in one place: 400 are closed in threads, 1 in main, and the last one in a child, which does
 * not count. */
static void closers(void) {
    pthread_t threads[THREADS];
    for (int i = 0; i <= MOST; i++)
        numbers[i] = open_one();
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, close_some, numbers + i * EACH);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    int child = need(fork());
    if (child == 0) {
        close_badly(numbers[FORGOTTEN]);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    close_badly(numbers[MOST]);
}

static const struct {
    const char *name;
    void (*make)(void);
} scenes[] = {
    {"deleted", deleted},
    {"flocked", flocked},
    {"read-locked", read_locked},
    {"full-pipe", full_pipe},
    {"pipes", pipes},
    {"deserted-pipe", deserted_pipe},
    {"pair", pair},
    {"close-wait", close_wait},
    {"queue", queue},
    {"netlink", netlink},
    {"congested", congested},
    {"refused", refused},
    {"epoll", epoll},
    {"timer", timer},
    {"signal-timer", signal_timer},
    {"idle-timer", idle_timer},
    {"event", event},
    {"notify", notify},
    {"memory", memory},
    {"process", process},
    {"terminal", terminal},
    {"ended-child", ended_child},
    {"running-child", running_child},
    {"duplicates", duplicates},
    {"accepted", accepted},
    {"worker", worker},
    {"heir", heir},
    {"closers", closers},
};

int main(int argc, char **argv) {
    char byte;
    for (int i = 1; i < argc; i++)
        for (size_t k = 0; k < sizeof scenes / sizeof *scenes; k++)
            if (!strcmp(argv[i], scenes[k].name))
                scenes[k].make();
    if (!strcmp(argv[argc - 1], "exec"))
        execl(argv[0], argv[0], "closers", NULL);
    if (!strcmp(argv[argc - 1], "wait") && write(1, "ready\n", 6) == 6)
        while (read(0, &byte, 1) > 0)
            ;
    return 0;
}
