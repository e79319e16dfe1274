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

/* initial-exec: no allocation, no destructor */
static __thread struct {
    int32_t id;
    /* Where the outermost call under way is on the stack: the lower half of its address is enough. A call that
     * is deeper by a signal's frame is one of a handler that interrupted it. */
    uint32_t marked_by;
    /* In this thread's entry, NULL: there is no room for one. The address stays good while the record grows. */
    _Atomic uint32_t *acquiring;
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

enum { SIGNAL_FRAME_BYTES = 512 }; /* at least; more than our own wrappers lie apart */

void threads_acquiring(bool now) {
    if (__builtin_expect(!here.acquiring, false) && !(threads_here() && here.acquiring))
        return;
    uint32_t under_way = atomic_load_explicit(here.acquiring, memory_order_relaxed);
    char local;
    uint32_t place = (uint32_t)(uintptr_t)&local; /* no frame pointer need be made for it */
    bool interrupts = under_way && (int32_t)(here.marked_by - place) > SIGNAL_FRAME_BYTES;
    if (!interrupts) {
        here.marked_by = place;
        under_way = !now; /* whatever a call that never came back has left */
    }
    /* relaxed: a count for readers from outside, ordered by the real call between its two stores */
    atomic_store_explicit(here.acquiring, now ? under_way + 1 : under_way - 1, memory_order_relaxed);
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
    atomic_store_explicit(&entry->acquiring, 0, memory_order_relaxed); /* nobody else sees this copy yet */
}

void threads_forked(void) {
    here.id = 0;
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
    long length = SYS(SYS_read, file, name, sizeof name - 1);
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
