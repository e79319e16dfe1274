/* tracker/stripes.h, and those who count by it: whatever threads keep to themselves, the sums are right. */
#include <pthread.h>

#include "tests/unit/world.h"
#include "tracker/depot.h"
#include "tracker/ready.h"
#include "tracker/stripes.h"

enum { STACKS = 20, THREADS = 70, ROUNDS = 2000 };
_Static_assert((int)STACKS > RECORD_STRIPE_STACKS, "some share a word");

static uint32_t ids[STACKS];

static void begin(void) {
    world_start("record=off");
    tracker_thread_begin();
    tracker_prepare();
    for (unsigned i = 0; i < STACKS; i++)
        ids[i] = depot_keep_here("open", 0x5000 + 16 * i);
}

static void on_a_thread(void *(*work)(void *), void *context) {
    pthread_t thread;
    pthread_create(&thread, NULL, work, context);
    pthread_join(thread, NULL);
}

static void close_one(uint32_t id) {
    depot_count_closed(id, 0, 0);
    ready_count_closed();
}

static void open_one(uint32_t id) {
    depot_count_opened(id);
    ready_count_open();
}

static int64_t open_now(void) {
    stripes_settle(STRIPES_NUMBERS);
    return RELAXED(record_header()->open);
}

/* Each thread opens at one stack more than it closes at, and closes three of another's. */
static void *work(void *number) {
    unsigned me = *(unsigned *)number;
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t id = ids[(me + i) % STACKS];
        open_one(id);
        if (i % 7 == 0)
            open_one(ids[(i + 3) % STACKS]);
        close_one(id);
        if (i % 7 == 0)
            close_one(ids[(i + 3) % STACKS]);
    }
    for (unsigned i = 0; i < 3; i++)
        open_one(ids[me % STACKS]);
    for (unsigned i = 0; i < 2; i++)
        close_one(ids[(me + 1) % STACKS]);
    return NULL;
}

START_TEST(sums_are_right_whoever_counts) {
    /* proves: with more threads than stripes, more stacks than words, and handles that one thread acquires and
     * another releases, nothing is lost and nothing counts twice */
    begin();
    int64_t before = open_now();
    pthread_t threads[THREADS];
    unsigned numbers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, work, &numbers[i]);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    uint64_t opened = 0, expected = 0;
    int64_t left[STACKS] = {0};
    for (unsigned i = 0; i < THREADS; i++) {
        left[i % STACKS] += 3;
        left[(i + 1) % STACKS] -= 2;
        expected += ROUNDS + (ROUNDS + 6) / 7 + 3;
    }
    for (unsigned i = 0; i < STACKS; i++) {
        struct world_counts counts = world_counts(depot_stack(ids[i]));
        opened += counts.opened;
        ck_assert_int_eq((int64_t)(counts.opened - counts.closed), left[i]);
    }
    ck_assert_uint_eq(opened, expected);
    ck_assert_int_eq(open_now(), before + THREADS);
}
END_TEST

static void *open_and_close(void *count) {
    for (unsigned i = 0; i < *(unsigned *)count; i++)
        open_one(ids[0]);
    for (unsigned i = 0; i < *(unsigned *)count; i++)
        close_one(ids[0]);
    return NULL;
}

START_TEST(what_is_kept_back_makes_no_peak) {
    /* proves: when releases of one thread are kept back, acquires of another do not seem to come on top of them
     */
    begin();
    int64_t before = open_now();
    for (unsigned count = 1; count <= 40; count++) {
        on_a_thread(open_and_close, &count);
        on_a_thread(open_and_close, &count);
        ck_assert_uint_eq(RELAXED(depot_stack(ids[0])->peak), count);
        ck_assert_int_eq(RELAXED(record_header()->peak), before + count);
    }
    for (unsigned i = 0; i < 100; i++)
        open_one(ids[0]);
    ck_assert_uint_eq(RELAXED(depot_stack(ids[0])->peak), 100);
    ck_assert_int_eq(RELAXED(record_header()->peak), before + 100);
}
END_TEST

START_TEST(a_loop_leaves_the_common_counters_alone) {
    /* proves: what all this is for: a thread that opens and closes writes to no line that others write to */
    begin();
    unsigned rounds = 1000;
    open_one(ids[0]);
    close_one(ids[0]);
    uint64_t opened = RELAXED(depot_stack(ids[0])->opened), closed = RELAXED(depot_stack(ids[0])->closed);
    int64_t open = RELAXED(record_header()->open);
    for (unsigned i = 0; i < rounds; i++) {
        open_one(ids[0]);
        close_one(ids[0]);
    }
    ck_assert_uint_eq(RELAXED(depot_stack(ids[0])->opened), opened);
    ck_assert_uint_eq(RELAXED(depot_stack(ids[0])->closed), closed);
    ck_assert_int_eq(RELAXED(record_header()->open), open);
    ck_assert_uint_eq(world_counts(depot_stack(ids[0])).opened, opened + rounds);
    ck_assert_uint_eq(world_counts(depot_stack(ids[0])).closed, closed + rounds + 1);
    ck_assert_int_eq(open_now(), open - 1);
}
END_TEST

enum { LEFT_OPEN = 2000, PAIRS = 3000 };
static atomic_uint arrived;

static void meet(unsigned round) {
    atomic_fetch_add(&arrived, 1);
    while (atomic_load(&arrived) < 2 * round)
        sched_yield();
}

static void *leave_open(void *goes_through_many) {
    for (unsigned i = 1; i <= LEFT_OPEN; i++) {
        unsigned one = 1;
        for (unsigned k = 0; goes_through_many && k < PAIRS; k++)
            open_and_close(&one);
        meet(i);
        open_one(ids[0]);
    }
    return NULL;
}

START_TEST(pairs_that_are_told_make_no_peak) {
    /* proves: a thread that acquires while another one's pairs are told sees no more open than there are */
    begin();
    pthread_t threads[2];
    for (unsigned i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, leave_open, i ? &threads : NULL);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_le(RELAXED(depot_stack(ids[0])->peak), 2 * LEFT_OPEN + 1);
}
END_TEST

/* As after that many more pairs. */
static void fill_with_pairs(uint32_t id) {
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        struct record_stripe *stripe = (struct record_stripe *)(chunk + 1);
        for (int i = 0; chunk->kind == RECORD_CHUNK_STRIPES && i < RECORD_STRIPE_STACKS; i++)
            if (RECORD_STRIPE_STACK(RELAXED(stripe->stacks[i])) == id)
                stripe->stacks[i] |= RECORD_STRIPE_WORD(0, RECORD_STRIPE_MOST_PAIRS, 0);
    }
}

START_TEST(pairs_that_fill_their_word_go_on) {
    /* proves: millions of pairs of one thread at one stack are told, and the next ones are counted as well */
    begin();
    unsigned few = 10;
    open_and_close(&few);
    fill_with_pairs(ids[0]);
    struct world_counts before = world_counts(depot_stack(ids[0]));
    ck_assert_uint_ge(before.opened, RECORD_STRIPE_MOST_PAIRS);
    open_and_close(&few);
    open_and_close(&few);
    struct world_counts after = world_counts(depot_stack(ids[0]));
    ck_assert_uint_eq(after.opened, before.opened + 2 * few);
    ck_assert_uint_eq(after.closed, before.closed + 2 * few);
    ck_assert_uint_eq(RELAXED(depot_stack(ids[0])->peak), few);
}
END_TEST

static void count_in_a_fork_child(void) {
    for (unsigned i = 0; i < 3; i++)
        open_one(ids[1]);
    close_one(ids[1]);
    close_one(ids[1]);
    MUST(world_counts(depot_stack(ids[1])).opened == 3);
    MUST(world_counts(depot_stack(ids[1])).closed == 2);
    MUST(RELAXED(depot_stack(ids[1])->peak) == 3);
    MUST(world_counts(depot_stack(ids[0])).opened == 0);
    MUST(world_counts(depot_stack(ids[0])).closed == 0);
}

START_TEST(a_fork_child_counts_from_zero) {
    /* proves: what the parent's threads kept back at the fork is no release of the child's */
    begin();
    for (unsigned i = 0; i < 5; i++) {
        open_one(ids[i % 2]);
        close_one(ids[i % 2]);
    }
    tracker_fork_begin();
    pid_t child = fork();
    if (child == 0) {
        tracker_fork_child();
        MUST(ready(true));
        count_in_a_fork_child();
        _exit(0);
    }
    tracker_fork_end(child);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(world_counts(depot_stack(ids[0])).opened, 3);
    ck_assert_uint_eq(world_counts(depot_stack(ids[1])).closed, 2);
}
END_TEST

START_TEST(a_child_that_comes_late_has_nothing_of_its_parents_threads) {
    /* proves: what threads kept back that began between a fork and the child's own first acquire is not its
     * own; nobody told of the fork, so that it takes the record over then, and this is what it finds */
    begin();
    unsigned three = 3;
    on_a_thread(open_and_close, &three);
    int ways[2];
    ck_assert_int_eq(pipe(ways), 0);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(ways[1]);
        MUST(read(ways[0], &byte, 1) == 0);
        MUST(ready(true));
        MUST(world_counts(NULL).closed == 0);
        _exit(0);
    }
    on_a_thread(open_and_close, &three);
    ck_assert_uint_gt(world_counts(NULL).closed, 0);
    close(ways[1]);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

static void add(TCase *tests) {
    tcase_add_test(tests, sums_are_right_whoever_counts);
    tcase_add_test(tests, what_is_kept_back_makes_no_peak);
    tcase_add_test(tests, a_loop_leaves_the_common_counters_alone);
    tcase_add_test(tests, pairs_that_are_told_make_no_peak);
    tcase_add_test(tests, pairs_that_fill_their_word_go_on);
    tcase_add_test(tests, a_fork_child_counts_from_zero);
    tcase_add_test(tests, a_child_that_comes_late_has_nothing_of_its_parents_threads);
}

int main(void) { return world_run("tracker/stripes", add); }
