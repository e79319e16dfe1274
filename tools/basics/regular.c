/* regular.c - see regular.h */
#include "tools/basics/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

/* The file of that name, which was a regular one a moment ago. */
static int open_by_name(const char *path, const struct stat *before) {
    struct stat now;
    int file = open(path, FLAGS);
    if (file < 0)
        return -errno;
    if (fstat(file, &now) == 0 && now.st_dev == before->st_dev && now.st_ino == before->st_ino)
        return file;
    close(file);
    return -EMEDIUMTYPE;
}

int regular_open(const char *path, struct stat *about) {
    int place = open(path, O_PATH | O_CLOEXEC);
    if (place < 0)
        return -errno;
    if (fstat(place, about) || !S_ISREG(about->st_mode)) {
        close(place);
        return -EMEDIUMTYPE;
    }
    char same[40];
    snprintf(same, sizeof same, "/proc/self/fd/%d", place);
    int file = open(same, FLAGS);
    int error = file < 0 ? errno : 0;
    close(place);
    /* without /proc, or with one descriptor left: by its name once more */
    return error == ENOENT || error == EMFILE ? open_by_name(path, about) : error ? -error : file;
}
