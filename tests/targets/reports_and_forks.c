/* Description: one thread asks for reports (SIGUSR2, option report_signal), another forks meanwhile. Each child
 * counts what is open that the program did not open, forgets a file and exits. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REPORTS = 15, CHILDREN = 200, NUMBERS = 64 };
static atomic_bool done;
static atomic_int children;

static void *ask(void *nothing) {
    for (int i = 0; i < REPORTS || children < CHILDREN; i++)
        raise(SIGUSR2);
    done = true;
    return NULL;
}

static int count_open(void) {
    int open = 0;
    for (int fd = 0; fd < NUMBERS; fd++)
        open += fcntl(fd, F_GETFD) >= 0;
    return open;
}

int main(void) {
    pthread_t asking;
    struct sigaction action;
    int own = open("/dev/null", O_RDONLY), strange = 0;
    int known = count_open();
    sigaction(SIGUSR2, NULL, &action);
    if (action.sa_handler == SIG_DFL) /* nobody listens */
        signal(SIGUSR2, SIG_IGN);
    pthread_create(&asking, NULL, ask, NULL);
    while (!done) {
        int status = -1;
        pid_t child = fork();
        if (child == 0) {
            int found = count_open() - known;
            _exit(dup(own) < 0 || found);
        }
        waitpid(child, &status, 0);
        strange += status != 0;
        children++;
    }
    pthread_join(asking, NULL);
    close(own);
    /* A fork in the moment between the kernel's giving a descriptor and our writing down that we have it copies
     * that: where processors are busy it happens to one in hundreds. Many children, that is, so that one is
     * few. */
    printf("%s strange\n", strange * 8 < children ? "few" : "many");
    fprintf(stderr, "%d children\n", children);
    return 0;
}
