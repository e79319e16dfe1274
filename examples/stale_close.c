/* stale_close.c - a connection is closed twice. Between the two the journal is opened and gets its number, so the second
 * close hits the journal: what is written to it from then on is lost, and no call that anybody checks has failed. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int connection_open(void) { return socket(AF_UNIX, SOCK_STREAM, 0); }

static void connection_close(int connection) { close(connection); }

static int request_send(int connection) {
    if (send(connection, "GET", 3, MSG_NOSIGNAL) < 0) {
        connection_close(connection); /* and so does the caller */
        return -1;
    }
    return 0;
}

static int journal_open(void) { return open("/dev/null", O_WRONLY | O_APPEND); }

static void journal_add(int journal, const char *line) {
    if (write(journal, line, strlen(line)) < 0)
        return; /* a journal is not worth an error */
}

static void journal_close(int journal) { close(journal); }

int main(void) {
    int connection = connection_open();
    int failed = request_send(connection);
    int journal = journal_open();
    connection_close(connection);
    journal_add(journal, failed ? "request failed\n" : "request sent\n");
    journal_close(journal);
    puts("done");
    return 0;
}
