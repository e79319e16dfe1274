/* Description: a program that exports a close of its own, which looks for the next one as a browser does. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>

int close(int fd);

static int calls;

int close(int fd) {
    static int (*next)(int);
    if (!next)
        next = (int (*)(int))dlsym(RTLD_NEXT, "close");
    calls++;
    return next(fd);
}

int main(void) {
    close(open("/dev/null", O_RDONLY));
    open("/dev/null", O_RDONLY);
    printf("%d\n", calls);
    return 0;
}
