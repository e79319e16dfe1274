/* tracker/sequence.h: no number twice, and the order that is promised. */
#include <pthread.h>
#include <sys/time.h>

#include "tests/unit/world.h"
#include "tracker/sequence.h"
#include "tracker/single.h"

enum { THREADS = 6, ROUNDS = 5000, TICKS = 5 };

static uint64_t numbers[THREADS][TICKS][ROUNDS];
static pthread_barrier_t barrier;

START_TEST(alone_they_follow_one_another) {
    /* proves: while there is one thread, the numbers count acquires */
    world_record(NULL);
    single_start();
    for (uint64_t i = 1; i <= 100; i++)
        ck_assert_uint_eq(SINGLE_HERE ? sequence_next() : sequence_next_among(7, 0), i);
    ck_assert_uint_ge(sequence_line(), 100);
}
END_TEST

static void *take(void *mine) {
    uint64_t(*of_ticks)[ROUNDS] = mine;
    for (unsigned tick = 0; tick < TICKS; tick++) {
        pthread_barrier_wait(&barrier);
        for (unsigned i = 0; i < ROUNDS; i++)
            of_ticks[tick][i] = sequence_next_among(1000 + tick, 0);
    }
    return NULL;
}

static int compare(const void *left, const void *right) {
    uint64_t one = *(const uint64_t *)left, other = *(const uint64_t *)right;
    return one < other ? -1 : one > other;
}

static uint64_t sorted[THREADS][ROUNDS];

START_TEST(threads_take_different_ones_by_ticks) {
    /* proves: no number twice; each thread's grow; those of a later tick are higher than all of an earlier
     * one's */
    world_record(NULL);
    pthread_barrier_init(&barrier, NULL, THREADS);
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, take, numbers[i]);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    uint64_t last = 0;
    for (unsigned tick = 0; tick < TICKS; tick++) {
        for (unsigned i = 0; i < THREADS; i++) {
            memcpy(sorted[i], numbers[i][tick], sizeof sorted[i]);
            for (unsigned k = 1; k < ROUNDS; k++)
                ck_assert_uint_gt(sorted[i][k], sorted[i][k - 1]);
        }
        qsort(sorted, sizeof sorted / sizeof **sorted, sizeof **sorted, compare);
        for (unsigned k = 0; k < THREADS * ROUNDS; last = sorted[k / ROUNDS][k % ROUNDS], k++)
            ck_assert_uint_gt(sorted[k / ROUNDS][k % ROUNDS], last);
    }
    ck_assert_uint_ge(sequence_line(), last);
}
END_TEST

static void *wait_for_the_line(void *last) {
    for (unsigned i = 0; i < 10; i++)
        sequence_next_among(5, 0);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    *(uint64_t *)last = sequence_next_among(5, 0);
    return NULL;
}

START_TEST(behind_a_line_all_are_higher) {
    /* proves: what another thread had taken for itself before the line is void behind it */
    world_record(NULL);
    pthread_barrier_init(&barrier, NULL, 2);
    uint64_t others;
    pthread_t thread;
    pthread_create(&thread, NULL, wait_for_the_line, &others);
    pthread_barrier_wait(&barrier);
    for (unsigned i = 0; i < 5; i++)
        sequence_next_among(5, 0);
    uint64_t line = sequence_line();
    pthread_barrier_wait(&barrier);
    ck_assert_uint_gt(sequence_next_among(5, 0), line);
    pthread_join(thread, NULL);
    ck_assert_uint_gt(others, line);
}
END_TEST

START_TEST(behind_a_line_that_was_drawn_alone_too) {
    /* proves: a block from a time with threads is not gone on with after a fork without any */
    world_record(NULL);
    for (unsigned i = 0; i < 6; i++)
        sequence_next_among(5, 0);
    single_start();
    uint64_t line = sequence_line();
    single_end();
    ck_assert_uint_gt(sequence_next_among(5, 0), line);
}
END_TEST

static void *follow(void *last) {
    sequence_next_among(5, 0);
    for (unsigned i = 0; i < 50; i++) {
        uint64_t number = sequence_next_among(5, *(uint64_t *)last);
        MUST(number > *(uint64_t *)last);
        pthread_barrier_wait(&barrier);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

START_TEST(what_is_made_of_another_comes_after_it) {
    /* proves: whatever numbers a thread still has, a duplicate's is higher than that of another's handle */
    world_record(NULL);
    pthread_barrier_init(&barrier, NULL, 2);
    uint64_t last = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, follow, &last);
    for (unsigned i = 0; i < 50; i++) {
        pthread_barrier_wait(&barrier);
        for (unsigned k = 0; k < i; k++)
            last = sequence_next_among(5, 0);
        pthread_barrier_wait(&barrier);
    }
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(with_quarantine_they_count) {
    /* proves: where an option counts acquires, no thread takes more than it needs */
    world_start("record=off:quarantine=3");
    tracker_prepare();
    single_end();
    uint64_t first = sequence_next_among(5, 0);
    for (uint64_t i = 1; i <= 100; i++)
        ck_assert_uint_eq(sequence_next_among(5, 0), first + i);
}
END_TEST

static uint64_t of_handlers[200000];
static unsigned taken_by_handlers;

static void wind_up(void) {
    struct itimerval soon = {{0, 0}, {0, 30}};
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void on_alarm(int number) {
    (void)number;
    for (unsigned i = 0; i < 20 && taken_by_handlers < sizeof of_handlers / sizeof *of_handlers; i++)
        of_handlers[taken_by_handlers] = sequence_next_among(1000 + taken_by_handlers % 3, 0),
        taken_by_handlers++;
    wind_up();
}

START_TEST(handlers_take_different_ones) {
    /* proves: a handler at any instruction gets other numbers than what it interrupted */
    enum { MOST = 4000000 };
    world_record(NULL);
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    uint64_t *own = malloc(MOST * sizeof *own);
    size_t count = 0;
    wind_up();
    while (count < MOST / 2 || (taken_by_handlers < 2000 && count < MOST))
        own[count] = sequence_next_among(count / 1000, 0), count++;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    ck_assert_uint_gt(taken_by_handlers, 0);
    uint64_t *all = malloc((count + taken_by_handlers) * sizeof *all);
    memcpy(all, own, count * sizeof *all);
    memcpy(all + count, of_handlers, taken_by_handlers * sizeof *all);
    count += taken_by_handlers;
    qsort(all, count, sizeof *all, compare);
    for (size_t i = 1; i < count; i++)
        ck_assert_uint_gt(all[i], all[i - 1]);
    free(all);
    free(own);
}
END_TEST

static void add(TCase *tests) {
    tcase_add_test(tests, alone_they_follow_one_another);
    tcase_add_test(tests, threads_take_different_ones_by_ticks);
    tcase_add_test(tests, behind_a_line_all_are_higher);
    tcase_add_test(tests, behind_a_line_that_was_drawn_alone_too);
    tcase_add_test(tests, what_is_made_of_another_comes_after_it);
    tcase_add_test(tests, with_quarantine_they_count);
    tcase_add_test(tests, handlers_take_different_ones);
}

int main(void) { return world_run("tracker/sequence", add); }
