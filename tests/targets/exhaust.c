/* Description: limits its descriptors to the number that the argument says, opens files until that fails, says
 * what it got and how it failed, and forgets them all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

int main(int argc, char **argv) {
    rlim_t limit = (rlim_t)atoi(argv[1]);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){limit, limit});
    for (int fd; (fd = open("/dev/null", O_RDONLY)) >= 0;)
        printf("%d ", fd);
    printf("errno %d\n", errno);
    return 0;
}
