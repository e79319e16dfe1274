/* unwind_ask of tracker/unwind.h: an answer that was remembered is compared with a fresh walk, each time, over
 * stacks that are made to be mistaken for one another. */
#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/suite.h"
#include "tracker/unwind.h"
#include "tracker/unwind_memo.h"

#define APART __attribute__((noinline, noclone))

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { ROUNDS = 2000 };
#else
enum { ROUNDS = 20000 };
#endif

static char folder[] = "/tmp/leftopen-memo-XXXXXX";
static _Thread_local volatile unsigned sink;

/* ---- answers ---- */

struct stack {
    const char *call;
    uint64_t hash;
    uint32_t frames;
    bool cut;
};

enum { ANSWERS = 1 << 22 };
static struct stack answers[ANSWERS]; /* [answer] */
static atomic_uint answer_count = 1;
static atomic_uint asked, wrong;
static const char *call = "call";
static size_t capacity = 32;

static struct stack describe(const char *name, const uint64_t *frames, struct unwind_result result) {
    struct stack stack = {name, 0, (uint32_t)result.frames, result.cut};
    for (size_t i = 0; i < result.frames; i++)
        stack.hash = (stack.hash ^ frames[i]) * 0x9e3779b97f4a7c15 + (stack.hash >> 29);
    return stack;
}

static bool equal(const struct stack *a, const struct stack *b) {
    return a->call == b->call && a->hash == b->hash && a->frames == b->frames && a->cut == b->cut;
}

static uint32_t answer(const char *name, const uint64_t *frames, struct unwind_result result) {
    uint32_t id = atomic_fetch_add(&answer_count, 1);
    if (id >= ANSWERS)
        return 0;
    answers[id] = describe(name, frames, result);
    return id;
}

static unsigned remembered(void) { return atomic_load(&asked) - (atomic_load(&answer_count) - 1); }

/* An alternate signal stack has no room for more than the caller. */
static struct stack expected(uintptr_t caller) {
    uint64_t frames[UNWIND_MAXIMUM_FRAMES] = {caller};
    stack_t alternate;
    sigaltstack(NULL, &alternate);
    if (alternate.ss_flags & SS_ONSTACK)
        return describe(call, frames, (struct unwind_result){.frames = 1});
    return describe(call, frames, unwind_here(frames, capacity, caller));
}

/* Stands for a wrapper of the library. */
static APART void ask(void) {
    uintptr_t caller = (uintptr_t)__builtin_return_address(0);
    atomic_fetch_add(&asked, 1);
    uint32_t id = unwind_ask(call, caller, capacity, answer);
    struct stack fresh = expected(caller);
    if (id && !equal(&answers[id], &fresh))
        atomic_fetch_add(&wrong, 1);
}

static void start(void) { ck_assert(unwind_start(UNWIND_AUTO)); }

static void finish(void) {
    ck_assert_uint_eq(atomic_load(&wrong), 0);
    ck_assert_uint_lt(atomic_load(&answer_count), ANSWERS);
}

static APART void ask_from(void) {
    ask();
    sink++;
}

static APART void warm_up(void) {
    for (int i = 0; i < 40; i++)
        ask_from();
}

/* ---- trees of calls ---- */

struct tree {
    unsigned seed;
    jmp_buf *way_out; /* taken now and then */
};

static unsigned pick(struct tree *tree, unsigned count) {
    tree->seed = tree->seed * 1103515245 + 12345;
    return (tree->seed >> 16) % count;
}

static void grow(struct tree *tree, unsigned depth);

/* Frames of one size, which differ in the return address only. */
#define TWIN(name)                                                                                             \
    static APART void name(struct tree *tree, unsigned depth) {                                                \
        grow(tree, depth);                                                                                     \
        sink++;                                                                                                \
    }
TWIN(twin_a)
TWIN(twin_b)
TWIN(twin_c)

/* rbp is the frame pointer; the frame ends anywhere. */
static APART void any_size(struct tree *tree, unsigned depth) {
    volatile unsigned char *bytes = __builtin_alloca(16 * pick(tree, 4) + 1);
    bytes[0] = 1;
    grow(tree, depth);
    sink += bytes[0];
}

/* Two frames that together are always of one size: the stack pointer is the same, what lies between is not. */
static APART void second_part(struct tree *tree, unsigned depth, unsigned size) {
    volatile unsigned char *bytes = __builtin_alloca(16 * size + 1);
    bytes[0] = 1;
    grow(tree, depth);
    sink += bytes[0];
}

static APART void two_parts(struct tree *tree, unsigned depth) {
    unsigned size = pick(tree, 4);
    volatile unsigned char *bytes = __builtin_alloca(16 * size + 1);
    bytes[0] = 1;
    second_part(tree, depth, 3 - size);
    sink += bytes[0];
}

/* The same place holds what looks like frames: return addresses of before, and words of the stack. */
static APART void look_alike(struct tree *tree, unsigned depth) {
    void *volatile words[8];
    void **above = __builtin_frame_address(0);
    for (int i = 0; i < 8; i++)
        words[i] = above[i % 2];
    grow(tree, depth);
    sink += words[1] != NULL;
}

static APART void realigned(struct tree *tree, unsigned depth) {
    _Alignas(128) volatile unsigned char bytes[128];
    bytes[0] = 1;
    grow(tree, depth);
    sink += bytes[0];
}

static APART void many_registers(struct tree *tree, unsigned depth) {
    unsigned a = tree->seed, b = a * 3, c = a ^ depth, d = a >> 3, e = a + b;
    grow(tree, depth);
    sink += a ^ b ^ c ^ d ^ e;
}

/* Code without unwind information, which keeps frame pointers: calls its first argument with the others. */
typedef void generated(void (*callee)(struct tree *, unsigned), struct tree *tree, unsigned depth);
static generated *made;

/* Before all tests: their threads and signal handlers call it at once. */
static bool make_generated(void) {
    /* push %rbp; mov %rsp, %rbp; sub $48, %rsp; mov %rdi, %rax; mov %rsi, %rdi; mov %edx, %esi; call *%rax;
     * leave; ret */
    static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x30, 0x48, 0x89,
                                         0xf8, 0x48, 0x89, 0xf7, 0x89, 0xd6, 0xff, 0xd0, 0xc9, 0xc3};
    void *place = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED)
        return false;
    memcpy(place, code, sizeof code);
    made = (generated *)place;
    return mprotect(place, 4096, PROT_READ | PROT_EXEC) == 0;
}

static APART void through_generated(struct tree *tree, unsigned depth) {
    volatile unsigned char bytes[16];
    bytes[0] = 1;
    made(grow, tree, depth);
    sink += bytes[0];
}

static APART void grow(struct tree *tree, unsigned depth) {
    static void (*const shapes[])(struct tree *, unsigned) = {
        twin_a, twin_b, twin_c, any_size, two_parts, look_alike, many_registers, through_generated, realigned,
    };
    /* realigned frames are not remembered: few */
    unsigned count = pick(tree, 16) ? 8 : 9;
    if (depth)
        shapes[pick(tree, count)](tree, depth - 1);
    if (!depth || pick(tree, 4) == 0)
        ask();
    if (tree->way_out && pick(tree, 64) == 0)
        longjmp(*tree->way_out, 1);
}

static APART void grow_trees(unsigned seed, unsigned rounds, bool jumping) {
    jmp_buf way_out;
    for (volatile unsigned round = 0; round < rounds; round++) {
        /* few seeds, so that trees come again */
        struct tree tree = {.seed = seed + round % 23, .way_out = jumping ? &way_out : NULL};
        if (!setjmp(way_out))
            grow(&tree, round % 12);
    }
}

/* ---- tests ---- */

START_TEST(the_same_stack_is_walked_once) {
    warm_up();
    unsigned before = atomic_load(&answer_count);
    for (int i = 0; i < 1000; i++)
        ask_from();
    /* this loop's own call of it is met once */
    ck_assert_uint_le(atomic_load(&answer_count) - before, 1);
    ck_assert_uint_gt(remembered(), 900);
}
END_TEST

/* The bits of `path` choose who calls whom. */
static APART void by_turns(unsigned path, unsigned bits);
static APART void left(unsigned path, unsigned bits) {
    by_turns(path, bits);
    sink++;
}
static APART void right(unsigned path, unsigned bits) {
    by_turns(path, bits);
    sink += 2;
}
static APART void by_turns(unsigned path, unsigned bits) {
    if (!bits)
        ask();
    else
        (path & 1 ? left : right)(path >> 1, bits - 1);
    sink++;
}

START_TEST(many_callers_by_turns_are_remembered) {
    /* proves: walks that begin alike are told apart by what they read, however many there are between two of
     * one caller */
    enum { BITS = 6, CALLERS = 1 << BITS };
    for (unsigned path = 0; path < 4 * CALLERS; path++)
        by_turns(path, BITS);
    unsigned before = atomic_load(&answer_count);
    for (unsigned path = 0; path < 8 * CALLERS; path++)
        by_turns(path, BITS);
    /* this loop's are met once, and a few again and again: where four others have the same bucket */
    ck_assert_uint_lt(atomic_load(&answer_count) - before, 2 * CALLERS);
}
END_TEST

static APART void ask_here(struct tree *tree, unsigned depth) {
    ask();
    sink += depth + (tree != NULL);
}

START_TEST(generated_code_is_remembered) {
    /* proves: a stack with frames that only the chain of rbp tells is walked once, too */
    warm_up();
    for (int i = 0; i < 1000; i++)
        made(ask_here, NULL, 0);
    ck_assert_uint_gt(remembered(), 900);
}
END_TEST

static APART void descend(unsigned depth) {
    volatile unsigned char bytes[64];
    bytes[0] = 1;
    if (depth)
        descend(depth - 1);
    else
        ask();
    sink += bytes[0];
}

START_TEST(what_is_asked_is_part_of_the_question) {
    warm_up();
    static const char other[] = "other";
    for (int i = 0; i < 4000; i++) {
        capacity = 1 + (size_t)(i / 200);
        call = i / 20 % 2 ? "call" : other;
        descend((unsigned)i % 3 * 10);
    }
    ck_assert_uint_gt(remembered(), 1000);
}
END_TEST

START_TEST(stacks_of_all_depths) {
    capacity = UNWIND_MAXIMUM_FRAMES;
    for (int round = 0; round < 12; round++)
        for (unsigned depth = 0; depth < 150; depth++)
            descend(depth);
    ck_assert_uint_gt(remembered(), 200);
}
END_TEST

START_TEST(trees) {
    grow_trees((unsigned)_i / 2, ROUNDS, _i % 2);
    ck_assert_uint_gt(remembered(), ROUNDS / 4);
}
END_TEST

START_TEST(forgetting_asks_again) {
    warm_up();
    unsigned known = 0;
    for (int i = 0; i < 300; i++) {
        unsigned before = atomic_load(&answer_count);
        ask_from();
        known += atomic_load(&answer_count) == before;
        unwind_forget();
    }
    ck_assert_uint_eq(known, 0);
}
END_TEST

/* Signals: the handler asks as well, and interrupts everything, the memo in the middle of a store, too. */

static atomic_uint ticks;
static _Thread_local volatile sig_atomic_t ticking;
static _Thread_local sigjmp_buf after_tick;
static _Thread_local volatile sig_atomic_t may_jump;

/* The handler itself asks for the next time, so that what it interrupts gets on, however slow it is. */
static void tick_soon(void) {
    struct itimerval soon = {{0, 0}, {0, 100}};
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void on_tick(int number) {
    int before = errno;
    atomic_fetch_add(&ticks, 1);
    struct tree tree = {.seed = atomic_load(&ticks) % 5};
    errno = 77;
    grow(&tree, 3);
    if (errno != 77)
        atomic_fetch_add(&wrong, 1);
    tick_soon();
    errno = before;
    if (may_jump && atomic_load(&ticks) % 16 == 0) {
        may_jump = 0;
        siglongjmp(after_tick, 1);
    }
}

static void start_ticking(int flags) {
    struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART | flags};
    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    tick_soon();
}

static void stop_ticking(void) {
    signal(SIGALRM, SIG_IGN);
    ck_assert_uint_gt(atomic_load(&ticks), 100);
}

START_TEST(signals_ask_as_well) {
    static char other[1 << 16];
    stack_t alternate = {.ss_sp = other, .ss_size = sizeof other};
    ck_assert_int_eq(sigaltstack(&alternate, NULL), 0);
    start_ticking(_i ? SA_ONSTACK : 0);
    for (int i = 0; atomic_load(&ticks) < 2000 || i < 20; i++) {
        if (i % 64 == 0)
            unwind_forget(); /* and everything is stored again */
        grow_trees((unsigned)i % 4, 100, true);
    }
    stop_ticking();
    ck_assert_uint_gt(remembered(), 1000);
}
END_TEST

START_TEST(signals_that_jump_away) {
    start_ticking(SA_NODEFER);
    for (volatile int i = 0; atomic_load(&ticks) < 4000 || i < 20; i++) {
        if (i % 8 == 0)
            unwind_forget();
        if (!sigsetjmp(after_tick, 1)) {
            may_jump = 1;
            grow_trees((unsigned)i % 4, 100, false);
        }
        may_jump = 0;
    }
    stop_ticking();
    ck_assert_uint_gt(remembered(), 100);
}
END_TEST

/* Threads. */

static atomic_bool stop;

static void *grow_all_the_time(void *argument) {
    unsigned number = *(unsigned *)argument;
    for (unsigned round = 0; !atomic_load(&stop); round++)
        grow_trees((number + round) % 6, 50, number % 2);
    return NULL;
}

static void *grow_a_little(void *argument) {
    grow_trees(*(unsigned *)argument, 20, false);
    return NULL;
}

/* Most of them run in each other's way; those that come and go get the memory of those that went, of more than
 * one size. */
static void come_and_go(unsigned round) {
    pthread_t threads[4];
    unsigned numbers[4] = {0, 1, 0, 1};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)(1 + round % 3) << 18);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], &attributes, grow_a_little, &numbers[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    pthread_attr_destroy(&attributes);
}

START_TEST(threads_ask_at_once) {
    enum { THREADS = 6 };
    pthread_t threads[THREADS];
    unsigned numbers[THREADS];
    if (_i)
        start_ticking(0);
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, grow_all_the_time, &numbers[i]), 0);
    }
    for (unsigned round = 0; round < 200; round++) {
        come_and_go(round);
        if (round % 8 == 0)
            unwind_forget();
    }
    atomic_store(&stop, true);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    if (_i)
        stop_ticking();
    ck_assert_uint_gt(remembered(), 1000);
}
END_TEST

/* Other stacks. */

static ucontext_t main_context, coroutine_context;

static void coroutine(int seed, int depth) {
    struct tree tree = {.seed = (unsigned)seed};
    grow(&tree, (unsigned)depth);
}

static void run_coroutine(char *stack, size_t bytes, int seed, int depth) {
    ck_assert_int_eq(getcontext(&coroutine_context), 0);
    coroutine_context.uc_stack.ss_sp = stack;
    coroutine_context.uc_stack.ss_size = bytes;
    coroutine_context.uc_link = &main_context;
    makecontext(&coroutine_context, (void (*)(void))coroutine, 2, seed, depth);
    ck_assert_int_eq(swapcontext(&main_context, &coroutine_context), 0);
}

/* In a mapping, and inside the frame of a function of the thread's own stack. */
START_TEST(coroutines) {
    char inside[1 << 16];
    char *stack = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(stack, MAP_FAILED);
    for (int i = 0; i < ROUNDS; i++) {
        run_coroutine(stack, 1 << 16, i % 7, i % 5);
        run_coroutine(inside, sizeof inside, i % 7, i % 5);
        grow_trees((unsigned)i % 3, 1, false);
    }
    ck_assert_uint_gt(remembered(), ROUNDS / 2);
}
END_TEST

/* A stack of one page; what was behind it is gone, and a walk that would be as before must not look there. */
START_TEST(a_stack_that_became_smaller) {
    char *pages = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(pages, MAP_FAILED);
    warm_up();
    for (int round = 0; round < 200; round++) {
        run_coroutine(pages, 8 * 4096, 1, 2);
        ck_assert_int_eq(mprotect(pages + 7 * 4096, 4096, round % 2 ? PROT_READ | PROT_WRITE : PROT_NONE), 0);
        run_coroutine(pages, 7 * 4096, 1, 2);
        ck_assert_int_eq(mprotect(pages + 7 * 4096, 4096, PROT_READ | PROT_WRITE), 0);
    }
}
END_TEST

/* Modules. */

static void *build_small(const char *name, const char *body) {
    char path[256], command[1024];
    snprintf(path, sizeof path, "%s/%s.so", folder, name);
    snprintf(command, sizeof command,
             "printf '%%s' '.globl entry\n.type entry, @function\nentry:\n.cfi_startproc\n%s.cfi_endproc\n"
             ".size entry, . - entry\n.section .note.GNU-stack\n' | %s -shared -x assembler - -o %s",
             body, getenv("CC") ? getenv("CC") : "cc", path);
    ck_assert_int_eq(system(command), 0);
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    ck_assert_ptr_nonnull(module);
    return module;
}

typedef void entry_function(void (*)(void));

static APART void call_module(entry_function *entry) {
    entry(ask_from);
    sink++;
}

/* The other module's frame is of another size with the same return addresses in it: what is found with the
 * old rules is another caller. */
START_TEST(modules_that_went_away) {
    static const char *const bodies[] = {
        "sub $72, %rsp\n.cfi_def_cfa_offset 80\ncall *%rdi\nadd $72, %rsp\n.cfi_def_cfa_offset 8\nret\n",
        "sub $40, %rsp\n.cfi_def_cfa_offset 48\ncall *%rdi\nadd $40, %rsp\n.cfi_def_cfa_offset 8\nret\n"};
    warm_up();
    for (int i = 0; i < 12; i++) {
        void *module = build_small(i % 2 ? "second" : "first", bodies[i % 2]);
        for (int times = 0; times < 40; times++)
            call_module((entry_function *)dlsym(module, "entry"));
        ck_assert_int_eq(dlclose(module), 0);
        unwind_forget();
    }
    ck_assert_uint_gt(remembered(), 400);
}
END_TEST

/* Forks. */

START_TEST(fork_children_remember) {
    grow_trees(1, 1000, false);
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            unsigned before = atomic_load(&answer_count);
            grow_trees(1, 1000, false);
            _exit(atomic_load(&wrong) != 0 || atomic_load(&answer_count) - before > 4000);
        }
        int status;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
}
END_TEST

/* The table itself, with words that are no stack. */

enum { WORDS = 64 };

static struct unwind_memo_key key_of(const uint64_t *words) {
    return (struct unwind_memo_key){.call = "call",
                                    .caller = 0x1000,
                                    .stack_pointer = (uintptr_t)words,
                                    .window_end = (uintptr_t)(words + WORDS),
                                    .frame_pointer = 5,
                                    .rules = 6};
}

START_TEST(everything_matters) {
    uint64_t words[WORDS] = {0};
    struct unwind_memo_key key = key_of(words), other = key;
    struct unwind_trail trail = {.whole = true, .count = 4};
    const unsigned places[] = {WORDS - 1, 0, 17};
    for (unsigned i = 0; i < 3; i++)
        trail.places[i] = (uintptr_t)&words[places[i]];
    trail.places[3] = UNWIND_TRAIL_START;
    ck_assert_uint_eq(unwind_memo_find(&key), 0);
    unwind_memo_keep(&key, &trail, 99);
    ck_assert_uint_eq(unwind_memo_find(&key), 99);
    for (unsigned i = 0; i < WORDS; i++) {
        words[i] ^= 1ull << i;
        ck_assert_uint_eq(unwind_memo_find(&key), i == places[0] || i == places[1] || i == places[2] ? 0 : 99);
        words[i] ^= 1ull << i;
    }
#define OTHER(field)                                                                                           \
    other = key;                                                                                               \
    other.field++;                                                                                             \
    ck_assert_uint_eq(unwind_memo_find(&other), 0);
    OTHER(call)
    OTHER(caller)
    OTHER(window_end)
    OTHER(frame_pointer)
    OTHER(rules)
    ck_assert_uint_eq(unwind_memo_find(&key), 99);
    trail.count = 3; /* rbp did not matter */
    key.caller++;
    unwind_memo_keep(&key, &trail, 98);
    key.frame_pointer++;
    ck_assert_uint_eq(unwind_memo_find(&key), 98);
}
END_TEST

/* Entries are written over by all threads all the time: what is found belongs together. */

static atomic_uint torn, found;

static void *write_and_find(void *argument) {
    static uint64_t words[WORDS];
    unsigned seed = *(unsigned *)argument;
    struct unwind_memo_key key = key_of(words);
    struct unwind_trail trail = {.whole = true};
    for (unsigned i = 0; i < WORDS; i++)
        trail.places[i] = (uintptr_t)&words[i];
    while (!atomic_load(&stop)) {
        seed = seed * 1103515245 + 12345;
        key.caller = 1 + (seed >> 16) % 500;
        trail.count = (seed >> 8) % WORDS;
        unwind_memo_keep(&key, &trail, (uint32_t)key.caller);
        for (unsigned times = 0; times < 8; times++) {
            key.caller = 1 + (key.caller * 7 + times) % 500;
            uint32_t id = unwind_memo_find(&key);
            atomic_fetch_add(&found, id != 0);
            atomic_fetch_add(&torn, id && id != key.caller);
        }
    }
    return NULL;
}

START_TEST(torn_entries_are_not_believed) {
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    unsigned numbers[THREADS] = {0, 1, 2, 3};
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_and_find, &numbers[i]), 0);
    for (int i = 0; i < 100 || atomic_load(&found) < 1000; i++)
        usleep(10000);
    atomic_store(&stop, true);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(atomic_load(&torn), 0);
}
END_TEST

/* A window at whose end nothing can be read, and entries that change under the reader into such of a larger
 * one.
 */

enum { PAGE = 4096, PAGES = 64, LAST_WORDS = 8 };
static uint64_t *large_window, *small_window;

static void *keep_large_ones(void *nothing) {
    struct unwind_trail trail = {.whole = true, .count = 40};
    for (unsigned i = 0; i < trail.count; i++)
        trail.places[i] = (uintptr_t)large_window + PAGE + (i % (PAGES - 1)) * PAGE;
    struct unwind_memo_key key = key_of(large_window);
    key.window_end = (uintptr_t)large_window + PAGES * PAGE;
    while (!atomic_load(&stop)) {
        key.caller = key.caller % 100000 + 1;
        unwind_memo_keep(&key, &trail, 1);
    }
    return nothing;
}

static void *find_small_ones(void *nothing) {
    struct unwind_trail trail = {.whole = true, .count = LAST_WORDS};
    for (unsigned i = 0; i < LAST_WORDS; i++)
        trail.places[i] = (uintptr_t)&small_window[i];
    struct unwind_memo_key key = key_of(small_window);
    key.window_end = (uintptr_t)(small_window + LAST_WORDS);
    while (!atomic_load(&stop)) {
        key.caller = key.caller % 8 + 1;
        uint32_t id = unwind_memo_find(&key);
        atomic_fetch_add(&found, id != 0);
        atomic_fetch_add(&torn, id && id != key.caller);
        if (!id)
            unwind_memo_keep(&key, &trail, (uint32_t)key.caller);
    }
    return nothing;
}

START_TEST(offsets_of_another_window_are_not_followed) {
    char *memory = mmap(NULL, 2 * (PAGES + 1) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
    ck_assert_int_eq(mprotect(memory, (PAGES + 1) * PAGE, PROT_READ | PROT_WRITE), 0);
    large_window = (uint64_t *)memory;
    small_window =
        (uint64_t *)(memory + (PAGES + 1) * PAGE) - LAST_WORDS; /* what cannot be read is behind it */
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, i % 2 ? find_small_ones : keep_large_ones, NULL), 0);
    for (int i = 0; i < 100 || atomic_load(&found) < 1000; i++)
        usleep(10000);
    atomic_store(&stop, true);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(atomic_load(&torn), 0);
}
END_TEST

/* ---- */

static Suite *memo_suite(void) {
    Suite *suite = suite_create("tracker/unwind_memo");
    TCase *tests = tcase_create("memo");
    tcase_set_timeout(tests, 240);
    tcase_add_checked_fixture(tests, start, finish);
    tcase_add_test(tests, the_same_stack_is_walked_once);
    tcase_add_test(tests, many_callers_by_turns_are_remembered);
    tcase_add_test(tests, generated_code_is_remembered);
    tcase_add_test(tests, what_is_asked_is_part_of_the_question);
    tcase_add_test(tests, stacks_of_all_depths);
    tcase_add_loop_test(tests, trees, 0, 8);
    tcase_add_test(tests, forgetting_asks_again);
    tcase_add_loop_test(tests, signals_ask_as_well, 0, 2);
    tcase_add_test(tests, signals_that_jump_away);
    tcase_add_loop_test(tests, threads_ask_at_once, 0, 2);
    tcase_add_test(tests, coroutines);
    tcase_add_test(tests, a_stack_that_became_smaller);
    tcase_add_test(tests, modules_that_went_away);
    tcase_add_test(tests, fork_children_remember);
    suite_add_tcase(suite, tests);
    TCase *table = tcase_create("table");
    tcase_add_test(table, everything_matters);
    tcase_add_test(table, torn_entries_are_not_believed);
    tcase_add_test(table, offsets_of_another_window_are_not_followed);
    suite_add_tcase(suite, table);
    return suite;
}

int main(void) {
    if (!mkdtemp(folder) || !make_generated())
        return 1;
    int failed = suite_run(memo_suite());
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    sink = (unsigned)system(command);
    return failed;
}
