/* secrets.c - leaves open what can be named, all of it by names with a secret word in them, closes a descriptor
 * twice and runs out of them.
 *
 *   secrets FOLDER WORD      everything; what outlives the program is removed by the next run
 *   secrets FOLDER WORD child   a file only */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *folder, *word;

/* Kept until the next call but three. */
static const char *named(const char *format) {
    static char names[4][512];
    static unsigned next;
    char *name = names[next++ % 4];
    snprintf(name, sizeof names[0], format, word);
    return name;
}

static const char *in_folder(const char *format) {
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, named(format));
    return path;
}

static void need(int worked) {
    if (!worked)
        exit(3);
}

static void open_file(void) { need(open(in_folder("file-%s"), O_RDONLY | O_CREAT, 0600) >= 0); }

static void files(void) {
    open_file();
    need(fopen(in_folder("file-%s"), "r") != NULL);
    need(opendir(folder) != NULL);
    need(open(in_folder("gone-%s"), O_RDWR | O_CREAT, 0600) >= 0 && unlink(in_folder("gone-%s")) == 0);
    need(memfd_create(named("memfd-%s"), 0) >= 0);
    shm_unlink(named("/shm-%s"));
    need(shm_open(named("/shm-%s"), O_RDWR | O_CREAT, 0600) >= 0);
    sem_unlink(named("/sem-%s"));
    need(sem_open(named("/sem-%s"), O_CREAT, 0600, 1) != SEM_FAILED);
    need(popen(named("exec true command-%s"), "r") != NULL);
}

static void connect_to(const struct sockaddr *place, socklen_t bytes) {
    int listener = socket(place->sa_family, SOCK_STREAM, 0), client = socket(place->sa_family, SOCK_STREAM, 0);
    struct sockaddr_storage bound;
    socklen_t bound_bytes = sizeof bound;
    need(bind(listener, place, bytes) == 0 && listen(listener, 1) == 0);
    need(getsockname(listener, (struct sockaddr *)&bound, &bound_bytes) == 0);
    need(connect(client, (struct sockaddr *)&bound, bound_bytes) == 0 && accept(listener, NULL, NULL) >= 0);
}

static void sockets(void) {
    struct sockaddr_in internet = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr("127.77.66.55")};
    connect_to((struct sockaddr *)&internet, sizeof internet);
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    snprintf(local.sun_path, sizeof local.sun_path, "%s", in_folder("socket-%s"));
    unlink(local.sun_path);
    connect_to((struct sockaddr *)&local, sizeof local);
    struct sockaddr_un abstract = {.sun_family = AF_UNIX};
    size_t length =
        (size_t)snprintf(abstract.sun_path + 1, sizeof abstract.sun_path - 1, "abstract-%s-%d", word, getpid());
    connect_to((struct sockaddr *)&abstract, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length));
}

static void misuse(void) {
    int file = open(in_folder("file-%s"), O_RDONLY);
    close(file);
    close(file);
}

static void execute_myself(const char *me) {
    pid_t child = fork();
    if (child == 0) {
        execl(me, me, folder, word, "child", NULL);
        _exit(3);
    }
    need(waitpid(child, NULL, 0) == child);
}

static void run_out(void) {
    struct rlimit limit = {60, 60};
    need(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    while (open(in_folder("file-%s"), O_RDONLY) >= 0)
        ;
}

int main(int count, char **words) {
    if (count < 3)
        return 3;
    folder = words[1];
    word = words[2];
    if (count > 3) {
        open_file();
        return 0;
    }
    files();
    sockets();
    misuse();
    execute_myself(words[0]);
    run_out();
    return 0;
}
