/* How large a record becomes: 64 bytes for each handle that is open, its share of stacks besides. The tracker
 * is driven to numbers of handles that no limit of this machine would let a program open. */
#include "tests/unit/world.h"

enum {
    SLOT_BYTES = 64,
    FIRST_BYTES = 64 << 10, /* what a record begins with */
    NUMBERS = 19000,
    OBJECTS = 1000000
};

/* Bytes of memory that the record takes. */
static uint64_t bytes_taken(void) {
    struct stat about;
    ck_assert_int_eq(stat(record_path(), &about), 0);
    return (uint64_t)about.st_blocks * 512;
}

/* Chunks have a head each, and the last one is not full: a fiftieth. */
static void check_bytes(uint64_t handles) {
    uint64_t taken = bytes_taken();
    printf("%lu handles: %lu bytes of record, %lu.%02lu for each\n", handles, taken, taken / handles,
           taken % handles * 100 / handles);
    fflush(stdout);
    ck_assert_uint_ge(RELAXED(record_header()->sequence), handles);
    ck_assert_uint_eq(losses(RECORD_LOSS_MEMORY), 0);
    ck_assert_uint_le(taken, handles * SLOT_BYTES * 51 / 50 + FIRST_BYTES);
}

START_TEST(descriptors_cost_a_line_each) {
    world_start("");
    for (int number = 3; number < 3 + NUMBERS; number++)
        tracker_acquired(number, RECORD_KIND_FILE, "open", CALLER, -1, NULL);
    check_bytes(NUMBERS);
}
END_TEST

START_TEST(a_million_streams_cost_a_line_each) {
    world_start("");
    for (uintptr_t i = 1; i <= OBJECTS; i++)
        tracker_acquired_object((void *)(0x100000000 + i * 480), RECORD_KIND_STREAM, -1, false, "fopen", CALLER,
                                NULL);
    check_bytes(OBJECTS);
}
END_TEST

/* What comes and goes leaves nothing behind. */
START_TEST(a_million_that_go_cost_nothing) {
    world_start("");
    uint64_t before = 0;
    for (uintptr_t i = 1; i <= OBJECTS; i++) {
        void *object = (void *)(0x100000000 + i * 480);
        tracker_acquired_object(object, RECORD_KIND_STREAM, -1, false, "fopen", CALLER, NULL);
        tracker_released_object(tracker_releasing_object(object, -1, "fclose", CALLER));
        if (i == 1000)
            before = bytes_taken();
    }
    ck_assert_uint_le(bytes_taken(), before + FIRST_BYTES);
}
END_TEST

static void add(TCase *tests) {
    tcase_add_test(tests, descriptors_cost_a_line_each);
    tcase_add_test(tests, a_million_streams_cost_a_line_each);
    tcase_add_test(tests, a_million_that_go_cost_nothing);
}

int main(void) { return world_run("tracker/bounds", add); }
