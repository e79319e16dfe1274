/* tracker.c - the facts that the shim reports, put where they belong. See tracker.h. */
#include "tracker/tracker.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <unistd.h>

#include "tracker/clock.h"
#include "tracker/depot.h"
#include "tracker/exit_pass.h"
#include "tracker/forks.h"
#include "tracker/kernel.h"
#include "tracker/large.h"
#include "tracker/libc_start.h"
#include "tracker/lockdown.h"
#include "tracker/mappings.h"
#include "tracker/misuse.h"
#include "tracker/modules.h"
#include "tracker/names.h"
#include "tracker/numbers.h"
#include "tracker/objects.h"
#include "tracker/output.h"
#include "tracker/parent.h"
#include "tracker/passing.h"
#include "tracker/paths.h"
#include "tracker/quarantine.h"
#include "tracker/record.h"
#include "tracker/renderer.h"
#include "tracker/request.h"
#include "tracker/settings.h"
#include "tracker/shortage.h"
#include "tracker/signals.h"
#include "tracker/single.h"
#include "tracker/succession.h"
#include "tracker/text.h"
#include "tracker/threads.h"
#include "tracker/unwatched.h"

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)

static bool watching;
static FORK_DATA bool threaded; /* a second thread was made, or is about to be */
static bool wanted[RECORD_KIND_COUNT];
static bool unwinder_lost; /* unwind=libunwind could not be had */

/* ---- readiness --------------------------------------------------------------------------------------------
 */

/* relaxed: counters */
static int64_t add_open(struct record_header *header, int64_t change) {
    return (int64_t)single_add((_Atomic uint64_t *)&header->open, (uint64_t)change) + change;
}

static void count_open(void) {
    struct record_header *header = record_header();
    int64_t open = add_open(header, 1);
    int64_t peak = LOAD(&header->peak);
    while (open > peak && !atomic_compare_exchange_weak_explicit(&header->peak, &peak, open,
                                                                 memory_order_relaxed, memory_order_relaxed))
        ;
}

static void inherit(int number, void *context) {
    (void)context;
    uint64_t slot = numbers_make(number);
    if (!slot)
        return;
    struct slot_facts facts = {.state = RECORD_STATE_INHERITED, .kind = RECORD_KIND_DESCRIPTOR, .number = -1};
    slot_acquire(slot, &facts);
    count_open();
}

static bool make_record(void) {
    if (!record_make())
        return false;
    if (!kernel_visit_open(inherit, NULL))
        record_note(RECORD_NOTE_NO_PROC);
    if (unwinder_lost)
        record_note(RECORD_NOTE_NO_LIBUNWIND);
    record_open();
    return true;
}

/* Rare work that has a descriptor for a moment, or moves the record: a signal handler must not see it half
 * done, nor jump out of it. */
static bool undisturbed(bool (*work)(void)) {
    uint64_t signals = signals_block();
    bool done = work();
    signals_unblock(signals);
    return done;
}

static bool make(void) { return !lockdown_is_on() && undisturbed(make_record); }

/* In the copy of the parent's record: what the parent held at the fork is inherited; what it acquired later, or
 * was acquiring just then, is not there. */
static void inherit_slot(struct record_slot *slot, int32_t parent) {
    uint64_t word = LOAD(&slot->word);
    if (RECORD_WORD_STATE(word) == RECORD_STATE_FREE) {
        atomic_store_explicit(&slot->closer, 0, memory_order_relaxed); /* it was the parent's to close */
        atomic_store_explicit(&slot->flags, 0, memory_order_relaxed);
        return;
    }
    unsigned kind = RECORD_WORD_KIND(word);
    bool inheritable = kind != RECORD_KIND_TIMER && kind != RECORD_KIND_THREAD; /* fork(2) */
    bool held = inheritable && slot_is_held(word) && LOAD(&slot->sequence) <= forks_birth()->sequence;
    if (held && slot_state(slot, word) != RECORD_STATE_INHERITED) {
        atomic_store_explicit(&slot->owner_pid, parent, memory_order_relaxed);
        atomic_store_explicit(&slot->flags, RECORD_SLOT_FROM_FORK, memory_order_relaxed);
    }
    atomic_store_explicit(&slot->detail, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->outcome, RECORD_OUTCOME_NONE, memory_order_relaxed);
    uint64_t after = (word & ~(uint64_t)0xf) | (held ? RECORD_STATE_INHERITED : RECORD_STATE_FREE);
    if (!held)
        atomic_store_explicit(&slot->closer, 0, memory_order_relaxed); /* it was the parent's to close */
    atomic_store_explicit(&slot->word, after, memory_order_relaxed);   /* nobody else sees this copy yet */
}

static void inherit_number(int number, uint64_t at, void *parent) {
    struct record_slot *slot = record_at(at);
    inherit_slot(slot, *(int32_t *)parent);
    if (slot_is_held(LOAD(&slot->word)))
        count_open();
}

/* Numbers by our own directory: a page that another thread of the parent was making has no head yet. */
static void inherit_all(int32_t parent) {
    atomic_store_explicit(&record_header()->open, 0, memory_order_relaxed); /* the parent's, of a moment ago */
    atomic_store_explicit(&record_header()->peak, 0, memory_order_relaxed);
    text_clear(record_header()->shortages, sizeof record_header()->shortages);
    atomic_store_explicit(&record_header()->failures, 0, memory_order_relaxed);
    atomic_store_explicit(&record_header()->report_requests, 0, memory_order_relaxed);
    numbers_visit(0, ~0u, inherit_number, &parent);
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        struct record_slot *slot = (struct record_slot *)(chunk + 1);
        if (chunk->kind == RECORD_CHUNK_STACKS)
            depot_forget_counts(chunk);
        for (uint32_t i = 0; chunk->kind == RECORD_CHUNK_OBJECTS && i < chunk->entries; i++)
            inherit_slot(&slot[i], parent);
    }
    objects_adopted();
}

/* A thread with a table of descriptors of its own: its numbers are not those that /proc/self/fd shows, and say
 * nothing about ours. */
static bool tables_differ;
static __thread bool table_is_own;

static bool is_apart(void) { return __builtin_expect(tables_differ, false) && table_is_own; }

static bool adopt_record(void) {
    int32_t parent = record_header()->pid; /* the parent's record, still mapped */
    forks_adopting();
    if (!record_adopt(forks_birth()))
        return false;
    threads_forked();
    shortage_start();
    misuse_forked();
    table_is_own = false; /* the only thread now */
    inherit_all(parent);
    quarantine_forked();
    renderer_forked(exit_pass_is_left_to_kernel());
    exit_pass_forked();
    record_open();
    return true;
}

static bool adopt(void) { return !lockdown_is_on() && undisturbed(adopt_record); }

static RARE bool get_ready(bool acquiring) {
    switch (record_readiness()) {
    case RECORD_READY:
        return true;
    case RECORD_FORKED:
        return adopt();
    case RECORD_NONE:
        return acquiring && make();
    case RECORD_BUSY:
        record_missed();
        break;
    }
    return false;
}

/* True if this process has its record; `acquiring` makes it on the first need. */
static inline bool ready(bool acquiring) {
    if (__builtin_expect(record_is_ready(), true))
        return true;
    return watching && (acquiring || !record_is_none()) && get_ready(acquiring);
}

static RARE bool get_ready_for_more(void) { return record_readiness() != RECORD_BUSY && ready(false); }

/* True if this process has its record. What asks is no event that could be missed. */
static inline bool ready_for_more(void) {
    return __builtin_expect(record_is_ready(), true) || (!record_is_none() && get_ready_for_more());
}

static void choose_kinds(void) {
#define KIND(name, word, plural, report) wanted[RECORD_KIND_##name] = settings_want_kind(word, report);
#include "tracker/kinds.def"
}

bool tracker_start(const struct tracker_start *start) {
    if (start->secure)
        return false;
    single_start();
    clock_start(start->vdso);
    modules_start(start->program_headers, start->program_header_count);
    settings_read(text_environment(start->environment, "LEFTOPEN_OPTIONS"));
    if (start->argument_count > 0 && !settings_take_program(text_base_name(start->arguments[0])))
        return false;
    if (!settings.children && parent_is_watched())
        return false;
    record_configure(&(struct record_identity){
        .memory_only = settings.record_off,
        .folder = settings.record[0] ? settings.record : NULL,
        .runtime_folder = text_environment(start->environment, "XDG_RUNTIME_DIR"),
        .argument_count = start->argument_count,
        .arguments = start->arguments,
        .options = settings.options,
        .started_realtime = clock_date(),
        .started_monotonic = clock_coarse(),
    });
    choose_kinds();
    shortage_start();
    tracker_quarantines = settings.quarantine > 0;
    if (unwind_loads(settings.unwind))
        libc_start(start->argument_count, start->arguments, start->environment);
    unwinder_lost = !unwind_start(settings.unwind);
    exit_pass_configure(start);
    watching = true;
    if (settings.unseen)
        tracker_prepare(); /* else what is opened past us before the first acquire counts as inherited */
    return true;
}

static void end_quarantine(void) {
    if (tracker_quarantines && !lockdown_is_on())
        quarantine_end();
}

void tracker_prepare(void) {
    if (ready(true))
        end_quarantine();
}

/* Gives a fork child's record a file, while nobody else can be writing into it. */
static RARE void give_file(void) {
    if (!threaded && !record_path()[0] && !lockdown_is_on() &&
        LOAD(&record_header()->notes) & RECORD_NOTE_FORK_CHILD)
        record_give_file();
}

void tracker_settled_down(void) {
    if (ready(false))
        give_file();
}

void tracker_thread_begin(void) {
    single_end(); /* the new thread begins behind it */
    if (!ready(true))
        return;
    give_file();
    if (!threaded)
        record_share();
    threaded = true;
}

void tracker_locked_down(void) {
    if (record_readiness() == RECORD_READY)
        record_note(RECORD_NOTE_LOCKED_DOWN);
    lockdown_begin();
}

void tracker_root_changed(void) { exit_pass_root_changed(); }

bool tracker_is_locked_down(void) { return lockdown_is_on(); }

void tracker_descriptors_shared(void) { exit_pass_leave_to_kernel(); }

bool tracker_was_forked(void) { return watching && record_readiness() == RECORD_FORKED; }

void tracker_unshared(void) {
    if (ready(false))
        record_note(RECORD_NOTE_UNSHARED);
    if (SYS(SYS_gettid) != SYS(SYS_getpid))
        tables_differ = table_is_own = true;
}

void tracker_noted(enum record_note note) {
    if (ready(true))
        record_note(note);
}

void tracker_modules_changed(void) {
    if (ready(false))
        modules_unloaded();
}

/* ---- numbers ----------------------------------------------------------------------------------------------
 */

/* A daemon's or worker's record gets a file once it is likely that no exec follows; not earlier, since most
 * fork children execute something within moments. Only while nobody else can be writing into it. */
static void settle_down(void) {
    enum { HANDLES = 24, NANOSECONDS = 100000000 };
    struct record_header *header = record_header();
    if (!(LOAD(&header->notes) & RECORD_NOTE_FORK_CHILD) || record_path()[0])
        return;
    if (LOAD(&header->sequence) > header->fork_sequence + HANDLES ||
        clock_coarse() > header->started_monotonic + NANOSECONDS)
        give_file();
}

static unsigned flags_of(uint64_t at) { return LOAD(&((struct record_slot *)record_at(at))->flags); }

/* A new handle where `before` was, whose `flags` were asked before it was written. True if nothing was there,
 * and not even another acquire that this one has overtaken. */
static bool displace(uint64_t before, unsigned flags, const struct slot_facts *facts) {
    unsigned state = RECORD_WORD_STATE(before);
    if (!(facts->flags & RECORD_SLOT_INSIDE))
        depot_count_opened(facts->stack);
    if (state == RECORD_STATE_FREE)
        return true;
    bool from_fork = state == RECORD_STATE_RELEASING && flags & RECORD_SLOT_FROM_FORK;
    if (state != RECORD_STATE_INHERITED && !from_fork && !(flags & RECORD_SLOT_INSIDE))
        depot_count_closed(RECORD_WORD_STACK(before), 0, 0);
    if (state == RECORD_STATE_LIVE || state == RECORD_STATE_OWNED)
        record_lost(RECORD_LOSS_CLOSE);
    return false;
}

static void acquire_number(uint64_t at, const struct slot_facts *facts) {
    unsigned flags = flags_of(at);
    if (displace(slot_acquire(at, facts), flags, facts))
        count_open();
}

/* What a wrong close is judged by: tables of descriptors that are not only ours say nothing. */
static bool may_judge(void) { return ready(false) && !tables_differ && !exit_pass_is_left_to_kernel(); }

/* Behind a call that has made a descriptor. */
static void number_is_used(int number, const char *call) {
    if (__builtin_expect(number >= atomic_load_explicit(&shortage_first_number, memory_order_relaxed), false))
        shortage_passed(number, call);
    if (tracker_quarantines && !lockdown_is_on())
        quarantine_acquired();
}

USUAL void tracker_acquiring(void) {
    if (ready_for_more())
        threads_acquiring();
}

USUAL void tracker_acquiring_over(void) {
    if (ready_for_more())
        threads_acquiring_over();
}

void tracker_limit_changed(void) {
    if (watching)
        shortage_start();
}

void tracker_not_acquired(int error, const char *call) {
    if ((error == EMFILE || error == ENFILE) && ready(false))
        shortage_failed(error, call);
}

/* Who closed the standard descriptor that was in that slot, 0: nobody, or a loop over many numbers; or it was
 * no longer the one that the process had begun with. */
static uint64_t closer_of(const struct record_slot *slot) {
    if (LOAD(&slot->flags) & RECORD_SLOT_CLOSED_IN_RANGE || RECORD_WORD_STACK(LOAD(&slot->word)))
        return 0;
    return LOAD(&slot->closer);
}

/* A list of all numbers has one, too, which stands in the list: who closes them all closes that, or tries to.
 */
static RARE void note_list(int number) {
    uint64_t at = numbers_find(number);
    if (at)
        atomic_fetch_or_explicit(&((struct record_slot *)record_at(at))->flags, RECORD_SLOT_CLOSED_IN_RANGE,
                                 memory_order_relaxed); /* a fact by itself */
    misuse_listed(number);
    if (tracker_quarantines)
        quarantine_listed();
}

static inline void name(uint32_t stack, int number, const char *path) {
    names_opened(stack, path);
    if (kernel_may_list_numbers(path) && kernel_lists_numbers(path))
        note_list(number);
}

USUAL void tracker_acquired(int number, enum record_kind kind, const char *call, uintptr_t caller, int from,
                            const char *path) {
    if (number < 0 || !ready(true) || is_apart())
        return;
    settle_down();
    uint64_t at = numbers_make(number);
    if (!at)
        return record_lost(RECORD_LOSS_MEMORY);
    struct slot_facts facts = {
        .state = RECORD_STATE_LIVE,
        .kind = kind,
        .stack = depot_keep_here(call, caller),
        .thread = threads_here(),
        .number = from,
    };
    uint64_t closer = number <= STDERR_FILENO ? closer_of(record_at(at)) : 0;
    acquire_number(at, &facts);
    if (path)
        name(facts.stack, number, path);
    if (closer && from < 0 && may_judge())
        misuse_landed(number, closer, kind, call, caller);
    number_is_used(number, call);
}

void tracker_paired(int second, int first) {
    uint64_t at = ready(false) && !is_apart() ? numbers_find(second) : 0;
    if (at)
        atomic_store_explicit(&((struct record_slot *)record_at(at))->number, first, memory_order_relaxed);
}

void tracker_replaced(struct slot_ticket ticket, int number, const char *call, uintptr_t caller, int from) {
    if (RECORD_WORD_STATE(ticket.word) != RECORD_STATE_OWNED || !ticket.slot)
        return tracker_acquired(number, RECORD_KIND_DESCRIPTOR, call, caller, from, NULL);
    slot_settle(ticket, false); /* as it was: another descriptor under the same stream */
}

static inline struct slot_ticket releasing(int number, bool closes, const char *call, uintptr_t caller) {
    if (number < 0 || !ready(false) || is_apart())
        return (struct slot_ticket){0, 0};
    misuse_closing(number, caller);
    uint64_t at = numbers_find(number);
    if (!at)
        return (struct slot_ticket){0, 0};
    uint64_t closer = misuse_closer(call, caller);
    struct slot_ticket ticket = slot_release(at, closer);
    if (closes && !ticket.slot)
        misuse_closing_again(number, at, closer);
    return ticket;
}

USUAL struct slot_ticket tracker_closing(int number, const char *call, uintptr_t caller) {
    return releasing(number, true, call, caller);
}

USUAL struct slot_ticket tracker_replacing(int number, const char *call, uintptr_t caller) {
    return releasing(number, false, call, caller);
}

/* Linux takes the number away before it flushes, so that every error but EBADF means "gone" (close(2), NOTES).
 * A filter may refuse the call itself with these; then the kernel is asked. */
static bool is_gone(int number, int error) {
    if (error != EPERM && error != ENOSYS && error != EACCES)
        return true;
    return lockdown_is_on() || !kernel_is_open(number);
}

static inline void settle(struct slot_ticket ticket, bool gone) {
    if (!ticket.slot)
        return;
    struct depot_life life = depot_life(record_at(ticket.slot));
    if (!slot_settle(ticket, gone))
        return;
    if (!(life.flags & RECORD_SLOT_INSIDE))
        depot_count_released(life, ticket.word);
    add_open(record_header(), -1);
}

/* What was opened past us had that number: who closed it before closed something else. */
static RARE void forget_closer(int number) {
    if (!ready(false) || is_apart())
        return;
    misuse_closed_unknown(number);
    uint64_t at = numbers_find(number);
    if (at && RECORD_WORD_STATE(LOAD(&((struct record_slot *)record_at(at))->word)) == RECORD_STATE_FREE)
        atomic_store_explicit(&((struct record_slot *)record_at(at))->closer, 0, memory_order_relaxed);
}

static RARE void released_in_vain(struct slot_ticket ticket, int number, int error) {
    settle(ticket, is_gone(number, error));
    if (error == EBADF)
        record_lost(RECORD_LOSS_CLOSE);
}

USUAL void tracker_released(struct slot_ticket ticket, int number, int error) {
    if (!ticket.slot)
        return error ? (void)0 : forget_closer(number);
    if (__builtin_expect(error, 0))
        return released_in_vain(ticket, number, error);
    settle(ticket, true);
}

static RARE void judge_failed(struct slot_ticket ticket, int number, int error, const char *call,
                              uintptr_t caller) {
    if (ticket.slot)
        released_in_vain(ticket, number, error);
    if (number < 0 || !may_judge())
        return;
    if (error == EBADF && !ticket.slot)
        return misuse_closed_nothing(number, call, caller);
    if (error == EBADF)
        return misuse_closed_gone(ticket, number, call, caller);
    if (ticket.slot)
        misuse_close_failed(RECORD_WORD_STACK(ticket.word), (enum record_kind)RECORD_WORD_KIND(ticket.word),
                            number, error, 0, call, caller);
}

/* Loops over all numbers mostly meet numbers of nobody's. */
USUAL void tracker_close_failed(struct slot_ticket ticket, int number, int error, const char *call,
                                uintptr_t caller) {
    if (!record_is_none())
        judge_failed(ticket, number, error, call, caller);
}

bool tracker_quarantines;

bool tracker_is_quarantined(int number) {
    return ready(false) && !lockdown_is_on() && quarantine_holds(number);
}

bool tracker_quarantine_lost(int number) {
    return ready(false) && !lockdown_is_on() && quarantine_lost(number);
}

void tracker_quarantine(int number) {
    if (may_judge() && !lockdown_is_on())
        quarantine_take(number);
}

void tracker_quarantine_free(int number) {
    if (ready(false) && !lockdown_is_on())
        quarantine_free(number);
}

bool tracker_wants_uses(void) { return watching && settings.misuse >= 2; }

void tracker_used(int number, const char *call, uintptr_t caller) {
    if (number >= 0 && may_judge())
        misuse_used(number, call, caller);
}

void tracker_closed_inside(struct slot_ticket ticket, int number, const char *call, uintptr_t caller) {
    if (may_judge())
        misuse_closed_inside(ticket, number, call, caller);
}

void tracker_object_close_failed(struct tracker_object_ticket ticket, int error, size_t bytes, const char *call,
                                 uintptr_t caller) {
    uint64_t word = ticket.object.word;
    if (ticket.object.slot && may_judge())
        misuse_close_failed(RECORD_WORD_STACK(word), (enum record_kind)RECORD_WORD_KIND(word), -1, error, bytes,
                            call, caller);
}

void tracker_released_by(struct tracker_object_ticket ticket, enum record_kind wrong, const char *call,
                         uintptr_t caller) {
    uint64_t word = ticket.object.word;
    if (ticket.object.slot && RECORD_WORD_KIND(word) == wrong && may_judge())
        misuse_wrong_releaser(RECORD_WORD_STACK(word), wrong, -1, call, caller);
}

static void release_one(int number, uint64_t slot, void *context) {
    (void)number;
    slot_release(slot, *(uintptr_t *)context);
    struct record_slot *released = record_at(slot);
    atomic_fetch_or_explicit(&released->flags, RECORD_SLOT_CLOSED_IN_RANGE, memory_order_relaxed);
}

void tracker_releasing_range(unsigned first, unsigned last, uintptr_t caller) {
    exit_pass_closing(first, last);
    if (ready(false) && !is_apart())
        numbers_visit(first, last, release_one, &caller);
}

static void settle_one(int number, uint64_t at, void *context) {
    (void)number;
    struct record_slot *slot = record_at(at);
    uint64_t word = atomic_load_explicit(&slot->word, memory_order_relaxed);
    if (RECORD_WORD_STATE(word) != RECORD_STATE_RELEASING)
        return;
    uint64_t before = (word & ~(uint64_t)0xf) | slot_state(slot, word);
    settle((struct slot_ticket){at, before}, *(bool *)context);
}

void tracker_released_range(unsigned first, unsigned last, bool gone) {
    if (ready(false) && !is_apart())
        numbers_visit(first, last, settle_one, &gone);
}

/* ---- objects ----------------------------------------------------------------------------------------------
 */

static void set_shared(uint64_t at) {
    struct record_slot *slot = record_at(at);
    atomic_fetch_or_explicit(&slot->flags, RECORD_SLOT_SHARED, memory_order_relaxed); /* a fact by itself */
}

/* The object that owns the number in that slot, 0: none that lives. */
static uint64_t owner_of(uint64_t at) {
    struct record_slot *slot = record_at(at);
    bool is_owned = RECORD_WORD_STATE(LOAD(&slot->word)) == RECORD_STATE_OWNED;
    return is_owned ? objects_find(LOAD(&slot->object)) : 0;
}

/* A release that took the number from others that own it as well. */
struct taking {
    uint64_t object, closer;
    int number;
};

static void take_from(uint64_t at, void *context) {
    const struct taking *taking = context;
    struct record_slot *slot = record_at(at);
    if (at == taking->object || LOAD(&slot->number) != taking->number ||
        RECORD_WORD_STATE(LOAD(&slot->word)) != RECORD_STATE_LIVE)
        return;
    atomic_store_explicit(&slot->closer, taking->closer, memory_order_relaxed); /* a fact, as the flag */
    set_shared(at);
}

static RARE void take_from_others(struct tracker_object_ticket ticket) {
    struct taking taking = {.object = ticket.object.slot,
                            .closer = LOAD(&((struct record_slot *)record_at(ticket.number.slot))->closer),
                            .number = LOAD(&((struct record_slot *)record_at(ticket.object.slot))->number)};
    objects_visit(take_from, &taking);
}

/* The descriptor inside belongs to the object. One that nobody acquired before (fopen) gets an entry of the
 * same stack, for who closes its number later; an inherited one stays inherited, and makes the object so. */
static bool own_number(int number, bool given, uint64_t object, uint32_t stack) {
    uint64_t at = numbers_make(number);
    if (!at)
        return false;
    uint64_t other = given ? owner_of(at) : 0;
    if (given && slot_give(at, object)) {
        if (other)
            set_shared(at);
        return RECORD_WORD_STATE(LOAD(&((struct record_slot *)record_at(at))->word)) == RECORD_STATE_INHERITED;
    }
    struct slot_facts facts = {.state = RECORD_STATE_OWNED,
                               .kind = RECORD_KIND_DESCRIPTOR,
                               .stack = stack,
                               .object = object,
                               .number = -1,
                               .flags = RECORD_SLOT_INSIDE};
    acquire_number(at, &facts);
    return false;
}

USUAL void tracker_acquired_object(const void *object, enum record_kind kind, int number, bool given,
                                   const char *call, uintptr_t caller, const char *path) {
    uint64_t address = (uintptr_t)object;
    if (!address || !ready(true))
        return;
    settle_down();
    uint64_t before, at = objects_make(address, &before);
    if (!at)
        return record_lost(RECORD_LOSS_MEMORY);
    if (is_apart())
        number = -1;
    uint32_t stack = depot_keep_here(call, caller);
    bool inherited = number >= 0 && own_number(number, given, address, stack);
    struct slot_facts facts = {
        .state = inherited ? RECORD_STATE_INHERITED : RECORD_STATE_LIVE,
        .kind = kind,
        .stack = stack,
        .object = address,
        .thread = threads_here(),
        .number = number,
    };
    unsigned flags = flags_of(at);
    while (!slot_acquire_over(at, before, &facts)) {
        at = objects_make(address, &before);
        if (!at)
            return record_lost(RECORD_LOSS_MEMORY);
        flags = flags_of(at);
    }
    displace(before, flags, &facts);
    if (path)
        name(stack, number, path);
    number_is_used(number, call);
}

USUAL struct tracker_object_ticket tracker_releasing_object(const void *object, int number, const char *call,
                                                            uintptr_t caller) {
    struct tracker_object_ticket ticket = {.address = (uintptr_t)object};
    if (!object || !ready(false))
        return ticket;
    uint64_t closer = misuse_closer(call, caller), at = objects_find(ticket.address);
    bool is_taken = at && flags_of(at) & RECORD_SLOT_SHARED;
    uint64_t taker = is_taken ? LOAD(&((struct record_slot *)record_at(at))->closer) : 0;
    if (at)
        ticket.object = slot_release(at, closer);
    if (is_taken && ticket.object.slot && may_judge())
        misuse_released_again(RECORD_WORD_STACK(ticket.object.word),
                              (enum record_kind)RECORD_WORD_KIND(ticket.object.word), number, taker, call,
                              caller);
    at = is_apart() ? 0 : numbers_find(number);
    if (at)
        ticket.number = slot_release(at, closer);
    return ticket;
}

static inline void settle_object(struct tracker_object_ticket ticket) {
    struct depot_life life = depot_life(record_at(ticket.object.slot));
    if (!slot_settle(ticket.object, true))
        return;
    depot_count_released(life, ticket.object.word);
    objects_forget(ticket.address, ticket.object.slot);
}

USUAL void tracker_released_object(struct tracker_object_ticket ticket) {
    if (ticket.number.slot && ticket.object.slot && flags_of(ticket.number.slot) & RECORD_SLOT_SHARED)
        take_from_others(ticket);
    if (ticket.object.slot)
        settle_object(ticket);
    settle(ticket.number, true);
}

void tracker_kept_object(struct tracker_object_ticket ticket) {
    slot_settle(ticket.object, false);
    slot_settle(ticket.number, false);
}

void tracker_unmapping(const void *at, uint64_t bytes, uintptr_t caller) {
    if (ready(false))
        mappings_releasing((uintptr_t)at, bytes, caller);
}

void tracker_unmapped(const void *at, uint64_t bytes, bool gone) {
    if (ready(false))
        mappings_released((uintptr_t)at, bytes, gone);
}

void tracker_mapped(const void *at, uint64_t bytes, bool over, const char *call, uintptr_t caller) {
    if (over) {
        tracker_unmapping(at, bytes, caller);
        tracker_unmapped(at, bytes, true);
    }
    tracker_acquired_object(at, RECORD_KIND_MAPPING, -1, false, call, caller, NULL);
    if (ready(false))
        mappings_measure((uintptr_t)at, bytes);
}

void tracker_mapping_resized(const void *at, uint64_t bytes, uint64_t wanted, uintptr_t caller) {
    if (ready(false))
        mappings_resized((uintptr_t)at, bytes, wanted, caller);
}

void tracker_has_child(const void *object, pid_t child) {
    uint64_t at = ready(false) ? objects_find((uintptr_t)object) : 0;
    if (at) /* relaxed: a fact by itself, 0 until it is known */
        atomic_store_explicit(&((struct record_slot *)record_at(at))->owner_pid, child, memory_order_relaxed);
}

bool tracker_wants(enum record_kind kind) { return watching && wanted[kind]; }

/* Further references live in `owner_pid`, which handles of these kinds have no other use for. */
void tracker_referenced_object(const void *object, enum record_kind kind, const char *call, uintptr_t caller) {
    uint64_t at = ready(false) ? objects_find((uintptr_t)object) : 0;
    if (!at || RECORD_WORD_STATE(LOAD(&((struct record_slot *)record_at(at))->word)) != RECORD_STATE_LIVE)
        return tracker_acquired_object(object, kind, -1, false, call, caller, NULL);
    struct record_slot *slot = record_at(at);
    atomic_fetch_add_explicit(&slot->owner_pid, 1, memory_order_relaxed); /* a counter */
}

void tracker_unreferenced_object(const void *object, uintptr_t caller) {
    uint64_t at = ready(false) ? objects_find((uintptr_t)object) : 0;
    if (!at)
        return;
    struct record_slot *slot = record_at(at);
    if (RECORD_WORD_STATE(LOAD(&slot->word)) == RECORD_STATE_LIVE &&
        atomic_fetch_sub_explicit(&slot->owner_pid, 1, memory_order_relaxed) > 0)
        return;
    tracker_released_object(tracker_releasing_object(object, -1, "", caller));
}

/* ---- what outlives the process ----------------------------------------------------------------------------
 */

static const void *name_object(const char *path) {
    uint64_t hash = 0xcbf29ce484222325u; /* 64-bit FNV-1a */
    for (; *path; path++)
        hash = (hash ^ (unsigned char)*path) * 0x100000001b3u;
    return (const void *)(uintptr_t)RECORD_NAME_OBJECT(hash);
}

void tracker_name_made(const char *path, const char *call, uintptr_t caller) {
    const void *object = name_object(path);
    tracker_acquired_object(object, RECORD_KIND_SHM_NAME, -1, false, call, caller, NULL);
    uint64_t at = ready(false) ? objects_find((uintptr_t)object) : 0;
    if (at) /* release: the path before the place that leads to it */
        atomic_store_explicit(&((struct record_slot *)record_at(at))->detail, names_keep(path),
                              memory_order_release);
}

void tracker_name_removed(const char *path, uintptr_t caller) {
    tracker_released_object(tracker_releasing_object(name_object(path), -1, "", caller));
}

void tracker_ipc_made(enum record_ipc sort, int id, const char *call, uintptr_t caller) {
    const void *object = (const void *)(uintptr_t)RECORD_IPC_OBJECT(sort, id);
    tracker_acquired_object(object, RECORD_KIND_IPC_ID, -1, false, call, caller, NULL);
}

void tracker_standard_error_is(bool the_programs) { exit_pass_standard_error_is(the_programs); }

/* ---- processes --------------------------------------------------------------------------------------------
 */

FORK_CODE void tracker_fork_begin(void) {
    if (!watching || lockdown_is_on())
        return;
    /* what a fork child inherited, its own children inherit */
    bool has_record = record_is_copied() || ready_for_more();
    if (has_record && LOAD(&record_header()->end) == RECORD_END_RUNNING)
        give_file(); /* who forks again will hardly execute anything itself */
    uint64_t sequence = has_record ? LOAD(&record_header()->sequence) : 0;
    if (has_record)
        record_copy_for_child();
    forks_begin(sequence);
}

void tracker_fork_begin_untold(void) {
    if (watching)
        forks_begin_untold();
}

FORK_CODE void tracker_fork_end(pid_t child) {
    if (watching && !lockdown_is_on())
        forks_end(child);
}

/* Options by which a process has something to tell that does nothing. */
static bool all_are_told(void) {
    return settings.verbosity || settings.unseen || settings.inherited || settings.exec_leaks;
}

FORK_CODE void tracker_fork_child(void) {
    if (!watching || lockdown_is_on())
        return;
    bool can_wait = record_forked() && !threaded && !all_are_told();
    forks_child();
    if (threaded)
        unwind_in_fork_child();
    threaded = false;
    if (!can_wait)
        ready(false);
}

/* At the end, or a step before. A fork child that has used no handle has something to tell only as its parent's
 * heir. */
FORK_CODE static bool has_record_at_end(void) {
    if (record_is_none())
        return false;
    enum record_readiness readiness = record_readiness();
    if (readiness == RECORD_FORKED && !lockdown_is_on() && forks_may_be_orphan())
        return ready(false);
    return readiness == RECORD_READY;
}

static bool file_taken; /* before an exec that may fail */

FORK_CODE static bool can_tell(void) { return record_readiness() == RECORD_READY && !lockdown_is_on(); }

static void set_end(enum record_end end) {
    atomic_store_explicit(&record_header()->end, end, memory_order_relaxed); /* one word, for readers */
}

static void take_file(void) {
    file_taken = record_path()[0];
    record_remove();
}

static void give_file_back(void) {
    if (file_taken && !threaded)
        record_give_file();
}

void tracker_leaving(void) {
    if (!watching)
        return;
    forks_mark_executing(true);
    ready_for_more(); /* the fork that follows finds it as this leaves it */
    if (!can_tell())
        return;
    set_end(RECORD_END_EXEC);
    take_file();
}

void tracker_stayed(void) {
    if (!watching)
        return;
    forks_mark_executing(false);
    if (!can_tell())
        return;
    set_end(RECORD_END_RUNNING);
    give_file_back();
}

/* Whether whoever reports on the process will want the records of the images before this one. */
static bool predecessors_are_reported(void) { return settings.exec_leaks || settings.inherited; }

/* With a bare preload nobody else can tell what has passed: once, since shells try one path after another. */
static void tell_what_passes(void) {
    static bool told;
    if (!settings.exec_leaks || settings.report_none || told)
        return;
    told = true;
    renderer_run(output_descriptor());
}

/* The other image makes a record of its own. This one's file stays if it can tell where descriptors of the
 * other come from; else it would only be in the way. A fork child makes one for it only if an option will ask.
 */
FORK_CODE void tracker_executing(void) {
    if (!watching)
        return;
    forks_mark_executing(true);
    bool asked_for = predecessors_are_reported();
    if (asked_for)
        ready(false); /* a fork child that has acquired nothing */
    if (!can_tell())
        return;
    exit_pass_note_end(RECORD_END_EXEC, 0);
    file_taken = false;
    if (!record_path()[0] && !asked_for)
        return;
    if (!passing_count())
        return take_file();
    if (!record_path()[0] && !threaded)
        record_give_file();
    if (!asked_for)
        succession_leave();
    tell_what_passes();
}

void tracker_execute_failed(void) {
    if (!watching)
        return;
    forks_mark_executing(false);
    if (!can_tell())
        return;
    struct record_header *header = record_header();
    atomic_store_explicit(&header->ended_realtime, 0, memory_order_relaxed); /* ends nothing any more */
    atomic_store_explicit(&header->ended_monotonic, 0, memory_order_relaxed);
    set_end(RECORD_END_RUNNING);
    passing_forget();
    succession_stay();
    give_file_back();
}

void tracker_spawning(void) {
    if (watching && settings.exec_leaks && can_tell())
        passing_count();
}

int tracker_report_signal(void) { return watching ? (int)settings.report_signal : 0; }

void tracker_report(void) {
    if (ready(true) && !lockdown_is_on())
        request_report();
}

void tracker_aborting(void) {
    if (watching && record_readiness() == RECORD_READY)
        set_end(RECORD_END_ABORT);
}

void tracker_will_execute(const char *file, bool search, char *const *environment) {
    if (watching && settings.record[0] && !lockdown_is_on())
        unwatched_note(settings.record, file, search, environment);
}

/* ---- the end ----------------------------------------------------------------------------------------------
 */

FORK_CODE void tracker_ending(uintptr_t caller) {
    if (watching && has_record_at_end())
        exit_pass_ending(caller);
}

static RARE void end_with_record(enum record_end end, int status, bool may_flush) {
    end_quarantine();
    misuse_closing(-1, 0); /* no further close of this thread can tell a loop */
    exit_pass(end, status, may_flush, threaded);
}

FORK_CODE void tracker_end(enum record_end end, int status, bool may_flush) {
    if (!watching)
        return;
    forks_mark_ended(); /* first: who hands over to this process now would find nobody */
    if (has_record_at_end())
        end_with_record(end, status, may_flush);
    if (!predecessors_are_reported() && !lockdown_is_on() && !forks_is_child())
        succession_end();
}
