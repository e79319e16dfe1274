/* Description: makes what outlives a process, named after the first argument, in each of the ways; then, for
 * the second argument "remove", removes all of it, for "pass" nothing more, else forgets a file as well. */
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

int main(int argc, char **argv) {
    const char *name = argv[1], *way = argc > 2 ? argv[2] : "";
    int removes = strcmp(way, "remove") == 0;
    int memory = shm_open(name, O_CREAT | O_RDWR, 0600);
    sem_t *semaphore = sem_open(name, O_CREAT, 0600, 0);
    int ids[] = {shmget(IPC_PRIVATE, 4096, 0600), semget(IPC_PRIVATE, 1, 0600), msgget(IPC_PRIVATE, 0600)};
    if (memory < 0 || semaphore == SEM_FAILED || ids[0] < 0 || ids[1] < 0 || ids[2] < 0)
        return 77;
    close(memory);
    sem_close(semaphore);
    close(shm_open(name, O_CREAT | O_RDWR, 0600)); /* it is there: this one makes nothing */
    printf("%d %d %d\n", ids[0], ids[1], ids[2]);
    if (removes) {
        shm_unlink(name);
        sem_unlink(name);
        shmctl(ids[0], IPC_RMID, NULL);
        semctl(ids[1], 0, IPC_RMID);
        msgctl(ids[2], IPC_RMID, NULL);
    }
    if (!*way)
        open("/dev/null", O_RDONLY);
    return 0;
}
