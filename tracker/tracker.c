/* tracker.c - the facts that the shim reports, put where they belong. See tracker.h. */
#include "tracker/tracker.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <unistd.h>

#include "tracker/clock.h"
#include "tracker/depot.h"
#include "tracker/exit_pass.h"
#include "tracker/kernel.h"
#include "tracker/libc_start.h"
#include "tracker/lockdown.h"
#include "tracker/mappings.h"
#include "tracker/misuse.h"
#include "tracker/modules.h"
#include "tracker/names.h"
#include "tracker/numbers.h"
#include "tracker/objects.h"
#include "tracker/parent.h"
#include "tracker/paths.h"
#include "tracker/quarantine.h"
#include "tracker/ready.h"
#include "tracker/record.h"
#include "tracker/settings.h"
#include "tracker/shortage.h"
#include "tracker/single.h"
#include "tracker/text.h"
#include "tracker/threads.h"

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)

static bool wanted[RECORD_KIND_COUNT];

/* ---- start ------------------------------------------------------------------------------------------------
 */

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
    bool unwinder_lost = !unwind_start(settings.unwind);
    exit_pass_configure(start);
    ready_start(unwinder_lost);
    if (settings.unseen)
        tracker_prepare(); /* else what is opened past us before the first acquire counts as inherited */
    return true;
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
        ready_give_file();
}

static unsigned flags_of(uint64_t at) { return LOAD(&((struct record_slot *)record_at(at))->flags); }

/* An object that was freed as memory and never closed, and the one that was made at its address. */
struct freed {
    uint64_t word, address;
    int next;
    bool found;
};

/* The descriptor that it leaves open stands for it from now on. */
static void stand_for(int number, uint64_t at, void *context) {
    struct freed *freed = context;
    struct record_slot *slot = record_at(at);
    uint64_t word = LOAD(&slot->word);
    if (RECORD_WORD_STATE(word) != RECORD_STATE_OWNED || LOAD(&slot->object) != freed->address ||
        number == freed->next || !kernel_is_open(number))
        return;
    struct slot_facts facts = {
        .state = RECORD_STATE_LIVE,
        .kind = (enum record_kind)RECORD_WORD_KIND(freed->word),
        .stack = RECORD_WORD_STACK(freed->word),
        .thread = LOAD(&slot->thread),
        .number = -1,
    };
    freed->found |= slot_acquire_over(at, word, &facts);
}

static bool may_own_number(enum record_kind kind) {
    return kind == RECORD_KIND_STREAM || kind == RECORD_KIND_DIRSTREAM || kind == RECORD_KIND_PROCESS;
}

/* True if what lived at the address of a new object has left a descriptor; else it was closed where nobody saw
 * it.
 */
static bool leaves_number(uint64_t before, uint64_t address, int next) {
    struct freed freed = {.word = before, .address = address, .next = next};
    if (address && RECORD_WORD_STATE(before) == RECORD_STATE_LIVE &&
        may_own_number((enum record_kind)RECORD_WORD_KIND(before)) && !lockdown_is_on())
        numbers_visit(0, ~0u, stand_for, &freed);
    return freed.found;
}

/* `address`: of the new handle, 0: it is a number. */
static RARE void count_displaced(uint64_t before, unsigned flags, uint64_t address, int next) {
    unsigned state = RECORD_WORD_STATE(before);
    if (leaves_number(before, address, next))
        return;
    bool from_fork = state == RECORD_STATE_RELEASING && flags & RECORD_SLOT_FROM_FORK;
    if (state != RECORD_STATE_INHERITED && !from_fork && !(flags & RECORD_SLOT_INSIDE))
        depot_count_closed(RECORD_WORD_STACK(before), 0, 0);
    if (state == RECORD_STATE_LIVE || state == RECORD_STATE_OWNED)
        record_lost(RECORD_LOSS_CLOSE);
}

/* A new handle where `before` was, whose `flags` were asked before it was written. True if nothing was there,
 * and not even another acquire that this one has overtaken. */
static bool displace(uint64_t before, unsigned flags, const struct slot_facts *facts) {
    bool is_inside = facts->flags & RECORD_SLOT_INSIDE;
    if (!is_inside)
        depot_count_opened(facts->stack);
    if (RECORD_WORD_STATE(before) == RECORD_STATE_FREE)
        return true;
    count_displaced(before, flags, is_inside ? 0 : facts->object, facts->number);
    return false;
}

static void acquire_number(uint64_t at, const struct slot_facts *facts) {
    unsigned flags = flags_of(at);
    if (displace(slot_acquire(at, facts), flags, facts))
        ready_count_open();
}

/* What a wrong close is judged by: tables of descriptors that are not only ours say nothing. */
static bool may_judge(void) { return ready(false) && !ready_tables_differ && !exit_pass_is_left_to_kernel(); }

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
    if (ready_watching)
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
}

static inline bool lists_numbers(const char *path) {
    return kernel_may_list_numbers(path) && kernel_lists_numbers(path);
}

/* The list's own number will be the lowest one that is free. */
void tracker_lists(const char *path) {
    int number = 0;
    if (!lists_numbers(path) || !ready(false) || lockdown_is_on())
        return;
    quarantine_end();
    while (kernel_is_open(number))
        number++;
    note_list(number);
}

static inline void name(uint32_t stack, int number, const char *path) {
    names_opened(stack, path);
    if (!lists_numbers(path))
        return;
    note_list(number);
    quarantine_end();
}

USUAL void tracker_acquired(int number, enum record_kind kind, const char *call, uintptr_t caller, int from,
                            const char *path) {
    if (number < 0 || !ready(true) || ready_is_apart())
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
    uint64_t at = ready(false) && !ready_is_apart() ? numbers_find(second) : 0;
    if (at)
        atomic_store_explicit(&((struct record_slot *)record_at(at))->number, first, memory_order_relaxed);
}

void tracker_replaced(struct slot_ticket ticket, int number, const char *call, uintptr_t caller, int from) {
    if (RECORD_WORD_STATE(ticket.word) != RECORD_STATE_OWNED || !ticket.slot)
        return tracker_acquired(number, RECORD_KIND_DESCRIPTOR, call, caller, from, NULL);
    slot_settle(ticket, false); /* as it was: another descriptor under the same stream */
}

static inline struct slot_ticket releasing(int number, bool closes, const char *call, uintptr_t caller) {
    if (number < 0 || !ready(false) || ready_is_apart())
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
    ready_count_closed();
}

/* What was opened past us had that number: who closed it before closed something else. */
static RARE void forget_closer(int number) {
    if (!ready(false) || ready_is_apart())
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

bool tracker_wants_uses(void) { return ready_watching && settings.misuse >= 2; }

void tracker_used(int number, bool asks, const char *call, uintptr_t caller) {
    if (number >= 0 && may_judge())
        misuse_used(number, asks, call, caller);
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
    if (ready(false) && !ready_is_apart())
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
    if (ready(false) && !ready_is_apart())
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
    atomic_store_explicit(&slot->closer, taking->closer, memory_order_relaxed); /* a fact, as the others */
    atomic_store_explicit(&slot->number, -1, memory_order_relaxed);
    set_shared(at);
}

static RARE void take_from_others(struct tracker_object_ticket ticket) {
    struct taking taking = {.object = ticket.object.slot,
                            .closer = LOAD(&((struct record_slot *)record_at(ticket.number.slot))->closer),
                            .number = LOAD(&((struct record_slot *)record_at(ticket.object.slot))->number)};
    if (taking.number >= 0) /* else it was taken from this one as well */
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
    if (ready_is_apart())
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

/* What is released once more by the address that it had is told before the real call, which may crash. */
static bool has_one_release(enum record_kind kind) {
    return may_own_number(kind) || kind == RECORD_KIND_ICONV || kind == RECORD_KIND_FTS ||
           kind == RECORD_KIND_CATALOGUE || kind == RECORD_KIND_TIMER;
}

static RARE void releasing_again(uint64_t address, const char *call, uintptr_t caller) {
    uint64_t at = may_judge() ? objects_find_released(address) : 0;
    const struct record_slot *slot = at ? record_at(at) : NULL;
    uint64_t word = slot ? LOAD(&slot->word) : 0, closer = slot ? LOAD(&slot->closer) : 0;
    enum record_kind kind = (enum record_kind)RECORD_WORD_KIND(word);
    if (closer && has_one_release(kind) && !(flags_of(at) & RECORD_SLOT_CLOSED_IN_RANGE))
        misuse_released_again(RECORD_WORD_STACK(word), kind, -1, closer, call, caller);
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
    else
        releasing_again(ticket.address, call, caller);
    if (is_taken && ticket.object.slot && may_judge())
        misuse_released_again(RECORD_WORD_STACK(ticket.object.word),
                              (enum record_kind)RECORD_WORD_KIND(ticket.object.word), number, taker, call,
                              caller);
    at = ready_is_apart() ? 0 : numbers_find(number);
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

void tracker_emptied_object(struct tracker_object_ticket ticket) {
    if (ticket.object.slot) /* a fact by itself */
        atomic_fetch_or_explicit(&((struct record_slot *)record_at(ticket.object.slot))->flags,
                                 RECORD_SLOT_CLOSED_IN_RANGE, memory_order_relaxed);
    tracker_released_object(ticket);
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

bool tracker_wants(enum record_kind kind) { return ready_watching && wanted[kind]; }

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
