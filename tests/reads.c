/* reads.c - the record of a program that acquires and releases as fast as it can is read in a loop: nothing in
 * it is torn, or cannot be. READ_SECONDS=N (default 2). */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/suite.h"
#include "tests/run.h"
#include "tests/watch.h"
#include "tools/basics/memory.h"
#include "tools/records/record_reader.h"

enum { THREADS = 3, MOST_NUMBERS = 64 };

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What each call of spin.c makes. */
static const struct {
    const char *call;
    enum record_kind kind;
} makes[] = {{"dup", RECORD_KIND_DESCRIPTOR},
             {"open", RECORD_KIND_FILE},
             {"socket", RECORD_KIND_SOCKET},
             {"fopen", RECORD_KIND_STREAM}};

static bool makes_it(const char *call, const struct handle *handle) {
    for (size_t i = 0; i < sizeof makes / sizeof *makes; i++)
        if (strcmp(makes[i].call, call) == 0)
            return makes[i].kind == handle->kind || handle->state == RECORD_STATE_OWNED;
    return false;
}

static bool is_held(const struct handle *handle) {
    return !handle->is_address && handle->number > 2 && handle->number <= 2 + WATCH_HELD;
}

/* Opened one after the other, and never touched again. */
static void check_held(const struct handle *handle) {
    static uint64_t known[MOST_NUMBERS];
    uint64_t *sequence = &known[handle->number];
    ck_assert_int_eq(handle->state, RECORD_STATE_LIVE);
    ck_assert(!*sequence || *sequence == handle->sequence);
    ck_assert_uint_gt(handle->sequence, sequence[-1]);
    *sequence = handle->sequence;
}

static void check_handle(const struct process *process, const struct handle *handle) {
    ck_assert(handle->state == RECORD_STATE_LIVE || handle->state == RECORD_STATE_RELEASING ||
              handle->state == RECORD_STATE_OWNED || handle->state == RECORD_STATE_INHERITED);
    ck_assert_int_lt(handle->number, MOST_NUMBERS);
    ck_assert_int_eq(handle->outcome, RECORD_OUTCOME_NONE);
    if (handle->state == RECORD_STATE_INHERITED) {
        ck_assert_int_le(handle->number, 2);
        return;
    }
    if (!handle->is_address && handle->object)
        return; /* a stream's: it has the stack */
    ck_assert_msg(handle->stack, "%d (%#llx) has no stack: state %d, kind %d, sequence %llu of %llu",
                  handle->number, (unsigned long long)handle->object, handle->state, handle->kind,
                  (unsigned long long)handle->sequence, (unsigned long long)process->sequence);
    ck_assert_msg(makes_it(handle->stack->call, handle), "%s made kind %d (state %d, number %d)",
                  handle->stack->call, handle->kind, handle->state, handle->number);
    ck_assert_uint_ge(handle->sequence, 1);
    ck_assert_uint_le(handle->sequence, process->sequence);
    ck_assert_uint_ge(handle->opened, process->started_monotonic);
    ck_assert_uint_le(handle->opened, process->ended_monotonic);
    ck_assert_int_ne(handle->thread, 0);
    if (is_held(handle))
        check_held(handle);
}

static int compare_sequences(const void *left, const void *right) {
    uint64_t one = *(const uint64_t *)left, other = *(const uint64_t *)right;
    return one < other ? -1 : one > other;
}

/* Each acquire has a number of its own; a stream and the descriptor in it may share one. */
static void check_sequences(const struct process *process) {
    uint64_t *sequences = memory_new(process->handle_count, sizeof *sequences);
    size_t count = 0;
    for (size_t i = 0; i < process->handle_count; i++)
        if (process->handles[i].state != RECORD_STATE_OWNED && process->handles[i].sequence)
            sequences[count++] = process->handles[i].sequence;
    qsort(sequences, count, sizeof *sequences, compare_sequences);
    for (size_t i = 1; i < count; i++)
        ck_assert_uint_ne(sequences[i - 1], sequences[i]);
    free(sequences);
}

static void check_stacks(const struct process *process) {
    for (size_t i = 0; i < process->stack_count; i++) {
        const struct stack *stack = &process->stacks[i];
        ck_assert_uint_gt(stack->count, 0);
        ck_assert_uint_le(stack->closed, stack->opened);
        ck_assert_uint_le(stack->opened, process->sequence + THREADS);
        for (size_t k = 0; k < stack->count; k++)
            ck_assert(record_module_at(process, stack->pc[k] - 1, stack->epoch));
    }
}

static size_t check_process(const struct process *process) {
    size_t held = 0;
    ck_assert(process->alive && !process->truncated);
    ck_assert_int_eq(process->end, RECORD_END_RUNNING);
    for (size_t i = 0; i < process->handle_count; i++) {
        const struct handle *handle = &process->handles[i];
        check_handle(process, handle);
        held += is_held(handle);
    }
    check_sequences(process);
    check_stacks(process);
    ck_assert_uint_eq(held, WATCH_HELD);
    return process->handle_count;
}

START_TEST(a_moving_record_is_never_torn) {
    const char *given = getenv("READ_SECONDS");
    double seconds = given && *given ? strtod(given, NULL) : 2;
    struct watch watch;
    ck_assert(watch_begin(&watch, run_folder(), THREADS, 0, -1));
    unsigned long reads = 0, handles = 0, moving = 0;
    uint64_t before = watch_count(&watch);
    double start = seconds_now();
    for (; reads <= 10 || seconds_now() < start + seconds; reads++) {
        int status;
        struct process *process = record_read(watch.record, false, &status);
        ck_assert_ptr_nonnull(process);
        handles += check_process(process);
        moving += process->opening;
        record_end(process);
    }
    double rate = (double)(watch_count(&watch) - before) / (seconds_now() - start);
    watch_end(&watch);
    printf("read %lu times at %.0f acquires a second: %lu handles, %lu more were moving\n", reads, rate,
           handles, moving);
    fflush(stdout);
}
END_TEST

int main(void) {
    run_folder();
    Suite *suite = suite_create("reads");
    TCase *tests = tcase_create("reads");
    tcase_set_timeout(tests, 600);
    tcase_add_test(tests, a_moving_record_is_never_torn);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
