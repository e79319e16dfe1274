/* Description: holds what its arguments say and says "ready", then waits for a line on its standard input
 * before each further step, and says "ready" again. Steps: files N     opens N files, closes half of them
 *   sockets N   makes N sockets
 *   fork        forks a child that acquires nothing and waits for its own death
 *   limit N     lowers the limit on descriptors
 *   cancel N    N threads are cancelled that wait for a connection
 *   leave       ends the main thread; another one takes the steps that follow
 *   drop        closes number 3 behind the library's back, by a bare system call
 *   raw         duplicates number 0 behind the library's back
 *   die         kills itself */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static __attribute__((noinline)) int open_file(void) { return open("/etc/passwd", O_RDONLY); }
static __attribute__((noinline)) int make_socket(void) { return socket(AF_UNIX, SOCK_STREAM, 0); }

static void open_files(int count) {
    for (int i = 0; i < count; i++) {
        int file = open_file();
        if (i % 2)
            close(file);
    }
}

static void bare_call(long call, long number) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "0"(call), "D"(number) : "rcx", "r11", "memory");
}

static void leave(void);

static void *wait_for_a_connection(void *listener) {
    accept(*(int *)listener, NULL, NULL);
    return NULL;
}

static void cancel_threads(int count) {
    int listener = make_socket();
    bind(listener, &(struct sockaddr){.sa_family = AF_UNIX}, sizeof(sa_family_t)); /* a name of the kernel's */
    listen(listener, 1);
    for (int i = 0; i < count; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, wait_for_a_connection, &listener);
        pthread_cancel(thread);
        pthread_join(thread, NULL);
    }
    enum { ALONE = 3 };  /* links of a folder with one in it */
    struct stat threads; /* one that was joined may still be on its way out */
    while (stat("/proc/self/task", &threads) == 0 && threads.st_nlink > ALONE)
        sched_yield();
}

static void step(const char *what, int count) {
    if (!strcmp(what, "files"))
        open_files(count);
    for (int i = 0; !strcmp(what, "sockets") && i < count; i++)
        make_socket();
    if (!strcmp(what, "limit"))
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)count, (rlim_t)count});
    if (!strcmp(what, "drop"))
        bare_call(SYS_close, 3);
    if (!strcmp(what, "raw"))
        bare_call(SYS_dup, 0);
    if (!strcmp(what, "cancel"))
        cancel_threads(count);
    if (!strcmp(what, "leave"))
        leave();
    if (!strcmp(what, "die"))
        kill(getpid(), SIGKILL);
    int child = !strcmp(what, "fork") ? fork() : -1;
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    if (child > 0)
        dprintf(1, "%d ", child);
}

static struct {
    char **list;
    int count, next;
} words;

static void take_steps(void) {
    char line[8];
    while (words.next < words.count) {
        const char *what = words.list[words.next++];
        const char *number = words.next < words.count ? words.list[words.next] : "";
        bool has_count = number[0] >= '0' && number[0] <= '9';
        words.next += has_count;
        step(what, has_count ? atoi(number) : 0);
        dprintf(1, "ready\n");
        if (read(0, line, sizeof line) <= 0)
            return;
    }
}

static void *take_other_steps(void *main_thread) {
    pthread_join(*(pthread_t *)main_thread, NULL);
    dprintf(1, "ready\n");
    char line[8];
    if (read(0, line, sizeof line) > 0)
        take_steps();
    exit(0);
}

static void leave(void) {
    static pthread_t main_thread;
    pthread_t thread;
    main_thread = pthread_self();
    pthread_create(&thread, NULL, take_other_steps, &main_thread);
    pthread_exit(NULL);
}

int main(int argc, char **argv) {
    words.list = argv + 1;
    words.count = argc - 1;
    take_steps();
    return 0;
}
