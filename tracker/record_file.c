/* record_file.c - see record_file.h. */
#include "tracker/record_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "tracker/clock.h"
#include "tracker/record_format.h"
#include "tracker/sys.h"
#include "tracker/tidy.h"

static const char *wanted_folder; /* NULL: the automatic one */
static const char *runtime_folder;

void record_file_configure(const char *folder, const char *runtime) {
    wanted_folder = folder;
    runtime_folder = runtime;
}

/* ---- its folder -------------------------------------------------------------------------------------------
 */

/* Room for its name on the stack, which every process has touched already. */
struct folder {
    char name[RECORD_FILE_PATH_BYTES];
};

/* The folder that option record=auto means. $XDG_RUNTIME_DIR counts only if it is ours: `sudo -E` brings
 * another user's. */
static const char *automatic(struct folder *folder) {
    struct text path = TEXT_IN(folder->name);
    const uid_t user = (uid_t)SYS(SYS_geteuid);
    struct stat status;
    if (runtime_folder && runtime_folder[0] == '/' &&
        !SYS(SYS_newfstatat, AT_FDCWD, runtime_folder, &status, 0) && S_ISDIR(status.st_mode) &&
        status.st_uid == user) {
        text_string(&path, runtime_folder);
        text_string(&path, "/leftopen");
        if (!path.cut)
            return folder->name;
    }
    path = (struct text)TEXT_IN(folder->name);
    text_string(&path, "/dev/shm/leftopen-");
    text_decimal(&path, user);
    return folder->name;
}

static const char *folder_of_records(struct folder *folder) {
    return wanted_folder ? wanted_folder : automatic(folder);
}

static bool is_safe(const char *folder) {
    struct stat status;
    if (SYS(SYS_newfstatat, AT_FDCWD, folder, &status, AT_SYMLINK_NOFOLLOW))
        return false;
    if (!S_ISDIR(status.st_mode))
        return false;
    return wanted_folder || (status.st_uid == (uid_t)SYS(SYS_geteuid) && !(status.st_mode & 077));
}

static bool prepare(const char *folder) {
    if (is_safe(folder))
        return true;
    if (wanted_folder)
        return false;
    SYS(SYS_mkdir, folder, 0700); /* a umask cannot widen it; where somebody else was faster, it is there */
    return is_safe(folder);
}

void record_file_tidy(const uint8_t name[16]) {
    struct folder folder;
    if (!wanted_folder && tidy_is_due(automatic(&folder), name[0]))
        tidy_folder(folder.name);
}

/* ---- the file ---------------------------------------------------------------------------------------------
 */

void record_file_name(uint8_t name[16]) {
    if (SYS(SYS_getrandom, name, 16, 1 /* GRND_NONBLOCK */) == 16)
        return;
    uint64_t word[2] = {(uint64_t)SYS(SYS_getpid) << 32 ^ clock_date(), (uint64_t)(uintptr_t)name};
    text_copy(name, word, sizeof word);
}

bool record_file_path(struct text path, const uint8_t name[16]) {
    struct folder folder;
    text_string(&path, folder_of_records(&folder));
    text_string(&path, "/");
    text_byte_pairs(&path, name, 16);
    text_string(&path, RECORD_SUFFIX);
    return !path.cut;
}

/* An exclusive lock before the mapping: it lives exactly as long as the mapping does, though the descriptor is
 * closed at once, and tells others that the process lives. */
static long create(const char *path) {
    long file = SYS(SYS_open, path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (sys_failed(file))
        return file;
    /* A filter may know no flock (ENOSYS, EPERM): then the process cannot be told from a dead one while it
     * lives, which is better than no record. Who tidies the folder may just hold the lock of a file that is
     * there and in no use yet. */
    if (SYS(SYS_flock, file, LOCK_EX | LOCK_NB) == -EWOULDBLOCK) {
        SYS(SYS_unlink, path);
        SYS(SYS_close, file);
        return -EWOULDBLOCK;
    }
    return file;
}

static bool may_be_tried_again(long file) { return file == -EWOULDBLOCK || file == -ENOENT; }

/* Tries again where somebody who tidies has the lock for a moment, or has just removed the empty folder. */
long record_file_create(char path[RECORD_FILE_PATH_BYTES], uint8_t name[16]) {
    enum { TRIES = 16 };
    struct folder folder;
    long file = -EWOULDBLOCK;
    for (int i = 0; i < TRIES && may_be_tried_again(file); i++) {
        if (!prepare(folder_of_records(&folder)))
            return -ENOENT;
        record_file_name(name);
        struct text text = {.start = path, .capacity = RECORD_FILE_PATH_BYTES};
        if (!record_file_path(text, name))
            return -ENOENT;
        file = create(path);
    }
    return file;
}

static void remove_empty_folder_of(const char *path) {
    struct folder folder;
    size_t length = (size_t)(text_base_name(path) - path);
    text_copy(folder.name, path, length);
    folder.name[length] = 0;
    SYS(SYS_rmdir, folder.name);
}

bool record_file_remove(const char *path) {
    if (SYS(SYS_unlink, path))
        return false;
    if (!wanted_folder && runtime_folder && *runtime_folder == '/' && text_starts(path, runtime_folder))
        remove_empty_folder_of(path);
    return true;
}
