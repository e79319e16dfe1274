/* Description: a library that is unloaded before the handle it opened is reported. */
#include <fcntl.h>

int plugin_open(void);
int plugin_open(void) {
    int fd = open("/dev/null", O_RDONLY);
    return fd;
}
