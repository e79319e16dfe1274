/* Description: runs out of descriptors, is asked for a report, or executes another image, as the argument says.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT = 64, FILES = 3 };

/* The site that is to be named first. */
__attribute__((noinline)) static int leaking_site(void) { return socket(AF_UNIX, SOCK_STREAM, 0); }

/* Not unrolled: one site. */
static void open_files(void) {
    for (volatile int i = 0; i < FILES; i++)
        open("/dev/null", O_RDONLY);
}

static void set_limit(void) {
    close_range(3, ~0U, 0);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){LIMIT, LIMIT});
    open_files();
}

static void exhaust(void) {
    int made = 0, again;
    set_limit();
    while (leaking_site() >= 0)
        made++;
    int first = errno;
    again = open("/dev/null", O_RDONLY);
    int second = errno;
    FILE *stream = fopen("/dev/null", "r");
    printf("%d made, then %s, %d %s, %s\n", made, strerror(first), again, strerror(second),
           stream ? "a stream" : strerror(errno));
}

static void in_handler(int number) { exhaust(); }

static void in_signal_handler(void) {
    signal(SIGUSR1, in_handler);
    raise(SIGUSR1);
}

static void *in_thread_function(void *nothing) {
    exhaust();
    return nothing;
}

static void in_thread(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, in_thread_function, NULL);
    pthread_join(thread, NULL);
}

static void in_child(void) {
    open_files();
    if (fork() == 0) {
        exhaust();
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}

/* Passes three quarters of the limit and stays below it. */
static void half_way(void) {
    set_limit();
    for (int i = 0; i < LIMIT * 3 / 4; i++)
        leaking_site();
    puts("still going");
}

/* A high number and next to nothing open. */
static void high_number(void) {
    set_limit();
    printf("%d\n", fcntl(3, F_DUPFD, LIMIT - 4));
    for (int i = 0; i < FILES; i++)
        leaking_site();
}

/* Passes half of a limit that was lowered on the way. */
static void lower_limit(void) {
    close_range(3, ~0U, 0);
    for (int i = 0; i < LIMIT / 4; i++)
        leaking_site();
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){LIMIT, LIMIT});
    for (int i = 0; i < LIMIT / 2; i++)
        leaking_site();
}

static void nothing_is_short(void) {
    printf("%d %s\n", open("/nonexistent/x", O_RDONLY), strerror(errno));
    printf("%s\n", fopen("/nonexistent/x", "r") ? "open" : strerror(errno));
    open_files();
}

static volatile sig_atomic_t children, own_handler;
static void at_child_end(int number) { children++; }
static void at_request(int number) { own_handler++; }

static void asked(void) {
    int pair[2];
    signal(SIGCHLD, at_child_end);
    open_files();
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    for (int i = 0; i < 3; i++)
        raise(SIGUSR2);
    errno = 0;
    int waited = wait(NULL);
    printf("%d children, wait gives %d %s, next number %d\n", children, waited, strerror(errno),
           dup(STDIN_FILENO) - pair[1]);
}

static void asked_with_own_handler(void) {
    signal(SIGUSR2, at_request);
    raise(SIGUSR2);
    printf("%d\n", own_handler);
}

static void executes_with_open_file(void) {
    open("/dev/null", O_RDONLY);
    execlp("true", "true", NULL);
}

static void executes_something_unwatched(void) {
    open("/dev/null", O_RDONLY);
    execle("/bin/true", "true", NULL, (char *[]){NULL});
}

static void executes_with_closed_ones(void) {
    open("/dev/null", O_RDONLY | O_CLOEXEC);
    execlp("true", "true", NULL);
}

static void fails_to_execute(void) {
    int file = open("/dev/null", O_RDONLY);
    execl("/nonexistent/true", "true", NULL);
    close(file);
    puts("still here");
}

static void is_killed(void) {
    open_files();
    fopen("/dev/zero", "r");
    popen("exit 0", "r");
    raise(SIGKILL);
}

static const struct {
    const char *name;
    void (*live)(void);
} ways[] = {{"exhaust", exhaust},
            {"exhaust_in_handler", in_signal_handler},
            {"exhaust_in_thread", in_thread},
            {"exhaust_in_child", in_child},
            {"half_way", half_way},
            {"high_number", high_number},
            {"lower_limit", lower_limit},
            {"nothing_is_short", nothing_is_short},
            {"asked", asked},
            {"asked_with_own_handler", asked_with_own_handler},
            {"executes_with_open_file", executes_with_open_file},
            {"executes_something_unwatched", executes_something_unwatched},
            {"executes_with_closed_ones", executes_with_closed_ones},
            {"fails_to_execute", fails_to_execute},
            {"is_killed", is_killed}};

int main(int argc, char **argv) {
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (argc > 1 && !strcmp(argv[1], ways[i].name)) {
            ways[i].live();
            return 0;
        }
    return 99;
}
