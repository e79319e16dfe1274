/* Description: sends descriptor 2 into the file "log" by dup2, and forgets a file. */
#include <fcntl.h>
#include <unistd.h>

int main(void) {
    int log = open("log", O_CREAT | O_RDWR | O_TRUNC, 0600);
    dup2(log, 2);
    close(log);
    open("/dev/null", O_RDONLY);
    return 0;
}
