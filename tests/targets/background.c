/* Description: runs the program that its arguments name in the background of a terminal of its own, which stops
 * who writes to it from there (TOSTOP), with descriptor 2 leading to it. Says how the program ended, or that it
 * was stopped. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int open_terminal(int master) {
    struct termios settings;
    grantpt(master);
    unlockpt(master);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    if (tcgetattr(terminal, &settings))
        exit(1);
    settings.c_lflag |= TOSTOP;
    tcsetattr(terminal, TCSANOW, &settings);
    return terminal;
}

static void be_background(int master, int terminal, char **words) {
    setpgid(0, 0);
    dup2(terminal, STDERR_FILENO);
    close(terminal);
    close(master);
    execv(words[0], words);
    _exit(9);
}

static void say(pid_t child, int status) {
    if (WIFSTOPPED(status)) {
        dprintf(STDOUT_FILENO, "stopped by %d\n", WSTOPSIG(status));
        kill(child, SIGKILL);
    } else
        dprintf(STDOUT_FILENO, "exited %d\n", WEXITSTATUS(status));
}

static void be_leader(int master, int terminal, char **words) {
    int status = 0;
    setsid();
    if (ioctl(terminal, TIOCSCTTY, 0))
        _exit(1);
    signal(SIGHUP, SIG_IGN);
    pid_t child = fork();
    if (child == 0)
        be_background(master, terminal, words);
    waitpid(child, &status, WUNTRACED);
    say(child, status);
    _exit(0);
}

int main(int argc, char **argv) {
    int status = 1, master = posix_openpt(O_RDWR | O_NOCTTY), terminal = open_terminal(master);
    pid_t leader = fork();
    if (leader == 0)
        be_leader(master, terminal, argv + 1);
    waitpid(leader, &status, 0);
    close(terminal);
    close(master);
    return status != 0;
}
