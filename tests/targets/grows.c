/* Description: opens FILES files at one place and DUPS at another, and keeps them; then, as the third argument
 * says: new: one file more, elsewhere. wait: says so on standard output and waits for a signal. exec, spawn:
 * executes the rest of the arguments, itself or in a child. stream: gives a file to a stream, and executes
 * twice, by popen and in a child. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static __attribute__((noinline)) void fill_pool(int files) {
    for (int i = 0; i < files; i++)
        open("/etc/hosts", O_RDONLY);
    open("/etc/group", O_RDONLY | O_CLOEXEC);
    close(open("/etc/group", O_RDONLY));
}

static __attribute__((noinline)) void duplicate(int times) {
    for (int i = 0; i < times; i++)
        dup(STDIN_FILENO);
}

static __attribute__((noinline)) void open_another(void) {
    open("/etc/passwd", O_RDONLY); /* line of the new one */
}

static int execute(char **arguments) {
    execvp(*arguments, arguments);
    return 1;
}

static int spawn(char **arguments) {
    pid_t child = fork();
    if (child == 0)
        _exit(execute(arguments));
    return waitpid(child, NULL, 0) != child;
}

int main(int argc, char **argv) {
    const char *then = argc > 3 ? argv[3] : "";
    fill_pool(atoi(argv[1]));
    duplicate(atoi(argv[2]));
    if (strcmp(then, "new") == 0)
        open_another();
    if (strcmp(then, "wait") == 0 && puts("ready") >= 0 && fflush(stdout) == 0)
        pause();
    if (strcmp(then, "stream") == 0)
        return !fdopen(STDERR_FILENO + 1, "r") || pclose(popen("exec true", "r")) || spawn(argv + 4);
    if (strcmp(then, "exec") == 0)
        return execute(argv + 4);
    return strcmp(then, "spawn") == 0 ? spawn(argv + 4) : 0;
}
