/* tracker/slot.h: every transition from every state, and that of racing releases one wins. */
#include <pthread.h>

#include "tests/unit/world.h"
#include "tracker/slot.h"

enum { FREE, WRITING, LIVE, RELEASING, OWNED, INHERITED, STATES };
_Static_assert(STATES == RECORD_STATE_INHERITED + 1, "all states are here");

static uint64_t at;
static struct record_slot *slot;

static void begin(void) {
    world_record(NULL);
    at = numbers_make(3);
    ck_assert_uint_ne(at, 0);
    slot = record_at(at);
}

static uint64_t word_now(void) { return RELAXED(slot->word); }

static void put(unsigned state, unsigned generation) {
    atomic_store(&slot->word, RECORD_WORD(state, RECORD_KIND_PIPE, generation, 77));
}

static const struct slot_facts facts = {.state = RECORD_STATE_LIVE,
                                        .kind = RECORD_KIND_SOCKET,
                                        .stack = 4242,
                                        .object = 0x1230,
                                        .thread = 99,
                                        .number = 8,
                                        .owner_pid = 55};

START_TEST(an_acquire_takes_any_slot) {
    /* proves: whatever the state, the new handle is there with one generation more, and the old word is told */
    begin();
    put((unsigned)_i, 6);
    uint64_t before = word_now();
    ck_assert_uint_eq(slot_acquire(at, &facts), before);
    ck_assert_uint_eq(word_now(), RECORD_WORD(RECORD_STATE_LIVE, RECORD_KIND_SOCKET, 7, 4242));
    ck_assert_uint_eq(RELAXED(slot->object), 0x1230);
    ck_assert_int_eq(RELAXED(slot->thread), 99);
    ck_assert_int_eq(RELAXED(slot->number), 8);
    ck_assert_int_eq(RELAXED(slot->owner_pid), 55);
}
END_TEST

START_TEST(an_acquire_forgets_the_last_holder) {
    /* proves: closer, outcome, error, flags and detail are of the new handle, and the sequence grows by one */
    begin();
    atomic_store(&slot->closer, 1);
    atomic_store(&slot->outcome, RECORD_OUTCOME_FAILED);
    atomic_store(&slot->error, EIO);
    atomic_store(&slot->flags, 0xff);
    atomic_store(&slot->detail, 1);
    uint64_t sequence = RELAXED(record_header()->sequence);
    slot_acquire(at, &facts);
    ck_assert_uint_eq(RELAXED(slot->sequence), sequence + 1);
    ck_assert_uint_eq(RELAXED(slot->closer), 0);
    ck_assert_int_eq(RELAXED(slot->outcome), RECORD_OUTCOME_NONE);
    ck_assert_int_eq(RELAXED(slot->error), 0);
    ck_assert_int_eq(RELAXED(slot->flags), 0);
    ck_assert_uint_eq(RELAXED(slot->detail), 0);
}
END_TEST

START_TEST(generations_go_round) {
    /* proves: the largest generation is followed by 0 and spills into no other field */
    begin();
    put(FREE, 0xfffff);
    slot_acquire(at, &facts);
    ck_assert_uint_eq(word_now(), RECORD_WORD(RECORD_STATE_LIVE, RECORD_KIND_SOCKET, 0, 4242));
}
END_TEST

static bool releasable(int state) { return state == LIVE || state == OWNED || state == INHERITED; }

START_TEST(a_release_begins_from_what_is_held) {
    /* proves: LIVE, OWNED and INHERITED are marked with the closer; nothing else is touched */
    begin();
    put((unsigned)_i, 6);
    uint64_t before = word_now();
    struct slot_ticket ticket = slot_release(at, 0xc105e);
    if (!releasable(_i)) {
        ck_assert_uint_eq(ticket.slot, 0);
        ck_assert_uint_eq(word_now(), before);
        ck_assert_uint_eq(RELAXED(slot->closer), 0);
        return;
    }
    ck_assert_uint_eq(ticket.slot, at);
    ck_assert_uint_eq(ticket.word, before);
    ck_assert_uint_eq(word_now(), RECORD_WORD(RELEASING, RECORD_KIND_PIPE, 6, 77));
    ck_assert_uint_eq(RELAXED(slot->closer), 0xc105e);
}
END_TEST

START_TEST(a_release_that_succeeds_frees) {
    /* proves: the freed slot keeps kind, stack and generation, and settling twice settles once */
    begin();
    put((unsigned)_i, 6);
    struct slot_ticket ticket = slot_release(at, 1);
    ck_assert(slot_settle(ticket, true) == releasable(_i));
    if (!releasable(_i))
        return;
    ck_assert_uint_eq(word_now(), RECORD_WORD(FREE, RECORD_KIND_PIPE, 6, 77));
    ck_assert(!slot_settle(ticket, true));
}
END_TEST

START_TEST(a_release_that_fails_changes_nothing) {
    /* proves: the word is exactly what it was, for each state */
    begin();
    put((unsigned)_i, 6);
    uint64_t before = word_now();
    ck_assert(!slot_settle(slot_release(at, 1), false));
    ck_assert_uint_eq(word_now(), before);
}
END_TEST

START_TEST(a_settle_does_not_touch_the_next_holder) {
    /* proves: the number was handed out again before close returned: the new handle stays, either way */
    begin();
    slot_acquire(at, &facts);
    struct slot_ticket ticket = slot_release(at, 1);
    ck_assert_uint_eq(RECORD_WORD_STATE(slot_acquire(at, &facts)), RELEASING);
    uint64_t word = word_now();
    ck_assert(!slot_settle(ticket, _i));
    ck_assert_uint_eq(word_now(), word);
    slot_release(at, 2); /* and not even while that one is being released */
    word = word_now();
    ck_assert(!slot_settle(ticket, _i));
    ck_assert_uint_eq(word_now(), word);
}
END_TEST

START_TEST(only_what_is_held_can_be_given) {
    /* proves: LIVE and OWNED become OWNED, INHERITED stays, of others nothing is given */
    begin();
    put((unsigned)_i, 6);
    uint64_t before = word_now();
    ck_assert(slot_give(at, 0xabc0) == releasable(_i));
    unsigned after = _i == LIVE ? OWNED : (unsigned)_i;
    ck_assert_uint_eq(word_now(), (before & ~(uint64_t)0xf) | after);
    ck_assert_uint_eq(RELAXED(slot->object), releasable(_i) ? 0xabc0 : 0);
}
END_TEST

START_TEST(held_is_what_somebody_has) {
    /* proves: a handle under release is still held, one being written is not yet */
    static const bool held[STATES] = {[LIVE] = true, [RELEASING] = true, [OWNED] = true, [INHERITED] = true};
    ck_assert(slot_is_held(RECORD_WORD(_i, 1, 1, 1)) == held[_i]);
}
END_TEST

/* ---- races -------------------------------------------------------------------------------------------------
 */

enum { THREADS = 8, ROUNDS = 2000 };
static pthread_barrier_t barrier;
static _Atomic unsigned begun, settled;

static void *release_in_rounds(void *nothing) {
    for (unsigned round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&barrier);
        struct slot_ticket ticket = slot_release(at, 1);
        begun += ticket.slot != 0;
        settled += slot_settle(ticket, true);
        pthread_barrier_wait(&barrier);
    }
    return nothing;
}

START_TEST(of_racing_releases_one_wins) {
    /* proves: however many threads close a number, one of them gets the ticket and settles it */
    begin();
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, release_in_rounds, NULL);
    for (unsigned round = 0; round < ROUNDS; round++) {
        begun = settled = 0;
        slot_acquire(at, &facts);
        pthread_barrier_wait(&barrier);
        pthread_barrier_wait(&barrier);
        ck_assert_uint_eq(begun, 1);
        ck_assert_uint_eq(settled, 1);
        ck_assert_uint_eq(RECORD_WORD_STATE(word_now()), FREE);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}
END_TEST

static void *acquire_often(void *nothing) {
    for (unsigned round = 0; round < ROUNDS; round++)
        slot_acquire(at, &facts);
    return nothing;
}

START_TEST(racing_acquires_leave_one_handle) {
    /* proves: acquires that overtake one another each count once, and the slot never stays in WRITING */
    begin();
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, acquire_often, NULL);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(RECORD_WORD_STATE(word_now()), LIVE);
    ck_assert_uint_eq(RECORD_WORD_GENERATION(word_now()), THREADS * ROUNDS);
    ck_assert_uint_ge(RELAXED(record_header()->sequence), THREADS * ROUNDS);
}
END_TEST

static void add(TCase *tests) {
    tcase_add_loop_test(tests, an_acquire_takes_any_slot, 0, STATES);
    tcase_add_test(tests, an_acquire_forgets_the_last_holder);
    tcase_add_test(tests, generations_go_round);
    tcase_add_loop_test(tests, a_release_begins_from_what_is_held, 0, STATES);
    tcase_add_loop_test(tests, a_release_that_succeeds_frees, 0, STATES);
    tcase_add_loop_test(tests, a_release_that_fails_changes_nothing, 0, STATES);
    tcase_add_loop_test(tests, a_settle_does_not_touch_the_next_holder, 0, 2);
    tcase_add_loop_test(tests, only_what_is_held_can_be_given, 0, STATES);
    tcase_add_loop_test(tests, held_is_what_somebody_has, 0, STATES);
    tcase_add_test(tests, of_racing_releases_one_wins);
    tcase_add_test(tests, racing_acquires_leave_one_handle);
}

int main(void) { return world_run("tracker/slot", add); }
