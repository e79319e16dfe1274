/* tracker/single.h: alone with signal handlers that come at any time, and among threads. */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/suite.h"
#include "tracker/single.h"

static _Atomic uint64_t counter, word;
static atomic_uint ticks;
static uint64_t by_handler; /* what the handlers added to the counter */

static uint64_t add_to_word(unsigned count) {
    uint64_t done = 0;
    for (unsigned i = 0; i < count; i++) {
        uint64_t before = atomic_load_explicit(&word, memory_order_relaxed);
        done += single_exchange(&word, &before, before + 1, memory_order_relaxed);
    }
    return done;
}

START_TEST(works_as_the_atomics_do) {
    if (_i == 0)
        ck_assert(!single_here()); /* nobody has asked libc yet */
    if (_i > 0)
        single_start();
    if (_i > 1)
        single_end();
    ck_assert_uint_eq(single_add(&counter, 5), 0);
    ck_assert_uint_eq(single_add(&counter, (uint64_t)-2), 5);
    ck_assert_uint_eq(atomic_load(&counter), 3);
    uint64_t expected = 1;
    ck_assert(!single_exchange(&word, &expected, 7, memory_order_acquire));
    ck_assert_uint_eq(expected, 0);
    ck_assert(single_exchange(&word, &expected, 7, memory_order_release));
    ck_assert_uint_eq(expected, 0);
    ck_assert_uint_eq(atomic_load(&word), 7);
}
END_TEST

static uint64_t words_of_handlers;

/* The handler itself asks for the next time, so that what it interrupts gets on, however slow it is. */
static void tick_soon(void) {
    struct itimerval soon = {{0, 0}, {0, 50}};
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void on_tick(int number) {
    for (int i = 0; i < 10; i++)
        single_add(&counter, 3);
    by_handler += 30;
    words_of_handlers += add_to_word(10);
    atomic_fetch_add(&ticks, 1);
    tick_soon();
}

START_TEST(handlers_lose_nothing) {
    single_start();
    struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    tick_soon();
    uint64_t added = 0, words = 0;
    while (atomic_load(&ticks) < 5000) {
        for (int i = 0; i < 100; i++)
            single_add(&counter, 1);
        added += 100;
        words += add_to_word(100);
    }
    signal(SIGALRM, SIG_IGN);
    ck_assert_uint_eq(atomic_load(&counter), added + by_handler);
    ck_assert_uint_eq(atomic_load(&word), words + words_of_handlers);
}
END_TEST

static _Atomic uint64_t words_done;
enum { THREADS = 4, ADDS = 500000 };

static void *add_all(void *unused) {
    for (int i = 0; i < ADDS; i++)
        single_add(&counter, 1);
    atomic_fetch_add(&words_done, add_to_word(ADDS));
    return NULL;
}

START_TEST(threads_lose_nothing) {
    single_start();
    bool before __attribute__((unused)) = single_here();
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, add_all, NULL), 0);
    ck_assert(!single_here());
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(atomic_load(&counter), THREADS * (uint64_t)ADDS);
    ck_assert_uint_eq(atomic_load(&word), atomic_load(&words_done));
#ifndef __SANITIZE_THREAD__ /* which has a thread of its own */
    ck_assert(before);
#endif
}
END_TEST

/* libc makes threads of its own accord as well. */
static void on_timer(union sigval unused) {}

START_TEST(threads_of_libc_are_known) {
    single_start();
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = on_timer};
    timer_t timer;
    ck_assert_int_eq(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    ck_assert(!single_here());
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tracker/single");
    TCase *tests = tcase_create("tests");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, works_as_the_atomics_do, 0, 3);
    tcase_add_test(tests, handlers_lose_nothing);
    tcase_add_test(tests, threads_lose_nothing);
    tcase_add_test(tests, threads_of_libc_are_known);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
