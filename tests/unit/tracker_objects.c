/* tracker/objects.h: the slot of every address is its own, found again, and free for another after its release.
 */
#include <pthread.h>
#include <sys/resource.h>

#include "tests/unit/world.h"

/* As the facade does it. */
static uint64_t acquire(uint64_t address) {
    tracker_acquired_object((void *)address, RECORD_KIND_STREAM, -1, false, "fopen", CALLER, NULL);
    return objects_find(address);
}

static void release(uint64_t address) {
    tracker_released_object(tracker_releasing_object((void *)address, -1, "close", CALLER));
}

static unsigned count_held(void) {
    unsigned count = 0;
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        struct record_slot *slots = (struct record_slot *)(chunk + 1);
        for (unsigned i = 0; chunk->kind == RECORD_CHUNK_OBJECTS && i < chunk->entries; i++)
            count += slot_is_held(RELAXED(slots[i].word));
    }
    return count;
}

static void begin(void) {
    world_start("record=off");
    tracker_prepare();
    ck_assert_int_eq(record_readiness(), RECORD_READY);
}

START_TEST(what_was_not_made_is_not_found) {
    /* proves: an empty index answers 0 for any address */
    begin();
    ck_assert_uint_eq(objects_find(0x1000) | objects_find(~0ull) | objects_find(0), 0);
}
END_TEST

START_TEST(an_address_is_found_until_its_release) {
    /* proves: acquire, find, release, not found */
    begin();
    uint64_t slot = acquire(0x1000);
    ck_assert_uint_ne(slot, 0);
    ck_assert_uint_eq(RELAXED(((struct record_slot *)record_at(slot))->object), 0x1000);
    ck_assert_uint_eq(objects_find(0x1010), 0);
    release(0x1000);
    ck_assert_uint_eq(objects_find(0x1000), 0);
    ck_assert_uint_eq(count_held(), 0);
}
END_TEST

START_TEST(an_unseen_release_is_one_slot_and_counted) {
    /* proves: an address that is acquired again keeps its slot, and the lost close is counted */
    begin();
    uint64_t slot = acquire(0x1000);
    ck_assert_uint_eq(acquire(0x1000), slot);
    ck_assert_uint_eq(losses(RECORD_LOSS_CLOSE), 1);
    ck_assert_uint_eq(count_held(), 1);
    release(0x1000);
    ck_assert_uint_eq(objects_find(0x1000), 0);
}
END_TEST

START_TEST(slots_are_used_again) {
    /* proves: a hundred thousand handles after one another need no more room than one */
    begin();
    for (uint64_t i = 1; i <= 100000; i++) {
        ck_assert_uint_ne(acquire(i * 16), 0);
        release(i * 16);
    }
    ck_assert_uint_eq(count_chunks(RECORD_CHUNK_OBJECTS), 1);
}
END_TEST

START_TEST(many_addresses_have_slots_of_their_own) {
    /* proves: as the tables grow, every address is found with its own slot, also when others are released */
    enum { MANY = 50000 };
    begin();
    for (uint64_t i = 1; i <= MANY; i++)
        ck_assert_uint_ne(acquire(i * 480), 0);
    for (uint64_t i = 1; i <= MANY; i += 2)
        release(i * 480);
    for (uint64_t i = 1; i <= MANY; i++) {
        uint64_t slot = objects_find(i * 480);
        ck_assert((slot != 0) == (i % 2 == 0));
        if (slot)
            ck_assert_uint_eq(RELAXED(((struct record_slot *)record_at(slot))->object), i * 480);
    }
    ck_assert_uint_eq(count_held(), MANY / 2);
}
END_TEST

START_TEST(equal_hashes_are_told_apart) {
    /* proves: addresses that differ in the lowest bits only have one hash, and still a slot each */
    begin();
    for (uint64_t i = 0; i < 16; i++)
        ck_assert_uint_ne(acquire(0x5550 + i), 0);
    for (uint64_t i = 0; i < 16; i++)
        ck_assert_uint_eq(RELAXED(slot_of_object((void *)(0x5550 + i))->object), 0x5550 + i);
    for (uint64_t i = 0; i < 16; i++) {
        ck_assert_uint_eq(count_held(), 16 - i);
        release(0x5550 + i);
    }
    ck_assert_uint_eq(count_held(), 0);
}
END_TEST

START_TEST(a_release_that_nobody_asked_for_is_nothing) {
    /* proves: an unknown address, one that is released already, and NULL change nothing */
    begin();
    acquire(0x1000);
    release(0x2000);
    release(0);
    ck_assert_uint_ne(objects_find(0x1000), 0);
    release(0x1000);
    release(0x1000);
    ck_assert_uint_ne(acquire(0x3000), acquire(0x4000));
    ck_assert_uint_eq(count_held(), 2);
}
END_TEST

START_TEST(without_memory_the_handle_is_counted) {
    /* proves: when the record is full the handle is lost, counted, and nothing else changes */
    if (SANITIZED)
        SKIP_TEST("a sanitizer needs address space of its own");
    begin();
    struct rlimit limit = {1 << 20, 1 << 20};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    uint64_t made = 0;
    for (uint64_t i = 1; i <= 20000; i++)
        made += acquire(i * 16) != 0;
    ck_assert_uint_gt(made, 0);
    ck_assert_uint_lt(made, 20000);
    ck_assert_uint_eq(losses(RECORD_LOSS_MEMORY), 20000 - made);
    ck_assert_uint_eq(count_held(), made);
}
END_TEST

/* ---- races -------------------------------------------------------------------------------------------------
 */

START_TEST(an_address_that_is_given_again_while_its_release_is_settled) {
    /* proves: malloc may hand the address to another thread before fclose has returned here: the new handle is
     * not forgotten, whichever of the two is faster */
    begin();
    uint64_t address = 0x7000;
    acquire(address);
    struct tracker_object_ticket ticket = tracker_releasing_object((void *)address, -1, "close", CALLER);
    acquire(address);
    tracker_released_object(ticket);
    ck_assert_uint_ne(objects_find(address), 0);
    uint64_t slot = objects_find(address);
    ck_assert_uint_ne(acquire(0x8000), slot);
    release(address);
    ck_assert_uint_eq(objects_find(address), 0);
    ck_assert_uint_eq(count_held(), 1);
    ck_assert_uint_eq(losses(RECORD_LOSS_CLOSE), 0);
}
END_TEST

enum { THREADS = 8, ADDRESSES = 6, ROUNDS = 30000 };

/* An allocator: an address that is free here may be taken by any thread at once. */
static _Atomic bool taken[ADDRESSES];
static _Atomic unsigned misses;

static uint64_t allocate(unsigned *random) {
    for (;;) {
        *random = *random * 1664525 + 1013904223;
        unsigned place = (*random >> 16) % ADDRESSES;
        bool no = false;
        if (atomic_compare_exchange_strong(&taken[place], &no, true))
            return (place + 1) * 16;
    }
}

/* What fclose does: the address is free before it returns. */
static void use(uint64_t address) {
    acquire(address);
    uint64_t slot = objects_find(address);
    misses += !slot || !slot_is_held(RELAXED(((struct record_slot *)record_at(slot))->word));
    struct tracker_object_ticket ticket = tracker_releasing_object((void *)address, -1, "close", CALLER);
    misses += !ticket.object.slot;
    atomic_store(&taken[address / 16 - 1], false);
    tracker_released_object(ticket);
}

static void *use_addresses(void *seed) {
    unsigned random = (unsigned)(uintptr_t)seed;
    for (unsigned round = 0; round < ROUNDS; round++)
        use(allocate(&random));
    return NULL;
}

START_TEST(addresses_that_travel_between_threads) {
    /* proves: with addresses reused at once by other threads every handle is found, every release meets its own
     * handle, and at the end nothing is held and no slot is lost */
    begin();
    acquire(0x8000); /* the first slots: threads that meet none at once make some each */
    release(0x8000);
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, use_addresses, (void *)(i + 1));
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(misses, 0);
    ck_assert_uint_eq(count_held(), 0);
    for (uint64_t i = 1; i <= ADDRESSES; i++)
        ck_assert_uint_eq(objects_find(i * 16), 0);
    for (uint64_t i = 1; i <= 40; i++) /* every free slot is in the list once */
        acquire(i * 4096);
    ck_assert_uint_eq(count_held(), 40);
    ck_assert_uint_eq(count_chunks(RECORD_CHUNK_OBJECTS), 1);
}
END_TEST

static void add(TCase *tests) {
    tcase_add_test(tests, what_was_not_made_is_not_found);
    tcase_add_test(tests, an_address_is_found_until_its_release);
    tcase_add_test(tests, an_unseen_release_is_one_slot_and_counted);
    tcase_add_test(tests, slots_are_used_again);
    tcase_add_test(tests, many_addresses_have_slots_of_their_own);
    tcase_add_test(tests, equal_hashes_are_told_apart);
    tcase_add_test(tests, a_release_that_nobody_asked_for_is_nothing);
    tcase_add_test(tests, without_memory_the_handle_is_counted);
    tcase_add_test(tests, an_address_that_is_given_again_while_its_release_is_settled);
    tcase_add_test(tests, addresses_that_travel_between_threads);
}

int main(void) { return world_run("tracker/objects", add); }
