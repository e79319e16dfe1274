/* Description: moves into an empty folder, where there is no /proc and no library, opens "file" and forgets it.
 * With an argument it does that in a child. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    close(open("/dev/null", O_RDONLY));
    if (argc > 1 && fork() > 0)
        return wait(NULL) < 0;
    if (chroot(".") || chdir("/"))
        return 77;
    return open("file", O_CREAT | O_RDWR, 0600) < 0;
}
