/* Description: closes a file in ways that fail, so that it stays open: reported in spite of all of them. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int fd = open("/dev/null", O_RDONLY);
    printf("%d", dup2(-1, fd));
    printf(" %d", dup3(fd, fd, 0));
    printf(" %d", dup2(fd, fd) == fd);
    printf(" %d", close_range(fd, fd, 1 << 20));
    printf(" %ld", syscall(SYS_dup2, -1, fd));
    printf(" %d\n", fcntl(fd, F_GETFD));
    return 0;
}
