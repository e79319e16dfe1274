/* tracker/depot.h: each stack once, whoever comes first, with its own counters. */
#include <pthread.h>

#include "tests/unit/world.h"
#include "tracker/depot.h"

static void begin(const char *options) {
    world_start(options);
    tracker_prepare();
}

static struct record_stack *stack_at(uint32_t id) { return record_at((uint64_t)id * RECORD_UNIT); }

static unsigned count_stacks(void) {
    unsigned count = 0;
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        uint64_t room = chunk->bytes - sizeof *chunk;
        for (uint64_t used = 0;
             chunk->kind == RECORD_CHUNK_STACKS && used < RELAXED(chunk->used) && used < room;) {
            struct record_stack *stack = (struct record_stack *)((char *)(chunk + 1) + used);
            if (!stack->bytes)
                break;
            count++;
            used += stack->bytes;
        }
    }
    return count;
}

START_TEST(one_stack_is_kept_once) {
    /* proves: the same call from the same place is the same id, however often */
    begin("record=off");
    uint32_t id = depot_keep_here("open", 0x5000);
    ck_assert_uint_ne(id, 0);
    for (unsigned i = 0; i < 1000; i++)
        ck_assert_uint_eq(depot_keep_here("open", 0x5000), id);
    ck_assert_uint_eq(count_stacks(), 1);
}
END_TEST

START_TEST(another_call_or_place_is_another_stack) {
    /* proves: call name and frames tell stacks apart; a name at another address is the same name */
    begin("record=off");
    char copy[] = "open";
    uint32_t id = depot_keep_here("open", 0x5000);
    uint32_t other_call = depot_keep_here("openat", 0x5000), other_place = depot_keep_here("open", 0x5001);
    ck_assert(id != other_call && id != other_place && other_call != other_place);
    ck_assert_str_eq(stack_at(depot_keep_here(copy, 0x5000))->call, "open");
    ck_assert_str_eq(stack_at(other_call)->call, "openat");
}
END_TEST

START_TEST(the_entry_says_what_a_reader_needs) {
    /* proves: length, frames, flags, name and zero counters, on a unit */
    begin("record=off");
    struct record_stack *stack = stack_at(depot_keep_here("a name of 27 characters ab.", 0x5000));
    ck_assert_uint_eq((uintptr_t)stack % RECORD_UNIT, 0);
    ck_assert_uint_ge(stack->bytes, sizeof *stack + sizeof(uint64_t));
    ck_assert_uint_eq(stack->bytes % RECORD_UNIT, 0);
    ck_assert_uint_eq(stack->frames, 1);
    ck_assert_uint_eq(stack->flags & RECORD_STACK_CALLER_ONLY, RECORD_STACK_CALLER_ONLY);
    ck_assert_str_eq(stack->call, "a name of 27 characters ab.");
    ck_assert_uint_eq(world_counts(stack).opened | world_counts(stack).closed | RELAXED(stack->details), 0);
}
END_TEST

static __attribute__((noinline)) uint32_t keep_below(unsigned depth) {
    volatile uint32_t id =
        depth ? keep_below(depth - 1) : depot_keep_here("open", (uintptr_t)__builtin_return_address(0));
    return id;
}

START_TEST(deep_stacks_are_cut_at_the_depth) {
    /* proves: `depth` frames are kept and no more, and that there were more is said */
    ck_assert(world_start_named("unit", "depth=5:record=off"));
    tracker_prepare();
    struct record_stack *deep = stack_at(keep_below(20));
    ck_assert_uint_eq(deep->frames, 5);
    ck_assert_uint_eq(deep->flags, RECORD_STACK_CUT);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_uint_ne(deep->pc[i], 0);
}
END_TEST

START_TEST(stacks_of_two_callers_differ) {
    /* proves: the whole walk counts, not only its innermost frame; the same way twice is the same stack */
    ck_assert(world_start_named("unit", "depth=30:record=off"));
    tracker_prepare();
    uint32_t ids[3];
    for (volatile unsigned round = 0; round < 2; round++)
        ids[round] = keep_below(3); /* one place, twice */
    ids[2] = keep_below(4);
    ck_assert_uint_eq(ids[0], ids[1]);
    ck_assert_uint_ne(ids[0], ids[2]);
    ck_assert_uint_eq(stack_at(ids[0])->pc[0], stack_at(ids[2])->pc[0]);
}
END_TEST

START_TEST(closers_are_counted_by_name) {
    /* proves: the first three closers have each their share to the last handle, whatever the order; a fourth,
     * and nobody, are counted apart; the first one's share is what is left */
    enum { ROUNDS = 1000 };
    begin("record=off");
    uint32_t id = depot_keep_here("open", 0x5000);
    uint64_t total = 0, expected[5] = {0}, places[5] = {0xa000, 0xb000, RECORD_CLOSER_STACK | 7, 0xd000, 0};
    for (unsigned i = 0; i < ROUNDS; i++, total++) {
        unsigned who = i < 5 ? i : i * i % 7 % 5;
        depot_count_closed(id, 0, places[who]);
        expected[who]++;
    }
    struct record_stack *stack = stack_at(id);
    uint64_t others = RELAXED(stack->closed_elsewhere);
    ck_assert_uint_eq(others, expected[3] + expected[4]);
    for (unsigned i = 0; i < RECORD_CLOSERS; i++)
        ck_assert_uint_eq(RELAXED(stack->closers[i].place), places[i]);
    for (unsigned i = 1; i < RECORD_CLOSERS; i++) {
        ck_assert_uint_eq(RELAXED(stack->closers[i].count), expected[i]);
        others += expected[i];
    }
    ck_assert_uint_eq(world_counts(stack).closed - others, expected[0]);
}
END_TEST

static void *close_as_two(void *stack) {
    for (unsigned i = 0; i < 20000; i++)
        depot_count_closed(*(uint32_t *)stack, 0, i % 5 ? 0xa000 : 0xb000);
    return NULL;
}

START_TEST(closers_of_many_threads_keep_their_shares) {
    /* proves: no release is counted for another closer, or lost, when threads count at once */
    begin("record=off");
    uint32_t id = depot_keep_here("open", 0x5000);
    struct record_stack *stack = stack_at(id);
    depot_count_closed(id, 0, 0xa000);
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, close_as_two, &id);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(RELAXED(stack->closers[0].place), 0xa000);
    ck_assert_uint_eq(RELAXED(stack->closers[1].place), 0xb000);
    ck_assert_uint_eq(RELAXED(stack->closers[1].count), 4 * 4000);
    ck_assert_uint_eq(world_counts(stack_at(id)).closed, 4 * 20000 + 1);
    ck_assert_uint_eq(RELAXED(stack->closed_elsewhere), 0);
}
END_TEST

START_TEST(counters_are_the_stacks_own) {
    /* proves: opened and closed count where they are told to, and id 0 is nobody */
    begin("record=off");
    uint32_t one = depot_keep_here("open", 0x5000), two = depot_keep_here("open", 0x6000);
    for (unsigned i = 0; i < 3; i++)
        depot_count_opened(one);
    depot_count_closed(one, 0, 0);
    depot_count_closed(one, 5000, 0);
    depot_count_closed(one, 7000, 0);
    depot_count_opened(one);
    depot_count_opened(0);
    depot_count_closed(0, 1, 1);
    ck_assert_uint_eq(world_counts(stack_at(one)).opened, 4);
    ck_assert_uint_eq(world_counts(stack_at(one)).closed, 3);
    ck_assert_uint_eq(RELAXED(stack_at(one)->peak), 3);
    ck_assert_uint_eq(RELAXED(stack_at(one)->lived), 12000);
    ck_assert_uint_eq(RELAXED(stack_at(one)->longest), 7000);
    ck_assert_uint_eq(world_counts(stack_at(two)).opened, 0);
}
END_TEST

START_TEST(counts_are_forgotten_chunk_by_chunk) {
    /* proves: of all stacks in all chunks, though an entry in between may not be finished */
    enum { MANY = 3000 };
    static uint32_t ids[MANY];
    begin("record=off");
    for (unsigned i = 0; i < MANY; i++)
        depot_count_opened(ids[i] = depot_keep_here("open", 0x5000 + i));
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at))
        if (((struct record_chunk *)record_at(at))->kind == RECORD_CHUNK_STACKS)
            depot_forget_counts(record_at(at));
    for (unsigned i = 0; i < MANY; i++)
        ck_assert_uint_eq(RELAXED(stack_at(ids[i])->opened), 0);
    ck_assert_uint_gt(count_chunks(RECORD_CHUNK_STACKS), 5);
}
END_TEST

enum { THREADS = 8, PLACES = 3000 };
static uint32_t kept[THREADS][PLACES];
static pthread_barrier_t barrier;

static void *keep_all(void *mine) {
    uint32_t *ids = mine;
    pthread_barrier_wait(&barrier);
    for (unsigned i = 0; i < PLACES; i++)
        ids[i] = depot_keep_here("open", 0x5000 + i);
    return NULL;
}

START_TEST(racing_threads_agree) {
    /* proves: threads that keep the same stacks at once get the same ids, and each leads to its own stack */
    begin("record=off");
    pthread_t threads[THREADS];
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, keep_all, kept[i]);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned place = 0; place < PLACES; place++) {
        ck_assert_uint_eq(stack_at(kept[0][place])->pc[0] & ~RECORD_PC_EXACT, 0x5000 + place);
        for (unsigned i = 1; i < THREADS; i++)
            ck_assert_uint_eq(kept[i][place], kept[0][place]);
    }
    ck_assert_uint_eq(losses(RECORD_LOSS_STACK), 0);
}
END_TEST

START_TEST(a_full_record_keeps_handles_without_a_stack) {
    /* proves: where no stack fits any more the id is 0 and counted, and those that were kept are still found */
    begin("record=off");
    uint32_t first = depot_keep_here("open", 0x5000);
    while (record_allocate(RECORD_CHUNK_UNUSED, 1 << 20, 0, 0) ||
           record_allocate(RECORD_CHUNK_UNUSED, RECORD_PAGE_BYTES, 0, 0))
        ;
    uint32_t id = 1;
    uintptr_t place = 0x6000;
    for (; id && place < 0x6000 + 1000; place++)
        id = depot_keep_here("open", place);
    ck_assert_uint_eq(id, 0);
    ck_assert_uint_eq(losses(RECORD_LOSS_STACK), 1);
    ck_assert_uint_eq(depot_keep_here("open", 0x5000), first);
    tracker_acquired(5, RECORD_KIND_FILE, "open", 0x99999, -1, NULL);
    ck_assert_int_eq(state_of(5), RECORD_STATE_LIVE);
    ck_assert_ptr_null(stack_of_slot(slot_of(5)));
}
END_TEST

static void add(TCase *tests) {
    tcase_add_test(tests, one_stack_is_kept_once);
    tcase_add_test(tests, another_call_or_place_is_another_stack);
    tcase_add_test(tests, the_entry_says_what_a_reader_needs);
    tcase_add_test(tests, deep_stacks_are_cut_at_the_depth);
    tcase_add_test(tests, stacks_of_two_callers_differ);
    tcase_add_test(tests, counters_are_the_stacks_own);
    tcase_add_test(tests, closers_are_counted_by_name);
    tcase_add_test(tests, closers_of_many_threads_keep_their_shares);
    tcase_add_test(tests, counts_are_forgotten_chunk_by_chunk);
    tcase_add_test(tests, racing_threads_agree);
    tcase_add_test(tests, a_full_record_keeps_handles_without_a_stack);
}

int main(void) { return world_run("tracker/depot", add); }
