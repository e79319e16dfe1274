/* Opens much and closes all of it: nothing is reported. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
    int pair[2], ends[2], loop = epoll_create1(EPOLL_CLOEXEC), file = open("/dev/null", O_WRONLY | O_CLOEXEC);
    FILE *child = popen("true", "r"), *stream = tmpfile();
    DIR *directory = opendir("/");
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || pipe(ends) || !child || !stream || !directory)
        return 1;
    fputs("written\n", stream);
    closedir(directory);
    fclose(stream);
    pclose(child);
    for (int i = 0; i < 2; i++) {
        close(pair[i]);
        close(ends[i]);
    }
    close(file);
    close(loop);
    puts("all closed");
}
