/* Description: a library whose constructor runs before all others (-z initfirst, the last one loaded wins), uses
 * calls of every sort, and prints what came of each. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

static char stack[65536] __attribute__((aligned(16)));
static int in_clone(void *nothing) { return 7; }
static void *in_thread(void *nothing) { return nothing; }
static int in_standard_thread(void *nothing) { return 5; }

static int status_of(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

static int forked(pid_t child) {
    if (child == 0)
        _exit(9);
    return status_of(child);
}

static int spawned(void) {
    char *words[] = {"sh", "-c", "exit 3", NULL}, *nothing[] = {NULL};
    pid_t child;
    return posix_spawnp(&child, "sh", NULL, NULL, words, nothing) ? -1 : status_of(child);
}

static int threaded(void) {
    pthread_t thread;
    thrd_t standard;
    int value = 0;
    void *back = NULL;
    if (pthread_create(&thread, NULL, in_thread, &value) || pthread_join(thread, &back) ||
        thrd_create(&standard, in_standard_thread, NULL) || thrd_join(standard, &value))
        return -1;
    return back == &value ? 0 : value;
}

static int timed(void) {
    timer_t timer;
    return timer_create(CLOCK_MONOTONIC, NULL, &timer) || timer_delete(timer);
}

static int loaded(void) {
    void *handle = dlopen("libm.so.6", RTLD_NOW);
    return handle ? dlclose(handle) : -1;
}

static int mapped(void) {
    void *at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *moved = mremap(at, 4096, 8192, MREMAP_MAYMOVE);
    return munmap(moved, 8192);
}

static int in_terminal(void) {
    int master, slave;
    return openpty(&master, &slave, NULL, NULL, NULL) ? -1 : close(master) | close(slave);
}

static int streamed(void) {
    FILE *stream = fopen("/dev/null", "r");
    stream = stream ? freopen("/dev/null", "w", stream) : NULL;
    return stream ? fclose(stream) : -1;
}

static int received(void) {
    struct msghdr message = {0};
    return recvmsg(-1, &message, 0) < 0 ? errno : 0;
}

static int executed(void) { return execl("/nonexistent", "x", NULL) < 0 ? errno : 0; }

#define TELL(result) dprintf(1, "%s: %d\n", #result, (int)(result))
__attribute__((constructor)) static void construct(void) {
    TELL(close(open("/dev/null", O_RDONLY)));
    TELL(close(openat(AT_FDCWD, "/dev/null", O_RDONLY)));
    TELL(close(fcntl(0, F_DUPFD, 100)));
    TELL(close((int)syscall(SYS_dup, 0)));
    TELL(close_range(500, 600, 0));
    closefrom(700);
    TELL(streamed());
    TELL(closedir(opendir("/")));
    TELL(pclose(popen("exit 4", "r")));
    TELL(forked(fork()));
    TELL(forked(_Fork()));
    TELL(forked(vfork()));
    TELL(status_of(clone(in_clone, stack + sizeof stack, SIGCHLD, NULL)));
    TELL(spawned());
    TELL(executed());
    TELL(threaded());
    TELL(timed());
    TELL(loaded());
    TELL(dlclose(dlmopen(LM_ID_BASE, "libm.so.6", RTLD_NOW)));
    TELL(mapped());
    TELL(in_terminal());
    TELL(login_tty(-1));
    TELL(received());
    TELL(mq_open("/none", 0) < 0);
    TELL(sem_open("/none", 0) == SEM_FAILED);
    TELL(shm_open("/none", O_RDONLY, 0) < 0);
    TELL(shm_unlink("/none"));
    TELL(sem_unlink("/none"));
    TELL(shmget(12345, 0, 0) < 0);
    TELL(setuid(getuid()));
    TELL(seteuid(geteuid()));
    TELL(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
    TELL(unshare(0));
    TELL(setns(-1, 0));
    TELL(chroot("/nonexistent"));
    TELL(setsid() != 0);
}
