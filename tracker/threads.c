/* threads.c - see threads.h. */
#include "tracker/threads.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "tracker/lockdown.h"
#include "tracker/record.h"
#include "tracker/sys.h"
#include "tracker/text.h"

static __thread int32_t here; /* initial-exec: no allocation, no destructor */
static _Atomic uint64_t chunk;

static void keep_name(int32_t thread) {
    uint64_t at = record_entry(&chunk, RECORD_CHUNK_THREADS, sizeof(struct record_thread));
    if (!at)
        return;
    struct record_thread *entry = record_at(at);
    entry->thread = thread;
    SYS(SYS_prctl, PR_GET_NAME, entry->name);
    /* release: a reader that finds the length finds the rest */
    atomic_store_explicit(&entry->bytes, sizeof *entry, memory_order_release);
}

int32_t threads_here(void) {
    if (here || lockdown_is_on())
        return here;
    here = (int32_t)SYS(SYS_gettid);
    keep_name(here);
    return here;
}

void threads_forked(void) { here = 0; }

static void refresh(struct record_thread *entry) {
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
    int left = 64; /* a report names few; the names of the first acquires are there anyway */
    for (uint64_t at = record_next_chunk(0); at && left; at = record_next_chunk(at)) {
        struct record_chunk *head = record_at(at);
        if (head->kind != RECORD_CHUNK_THREADS)
            continue;
        uint64_t used = atomic_load_explicit(&head->used, memory_order_relaxed);
        for (uint64_t i = 0; i + sizeof(struct record_thread) <= used &&
                             i + sizeof(struct record_thread) <= head->bytes - sizeof *head && left;
             i += sizeof(struct record_thread), left--) {
            struct record_thread *entry = (struct record_thread *)((char *)(head + 1) + i);
            if (atomic_load_explicit(&entry->bytes, memory_order_acquire)) /* the rest of it */
                refresh(entry);
        }
    }
}
