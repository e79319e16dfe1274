/* Description: puts files over descriptors 0 and 1 and leaves them there: those are never a finding. */
#include <fcntl.h>
#include <unistd.h>

int main(void) {
    close(0);
    open("/dev/null", O_RDONLY);
    dup2(0, 1);
    return 0;
}
