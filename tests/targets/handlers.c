/* Description: a timer's handler, on a small alternate stack, opens and closes while main does the same; one
 * file is forgotten. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

static volatile int count;
static char stack[8192];

static void handle(int signal_number) {
    int saved = errno;
    close(open("/dev/null", O_RDONLY));
    errno = saved;
    count++;
}

int main(void) {
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = handle, .sa_flags = SA_ONSTACK | SA_RESTART}, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 100}, {0, 100}}, NULL);
    while (count < 2000)
        close(open("/dev/zero", O_RDONLY));
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    return open("/dev/null", O_RDONLY) < 0;
}
