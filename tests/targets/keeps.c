/* Description: calls a function of a library, both named by the arguments, and prints how many descriptors it
 * kept. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int count_open(void) {
    int count = 0;
    for (int fd = STDERR_FILENO + 1; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

int main(int argc, char **argv) {
    void *loaded = dlopen(argv[1], RTLD_NOW), *room[8];
    int (*function)(void **, int) = loaded ? (int (*)(void **, int))dlsym(loaded, argv[2]) : NULL;
    if (!function)
        return 77;
    int before = count_open();
    function(room, 8);
    printf("%d\n", count_open() - before);
    return argc == 0;
}
