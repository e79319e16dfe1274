/* Description: opens a file, allows itself read, write and exit_group only (anything else kills), says so and
 * ends. The argument says by which call, and how it ends; a second one: in a child. */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALLOW(number)                                                                                          \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
static struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    ALLOW(SYS_read),
    ALLOW(SYS_write),
    ALLOW(SYS_exit_group),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
};
static struct sock_fprog filter = {sizeof code / sizeof code[0], code};

int main(int argc, char **argv) {
    const char *way = argv[1];
    close(open("/dev/null", O_RDONLY));
    if (argc > 2 && fork() > 0)
        return wait(NULL) < 0;
    open("/dev/null", O_RDONLY);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!strcmp(way, "strict"))
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    else if (!strcmp(way, "syscall"))
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
    else
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
    if (write(1, "sandboxed\n", 10) != 10)
        return 1;
    if (!strcmp(way, "strict"))
        syscall(SYS_exit, 0); /* strict mode knows no exit_group */
    if (!strcmp(way, "_exit"))
        _exit(0);
    return 0;
}
