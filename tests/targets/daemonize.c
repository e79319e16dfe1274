/* Description: becomes a daemon in the way of the first argument, with a file open; the daemon waits for the
 * file "go" in the current folder, then closes the file or, with a second argument, forgets it. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void leave_parent(int now) {
    pid_t parent = getpid();
    pid_t child = fork();
    if (child > 0) {
        if (now)
            _exit(0);
        exit(0);
    }
    while (getppid() == parent)
        usleep(1000);
}

int main(int argc, char **argv) {
    int file = open("/dev/null", O_RDONLY);
    if (!strcmp(argv[1], "daemon")) {
        if (daemon(1, 1))
            return 1;
    } else {
        leave_parent(!strcmp(argv[1], "_exit"));
    }
    if (!strcmp(argv[1], "twice") || !strcmp(argv[1], "loop")) {
        setsid();
        leave_parent(0);
    }
    if (!strcmp(argv[1], "loop")) {
        for (int i = sysconf(_SC_OPEN_MAX) - 1; i >= 0; i--)
            close(i);
        for (int i = 0; i < 3; i++)
            open("/dev/null", O_RDWR);
        file = open("/dev/null", O_RDONLY);
    }
    for (int i = 0; i < 60000 && access("go", F_OK); i++)
        usleep(1000);
    if (argc == 2)
        close(file);
    return 0;
}
