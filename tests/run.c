/* run.c - see run.h. */
#include "tests/run.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the child ---- */

static void set_or_clear(const char *name, const char *value) {
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static void become(const struct run_request *request, int out, int error) {
    int input = request->input ? request->input : open("/dev/null", O_RDONLY | O_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(input, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(error, STDERR_FILENO);
    close_range(3, ~0U, 0);
    for (size_t i = 0; i < RUN_ENVIRONMENT && request->environment[i]; i++)
        putenv((char *)request->environment[i]);
    set_or_clear("LC_ALL", "C");
    set_or_clear("LEFTOPEN_OPTIONS", request->options);
    if (request->folder && chdir(request->folder))
        _exit(126);
    if (request->prepare)
        request->prepare(request->argument);
    set_or_clear("LD_PRELOAD", request->preload);
    execvp(request->words[0], (char *const *)request->words);
    dprintf(STDERR_FILENO, "%s: %s\n", request->words[0], strerror(errno));
    _exit(127);
}

/* ---- the parent ---- */

static char *contents(int file, size_t *bytes) {
    struct stat about;
    ck_assert_int_eq(fstat(file, &about), 0);
    char *text = calloc(1, (size_t)about.st_size + 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq(pread(file, text, (size_t)about.st_size, 0), about.st_size);
    *bytes = (size_t)about.st_size;
    return text;
}

/* The status, -1 if it did not end in time (it is killed then). */
static int wait_for(pid_t pid) {
    int status, handle = (int)syscall(SYS_pidfd_open, pid, 0);
    ck_assert_int_ge(handle, 0);
    bool in_time = poll(&(struct pollfd){handle, POLLIN, 0}, 1, RUN_SECONDS * 1000) == 1;
    if (!in_time)
        kill(pid, SIGKILL);
    close(handle);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    if (!in_time)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void wait_for_orphans(void) {
    int hundredths = RUN_SECONDS * 100;
    for (pid_t orphan; (orphan = waitpid(-1, NULL, WNOHANG)) >= 0;)
        if (orphan == 0) {
            ck_assert_msg(hundredths-- > 0, "an orphan did not end within %d s", RUN_SECONDS);
            usleep(10000);
        }
}

struct run run(const struct run_request *request) {
    int out = memfd_create("out", MFD_CLOEXEC), error = memfd_create("error", MFD_CLOEXEC);
    ck_assert(out >= 0 && error >= 0);
    fflush(NULL);
    prctl(PR_SET_CHILD_SUBREAPER, request->follow);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        become(request, out, error);
    struct run result = {.pid = pid, .status = wait_for(pid)};
    if (request->ended)
        request->ended(request->argument);
    if (request->follow)
        wait_for_orphans();
    result.out = contents(out, &result.out_bytes);
    result.error = contents(error, &result.error_bytes);
    close(out);
    close(error);
    ck_assert_msg(result.status >= 0, "%s did not end within %d s\nstandard error: %s", request->words[0],
                  RUN_SECONDS, result.error);
    return result;
}

void run_free(struct run *run) {
    free(run->out);
    free(run->error);
}

unsigned run_count(const char *text, const char *part) {
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        count++;
    return count;
}

/* ---- files ---- */

static char folder[64];
static pid_t folder_owner;

static void remove_folder(void) {
    char command[96];
    if (getpid() != folder_owner)
        return;
    snprintf(command, sizeof command, "/bin/rm -rf %s", folder);
    if (system(command))
        fprintf(stderr, "%s is left behind\n", folder);
}

/* Outside of a test too, where Check's assertions may not be used. */
static void must(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "%s: %s (built? started from the top folder?)\n", what, strerror(errno));
    exit(2);
}

const char *run_folder(void) {
    if (folder[0])
        return folder;
    strcpy(folder, "/tmp/leftopen-test-XXXXXX");
    must(mkdtemp(folder), folder);
    must(chmod(folder, 0755) == 0, folder);
    folder_owner = getpid();
    atexit(remove_folder);
    return folder;
}

const char *run_built(const char *name) {
    const char *build = getenv("BUILD");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", build ? build : "build", name);
    char *absolute = realpath(path, NULL);
    must(absolute, path);
    return absolute;
}

int run_entries(const char *name) {
    DIR *directory = opendir(name);
    if (!directory)
        return -1;
    int count = -2; /* "." and ".." */
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

char *run_file(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return NULL;
    size_t bytes;
    char *text = contents(file, &bytes);
    close(file);
    return text;
}
