/* tracker/unwind.h, frame by frame against libunwind, and where there is nothing to compare with: the walk must
 * not fault, and what it gives must be right as far as it goes. */
#include <check.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/suite.h"
#include "tracker/record_format.h"
#include "tracker/unwind.h"
#include "tracker/unwind_frame_info.h"

#define APART __attribute__((noinline, noclone))
#define SOURCES "tests/targets/unwind/"

enum { FRAMES = UNWIND_MAXIMUM_FRAMES, FRAMES_OF_ORACLE = FRAMES + 16 };

typedef void walk_function(void);

static char folder[] = "/tmp/leftopen-unwind-XXXXXX";
static int (*oracle)(void **, int);
static volatile int sink;

/* What the last walk gave. */
static uint64_t frames[FRAMES];
static struct unwind_result result;
static unsigned walks;

static uint64_t address(uint64_t frame) { return frame & ~RECORD_PC_EXACT; }

/* Stand for a wrapper of the library: the frames begin with its caller. */

static APART void walk(void) {
    result = unwind_here(frames, FRAMES, (uintptr_t)__builtin_return_address(0));
    walks++;
}

static void fail_with_frames(void *const *theirs, size_t count) {
    for (size_t i = 0; i < result.frames || i < count; i++)
        fprintf(stderr, "%3zu  %#18lx  %#18lx\n", i, i < result.frames ? frames[i] : 0,
                i < count ? (unsigned long)theirs[i] : 0);
    ck_abort_msg("the frames of libunwind (right) are others");
}

static APART void walk_and_compare(void) {
    uintptr_t caller = (uintptr_t)__builtin_return_address(0);
    void *all[FRAMES_OF_ORACLE];
    result = unwind_here(frames, FRAMES, caller);
    size_t count = (size_t)oracle(all, FRAMES_OF_ORACLE), first = 0;
    while (first < count && (uintptr_t)all[first] != caller)
        first++;
    ck_assert_uint_lt(first, count);
    count = count - first > FRAMES ? FRAMES : count - first;
    bool same = result.frames == count;
    for (size_t i = 0; same && i < count; i++)
        same = address(frames[i]) == (uint64_t)all[first + i];
    if (!same)
        fail_with_frames(all + first, count);
    walks++;
}

static bool has_frame_in(const void *start, size_t bytes) {
    for (size_t i = 0; i < result.frames; i++)
        if (address(frames[i]) - (uintptr_t)start < bytes)
            return true;
    return false;
}

static void start(void) {
    void *library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
    ck_assert_ptr_nonnull(library);
    oracle = (int (*)(void **, int))dlsym(library, "unw_backtrace");
    ck_assert_ptr_nonnull(oracle);
    ck_assert(unwind_start(UNWIND_AUTO));
}

/* Built pieces. */

static void run(const char *command) {
    if (system(command))
        ck_abort_msg("failed: %s", command);
}

static const char *c_compiler(void) { return getenv("CC") ? getenv("CC") : "cc"; }

static void *open_piece(const char *path) {
    void *piece = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!piece)
        ck_abort_msg("%s", dlerror());
    return piece;
}

/* The options end with what must come behind: the source is named before them. */
static void build(char *path, size_t bytes, const char *compiler, const char *source, const char *options) {
    char command[1024];
    snprintf(path, bytes, "%s/piece-%d.so", folder, getpid());
    snprintf(command, sizeof command, "%s -fPIC -shared -o %s " SOURCES "%s %s", compiler, path, source,
             options);
    run(command);
}

static const struct piece {
    const char *compiler, *source, *options; /* compiler NULL: the one of this build */
    bool optional;                           /* the compiler may be missing */
} pieces[] = {
    {NULL, "shapes.c", "-O0 -lpthread", false},
    {NULL, "shapes.c", "-O1 -lpthread", false},
    {NULL, "shapes.c", "-O2 -lpthread", false},
    {NULL, "shapes.c", "-O3 -lpthread", false},
    {NULL, "shapes.c", "-Os -s -lpthread", false},
    {NULL, "shapes.c", "-O0 -fomit-frame-pointer -lpthread", false},
    {NULL, "shapes.c", "-O2 -fno-omit-frame-pointer -lpthread", false},
    {NULL, "shapes.c", "-O2 -flto -s -lpthread", false},
    {NULL, "shapes.c", "-O2 -Wl,-z,noseparate-code -Wl,--hash-style=sysv -lpthread", false},
    {"clang", "shapes.c", "-O0 -lpthread", true},
    {"clang", "shapes.c", "-O1 -fno-omit-frame-pointer -lpthread", true},
    {"clang", "shapes.c", "-O2 -lpthread", true},
    {"clang", "shapes.c", "-O3 -fomit-frame-pointer -s -lpthread", true},
    {"g++", "shapes_cxx.cc", "-std=c++17 -O0", true},
    {"g++", "shapes_cxx.cc", "-std=c++17 -O2", true},
    {"g++", "shapes_cxx.cc", "-std=c++17 -O3 -s -static-libstdc++ -static-libgcc", true},
    {"clang++", "shapes_cxx.cc", "-std=c++17 -O0", true},
    {"clang++", "shapes_cxx.cc", "-std=c++17 -O2", true},
};
enum { PIECES = sizeof pieces / sizeof *pieces };

static bool compiler_exists(const char *compiler) {
    char command[256];
    snprintf(command, sizeof command, "command -v %s >/dev/null", compiler);
    return system(command) == 0;
}

static void walk_piece(const struct piece *piece, walk_function *function) {
    const char *compiler = piece->compiler ? piece->compiler : c_compiler();
    if (piece->optional && !compiler_exists(compiler))
        return;
    char path[256];
    build(path, sizeof path, compiler, piece->source, piece->options);
    unsigned (*shapes)(walk_function *) = dlsym(open_piece(path), "shapes");
    ck_assert_ptr_nonnull(shapes);
    walks = 0;
    for (int round = 0; round < 2; round++) /* cold and warm */
        sink += (int)shapes(function);
    ck_assert_uint_ge(walks, 20);
    unlink(path);
}

START_TEST(shapes_of_compilers) { walk_piece(&pieces[_i], walk_and_compare); }
END_TEST

/* The interface. */

START_TEST(begins_with_the_caller) {
    walk();
    ck_assert_uint_ge(result.frames, 3);
    ck_assert(!result.cut);
    ck_assert(has_frame_in((void *)begins_with_the_caller_fn, 4096));
    uint64_t next = frames[1];
    errno = 77;
    walk();
    ck_assert_int_eq(errno, 77);
    ck_assert_uint_eq(frames[1], next);
}
END_TEST

START_TEST(gives_one_frame_if_the_caller_is_not_met) {
    result = unwind_here(frames, FRAMES, 0x1234);
    ck_assert_uint_eq(result.frames, 1);
    ck_assert_uint_eq(frames[0], 0x1234);
    ck_assert(!result.cut);
}
END_TEST

static APART void descend(unsigned depth, walk_function *function) {
    volatile char bytes[64];
    bytes[0] = 1;
    if (depth)
        descend(depth - 1, function);
    else
        function();
    sink += bytes[0];
}

static APART void walk_few(void) { result = unwind_here(frames, 5, (uintptr_t)__builtin_return_address(0)); }
static APART void walk_one(void) { result = unwind_here(frames, 1, (uintptr_t)__builtin_return_address(0)); }

START_TEST(cuts_deep_stacks) {
    frames[5] = 5;
    descend(10, walk_few);
    ck_assert_uint_eq(result.frames, 5);
    ck_assert(result.cut);
    ck_assert_uint_eq(frames[5], 5);
    frames[1] = 5;
    descend(0, walk_one);
    ck_assert_uint_eq(result.frames, 1);
    ck_assert(result.cut);
    ck_assert_uint_eq(frames[1], 5);
    descend(20000, walk);
    ck_assert_uint_eq(result.frames, FRAMES);
    ck_assert(result.cut);
    walk();
    size_t shallow = result.frames;
    descend((unsigned)(FRAMES - shallow - 1), walk);
    ck_assert_uint_eq(result.frames, FRAMES);
    ck_assert(!result.cut);
}
END_TEST

START_TEST(compares_at_all_depths) {
    for (unsigned depth = 0; depth < 200; depth++)
        descend(depth, walk_and_compare);
    ck_assert_uint_eq(walks, 200);
}
END_TEST

/* Signals. */

static void on_signal_compare(int number) { walk_and_compare(); }

/* Of the frame that was interrupted; 0: none. */
static uint64_t exact_frame(void) {
    for (size_t i = 0; i < result.frames; i++)
        if (frames[i] & RECORD_PC_EXACT)
            return address(frames[i]);
    return 0;
}

static void handle(int number, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    ck_assert_int_eq(sigaction(number, &action, NULL), 0);
}

static void use_alternate_stack(size_t bytes) {
    stack_t stack = {.ss_sp = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                     .ss_size = bytes};
    ck_assert_ptr_ne(stack.ss_sp, MAP_FAILED);
    ck_assert_int_eq(sigaltstack(&stack, NULL), 0);
}

START_TEST(walks_out_of_signal_handlers) {
    if (_i)
        use_alternate_stack(1 << 16);
    handle(SIGUSR1, on_signal_compare, _i ? SA_ONSTACK : 0);
    raise(SIGUSR1);
    ck_assert_uint_eq(walks, 1);
    ck_assert_uint_ne(exact_frame(), 0);
    ck_assert(has_frame_in((void *)walks_out_of_signal_handlers_fn, 4096));
}
END_TEST

/* The fault is on a function's first instruction. What is in front of it has another frame: a rule that is
 * looked up one byte too early leads astray. */
void before_fault(void);
void fault_at_start(void);
__asm__(".text\n.type before_fault, @function\nbefore_fault:\n.cfi_startproc\nsub $72, "
        "%rsp\n.cfi_def_cfa_offset 80\n"
        "nop\n.cfi_endproc\n.size before_fault, . - before_fault\n"
        ".type fault_at_start, @function\nfault_at_start:\n.cfi_startproc\nud2\nret\n.cfi_endproc\n"
        ".size fault_at_start, . - fault_at_start\n");

static void on_fault(int number, siginfo_t *info, void *context) {
    walk_and_compare();
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

static APART void call_fault(void) {
    fault_at_start();
    sink++;
}

START_TEST(looks_up_interrupted_frames_exactly) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    ck_assert_int_eq(sigaction(SIGILL, &action, NULL), 0);
    call_fault();
    ck_assert_uint_eq(exact_frame(), (uint64_t)fault_at_start);
    ck_assert(has_frame_in((void *)call_fault, 64));
}
END_TEST

/* As assembler of cryptography does: the caller's rsp is kept in a register. The fault is there, or in what is
 * called from there. */
void fault_with_other_register(void);
void fault_below_other_register(void);
#define WITH_CFA_IN_R11(name, instruction)                                                                     \
    __asm__(".text\n.type " #name ", @function\n" #name ":\n.cfi_startproc\nlea 8(%rsp), %r11\n"               \
            ".cfi_def_cfa r11, 0\nsub $4000, %rsp\nand $-64, %rsp\n" instruction "\nlea -8(%r11), %rsp\n"      \
            ".cfi_def_cfa rsp, 8\nret\n.cfi_endproc\n.size " #name ", . - " #name "\n")
WITH_CFA_IN_R11(fault_with_other_register, "ud2");
WITH_CFA_IN_R11(fault_below_other_register, "call fault_at_start");

static APART void call_fault_with_other_register(void (*fault)(void)) {
    fault();
    sink++;
}

START_TEST(takes_registers_from_the_signal) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    ck_assert_int_eq(sigaction(SIGILL, &action, NULL), 0);
    call_fault_with_other_register(_i ? fault_below_other_register : fault_with_other_register);
    ck_assert(has_frame_in((void *)call_fault_with_other_register, 64));
}
END_TEST

static sigjmp_buf after_overflow;

static void on_overflow(int number) {
    walk();
    siglongjmp(after_overflow, 1);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winfinite-recursion"
static APART int overflow(int depth) {
    volatile char bytes[1000];
    bytes[0] = (char)depth;
    return overflow(depth + 1) + bytes[0];
}
#pragma GCC diagnostic pop

static void *overflow_here(void *unused) {
    use_alternate_stack(1 << 16);
    handle(SIGSEGV, on_overflow, SA_ONSTACK | SA_NODEFER);
    for (int round = 0; round < 3; round++) {
        result.frames = 0;
        if (!sigsetjmp(after_overflow, 1))
            sink = overflow(0);
        ck_assert_uint_eq(result.frames, FRAMES);
        ck_assert(result.cut);
        ck_assert_uint_eq(exact_frame() - (uintptr_t)overflow < 256, 1);
    }
    return NULL;
}

START_TEST(walks_out_of_a_stack_overflow) {
    if (_i == 0) {
        overflow_here(NULL);
        return;
    }
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, overflow_here, NULL), 0);
    pthread_join(thread, NULL);
}
END_TEST

/* Code without unwind information. */

static void *make_code(const uint8_t *code, size_t bytes) {
    void *place = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(place, MAP_FAILED);
    memcpy(place, code, bytes);
    ck_assert_int_eq(mprotect(place, 4096, PROT_READ | PROT_EXEC), 0);
    return place;
}

typedef void generated(walk_function *);

static APART void call_generated(generated *code, walk_function *function) {
    volatile char bytes[32];
    bytes[0] = 1;
    code(function);
    sink += bytes[0];
}

START_TEST(follows_frame_pointers_of_generated_code) {
    /* push %rbp; mov %rsp, %rbp; sub $48, %rsp; call *%rdi; leave; ret */
    static const uint8_t code[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x30, 0xff, 0xd7, 0xc9, 0xc3};
    /* push %rbp; mov %rsp, %rbp; call *%rdi; pop %rbp; ret: the frame begins where rsp is */
    static const uint8_t empty[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
    generated *const made = make_code(_i ? empty : code, sizeof code);
    for (int round = 0; round < 2; round++)
        call_generated(made, walk);
    ck_assert_uint_ge(result.frames, 4);
    ck_assert_uint_lt(frames[0] - (uintptr_t)made, 4096);
    ck_assert_uint_lt(frames[1] - (uintptr_t)call_generated, 256);
    ck_assert(has_frame_in((void *)follows_frame_pointers_of_generated_code_fn, 4096));
    if (!_i)
        call_generated(made, walk_and_compare);
}
END_TEST

START_TEST(survives_generated_code_without_frame_pointers) {
    /* sub $72, %rsp; call *%rdi; add $72, %rsp; ret */
    static const uint8_t code[] = {0x48, 0x83, 0xec, 0x48, 0xff, 0xd7, 0x48, 0x83, 0xc4, 0x48, 0xc3};
    generated *const made = make_code(code, sizeof code);
    call_generated(made, walk);
    ck_assert_uint_ge(result.frames, 1);
    ck_assert_uint_lt(frames[0] - (uintptr_t)made, 4096);
}
END_TEST

/* void with_frame_pointer(uintptr_t rbp, walk_function *): calls with any rbp, and nothing says where its frame
 * is. The one below says it wrongly. */
void with_frame_pointer(uintptr_t value, walk_function *function);
__asm__(
    ".text\n.type with_frame_pointer, @function\nwith_frame_pointer:\npush %rbp\nmov %rdi, %rbp\ncall *%rsi\n"
    "pop %rbp\nret\n.size with_frame_pointer, . - with_frame_pointer\n");
void with_wrong_cfa(uintptr_t value, walk_function *function);
__asm__(".text\n.type with_wrong_cfa, @function\nwith_wrong_cfa:\n.cfi_startproc\npush %rbp\nmov %rdi, %rbp\n"
        ".cfi_def_cfa rbp, 16\n.cfi_offset rbp, -16\n.cfi_offset rbx, -4096\ncall *%rsi\npop "
        "%rbp\nret\n.cfi_endproc\n"
        ".size with_wrong_cfa, . - with_wrong_cfa\n");

static void walk_with_garbage(void (*function)(uintptr_t, walk_function *)) {
    char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_int_eq(mprotect(pages + 4096, 4096, PROT_NONE), 0);
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t values[] = {0,
                          1,
                          8,
                          0xdeadbeef,
                          0x8000000000000000,
                          0x7ffffffffff8,
                          UINTPTR_MAX,
                          UINTPTR_MAX - 7,
                          (uintptr_t)pages + 4096 - 8,
                          (uintptr_t)pages + 4096 - 16,
                          (uintptr_t)pages + 4096,
                          (uintptr_t)pages + 8192 - 8,
                          (uintptr_t)pages + 8192,
                          (uintptr_t)walk_with_garbage,
                          here,
                          here + 1,
                          here + 4,
                          here - 4096,
                          here - 16,
                          here + 4096,
                          here + 65536,
                          here + (8 << 20)};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        function(values[i], walk);
        ck_assert_uint_ge(result.frames, 1);
        ck_assert_uint_le(result.frames, FRAMES);
        ck_assert_uint_lt(frames[0] - (uintptr_t)function, 64);
    }
    ck_assert_uint_ge(walks, sizeof values / sizeof *values);
}

START_TEST(survives_any_frame_pointer) { walk_with_garbage(_i ? with_wrong_cfa : with_frame_pointer); }
END_TEST

START_TEST(data_on_the_stack_is_no_frame) {
    /* proves: where rbp is used for something else than frames, such as argv, strings are not told as callers
     */
    extern char **environ;
    char text[16] = "on the stack";
    char *words[] = {text, text, NULL};
    uintptr_t argv = (uintptr_t)words;
    with_frame_pointer(_i ? argv : (uintptr_t)environ, walk);
    ck_assert_uint_eq(result.frames, 1);
    ck_assert_uint_lt(frames[0] - (uintptr_t)with_frame_pointer, 64);
    words[1] = (char *)(uintptr_t)data_on_the_stack_is_no_frame_fn;
    with_frame_pointer(argv, walk); /* what could be code is believed */
    ck_assert_uint_ge(result.frames, 2);
}
END_TEST

/* Stacks that are not the thread's own. */

static ucontext_t main_context, coroutine_context;
static walk_function *coroutine_walk;

static APART void coroutine(void) {
    descend(20, coroutine_walk);
    sink++;
}

static void run_coroutine(char *stack, size_t bytes, walk_function *function) {
    coroutine_walk = function;
    ck_assert_int_eq(getcontext(&coroutine_context), 0);
    coroutine_context.uc_stack.ss_sp = stack;
    coroutine_context.uc_stack.ss_size = bytes;
    coroutine_context.uc_link = &main_context;
    makecontext(&coroutine_context, coroutine, 0);
    ck_assert_int_eq(swapcontext(&main_context, &coroutine_context), 0);
}

START_TEST(walks_coroutines) {
    char *stack = mmap(NULL, 3 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    walk_and_compare();
    ck_assert_int_eq(munmap(stack + (1 << 16), 2 << 16), 0);
    run_coroutine(stack, 1 << 16, walk_and_compare);
    ck_assert_uint_ge(result.frames, 22);
    ck_assert(!result.cut);
    walk_and_compare();
    run_coroutine(stack, 1 << 16, walk_and_compare);
    ck_assert_uint_eq(walks, 4);
}
END_TEST

static void *coroutine_thread(void *unused) {
    walk_and_compare();
    char *stack = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    run_coroutine(stack, 1 << 16, walk_and_compare);
    walk_and_compare();
    descend(100, walk_and_compare);
    return NULL;
}

START_TEST(walks_coroutines_of_threads) {
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, coroutine_thread, NULL), 0);
    pthread_join(thread, NULL);
    ck_assert_uint_eq(walks, 4);
}
END_TEST

/* Its unwind information says that the frame goes on for so many bytes: behind the end of the stack. */
void enter_stack(char *top, walk_function *function);
__asm__(".text\n.type enter_stack, @function\nenter_stack:\n.cfi_startproc\npush %rbp\nmov %rsp, %rbp\nmov "
        "%rdi, %rsp\n"
        ".cfi_def_cfa rsp, 64\ncall *%rsi\nmov %rbp, %rsp\npop %rbp\nret\n.cfi_endproc\n"
        ".size enter_stack, . - enter_stack\n");

static APART void walk_at_end(void) {
    walk();
    sink++;
}

START_TEST(stops_at_the_end_of_a_stack) {
    char *pages = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_int_eq(munmap(pages + 3 * 4096, 4096), 0);
    for (char *top = pages + 3 * 4096; top > pages + 2 * 4096; top -= 16) {
        enter_stack(top, walk_at_end);
        ck_assert_uint_ge(result.frames, 2);
        ck_assert_uint_lt(frames[0] - (uintptr_t)walk_at_end, 64);
        ck_assert_uint_lt(frames[1] - (uintptr_t)enter_stack, 64);
        if (top + 64 > pages + 3 * 4096)
            ck_assert_uint_eq(result.frames, 2);
    }
}
END_TEST

/* The same place: once a long stack, then a short one. */
START_TEST(does_not_remember_stacks_that_are_gone) {
    char *pages = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    enter_stack(pages + 8 * 4096, walk_at_end);
    enter_stack(pages + 3 * 4096, walk_at_end);
    ck_assert_int_eq(mprotect(pages + 3 * 4096, 13 * 4096, PROT_NONE), 0);
    enter_stack(pages + 3 * 4096, walk_at_end);
    ck_assert_uint_eq(result.frames, 2);
}
END_TEST

static int cloned(void *unused) {
    descend(10, walk_and_compare);
    return 0;
}

START_TEST(walks_in_raw_clones) {
    size_t bytes = 1 << 18;
    char *stack = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    walk_and_compare();
    int pid = clone(cloned, stack + bytes, CLONE_VM | SIGCHLD, NULL), status;
    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(walks, 2);
    ck_assert_uint_ge(result.frames, 12);
}
END_TEST

/* Concurrency. */

static atomic_uint handler_walks, handler_failures;

static void on_tick(int number) {
    int before = errno;
    uint64_t own[FRAMES];
    struct unwind_result walked = unwind_here(own, FRAMES, (uintptr_t)__builtin_return_address(0));
    bool interrupted = false;
    for (size_t i = 0; i < walked.frames; i++)
        interrupted |= own[i] & RECORD_PC_EXACT;
    atomic_fetch_add(&handler_walks, 1);
    if (!interrupted || errno != before)
        atomic_fetch_add(&handler_failures, 1);
}

static _Thread_local uint64_t reference[FRAMES];
static _Thread_local size_t reference_frames;
static atomic_uint thread_failures;
static atomic_bool stop;

static APART void walk_as_before(void) {
    uint64_t own[FRAMES];
    struct unwind_result walked = unwind_here(own, FRAMES, (uintptr_t)__builtin_return_address(0));
    if (!reference_frames) {
        reference_frames = walked.frames;
        memcpy(reference, own, sizeof own);
    }
    if (walked.frames != reference_frames || memcmp(own, reference, 8 * walked.frames))
        atomic_fetch_add(&thread_failures, 1);
}

static void *walk_all_the_time(void *argument) {
    for (unsigned round = 0; !atomic_load(&stop); round++) {
        reference_frames = 0;
        unsigned depth = (round + *(unsigned *)argument) % 40;
        for (int times = 0; times < 50; times++)
            descend(depth, walk_as_before);
        if (reference_frames < depth + 3)
            atomic_fetch_add(&thread_failures, 1);
        if (round % 64 == 0)
            unwind_forget();
    }
    return NULL;
}

START_TEST(walks_concurrently) {
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    unsigned numbers[THREADS];
    handle(SIGPROF, on_tick, SA_RESTART);
    struct itimerval interval = {{0, 1000}, {0, 1000}};
    setitimer(ITIMER_PROF, &interval, NULL);
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i * 5;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, walk_all_the_time, &numbers[i]), 0);
    }
    for (int i = 0; i < 100 || atomic_load(&handler_walks) < 20; i++)
        usleep(10000);
    atomic_store(&stop, true);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(atomic_load(&handler_failures), 0);
    ck_assert_uint_eq(atomic_load(&thread_failures), 0);
}
END_TEST

/* Modules. */

static void *build_small(const char *name, const char *body) {
    char path[256], command[1024];
    snprintf(path, sizeof path, "%s/%s.so", folder, name);
    snprintf(command, sizeof command,
             "printf '%%s' '.globl entry\n.type entry, @function\nentry:\n.cfi_startproc\n%s.cfi_endproc\n"
             ".size entry, . - entry\n.section .note.GNU-stack\n' | %s -shared -x assembler - -o %s",
             body, c_compiler(), path);
    run(command);
    return open_piece(path);
}

static APART void call_module(generated *entry, walk_function *function) {
    entry(function);
    sink++;
}

START_TEST(forgets_modules) {
    const char *first =
        "sub $72, %rsp\n.cfi_def_cfa_offset 80\ncall *%rdi\nadd $72, %rsp\n.cfi_def_cfa_offset 8\nret\n";
    const char *second =
        "sub $40, %rsp\n.cfi_def_cfa_offset 48\ncall *%rdi\nadd $40, %rsp\n.cfi_def_cfa_offset 8\nret\n";
    void *module = build_small("first", first);
    generated *entry = dlsym(module, "entry");
    call_module(entry, walk);
    uint64_t pc = frames[0];
    ck_assert_uint_lt(frames[1] - (uintptr_t)call_module, 64);
    ck_assert_int_eq(dlclose(module), 0);
    module = build_small("second", second);
    ck_assert_ptr_eq(dlsym(module, "entry"), entry); /* else the test says nothing */
    if (_i == 0)
        unwind_forget();
    else
        for (int i = 0; i < 1 << 15; i++) /* the epochs begin anew */
            unwind_forget();
    call_module(entry, walk);
    ck_assert_uint_eq(frames[0], pc);
    ck_assert_uint_lt(frames[1] - (uintptr_t)call_module, 64);
}
END_TEST

/* Bytes of a library's unwind information are changed at random, and it is loaded and walked. */

static void find_frame_sections(const uint8_t *file, size_t *start, size_t *end) {
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)file;
    const Elf64_Phdr *segment = (const Elf64_Phdr *)(file + head->e_phoff);
    for (int i = 0; i < head->e_phnum; i++)
        if (segment[i].p_type == PT_GNU_EH_FRAME)
            *start = segment[i].p_offset; /* .eh_frame follows */
    for (int i = 0; i < head->e_phnum; i++)
        if (segment[i].p_type == PT_LOAD && *start - segment[i].p_offset < segment[i].p_filesz)
            *end = segment[i].p_offset + segment[i].p_filesz;
}

static void write_file(const char *path, const uint8_t *bytes, size_t count) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, bytes, count), count);
    close(file);
}

static size_t read_file(const char *path, uint8_t *bytes, size_t capacity) {
    int file = open(path, O_RDONLY);
    ck_assert_int_ge(file, 0);
    ssize_t count = read(file, bytes, capacity);
    ck_assert_int_gt(count, 0);
    ck_assert_int_lt(count, capacity);
    close(file);
    return (size_t)count;
}

static void walk_file(const char *path) {
    void *module = open_piece(path);
    unsigned (*shapes)(walk_function *) = dlsym(module, "shapes");
    sink += (int)shapes(walk);
    dlclose(module);
    unwind_forget();
}

START_TEST(survives_hostile_unwind_information) {
    static uint8_t bytes[1 << 20], changed[1 << 20];
    char path[256];
    build(path, sizeof path, c_compiler(), "shapes.c", _i ? "-O0" : "-O2");
    size_t count = read_file(path, bytes, sizeof bytes), start = 0, end = 0;
    find_frame_sections(bytes, &start, &end);
    ck_assert_uint_gt(end, start);
    unsigned seed = 1 + (unsigned)_i;
    for (int round = 0; round < 400; round++) {
        memcpy(changed, bytes, count);
        for (int n = rand_r(&seed) % 40; n >= 0; n--)
            changed[start + (unsigned)rand_r(&seed) % (end - start)] = (uint8_t)rand_r(&seed);
        unlink(path);
        write_file(path, changed, count);
        walk_file(path);
    }
    ck_assert_uint_ge(walks, 4000);
    unlink(path);
}
END_TEST

START_TEST(knows_the_kernels_own_code) {
    void *module = dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD);
    ck_assert_ptr_nonnull(module);
    struct frame_rule rule;
    ck_assert(frame_info_find((uintptr_t)dlsym(module, "__vdso_clock_gettime"), true, &rule));
    ck_assert_int_eq(rule.kind, FRAME_CFA_REGISTER);
    ck_assert_int_eq(rule.cfa_register, FRAME_REGISTER_RSP);
    ck_assert_int_eq(rule.offset, 8);
}
END_TEST

/* System calls. */

/* From now on the call kills. */
static void forbid(unsigned number) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static int status_of(void (*child)(void)) {
    int pid = fork(), status;
    if (pid == 0) {
        child();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static void walk_warm(void) {
    descend(50, walk);
    forbid(SYS_rt_sigprocmask);
    descend(50, walk);
    if (result.frames < 52)
        _exit(1);
}

static void walk_coroutine_forbidden(void) {
    char *stack = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    forbid(SYS_rt_sigprocmask);
    coroutine_walk = walk;
    enter_stack(stack + (1 << 16) - 4096, coroutine);
}

static void walk_locked_down(void) {
    char *stack = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unwind_without_system_calls();
    forbid(SYS_rt_sigprocmask);
    descend(1000, walk);
    if (result.frames != FRAMES)
        _exit(1);
    coroutine_walk = walk;
    enter_stack(stack + (1 << 16) - 4096, coroutine);
    if (result.frames < 2 || result.frames > 30)
        _exit(2);
}

START_TEST(asks_the_kernel_only_about_other_stacks) {
    ck_assert_int_eq(status_of(walk_warm), 0);
    int status = status_of(walk_coroutine_forbidden); /* the filter works */
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}
END_TEST

START_TEST(makes_no_system_call_when_locked_down) { ck_assert_int_eq(status_of(walk_locked_down), 0); }
END_TEST

/* The other back ends. */

START_TEST(frame_pointers_are_followed) {
    static const struct piece piece = {NULL, "shapes.c", "-O1 -fno-omit-frame-pointer -lpthread", false};
    ck_assert(unwind_start(UNWIND_FRAME_POINTER));
    walk_piece(&piece, walk);
    char path[256];
    build(path, sizeof path, c_compiler(), "shapes.c",
          "-O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls");
    void (*small)(walk_function *) = dlsym(open_piece(path), "shape_small");
    small(walk);
    ck_assert_uint_ge(result.frames, 2);
    ck_assert(has_frame_in((void *)small, 256));
    ck_assert(has_frame_in((void *)frame_pointers_are_followed_fn, 4096));
    walk_with_garbage(with_frame_pointer);
    unlink(path);
}
END_TEST

START_TEST(caller_only_is_one_frame) {
    ck_assert(unwind_start(UNWIND_CALLER));
    walk();
    ck_assert_uint_eq(result.frames, 1);
    ck_assert(!result.cut);
    ck_assert(has_frame_in((void *)caller_only_is_one_frame_fn, 4096));
}
END_TEST

static int lowest_free_descriptor(void) {
    int descriptor = open("/dev/null", O_RDONLY);
    close(descriptor);
    return descriptor;
}

/* Before anything else opens libunwind: the others of these tests do in their set-up. */
START_TEST(libunwind_is_kept_apart) {
    int before = lowest_free_descriptor();
    void *unwinder = dlsym(RTLD_DEFAULT, "_Unwind_Backtrace");
    ck_assert(unwind_start(UNWIND_LIBUNWIND));
    for (unsigned depth = 0; depth < 40; depth++)
        descend(depth, walk);
    ck_assert_uint_ge(result.frames, 41);
    ck_assert_int_eq(lowest_free_descriptor(), before);
    ck_assert_ptr_eq(dlsym(RTLD_DEFAULT, "unw_backtrace"), NULL);
    ck_assert_ptr_eq(dlsym(RTLD_DEFAULT, "_Unwind_Backtrace"), unwinder);
}
END_TEST

START_TEST(libunwind_gives_the_same) {
    ck_assert(unwind_start(UNWIND_LIBUNWIND));
    for (unsigned depth = 0; depth < 200; depth++) {
        descend(depth, walk);
        uint64_t by_libunwind[FRAMES];
        struct unwind_result first = result;
        memcpy(by_libunwind, frames, sizeof frames);
        ck_assert(unwind_start(UNWIND_AUTO));
        descend(depth, walk);
        ck_assert_uint_eq(result.frames, first.frames);
        ck_assert_int_eq(result.cut, first.cut);
        for (size_t i = 0; i < result.frames; i++)
            if (frames[i] != by_libunwind[i] && frames[i] - by_libunwind[i] > 512) /* another call above */
                ck_abort_msg("frame %zu of depth %u differs", i, depth);
        ck_assert(unwind_start(UNWIND_LIBUNWIND));
    }
}
END_TEST

START_TEST(libunwind_walks_shapes) {
    static const struct piece piece = {NULL, "shapes.c", "-O2 -lpthread", false};
    ck_assert(unwind_start(UNWIND_LIBUNWIND));
    walk_piece(&piece, walk_and_compare);
}
END_TEST

START_TEST(libunwind_marks_interrupted_frames) {
    ck_assert(unwind_start(UNWIND_LIBUNWIND));
    if (_i)
        use_alternate_stack(1 << 14); /* no room: the rules have to do */
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | (_i ? SA_ONSTACK : 0)};
    ck_assert_int_eq(sigaction(SIGILL, &action, NULL), 0);
    call_fault();
    ck_assert_uint_eq(exact_frame(), (uint64_t)fault_at_start);
}
END_TEST

START_TEST(libunwind_is_not_entered_twice) {
    ck_assert(unwind_start(UNWIND_LIBUNWIND));
    handle(SIGPROF, on_tick, SA_RESTART);
    struct itimerval interval = {{0, 1000}, {0, 1000}};
    setitimer(ITIMER_PROF, &interval, NULL);
    while (atomic_load(&handler_walks) < 200) {
        reference_frames = 0;
        for (int times = 0; times < 1000; times++)
            descend(30, walk_as_before);
    }
    ck_assert_uint_eq(atomic_load(&handler_failures), 0);
    ck_assert_uint_eq(atomic_load(&thread_failures), 0);
}
END_TEST

static void (*give_up)(void);

/* libunwind blocks signals when it meets new addresses: see walk_warm. */
static void walk_given_up(void) {
    ck_assert(unwind_start(UNWIND_LIBUNWIND));
    if (give_up)
        give_up();
    walk_warm();
}

START_TEST(libunwind_is_given_up) {
    void (*const ways[])(void) = {unwind_in_fork_child, unwind_forget, unwind_without_system_calls};
    give_up = _i ? ways[_i - 1] : NULL;
    int status = status_of(walk_given_up);
    if (_i)
        ck_assert_int_eq(status, 0);
    else
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}
END_TEST

static void add(Suite *suite, TCase *tests) {
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
}

static TCase *rules_case(void) {
    TCase *tests = tcase_create("rules");
    tcase_add_checked_fixture(tests, start, NULL);
    tcase_add_loop_test(tests, shapes_of_compilers, 0, PIECES);
    tcase_add_test(tests, begins_with_the_caller);
    tcase_add_test(tests, gives_one_frame_if_the_caller_is_not_met);
    tcase_add_test(tests, cuts_deep_stacks);
    tcase_add_test(tests, compares_at_all_depths);
    tcase_add_loop_test(tests, walks_out_of_signal_handlers, 0, 2);
    tcase_add_test(tests, looks_up_interrupted_frames_exactly);
    tcase_add_loop_test(tests, takes_registers_from_the_signal, 0, 2);
    tcase_add_loop_test(tests, walks_out_of_a_stack_overflow, 0, 2);
    tcase_add_loop_test(tests, follows_frame_pointers_of_generated_code, 0, 2);
    tcase_add_test(tests, survives_generated_code_without_frame_pointers);
    tcase_add_loop_test(tests, survives_any_frame_pointer, 0, 2);
    tcase_add_loop_test(tests, data_on_the_stack_is_no_frame, 0, 2);
    tcase_add_test(tests, walks_coroutines);
    tcase_add_test(tests, walks_coroutines_of_threads);
    tcase_add_test(tests, stops_at_the_end_of_a_stack);
    tcase_add_test(tests, does_not_remember_stacks_that_are_gone);
    tcase_add_test(tests, walks_in_raw_clones);
    tcase_add_test(tests, walks_concurrently);
    tcase_add_loop_test(tests, forgets_modules, 0, 2);
    tcase_add_loop_test(tests, survives_hostile_unwind_information, 0, 2);
    tcase_add_test(tests, knows_the_kernels_own_code);
    tcase_add_test(tests, asks_the_kernel_only_about_other_stacks);
    tcase_add_test(tests, makes_no_system_call_when_locked_down);
    return tests;
}

static TCase *other_case(void) {
    TCase *tests = tcase_create("others");
    tcase_add_checked_fixture(tests, start, NULL);
    tcase_add_test(tests, frame_pointers_are_followed);
    tcase_add_test(tests, caller_only_is_one_frame);
    tcase_add_test(tests, libunwind_gives_the_same);
    tcase_add_test(tests, libunwind_walks_shapes);
    tcase_add_loop_test(tests, libunwind_marks_interrupted_frames, 0, 2);
    tcase_add_test(tests, libunwind_is_not_entered_twice);
    tcase_add_loop_test(tests, libunwind_is_given_up, 0, 4);
    return tests;
}

static TCase *apart_case(void) {
    TCase *tests = tcase_create("apart");
    tcase_add_test(tests, libunwind_is_kept_apart);
    return tests;
}

static void remove_folder(void) {
    char command[256];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    sink = system(command);
}

int main(void) {
    if (!mkdtemp(folder))
        return 1;
    Suite *suite = suite_create("tracker/unwind");
    add(suite, rules_case());
    add(suite, other_case());
    add(suite, apart_case());
    int failed = suite_run(suite);
    remove_folder();
    return failed;
}
