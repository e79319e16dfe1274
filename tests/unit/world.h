/* world.h - what the tracker's suites share: a tracker that is started with options, a folder for its records,
 * a look at the record, children that end by themselves. Check runs every test in a process of its own, so each
 * has a tracker of its own; the tracker knows only what a test tells it, since nothing is interposed. */
#ifndef TESTS_UNIT_WORLD_H
#define TESTS_UNIT_WORLD_H

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/suite.h"
#include "tracker/numbers.h"
#include "tracker/objects.h"
#include "tracker/record.h"
#include "tracker/tracker.h"

#define RELAXED(place) atomic_load_explicit(&(place), memory_order_relaxed)

/* A return address that leads nowhere: the walk does not meet it, so the stack is this one frame. */
enum { CALLER = 0x1000 };

/* For children of a test, and for threads: Check's own asserts write to a file of Check's, which a limit of
 * file size cuts short and which parent and child would write at once. */
#define MUST(condition)                                                                                        \
    do {                                                                                                       \
        if (!(condition)) {                                                                                    \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                            \
            _exit(1);                                                                                          \
        }                                                                                                      \
    } while (0)

/* Sanitizers need address space and system calls of their own. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

/* ThreadSanitizer has a thread of its own, which the exit pass sees. */
#if defined(__SANITIZE_THREAD__)
enum { NEVER_ALONE = 1 };
#else
enum { NEVER_ALONE = 0 };
#endif

static char world_folder[] = "/tmp/leftopen-unit-XXXXXX";

static inline void world_remove(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", world_folder);
    if (system(command))
        fprintf(stderr, "%s stays behind\n", world_folder);
}

static inline int world_run(const char *name, void (*add)(TCase *)) {
    if (!mkdtemp(world_folder))
        return 1;
    Suite *suite = suite_create(name);
    TCase *tests = tcase_create("tests");
    tcase_set_timeout(tests, 120);
    add(tests);
    suite_add_tcase(suite, tests);
    int failed = suite_run(suite);
    world_remove();
    return failed;
}

static inline bool world_start_named(const char *program, const char *options) {
    char variable[8192];
    snprintf(variable, sizeof variable, "LEFTOPEN_OPTIONS=%s", options);
    static char *arguments[2], *environment[2];
    arguments[0] = strdup(program);
    environment[0] = strdup(variable);
    return tracker_start(&(struct tracker_start){.argument_count = 1,
                                                 .arguments = arguments,
                                                 .environment = environment,
                                                 .vdso = getauxval(AT_SYSINFO_EHDR)});
}

static char world_records[128];

/* With one frame per stack, which is the caller's address that the test gives, and a folder of the test's own.
 */
static inline void world_start(const char *more_options) {
    char options[4096];
    snprintf(world_records, sizeof world_records, "%s/records-%d", world_folder, (int)getpid());
    MUST(mkdir(world_records, 0700) == 0);
    snprintf(options, sizeof options, "unwind=caller:record=%s:%s", world_records, more_options);
    MUST(world_start_named("unit", options));
}

/* A record and nothing else: for the parts below the facade. NULL: in memory. */
static inline void world_record(const char *folder) {
    record_configure(&(struct record_identity){.memory_only = !folder, .folder = folder});
    MUST(record_make());
    record_open();
    MUST(record_readiness() == RECORD_READY);
}

/* What is counted of a stack, with what stripes keep back; of NULL, all that they keep back of any. */
struct world_counts {
    uint64_t opened, closed;
};

static inline struct world_counts world_counts(const struct record_stack *stack) {
    uint32_t id = stack ? (uint32_t)((size_t)((const char *)stack - (char *)record_at(0)) / RECORD_UNIT) : 0;
    struct world_counts counts = {0, 0};
    if (stack)
        counts = (struct world_counts){RELAXED(stack->opened), RELAXED(stack->closed)};
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        struct record_stripe *stripes = (struct record_stripe *)(chunk + 1);
        uint64_t words = RELAXED(chunk->used) / sizeof *stripes * RECORD_STRIPE_STACKS;
        for (uint64_t i = 0; chunk->kind == RECORD_CHUNK_STRIPES && i < words; i++) {
            uint64_t word = RELAXED(stripes[i / RECORD_STRIPE_STACKS].stacks[i % RECORD_STRIPE_STACKS]);
            if (id && RECORD_STRIPE_STACK(word) != id)
                continue;
            counts.opened += RECORD_STRIPE_PAIRS(word);
            counts.closed += RECORD_STRIPE_PAIRS(word) + RECORD_STRIPE_RELEASES(word);
        }
    }
    return counts;
}

static inline struct record_slot *slot_of(int number) {
    uint64_t at = numbers_find(number);
    return at ? record_at(at) : NULL;
}

static inline struct record_slot *slot_of_object(const void *object) {
    uint64_t at = objects_find((uintptr_t)object);
    return at ? record_at(at) : NULL;
}

/* -1: the record has no place for this number. */
static inline int state_of(int number) {
    struct record_slot *slot = slot_of(number);
    return slot ? (int)RECORD_WORD_STATE(RELAXED(slot->word)) : -1;
}

static inline struct record_stack *stack_of_slot(struct record_slot *slot) {
    uint32_t id = RECORD_WORD_STACK(RELAXED(slot->word));
    return id ? record_at((uint64_t)id * RECORD_UNIT) : NULL;
}

static inline uint64_t losses(enum record_loss loss) { return RELAXED(record_header()->losses[loss]); }

static inline unsigned count_chunks(enum record_chunk_kind kind) {
    unsigned count = 0;
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at))
        count += ((struct record_chunk *)record_at(at))->kind == kind;
    return count;
}

static inline unsigned count_files(const char *folder) {
    unsigned count = 0;
    DIR *directory = opendir(folder);
    MUST(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

/* A real descriptor at the lowest number that is free. */
static inline int open_null(void) {
    int number = open("/dev/null", O_RDONLY);
    MUST(number >= 0);
    return number;
}

/* The wait status of a process that runs `body` and ends with 0 if it returns. */
static inline int in_child(void (*body)(void)) {
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        alarm(60);
        body();
        _exit(0);
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    return status;
}

/* Descriptor 2 is a file from now on; world_said gives what was written to it. */
static int world_errors = -1;
static inline void world_listen(void) {
    world_errors = memfd_create("errors", MFD_CLOEXEC);
    ck_assert_int_ge(world_errors, 0);
    fflush(stderr);
    ck_assert_int_eq(dup2(world_errors, 2), 2);
}

static inline const char *world_said(void) {
    static char text[65536];
    ssize_t length = pread(world_errors, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = 0;
    return text;
}

static inline unsigned count_in(const char *text, const char *part) {
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        count++;
    return count;
}

#define ck_assert_says(text, part) ck_assert_msg(strstr(text, part), "no '%s' in: %s", part, text)
#define ck_assert_silent(text, part) ck_assert_msg(!strstr(text, part), "'%s' in: %s", part, text)

#endif
