/* Description: see libmisuses.h. */
#include "tests/targets/libmisuses.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int failing_number = -1, failing_error;

void library_fail_close(int number, int error) {
    failing_number = number;
    failing_error = error;
}

int close(int number) {
    static int (*next)(int);
    if (!next)
        next = (int (*)(int))dlsym(RTLD_NEXT, "close");
    int result = next(number);
    if (number != failing_number || result)
        return result;
    failing_number = -1;
    errno = failing_error;
    return -1;
}

int library_open(void) {
    int number = open("/dev/zero", O_RDONLY); /* opened */
    return number;
}

void library_serve(int socket) {
    if (write(socket, "x", 1) == 1)
        close(socket); /* closed */
}

void library_done(int number) {
    int result = close(number); /* now */
    (void)result;
}

void library_done_twice(int number) {
    close(number);              /* closed */
    int result = close(number); /* now */
    (void)result;
}
