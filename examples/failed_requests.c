/* A client that talks to its server in an event loop, and forgets the socket of every request that fails. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUESTS = 12 };

static int listen_somewhere(struct sockaddr_in *address) {
    socklen_t length = sizeof *address;
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(server, (struct sockaddr *)address, sizeof *address) || listen(server, REQUESTS) ||
        getsockname(server, (struct sockaddr *)address, &length))
        return -1;
    return server;
}

/* Answers every fourth request with an error. */
static void serve(int server) {
    static int served;
    int client = accept(server, NULL, NULL);
    const char *answer = ++served % 4 ? "200 fine\n" : "500 broken\n";
    if (write(client, answer, 9) < 0)
        perror("write");
    close(client);
}

static int connect_upstream(const struct sockaddr_in *address) {
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(connection, (const struct sockaddr *)address, sizeof *address) ? -1 : connection;
}

static bool handle_request(const struct sockaddr_in *address, int server, int loop) {
    int connection = connect_upstream(address);
    char answer[64];
    struct epoll_event event = {.events = EPOLLIN, .data.fd = connection};
    epoll_ctl(loop, EPOLL_CTL_ADD, connection, &event);
    serve(server);
    if (epoll_wait(loop, &event, 1, 1000) != 1 || read(connection, answer, sizeof answer) < 1 ||
        answer[0] != '2')
        return false; /* here the connection is forgotten */
    close(connection);
    return true;
}

int main(void) {
    struct sockaddr_in address;
    int server = listen_somewhere(&address), loop = epoll_create1(EPOLL_CLOEXEC), failed = 0;
    for (int i = 0; server >= 0 && i < REQUESTS; i++)
        failed += !handle_request(&address, server, loop);
    printf("%d requests, %d failed\n", REQUESTS, failed);
    close(loop);
    close(server);
}
