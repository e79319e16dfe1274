/* Description: prints the number of the first open, then all numbers that are open, and forgets nothing. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    int first = open("/dev/null", O_RDONLY);
    printf("first %d\n", first);
    for (int fd = 0; fd < 20000; fd++)
        if (fcntl(fd, F_GETFD) != -1)
            printf("%d\n", fd);
    return close(first);
}
