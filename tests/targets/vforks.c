/* Description: a vfork child, in the memory of its parent, closes and replaces what the parent has open and
 * opens what it never closes; the argument says how it is made and how it ends. The parent forgets its first
 * file. */
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int kept, closed;

static void be_child(const char *way) {
    open("/dev/zero", O_RDONLY);
    close(kept);
    close_range(closed, ~0U, 0);
    dup2(0, 30);
    if (!strcmp(way, "exec"))
        execl("/bin/true", "true", NULL);
    if (!strcmp(way, "failing_exec"))
        execl("/nonexistent/program", "program", NULL);
    _exit(0);
}

int main(int argc, char **argv) {
    kept = open("/dev/null", O_RDONLY);
    closed = open("/dev/null", O_RDONLY);
    pid_t child = vfork();
    if (child == 0)
        be_child(argv[1]);
    int status = 1;
    waitpid(child, &status, 0);
    int after = open("/dev/null", O_RDONLY);
    printf("%d %d %d\n", after, close(closed), close(after));
    return status != 0;
}
