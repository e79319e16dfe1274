/* lasting.c - what outlives the process: names in /dev/shm, and System V's objects. Whether a call made one or
 * found it there it does not say; so, unless it says "make, or fail", we look before. These calls are rare. */
#include <limits.h>
#include <sys/ipc.h>

#include "shim/context.h"
#include "shim/effects.h"
#include "shim/real.h"

/* Where glibc puts the names of shm_open ("") and of sem_open ("sem."). */
#define FOLDER "/dev/shm/"
struct shm_path {
    char text[sizeof FOLDER + sizeof "sem." + NAME_MAX];
};

/* An empty path for a name that libc does not take either. */
static struct shm_path shm_path(const char *prefix, const char *name) {
    struct shm_path path = {FOLDER};
    size_t length = sizeof FOLDER - 1;
    while (*prefix)
        path.text[length++] = *prefix++;
    while (*name == '/')
        name++;
    for (; *name && *name != '/' && length < sizeof path.text - 1; name++)
        path.text[length++] = *name;
    if (*name)
        path.text[0] = 0;
    return path;
}

static bool makes_name(const struct shm_path *path, int flags) {
    if (!(flags & O_CREAT) || !path->text[0])
        return false;
    if (flags & O_EXCL)
        return true;
    return !tracker_is_locked_down() && SYS(SYS_access, path->text, F_OK) == -ENOENT;
}

EXPORT int shm_open(const char *name, int flags, mode_t mode) {
    if (!context_is_watched())
        return real.shm_open ? real.shm_open(name, flags, mode) : -1;
    struct shm_path path = shm_path("", name);
    bool makes = makes_name(&path, flags);
    tracker_acquiring();
    int result = real.shm_open(name, flags, mode);
    acquired(result, RECORD_KIND_FILE, "shm_open", CALLER, -1);
    if (makes && result >= 0)
        tracker_name_made(path.text, "shm_open O_CREAT", CALLER);
    return result;
}

EXPORT sem_t *sem_open(const char *name, int flags, ...) {
    mode_t mode = 0;
    unsigned value = 0;
    if (flags & O_CREAT) {
        va_list list;
        va_start(list, flags);
        mode = va_arg(list, mode_t);
        value = va_arg(list, unsigned);
        va_end(list);
    }
    if (!context_is_watched())
        return real.sem_open ? real.sem_open(name, flags, mode, value) : SEM_FAILED;
    struct shm_path path = shm_path("sem.", name);
    bool makes = makes_name(&path, flags);
    sem_t *result = real.sem_open(name, flags, mode, value);
    if (result == SEM_FAILED)
        return result;
    tracker_referenced_object(result, RECORD_KIND_SEMAPHORE, "sem_open", CALLER);
    if (makes)
        tracker_name_made(path.text, "sem_open O_CREAT", CALLER);
    return result;
}

static void name_removed(const char *prefix, const char *name, uintptr_t caller) {
    struct shm_path path = shm_path(prefix, name);
    tracker_name_removed(path.text, caller);
}

EXPORT int shm_unlink(const char *name) {
    bool watched = context_is_watched();
    int result = real.shm_unlink ? real.shm_unlink(name) : -1;
    if (result == 0 && watched)
        name_removed("", name, CALLER);
    return result;
}

EXPORT int sem_unlink(const char *name) {
    bool watched = context_is_watched();
    int result = real.sem_unlink ? real.sem_unlink(name) : -1;
    if (result == 0 && watched)
        name_removed("sem.", name, CALLER);
    return result;
}

/* All three "get" calls begin with the key and find what is there if asked for nothing else. */
static bool makes_ipc(long number, key_t key, int flags) {
    if (key == IPC_PRIVATE || (flags & IPC_CREAT && flags & IPC_EXCL))
        return true;
    return flags & IPC_CREAT && !tracker_is_locked_down() && SYS(number, key, 0, 0) == -ENOENT;
}

EXPORT int shmget(key_t key, size_t bytes, int flags) {
    if (!context_is_watched())
        return real.shmget ? real.shmget(key, bytes, flags) : RAW(SYS_shmget, key, bytes, flags);
    bool makes = makes_ipc(SYS_shmget, key, flags);
    int result = real.shmget(key, bytes, flags);
    if (makes && result >= 0)
        tracker_ipc_made(RECORD_IPC_MEMORY, result, "shmget", CALLER);
    return result;
}

EXPORT int semget(key_t key, int count, int flags) {
    if (!context_is_watched())
        return real.semget ? real.semget(key, count, flags) : RAW(SYS_semget, key, count, flags);
    bool makes = makes_ipc(SYS_semget, key, flags);
    int result = real.semget(key, count, flags);
    if (makes && result >= 0)
        tracker_ipc_made(RECORD_IPC_SEMAPHORES, result, "semget", CALLER);
    return result;
}

EXPORT int msgget(key_t key, int flags) {
    if (!context_is_watched())
        return real.msgget ? real.msgget(key, flags) : RAW(SYS_msgget, key, flags);
    bool makes = makes_ipc(SYS_msgget, key, flags);
    int result = real.msgget(key, flags);
    if (makes && result >= 0)
        tracker_ipc_made(RECORD_IPC_MESSAGES, result, "msgget", CALLER);
    return result;
}
