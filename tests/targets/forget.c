/* Description: forgets as many files as the argument says, 1 without one, and ends with the status that the
 * second argument says. */
#include <fcntl.h>
#include <stdlib.h>

static __attribute__((noinline)) int forget_file(void) { return open("/etc/passwd", O_RDONLY); }

int main(int argc, char **argv) {
    for (int i = 0, count = argc > 1 ? atoi(argv[1]) : 1; i < count; i++)
        if (forget_file() < 0)
            return 1;
    return argc > 2 ? atoi(argv[2]) : 0;
}
