/* A test that passes, and closes a descriptor twice. */
#include <fcntl.h>
#include <unistd.h>

int main(void) {
    int file = open("/etc/hosts", O_RDONLY);
    return close(file) == 0 && close(file) == 0;
}
