/* threads.c - see threads.h. */
#include "tracker/threads.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "tracker/lockdown.h"
#include "tracker/paths.h"
#include "tracker/record.h"
#include "tracker/sys.h"
#include "tracker/text.h"

enum {
    SIGNAL_FRAME_BYTES = 512, /* at least; more than our own wrappers lie apart */
    MOST_UNDER_WAY = 4        /* that are told apart */
};

/* initial-exec: no allocation, no destructor */
static __thread struct {
    int32_t id;
    uint32_t under_way;
    /* In this thread's entry, NULL: there is no room for one. The address stays good while the record grows. */
    _Atomic uint32_t *acquiring;
    /* Where on the stack the calls under way are. Each is deeper than the one before it by a signal's frame: it
     * is a handler's that interrupted that one. */
    uintptr_t places[MOST_UNDER_WAY];
} here;
static _Atomic uint64_t chunk;

static void keep_name(int32_t thread) {
    uint64_t at = record_entry(&chunk, RECORD_CHUNK_THREADS, sizeof(struct record_thread));
    if (!at)
        return;
    struct record_thread *entry = record_at(at);
    here.acquiring = &entry->acquiring;
    entry->thread = thread;
    SYS(SYS_prctl, PR_GET_NAME, entry->name);
    /* release: a reader that finds the length finds the rest */
    atomic_store_explicit(&entry->bytes, sizeof *entry, memory_order_release);
}

/* Apart, so that what every call asks stays a load. */
static RARE int32_t ask_once(void) {
    if (lockdown_is_on())
        return 0;
    here.id = (int32_t)SYS(SYS_gettid);
    keep_name(here.id);
    return here.id;
}

int32_t threads_here(void) { return here.id ? here.id : ask_once(); }

/* An alternate stack that lies above the other one looks like a way out: what was interrupted counts no more.
 */
static bool interrupts(uintptr_t place, uintptr_t other) {
    return (intptr_t)(other - place) > SIGNAL_FRAME_BYTES;
}

static inline void set_under_way(uint32_t count) {
    here.under_way = count;
    /* relaxed: a count for readers from outside, ordered by the real call between its two stores */
    atomic_store_explicit(here.acquiring, count, memory_order_relaxed);
}

/* A thread's first call, one in a handler, or one behind a call that never came back. */
static RARE void count_under_way(uintptr_t place, bool now) {
    if (!here.acquiring && !(threads_here() && here.acquiring))
        return;
    uint32_t under_way = here.under_way;
    while (under_way && !interrupts(place, here.places[under_way - 1]))
        under_way--; /* it is over, or never came back */
    if (now && under_way < MOST_UNDER_WAY)
        here.places[under_way++] = place;
    set_under_way(under_way);
}

/* No frame pointer need be made for it. */
#define PLACE ((uintptr_t) & (char){0})

void threads_acquiring(void) {
    if (__builtin_expect(!here.acquiring || here.under_way, false))
        return count_under_way(PLACE, true);
    here.places[0] = PLACE;
    set_under_way(1);
}

void threads_acquiring_over(void) {
    if (__builtin_expect(here.under_way != 1 || interrupts(PLACE, here.places[0]), false))
        return count_under_way(PLACE, false);
    set_under_way(0);
}

/* The entries of one chunk that are complete. */
static void visit_chunk(struct record_chunk *head, void (*visit)(struct record_thread *)) {
    uint64_t used = atomic_load_explicit(&head->used, memory_order_relaxed),
             size = sizeof(struct record_thread);
    for (uint64_t at = 0; at + size <= used && at + size <= head->bytes - sizeof *head; at += size) {
        struct record_thread *entry = (struct record_thread *)((char *)(head + 1) + at);
        /* acquire: the rest of it */
        if (atomic_load_explicit(&entry->bytes, memory_order_acquire) == size)
            visit(entry);
    }
}

static void visit_all(void (*visit)(struct record_thread *)) {
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *head = record_at(at);
        if (head->kind == RECORD_CHUNK_THREADS)
            visit_chunk(head, visit);
    }
}

static void forget_call(struct record_thread *entry) {
    if (atomic_load_explicit(&entry->acquiring, memory_order_relaxed)) /* else its page need not be copied */
        atomic_store_explicit(&entry->acquiring, 0, memory_order_relaxed); /* nobody else sees this copy yet */
}

void threads_forked(void) {
    here.id = 0;
    here.under_way = 0;
    here.acquiring = NULL;
    visit_all(forget_call);
}

static int names_left;

static void refresh(struct record_thread *entry) {
    if (names_left-- <= 0)
        return;
    char path[64], name[sizeof entry->name];
    struct text text = TEXT_IN(path);
    text_string(&text, "/proc/self/task/");
    text_decimal(&text, entry->thread);
    text_string(&text, "/comm");
    long file = SYS(SYS_open, path, O_RDONLY | O_CLOEXEC);
    if (sys_failed(file))
        return;
    long length = SYS(SYS_read, file, name, sizeof name);
    SYS(SYS_close, file);
    if (length <= 1)
        return;
    name[length - 1] = 0; /* the kernel ends it with a newline */
    text_copy(entry->name, name, (size_t)length);
}

void threads_refresh_names(void) {
    names_left = 64; /* a report names few; the names of the first acquires are there anyway */
    visit_all(refresh);
}
