/* places.c - leaves handles open at several places. Each word of the command line is one of them:
 *
 *   alike      six files by two calls of one line and column; one of them is closed
 *   wrapped   a file by a function that others call, too
 *   main      a file, by main itself
 *   pair      two sockets that are connected through the loopback interface, and their listener
 *   twice     none, but closes a descriptor twice
 *   secret    a file whose name is the next word */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TWICE(statement)                                                                                       \
    statement;                                                                                                 \
    statement

static __attribute__((noinline)) int open_it(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    return file;
}

static __attribute__((noinline)) void alike(void) {
    for (int i = 0; i < 3; i++) {
        int file[2], next = 0;
        TWICE(file[next++] = open("/dev/null", O_RDONLY)); /* alike */
        if (i == 2)
            close(file[1]);
    }
}

static __attribute__((noinline)) void wrapped(void) {
    if (open_it("/dev/null") < 0)
        exit(3);
}

static __attribute__((noinline)) void twice(void) {
    int file = open_it("/dev/null");
    close(file);
    close(file);
}

static __attribute__((noinline)) void secret(const char *path) {
    if (open_it(path) < 0)
        exit(3);
}

static __attribute__((noinline)) void pair(void) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof place;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&place, bytes) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&place, &bytes) != 0 ||
        connect(client, (struct sockaddr *)&place, bytes) != 0 || accept(listener, NULL, NULL) < 0)
        exit(3);
}

int main(int count, char **words) {
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "alike") == 0)
            alike();
        else if (strcmp(words[i], "wrapped") == 0)
            wrapped();
        else if (strcmp(words[i], "pair") == 0)
            pair();
        else if (strcmp(words[i], "twice") == 0)
            twice();
        else if (strcmp(words[i], "secret") == 0 && i + 1 < count)
            secret(words[++i]);
        else if (strcmp(words[i], "main") == 0 && open("/dev/zero", O_RDONLY) < 0)
            return 3;
    }
    return 0;
}
