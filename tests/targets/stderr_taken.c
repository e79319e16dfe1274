/* Description: closes descriptor 2, opens the file "data", which gets that number, writes to it and forgets a
 * file. */
#include <fcntl.h>
#include <unistd.h>

int main(void) {
    close(2);
    int fd = open("data", O_CREAT | O_RDWR | O_TRUNC, 0600);
    if (fd != 2 || write(fd, "data\n", 5) != 5)
        return 1;
    open("/dev/null", O_RDONLY);
    return 0;
}
