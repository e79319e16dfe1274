/* whole.c - runs a whole program once for each byte on standard input, as work.c does its bursts, and answers
 * what it cost: the processor time of the program and all its children, and the clock.
 *
 *   whole KIND FRAMES THREADS OPEN OPERATIONS     KIND: of a row with a command; FRAMES to OPEN are for `work`
 *   whole KIND                                    only makes what the program works on
 *
 * A server is measured while its client asks it, without its start and end. BENCH_PRELOAD and BENCH_COMMAND are
 * as for `work`; BENCH_FILES: of how many files folders are (20000). */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wordexp.h>

#include "tests/bench/answer.h"
#include "tests/bench/rows.h"

enum { PATH = 4096, START_MILLISECONDS = 20000, MOST_SECONDS = 100 };

static const struct row *row;
static double operations;
static in_port_t port; /* in the order of the net */
static pid_t server;   /* and its group; 0: none runs */

/* What has been taken, in nanoseconds. */
struct spent {
    double processor, clock;
};

__attribute__((noreturn)) static void fail(const char *what) {
    fprintf(stderr, "%s: failed: %s\n", row->name, what);
    if (server)
        kill(-server, SIGKILL);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* ---- the shell ---- */

#define WITH_FUNCTIONS ". \"$BENCH/programs.sh\" && "

static void before(void) {
    char command[PATH];
    if (!row->before)
        return;
    snprintf(command, sizeof command, WITH_FUNCTIONS "%s >&2", row->before); /* what we print are answers */
    if (system(command))
        fail(row->before);
}

/* How many requests were answered. */
static double client(void) {
    double count = 0;
    char command[PATH];
    snprintf(command, sizeof command, WITH_FUNCTIONS "%s", row->client);
    FILE *pipe = popen(command, "re");
    if (!pipe || fscanf(pipe, "%lf", &count) != 1 || pclose(pipe) || count < 1)
        fail(row->client);
    return count;
}

/* ---- the program ---- */

extern char **environ;

/* A server that nobody stops stops by itself. */
static void expand(wordexp_t *words) {
    char text[PATH];
    const char *prefix = getenv("BENCH_COMMAND");
    snprintf(text, sizeof text, "%s %s %s", row->client ? "timeout -k 5 100" : "", prefix ? prefix : "",
             row->command);
    if (wordexp(text, words, WRDE_SHOWERR))
        fail(text);
}

/* In a group of its own; what it prints goes to `output`. */
static pid_t start(const wordexp_t *words, const char *output) {
    pid_t child;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (getenv("BENCH_PRELOAD"))
        setenv("LD_PRELOAD", getenv("BENCH_PRELOAD"), 1);
    if (posix_spawnp(&child, words->we_wordv[0], &actions, &attributes, words->we_wordv, environ))
        fail(words->we_wordv[0]);
    unsetenv("LD_PRELOAD");
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return child;
}

static struct spent end_of(pid_t child, int *status) {
    struct rusage usage;
    if (wait4(child, status, 0, &usage) != child)
        fail("wait4");
    double seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
    double microseconds = (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    return (struct spent){seconds * 1e9 + microseconds * 1e3, now()};
}

static struct spent told(void) {
    struct spent spent;
    FILE *file = fopen("told", "re");
    if (!file || fscanf(file, "%lf %lf", &spent.processor, &spent.clock) != 2)
        fail("what the program tells");
    fclose(file);
    return spent;
}

static struct spent run(const wordexp_t *words) {
    int status;
    struct spent begin = {0, now()};
    struct spent end = end_of(start(words, row->tells ? "told" : "/dev/null"), &status);
    if (status)
        fail(row->command);
    if (row->tells)
        begin = told();
    return (struct spent){end.processor - begin.processor, end.clock - begin.clock};
}

/* ---- servers ---- */

static int port_socket(struct sockaddr_in *address) {
    *address = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void choose_port(void) {
    struct sockaddr_in address;
    socklen_t bytes = sizeof address;
    int probe = port_socket(&address);
    if (bind(probe, (struct sockaddr *)&address, bytes) ||
        getsockname(probe, (struct sockaddr *)&address, &bytes))
        fail("to choose a port");
    close(probe);
    port = address.sin_port;
    char text[8];
    snprintf(text, sizeof text, "%d", ntohs(port));
    setenv("PORT", text, 1);
}

static bool listens(void) {
    struct sockaddr_in address;
    int probe = port_socket(&address);
    bool connected = !connect(probe, (struct sockaddr *)&address, sizeof address);
    close(probe);
    return connected;
}

static double run_time_of_threads(const char *process) {
    char path[PATH];
    double sum = 0;
    snprintf(path, sizeof path, "/proc/%s/task", process);
    DIR *threads = opendir(path);
    for (struct dirent *thread; threads && (thread = readdir(threads));) {
        double nanoseconds = 0;
        snprintf(path, sizeof path, "/proc/%s/task/%s/schedstat", process, thread->d_name);
        FILE *file = *thread->d_name == '.' ? NULL : fopen(path, "re");
        if (file && fscanf(file, "%lf", &nanoseconds) == 1)
            sum += nanoseconds;
        if (file)
            fclose(file);
    }
    if (threads)
        closedir(threads);
    return sum;
}

/* What the living processes of a group have taken. */
static struct spent spent_of_group(pid_t group) {
    double sum = 0;
    DIR *processes = opendir("/proc");
    for (struct dirent *process; processes && (process = readdir(processes));)
        if (atoi(process->d_name) > 0 && getpgid(atoi(process->d_name)) == group)
            sum += run_time_of_threads(process->d_name);
    if (processes)
        closedir(processes);
    return (struct spent){sum, now()};
}

/* For one request. */
static struct spent serve(const wordexp_t *words) {
    int status;
    server = start(words, "/dev/null");
    double until = now() + START_MILLISECONDS * 1e6;
    while (!listens()) {
        if (now() > until || waitpid(server, &status, WNOHANG))
            fail(row->command);
        usleep(10000);
    }
    struct spent begin = spent_of_group(server);
    double requests = client();
    struct spent end = spent_of_group(server);
    kill(server, SIGTERM);
    end_of(server, &status);
    server = 0;
    return (struct spent){(end.processor - begin.processor) / requests, (end.clock - begin.clock) / requests};
}

/* ---- bursts ---- */

static struct answer burst(void) {
    wordexp_t words;
    before();
    expand(&words);
    struct spent spent = row->client ? serve(&words) : run(&words);
    wordfree(&words);
    double share = row->client ? 1 : operations;
    return (struct answer){(row->by_clock ? spent.clock : spent.processor) / share, spent.clock / share};
}

/* A hook that runs us tells git of a repository, which is not the one that we make. */
static void forget_repository(void) {
    for (char **variable = environ; *variable;) {
        if (strncmp(*variable, "GIT_", 4)) {
            variable++;
            continue;
        }
        char *name = strndup(*variable, strcspn(*variable, "="));
        unsetenv(name); /* the next one moves here */
        free(name);
    }
}

/* In a folder that is kept, so that what takes long to make is made once. */
static void settle(const char *self, const char *count) {
    char folder[PATH], *bench = realpath(self, NULL);
    const char *files = getenv("BENCH_FILES");
    forget_repository();
    setenv("BENCH", dirname(bench), 1);
    setenv("OPERATIONS", count, 1);
    setenv("FILES", files ? files : "20000", 1);
    if (getenv("BENCH_PRELOAD") || getenv("BENCH_COMMAND"))
        setenv("WATCHED", "leave", 1);
    snprintf(folder, sizeof folder, "%s/programs-%s", getenv("BENCH"), getenv("FILES"));
    mkdir(folder, 0755);
    if (chdir(folder))
        fail(folder);
    setenv("PWD", folder, 1);
    choose_port();
    struct rlimit limit = {MOST_SECONDS, MOST_SECONDS};
    setrlimit(RLIMIT_CPU, &limit);
    free(bench);
}

static const struct row *find(const char *kind) {
    for (size_t i = 0; i < row_count; i++)
        if (row_is_whole(&rows[i]) && !strcmp(rows[i].kind, kind))
            return &rows[i];
    return NULL;
}

int main(int count, char **words) {
    row = count == 2 || count == 6 ? find(words[1]) : NULL;
    if (!row) {
        fprintf(stderr, "usage: whole KIND [FRAMES THREADS OPEN OPERATIONS]\n");
        return 64;
    }
    settle("/proc/self/exe", count == 6 ? words[5] : "1");
    operations = count == 6 ? atof(words[5]) : 1;
    if (count == 2)
        before();
    for (char turn; count == 6 && read(STDIN_FILENO, &turn, 1) == 1;) {
        struct answer answer = burst();
        if (write(STDOUT_FILENO, &answer, sizeof answer) != sizeof answer)
            return 1;
    }
    return 0;
}
