/* unwind_rules.c - walks by the rules of .eh_frame, each read once and then kept packed in one word.
 *
 * The cache is shared by all threads without a lock. An entry is two words, the rule and the rule ^ key:
 * whatever mixture of two writers' words a reader meets, it does not match the key that the reader wants, and
 * an entry that matches is right by itself. So all accesses are relaxed. Nothing is lost when entries push each
 * other out.
 *
 * The key is the pc, with the epoch in bits that addresses of programs do not use: a new epoch makes all older
 * entries strangers.
 *
 * A page of the cache belongs to neighbouring code. A small process touches only the first one, which is all
 * there is until a set of it is full.
 */
#include <stdatomic.h>

#include "tracker/large.h"
#include "tracker/unwind_backends.h"
#include "tracker/unwind_frame_info.h"

#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* A rule
 *
 *   63         43 42     29 28     15 14    11 10   9 8    7 6      3 2    0
 *  +-------------+---------+---------+--------+------+------+--------+------+
 *  |   offset    |   rbp   |   rbx   | addend | how  | how  |  CFA   | kind |
 *  |             | offset  | offset  |        | rbx  | rbp  | regis. |      |
 *  +-------------+---------+---------+--------+------+------+--------+------+
 *
 * Offsets and the addend count words; offsets are signed. What does not fit is FRAME_UNKNOWN; compilers save
 * registers next to the CFA, so that frames of up to 8 MiB do. */
enum {
    RULE_REGISTER_SHIFT = 3,
    RULE_RBP_SHIFT = 7,
    RULE_RBX_SHIFT = 9,
    RULE_ADDEND_SHIFT = 11,
    RULE_RBX_OFFSET_SHIFT = 15,
    RULE_RBP_OFFSET_SHIFT = 29,
    RULE_OFFSET_SHIFT = 43,
    RULE_PLACE_BITS = 14,
    RULE_OFFSET_BITS = 21,
    RULE_ADDEND_BITS = 4
};
#define RULE_KIND(rule) ((rule)&7)
#define RULE_REGISTER(rule) ((rule) >> RULE_REGISTER_SHIFT & 15)
#define RULE_RBP(rule) ((rule) >> RULE_RBP_SHIFT & 3)
#define RULE_RBX(rule) ((rule) >> RULE_RBX_SHIFT & 3)
#define RULE_ADDEND(rule) (((rule) >> RULE_ADDEND_SHIFT & 15) * 8)
#define RULE_SIGNED(rule, shift, bits)                                                                         \
    ((uint64_t)((int64_t)((rule) << (64 - (shift) - (bits))) >> (64 - (bits))) * 8)
#define RULE_OFFSET(rule) RULE_SIGNED(rule, RULE_OFFSET_SHIFT, RULE_OFFSET_BITS)
#define RULE_RBP_OFFSET(rule) RULE_SIGNED(rule, RULE_RBP_OFFSET_SHIFT, RULE_PLACE_BITS)
#define RULE_RBX_OFFSET(rule) RULE_SIGNED(rule, RULE_RBX_OFFSET_SHIFT, RULE_PLACE_BITS)

static bool fits(int64_t offset, unsigned bits) {
    int64_t words = offset >> 3;
    return !(offset & 7) && words >= -(1l << (bits - 1)) && words < 1l << (bits - 1);
}

static uint64_t field(int64_t offset, unsigned bits, unsigned shift) {
    return ((uint64_t)(offset >> 3) & ((1ul << bits) - 1)) << shift;
}

static uint64_t pack(const struct frame_rule *rule) {
    if (rule->kind != FRAME_CFA_REGISTER && rule->kind != FRAME_CFA_MEMORY)
        return rule->kind;
    bool possible = fits(rule->offset, RULE_OFFSET_BITS) && fits(rule->rbp.offset, RULE_PLACE_BITS) &&
                    fits(rule->rbx.offset, RULE_PLACE_BITS) && rule->addend >= 0 &&
                    fits(rule->addend, RULE_ADDEND_BITS + 1) && rule->cfa_register < FRAME_REGISTER_RETURN;
    if (!possible)
        return FRAME_UNKNOWN;
    return (uint64_t)rule->kind | (uint64_t)rule->cfa_register << RULE_REGISTER_SHIFT |
           (uint64_t)rule->rbp.saved << RULE_RBP_SHIFT | (uint64_t)rule->rbx.saved << RULE_RBX_SHIFT |
           field(rule->addend, RULE_ADDEND_BITS, RULE_ADDEND_SHIFT) |
           field(rule->rbx.offset, RULE_PLACE_BITS, RULE_RBX_OFFSET_SHIFT) |
           field(rule->rbp.offset, RULE_PLACE_BITS, RULE_RBP_OFFSET_SHIFT) |
           field(rule->offset, RULE_OFFSET_BITS, RULE_OFFSET_SHIFT);
}

/* The cache: PAGES * SETS sets of WAYS entries; a set is a cache line, SETS of them a page. */

enum { PAGE_BITS = 4, SET_BITS = 6, WAYS = 4, ADDRESS_BITS = 47, EPOCH_SHIFT = 48, EPOCHS = 1 << 15 };

struct rule_entry {
    _Atomic uint64_t check; /* rule ^ key */
    _Atomic uint64_t rule;
};

typedef struct rule_entry rule_set[WAYS];
_Static_assert(sizeof(rule_set) == 64, "one set, one cache line");
static LARGE _Alignas(4096) rule_set rule_cache[1 << PAGE_BITS][1 << SET_BITS];
static _Atomic uint64_t pages_used;  /* a mask of their places, in bytes */
static _Atomic uint64_t forgets = 1; /* the epoch, in its lowest bits */

/* 2^64 / golden ratio: multiplicative hashing takes the upper bits of a product. */
#define SPREAD 0x9e3779b97f4a7c15

/* Byte offsets instead of indexes: every shift lengthens the chain of one step. */
UNWIND_INLINE struct rule_entry *set_of(uint64_t pc) {
    uint64_t page = (pc >> 14) * SPREAD >> (64 - PAGE_BITS - 12);
    page &= atomic_load_explicit(&pages_used, memory_order_relaxed);
    uint64_t set = pc * SPREAD >> (64 - SET_BITS - 6) & ((1 << SET_BITS) - 1) << 6;
    return (struct rule_entry *)((char *)rule_cache + page + set);
}

static void keep(uint64_t pc, uint64_t key, uint64_t rule) {
    struct rule_entry *set = set_of(pc);
    unsigned way = 0;
    while (way < WAYS && atomic_load_explicit(&set[way].check, memory_order_relaxed))
        way++;
    if (way == WAYS) {
        atomic_store_explicit(&pages_used, ((1ul << PAGE_BITS) - 1) << 12, memory_order_relaxed);
        way =
            (unsigned)(pc * SPREAD >> 40) % WAYS; /* of one set: they differ in these bits as well as in any */
    }
    atomic_store_explicit(&set[way].rule, rule, memory_order_relaxed);
    atomic_store_explicit(&set[way].check, rule ^ key, memory_order_relaxed);
}

/* An address outside of all modules is asked for anew each time: a module may be loaded there. */
static __attribute__((noinline)) uint64_t learn_rule(uint64_t pc, uint64_t key) {
    struct frame_rule found;
    if (!frame_info_find(pc & ~RECORD_PC_EXACT, pc & RECORD_PC_EXACT, &found))
        return FRAME_UNKNOWN;
    uint64_t rule = pack(&found);
    keep(pc, key, rule);
    return rule;
}

UNWIND_INLINE uint64_t rule_for(uint64_t pc, uint64_t epoch) {
    struct rule_entry *set = set_of(pc);
    uint64_t key = pc ^ epoch;
    for (unsigned way = 0; way < WAYS; way++) {
        uint64_t rule = atomic_load_explicit(&set[way].rule, memory_order_relaxed);
        if (LIKELY((atomic_load_explicit(&set[way].check, memory_order_relaxed) ^ rule) == key))
            return rule;
    }
    return learn_rule(pc, key);
}

/* Acquire: what is read about modules from here on is at least as new as the epoch (rules_forget). */
uint64_t rules_forgets(void) { return atomic_load_explicit(&forgets, memory_order_acquire); }

/* In its place in a key. */
UNWIND_INLINE uint64_t current_epoch(void) {
    return (atomic_load_explicit(&forgets, memory_order_acquire) & (EPOCHS - 1)) << EPOCH_SHIFT;
}

static void empty_cache(void) {
    for (unsigned page = 0; page < 1 << PAGE_BITS; page++)
        for (unsigned set = 0; set < 1 << SET_BITS; set++)
            for (unsigned way = 0; way < WAYS; way++)
                atomic_store_explicit(&rule_cache[page][set][way].check, 0, memory_order_relaxed);
}

void rules_forget(void) {
    uint64_t before = atomic_load_explicit(&forgets, memory_order_relaxed);
    do {
        if ((before + 1) % EPOCHS == 0) /* epochs begin anew: what is left of the first ones would match */
            empty_cache();
        /* release: the module is gone before its epoch ends */
    } while (!atomic_compare_exchange_weak_explicit(&forgets, &before, before + 1, memory_order_release,
                                                    memory_order_relaxed));
}

bool rules_available(void) { return frame_info_available(); }

bool rules_signal_return(uintptr_t address) {
    return RULE_KIND(rule_for(address, current_epoch())) == FRAME_SIGNAL;
}

/* One step. The common frame is left by inlined code that works on registers only. All else is done slowly and
 * with a copy of the cursor, field by field: a cursor whose address is known outside would live in memory. */

static bool plausible_pc(uint64_t pc) { return pc >= 4096 && pc >> ADDRESS_BITS == 0; }

static bool read_word(struct unwind_cursor *cursor, uintptr_t address, uint64_t *word) {
    if (address & 7)
        return false;
    if (!stack_holds(cursor->window, address))
        cursor->window = stack_window_reach(cursor->window, address);
    if (!stack_holds(cursor->window, address))
        return false;
    *word = stack_word(address);
    return true;
}

/* The kernel's struct ucontext: general registers begin behind flags, link and stack (asm/sigcontext.h). */
enum {
    CONTEXT_REGISTERS = 40,
    CONTEXT_RBP = CONTEXT_REGISTERS + 8 * 10,
    CONTEXT_RBX = CONTEXT_REGISTERS + 8 * 11,
    CONTEXT_RSP = CONTEXT_REGISTERS + 8 * 15,
    CONTEXT_RIP = CONTEXT_REGISTERS + 8 * 16
};

static bool enter_interrupted(struct unwind_cursor *cursor) {
    uintptr_t context = cursor->stack_pointer;
    uint64_t pc, stack_pointer, frame_pointer, base_pointer;
    if (!read_word(cursor, context + CONTEXT_RIP, &pc) ||
        !read_word(cursor, context + CONTEXT_RSP, &stack_pointer) ||
        !read_word(cursor, context + CONTEXT_RBP, &frame_pointer) ||
        !read_word(cursor, context + CONTEXT_RBX, &base_pointer))
        return false;
    cursor->pc = pc | RECORD_PC_EXACT;
    cursor->stack_pointer = stack_pointer;
    cursor->frame_pointer = frame_pointer;
    cursor->base_pointer = base_pointer;
    cursor->context = context;
    return plausible_pc(pc);
}

/* A register of this frame, by its number in unwind information. Those that are not followed are known where
 * a signal has saved them. r12 to r15 only of the interrupted frame itself: further out they may have been
 * saved and used again. The others no compiler keeps over a call; where unwind information asks for one, it is
 * hand-written code that knows what it calls (libcrypto keeps the CFA in rax that way). */
static bool read_register(struct unwind_cursor *cursor, unsigned number, uint64_t *value) {
    static const uint8_t in_context[16] = {13, 12, 14, 11, 9, 8, 10, 15, 0, 1, 2, 3, 4, 5, 6, 7};
    switch (number) {
    case FRAME_REGISTER_RSP:
        *value = cursor->stack_pointer;
        return true;
    case FRAME_REGISTER_RBP:
        *value = cursor->frame_pointer;
        return true;
    case FRAME_REGISTER_RBX:
        *value = cursor->base_pointer;
        return true;
    }
    return cursor->context && (number < 12 || cursor->pc & RECORD_PC_EXACT) &&
           read_word(cursor, cursor->context + CONTEXT_REGISTERS + 8 * in_context[number], value);
}

static bool find_cfa(struct unwind_cursor *cursor, uint64_t rule, uintptr_t *cfa) {
    uint64_t value;
    if (!read_register(cursor, RULE_REGISTER(rule), &value))
        return false;
    value += RULE_OFFSET(rule);
    if (RULE_KIND(rule) == FRAME_CFA_MEMORY) {
        if (!read_word(cursor, value, &value))
            return false;
        value += RULE_ADDEND(rule);
    }
    *cfa = value;
    /* Outwards, or onto another stack: code that switches stacks finds its way back by rbp. */
    return value > cursor->stack_pointer || !stack_holds(cursor->window, value);
}

static bool restore(struct unwind_cursor *cursor, unsigned saved, uintptr_t cfa, uint64_t offset,
                    uint64_t *value) {
    switch (saved) {
    case FRAME_SAVED_CFA:
        return read_word(cursor, cfa + offset, value);
    case FRAME_SAVED_RBP:
        return read_word(cursor, cursor->frame_pointer + offset, value);
    case FRAME_SAVED_LOST:
        *value = 0;
    }
    return true;
}

static bool leave_frame(struct unwind_cursor *cursor, uint64_t rule) {
    uint64_t cfa, pc, frame_pointer = cursor->frame_pointer, base_pointer = cursor->base_pointer;
    if (!find_cfa(cursor, rule, &cfa) || !read_word(cursor, cfa - 8, &pc) || !plausible_pc(pc))
        return false;
    if (!restore(cursor, RULE_RBX(rule), cfa, RULE_RBX_OFFSET(rule), &base_pointer) ||
        !restore(cursor, RULE_RBP(rule), cfa, RULE_RBP_OFFSET(rule), &frame_pointer))
        return false;
    cursor->pc = pc;
    cursor->stack_pointer = cfa;
    cursor->frame_pointer = frame_pointer;
    cursor->base_pointer = base_pointer;
    return true;
}

/* A guessed frame is no larger: libunwind's bound (Gstep.c). */
#define CHAIN_FRAME_BYTES_MAXIMUM 0x4000

bool chain_step(struct unwind_cursor *cursor) {
    uintptr_t frame = cursor->frame_pointer;
    uint64_t pc, frame_pointer;
    /* equal: a function that pushed rbp and nothing else */
    if (frame < cursor->stack_pointer || frame - cursor->stack_pointer > CHAIN_FRAME_BYTES_MAXIMUM)
        return false;
    if (!read_word(cursor, frame, &frame_pointer) || !read_word(cursor, frame + 8, &pc) || !plausible_pc(pc))
        return false;
    /* rbp was no frame, but the address of something else: of argv, for one */
    if (stack_holds(cursor->window, pc) || stack_is_below(pc))
        return false;
    cursor->pc = pc;
    cursor->stack_pointer = frame + 16;
    cursor->frame_pointer = frame_pointer;
    return true;
}

static __attribute__((noinline)) bool step_slowly(struct unwind_cursor *cursor, uint64_t rule) {
    switch (RULE_KIND(rule)) {
    case FRAME_CFA_REGISTER:
    case FRAME_CFA_MEMORY:
        return leave_frame(cursor, rule);
    case FRAME_SIGNAL:
        return enter_interrupted(cursor);
    case FRAME_UNKNOWN:
        return chain_step(cursor);
    }
    return false; /* FRAME_OUTERMOST */
}

UNWIND_INLINE void copy_cursor(struct unwind_cursor *to, const struct unwind_cursor *from) {
    to->pc = from->pc;
    to->stack_pointer = from->stack_pointer;
    to->frame_pointer = from->frame_pointer;
    to->base_pointer = from->base_pointer;
    to->context = from->context;
    to->window.low = from->window.low;
    to->window.high = from->window.high;
}

UNWIND_INLINE bool step_copy(struct unwind_cursor *cursor, uint64_t rule) {
    struct unwind_cursor copy;
    copy_cursor(&copy, cursor);
    bool done = step_slowly(&copy, rule);
    copy_cursor(cursor, &copy);
    return done;
}

/* True if the register could be had without leaving the window. */
UNWIND_INLINE bool restore_fast(const struct unwind_cursor *cursor, uint64_t saved, uintptr_t place,
                                uint64_t *value) {
    if (saved == FRAME_SAVED_NOT)
        return true;
    if (UNLIKELY(saved != FRAME_SAVED_CFA || !stack_holds(cursor->window, place)))
        return false;
    *value = stack_word(place);
    return true;
}

/* What a walk leaves behind, while it goes: see unwind_trail. A saved rbp is noted when it is used. */
struct footprints {
    uintptr_t *next, *end;
    uintptr_t frame_pointer; /* where the cursor's rbp was saved */
    bool whole;
};

/* Known to the compiler where this is inlined: a walk that leaves none has no need to wait for registers. */
UNWIND_INLINE void leave_footprint(struct footprints *prints, uintptr_t place) {
    if (!prints)
        return;
    if (UNLIKELY(prints->next == prints->end)) {
        prints->whole = false;
        return;
    }
    *prints->next++ = place;
}

/* As a step by the chain of rbp; whole if all that it read is where the walk began. That there are no rules for
 * the address is true for as long as no module is loaded there, which would have to put the same return address
 * into the same words. */
UNWIND_INLINE bool step_by_chain(struct unwind_cursor *cursor, uint64_t rule, struct footprints *prints) {
    uintptr_t frame = cursor->frame_pointer;
    bool is_near = stack_holds(cursor->window, frame) && stack_holds(cursor->window, frame + 8);
    bool done = step_copy(cursor, rule);
    if (!done || !is_near) {
        prints->whole = false;
        return done;
    }
    leave_footprint(prints, prints->frame_pointer);
    leave_footprint(prints, frame + 8);
    prints->frame_pointer = frame;
    return true;
}

UNWIND_INLINE bool step_aside(struct unwind_cursor *cursor, uint64_t rule, struct footprints *prints) {
    if (prints && RULE_KIND(rule) == FRAME_UNKNOWN)
        return step_by_chain(cursor, rule, prints);
    if (prints && RULE_KIND(rule) != FRAME_OUTERMOST) /* which is decided by the rule alone */
        prints->whole = false;
    return step_copy(cursor, rule);
}

UNWIND_INLINE bool step_outwards(struct unwind_cursor *cursor, uint64_t epoch, struct footprints *prints) {
    uint64_t rule = rule_for(cursor->pc, epoch);
    const uint64_t by_stack_pointer = FRAME_CFA_REGISTER | FRAME_REGISTER_RSP << RULE_REGISTER_SHIFT;
    const uint64_t by_frame_pointer = FRAME_CFA_REGISTER | FRAME_REGISTER_RBP << RULE_REGISTER_SHIFT;
    uint64_t how = rule & 0x7f;
    uintptr_t base = cursor->stack_pointer;
    if (how != by_stack_pointer) {
        if (UNLIKELY(how != by_frame_pointer))
            return step_aside(cursor, rule, prints);
        base = cursor->frame_pointer;
        leave_footprint(prints, prints ? prints->frame_pointer : 0);
    }
    uintptr_t cfa = base + RULE_OFFSET(rule);
    if (UNLIKELY(cfa & 7 || cfa <= cursor->stack_pointer || !stack_holds(cursor->window, cfa - 8)))
        return step_aside(cursor, rule, prints);
    uint64_t pc = stack_word(cfa - 8);
    uint64_t frame_pointer = cursor->frame_pointer, base_pointer = cursor->base_pointer;
    if (UNLIKELY(!restore_fast(cursor, RULE_RBP(rule), cfa + RULE_RBP_OFFSET(rule), &frame_pointer) ||
                 !restore_fast(cursor, RULE_RBX(rule), cfa + RULE_RBX_OFFSET(rule), &base_pointer)))
        return step_aside(cursor, rule, prints);
    leave_footprint(prints, cfa - 8);
    if (prints && RULE_RBP(rule) != FRAME_SAVED_NOT)
        prints->frame_pointer = cfa + RULE_RBP_OFFSET(rule);
    cursor->pc = pc;
    cursor->stack_pointer = cfa;
    cursor->frame_pointer = frame_pointer;
    cursor->base_pointer = base_pointer;
    return LIKELY(plausible_pc(pc));
}

__attribute__((noinline)) bool rules_step(struct unwind_cursor *cursor) {
    return step_outwards(cursor, current_epoch(), NULL);
}

/* Frames from the cursor on, which stands in the library, and not in the program if `caller` is not met. */
UNWIND_INLINE struct unwind_result walk_outwards(struct unwind_cursor *cursor, uint64_t *frames,
                                                 size_t capacity, uintptr_t caller, struct footprints *prints) {
    uint64_t epoch = current_epoch();
    size_t own = 0;
    do {
        if (UNLIKELY(own++ == UNWIND_OWN_FRAMES || !step_outwards(cursor, epoch, prints))) {
            if (prints)
                prints->whole = false;
            return unwind_caller_only(frames, caller);
        }
    } while (cursor->pc != caller);
    struct unwind_result result = {.frames = 0};
    do {
        if (result.frames == capacity) {
            result.cut = true;
            break;
        }
        frames[result.frames++] = cursor->pc;
    } while (step_outwards(cursor, epoch, prints));
    return result;
}

/* As copy_cursor, but word by word: the compiler would load two with one vector instruction and keep them
 * packed all the way. */
UNWIND_INLINE struct unwind_cursor copy_start(const struct unwind_cursor *start) {
    struct unwind_cursor copy;
    copy_cursor(&copy, start);
    __asm__("" : "+r"(copy.pc), "+r"(copy.stack_pointer), "+r"(copy.frame_pointer), "+r"(copy.base_pointer));
    __asm__("" : "+r"(copy.context), "+r"(copy.window.low), "+r"(copy.window.high));
    return copy;
}

__attribute__((noinline)) struct unwind_result rules_walk(const struct unwind_cursor *start, uint64_t *frames,
                                                          size_t capacity, uintptr_t caller) {
    struct unwind_cursor cursor = copy_start(start);
    return walk_outwards(&cursor, frames, capacity, caller, NULL);
}

__attribute__((noinline)) struct unwind_result rules_walk_marked(const struct unwind_cursor *start,
                                                                 uint64_t *frames, size_t capacity,
                                                                 uintptr_t caller, struct unwind_trail *trail) {
    struct unwind_cursor cursor = copy_start(start);
    struct footprints prints = {.next = trail->places,
                                .end = trail->places + UNWIND_TRAIL_WORDS,
                                .frame_pointer = UNWIND_TRAIL_START,
                                .whole = true};
    struct unwind_result result = walk_outwards(&cursor, frames, capacity, caller, &prints);
    trail->whole = prints.whole;
    trail->count = (size_t)(prints.next - trail->places);
    return result;
}
