/* run.h - runs a command to its end and keeps what it said. For the tests that look from outside.
 *
 * Output goes to files without a name, not to pipes: a child that lives on (a forgotten popen) holds nobody up.
 * Every run is bounded: a command that does not end is killed and the test fails. */
#ifndef TESTS_RUN_H
#define TESTS_RUN_H

#include <stdbool.h>
#include <stddef.h>

enum { RUN_SECONDS = 120, RUN_ENVIRONMENT = 8 };

struct run_request {
    const char *const *words;                 /* the command, found in PATH */
    const char *preload;                      /* libraries, or NULL */
    const char *options;                      /* LEFTOPEN_OPTIONS, or NULL */
    const char *folder;                       /* where it runs, or NULL */
    const char *environment[RUN_ENVIRONMENT]; /* NAME=VALUE, up to NULL */
    void (*prepare)(const void *argument);    /* in the child, right before exec, or NULL */
    const void *argument;
    int input;   /* descriptor to be its standard input; 0: /dev/null */
    bool follow; /* wait for its orphans as well */
    void (*ended)(
        const void *argument); /* called when the command has ended and its orphans have not, or NULL */
};

struct run {
    int status; /* as a shell tells it: 128 + signal where a signal ended it */
    int pid;
    char *out, *error; /* ended by a zero byte */
    size_t out_bytes, error_bytes;
};

/* Fails the running test where the command cannot be run or does not end. */
struct run run(const struct run_request *request);
void run_free(struct run *run);

/* `words` as an array for struct run_request. */
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* How often `part` occurs in `text`. */
unsigned run_count(const char *text, const char *part);

/* A folder of this program's own, made by the process that asks first and removed with all in it when that
 * ends. */
const char *run_folder(void);

/* Absolute path of a file of the build: $BUILD or build/, then `name`. Kept until the process ends. */
const char *run_built(const char *name);

/* Number of entries of a folder; -1: not there. */
int run_entries(const char *folder);

/* The whole of a file; NULL: not there. To be freed. */
char *run_file(const char *path);

#endif
