/* tidy.c - see tidy.h. A record is dead if nobody holds its lock. */
#include "tracker/tidy.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "tracker/clock.h"
#include "tracker/directory.h"
#include "tracker/record_format.h"
#include "tracker/sys.h"
#include "tracker/text.h"

/* Fewer than the 64 that a user is promised: some come before the next one tidies. And fewer than what makes a
 * folder crowded, else whoever comes after one who tidied finds it crowded again, and looks at all of it. */
enum {
    KEEP_FILES = 32,
    CROWDED_FILES = 48,
    KEEP_BYTES = 64 << 20,
    KEEP_SECONDS = 24 * 60 * 60,
    NAME_BYTES = 32
};

struct tally {
    int folder;
    int64_t now; /* seconds */
    int files;
    int64_t bytes;
};

static bool is_record(const char *name) {
    return text_length(name) == NAME_BYTES + sizeof RECORD_SUFFIX - 1 &&
           text_equal(name + NAME_BYTES, RECORD_SUFFIX);
}

/* Counts a dead record; true if it is one too many. */
static bool is_too_much(struct tally *tally, int file) {
    struct stat status;
    if (SYS(SYS_fstat, file, &status) || !S_ISREG(status.st_mode))
        return false;
    if (tally->now - status.st_mtim.tv_sec > KEEP_SECONDS)
        return true;
    tally->files++;
    tally->bytes += status.st_blocks * 512;
    return tally->files > KEEP_FILES || tally->bytes > KEEP_BYTES;
}

static void look(const char *name, void *context) {
    struct tally *tally = context;
    if (!is_record(name))
        return;
    long file = SYS(SYS_openat, tally->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (sys_failed(file))
        return;
    if (SYS(SYS_flock, file, LOCK_EX | LOCK_NB) == 0 && is_too_much(tally, (int)file))
        SYS(SYS_unlinkat, tally->folder, name, 0);
    SYS(SYS_close, file);
}

/* In memory, where records usually lie, the size of a folder tells how many names it holds. */
static bool is_crowded(const char *folder) {
    enum { BYTES_EACH = 20 };
    struct stat status;
    return SYS(SYS_stat, folder, &status) == 0 && status.st_size > CROWDED_FILES * BYTES_EACH;
}

bool tidy_is_due(const char *folder, uint8_t chance) {
    return chance == 0 || (chance % 2 == 0 && is_crowded(folder));
}

void tidy_folder(const char *folder) {
    long opened = SYS(SYS_open, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (sys_failed(opened))
        return;
    struct tally tally = {.folder = (int)opened, .now = (int64_t)(clock_date() / 1000000000)};
    directory_visit((int)opened, look, &tally);
    SYS(SYS_close, opened);
}
