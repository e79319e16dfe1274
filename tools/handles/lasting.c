/* lasting.c - see lasting.h */
#include "tools/handles/lasting.h"

#include <errno.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "tools/handles/what.h"

static bool is_there(const char *path) { return path && access(path, F_OK) == 0; }

/* One that may not be looked at is there. */
static bool exists(int result) { return result >= 0 || (errno != EINVAL && errno != EIDRM); }

static bool memory_exists(int id) {
    struct shmid_ds about = {0};
    return exists(shmctl(id, IPC_STAT, &about)) && !(about.shm_perm.mode & SHM_DEST);
}

static bool ipc_exists(uint64_t object) {
    int id = RECORD_IPC_ID(object);
    struct msqid_ds queue;
    struct semid_ds semaphores;
    switch (RECORD_IPC_SORT(object)) {
    case RECORD_IPC_MEMORY:
        return memory_exists(id);
    case RECORD_IPC_SEMAPHORES:
        return exists(semctl(id, 0, IPC_STAT, &semaphores));
    case RECORD_IPC_MESSAGES:
        return exists(msgctl(id, IPC_STAT, &queue));
    }
    return false;
}

bool lasting_is_left(const struct handle *handle) {
    if (!what_kind_lasts(handle->kind) || handle->state != RECORD_STATE_LIVE)
        return false;
    return handle->kind == RECORD_KIND_SHM_NAME ? is_there(handle->path) : ipc_exists(handle->object);
}
