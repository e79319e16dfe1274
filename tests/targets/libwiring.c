/* Description: calls functions of libc by way of its read-only table, and those that the program has of the
 * same names. */
#include <errno.h>
#include <unistd.h>

double send(double first, double second, const char *text);
const char *bind(const char *text);

int wiring_errno(void);
int wiring_errno(void) {
    char byte;
    errno = 0;
    return read(-1, &byte, 1) < 0 ? errno : 0;
}

double wiring_send(void);
double wiring_send(void) { return send(1.5, 2.5, bind("xA")); }
