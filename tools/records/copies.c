/* copies.c - see copies.h */
#include "tools/records/copies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/basics/regular.h"
#include "tools/records/folder.h"

enum { MOST_ROUNDS = 4 /* of copies of a living process's record, until nothing moves any more */ };

/* The first byte of data at or behind `from`; `end` if there is only a hole. A record is a sparse file: what
 * was never written need not be read. */
static size_t data_from(int file, size_t from, size_t end) {
    off_t data = lseek(file, (off_t)from, SEEK_DATA);
    if (data < 0)
        return errno == ENXIO ? end : from;
    return (size_t)data < end ? (size_t)data : end;
}

static size_t hole_from(int file, size_t from, size_t end) {
    off_t hole = lseek(file, (off_t)from, SEEK_HOLE);
    return hole > (off_t)from && (size_t)hole < end ? (size_t)hole : end;
}

static size_t file_size(int file) {
    struct stat status;
    return fstat(file, &status) == 0 && status.st_size > 0 ? (size_t)status.st_size : 0;
}

/* Copies the first `size` bytes, or as many as there are. Returns 0 or -errno. */
static int copy_file(int file, size_t size, struct copy *copy) {
    copy->bytes = memory_new(size, 1);
    copy->size = size;
    size_t at = 0;
    while ((at = data_from(file, at, size)) < size) {
        size_t hole = hole_from(file, at, size);
        while (at < hole) {
            ssize_t got = pread(file, copy->bytes + at, hole - at, (off_t)at);
            if (got < 0 && errno == EINTR)
                continue;
            if (got < 0)
                return -errno;
            if (got == 0) { /* shorter than it was a moment ago */
                copy->size = at;
                return 0;
            }
            at += (size_t)got;
        }
    }
    /* What was cut off meanwhile looked like a hole. */
    copy->size = file_size(file) < size ? file_size(file) : size;
    return 0;
}

static int copy_stream(int file, struct copy *copy) {
    size_t room = 1 << 16;
    copy->bytes = memory_new(room, 1);
    copy->size = 0;
    for (;;) {
        ssize_t got = read(file, copy->bytes + copy->size, room - copy->size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        copy->size += (size_t)got;
        if (got == 0 || copy->size == COPIES_MOST_BYTES)
            return 0;
        if (copy->size < room)
            continue;
        unsigned char *bigger = memory_new(room * 2, 1);
        memcpy(bigger, copy->bytes, copy->size);
        free(copy->bytes);
        copy->bytes = bigger;
        room *= 2;
    }
}

/* Bytes of the file that belong to the record: what its header says is in use, where that can be true. One that
 * is just being made is a file of its largest size, and has nothing but a part of its header. */
static size_t bytes_in_use(int file, size_t size) {
    static const struct record_header not_yet;
    struct record_header header;
    if (pread(file, &header, sizeof header, 0) != sizeof header)
        return size;
    if (memcmp(header.magic, not_yet.magic, sizeof header.magic) == 0)
        return sizeof header;
    uint64_t allocated = header.allocated;
    return allocated >= sizeof header && allocated < size ? allocated : size;
}

static size_t record_size(int file) {
    size_t size = file_size(file);
    return bytes_in_use(file, size < COPIES_MOST_BYTES ? size : COPIES_MOST_BYTES);
}

static int open_record(const char *path, bool may_vanish, int *status) {
    struct stat about;
    int file = regular_open(path, &about);
    if (file >= 0)
        return file;
    if (file == -ENOENT && may_vanish)
        *status = EXIT_MISSING;
    else if (file == -EMEDIUMTYPE)
        *status = failure(EXIT_DAMAGED, "%s is not a record: it is not a regular file", path);
    else
        *status = failure(file == -ENOENT || file == -ENOTDIR ? EXIT_MISSING : EXIT_DAMAGED,
                          "cannot read the record %s: %s", path, strerror(-file));
    return -1;
}

/* The header counts every acquire; what matters lies behind it. */
static bool same_chunks(const struct copy *one, const struct copy *other) {
    size_t from = RECORD_PAGE_BYTES;
    return one->size == other->size &&
           (one->size <= from || memcmp(one->bytes + from, other->bytes + from, one->size - from) == 0);
}

/* What moves gets a moment to come to rest, and the program its cache lines: each look takes them away from it.
 */
static void let_it_move(void) { nanosleep(&(struct timespec){.tv_nsec = 50 * 1000}, NULL); }

static int copy_twice(int file, struct copies *copies) {
    int error = copy_file(file, record_size(file), &copies->newer);
    for (int round = 0; !error && round < MOST_ROUNDS; round++) {
        if (round > 0)
            let_it_move();
        free(copies->older.bytes);
        copies->older = copies->newer;
        copies->newer = (struct copy){0};
        error = copy_file(file, record_size(file), &copies->newer);
        if (!error && same_chunks(&copies->older, &copies->newer))
            break;
    }
    return error;
}

/* --- public ----------------------------------------------------------------------------------------------- */

int copies_take(struct copies *copies, const char *path, bool may_vanish) {
    int status = 0, error;
    if (strcmp(path, "-") == 0) {
        error = copy_stream(STDIN_FILENO, &copies->newer);
    } else {
        int file = open_record(path, may_vanish, &status);
        if (file < 0)
            return status;
        /* Asked before the first byte is read: who is dead now changes nothing any more. */
        copies->alive = folder_file_is_alive(file);
        error = copies->alive ? copy_twice(file, copies) : copy_file(file, record_size(file), &copies->newer);
        close(file);
    }
    if (error)
        return failure(EXIT_DAMAGED, "cannot read the record %s: %s", path, strerror(-error));
    return 0;
}

void copies_end(struct copies *copies) {
    free(copies->older.bytes);
    free(copies->newer.bytes);
    *copies = (struct copies){0};
}

bool record_read_head(const char *path, struct record_header *header) {
    struct stat about;
    int file = regular_open(path, &about);
    if (file < 0)
        return false;
    bool is_read = pread(file, header, sizeof *header, 0) == sizeof *header;
    close(file);
    return is_read;
}
