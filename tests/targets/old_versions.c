/* Description: forgets a stream of fmemopen, and starts a child by posix_spawn, both as a program that was
 * linked long ago asks for them. */
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

FILE *old_fmemopen(void *buffer, size_t bytes, const char *mode);
__typeof__(posix_spawn) old_posix_spawn;
__asm__(".symver old_fmemopen, fmemopen@GLIBC_2.2.5");
__asm__(".symver old_posix_spawn, posix_spawn@GLIBC_2.2.5");

int main(void) {
    char bytes[] = "kept", line[8] = "", *words[] = {"true", NULL}, *nothing[] = {NULL};
    FILE *stream = old_fmemopen(bytes, sizeof bytes, "r");
    if (!stream || !fgets(line, sizeof line, stream))
        return 1;
    pid_t child;
    int status = -1;
    if (old_posix_spawn(&child, "/bin/true", NULL, NULL, words, nothing) == 0)
        waitpid(child, &status, 0);
    printf("%s %d\n", line, status);
    return 0;
}
