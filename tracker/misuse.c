/* misuse.c - see misuse.h.
 *
 * A loop over all numbers closes many that nobody holds, and is no mistake. It is told from a double close by
 * what comes next: closes of neighbouring numbers from the same place make a run, and a run that meets a number
 * which this process never held, or numbers that many places had closed, is a loop. So what a run has found is
 * taken back when it turns out to be one.
 */
#include "tracker/misuse.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracker/clock.h"
#include "tracker/code.h"
#include "tracker/depot.h"
#include "tracker/large.h"
#include "tracker/lockdown.h"
#include "tracker/modules.h"
#include "tracker/numbers.h"
#include "tracker/objects.h"
#include "tracker/output.h"
#include "tracker/paths.h"
#include "tracker/record.h"
#include "tracker/sequence.h"
#include "tracker/settings.h"
#include "tracker/sys.h"
#include "tracker/text.h"
#include "tracker/threads.h"

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)
#define STORE(place, value) atomic_store_explicit(place, value, memory_order_relaxed)

enum { MOST_SITES = 1024, FIRST_OF_LOOPS = STDERR_FILENO + 1 };

/* ---- what is known of a wrong call ------------------------------------------------------------------------
 */

struct facts {
    enum record_misuse_type type;
    enum record_kind kind;
    int number, error;
    uint32_t opened; /* stack */
    uint64_t closer; /* of the close before, as record_slot.closer */
    uint64_t bytes;
    const char *call;
    uintptr_t caller;
};

static _Atomic uint64_t chunk, last_entry; /* places in the record; entries are linked from the last one back */
static _Atomic uint32_t sites;

static struct record_misuse *entry_at(uint64_t place) { return place ? record_at(place) : NULL; }

static struct record_misuse *find(enum record_misuse_type type, uint32_t now) {
    /* acquire: the entry before the place that leads to it */
    struct record_misuse *entry = entry_at(atomic_load_explicit(&last_entry, memory_order_acquire));
    while (entry && (entry->type != type || entry->now != now))
        entry = entry_at((uint64_t)entry->previous * RECORD_UNIT);
    return entry;
}

static void fill(struct record_misuse *entry, const struct facts *facts) {
    entry->kind = (uint8_t)facts->kind;
    entry->error = (uint8_t)facts->error;
    entry->number = facts->number;
    entry->opened = facts->opened;
    entry->closer = facts->closer;
    entry->lost = facts->bytes;
    entry->thread = threads_here();
    entry->monotonic = clock_coarse();
}

static struct record_misuse *keep(const struct facts *facts, uint32_t now) {
    if (atomic_fetch_add_explicit(&sites, 1, memory_order_relaxed) >= MOST_SITES)
        return NULL;
    uint64_t at = record_entry(&chunk, RECORD_CHUNK_MISUSES, sizeof(struct record_misuse));
    if (!at)
        return NULL;
    struct record_misuse *entry = record_at(at);
    entry->type = (uint8_t)facts->type;
    entry->now = now;
    fill(entry, facts);
    uint64_t before = LOAD(&last_entry);
    do
        entry->previous = (uint32_t)(before / RECORD_UNIT);
    /* release: who finds the entry by this finds all of it */
    while (!atomic_compare_exchange_weak_explicit(&last_entry, &before, at, memory_order_release,
                                                  memory_order_relaxed));
    /* release: a reader that finds the length finds the rest */
    atomic_store_explicit(&entry->length, sizeof *entry, memory_order_release);
    return entry;
}

static void need_closer(uint64_t closer) {
    if (closer && !(closer & RECORD_CLOSER_STACK))
        modules_need(closer);
}

/* The place / RECORD_UNIT of the entry that counts it, 0: it does not count, or there is no room. */
static uint32_t note(const struct facts *facts) {
    uint32_t now = depot_keep_here(facts->call, facts->caller);
    need_closer(facts->closer);
    struct record_misuse *entry = find(facts->type, now);
    if (entry && LOAD(&entry->asks))
        return 0;
    if (!entry)
        entry = keep(facts, now);
    else if (!LOAD(&entry->count))
        fill(entry, facts); /* what was there was taken back */
    if (!entry) {
        record_lost(RECORD_LOSS_MISUSE);
        return 0;
    }
    atomic_fetch_add_explicit(&entry->count, 1, memory_order_relaxed); /* a counter */
    return (uint32_t)((size_t)((char *)entry - (char *)record_at(0)) / RECORD_UNIT);
}

/* Whoever uses numbers that nobody ever had asks which are open: nothing that is done there is wrong. */
static void note_question(const struct facts *facts) {
    uint32_t now = depot_keep_here(facts->call, facts->caller);
    struct record_misuse *entry = find(facts->type, now);
    if (!entry)
        entry = keep(facts, now);
    if (!entry)
        return;
    atomic_store_explicit(&entry->asks, 1, memory_order_relaxed); /* facts by themselves */
    atomic_store_explicit(&entry->count, 0, memory_order_relaxed);
}

static const char *const words[] = {
#define MISUSE(name, word, text) word,
#include "tracker/misuses.def"
};

/* A shell does with numbers what its script says. */
static bool is_shells_way(enum record_misuse_type type) {
    return settings.in_shell && (type == RECORD_MISUSE_DOUBLE_CLOSE || type == RECORD_MISUSE_STANDARD_CLOSE ||
                                 type == RECORD_MISUSE_USE_AFTER_CLOSE);
}

/* strict=misuse: where the program stands now is where it went wrong. */
static void stop_here(enum record_misuse_type type, const char *call) {
    if (settings.strict != STRICT_MISUSE || is_shells_way(type) || lockdown_is_on())
        return;
    char line[128];
    struct text text = TEXT_IN(line);
    text_string(&text, "==");
    text_decimal(&text, record_header()->pid);
    text_string(&text, "==ERROR: leftopen: ");
    text_string(&text, words[type]);
    text_string(&text, " by ");
    text_string(&text, call);
    text_string(&text, "; strict=misuse aborts here\n");
    if (output_descriptor() >= 0)
        output_write_here(output_descriptor(), text.start, text.length);
    SYS(SYS_tgkill, SYS(SYS_getpid), SYS(SYS_gettid), SIGABRT);
}

/* ---- loops over all numbers -------------------------------------------------------------------------------
 */

enum { WIDEST_GAP = 8, SMALL_LOOP = 5, PLACES = 2 };

/* The closes of rising, or of falling numbers from one place that this thread has made last. Small: of the
 * static thread memory that all libraries of a process share. */
static __thread struct run {
    uintptr_t caller;
    int first, last;
    uint32_t found; /* place / RECORD_UNIT of the entry that counts what it found, 0 none */
    uint32_t
        closers[PLACES];    /* different places that had closed what it found, lower halves; 0: none further */
    unsigned findings : 24; /* how many it found */
    unsigned length : 4;    /* in closes, at most SMALL_LOOP */
    unsigned by_many : 1;   /* further places had closed what it found */
    unsigned falls : 1;
    unsigned is_loop : 1;
    unsigned told : 1; /* strict: a finding was certain at once */
} run;

/* A loop may leave some numbers out: those that it keeps. */
static bool continues_run(int number, uintptr_t caller) {
    int64_t step = (int64_t)number - run.last;
    bool falls = step < 0;
    if (run.caller != caller || !step || (run.length > 1 && falls != run.falls))
        return false;
    return run.is_loop || (falls ? -step : step) <= WIDEST_GAP;
}

static void take_back(void) {
    struct record_misuse *entry = entry_at((uint64_t)run.found * RECORD_UNIT);
    if (entry)
        atomic_fetch_sub_explicit(&entry->count, run.findings, memory_order_relaxed); /* a counter */
    run.found = 0;
    run.findings = 0;
}

static uint64_t address_of_closer(uint64_t closer) {
    return closer & RECORD_CLOSER_STACK ? depot_stack((uint32_t)closer)->pc[0] : closer;
}

static void mark_one(int number, uint64_t at, void *caller) {
    (void)number;
    struct record_slot *slot = record_at(at);
    if (RECORD_WORD_STATE(LOAD(&slot->word)) == RECORD_STATE_FREE && LOAD(&slot->closer) &&
        address_of_closer(LOAD(&slot->closer)) == *(uintptr_t *)caller)
        atomic_fetch_or_explicit(&slot->flags, RECORD_SLOT_CLOSED_IN_RANGE, memory_order_relaxed);
}

/* What a loop has closed so far, the program has not closed one by one. */
static void mark_what_the_loop_closed(void) {
    unsigned lowest = (unsigned)(run.falls ? run.last : run.first);
    unsigned highest = (unsigned)(run.falls ? run.first : run.last);
    if (run.is_loop)
        numbers_visit(lowest, highest, mark_one, &run.caller);
}

static void run_is_loop(void) {
    if (!run.is_loop) {
        run.is_loop = true;
        mark_what_the_loop_closed();
    }
    take_back();
}

/* The run is over: what it found stands, and what it was a loop over is marked. */
static RARE void end_run(void) {
    struct record_misuse *found = entry_at((uint64_t)run.found * RECORD_UNIT);
    bool stands = found && run.findings && !run.told;
    mark_what_the_loop_closed();
    run.found = 0;
    if (stands)
        stop_here(found->type, depot_stack(found->now)->call);
}

void misuse_closing(int number, uintptr_t caller) {
    if (!settings.misuse)
        return;
    if (!continues_run(number, caller)) {
        if (__builtin_expect(run.found || run.is_loop, false))
            end_run();
        run = (struct run){.caller = caller, .first = number, .last = number, .length = 1};
        return;
    }
    run.falls = number < run.last;
    run.last = number;
    run.length += run.length < SMALL_LOOP;
}

/* A table of descriptors that is closed twice was closed by one place before, or by two; what a loop over all
 * numbers meets was closed by everybody. */
static bool everybody_had_closed(uint64_t closer) {
    uint32_t place = (uint32_t)address_of_closer(closer);
    unsigned i = 0;
    while (i < PLACES && run.closers[i] && run.closers[i] != place)
        i++;
    if (i < PLACES)
        run.closers[i] = place;
    run.by_many |= i == PLACES;
    return run.length >= SMALL_LOOP && run.by_many;
}

static bool same_module(uint64_t one, uint64_t other) {
    return modules_of(one & ~RECORD_PC_EXACT) == modules_of(other & ~RECORD_PC_EXACT);
}

/* True if this is no call of a loop, for sure. The first numbers that a loop closes look like any others; one
 * over all numbers may also be in the function that calls the one that closes. */
static bool stands_alone(uint32_t now) {
    const struct record_stack *stack = depot_stack(now);
    if (!now || code_may_loop(stack->pc[0] & ~RECORD_PC_EXACT))
        return false;
    bool plain = run.length == 1 && run.last != FIRST_OF_LOOPS;
    if (plain || stack->frames < 2 || !same_module(stack->pc[0], stack->pc[1]))
        return true;
    return !code_may_loop(stack->pc[1] & ~RECORD_PC_EXACT);
}

/* A finding that the run takes back if it turns out to be a loop. */
static void note_in_run(const struct facts *facts) {
    if (run.is_loop)
        return;
    uint32_t found = note(facts);
    if (found != run.found)
        run.findings = 0; /* of another sort: that stands */
    run.found = found;
    run.findings++;
    if (facts->closer && everybody_had_closed(facts->closer))
        return run_is_loop();
    const struct record_misuse *entry = entry_at((uint64_t)found * RECORD_UNIT);
    run.told = settings.strict == STRICT_MISUSE && entry && stands_alone(entry->now);
    if (run.told)
        stop_here(facts->type, facts->call);
}

/* ---- the sorts of them ------------------------------------------------------------------------------------
 */

static RARE uint64_t closers_stack(const char *call, uintptr_t caller) {
    return RECORD_CLOSER_STACK | depot_keep_here(call, caller);
}

uint64_t misuse_closer(const char *call, uintptr_t caller) {
    return settings.misuse < 2 ? caller : closers_stack(call, caller);
}

static uint64_t opener(uint32_t stack) { return stack ? depot_stack(stack)->pc[0] : 0; }

/* A number that is closed, by the program and one by one: whose it was. */
struct closed {
    uint64_t word;   /* of its slot; its state says what it is if the rest says nothing */
    uint64_t closer; /* as record_slot.closer; 0: not closed so */
    uint32_t before; /* stack of the handle that had the number before that one */
    int number;
};

/* True if the close before was a stranger's: by the module that had opened the handle which had the number
 * before, while the owner of the one that was closed is the module that closes now. */
static bool was_foreign(const struct closed *closed, uintptr_t caller) {
    uint64_t closer = address_of_closer(closed->closer);
    uint64_t before = opener(closed->before), opened = opener(RECORD_WORD_STACK(closed->word));
    return before && opened && same_module(closer, before) && !same_module(closer, opened) &&
           same_module(caller, opened);
}

/* Another thread is about to tell that it has closed it. */
static bool is_closing(const struct record_slot *slot, uint64_t word) {
    return RECORD_WORD_STATE(word) == RECORD_STATE_RELEASING && !(LOAD(&slot->flags) & RECORD_SLOT_FROM_FORK);
}

/* Also by a loop over many, which is no mistake itself. */
static struct closed closed_in_any_way(int number, uint64_t at) {
    const struct record_slot *slot = at ? record_at(at) : NULL;
    struct closed closed = {.word = slot ? LOAD(&slot->word) : 0, .number = number};
    bool is_closed =
        slot && (RECORD_WORD_STATE(closed.word) == RECORD_STATE_FREE || is_closing(slot, closed.word));
    if (!is_closed)
        return closed;
    closed.closer = LOAD(&slot->closer);
    closed.before = (uint32_t)LOAD(&slot->pages);
    return closed;
}

static struct closed closed_at(int number, uint64_t at) {
    struct closed closed = closed_in_any_way(number, at);
    if (at && LOAD(&((struct record_slot *)record_at(at))->flags) & RECORD_SLOT_CLOSED_IN_RANGE)
        closed.closer = 0;
    return closed;
}

/* What a process begins with, and files and duplicates in its place, anybody may close, and more than once; but
 * whatever else landed there is somebody's own. */
static bool is_standard(int number) {
    if (number > STDERR_FILENO)
        return false;
    uint64_t at = numbers_find(number);
    uint64_t word = at ? LOAD(&((struct record_slot *)record_at(at))->word) : 0;
    enum record_kind kind = (enum record_kind)RECORD_WORD_KIND(word);
    return !RECORD_WORD_STACK(word) || kind == RECORD_KIND_FILE || kind == RECORD_KIND_DESCRIPTOR;
}

/* What is known of a handle that is gone. */
static struct facts facts_of(const struct closed *closed) {
    return (struct facts){
        .kind = (enum record_kind)RECORD_WORD_KIND(closed->word),
        .number = closed->number,
        .error = EBADF,
        .opened = RECORD_WORD_STACK(closed->word),
        .closer = closed->closer,
    };
}

/* ---- a close between an acquire and its record: both calls are of threads that run at once -----------------
 */

enum { EARLY = 16, SOON = 1 << 20 /* acquires */ };

static struct early {
    _Atomic int32_t number; /* 0: not filled */
    _Atomic int32_t thread;
    _Atomic uint64_t sequence; /* of acquires, then */
    _Atomic uint64_t closer;
} early[EARLY] LARGE;
static _Atomic unsigned early_count;

static struct early *tell_early(int number, uint64_t closer) {
    struct early *entry = &early[atomic_fetch_add_explicit(&early_count, 1, memory_order_relaxed) % EARLY];
    STORE(&entry->number, 0);
    STORE(&entry->thread, threads_here());
    STORE(&entry->sequence, LOAD(&record_header()->sequence));
    STORE(&entry->closer, closer);
    atomic_store_explicit(&entry->number, number, memory_order_release); /* the rest is there */
    return entry;
}

/* By another thread than that, at about that time. */
static const struct early *closed_early(int number, uint64_t sequence, int32_t thread) {
    unsigned filled = LOAD(&early_count);
    for (unsigned i = 0; i < EARLY && i < filled; i++) {
        const struct early *entry = &early[i];
        int64_t since = (int64_t)(sequence - LOAD(&entry->sequence));
        if (atomic_load_explicit(&entry->number, memory_order_acquire) == number && since > -SOON &&
            since < SOON && LOAD(&entry->thread) != thread)
            return entry;
    }
    return NULL;
}

/* A close of this thread that has begun, of a number that nobody holds. What stands in the slot when it has
 * failed may be a stranger's, who has got the number since; and that stranger's own close may fail before this
 * one returns. */
static __thread struct {
    struct closed closed;
    struct early *early;
} again;

RARE void misuse_closing_again(int number, uint64_t at, uint64_t closer) {
    if (!settings.misuse || number <= STDERR_FILENO || run.is_loop)
        return;
    again.closed = closed_at(number, at);
    bool may_be_strangers = again.closed.closer || RECORD_WORD_STATE(again.closed.word) != RECORD_STATE_FREE;
    again.early = may_be_strangers ? tell_early(number, closer) : NULL;
}

void misuse_closed_unknown(int number) {
    if (!settings.misuse || number <= STDERR_FILENO || run.last != number)
        return;
    if (!again.early || again.closed.number != number)
        tell_early(number, misuse_closer("close", run.caller));
    again.early = NULL;
}

/* What was begun has failed: no stranger lost anything by it. */
static struct closed taken_back(int number) {
    struct closed closed = again.closed;
    if (again.early && closed.number == number)
        STORE(&again.early->number, 0);
    again.early = NULL;
    again.closed.closer = 0;
    return closed.number == number && closed.closer ? closed : closed_at(number, numbers_find(number));
}

static RARE void judge_closed_nothing(int number, const char *call, uintptr_t caller) {
    struct closed closed = taken_back(number);
    const struct early *before = NULL;
    if (!closed.closer)
        before = closed_early(number, LOAD(&record_header()->sequence), threads_here());
    if (!closed.closer && !before && RECORD_WORD_STATE(closed.word) == RECORD_STATE_FREE && run.length > 1)
        return run_is_loop(); /* never this process's to close: who does goes through all of them */
    if (!closed.closer && !before)
        return;
    struct facts facts = {.kind = RECORD_KIND_DESCRIPTOR, .number = number, .error = EBADF};
    if (closed.closer)
        facts = facts_of(&closed);
    else
        facts.closer = LOAD(&before->closer); /* of what was never told: whose it was is not known */
    bool foreign = closed.closer && was_foreign(&closed, caller);
    facts.type = foreign ? RECORD_MISUSE_FOREIGN_CLOSE : RECORD_MISUSE_DOUBLE_CLOSE;
    facts.call = call;
    facts.caller = caller;
    note_in_run(&facts);
}

/* True if nobody was ever seen with that number, and nothing is under way that could say more. */
static bool is_strange(int number) {
    return !numbers_find(number) && !again.early && again.closed.number != number && !LOAD(&early_count) &&
           run.length <= 1;
}

void misuse_closed_nothing(int number, const char *call, uintptr_t caller) {
    if (settings.misuse && !is_standard(number) && !is_strange(number))
        judge_closed_nothing(number, call, caller);
}

/* The close, at about the time of the acquire of that handle, that may have closed it. */
static const struct early *closed_before(struct slot_ticket ticket, int number) {
    const struct record_slot *slot = record_at(ticket.slot);
    /* acquire: both before the word that says whose they are */
    uint64_t sequence = atomic_load_explicit(&slot->sequence, memory_order_acquire);
    int32_t thread = atomic_load_explicit(&slot->thread, memory_order_acquire);
    bool is_next_ones = RECORD_WORD_GENERATION(LOAD(&slot->word)) != RECORD_WORD_GENERATION(ticket.word);
    return closed_early(number, sequence, is_next_ones ? 0 : thread);
}

RARE void misuse_closed_gone(struct slot_ticket ticket, int number, const char *call, uintptr_t caller) {
    const struct early *before = settings.misuse ? closed_before(ticket, number) : NULL;
    if (!before)
        return; /* closed where nobody saw it */
    note_in_run(&(struct facts){
        .type = RECORD_MISUSE_DOUBLE_CLOSE,
        .kind = (enum record_kind)RECORD_WORD_KIND(ticket.word),
        .number = number,
        .error = EBADF,
        .opened = RECORD_WORD_STACK(ticket.word),
        .closer = LOAD(&before->closer),
        .call = call,
        .caller = caller,
    });
}

static bool was_never_held(uint64_t word) {
    return !RECORD_WORD_STACK(word) && RECORD_WORD_STATE(word) == RECORD_STATE_FREE;
}

void misuse_used(int number, bool asks, const char *call, uintptr_t caller) {
    if (settings.misuse < 2 || is_standard(number))
        return;
    uint64_t at = numbers_find(number);
    struct closed closed = asks ? closed_at(number, at) : closed_in_any_way(number, at);
    struct facts facts = facts_of(&closed);
    facts.type = RECORD_MISUSE_USE_AFTER_CLOSE;
    facts.call = call;
    facts.caller = caller;
    if (closed.closer && note(&facts))
        stop_here(facts.type, call);
    else if (was_never_held(closed.word))
        note_question(&facts);
}

/* The latest list of all numbers. */
static struct {
    _Atomic int number;        /* 0: none */
    _Atomic uint64_t sequence; /* of acquires, when it was opened */
} list;

void misuse_listed(int number) {
    STORE(&list.number, number);
    STORE(&list.sequence, sequence_line());
}

static bool list_is_open(void) {
    uint64_t at = LOAD(&list.number) ? numbers_find(LOAD(&list.number)) : 0;
    struct record_slot *slot = at ? record_at(at) : NULL;
    enum record_state state = slot ? RECORD_WORD_STATE(LOAD(&slot->word)) : RECORD_STATE_FREE;
    return (state == RECORD_STATE_LIVE || state == RECORD_STATE_OWNED) &&
           LOAD(&slot->flags) & RECORD_SLOT_CLOSED_IN_RANGE;
}

/* Whoever closes all numbers that a list named does so while it is open, or before anything else is opened. */
static bool follows_list(void) {
    return LOAD(&list.sequence) && (LOAD(&list.sequence) == LOAD(&record_header()->sequence) || list_is_open());
}

void misuse_closed_inside(struct slot_ticket ticket, int number, const char *call, uintptr_t caller) {
    if (!settings.misuse || number <= STDERR_FILENO)
        return;
    struct record_slot *slot = record_at(ticket.slot);
    uint64_t owner = objects_find(LOAD(&slot->object));
    uint64_t word = owner ? LOAD(&((struct record_slot *)record_at(owner))->word) : 0;
    if (RECORD_WORD_STATE(word) != RECORD_STATE_LIVE)
        return; /* its stream is just being closed, or is gone */
    if (LOAD(&slot->flags) & RECORD_SLOT_CLOSED_IN_RANGE || follows_list())
        return; /* by a loop over a list of all numbers, or it is that list */
    note_in_run(&(struct facts){
        .type = RECORD_MISUSE_BAD_CLOSE,
        .kind = (enum record_kind)RECORD_WORD_KIND(word),
        .number = number,
        .opened = RECORD_WORD_STACK(word),
        .call = call,
        .caller = caller,
    });
}

/* What was written and not kept is lost (write(2), close(2)). */
static bool is_loss(int error) { return error == EIO || error == ENOSPC || error == EDQUOT; }

RARE void misuse_close_failed(uint32_t opened, enum record_kind kind, int number, int error, size_t bytes,
                              const char *call, uintptr_t caller) {
    if (!settings.misuse || !is_loss(error))
        return;
    note(&(struct facts){
        .type = RECORD_MISUSE_FAILED_CLOSE,
        .kind = kind,
        .number = number,
        .error = error,
        .opened = opened,
        .bytes = bytes,
        .call = call,
        .caller = caller,
    });
}

void misuse_data_lost(uint32_t opened, enum record_kind kind, int number, uint64_t closer, size_t bytes,
                      const char *call, uintptr_t caller) {
    if (!settings.misuse)
        return;
    note(&(struct facts){
        .type = RECORD_MISUSE_FAILED_CLOSE,
        .kind = kind,
        .number = number,
        .error = EBADF,
        .opened = opened,
        .closer = closer,
        .bytes = bytes,
        .call = call,
        .caller = caller,
    });
}

/* What is wrong with a release for sure, whatever comes next. */
static void note_certain(const struct facts *facts) {
    if (!settings.misuse)
        return;
    note(facts);
    stop_here(facts->type, facts->call);
}

void misuse_wrong_releaser(uint32_t opened, enum record_kind kind, int number, const char *call,
                           uintptr_t caller) {
    note_certain(&(struct facts){.type = RECORD_MISUSE_WRONG_RELEASER,
                                 .kind = kind,
                                 .number = number,
                                 .opened = opened,
                                 .call = call,
                                 .caller = caller});
}

RARE void misuse_released_again(uint32_t opened, enum record_kind kind, int number, uint64_t closer,
                                const char *call, uintptr_t caller) {
    note_certain(&(struct facts){.type = RECORD_MISUSE_DOUBLE_CLOSE,
                                 .kind = kind,
                                 .number = number,
                                 .opened = opened,
                                 .closer = closer,
                                 .call = call,
                                 .caller = caller});
}

/* Somebody who closes at this place closes other numbers there as well. */
struct habit {
    uint64_t place;
    bool seen;
};

static void look_for_habit(int number, uint64_t at, void *context) {
    struct habit *habit = context;
    uint64_t closer = LOAD(&((struct record_slot *)record_at(at))->closer);
    habit->seen |= number > STDERR_FILENO && closer && address_of_closer(closer) == habit->place;
}

/* A terminal or /dev/null: where standard descriptors are put. */
static bool is_device(int number) {
    struct stat about;
    return !lockdown_is_on() && SYS(SYS_fstat, number, &about) == 0 && S_ISCHR(about.st_mode);
}

RARE void misuse_landed(int number, uint64_t closer, enum record_kind kind, const char *call,
                        uintptr_t caller) {
    struct habit habit = {.place = address_of_closer(closer)};
    if (!settings.misuse || (run.is_loop && run.caller == habit.place))
        return;
    numbers_visit(0, ~0u, look_for_habit, &habit);
    if (!habit.seen || is_device(number))
        return;
    note(&(struct facts){
        .type = RECORD_MISUSE_STANDARD_CLOSE,
        .kind = kind,
        .number = number,
        .closer = closer,
        .call = call,
        .caller = caller,
    });
    stop_here(RECORD_MISUSE_STANDARD_CLOSE, call);
}

bool misuse_seen(void) {
    uint64_t at = atomic_load_explicit(&last_entry, memory_order_acquire); /* the entries before their places */
    for (struct record_misuse *entry = entry_at(at); entry;
         entry = entry_at((uint64_t)entry->previous * RECORD_UNIT))
        if (LOAD(&entry->count))
            return true;
    return false;
}

void misuse_forked(void) {
    atomic_store_explicit(&last_entry, 0, memory_order_relaxed); /* the only thread now */
    run = (struct run){0};
    again.early = NULL;
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *head = record_at(at);
        if (head->kind == RECORD_CHUNK_MISUSES)
            head->kind = RECORD_CHUNK_UNUSED; /* the parent tells them; nobody else sees this copy yet */
    }
    chunk = 0;
    sites = 0;
}
