/* snapshot_command.c - the sub-command snapshot: takes one and writes it, wholly or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/command.h"
#include "tools/records/folder.h"
#include "tools/records/snapshot.h"

struct request {
    struct settings settings;
    struct folder_list records;
    const char *file;
    bool force;
    bool fail; /* handles give 23 */
};

/* --- writing ---------------------------------------------------------------------------------------------- */

/* 0 or -errno. */
static int write_all(int file, const unsigned char *bytes, size_t size) {
    while (size) {
        ssize_t written = write(file, bytes, size);
        if (written < 0 && errno != EINTR)
            return -errno;
        bytes += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return 0;
}

static int write_to_standard_output(const struct snapshot *snapshot) {
    if (isatty(STDOUT_FILENO))
        return failure(EXIT_USAGE, "a snapshot is nothing for a terminal: name a file, or redirect the output");
    int error = write_all(STDOUT_FILENO, snapshot->bytes, snapshot->size);
    return error ? failure(EXIT_OWN_FAILURE, "cannot write the snapshot: %s", strerror(-error)) : 0;
}

/* Whatever is called `file` is replaced only by force, and only if it is a file or a link to something. */
static bool may_be_written(const struct request *request) {
    struct stat about;
    if (lstat(request->file, &about) != 0)
        return true;
    bool is_file = S_ISREG(about.st_mode) || S_ISLNK(about.st_mode);
    if (request->force && is_file)
        return true;
    failure(0, is_file ? "%s is there already; --force replaces it" : "%s is there already, and is no file",
            request->file);
    return false;
}

/* A whole file gets its name in one step; until then it has another one. Returns 0 or -errno. */
static int write_beside(const struct snapshot *snapshot, char *name, const char *file, bool force) {
    int out = mkostemp(name, O_CLOEXEC);
    if (out < 0)
        return -errno;
    int error = write_all(out, snapshot->bytes, snapshot->size);
    if (close(out) != 0 && !error)
        error = -errno;
    if (!error && (force ? rename(name, file) : link(name, file)) != 0)
        error = -errno;
    if (error || !force)
        unlink(name);
    return error;
}

static int write_file(const struct request *request, const struct snapshot *snapshot) {
    if (!may_be_written(request))
        return EXIT_OWN_FAILURE;
    char *name = memory_format("%s.XXXXXX", request->file);
    int error = write_beside(snapshot, name, request->file, request->force);
    free(name);
    if (error)
        return failure(EXIT_OWN_FAILURE, "cannot write the snapshot to %s: %s", request->file,
                       strerror(-error));
    printf("leftopen: %s has the record of process %d with %zu %s\n", request->file, snapshot->pid,
           snapshot->handles, snapshot->handles == 1 ? "handle" : "handles");
    return 0;
}

static int take_and_write(const struct request *request) {
    if (request->records.count != 1 || !request->file)
        return failure(EXIT_USAGE, "snapshot needs one process and a file: `leftopen snapshot PID -o FILE`");
    signal(SIGPIPE, SIG_IGN); /* a reader that is gone is an error like others */
    signal(SIGXFSZ, SIG_IGN);
    struct snapshot snapshot;
    int status = snapshot_take(&snapshot, request->records.paths[0]);
    if (!status && strcmp(request->file, "-") == 0)
        status = write_to_standard_output(&snapshot);
    else if (!status)
        status = write_file(request, &snapshot);
    if (!status && request->fail && snapshot.handles)
        status = EXIT_FINDINGS;
    snapshot_end(&snapshot);
    return status;
}

/* --- words ------------------------------------------------------------------------------------------------ */

static int take_file(struct request *request, const char *name, int words) {
    if (!name || !*name)
        return -failure(EXIT_USAGE, "-o needs the name of a file, or - for standard output");
    request->file = name;
    return words;
}

static int take(void *context, char **argv, bool is_option) {
    struct request *request = context;
    if (!is_option) {
        int status = folder_resolve(argv[0], &request->records);
        return status ? -status : 1;
    }
    if (strcmp(argv[0], "--force") == 0)
        request->force = true;
    else if (strcmp(argv[0], "--fail") == 0)
        request->fail = true;
    else if (strncmp(argv[0], "--output=", 9) == 0)
        return take_file(request, argv[0] + 9, 1);
    else if (strcmp(argv[0], "-o") == 0 || strcmp(argv[0], "--output") == 0)
        return take_file(request, argv[1], 2);
    else
        return strncmp(argv[0], "-o", 2) == 0 ? take_file(request, argv[0] + 2, 1) : 0;
    return 1;
}

static int run_snapshot(int argc, char **argv) {
    struct request request = {0};
    settings_begin(&request.settings);
    int taken = command_words(&request.settings, argc, argv, take, &request);
    int status = taken > 0 ? take_and_write(&request) : -taken;
    folder_list_end(&request.records);
    settings_end(&request.settings);
    return status;
}

const struct command command_snapshot = {
    .name = "snapshot",
    .arguments = "PID -o FILE [--force] [--fail]",
    .summary = "Keep what a running process holds now, to be looked at or compared later.",
    .text =
        "FILE is a record that `report`, `ls` and `diff` read like one of a process that has ended; - writes\n"
        "it to standard output. The process is neither stopped nor slowed down.\n"
        "\n"
        "  -o FILE    where it goes; what is there already is not overwritten\n"
        "  --force    except with this\n"
        "  --fail     exit status 23 if the process holds anything\n"
        "\n"
        "Exit status: 0; 65 the record is damaged, or of another version or machine; 66 there is no such\n"
        "process, or it has no record; 125 the file cannot be written, and nothing of it is.",
    .run = run_snapshot,
};
