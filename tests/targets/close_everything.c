/* Description: opens three files, closes everything from 3 up in the way that the argument names, then forgets
 * one file and says its number. */
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static __attribute__((noinline)) int open_one(void) { return open("/dev/null", O_RDONLY); }

int main(int argc, char **argv) {
    const char *way = argv[1];
    for (volatile int i = 0; i < 3; i++) /* one place, not three */
        open_one();
    if (!strcmp(way, "loop"))
        for (int fd = 3; fd < 1048576; fd++)
            close(fd);
    else if (!strcmp(way, "raw_loop"))
        for (int fd = 3; fd < 1048576; fd++)
            syscall(SYS_close, fd);
    else if (!strcmp(way, "range"))
        close_range(3, ~0U, 0);
    else if (!strcmp(way, "unshare"))
        close_range(3, ~0U, CLOSE_RANGE_UNSHARE);
    else if (!strcmp(way, "from"))
        closefrom(3);
    else if (!strcmp(way, "cloexec")) /* closes nothing */
        close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    printf("%d\n", open_one());
    return 0;
}
