/* Description: opens a file, does what the argument names, and forgets the file. Each of these once made a
 * watched process end otherwise than an unwatched one, or kept its report back. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static int file;
static char **words;
static char *volatile bad = (char *)8;

static void say_errno(long result) { printf("%ld %m\n", result); }

/* ---- descriptor 2 ---- */

static void write_data(void) {
    int fd = open("data", O_CREAT | O_RDWR | O_TRUNC, 0600);
    if (fd != 2 || write(fd, "data\n", 5) != 5)
        exit(1);
}
static void by_closed_stream(void) {
    fclose(stderr);
    write_data();
}
static void by_failed_reopen(void) {
    if (freopen("/nonexistent/file", "w", stderr))
        exit(1);
    write_data();
}

/* ---- pointers that lead nowhere ---- */

static void by_bad_clone3(void) {
    say_errno(syscall(SYS_clone3, NULL, 0));
    say_errno(syscall(SYS_clone3, bad, 64));
}

static char *no_words[] = {"true", NULL}, *bad_words[] = {"true", (char *)8, NULL};
static void by_bad_execve(void) {
    char *path = bad, **array = (char **)bad;
    say_errno(execve(path, no_words, environ));
    say_errno(execve("/bin/true", array, environ));
    say_errno(execve("/bin/true", no_words, array));
    say_errno(execve("/bin/true", no_words, bad_words));
    say_errno(execve("/bin/true", bad_words, environ));
    bad = NULL;
    path = bad;
    say_errno(execve(path, no_words, environ));
}
static void by_bad_execveat(void) {
    char *path = bad;
    say_errno(execveat(AT_FDCWD, path, no_words, environ, 0));
    bad = NULL;
    path = bad;
    say_errno(execveat(AT_FDCWD, path, no_words, environ, 0));
    bad = (char *)8;
    say_errno(execveat(AT_FDCWD, "/bin/true", no_words, (char **)bad, 0));
    say_errno(syscall(SYS_execveat, AT_FDCWD, NULL, NULL, NULL, 0));
}
static void by_bad_spawn(void) {
    pid_t child;
    printf("%s\n", strerror(posix_spawn(&child, bad, NULL, NULL, no_words, environ)));
    printf("%s\n", strerror(posix_spawn(&child, "/bin/true", NULL, NULL, no_words, bad_words)));
    printf("%s\n", strerror(posix_spawn(&child, "/bin/true", NULL, NULL, no_words, (char **)bad)));
}

/* What was put into the environment is gone. */
static void by_dangling_environment(void) {
    char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(memory, "NAME=value");
    putenv(memory);
    mprotect(memory, 4096, PROT_NONE);
}

/* ---- a socket whose close would wait for its peer, which reads nothing ---- */

static int listen_here(struct sockaddr_in *here) {
    socklen_t bytes = sizeof *here;
    *here = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)here, bytes) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)here, &bytes))
        exit(1);
    return listener;
}

/* Keeps the listener, and so the connection, until the parent is gone. It is the heir then, and leaves nothing.
 */
static void be_peer(int listener, const int *ends) {
    char byte;
    close(ends[1]);
    ssize_t got = read(ends[0], &byte, 1);
    close(ends[0]);
    close(listener);
    _exit(got != 0);
}

static void fill(int connection) {
    static char bytes[65536];
    fcntl(connection, F_SETFL, O_NONBLOCK);
    while (write(connection, bytes, sizeof bytes) > 0)
        ;
    fcntl(connection, F_SETFL, 0);
}

static void by_lingering_socket(void) {
    struct sockaddr_in here;
    struct linger patience = {1, 600};
    int ends[2], listener = listen_here(&here);
    close(file);
    if (pipe(ends))
        exit(1);
    if (fork() == 0)
        be_peer(listener, ends);
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection, (struct sockaddr *)&here, sizeof here) ||
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &patience, sizeof patience))
        exit(1);
    fill(connection);
    close(listener);
}

/* ---- limits, filters, users ---- */

static void say_end_of(pid_t child) {
    int status = -1;
    waitpid(child, &status, 0);
    printf("%s %d\n", WIFEXITED(status) ? "exited" : "ended by signal",
           WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static void limit(int resource) { setrlimit(resource, &(struct rlimit){0, 0}); }

/* The rest of the arguments is a program. */
static void by_file_limit(void) {
    pid_t child = fork();
    if (child == 0) {
        limit(RLIMIT_FSIZE);
        execve(words[2], words + 2, environ);
        _exit(9);
    }
    say_end_of(child);
}

static void by_no_numbers(void) { limit(RLIMIT_NOFILE); }

#define KILL(number)                                                                                           \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
static struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    KILL(SYS_getpid),
    KILL(SYS_getppid),
    KILL(SYS_madvise),
    KILL(SYS_flock),
    KILL(SYS_memfd_create),
    KILL(SYS_ftruncate),
    KILL(SYS_waitid),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
static void filter(void) {
    struct sock_fprog program = {sizeof code / sizeof code[0], code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        exit(1);
}
static void by_filtered_fork(void) {
    filter();
    pid_t child = fork();
    if (child == 0) {
        close(open("/dev/null", O_RDONLY));
        _exit(3);
    }
    say_end_of(child);
}
static void by_filtered_vfork(void) {
    filter();
    pid_t child = vfork();
    if (child == 0)
        _exit(3);
    say_end_of(child);
}

/* The arguments name the folder for records and what it is to be called. */
static void by_moved_folder(void) {
    if (rename(words[2], words[3]))
        exit(1);
}

/* The argument names a folder. */
static void by_folder(void) {
    if (chdir(words[2]))
        exit(1);
}
static void by_root(void) {
    if (chroot(words[2]) || chdir("/"))
        exit(1);
}
static void by_pid_namespace(void) {
    if (unshare(CLONE_NEWPID))
        exit(1);
}

/* ---- streams that were not ours ---- */

static void by_reopened_inheritance(void) {
    close(file);
    if (!freopen(NULL, "r", fdopen(7, "r")))
        exit(1);
}

/* ---- signals ---- */

static void open_and_close(int signal_number) { close(open("/dev/null", O_RDONLY)); }

/* Another stack for each `path`, which the record has to find room for. */
static int open_after_turns(unsigned path, int turns) {
    if (!turns)
        return close(open("/dev/null", O_RDONLY));
    if (path & 1)
        return open_after_turns(path >> 1, turns - 1) + 1;
    return open_after_turns(path >> 1, turns - 1) + 2;
}

/* Once more, soon: the handler itself asks for the next time, so that what it interrupts gets on. */
static void wind_up(void) { setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, 97}}, NULL); }

static void open_elsewhere(int signal_number) {
    enum { TURNS = 10 };
    static unsigned path;
    open_after_turns(path++, TURNS);
    wind_up();
}

/* Nothing passes over the exec: the record's file is taken away, and made anew when it fails. */
static void by_failing_execs_under_signals(void) {
    enum { EXECUTIONS = 1500 };
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = open_elsewhere, .sa_flags = SA_RESTART}, NULL);
    close(file);
    wind_up();
    for (int i = 0; i < EXECUTIONS; i++)
        execve("/nonexistent/program", words, environ);
    signal(SIGALRM, SIG_IGN);
    open("/dev/null", O_RDONLY);
}

/* With a page below that cannot be touched: room for the kernel's frame and little more. */
static void by_small_stack(void) {
    enum { PAGE = 4096, LITTLE = 2048 };
    char *memory = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = memory + PAGE, .ss_size = getauxval(AT_MINSIGSTKSZ) + LITTLE};
    struct sigaction action = {.sa_handler = open_and_close, .sa_flags = SA_ONSTACK};
    mprotect(memory, PAGE, PROT_NONE);
    open_and_close(0); /* the loader has bound the calls by now, for which there would be no room */
    if (sigaltstack(&stack, NULL) || sigaction(SIGUSR1, &action, NULL))
        exit(1);
    raise(SIGUSR1);
}

/* ---- ends ---- */

static void *leave(void *barrier) {
    pthread_barrier_wait(barrier);
    exit(6);
}
static void by_five_exits(void) {
    static pthread_barrier_t barrier;
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 5);
    for (int i = 0; i < 4; i++)
        pthread_create(&thread, NULL, leave, &barrier);
    leave(&barrier);
}

/* Closes every number but the standard ones one by one, then forgets another file. */
static void close_all(void) {
    for (int fd = 3; fd < 20000; fd++)
        close(fd);
    open("/dev/null", O_RDONLY);
}
static void close_range_of_all(void) {
    close_range(3, ~0U, 0);
    open("/dev/null", O_RDONLY);
}
static void by_closing_at_exit(void) { atexit(close_all); }
static void by_closing_range_at_exit(void) { atexit(close_range_of_all); }
/* ---- numbers that are kept from being given out ---- */

static void open_and_close_often(int times) {
    for (int i = 0; i < times; i++)
        close(open("/dev/null", O_RDONLY));
}

static void by_closed_number(void) {
    struct stat about;
    int fd = open("/dev/null", O_RDONLY);
    close(fd);
    say_errno(dup(fd));
    say_errno(dup2(fd, 50));
    say_errno(dup3(fd, 50, O_CLOEXEC));
    say_errno(fcntl(fd, F_GETFD));
    say_errno(fcntl(fd, F_DUPFD, 50));
    say_errno(fdopen(fd, "r") ? 0 : -1);
    say_errno(fdopendir(fd) ? 0 : -1);
    say_errno(fchdir(fd));
    say_errno(fstat(fd, &about));
    say_errno(close(fd));
}

static void by_number_given_past_us(void) {
    int fd = open("/dev/null", O_RDONLY), again;
    close(fd);
    close_range(fd, fd, 0);
    __asm__ volatile("syscall"
                     : "=a"(again)
                     : "0"(SYS_open), "D"("/dev/null"), "S"(O_RDONLY)
                     : "rcx", "r11", "memory");
    printf("%d", close(again));
    say_errno(fcntl(again, F_GETFD));
}

/* As some shells move a file to the number that a script names. */
static void by_number_asked_for(void) {
    static const int commands[] = {F_DUPFD, F_DUPFD_CLOEXEC};
    int wanted = open("/dev/null", O_RDONLY);
    for (int i = 0; i < 2; i++) {
        close(wanted);
        int moved = fcntl(file, commands[i], wanted);
        printf("%d", moved == wanted);
    }
    close(wanted);
    puts("");
}

static void by_few_numbers(void) {
    enum { LIMIT = 20 };
    int made = 0;
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){LIMIT, LIMIT});
    open_and_close_often(2 * LIMIT);
    while (open("/dev/null", O_RDONLY) >= 0)
        made++;
    printf("%d made\n", made);
    close_range(file + 1, ~0u, 0);
}

/* Whoever lists its numbers finds those that are open, and no other. */
static void by_listed_numbers(void) {
    open_and_close_often(5);
    DIR *numbers = opendir("/proc/self/fd");
    int closed = 0;
    for (struct dirent *entry; (entry = readdir(numbers));)
        closed += entry->d_name[0] != '.' && fcntl(atoi(entry->d_name), F_GETFD) < 0;
    closedir(numbers);
    printf("%d closed ones\n", closed);
}

static int count_kept(void) {
    enum { NUMBERS = 20000 };
    int kept = 0;
    for (int i = 0; i < NUMBERS; i++) {
        int flags = (int)syscall(SYS_fcntl, i, F_GETFL);
        kept += flags >= 0 && flags & O_PATH;
    }
    return kept;
}

/* Parent and child close the same number, the child behind the parent. */
static int fails_to_close_behind_the_parent(void) {
    int ends[2], fd = open("/", O_PATH), failed;
    char byte = 0;
    if (pipe(ends))
        return 1;
    pid_t child = fork();
    if (child == 0) {
        if (read(ends[0], &byte, 1) != 1 || close(fd))
            _exit(1);
        for (int i = 0; i < 20; i++)
            open("/dev/null", O_RDONLY);
        _exit(count_kept() != 0);
    }
    close(fd);
    open_and_close_often(10);
    if (write(ends[1], &byte, 1) != 1)
        return 1;
    waitpid(child, &failed, 0);
    close(ends[0]);
    close(ends[1]);
    return failed != 0;
}

static void by_heirs_of_numbers(void) {
    int failed = 0;
    for (int i = 0; i < 30; i++)
        failed += fails_to_close_behind_the_parent();
    printf("%d failed\n", failed);
}

static sigjmp_buf before_the_signal;
static void jump_back(int number) { siglongjmp(before_the_signal, number); }

/* Whoever jumps out of open may lose a descriptor; only what is no file of the program's is counted. */
static void by_jumps_out_of_closes(void) {
    enum { MICROSECONDS = 47, JUMPS = 3000 };
    static volatile int jumps;
    signal(SIGALRM, jump_back);
    struct itimerval often = {{0, MICROSECONDS}, {0, MICROSECONDS}}, never = {{0, 0}, {0, 0}};
    if (sigsetjmp(before_the_signal, 1))
        jumps++;
    else
        setitimer(ITIMER_REAL, &often, NULL); /* not before there is a place to jump to */
    while (jumps < JUMPS)
        open_and_close_often(1);
    setitimer(ITIMER_REAL, &never, NULL);
    for (int i = 0; i < 100; i++)
        open("/dev/null", O_RDONLY);
    printf("%d kept\n", count_kept());
}

static void *close_often(void *nothing) {
    open_and_close_often(5000);
    return NULL;
}

/* A number that one thread has closed is another's, and closed again, before the first looks at it. */
static void by_closes_of_threads(void) {
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, close_often, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 100; i++)
        open("/dev/null", O_RDONLY);
    printf("%d kept\n", count_kept());
}

/* What the program was called with, as libc has it. */
static void by_telling_words(void) { printf("%s %s\n", program_invocation_name, getenv("PATH")); }

static void by_quick_exit(void) { quick_exit(5); }

/* A long report: each call is a site of its own. */
static void by_many_sites(void) {
#define FOUR(call) call call call call
    FOUR(FOUR(FOUR(open("/dev/null", O_RDONLY);)))
    _exit(4);
}

static const struct {
    const char *name;
    void (*act)(void);
} ways[] = {{"nothing", NULL},
            {"closed_stream", by_closed_stream},
            {"failed_reopen", by_failed_reopen},
            {"bad_clone3", by_bad_clone3},
            {"bad_execve", by_bad_execve},
            {"bad_execveat", by_bad_execveat},
            {"bad_spawn", by_bad_spawn},
            {"dangling_environment", by_dangling_environment},
            {"lingering_socket", by_lingering_socket},
            {"file_limit", by_file_limit},
            {"no_numbers", by_no_numbers},
            {"filtered_fork", by_filtered_fork},
            {"filtered_vfork", by_filtered_vfork},
            {"moved_folder", by_moved_folder},
            {"folder", by_folder},
            {"root", by_root},
            {"pid_namespace", by_pid_namespace},
            {"reopened_inheritance", by_reopened_inheritance},
            {"failing_execs_under_signals", by_failing_execs_under_signals},
            {"small_stack", by_small_stack},
            {"five_exits", by_five_exits},
            {"closing_at_exit", by_closing_at_exit},
            {"closing_range_at_exit", by_closing_range_at_exit},
            {"quick_exit", by_quick_exit},
            {"closed_number", by_closed_number},
            {"number_given_past_us", by_number_given_past_us},
            {"number_asked_for", by_number_asked_for},
            {"few_numbers", by_few_numbers},
            {"listed_numbers", by_listed_numbers},
            {"heirs_of_numbers", by_heirs_of_numbers},
            {"jumps_out_of_closes", by_jumps_out_of_closes},
            {"closes_of_threads", by_closes_of_threads},
            {"telling_words", by_telling_words},
            {"many_sites", by_many_sites}};

int main(int argc, char **argv) {
    words = argv;
    file = open("/dev/null", O_RDONLY);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (argc > 1 && !strcmp(ways[i].name, argv[1])) {
            if (ways[i].act)
                ways[i].act();
            return 0;
        }
    return 64;
}
