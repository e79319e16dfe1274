/* Description: leaves a wrapped call that blocks (open of a pipe without a writer) by siglongjmp out of a
 * handler, many times; then forgets one file. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile int jumps;

static void jump(int signal_number) { siglongjmp(back, 1); }

int main(void) {
    mkfifo("fifo", 0600);
    signal(SIGALRM, jump);
    if (sigsetjmp(back, 1))
        jumps++;
    if (jumps < 20) {
        setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, 2000}}, NULL);
        open("fifo", O_RDONLY);
    }
    int fd = open("/dev/null", O_RDONLY);
    printf("%d %d\n", jumps, fd);
    return unlink("fifo");
}
