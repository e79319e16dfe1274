/* unwind_memo.c - see unwind_memo.h.
 *
 * One table for all threads, without a lock. Who writes an entry makes its sequence odd before and even, and
 * another one, after; who reads believes what it read only if the sequence was even and the same before and
 * after. Nobody waits: an entry that is being written is left alone by readers and other writers, among them a
 * signal handler that interrupted the writer. If the writer never comes back (a handler that jumps out of it, a
 * fork in another thread), the entry stays odd and is lost, one of many.
 *
 * Nothing can fault: an entry that was kept by another thread, or is half written, is compared within the
 * window that the asking walk starts with. That window can be read by definition (stack_window_here).
 *
 * A fork copies the table. Answers that were kept before it must hold in the child as well, which stack ids do:
 * the record is copied at the same offsets, and what the table has of another thread that thread had stored in
 * the record before.
 */
#include "tracker/unwind_memo.h"

#include <stdatomic.h>
#include <stddef.h>

#include "tracker/large.h"
#include "tracker/memory.h"

enum {
    ENTRIES = 255,      /* a byte tells which, 0 none */
    FIRST_ENTRIES = 16, /* always there; the others when these are full */
    BUCKET_BITS = 8,
    WALKS_BEFORE = 16, /* not remembered: small processes touch no page of the table */
    MISSES_PER_WRITE = 8,
    WORDS_AT_ONCE = 4
};

/* Some of the words that a walk read: where, from the stack pointer, in multiples of 8, and what. */
struct memo_words {
    _Atomic uint32_t offsets[WORDS_AT_ONCE];
    _Atomic uint64_t values[WORDS_AT_ONCE];
};

/* Fields are written with release and read with acquire order: the first keeps them behind the odd sequence,
 * the second before the second look at it. */
struct memo_entry {
    _Alignas(64) _Atomic uint64_t sequence;
    _Atomic(const char *) call;
    _Atomic uintptr_t caller, stack_pointer, window_end;
    _Atomic uint64_t rules;
    _Atomic uintptr_t frame_pointer; /* where the walk depended on it */
    _Atomic uint32_t answer;
    _Atomic uint8_t groups; /* the last one is filled up */
    _Atomic bool by_frame_pointer;
    _Alignas(64) struct memo_words words[UNWIND_TRAIL_WORDS / WORDS_AT_ONCE];
};

_Static_assert(sizeof(struct memo_entry) == 1024 && offsetof(struct memo_entry, words) == 64,
               "what is compared first is one cache line");
_Static_assert(UNWIND_TRAIL_WORDS % WORDS_AT_ONCE == 0, "the last ones fill up");

/* Of the word of that number. */
#define OFFSET(entry, word) (&(entry)->words[(word) / WORDS_AT_ONCE].offsets[(word) % WORDS_AT_ONCE])
#define VALUE(entry, word) (&(entry)->words[(word) / WORDS_AT_ONCE].values[(word) % WORDS_AT_ONCE])
#define READ(place) atomic_load_explicit(place, memory_order_acquire)
#define WRITE(place, value) atomic_store_explicit(place, value, memory_order_release)
/* Single words, each right or wrong by itself. */
#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)
#define STORE(place, value) atomic_store_explicit(place, value, memory_order_relaxed)

/* Entries are taken in turn and not by their key: neighbours in time are neighbours in memory. */
static LARGE struct memo_entry first_entries[FIRST_ENTRIES];
static _Atomic(struct memo_entry *) other_entries; /* [number - FIRST_ENTRIES] */
/* Each four times a number + 1 and, above it, a part of the hash that led here: of a walk's start, or of that
 * and of what it read. The newest is lowest. */
static LARGE _Alignas(64) _Atomic uint64_t buckets[1 << BUCKET_BITS];

/* Not zero at the start: then they lie next to other data that every process touches. */
static _Atomic uint32_t turn = 1; /* of the entry to be taken next, counted on */
static _Atomic uint32_t walks_left = WALKS_BEFORE;

/* Plain: a signal handler between two instructions makes it one less. */
static _Thread_local unsigned misses;

static struct memo_entry *entry_at(uint32_t number) {
    return number < FIRST_ENTRIES ? &first_entries[number] : READ(&other_entries) + (number - FIRST_ENTRIES);
}

static uint32_t entries_there(void) { return READ(&other_entries) ? ENTRIES : FIRST_ENTRIES; }

static void make_other_entries(void) {
    const size_t bytes = (ENTRIES - FIRST_ENTRIES) * sizeof(struct memo_entry);
    struct memo_entry *none = NULL, *fresh = memory_take(bytes);
    /* release: the zeros before their address */
    if (fresh && !atomic_compare_exchange_strong_explicit(&other_entries, &none, fresh, memory_order_release,
                                                          memory_order_relaxed))
        memory_give_back(fresh, bytes); /* somebody was faster */
}

struct place {
    _Atomic uint64_t *bucket;
    uint64_t tag; /* below a number's place it is empty */
};

static uint64_t mix(uint64_t hash) { return hash * 0x9e3779b97f4a7c15u; }

static struct place place_at(uint64_t mixed) {
    return (struct place){&buckets[mixed >> (64 - BUCKET_BITS)], mixed >> (64 - BUCKET_BITS - 8) << 8 & 0xff00};
}

static uint64_t start_of(const struct unwind_memo_key *key) {
    return mix(key->stack_pointer ^ key->caller << 20);
}

static bool starts_alike(const struct memo_entry *entry, const struct unwind_memo_key *key) {
    return READ(&entry->stack_pointer) == key->stack_pointer && READ(&entry->caller) == key->caller &&
           READ(&entry->call) == key->call && READ(&entry->window_end) == key->window_end &&
           READ(&entry->rules) == key->rules &&
           (!READ(&entry->by_frame_pointer) || READ(&entry->frame_pointer) == key->frame_pointer);
}

/* Of an entry that starts alike. Its offsets stay in the window as long as nobody writes it: that is asked when
 * they were read and before they are used. */
static inline bool reads_alike(const struct memo_entry *entry, uint64_t sequence, uintptr_t start) {
    const struct memo_words *words = entry->words, *end = words + READ(&entry->groups);
    for (; words < end; words++) {
        uintptr_t first = READ(&words->offsets[0]), second = READ(&words->offsets[1]),
                  third = READ(&words->offsets[2]), fourth = READ(&words->offsets[3]);
        if (LOAD(&entry->sequence) != sequence || !stack_word_is(start, first, &words->values[0]) ||
            !stack_word_is(start, second, &words->values[1]) ||
            !stack_word_is(start, third, &words->values[2]) || !stack_word_is(start, fourth, &words->values[3]))
            return false;
    }
    return true;
}

/* What the stack reads now where that entry's walk read it; 0 if the entry is being written. Walks that begin
 * alike mostly differ in where their frames return to, and not in where those lie: so a wrapper's many callers
 * are told apart by one look. Not for the address sanitizer: where frames are others than they were, a word may
 * be anything's. An offset is out of the room only if the entry is being written. */
__attribute__((no_sanitize("address"))) static uint64_t reading_of(const struct memo_entry *entry,
                                                                   const struct unwind_memo_key *key) {
    const uintptr_t start = key->stack_pointer, room = key->window_end - start;
    const struct memo_words *words = entry->words, *end = words + READ(&entry->groups);
    uint64_t hash = start_of(key);
    for (; words < end; words++)
        for (unsigned i = 0; i < WORDS_AT_ONCE; i++) {
            uintptr_t offset = READ(&words->offsets[i]);
            if (offset >= room)
                return 0;
            hash = (hash << 5 | hash >> 59) ^ stack_word(start + offset);
        }
    return mix(hash);
}

static uint32_t answer_of(const struct memo_entry *entry, const struct unwind_memo_key *key) {
    uint64_t sequence = READ(&entry->sequence);
    if (sequence & 1 || !starts_alike(entry, key) || !reads_alike(entry, sequence, key->stack_pointer))
        return 0;
    uint32_t answer = READ(&entry->answer);
    return LOAD(&entry->sequence) == sequence ? answer : 0;
}

/* The answer of one of the entries of a bucket, given as its numbers. */
static uint32_t answer_among(uint64_t numbers, uint64_t tag, const struct unwind_memo_key *key) {
    for (; numbers; numbers >>= 16) {
        uint32_t answer = (numbers & 0xff00) == tag ? answer_of(entry_at((numbers & 0xff) - 1), key) : 0;
        if (answer)
            return answer;
    }
    return 0;
}

/* Another walk began alike: the one of this moment may be found by what the stack reads, or be an older one
 * that read it elsewhere. */
static __attribute__((noinline)) uint32_t find_by_reading(uint64_t numbers, uint64_t tag,
                                                          const struct unwind_memo_key *key) {
    struct place place = place_at(reading_of(entry_at((numbers & 0xff) - 1), key));
    uint32_t answer = answer_among(READ(place.bucket), place.tag, key);
    return answer ? answer : answer_among(numbers >> 16, tag, key);
}

uint32_t unwind_memo_find(const struct unwind_memo_key *key) {
    if (LOAD(&turn) == 1)
        return 0; /* and the table's pages are not touched */
    struct place place = place_at(start_of(key));
    uint64_t numbers = READ(place.bucket);
    while (numbers && (numbers & 0xff00) != place.tag)
        numbers >>= 16;
    if (!numbers)
        return 0;
    uint32_t answer = answer_of(entry_at((numbers & 0xff) - 1), key);
    return answer ? answer : find_by_reading(numbers, place.tag, key);
}

/* Once there is no room, few: a program with more walks than entries would only turn them over. */
bool unwind_memo_has_room(void) {
    uint32_t left = LOAD(&walks_left);
    if (left) {
        STORE(&walks_left, left - 1);
        return false;
    }
    return LOAD(&turn) <= entries_there() || ++misses % MISSES_PER_WRITE == 0;
}

static void fill_word(struct memo_entry *entry, unsigned i, uintptr_t place, uintptr_t stack_pointer) {
    WRITE(OFFSET(entry, i), (uint32_t)(place - stack_pointer));
    WRITE(VALUE(entry, i), stack_word(place));
}

static void fill(struct memo_entry *entry, const struct unwind_memo_key *key, const struct unwind_trail *trail,
                 uint32_t answer) {
    WRITE(&entry->call, key->call);
    WRITE(&entry->caller, key->caller);
    WRITE(&entry->stack_pointer, key->stack_pointer);
    WRITE(&entry->window_end, key->window_end);
    WRITE(&entry->rules, key->rules);
    WRITE(&entry->frame_pointer, key->frame_pointer);
    WRITE(&entry->answer, answer);
    bool by_frame_pointer = false;
    unsigned words = 0;
    for (size_t i = 0; i < trail->count; i++) {
        by_frame_pointer |= trail->places[i] == UNWIND_TRAIL_START;
        if (trail->places[i] != UNWIND_TRAIL_START)
            fill_word(entry, words++, trail->places[i], key->stack_pointer);
    }
    for (; words % WORDS_AT_ONCE; words++) {
        WRITE(OFFSET(entry, words), READ(OFFSET(entry, words - 1)));
        WRITE(VALUE(entry, words), READ(VALUE(entry, words - 1)));
    }
    WRITE(&entry->by_frame_pointer, by_frame_pointer);
    WRITE(&entry->groups, (uint8_t)(words / WORDS_AT_ONCE));
}

static void put(struct place place, uint32_t number) {
    /* release: other_entries before a number among them */
    WRITE(place.bucket, LOAD(place.bucket) << 16 | place.tag | (number + 1));
}

void unwind_memo_keep(const struct unwind_memo_key *key, const struct unwind_trail *trail, uint32_t answer) {
    if (key->window_end - key->stack_pointer > UINT32_MAX)
        return; /* offsets would not fit */
    uint32_t mine = LOAD(&turn);
    if (mine > FIRST_ENTRIES && entries_there() == FIRST_ENTRIES)
        make_other_entries();
    uint32_t number = mine % entries_there();
    STORE(&turn, mine + 1 ? mine + 1 : ENTRIES + 1);
    struct memo_entry *entry = entry_at(number);
    uint64_t sequence = LOAD(&entry->sequence);
    /* relaxed: what is stored from here on is so with release order */
    if (sequence & 1 || !atomic_compare_exchange_strong_explicit(&entry->sequence, &sequence, sequence + 1,
                                                                 memory_order_relaxed, memory_order_relaxed))
        return;
    fill(entry, key, trail, answer);
    struct place by_start = place_at(start_of(key)), by_reading = place_at(reading_of(entry, key));
    WRITE(&entry->sequence, sequence + 2);
    put(by_start, number);
    put(by_reading, number);
}
