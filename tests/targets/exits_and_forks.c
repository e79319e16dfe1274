/* Description: processes end by exit while another of their threads forks. The children end at once; one that
 * is held up is ended by its alarm. Tells how many were. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 5, CHILDREN = 300, PAUSE_MICROSECONDS = 500, PATIENCE_SECONDS = 60 };

static void *fork_often(void *nothing) {
    for (int i = 0; i < CHILDREN; i++) {
        if (fork() == 0) {
            alarm(PATIENCE_SECONDS);
            _exit(0);
        }
        usleep(PAUSE_MICROSECONDS);
    }
    return NULL;
}

static void end_meanwhile(void) {
    pthread_t forking;
    open("/dev/null", O_RDONLY);
    pthread_create(&forking, NULL, fork_often, NULL);
    usleep(10 * PAUSE_MICROSECONDS);
    exit(0);
}

int main(void) {
    int status, held_up = 0;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0)
            end_meanwhile();
    while (wait(&status) > 0)
        held_up += WIFSIGNALED(status);
    printf("%d held up\n", held_up);
    return 0;
}
