/* Description: a program that exports a close of its own, which looks for the next one as a browser does, or
 * (with an argument) for libc's by a handle of libc. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>

int close(int fd);

static int calls;
static void *where = RTLD_NEXT;

int close(int fd) {
    static int (*next)(int);
    if (!next)
        next = (int (*)(int))dlsym(where, "close");
    calls++;
    return next(fd);
}

int main(int argc, char **argv) {
    if (argc > 1)
        where = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
    close(open("/dev/null", O_RDONLY));
    open("/dev/null", O_RDONLY);
    printf("%d\n", calls);
    return 0;
}
