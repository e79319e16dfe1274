/* findings.c - see findings.h. */
#include "tracker/findings.h"

#include <linux/mman.h>

#include "tracker/details.h"
#include "tracker/forks.h"
#include "tracker/kernel.h"
#include "tracker/numbers.h"
#include "tracker/objects.h"
#include "tracker/record.h"
#include "tracker/settings.h"
#include "tracker/slot.h"
#include "tracker/sys.h"

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)
#define STORE(place, value) atomic_store_explicit(place, value, memory_order_relaxed)

enum {
    STANDARD = 3, /* descriptors 0, 1 and 2 are never findings */
    LISTED = 1024 /* most inherited ones, and most unseen ones, of which the kernel is asked what they are */
};

/* What outlives every process is nobody's to release. */
static bool is_lasting(uint64_t word) {
    static const uint8_t reports[RECORD_KIND_COUNT] = {
#define KIND(name, word, plural, report) report,
#include "tracker/kinds.def"
    };
    enum { ONLY_TOLD = 2 }; /* see kinds.def */
    return RECORD_WORD_KIND(word) < RECORD_KIND_COUNT && reports[RECORD_WORD_KIND(word)] == ONLY_TOLD;
}

struct look {
    struct findings *findings;
    bool threads;
    bool may_inherit;     /* see forks_may_be_orphan */
    uint64_t handed_over; /* sequence number, see forks.h */
    uint64_t meant;       /* likewise: for a program that could not be executed */
    int64_t open;         /* descriptors that are open and have an entry */
};

static struct finding finding_of(struct record_slot *slot, uint64_t word, int number, bool object) {
    return (struct finding){
        .slot = slot,
        .sequence = LOAD(&slot->sequence),
        .stack = RECORD_WORD_STACK(word),
        .kind = (enum record_kind)RECORD_WORD_KIND(word),
        .number = number,
        .object = object,
    };
}

static void add(struct findings *findings, struct record_slot *slot, uint64_t word, int number, bool object) {
    STORE(&slot->outcome, RECORD_OUTCOME_LEFT);
    findings->list[findings->count++] = finding_of(slot, word, number, object);
}

/* True if the handle is this process's own: acquired here, or by a parent that is gone and had no other heir.
 */
static bool is_own(const struct look *look, struct record_slot *slot, unsigned state) {
    if (state != RECORD_STATE_INHERITED)
        return true;
    if (!look->may_inherit || !(LOAD(&slot->flags) & RECORD_SLOT_FROM_FORK) ||
        !forks_is_heir_of(LOAD(&slot->owner_pid), LOAD(&slot->sequence)))
        return false;
    STORE(&slot->flags, LOAD(&slot->flags) | RECORD_SLOT_ADOPTED);
    return true;
}

static void ask_detail(struct record_slot *slot, int number) {
    STORE(&slot->detail,
          details_keep(&(struct details_request){.number = number, .sequence = LOAD(&slot->sequence)}));
}

static void judge(struct look *look, struct record_slot *slot, uint64_t word, int number, bool object) {
    if (RECORD_WORD_STATE(word) == RECORD_STATE_RELEASING) {
        if (look->threads || number < 0)
            return; /* somebody is at it, or nobody can tell whether it was done (an exception out of fclose) */
        STORE(&slot->flags, LOAD(&slot->flags) | RECORD_SLOT_CLOSE_BEGUN);
    }
    unsigned state = slot_state(slot, word);
    if (!is_own(look, slot, state)) {
        if (settings.inherited && number >= 0 && look->findings->inherited < LISTED)
            ask_detail(slot, number);
        look->findings->inherited++;
        return;
    }
    uint64_t sequence = LOAD(&slot->sequence);
    if (sequence <= look->handed_over || (state != RECORD_STATE_INHERITED && sequence <= look->meant)) {
        STORE(&slot->outcome, RECORD_OUTCOME_HANDED_OVER);
        return;
    }
    add(look->findings, slot, word, number, object);
}

static void look_at_number(struct look *look, struct record_slot *slot, int number) {
    uint64_t word = LOAD(&slot->word);
    if (!slot_is_held(word))
        return;
    if (!kernel_is_open(number)) {
        STORE(&slot->outcome, RECORD_OUTCOME_GONE);
        return;
    }
    look->open++;
    /* one that belongs to a stream is told with the stream; whose stream is unknown is libc's (stdout …) */
    unsigned state = slot_state(slot, word);
    if (number < STANDARD || state == RECORD_STATE_OWNED)
        return;
    if (state == RECORD_STATE_INHERITED && LOAD(&slot->object))
        return;
    judge(look, slot, word, number, false);
}

/* A stream holds its descriptor only while the number's entry says so: somebody may have closed the number, and
 * somebody else been given it. */
static bool holds(const struct record_slot *slot, int number) {
    uint64_t at = numbers_find(number);
    if (!at)
        return false;
    struct record_slot *inside = record_at(at);
    return slot_is_held(LOAD(&inside->word)) && LOAD(&inside->object) == LOAD(&slot->object) &&
           LOAD(&inside->outcome) != RECORD_OUTCOME_GONE;
}

/* What a fork child got of its parent is the parent's to write. */
static bool is_gone_stream(const struct record_slot *slot) {
    uint64_t word = LOAD(&slot->word);
    unsigned kind = RECORD_WORD_KIND(word);
    return LOAD(&slot->outcome) == RECORD_OUTCOME_GONE && RECORD_WORD_STATE(word) == RECORD_STATE_LIVE &&
           (kind == RECORD_KIND_STREAM || kind == RECORD_KIND_PROCESS);
}

static void look_at_object(struct look *look, struct record_slot *slot) {
    uint64_t word = LOAD(&slot->word);
    if (!slot_is_held(word) || is_lasting(word))
        return;
    int number = LOAD(&slot->number);
    if (number >= 0 && number < STANDARD)
        return;
    if (number >= 0 && !holds(slot, number)) {
        STORE(&slot->outcome, RECORD_OUTCOME_GONE);
        look->findings->gone += is_gone_stream(slot);
        return;
    }
    judge(look, slot, word, number, true);
}

static void visit_gone(struct record_chunk *chunk, void (*visit)(const struct finding *finding, void *context),
                       void *context) {
    struct record_slot *slots = (struct record_slot *)(chunk + 1);
    for (uint32_t i = 0; i < chunk->entries; i++) {
        struct finding finding = finding_of(&slots[i], LOAD(&slots[i].word), LOAD(&slots[i].number), true);
        if (is_gone_stream(&slots[i]))
            visit(&finding, context);
    }
}

void findings_visit_gone(void (*visit)(const struct finding *finding, void *context), void *context) {
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        if (chunk->kind == RECORD_CHUNK_OBJECTS)
            visit_gone(chunk, visit, context);
    }
}

/* Sequence number: what this process acquired until then was for a program that could not be executed, and the
 * process ends because of that. The exec would have closed it or passed it on, and nobody would have called it
 * left open. */
static uint64_t meant_for_program(void) {
    return LOAD(&record_header()->status) ? forks_meant_for_program() : 0;
}

static bool is_likely(const struct record_chunk *chunk, uint32_t index, bool may_inherit, uint64_t meant) {
    const struct record_slot *slot = (const struct record_slot *)(chunk + 1) + index;
    if (chunk->kind == RECORD_CHUNK_NUMBERS && chunk->first + index < STANDARD)
        return false;
    uint64_t word = LOAD(&slot->word);
    switch (RECORD_WORD_STATE(word)) {
    case RECORD_STATE_LIVE:
        return !is_lasting(word) && LOAD(&slot->sequence) > meant;
    case RECORD_STATE_RELEASING:
        return true;
    case RECORD_STATE_INHERITED:
        return may_inherit && LOAD(&slot->flags) & RECORD_SLOT_FROM_FORK;
    }
    return false;
}

bool findings_likely(void) {
    bool may_inherit = forks_may_be_orphan();
    uint64_t meant = meant_for_program();
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        if (chunk->kind != RECORD_CHUNK_NUMBERS && chunk->kind != RECORD_CHUNK_OBJECTS)
            continue;
        for (uint32_t i = 0; i < chunk->entries; i++)
            if (is_likely(chunk, i, may_inherit, meant))
                return true;
    }
    return false;
}

static size_t count_slots(void) {
    size_t count = 0;
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        if (chunk->kind == RECORD_CHUNK_NUMBERS || chunk->kind == RECORD_CHUNK_OBJECTS)
            count += chunk->entries;
    }
    return count;
}

/* Numbers before objects: whether a stream holds its descriptor is known by then. */
static void look_at_chunks(struct look *look, enum record_chunk_kind kind) {
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        if (chunk->kind != kind)
            continue;
        struct record_slot *slots = (struct record_slot *)(chunk + 1);
        for (uint32_t i = 0; i < chunk->entries; i++) {
            if (kind == RECORD_CHUNK_NUMBERS)
                look_at_number(look, &slots[i], (int)(chunk->first + i));
            else
                look_at_object(look, &slots[i]);
        }
    }
}

/* ---- unseen descriptors ----
 */

struct unseen {
    int own_descriptor;
    void (*take)(int number); /* NULL: they are only counted */
    int64_t count;
};

static bool has_entry(int number) {
    uint64_t at = numbers_find(number);
    return at && slot_is_held(LOAD(&((struct record_slot *)record_at(at))->word));
}

static void visit_open(int number, void *context) {
    struct unseen *unseen = context;
    if (number == unseen->own_descriptor || has_entry(number))
        return;
    if (unseen->take && unseen->count < LISTED)
        unseen->take(number);
    unseen->count++;
}

/* What is open beyond `known`, the number of open descriptors that have an entry; -1: cannot be told. One
 * system call where the kernel counts, a walk where it does not. */
static int64_t count_unseen(int64_t known, int own_descriptor) {
    int64_t open = kernel_count_open();
    if (open >= 0)
        return open > known ? open - known : 0;
    struct unseen unseen = {.own_descriptor = own_descriptor};
    return kernel_visit_open(visit_open, &unseen) ? unseen.count : -1;
}

/* In an entry of its own, like those that were open before the start: not this process's to release. Another
 * thread may be about to use the number: then it is left to that. */
static void keep_unseen(int number) {
    uint64_t at = numbers_make(number);
    if (!at)
        return record_lost(RECORD_LOSS_MEMORY);
    struct record_slot *slot = record_at(at);
    uint64_t word = LOAD(&slot->word);
    struct slot_facts facts = {.state = RECORD_STATE_INHERITED, .kind = RECORD_KIND_DESCRIPTOR, .number = -1};
    if (RECORD_WORD_STATE(word) != RECORD_STATE_FREE || !slot_acquire_over(at, word, &facts))
        return;
    STORE(&slot->flags, RECORD_SLOT_UNSEEN);
    ask_detail(slot, number);
}

void findings_list_unseen(int own_descriptor) {
    struct unseen unseen = {.own_descriptor = own_descriptor, .take = keep_unseen};
    if (LOAD(&record_header()->unseen))
        kernel_visit_open(visit_open, &unseen);
}

/* ---- all of it ----
 */

void findings_gather(struct findings *findings, bool threads, int own_descriptor) {
    size_t bytes = (count_slots() + 1) * sizeof(struct finding);
    long memory = SYS(SYS_mmap, 0, bytes, 3 /* PROT_READ | PROT_WRITE */,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (sys_failed(memory))
        return record_lost(RECORD_LOSS_MEMORY);
    findings->list = (struct finding *)memory;
    struct look look = {
        .findings = findings,
        .threads = threads,
        .may_inherit = forks_may_be_orphan(),
        .handed_over = forks_handed_over(),
        .meant = meant_for_program(),
    };
    forks_tell(look.handed_over);
    look_at_chunks(&look, RECORD_CHUNK_NUMBERS);
    look_at_chunks(&look, RECORD_CHUNK_OBJECTS);
    STORE(&record_header()->unseen, count_unseen(look.open + (own_descriptor >= 0), own_descriptor));
}

/* Heap sort: in place, and no worse for an order made by an enemy. */
static void sift(struct finding *list, size_t at, size_t count,
                 bool (*before)(struct finding, struct finding)) {
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && before(list[child], list[child + 1]))
            child++;
        if (!before(list[at], list[child]))
            return;
        struct finding swap = list[at];
        list[at] = list[child];
        list[child] = swap;
    }
}

static bool is_in_order(const struct findings *findings, bool (*before)(struct finding, struct finding)) {
    for (size_t i = 1; i < findings->count; i++)
        if (before(findings->list[i], findings->list[i - 1]))
            return false;
    return true;
}

static void turn_round(struct findings *findings) {
    for (size_t left = 0, right = findings->count; left + 1 < right; left++) {
        struct finding swap = findings->list[left];
        findings->list[left] = findings->list[--right];
        findings->list[right] = swap;
    }
}

/* Handles mostly lie in the order in which they were acquired, so that newest first is the other way round. */
static void sort(struct findings *findings, bool (*before)(struct finding, struct finding)) {
    if (findings->count && before(findings->list[findings->count - 1], findings->list[0]))
        turn_round(findings);
    if (is_in_order(findings, before))
        return;
    for (size_t at = findings->count / 2; at-- > 0;)
        sift(findings->list, at, findings->count, before);
    for (size_t left = findings->count; left-- > 1;) {
        struct finding swap = findings->list[0];
        findings->list[0] = findings->list[left];
        findings->list[left] = swap;
        sift(findings->list, 0, left, before);
    }
}

static bool newer(struct finding a, struct finding b) { return a.sequence > b.sequence; }

static bool site_before(struct finding a, struct finding b) {
    if (a.kind != b.kind)
        return a.kind < b.kind;
    if (a.stack != b.stack)
        return a.stack < b.stack;
    return a.sequence < b.sequence;
}

void findings_sort_by_age(struct findings *findings) { sort(findings, newer); }
void findings_sort_by_site(struct findings *findings) { sort(findings, site_before); }
