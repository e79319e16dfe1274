/* target.c - see target.h. What is inside an ELF file is read in target_elf.c. */
#include "tools/commands/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/basics/memory.h"
#include "tools/commands/target_elf.h"

enum {
    SCRIPT_LINE_BYTES = 256, /* of a #! line, BINPRM_BUF_SIZE of the kernel */
    SCRIPT_DEPTH = 5         /* #! interpreters that are scripts themselves, fs/exec.c exec_binprm() */
};

/* Takes over `reason`. */
static enum target_state because(struct target *target, enum target_state state, char *reason) {
    target->reason = reason;
    return state;
}

/* Where a file stands as execve sees it, 0 or an errno. */
static int executable_error(const char *path, struct stat *status) {
    if (stat(path, status) != 0)
        return errno;
    if (S_ISDIR(status->st_mode))
        return EISDIR;
    if (!S_ISREG(status->st_mode))
        return EACCES;
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

/* The path that execvp would find: like the kernel's own search it goes on where a file may not be executed,
 * and remembers that there was one. NULL with errno. */
static char *search_path(const char *program) {
    const char *path = getenv("PATH");
    if (!path)
        path = "/bin:/usr/bin"; /* what glibc's execvp takes, confstr(_CS_PATH) */
    int error = ENOENT;
    for (;; path++) {
        size_t length = strcspn(path, ":");
        struct stat status = {0};
        char *file = memory_format("%.*s%s%s", (int)length, path, length ? "/" : "", program);
        int here = executable_error(file, &status);
        if (here == 0)
            return file;
        free(file);
        if (here == EACCES && status.st_mode) /* it is there; the folder may just be closed to us */
            error = EACCES;
        path += length;
        if (*path == '\0')
            break;
    }
    errno = error;
    return NULL;
}

static char *find(const char *program) {
    if (*program == '\0') {
        errno = ENOENT;
        return NULL;
    }
    return strchr(program, '/') ? memory_copy(program) : search_path(program);
}

static enum target_state not_found(const char *program, struct target *target) {
    if (errno == EACCES)
        return because(target, TARGET_CANNOT_EXECUTE, memory_copy("stands in PATH, but may not be executed"));
    return because(target, TARGET_NOT_FOUND,
                   memory_copy(*program ? "was not found in PATH" : "is no program: the name is empty"));
}

static enum target_state cannot_execute(struct target *target, const char *path, int error,
                                        const struct stat *status) {
    if (error == ENOENT || error == ENOTDIR)
        return because(target, TARGET_NOT_FOUND, memory_copy("does not exist"));
    if (error == EISDIR)
        return because(target, TARGET_CANNOT_EXECUTE, memory_copy("is a directory"));
    if (error == EACCES && access(path, F_OK) == 0 && !S_ISREG(status->st_mode))
        return because(target, TARGET_CANNOT_EXECUTE, memory_copy("is not a regular file"));
    if (error == EACCES && access(path, F_OK) == 0 && (status->st_mode & 0111) == 0)
        return because(target, TARGET_CANNOT_EXECUTE, memory_copy("is not executable; `chmod +x` makes it so"));
    return because(target, TARGET_CANNOT_EXECUTE, memory_format("cannot be executed: %s", strerror(error)));
}

/* Cuts the interpreter's name out of a #! line, as fs/binfmt_script.c does. NULL: none is named. */
static char *interpreter_of(char *line) {
    char *name = line + 2 + strspn(line + 2, " \t");
    size_t length = strcspn(name, " \t\n");
    name[length] = '\0';
    return length ? name : NULL;
}

static ssize_t read_first_line(const char *path, char line[SCRIPT_LINE_BYTES + 1]) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0)
        return -1;
    ssize_t length = read(file, line, SCRIPT_LINE_BYTES);
    close(file);
    line[length > 0 ? length : 0] = '\0';
    return length;
}

static enum target_state look_at_elf(struct target *target, const char *path) {
    struct target_elf elf;
    target_elf_look(path, &elf);
    target->address_sanitizer = elf.address_sanitizer;
    enum target_state state = elf.loader_missing ? TARGET_CANNOT_EXECUTE
                              : *elf.reason      ? TARGET_UNWATCHABLE
                                                 : TARGET_WATCHABLE;
    return state == TARGET_WATCHABLE ? state : because(target, state, memory_copy(elf.reason));
}

/* Puts the chain of interpreters into the reason: "is run by /x/busybox, which is statically linked". */
static enum target_state by_way_of(struct target *target, const char *interpreter, enum target_state state) {
    if (state == TARGET_WATCHABLE)
        return state;
    char *reason = target->reason;
    state = because(target, state == TARGET_NOT_FOUND ? TARGET_CANNOT_EXECUTE : state,
                    memory_format("is run by %s, which %s", interpreter, reason));
    free(reason);
    return state;
}

static enum target_state look_at(struct target *target, const char *path, unsigned depth) {
    char line[SCRIPT_LINE_BYTES + 1];
    struct stat status = {0};
    int error = executable_error(path, &status);
    if (error)
        return cannot_execute(target, path, error, &status);
    if (depth > SCRIPT_DEPTH)
        return because(target, TARGET_CANNOT_EXECUTE, memory_copy("is a script below too many other scripts"));
    ssize_t length = read_first_line(path, line);
    if (length < 0)
        return TARGET_WATCHABLE;
    if (length >= 4 && memcmp(line, "\177ELF", 4) == 0)
        return look_at_elf(target, path);
    bool is_text = !memchr(line, '\0', (size_t)length);
    char *interpreter = length >= 2 && memcmp(line, "#!", 2) == 0 ? interpreter_of(line) : NULL;
    if (interpreter)
        return by_way_of(target, interpreter, look_at(target, interpreter, depth + 1));
    if (!is_text)
        return TARGET_WATCHABLE; /* a format that binfmt_misc may know; the kernel will say */
    target->is_plain_text = true;
    return depth ? TARGET_WATCHABLE : by_way_of(target, "/bin/sh", look_at(target, "/bin/sh", 1));
}

enum target_state target_look(const char *program, struct target *target) {
    *target = (struct target){0};
    target->path = find(program);
    return target->path ? look_at(target, target->path, 0) : not_found(program, target);
}

void target_end(struct target *target) {
    free(target->path);
    free(target->reason);
    *target = (struct target){0};
}

char **target_shell_arguments(const struct target *target, char **argv) {
    size_t count = 0;
    while (argv[count])
        count++;
    char **shell_argv = memory_new(count + 2, sizeof *shell_argv);
    shell_argv[0] = "/bin/sh";
    shell_argv[1] = target->path;
    memcpy(shell_argv + 2, argv + 1, count * sizeof *argv); /* with the NULL at the end */
    return shell_argv;
}

int target_execute(const struct target *target, char **argv, char **shell_argv) {
    execv(target->path, argv);
    if (errno == ENOEXEC && target->is_plain_text)
        execv(shell_argv[0], shell_argv);
    return errno;
}
