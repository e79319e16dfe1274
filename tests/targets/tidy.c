/* Description: opens and closes in every way that ends a handle without close() on its number: nothing to
 * report. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int a = open("/dev/null", O_RDONLY), b = open("/dev/null", O_RDONLY);
    dup2(a, b); /* what b was is gone */
    syscall(SYS_close, b);
    fclose(fdopen(a, "r"));
    closedir(fdopendir(open("/", O_RDONLY | O_DIRECTORY)));
    FILE *stream = freopen("/dev/zero", "r", fopen("/dev/null", "r"));
    int inside = fileno(stream), kept = dup(inside);
    dup2(kept, inside); /* still the stream's */
    close(kept);
    fclose(stream);
    return 0;
}
