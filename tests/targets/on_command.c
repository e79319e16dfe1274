/* Description: does what the lines of its standard input say, and writes "done" after each: `file N` opens N
 * files, `pair N` makes N pairs of sockets, `close N` closes the N newest files, `end` ends. It forgets what it
 * was not told to close. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 20000 };
static int files[MOST], count;

__attribute__((noinline)) static void open_file(void) {
    int file = count < MOST ? open("/dev/null", O_RDONLY) : -1;
    if (file >= 0)
        files[count++] = file;
}

__attribute__((noinline)) static void make_pair(void) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        perror("socketpair");
}

static void close_newest(void) {
    if (count)
        close(files[--count]);
}

static const struct {
    const char *word;
    void (*act)(void);
} actions[] = {{"file", open_file}, {"pair", make_pair}, {"close", close_newest}};

int main(void) {
    char word[16];
    int times;
    while (scanf("%15s", word) == 1 && strcmp(word, "end") != 0 && scanf("%d", &times) == 1) {
        for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
            for (int j = 0; strcmp(word, actions[i].word) == 0 && j < times; j++)
                actions[i].act();
        puts("done");
        fflush(stdout);
    }
}
