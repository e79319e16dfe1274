/* torture.c - threads open, duplicate, replace and close descriptors, whose numbers the kernel hands out again
 * at once, and streams, whose addresses an allocator does; each reports to the tracker in the right order.
 * Meanwhile one thread reads the record through a mapping of its own, as a tool would, and one forks. At the
 * end the table is what /proc/self/fd says, no more and no less.
 *
 *     torture [SECONDS [THREADS [SEED]]]
 *
 * Real calls are raw system calls: ThreadSanitizer has checks of its own for descriptors, which would speak. It
 * sees the record's memory though that is mapped behind its back: its shadow is there for every address that
 * mmap can return. What it cannot see is that two windows over the record are one memory, so races between a
 * thread in an old window and one in a new one are for the reader here to find. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tracker/numbers.h"
#include "tracker/objects.h"
#include "tracker/record.h"
#include "tracker/stripes.h"
#include "tracker/tracker.h"

enum {
    MAXIMUM_THREADS = 64,
    OWN = 24,         /* numbers that a thread holds at most, wherever the kernel put them */
    FIXED = 16,       /* numbers of its own that dup3 goes to; nobody else gets these */
    FIXED_BASE = 4096 /* above what all threads together can reach else */
};
#define CALLER_HERE ((uintptr_t)__builtin_return_address(0))
#define APART __attribute__((noinline))
#define LOAD(place) atomic_load_explicit(&(place), memory_order_acquire)

#define MUST(condition)                                                                                        \
    do {                                                                                                       \
        if (!(condition)) {                                                                                    \
            fprintf(stderr, "%s:%d: not so: %s (seed %u)\n", __FILE__, __LINE__, #condition, seed);            \
            SYS(SYS_exit_group, 1);                                                                            \
        }                                                                                                      \
    } while (0)

enum { OPEN, PIPE, DUP, FCNTL, DUP2, DUP3, FOPEN, FDOPEN, OPENDIR, CALLS };
static const struct {
    const char *call;
    enum record_kind kind;
} calls[CALLS] = {
    [OPEN] = {"open", RECORD_KIND_FILE},
    [PIPE] = {"pipe2", RECORD_KIND_PIPE},
    [DUP] = {"dup", RECORD_KIND_DESCRIPTOR},
    [FCNTL] = {"fcntl", RECORD_KIND_DESCRIPTOR},
    [DUP2] = {"dup2", RECORD_KIND_DESCRIPTOR},
    [DUP3] = {"dup3", RECORD_KIND_DESCRIPTOR},
    [FOPEN] = {"fopen", RECORD_KIND_STREAM},
    [FDOPEN] = {"fdopen", RECORD_KIND_STREAM},
    [OPENDIR] = {"opendir", RECORD_KIND_DIRSTREAM},
};

static unsigned seed, thread_count = 16;
static double seconds = 2;
static atomic_bool stop;
static atomic_ulong operations, forks, passes, seen;

/* ---- an allocator that gives an address to the next one who asks -------------------------------------------
 */

enum { ADDRESSES = 2 * MAXIMUM_THREADS, ADDRESS_BASE = 0x10000 };
static atomic_bool taken[ADDRESSES];

static void *address_take(unsigned random) {
    unsigned among = 2 * thread_count; /* just enough, so that they come again soon */
    for (unsigned i = random % among;; i = (i + 1) % among) {
        bool no = false;
        if (atomic_compare_exchange_strong(&taken[i], &no, true))
            return (void *)(uintptr_t)(ADDRESS_BASE + i * 16);
    }
}

static void address_free(void *address) {
    atomic_store(&taken[((uintptr_t)address - ADDRESS_BASE) / 16], false);
}

/* ---- one thread's work -------------------------------------------------------------------------------------
 */

struct stream {
    void *address; /* NULL: not open */
    int number;
};

struct worker {
    pthread_t thread;
    unsigned random, index, count;
    int numbers[OWN];
    struct stream streams[2];
};

static unsigned next(struct worker *worker) {
    worker->random = worker->random * 1664525 + 1013904223;
    return worker->random >> 12;
}

static int fixed_number(const struct worker *worker, unsigned place) {
    return FIXED_BASE + (int)(worker->index * FIXED + place);
}

static void keep(struct worker *worker, int number) {
    MUST(worker->count < OWN);
    worker->numbers[worker->count++] = number;
}

/* Any number that it holds, -1 none. */
static int any(struct worker *worker) {
    return worker->count ? worker->numbers[next(worker) % worker->count] : -1;
}

static int take_out(struct worker *worker) {
    unsigned place = next(worker) % worker->count;
    int number = worker->numbers[place];
    worker->numbers[place] = worker->numbers[--worker->count];
    return number;
}

static void report(int number, unsigned call, uintptr_t caller, int from) {
    tracker_acquired(number, calls[call].kind, calls[call].call, caller, from, NULL);
}

static APART int open_one(void) {
    int number = (int)SYS(SYS_open, "/dev/null", O_RDONLY);
    MUST(number >= 0);
    report(number, OPEN, CALLER_HERE, -1);
    return number;
}

static APART void close_one(int number) {
    struct slot_ticket ticket = tracker_closing(number, "close", CALLER_HERE);
    MUST(ticket.slot);
    long result = SYS(SYS_close, number);
    MUST(result == 0);
    tracker_released(ticket, number, 0);
}

static void do_open(struct worker *worker) { keep(worker, open_one()); }

static APART void do_pipe(struct worker *worker) {
    int pair[2];
    long result = SYS(SYS_pipe2, pair, 0);
    MUST(result == 0);
    report(pair[0], PIPE, CALLER_HERE, -1);
    report(pair[1], PIPE, CALLER_HERE, -1);
    keep(worker, pair[0]);
    keep(worker, pair[1]);
}

static APART void do_dup(struct worker *worker) {
    int from = any(worker);
    if (from < 0)
        return;
    bool plain = next(worker) % 2;
    int number = (int)(plain ? SYS(SYS_dup, from) : SYS(SYS_fcntl, from, F_DUPFD, 0));
    MUST(number >= 0);
    report(number, plain ? DUP : FCNTL, CALLER_HERE, from);
    keep(worker, number);
}

static void do_close(struct worker *worker) {
    if (worker->count)
        close_one(take_out(worker));
}

/* Over one of its own, or over a number that is kept for it and may be free. */
static APART void do_replace(struct worker *worker) {
    int from = any(worker), to = any(worker);
    if (from < 0)
        return;
    bool fixed = from == to || next(worker) % 2;
    if (fixed)
        to = fixed_number(worker, next(worker) % FIXED);
    struct slot_ticket ticket = tracker_replacing(to, "close", CALLER_HERE);
    long result = fixed ? SYS(SYS_dup3, from, to, O_CLOEXEC) : SYS(SYS_dup2, from, to);
    MUST(result == to);
    tracker_replaced(ticket, to, calls[fixed ? DUP3 : DUP2].call, CALLER_HERE, from);
}

/* All numbers that are kept for it; now and then the kernel refuses. */
static APART void do_range(struct worker *worker) {
    unsigned first = (unsigned)fixed_number(worker, 0), last = (unsigned)fixed_number(worker, FIXED - 1);
    bool refused = next(worker) % 2;
    tracker_releasing_range(first, last, CALLER_HERE);
    long result = SYS(SYS_close_range, first, last, refused ? 0x4000 : 0);
    MUST(result == (refused ? -EINVAL : 0));
    tracker_released_range(first, last, result == 0);
}

static APART void stream_open(struct worker *worker, struct stream *stream) {
    unsigned call = FOPEN + next(worker) % 3;
    stream->number = call == FDOPEN ? open_one() : (int)SYS(SYS_open, "/dev/null", O_RDONLY);
    MUST(stream->number >= 0);
    stream->address = address_take(next(worker));
    tracker_acquired_object(stream->address, calls[call].kind, stream->number, call == FDOPEN, calls[call].call,
                            CALLER_HERE, NULL);
}

/* As fclose: number and address are anybody's before it returns. */
static APART void stream_close(struct stream *stream) {
    struct tracker_object_ticket ticket =
        tracker_releasing_object(stream->address, stream->number, "close", CALLER_HERE);
    MUST(ticket.object.slot && ticket.number.slot);
    long result = SYS(SYS_close, stream->number);
    MUST(result == 0);
    address_free(stream->address);
    tracker_released_object(ticket);
    stream->address = NULL;
}

static void do_stream(struct worker *worker) {
    struct stream *stream = &worker->streams[next(worker) % 2];
    if (stream->address)
        stream_close(stream);
    else
        stream_open(worker, stream);
}

static void work_once(struct worker *worker) {
    static void (*const deeds[])(struct worker *) = {do_open,  do_open,  do_pipe,    do_dup,    do_dup,
                                                     do_close, do_close, do_replace, do_stream, do_stream};
    while (worker->count > OWN - 2)
        do_close(worker);
    unsigned choice = next(worker) % 64;
    if (choice == 63)
        do_range(worker);
    else
        deeds[choice % (sizeof deeds / sizeof *deeds)](worker);
}

static void *work(void *argument) {
    while (!LOAD(stop)) {
        for (unsigned i = 0; i < 64; i++)
            work_once(argument);
        atomic_fetch_add_explicit(&operations, 64, memory_order_relaxed);
    }
    return NULL;
}

/* ---- a tool that looks on ----------------------------------------------------------------------------------
 */

static char *mapped; /* the file, as another process would map it */
static const size_t mapped_bytes = 256u << 20;

static struct record_header *header_mapped(void) { return (struct record_header *)mapped; }

static unsigned call_of(uint32_t stack) {
    uint64_t at = (uint64_t)stack * RECORD_UNIT;
    MUST(at >= RECORD_PAGE_BYTES && at + sizeof(struct record_stack) < mapped_bytes);
    struct record_stack *entry = (struct record_stack *)(mapped + at);
    uint32_t bytes = LOAD(*(_Atomic uint32_t *)&entry->bytes);
    MUST(bytes >= sizeof *entry + entry->frames * sizeof entry->pc[0] && bytes % RECORD_UNIT == 0);
    MUST(entry->frames >= 1 && entry->frames <= 128 && entry->pc[0] != 0);
    unsigned call = 0;
    while (call < CALLS && strcmp(entry->call, calls[call].call))
        call++;
    MUST(call < CALLS);
    return call;
}

static bool is_address(uint64_t object) {
    return object >= ADDRESS_BASE && object < ADDRESS_BASE + ADDRESSES * 16 && object % 16 == 0;
}

struct view {
    uint64_t word, sequence, object, opened;
    int32_t thread, number;
    unsigned flags;
};

/* False if it changed while it was read. */
static bool view_slot(struct record_slot *slot, struct view *view) {
    view->word = LOAD(slot->word);
    view->sequence = LOAD(slot->sequence);
    view->object = LOAD(slot->object);
    view->opened = LOAD(slot->opened);
    view->thread = LOAD(slot->thread);
    view->number = LOAD(slot->number);
    view->flags = LOAD(slot->flags);
    return LOAD(slot->sequence) == view->sequence && LOAD(slot->word) == view->word;
}

static void check_number(const struct view *view, unsigned state) {
    uint32_t stack = RECORD_WORD_STACK(view->word);
    if (state == RECORD_STATE_INHERITED) {
        MUST(stack == 0 && view->opened == 0);
        return;
    }
    MUST(view->opened != 0);
    MUST(view->object == 0 || is_address(view->object));
    MUST(state != RECORD_STATE_OWNED || view->object != 0);
    unsigned call = call_of(stack);
    if (view->flags & RECORD_SLOT_INSIDE) { /* of a stream or directory that opened it itself, at its stack */
        MUST(view->object != 0 && view->number == -1 && call >= FOPEN);
        return;
    }
    MUST(RECORD_WORD_KIND(view->word) == calls[call].kind && call < FOPEN);
    MUST((view->number >= 0) == (call != OPEN && call != PIPE));
    MUST(view->thread != 0);
}

static void check_object(const struct view *view, unsigned state) {
    MUST(state != RECORD_STATE_OWNED && state != RECORD_STATE_INHERITED);
    MUST(is_address(view->object) && view->number >= 0 && view->opened != 0 && view->thread != 0);
    unsigned call = call_of(RECORD_WORD_STACK(view->word));
    MUST(RECORD_WORD_KIND(view->word) == calls[call].kind && call >= FOPEN);
}

/* Sequences of slots as they were last seen: they only grow. */
static uint64_t last_sequence[1 << 20];

static void check_slot(struct record_slot *slot, bool object) {
    struct view view;
    if (!view_slot(slot, &view))
        return;
    unsigned state = RECORD_WORD_STATE(view.word);
    MUST(state <= RECORD_STATE_INHERITED);
    if (state == RECORD_STATE_FREE || state == RECORD_STATE_WRITING)
        return;
    size_t place = (size_t)((char *)slot - mapped) / sizeof *slot;
    MUST(place < sizeof last_sequence / sizeof *last_sequence);
    MUST(view.sequence >= 1 && view.sequence <= LOAD(header_mapped()->sequence));
    MUST(view.sequence >= last_sequence[place]);
    last_sequence[place] = view.sequence;
    if (object)
        check_object(&view, state);
    else
        check_number(&view, state);
    atomic_fetch_add_explicit(&seen, 1, memory_order_relaxed);
}

static void check_chunk(struct record_chunk *chunk) {
    bool object = chunk->kind == RECORD_CHUNK_OBJECTS;
    struct record_slot *slots = (struct record_slot *)(chunk + 1);
    if (object || chunk->kind == RECORD_CHUNK_NUMBERS)
        for (uint32_t i = 0; i < chunk->entries; i++)
            check_slot(&slots[i], object);
}

static void read_once(void) {
    uint64_t end = LOAD(header_mapped()->allocated);
    MUST(end % RECORD_PAGE_BYTES == 0 && end <= mapped_bytes);
    for (uint64_t at = RECORD_PAGE_BYTES; at < end;) {
        struct record_chunk *chunk = (struct record_chunk *)(mapped + at);
        at += RECORD_PAGE_BYTES;
        if (LOAD(chunk->magic) != RECORD_CHUNK_MAGIC)
            continue;
        MUST(chunk->bytes >= RECORD_PAGE_BYTES && chunk->bytes % RECORD_PAGE_BYTES == 0);
        at += chunk->bytes - RECORD_PAGE_BYTES;
        MUST(at <= LOAD(header_mapped()->allocated));
        check_chunk(chunk);
    }
}

static void *look_on(void *nothing) {
    while (!LOAD(stop)) {
        read_once();
        atomic_fetch_add_explicit(&passes, 1, memory_order_relaxed);
    }
    return nothing;
}

static void map_record(void) {
    long file = SYS(SYS_open, record_path(), O_RDONLY | O_CLOEXEC);
    MUST(file >= 0);
    mapped = mmap(NULL, mapped_bytes, PROT_READ, MAP_SHARED, (int)file, 0);
    MUST(mapped != MAP_FAILED);
    SYS(SYS_close, file);
}

/* ---- what the table says -----------------------------------------------------------------------------------
 */

static unsigned long held, owned, with_stack;

static void compare_number(int number, uint64_t at, void *nothing) {
    bool is_open = SYS(SYS_fcntl, number, F_GETFD) >= 0;
    struct record_slot *slot = record_at(at);
    uint64_t word = LOAD(slot->word);
    unsigned state = RECORD_WORD_STATE(word);
    MUST(state != RECORD_STATE_WRITING && state != RECORD_STATE_RELEASING);
    MUST(slot_is_held(word) == is_open);
    held += is_open;
    owned += state == RECORD_STATE_OWNED;
    with_stack +=
        is_open && RECORD_WORD_STACK(word) && !(LOAD(slot->flags) & RECORD_SLOT_INSIDE); /* once each */
}

static unsigned long count_descriptors(void) {
    unsigned long count = 0;
    DIR *directory = opendir("/proc/self/fd");
    MUST(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count - 1; /* the one that looks */
}

static unsigned long compare_objects(void) {
    unsigned long count = 0;
    for (unsigned i = 0; i < ADDRESSES; i++) {
        uint64_t at = objects_find(ADDRESS_BASE + i * 16);
        MUST((at != 0) == LOAD(taken[i]));
        count += at != 0;
    }
    return count;
}

/* Handles that were opened in the stacks of a chunk and not closed. */
static int64_t open_in(struct record_chunk *chunk) {
    int64_t open = 0;
    uint64_t room = chunk->bytes - sizeof *chunk, used = LOAD(chunk->used);
    for (uint64_t at = 0; at < used && at < room;) {
        struct record_stack *stack = (struct record_stack *)((char *)(chunk + 1) + at);
        if (!stack->bytes)
            break; /* what did not fit was taken and not used */
        stripes_settle((uint32_t)((uint64_t)((char *)stack - (char *)record_header()) / RECORD_UNIT));
        open += (int64_t)(LOAD(stack->opened) - LOAD(stack->closed));
        at += stack->bytes;
    }
    return open;
}

static int64_t open_at_sites(void) {
    int64_t open = 0;
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        MUST(at + chunk->bytes <= LOAD(record_header()->allocated));
        if (chunk->kind == RECORD_CHUNK_STACKS)
            open += open_in(chunk);
    }
    return open;
}

static void compare_everything(void) {
    held = owned = with_stack = 0;
    numbers_visit(0, ~0u, compare_number, NULL);
    unsigned long objects = compare_objects();
    MUST(held == count_descriptors());
    MUST(owned == objects);
    stripes_settle(STRIPES_NUMBERS);
    MUST(LOAD(record_header()->open) == (int64_t)held);
    for (unsigned i = 0; i < RECORD_LOSS_COUNT; i++)
        MUST(LOAD(record_header()->losses[i]) == 0);
    MUST(open_at_sites() == (int64_t)(with_stack + objects));
    read_once();
}

/* ---- forks -------------------------------------------------------------------------------------------------
 */

/* A handle whose release had not begun when it was copied was open at the fork. */
static void check_inherited(int number, uint64_t at, void *count) {
    struct record_slot *slot = record_at(at);
    unsigned state = RECORD_WORD_STATE(LOAD(slot->word));
    MUST(state == RECORD_STATE_FREE || state == RECORD_STATE_INHERITED);
    if (state == RECORD_STATE_FREE)
        return;
    ++*(int64_t *)count;
    if (!LOAD(slot->closer))
        MUST(SYS(SYS_fcntl, number, F_GETFD) >= 0);
}

static APART void use_as_child(unsigned round) {
    int number = open_one();
    struct record_slot *slot = record_at(numbers_find(number));
    MUST(RECORD_WORD_STATE(LOAD(slot->word)) == RECORD_STATE_LIVE);
    void *address = (void *)(uintptr_t)(0x100000 + round * 64);
    tracker_acquired_object(address, RECORD_KIND_STREAM, -1, false, "fopen", CALLER_HERE, NULL);
    MUST(objects_find((uintptr_t)address));
    tracker_released_object(tracker_releasing_object(address, -1, "close", CALLER_HERE));
    MUST(!objects_find((uintptr_t)address));
    close_one(number);
    MUST(RECORD_WORD_STATE(LOAD(slot->word)) == RECORD_STATE_FREE);
}

static void live_as_child(void) {
    int64_t count = 0;
    MUST(record_readiness() == RECORD_READY);
    MUST(record_header()->pid == (int)SYS(SYS_getpid));
    numbers_visit(0, ~0u, check_inherited, &count);
    MUST(count >= 3 && LOAD(record_header()->open) == count);
    for (unsigned round = 0; round < 20; round++)
        use_as_child(round);
    for (unsigned i = 0; i < RECORD_LOSS_COUNT; i++)
        MUST(LOAD(record_header()->losses[i]) == 0);
    record_remove();
}

static void fork_once(void) {
    tracker_fork_begin();
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        tracker_fork_child();
        live_as_child();
        SYS(SYS_exit_group, 0);
    }
    MUST(child > 0);
    tracker_fork_end(child);
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    MUST(status == 0);
}

static void *fork_often(void *nothing) {
    while (!LOAD(stop)) {
        fork_once();
        atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed);
    }
    return nothing;
}

/* ---- the run -----------------------------------------------------------------------------------------------
 */

static char folder[] = "/tmp/leftopen-torture-XXXXXX";
static struct worker workers[MAXIMUM_THREADS];

static void begin(char *program) {
    MUST(mkdtemp(folder));
    static char options[128], *arguments[2], *environment[] = {options, NULL}; /* what a start names stays */
    arguments[0] = program;
    snprintf(options, sizeof options, "LEFTOPEN_OPTIONS=depth=8:record=%s", folder);
    bool watched = tracker_start(&(struct tracker_start){.argument_count = 1,
                                                         .arguments = arguments,
                                                         .environment = environment,
                                                         .vdso = getauxval(AT_SYSINFO_EHDR)});
    MUST(watched);
    tracker_prepare();
    tracker_thread_begin();
    MUST(record_readiness() == RECORD_READY && record_path()[0]);
    map_record();
}

static void start_workers(void) {
    for (unsigned i = 0; i < thread_count; i++) {
        workers[i].index = i;
        workers[i].random = seed + i * 7919;
        MUST(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
    }
}

static void run(void) {
    pthread_t reader, forker;
    MUST(pthread_create(&reader, NULL, look_on, NULL) == 0);
    MUST(pthread_create(&forker, NULL, fork_often, NULL) == 0);
    start_workers();
    struct timespec wait = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&wait, NULL);
    atomic_store(&stop, true);
    for (unsigned i = 0; i < thread_count; i++)
        pthread_join(workers[i].thread, NULL);
    pthread_join(reader, NULL);
    pthread_join(forker, NULL);
}

int main(int count, char **arguments) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    seconds = count > 1 ? strtod(arguments[1], NULL) : seconds;
    thread_count = count > 2 ? (unsigned)strtoul(arguments[2], NULL, 10) : thread_count;
    seed = count > 3 ? (unsigned)strtoul(arguments[3], NULL, 10) : (unsigned)(now.tv_nsec ^ getpid());
    if (thread_count < 1 || thread_count > MAXIMUM_THREADS || !(seconds > 0)) {
        fprintf(stderr, "torture [SECONDS [THREADS (1 to %d) [SEED]]]\n", MAXIMUM_THREADS);
        return 64;
    }
    printf("torture: seed %u, %u threads, %g seconds\n", seed, thread_count, seconds);
    fflush(stdout);
    begin(arguments[0]);
    run();
    compare_everything();
    record_remove();
    rmdir(folder);
    printf("torture: %lu operations, %lu readings of %lu entries, %lu forks; %lu descriptors as in the table\n",
           operations, passes, seen, forks, held);
    MUST(operations && passes && seen && forks);
    return 0;
}
