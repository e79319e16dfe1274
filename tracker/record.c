/* record.c - see record.h. */
#include "tracker/record.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <sys/resource.h>

#include "tracker/kernel.h"
#include "tracker/large.h"
#include "tracker/lockdown.h"
#include "tracker/paths.h"
#include "tracker/record_file.h"
#include "tracker/signals.h"
#include "tracker/single.h"
#include "tracker/sys.h"
#include "tracker/text.h"

enum {
    PAGE = RECORD_PAGE_BYTES,
    FIRST_WINDOW_SHIFT = 17, /* 128 KiB: a larger mapping becomes resident under mlockall */
    WINDOWS = 40,
    /* The room usually taken at once for entries that tell their own length; the first time a page. */
    ENTRY_CHUNK_BYTES = 2 * PAGE
};
static const uint64_t file_bytes = 1ull << 30;    /* sparse: room for sixteen million handles */
static const uint64_t memory_bytes = 64ull << 20; /* of an anonymous record: its size cannot change later */
static const uint64_t memory_bytes_least = 1ull << 20;

_Static_assert(sizeof(struct record_header) <= PAGE, "the header is one page");

/* The page that tells who owns the record: a fork-like child reads zero. */
_Atomic uint32_t record_no_owner;
FORK_DATA struct record_mapped record_mapped = {.owner = &record_no_owner};

/* RECORD_OWNER_NONE for ever: it stands for that page in a fork child which may never need one. */
static _Atomic uint32_t not_adopted;

/* Of the copy for a child. Where it is asked there is only one thread; its own memory is written around a fork
 * anyway. */
static __thread struct {
    bool current;   /* nothing has used the record since it was made */
    bool in_signal; /* the fork may be a signal handler's that has interrupted who was using it */
} copy;

/* Copied by a fork, unlike the record itself. */
static FORK_DATA struct {
    struct record_identity identity;
    _Atomic uint32_t *owner;    /* in the page that a fork-like child finds zero */
    uint64_t for_child;         /* address of the copy, 0 none yet */
    _Atomic uint64_t allocated; /* bytes of the object in use; at a fork this is the truth for the child */
    uint64_t object_bytes;      /* what the object can hold */
    uint64_t reserved;          /* bytes that were made real with the first window */
    uint64_t mapped[WINDOWS];   /* [shift]: address of the mapping of that size, 0 none */
    bool made;                  /* this process, or one it was forked from, has had a record */
    bool is_private;            /* it lies in memory that a fork copies */
    char path[RECORD_FILE_PATH_BYTES]; /* of the file, empty: memory only */
} own;

#define LOAD(place) atomic_load_explicit(place, memory_order_relaxed)

void record_configure(const struct record_identity *identity) {
    own.identity = *identity;
    record_file_configure(identity->folder, identity->runtime_folder);
}

enum record_readiness record_why_not_ready(uint32_t owner) {
    if (owner == RECORD_OWNER_COPIED) {
        copy.current = false;
        atomic_store_explicit(own.owner, RECORD_OWNER_READY, memory_order_relaxed); /* as it was */
        return RECORD_READY;
    }
    if (owner == RECORD_OWNER_MAKING)
        return RECORD_BUSY;
    return own.made ? RECORD_FORKED : RECORD_NONE;
}

/* ---- the window -------------------------------------------------------------------------------------------
 */

static char *window_base(uint64_t window) { return RECORD_WINDOW_BASE(window); }
static uint64_t window_bytes(uint64_t window) { return 1ull << (window & 0xfff); }

/* Makes the pages real, so that a later touch cannot fail. The kernel answers EFAULT or ENOMEM where a touch
 * would raise SIGBUS (full tmpfs). Linux 5.14; older kernels answer EINVAL, a filter what it likes: then
 * nothing is known, and only memory of our own is safe. */
static bool reserve(void *from, size_t bytes) {
    long result = SYS(SYS_madvise, from, bytes, MADV_POPULATE_WRITE);
    bool is_memory = !own.path[0];
    return result == 0 || (is_memory && result != -EFAULT && result != -ENOMEM);
}

/* A second, larger mapping of the same object; the old one stays for those who are reading through it. */
static bool window_grow(uint64_t needed) {
    uint64_t old = LOAD(&record_mapped.window);
    unsigned shift = old & 0xfff;
    while (1ull << shift < needed)
        shift++;
    if (1ull << shift <= window_bytes(old))
        return true;
    long at = SYS(SYS_mremap, window_base(old), 0, 1ull << shift, MREMAP_MAYMOVE);
    if (sys_failed(at))
        return false;
    /* release: the mapping is there before its address is */
    if (!atomic_compare_exchange_strong_explicit(&record_mapped.window, &old, (uint64_t)at | shift,
                                                 memory_order_release, memory_order_relaxed)) {
        SYS(SYS_munmap, at, 1ull << shift);
        return window_bytes(LOAD(&record_mapped.window)) >= needed || window_grow(needed);
    }
    own.mapped[shift] = (uint64_t)at; /* of each size there is one: the winner's */
    return true;
}

/* ---- room in it -------------------------------------------------------------------------------------------
 */

static _Atomic uint32_t reserving; /* threads between taking room and knowing that it is there */
static atomic_bool holes;          /* room was taken that is not there: a touch would raise SIGBUS */

static uint64_t take_room(size_t bytes) {
    uint64_t at = LOAD(&own.allocated);
    do {
        if (at + bytes > own.object_bytes)
            return 0;
        /* release: who finds the room taken finds that it is being reserved; the chunk itself is published by
         * its magic */
    } while (!atomic_compare_exchange_weak_explicit(&own.allocated, &at, at + bytes, memory_order_release,
                                                    memory_order_relaxed));
    return at;
}

/* What is not there is given back, lest it be used up; if others took room behind it, it is a hole. */
static void give_room_back(uint64_t at, size_t bytes) {
    uint64_t end = at + bytes;
    if (!atomic_compare_exchange_strong_explicit(&own.allocated, &end, at, memory_order_relaxed,
                                                 memory_order_relaxed))
        atomic_store_explicit(&holes, true, memory_order_relaxed); /* before the release of `reserving` */
}

static uint64_t take_real_room(size_t bytes) {
    uint64_t at = take_room(bytes);
    if (!at)
        return 0;
    if (window_grow(at + bytes) && (at + bytes <= own.reserved || reserve(record_at(at), bytes)))
        return at;
    give_room_back(at, bytes);
    return 0;
}

/* True if the page can be touched. Even to read one that is not there raises SIGBUS on a full file system. */
static bool is_real(uint64_t page) {
    if (page + PAGE <= own.reserved)
        return true;
    /* acquire: a room that was found taken is real if nobody is reserving any more and there are no holes */
    if (!atomic_load_explicit(&reserving, memory_order_acquire) &&
        !atomic_load_explicit(&holes, memory_order_relaxed))
        return true;
    return reserve(record_at(page), PAGE);
}

/* For readers. It never shrinks: who is late must not hide the chunk of who was faster. */
static void tell_allocated(uint64_t end) {
    _Atomic uint64_t *told = &record_header()->allocated;
    uint64_t before = LOAD(told);
    while (before < end && !atomic_compare_exchange_weak_explicit(told, &before, end, memory_order_relaxed,
                                                                  memory_order_relaxed))
        ;
}

uint64_t record_allocate(enum record_chunk_kind kind, size_t bytes, uint64_t first, uint32_t entry_bytes) {
    if (lockdown_is_on())
        return 0;
    bytes = (bytes + PAGE - 1) / PAGE * PAGE;
    if (own.is_private && LOAD(&own.allocated) + bytes > own.object_bytes)
        record_share();
    atomic_fetch_add_explicit(&reserving, 1, memory_order_relaxed); /* before the release of take_room */
    uint64_t at = take_real_room(bytes);
    /* release: the pages are there, or the holes are known */
    atomic_fetch_sub_explicit(&reserving, 1, memory_order_release);
    if (!at)
        return 0;
    struct record_chunk *chunk = record_at(at);
    chunk->kind = kind;
    chunk->bytes = bytes;
    chunk->first = first;
    chunk->entry_bytes = entry_bytes;
    chunk->entries = entry_bytes ? (uint32_t)((bytes - sizeof *chunk) / entry_bytes) : 0;
    tell_allocated(at + bytes);
    return at;
}

void record_publish(uint64_t chunk, enum record_chunk_kind kind) {
    struct record_chunk *head = record_at(chunk);
    head->kind = kind;
    /* release: who sees the magic sees the head */
    atomic_store_explicit(&head->magic, RECORD_CHUNK_MAGIC, memory_order_release);
}

/* Room for an entry in the chunk, or 0. Its length is there from the first moment, so that whatever becomes of
 * its writer those that follow can be found; a writer that stopped before it said so in `used` is helped. */
static uint64_t entry_in(struct record_chunk *head, uint32_t bytes) {
    uint64_t room = head->bytes - sizeof *head, at;
    /* acquire: what was taken up to here has its length */
    while ((at = atomic_load_explicit(&head->used, memory_order_acquire)) + bytes <= room) {
        _Atomic uint32_t *length = (_Atomic uint32_t *)((char *)(head + 1) + at);
        uint32_t there = 0;
        bool is_ours = atomic_compare_exchange_strong_explicit(length, &there, bytes | RECORD_ENTRY_UNFINISHED,
                                                               memory_order_relaxed, memory_order_relaxed);
        uint64_t next = at + (is_ours               ? bytes
                              : there < RECORD_UNIT ? RECORD_UNIT
                                                    : there / RECORD_UNIT * RECORD_UNIT);
        uint64_t expected = at;
        /* release: the length before what says that it is there */
        atomic_compare_exchange_strong_explicit(&head->used, &expected, next, memory_order_release,
                                                memory_order_relaxed);
        if (is_ours)
            return (uint64_t)((char *)length - (char *)head);
    }
    return 0;
}

uint64_t record_entry(_Atomic uint64_t *current, enum record_chunk_kind kind, size_t bytes) {
    bytes = (bytes + RECORD_UNIT - 1) / RECORD_UNIT * RECORD_UNIT;
    for (;;) {
        uint64_t chunk = atomic_load_explicit(current, memory_order_acquire); /* its head was written before */
        uint64_t at = chunk ? entry_in(record_at(chunk), (uint32_t)bytes) : 0;
        if (at)
            return chunk + at;
        size_t wanted = bytes + sizeof(struct record_chunk), usual = chunk ? ENTRY_CHUNK_BYTES : PAGE;
        uint64_t fresh = record_allocate(kind, wanted > usual ? wanted : usual, 0, 0);
        if (!fresh)
            return 0;
        record_publish(fresh, kind);
        /* release: the head before its place. Who loses the race uses the winner's chunk; the own one stays
         * empty. */
        atomic_compare_exchange_strong_explicit(current, &chunk, fresh, memory_order_release,
                                                memory_order_relaxed);
    }
}

uint64_t record_next_chunk(uint64_t chunk) {
    uint64_t at = chunk ? chunk + ((struct record_chunk *)record_at(chunk))->bytes : PAGE;
    uint64_t end = atomic_load_explicit(&own.allocated, memory_order_acquire); /* see is_real */
    for (; at < end; at += PAGE) {
        if (at + PAGE > window_bytes(LOAD(&record_mapped.window)))
            return 0;
        if (!is_real(at))
            continue;
        struct record_chunk *head = record_at(at);
        /* acquire: pairs with record_publish */
        if (atomic_load_explicit(&head->magic, memory_order_acquire) == RECORD_CHUNK_MAGIC)
            return at;
    }
    return 0;
}

RARE void record_lost(enum record_loss loss) {
    atomic_fetch_add_explicit(&record_header()->losses[loss], 1, memory_order_relaxed); /* a counter */
}

static _Atomic uint64_t missed;

static void count_missed(void) {
    uint64_t events = atomic_exchange_explicit(&missed, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&record_header()->losses[RECORD_LOSS_BUSY], events, memory_order_relaxed);
}

void record_missed(void) {
    atomic_fetch_add_explicit(&missed, 1, memory_order_relaxed);
    if (record_readiness() == RECORD_READY) /* since a moment ago */
        count_missed();
}

void record_note(enum record_note note) {
    atomic_fetch_or_explicit(&record_header()->notes, note, memory_order_relaxed); /* a set of bits */
}

/* ---- its file ---------------------------------------------------------------------------------------------
 */

/* One sparse truncation; not beyond RLIMIT_FSIZE, where the kernel would send SIGXFSZ. */
static bool file_extend(long file, uint64_t least) {
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    SYS(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, &limit);
    own.object_bytes = limit.rlim_cur < file_bytes ? limit.rlim_cur / PAGE * PAGE : file_bytes;
    return own.object_bytes >= least && SYS(SYS_ftruncate, file, own.object_bytes) == 0;
}

static uint64_t window_if_real(long at, uint64_t used, unsigned shift) {
    if (sys_failed(at))
        return 0;
    if (reserve((void *)at, used))
        return (uint64_t)at | shift;
    SYS(SYS_munmap, at, 1ull << shift);
    return 0;
}

/* The first window over a new file, which is closed, if its first `used` bytes can be touched; or 0. */
static uint64_t window_over(long file, uint64_t least, uint64_t used, unsigned shift) {
    long at = -ENOMEM;
    if (file_extend(file, least))
        at = SYS(SYS_mmap, 0, 1ull << shift, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    SYS(SYS_close, file);
    return window_if_real(at, used, shift);
}

static uint64_t window_from_file(uint64_t used, uint8_t name[16], unsigned shift) {
    if (own.identity.memory_only)
        return 0;
    long file = record_file_create(own.path, name);
    uint64_t window = sys_failed(file) ? 0 : window_over(file, 1ull << FIRST_WINDOW_SHIFT, used, shift);
    if (window)
        return window;
    if (!sys_failed(file))
        SYS(SYS_unlink, own.path);
    own.path[0] = 0;
    return 0;
}

/* Where no descriptor can be had, not even for a moment. Such an object is as large as its first mapping for
 * ever, so a large one is mapped, without access lest mlockall(MCL_FUTURE) make it resident, and all but the
 * window is unmapped again. Where the kernel overcommits nothing all of it counts. */
static uint64_t window_from_nowhere(uint64_t used, unsigned shift) {
    for (uint64_t bytes = memory_bytes; bytes >= memory_bytes_least && bytes >= 1ull << shift; bytes /= 8) {
        long at = SYS(SYS_mmap, 0, bytes, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (sys_failed(at))
            continue;
        own.object_bytes = bytes;
        uint64_t window = 1ull << shift;
        if (bytes > window)
            SYS(SYS_munmap, at + (long)window, bytes - window);
        long opened = SYS(SYS_mprotect, at, window, PROT_READ | PROT_WRITE);
        uint64_t made = window_if_real(sys_failed(opened) ? opened : at, used, shift);
        if (made)
            return made;
    }
    return 0;
}

static uint64_t window_from_memory(uint64_t used, unsigned shift) {
    own.path[0] = 0;
    long file = SYS(SYS_memfd_create, "leftopen", 1 /* MFD_CLOEXEC */);
    uint64_t window = sys_failed(file) ? 0 : window_over(file, memory_bytes, used, shift);
    return window ? window : window_from_nowhere(used, shift);
}

/* Memory that the kernel copies at a fork, at a third of the price of an object that has to be made, filled and
 * taken down: for children that execute something or end soon. It can neither grow nor be mapped twice, so that
 * it is for records that never grew. No page need be made real first: none of this memory lies in a file system
 * that may be full. `over`: in the place of what is mapped there, 0 anywhere. */
FORK_CODE static uint64_t memory_private(uint64_t over) {
    long at = SYS(SYS_mmap, over, 1ull << FIRST_WINDOW_SHIFT, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | (over ? MAP_FIXED : 0), -1, 0);
    return sys_failed(at) ? 0 : (uint64_t)at;
}

FORK_CODE static void become_private(void) {
    own.path[0] = 0;
    own.object_bytes = 1ull << FIRST_WINDOW_SHIFT;
    own.is_private = true;
}

static uint64_t window_private(void) {
    uint64_t at = memory_private(0);
    if (!at)
        return 0;
    become_private();
    return at | FIRST_WINDOW_SHIFT;
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
    own.owner = (_Atomic uint32_t *)page;
    atomic_store_explicit(own.owner, RECORD_OWNER_MAKING, memory_order_relaxed);
    atomic_store_explicit(&record_mapped.owner, own.owner,
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
    for (int i = 0; i < own.identity.argument_count && own.identity.arguments[i]; i++) {
        size_t bytes = text_length(own.identity.arguments[i]) + 1;
        uint64_t at = keep_text(chunk, own.identity.arguments[i], bytes);
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
    if (own.identity.options && own.identity.options[0])
        header->options = keep_text(chunk, own.identity.options, text_length(own.identity.options) + 1);
    keep_arguments(header, chunk);
    record_publish(chunk, RECORD_CHUNK_TEXT);
}

static void header_begin(struct record_header *header, const uint8_t name[16]) {
    header->version = RECORD_VERSION;
    header->oldest_reader = RECORD_OLDEST_READER;
#if defined(__x86_64__)
    header->abi = RECORD_ABI_X86_64;
#else
    header->abi = RECORD_ABI_AARCH64;
#endif
    header->header_bytes = sizeof *header;
    text_copy(header->name, name, sizeof header->name);
    header->started_realtime = own.identity.started_realtime;
    header->started_monotonic = own.identity.started_monotonic;
    header->pid = (int32_t)SYS(SYS_getpid);
    header->parent_pid = (int32_t)SYS(SYS_getppid);
    struct rlimit limit = {0, 0};
    SYS(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit);
    atomic_store_explicit(&header->limit_soft, limit.rlim_cur, memory_order_relaxed);
    atomic_store_explicit(&header->limit_hard, limit.rlim_max, memory_order_relaxed);
    atomic_store_explicit(&header->unseen, -1, memory_order_relaxed);
    if (!own.path[0])
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
    uint64_t window = window_from_file(used, name, FIRST_WINDOW_SHIFT);
    if (!window) {
        record_file_name(name);
        window = window_from_memory(used, FIRST_WINDOW_SHIFT);
    }
    if (!window || !owner_page())
        return false; /* `making` stays: it would fail again, and every call would pay for it */
    own.reserved = used;
    own.mapped[window & 0xfff] = (uint64_t)(uintptr_t)window_base(window);
    atomic_store_explicit(&record_mapped.window, window, memory_order_release);
    atomic_store_explicit(&own.allocated, PAGE, memory_order_relaxed);
    own.made = true;
    header_begin(record_header(), name);
    keep_strings(record_header());
    header_publish(record_header());
    if (own.path[0])
        record_file_tidy(name);
    return true;
}

void record_open(void) {
    /* release: the record is complete for everyone who finds it ready */
    atomic_store_explicit(atomic_load_explicit(&record_mapped.owner, memory_order_relaxed), RECORD_OWNER_READY,
                          memory_order_release);
    count_missed();
}

/* ---- from one memory into another -------------------------------------------------------------------------
 */

/* The first word last: it may be a magic. */
static void copy_page(uint64_t *to, const uint64_t *from) {
    for (unsigned i = 1; i < PAGE / sizeof *to; i++)
        to[i] = from[i];
    /* release: the rest before it */
    atomic_store_explicit((_Atomic uint64_t *)to, from[0], memory_order_release);
}

static bool is_zeros(const uint64_t *page) {
    uint64_t bits = 0;
    for (unsigned i = 0; i < PAGE / sizeof *page; i++)
        bits |= page[i];
    return !bits;
}

/* Into memory that begins as zeros: what nobody wrote is there already, and its page need not be. */
static void copy_page_to(uint64_t window, uint64_t old, uint64_t at) {
    const uint64_t *from = (const uint64_t *)(window_base(old) + at);
    if (is_real(at) && !is_zeros(from))
        copy_page((uint64_t *)(window_base(window) + at), from);
}

/* Puts `bytes` of a mapping (0: another mapping of the same object) where the window of this size was, or
 * memory of nobody's: a file that stays mapped stays locked. */
FORK_CODE static bool put_over(uint64_t base, uint64_t bytes, unsigned shift) {
    if (!sys_failed(
            SYS(SYS_mremap, base, bytes, 1ull << shift, MREMAP_MAYMOVE | MREMAP_FIXED, own.mapped[shift])))
        return true;
    SYS(SYS_mmap, own.mapped[shift], 1ull << shift, PROT_READ | PROT_WRITE,
        MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    own.mapped[shift] = 0;
    return false;
}

/* A mapping with what the window holds, and as large, becomes the window. No other thread can be in the old
 * ones. Their addresses stay good: a signal handler may have interrupted the very code that holds one, and that
 * goes on when the handler returns. So a process has as many mappings of ours whatever number of forks lies
 * behind it. */
FORK_CODE static void succeed_window(uint64_t base, unsigned shift) {
    own.mapped[shift] = (uint64_t)(uintptr_t)window_base(LOAD(&record_mapped.window)); /* see window_grow */
    if (put_over(base, 1ull << shift, shift))
        base = own.mapped[shift];
    own.mapped[shift] = base;
    atomic_store_explicit(&record_mapped.window, base | shift, memory_order_release);
    for (unsigned smaller = 0; smaller < shift; smaller++)
        if (own.mapped[smaller])
            put_over(base, 0, smaller);
}

static void move_into(uint64_t window, uint64_t used) {
    uint64_t old = LOAD(&record_mapped.window);
    for (uint64_t at = PAGE; at < used; at += PAGE)
        copy_page_to(window, old, at);
    copy_page_to(window, old, 0); /* last, as its magic makes it a record */
    succeed_window((uint64_t)(uintptr_t)window_base(window), window & 0xfff);
    own.reserved = used;
    atomic_store_explicit(&reserving, 0, memory_order_relaxed); /* of threads that are not here */
}

/* ---- the copy at a fork -----------------------------------------------------------------------------------
 */

static bool is_same_page(const uint64_t *one, const uint64_t *other) {
    uint64_t bits = 0;
    for (unsigned i = 0; i < PAGE / sizeof *one; i++)
        bits |= one[i] ^ other[i];
    return !bits;
}

/* To look is cheaper than to write: what earlier children have of this memory is shared with them until then.
 */
static bool copied_for_child(void) {
    if (!own.for_child)
        own.for_child = memory_private(0);
    if (!own.for_child)
        return false;
    uint64_t used = LOAD(&own.allocated);
    for (uint64_t at = 0; at < used; at += PAGE) {
        uint64_t *to = (uint64_t *)(uintptr_t)(own.for_child + at);
        if (is_real(at) && !is_same_page(to, record_at(at)))
            copy_page(to, record_at(at));
    }
    return true;
}

static void set_copy(bool current, bool in_signal) {
    if (copy.current == current && copy.in_signal == in_signal)
        return; /* a page that a fork has copied costs a fault */
    copy.current = current;
    copy.in_signal = in_signal;
}

static void forget_copy(void) {
    uint64_t at = own.for_child;
    own.for_child = 0;
    if (at)
        SYS(SYS_munmap, at, 1ull << FIRST_WINDOW_SHIFT);
}

/* No signal handler comes in between; one that comes before the fork and uses the record meets the state. */
void record_copy_for_child(void) {
    bool is_small = (LOAD(&record_mapped.window) & 0xfff) == FIRST_WINDOW_SHIFT;
    if (!is_small)
        forget_copy();
    if (!is_small || own.is_private || !single_here())
        return set_copy(false, false);
    uint64_t signals = signals_block();
    bool current = copied_for_child();
    set_copy(current, signals != 0); /* the one that is being handled is blocked */
    atomic_store_explicit(own.owner, current ? RECORD_OWNER_COPIED : RECORD_OWNER_READY, memory_order_relaxed);
    signals_unblock(signals);
}

/* Where the parent's window was comes memory for the next copy, so that no process has more mappings than
 * another, whatever number of forks lies behind it. It is not moved there: that takes twice as long as all else
 * that a child pays for, since the kernel throws away what the processor knows of its memory. */
FORK_CODE static void use_copy_where_it_is(void) {
    uint64_t before = own.mapped[FIRST_WINDOW_SHIFT];
    own.mapped[FIRST_WINDOW_SHIFT] = own.for_child;
    atomic_store_explicit(&record_mapped.window, own.for_child | FIRST_WINDOW_SHIFT, memory_order_relaxed);
    own.for_child = memory_private(before);
    if (!own.for_child)
        SYS(SYS_munmap, before, 1ull << FIRST_WINDOW_SHIFT); /* a file that stays mapped stays locked */
}

FORK_CODE bool record_forked(void) {
    if (!own.made)
        return true;
    bool has_copy = copy.current;
    copy.current = false;
    atomic_store_explicit(&record_mapped.owner, &not_adopted, memory_order_relaxed); /* the only thread */
    if (!has_copy)
        return own.is_private;
    become_private();
    if (!copy.in_signal) {
        use_copy_where_it_is();
        return true;
    }
    uint64_t at = own.for_child;
    own.for_child = 0;
    succeed_window(at, FIRST_WINDOW_SHIFT);
    return true;
}

/* What is mapped becomes this process's own. */
static bool take_over(uint64_t used, unsigned shift) {
    atomic_store_explicit(&reserving, 0, memory_order_relaxed); /* of threads that are not here */
    if (own.is_private)
        return true; /* the fork has copied it */
    uint64_t window = shift == FIRST_WINDOW_SHIFT ? window_private() : 0;
    if (!window)
        window = window_from_memory(used, shift);
    if (!window)
        return false;
    move_into(window, used);
    return true;
}

bool record_adopt(const struct record_birth *birth) {
    uint32_t none = RECORD_OWNER_NONE;
    _Atomic uint32_t *state = own.owner;
    if (LOAD(&record_mapped.owner) == &not_adopted) {
        atomic_store_explicit(state, RECORD_OWNER_NONE, memory_order_relaxed); /* before Linux 4.14 */
        atomic_store_explicit(&record_mapped.owner, state, memory_order_relaxed);
    }
    copy.current = false;
    if (!atomic_compare_exchange_strong_explicit(state, &none, RECORD_OWNER_MAKING, memory_order_acquire,
                                                 memory_order_relaxed))
        return false;
    uint64_t used = LOAD(&own.allocated);
    unsigned shift = LOAD(&record_mapped.window) & 0xfff;
    if (used > 1ull << shift) /* a thread of the parent had taken room, and not yet grown the window for it */
        used = 1ull << shift;
    atomic_store_explicit(&own.allocated, used, memory_order_relaxed); /* the only thread there is */
    if (!take_over(used, shift)) {
        atomic_store_explicit(state, RECORD_OWNER_NONE, memory_order_relaxed);
        return false;
    }
    own.identity.started_realtime = birth->realtime;
    own.identity.started_monotonic = birth->monotonic;
    struct record_header *header = record_header();
    uint8_t name[16];
    record_file_name(name);
    text_copy(header->parent_name, header->name, sizeof header->name);
    header->fork_sequence = birth->sequence;
    atomic_store_explicit(&header->allocated, used, memory_order_relaxed);
    atomic_store_explicit(&header->end, RECORD_END_RUNNING, memory_order_relaxed);
    atomic_store_explicit(&header->status, 0, memory_order_relaxed);
    atomic_store_explicit(&header->ended_realtime, 0, memory_order_relaxed);
    atomic_store_explicit(&header->ended_monotonic, 0, memory_order_relaxed);
    for (unsigned i = 0; i < RECORD_LOSS_COUNT; i++) /* the parent's */
        atomic_store_explicit(&header->losses[i], 0, memory_order_relaxed);
    atomic_store_explicit(&header->pass, 0, memory_order_relaxed);
    atomic_store_explicit(&header->notes, RECORD_NOTE_FORK_CHILD, memory_order_relaxed);
    header_begin(header, name);
    header->parent_pid = birth->parent; /* it may have ended since */
    return true;
}

/* ---- later ------------------------------------------------------------------------------------------------
 */

/* The record goes to the window, which is as large as its own; it stays where it is if there is none. */
static bool moved_to(uint64_t window, uint64_t used, uint64_t object_bytes) {
    if (!window) {
        own.object_bytes = object_bytes;
        return false;
    }
    move_into(window, used);
    own.is_private = false;
    return true;
}

static void move_into_file(void) {
    uint64_t used = LOAD(&own.allocated), object_bytes = own.object_bytes;
    uint8_t name[16];
    if (!moved_to(window_from_file(used, name, LOAD(&record_mapped.window) & 0xfff), used, object_bytes))
        return;
    struct record_header *header = record_header();
    text_copy(header->name, name, sizeof name);
    atomic_fetch_and_explicit(&header->notes, ~(uint32_t)RECORD_NOTE_MEMORY_ONLY, memory_order_relaxed);
}

void record_give_file(void) {
    uint64_t signals = signals_block();
    if (!own.path[0])
        move_into_file();
    signals_unblock(signals);
}

void record_share(void) {
    if (!own.is_private || lockdown_is_on())
        return;
    uint64_t signals = signals_block();
    uint64_t used = LOAD(&own.allocated), object_bytes = own.object_bytes;
    if (own.is_private) /* still: a signal handler may have come first */
        moved_to(window_from_memory(used, FIRST_WINDOW_SHIFT), used, object_bytes);
    signals_unblock(signals);
}

const char *record_path(void) { return own.path; }

void record_remove(void) {
    if (own.path[0])
        record_file_remove(own.path);
    own.path[0] = 0;
}

bool record_rename(const uint8_t name[16]) {
    enum { NO_REPLACE = 1 }; /* RENAME_NOREPLACE of <linux/fs.h> */
    char path[sizeof own.path];
    if (!own.path[0] || !record_file_path((struct text)TEXT_IN(path), name))
        return false;
    if (SYS(SYS_renameat2, AT_FDCWD, own.path, AT_FDCWD, path, NO_REPLACE))
        return false;
    text_copy(own.path, path, sizeof path);
    return true;
}

bool record_unlink(const uint8_t name[16]) {
    char path[sizeof own.path];
    if (own.identity.memory_only || !record_file_path((struct text)TEXT_IN(path), name))
        return false;
    return record_file_remove(path);
}

void record_trim(void) {
    if (!own.path[0])
        return;
    own.object_bytes = LOAD(&own.allocated); /* nobody may take room behind the end any more */
    uint64_t used = LOAD(&own.allocated);
    SYS(SYS_truncate, own.path, used > own.reserved ? used : own.reserved);
}

int record_write(int descriptor) {
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    SYS(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, &limit);
    if (limit.rlim_cur < LOAD(&own.allocated))
        return -EFBIG; /* the kernel would send SIGXFSZ, and count a memfd as a file */
    const char *at = record_at(0);
    for (uint64_t left = LOAD(&own.allocated); left;) {
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
