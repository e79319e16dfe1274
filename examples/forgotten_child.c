/* Asks other programs: one by popen and never pclose, one by fork, whose end of the pipe stays open. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void print_kernel(void) {
    char name[64] = "";
    FILE *uname = popen("uname -s; sleep 0.1", "r");
    if (uname && fgets(name, sizeof name, uname))
        printf("kernel: %s", name);
} /* the stream, its pipe and the child stay */

static void run_filter(char *const *command, const char *text, size_t length) {
    int ends[2];
    if (pipe(ends))
        return;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[0], STDIN_FILENO);
        close(ends[0]);
        close(ends[1]);
        execvp(command[0], command);
        _exit(127);
    }
    if (write(ends[1], text, length) < 0)
        perror("write");
    close(ends[1]);
    waitpid(child, NULL, 0);
} /* ends[0] stays */

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    print_kernel();
    run_filter((char *[]){"tr", "a-z", "A-Z", NULL}, "filtered\n", 9);
}
