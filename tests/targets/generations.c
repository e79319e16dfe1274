/* Description: forks, and so does its child, and so on; each opens and closes files, so that it is watched by
 * itself. Tells how many mappings more the last of them has than an early one. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EARLY = 5, GENERATIONS = 40, FILES = 3000 };

static void open_and_close(int files) {
    for (int fd = STDERR_FILENO + 1; fd < files; fd++)
        dup2(STDIN_FILENO, fd);
    for (int fd = STDERR_FILENO + 1; fd < files; fd++)
        close(fd);
}

static int count_mappings(void) {
    char bytes[4096];
    int file = open("/proc/self/maps", O_RDONLY), lines = 0;
    for (ssize_t length; (length = read(file, bytes, sizeof bytes)) > 0;)
        for (ssize_t i = 0; i < length; i++)
            lines += bytes[i] == '\n';
    close(file);
    return lines;
}

int main(void) {
    int early = 0;
    open_and_close(FILES); /* the record outgrows what it began with */
    for (int generation = 0; generation < GENERATIONS; generation++) {
        open_and_close(10);
        if (generation == EARLY)
            early = count_mappings();
        if (fork() != 0) {
            wait(NULL);
            return 0;
        }
    }
    printf("%d more\n", count_mappings() - early);
    return 0;
}
