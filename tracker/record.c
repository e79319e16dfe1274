/* record.c - see record.h. A new record, and what becomes of it later. */
#include "tracker/record.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <sys/resource.h>

#include "tracker/kernel.h"
#include "tracker/large.h"
#include "tracker/lockdown.h"
#include "tracker/record_file.h"
#include "tracker/record_parts.h"
#include "tracker/signals.h"
#include "tracker/sys.h"
#include "tracker/text.h"

_Static_assert(sizeof(struct record_header) <= PAGE, "the header is one page");

/* The page that tells who owns the record: a fork-like child reads zero. */
_Atomic uint32_t record_no_owner;
FORK_DATA struct record_mapped record_mapped = {.owner = &record_no_owner};
FORK_DATA struct record_own record_own;

void record_configure(const struct record_identity *identity) {
    record_own.identity = *identity;
    record_file_configure(identity->folder, identity->runtime_folder);
}

/* ---- a new record -----------------------------------------------------------------------------------------
 */

/* Only one may make it: a thread, or the code that a signal handler interrupted. */
static _Atomic uint32_t making;

static bool owner_page(void) {
    long page = SYS(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sys_failed(page))
        return false;
    SYS(SYS_madvise, page, PAGE, MADV_WIPEONFORK); /* Linux 4.14 */
    record_own.owner = (_Atomic uint32_t *)page;
    atomic_store_explicit(record_own.owner, RECORD_OWNER_MAKING, memory_order_relaxed);
    atomic_store_explicit(&record_mapped.owner, record_own.owner,
                          memory_order_release); /* the page's content before its address */
    return true;
}

/* Copies the words behind one another with their zeros into the text chunk; returns the offset. */
static uint64_t keep_text(uint64_t chunk, const char *string, size_t bytes) {
    struct record_chunk *head = record_at(chunk);
    uint64_t used = LOAD(&head->used), room = head->bytes - sizeof *head - used;
    if (!room)
        return 0;
    if (bytes > room)
        bytes = room;
    char *to = (char *)(head + 1) + used;
    text_copy(to, string, bytes);
    to[bytes - 1] = 0;
    atomic_store_explicit(&head->used, used + bytes, memory_order_relaxed); /* nobody else is here yet */
    return (uint64_t)(to - (char *)record_at(0));
}

static uint64_t text_end(uint64_t chunk) {
    struct record_chunk *head = record_at(chunk);
    return chunk + sizeof *head + LOAD(&head->used);
}

static void keep_arguments(struct record_header *header, uint64_t chunk) {
    for (int i = 0; i < record_own.identity.argument_count && record_own.identity.arguments[i]; i++) {
        size_t bytes = text_length(record_own.identity.arguments[i]) + 1;
        uint64_t at = keep_text(chunk, record_own.identity.arguments[i], bytes);
        if (!at)
            return;
        if (!header->arguments)
            header->arguments = at;
        header->argument_bytes = (uint32_t)(text_end(chunk) - header->arguments); /* may have been cut */
        header->argument_count++;
    }
}

static void keep_strings(struct record_header *header) {
    uint64_t chunk = record_allocate(RECORD_CHUNK_TEXT, PAGE, 0, 0);
    if (!chunk)
        return;
    char path[1024];
    long length = kernel_executable(path, sizeof path - 1);
    if (length > 0) {
        path[length] = 0;
        header->executable = keep_text(chunk, path, (size_t)length + 1);
    }
    if (record_own.identity.options && record_own.identity.options[0])
        header->options =
            keep_text(chunk, record_own.identity.options, text_length(record_own.identity.options) + 1);
    keep_arguments(header, chunk);
    record_publish(chunk, RECORD_CHUNK_TEXT);
}

void record_header_begin(struct record_header *header, const uint8_t name[16]) {
    header->version = RECORD_VERSION;
    header->oldest_reader = RECORD_OLDEST_READER;
#if defined(__x86_64__)
    header->abi = RECORD_ABI_X86_64;
#else
    header->abi = RECORD_ABI_AARCH64;
#endif
    header->header_bytes = sizeof *header;
    text_copy(header->name, name, sizeof header->name);
    header->started_realtime = record_own.identity.started_realtime;
    header->started_monotonic = record_own.identity.started_monotonic;
    header->pid = (int32_t)SYS(SYS_getpid);
    header->parent_pid = (int32_t)SYS(SYS_getppid);
    struct rlimit limit = {0, 0};
    SYS(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit);
    atomic_store_explicit(&header->limit_soft, limit.rlim_cur, memory_order_relaxed);
    atomic_store_explicit(&header->limit_hard, limit.rlim_max, memory_order_relaxed);
    atomic_store_explicit(&header->unseen, -1, memory_order_relaxed);
    if (!record_own.path[0])
        record_note(RECORD_NOTE_MEMORY_ONLY);
}

/* Stored last: what a process leaves that is killed before is no record. */
static void header_publish(struct record_header *header) {
    uint64_t magic;
    text_copy(&magic, RECORD_MAGIC, sizeof magic);
    /* release: a reader that finds the magic finds the rest */
    atomic_store_explicit((_Atomic uint64_t *)header->magic, magic, memory_order_release);
}

bool record_make(void) {
    if (atomic_exchange_explicit(&making, 1, memory_order_acquire))
        return false;
    uint8_t name[16] = {0};
    const uint64_t used = 8 * PAGE; /* header, text, and what the first handles need */
    uint64_t window = record_window_from_file(used, name, RECORD_FIRST_WINDOW_SHIFT);
    if (!window) {
        record_file_name(name);
        window = record_window_from_memory(used, RECORD_FIRST_WINDOW_SHIFT);
    }
    if (!window || !owner_page())
        return false; /* `making` stays: it would fail again, and every call would pay for it */
    record_own.reserved = used;
    record_own.mapped[window & 0xfff] = (uint64_t)(uintptr_t)record_window_base(window);
    atomic_store_explicit(&record_mapped.window, window, memory_order_release);
    atomic_store_explicit(&record_own.allocated, PAGE, memory_order_relaxed);
    record_own.made = true;
    record_header_begin(record_header(), name);
    keep_strings(record_header());
    header_publish(record_header());
    if (record_own.path[0])
        record_file_tidy(name);
    return true;
}

void record_open(void) {
    /* release: the record is complete for everyone who finds it ready */
    atomic_store_explicit(atomic_load_explicit(&record_mapped.owner, memory_order_relaxed), RECORD_OWNER_READY,
                          memory_order_release);
    record_count_missed();
}

/* ---- later ------------------------------------------------------------------------------------------------
 */

/* The record goes to the window, which is as large as its own; it stays where it is if there is none. */
static bool moved_to(uint64_t window, uint64_t used, uint64_t object_bytes) {
    if (!window) {
        record_own.object_bytes = object_bytes;
        return false;
    }
    record_move_into(window, used);
    record_own.is_private = false;
    return true;
}

static void move_into_file(void) {
    uint64_t used = LOAD(&record_own.allocated), object_bytes = record_own.object_bytes;
    uint8_t name[16];
    if (!moved_to(record_window_from_file(used, name, LOAD(&record_mapped.window) & 0xfff), used, object_bytes))
        return;
    struct record_header *header = record_header();
    text_copy(header->name, name, sizeof name);
    atomic_fetch_and_explicit(&header->notes, ~(uint32_t)RECORD_NOTE_MEMORY_ONLY, memory_order_relaxed);
}

void record_give_file(void) {
    uint64_t signals = signals_block();
    if (!record_own.path[0])
        move_into_file();
    signals_unblock(signals);
}

void record_share(void) {
    if (!record_own.is_private || lockdown_is_on())
        return;
    uint64_t signals = signals_block();
    uint64_t used = LOAD(&record_own.allocated), object_bytes = record_own.object_bytes;
    if (record_own.is_private) /* still: a signal handler may have come first */
        moved_to(record_window_from_memory(used, RECORD_FIRST_WINDOW_SHIFT), used, object_bytes);
    signals_unblock(signals);
}

const char *record_path(void) { return record_own.path; }

void record_remove(void) {
    if (record_own.path[0])
        record_file_remove(record_own.path);
    record_own.path[0] = 0;
}

bool record_rename(const uint8_t name[16]) {
    enum { NO_REPLACE = 1 }; /* RENAME_NOREPLACE of <linux/fs.h> */
    char path[sizeof record_own.path];
    if (!record_own.path[0] || !record_file_path((struct text)TEXT_IN(path), name))
        return false;
    if (SYS(SYS_renameat2, AT_FDCWD, record_own.path, AT_FDCWD, path, NO_REPLACE))
        return false;
    text_copy(record_own.path, path, sizeof path);
    return true;
}

bool record_unlink(const uint8_t name[16]) {
    char path[sizeof record_own.path];
    if (record_own.identity.memory_only || !record_file_path((struct text)TEXT_IN(path), name))
        return false;
    return record_file_remove(path);
}

void record_trim(void) {
    if (!record_own.path[0])
        return;
    record_own.object_bytes = LOAD(&record_own.allocated); /* nobody may take room behind the end any more */
    uint64_t used = LOAD(&record_own.allocated);
    SYS(SYS_truncate, record_own.path, used > record_own.reserved ? used : record_own.reserved);
}

int record_write(int descriptor) {
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    SYS(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, &limit);
    if (limit.rlim_cur < LOAD(&record_own.allocated))
        return -EFBIG; /* the kernel would send SIGXFSZ, and count a memfd as a file */
    const char *at = record_at(0);
    for (uint64_t left = LOAD(&record_own.allocated); left;) {
        long written = SYS(SYS_write, descriptor, at, left);
        if (written == -EINTR)
            continue;
        if (written <= 0)
            return written ? (int)written : -EIO;
        at += written;
        left -= (uint64_t)written;
    }
    return 0;
}
