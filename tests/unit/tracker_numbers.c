/* tracker/numbers.h: the slot of every number is its own, found again, and made once. */
#include <limits.h>
#include <pthread.h>
#include <sys/resource.h>

#include "tests/unit/world.h"

enum { SLOTS = 63, NEAR = 1024 * SLOTS };

/* The ends of pages and of directories. */
static const int edges[] = {0,          1,           SLOTS - 1, SLOTS,     2 * SLOTS,    NEAR - 1,
                            NEAR,       2 * NEAR,    65535,     1048575,   2 * NEAR - 1, 4 * NEAR,
                            1073741823, INT_MAX - 1, INT_MAX,   64 * NEAR, 3 * NEAR,     16 * NEAR + 500,
                            1073741824, 536870912};
enum { EDGES = sizeof edges / sizeof *edges };

START_TEST(what_was_not_made_is_not_found) {
    /* proves: looking makes nothing, anywhere */
    world_record(NULL);
    for (unsigned i = 0; i < EDGES; i++)
        ck_assert_uint_eq(numbers_find(edges[i]), 0);
    ck_assert_uint_eq(count_chunks(RECORD_CHUNK_NUMBERS), 0);
}
END_TEST

START_TEST(negative_numbers_have_no_slot) {
    /* proves: -1 and the smallest number are refused, and make nothing */
    world_record(NULL);
    ck_assert_uint_eq(numbers_make(-1) | numbers_make(INT_MIN) | numbers_find(-1) | numbers_find(INT_MIN), 0);
    ck_assert_uint_eq(count_chunks(RECORD_CHUNK_NUMBERS), 0);
}
END_TEST

START_TEST(every_number_has_a_slot_of_its_own) {
    /* proves: at all edges of pages and directories: made, found again, and no two the same */
    world_record(NULL);
    uint64_t slots[EDGES];
    for (unsigned i = 0; i < EDGES; i++) {
        slots[i] = numbers_make(edges[i]);
        ck_assert_uint_ne(slots[i], 0);
        for (unsigned k = 0; k < i; k++)
            ck_assert_uint_ne(slots[i], slots[k]);
    }
    for (unsigned i = 0; i < EDGES; i++) {
        ck_assert_uint_eq(numbers_find(edges[i]), slots[i]);
        ck_assert_uint_eq(numbers_make(edges[i]), slots[i]);
    }
}
END_TEST

START_TEST(a_reader_finds_the_number_of_a_slot) {
    /* proves: a chunk's `first` and the slot's place give the number, as a tool computes it */
    world_record(NULL);
    uint64_t slot = numbers_make(edges[_i]);
    unsigned found = 0;
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        if (chunk->kind != RECORD_CHUNK_NUMBERS || slot < at || slot >= at + chunk->bytes)
            continue;
        ck_assert_uint_eq(chunk->first + (slot - at) / sizeof(struct record_slot) - 1, (uint64_t)edges[_i]);
        ck_assert_uint_lt((slot - at) / sizeof(struct record_slot) - 1, chunk->entries);
        found++;
    }
    ck_assert_uint_eq(found, 1);
}
END_TEST

static unsigned visits;
static int lowest, highest;
static void visit(int number, uint64_t slot, void *context) {
    ck_assert_ptr_eq(context, &visits);
    ck_assert_uint_eq(numbers_find(number), slot);
    visits++;
    lowest = number < lowest ? number : lowest;
    highest = number > highest ? number : highest;
}

static void visit_range(unsigned first, unsigned last) {
    visits = 0;
    lowest = INT_MAX;
    highest = -1;
    numbers_visit(first, last, visit, &visits);
}

START_TEST(dense_numbers_share_pages) {
    /* proves: a hundred thousand numbers use as many pages as they fill, all slots differ by their place,
     * and the place tells the number */
    world_record(NULL);
    for (int number = 0; number < 100000; number++) {
        uint64_t slot = numbers_make(number);
        ck_assert_uint_ne(slot, 0);
        atomic_store(&((struct record_slot *)record_at(slot))->object, (uint64_t)number + 1);
    }
    for (int number = 0; number < 100000; number++)
        ck_assert_uint_eq(RELAXED(slot_of(number)->object), (uint64_t)number + 1);
    ck_assert_uint_eq(count_chunks(RECORD_CHUNK_NUMBERS), (100000 + SLOTS - 1) / SLOTS);
    visit_range(0, 99999);
    ck_assert_uint_eq(visits, 100000);
}
END_TEST

START_TEST(a_range_holds_both_its_ends) {
    /* proves: exactly the slots from first to last are visited, across pages and directories */
    world_record(NULL);
    for (int number = NEAR - 200; number < NEAR + 200; number++)
        numbers_make(number);
    visit_range(NEAR - 100, NEAR + 50);
    ck_assert_uint_eq(visits, 151);
    ck_assert_int_eq(lowest, NEAR - 100);
    ck_assert_int_eq(highest, NEAR + 50);
    visit_range(NEAR, NEAR);
    ck_assert_uint_eq(visits, 1);
    visit_range(NEAR, NEAR - 1);
    ck_assert_uint_eq(visits, 0);
}
END_TEST

START_TEST(an_endless_range_visits_what_is_there) {
    /* proves: 0 to ~0u meets the first and the largest number, never a negative one */
    world_record(NULL);
    numbers_make(0);
    numbers_make(INT_MAX);
    visit_range(0, ~0u);
    ck_assert_int_eq(lowest, 0);
    ck_assert_int_eq(highest, INT_MAX);
    ck_assert_uint_eq(visits, SLOTS + INT_MAX % SLOTS + 1);
    visit_range(1u << 31, ~0u);
    ck_assert_uint_eq(visits, 0);
}
END_TEST

START_TEST(without_memory_a_number_has_no_slot) {
    /* proves: a directory that cannot be mapped is no slot and no crash, and near numbers still work */
    if (SANITIZED)
        SKIP_TEST("a sanitizer needs address space of its own");
    world_record(NULL);
    struct rlimit limit = {1 << 20, 1 << 20};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    ck_assert_uint_eq(numbers_make(INT_MAX), 0);
    ck_assert_uint_ne(numbers_make(5), 0);
}
END_TEST

enum { THREADS = 8, NUMBERS = 4000 };
static uint64_t made[THREADS][NUMBERS];
static pthread_barrier_t barrier;

static int spread(unsigned i) { return (int)(i * 67u); } /* a new page each time, over both directories */

static void *make_all(void *mine) {
    pthread_barrier_wait(&barrier);
    for (unsigned i = 0; i < NUMBERS; i++)
        ((uint64_t *)mine)[i] = numbers_make(spread(i));
    return NULL;
}

START_TEST(racing_threads_make_one_slot) {
    /* proves: threads that make the same pages at once all get the same slots */
    world_record(NULL);
    pthread_barrier_init(&barrier, NULL, THREADS);
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, make_all, made[i]);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < NUMBERS; i++) {
        ck_assert_uint_ne(made[0][i], 0);
        for (unsigned k = 1; k < THREADS; k++)
            ck_assert_uint_eq(made[k][i], made[0][i]);
    }
    visit_range(0, ~0u);
    ck_assert_uint_eq(visits, SLOTS * count_chunks(RECORD_CHUNK_NUMBERS));
}
END_TEST

static void add(TCase *tests) {
    tcase_add_test(tests, what_was_not_made_is_not_found);
    tcase_add_test(tests, negative_numbers_have_no_slot);
    tcase_add_test(tests, every_number_has_a_slot_of_its_own);
    tcase_add_loop_test(tests, a_reader_finds_the_number_of_a_slot, 0, EDGES);
    tcase_add_test(tests, dense_numbers_share_pages);
    tcase_add_test(tests, a_range_holds_both_its_ends);
    tcase_add_test(tests, an_endless_range_visits_what_is_there);
    tcase_add_test(tests, without_memory_a_number_has_no_slot);
    tcase_add_test(tests, racing_threads_make_one_slot);
}

int main(void) { return world_run("tracker/numbers", add); }
