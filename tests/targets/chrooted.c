/* Description: moves into an empty folder, where there is no /proc and no library, opens "file" and forgets it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    if (chroot(".") || chdir("/"))
        return 77;
    return open("file", O_CREAT | O_RDWR, 0600) < 0;
}
