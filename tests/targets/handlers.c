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

/* Once more, soon: the handler itself asks for the next time, so that main gets on, however slow it is. */
static void wind_up(void) { setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, 100}}, NULL); }

static void handle(int signal_number) {
    int saved = errno;
    close(open("/dev/null", O_RDONLY));
    if (++count < 2000)
        wind_up();
    errno = saved;
}

int main(void) {
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = handle, .sa_flags = SA_ONSTACK | SA_RESTART}, NULL);
    wind_up();
    while (count < 2000)
        close(open("/dev/zero", O_RDONLY));
    return open("/dev/null", O_RDONLY) < 0;
}
