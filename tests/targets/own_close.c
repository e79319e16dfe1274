/* Description: a program that exports a close of its own, which counts and goes on to libc's. */
#include <fcntl.h>
#include <stdio.h>

extern int __close(int fd);
int close(int fd);

static int calls;

int close(int fd) {
    calls++;
    return __close(fd);
}

int main(void) {
    close(open("/dev/null", O_RDONLY));
    open("/dev/null", O_RDONLY);
    printf("%d\n", calls);
    return 0;
}
