/* record_reader.c - see record_reader.h.
 *
 * A copy of the file is made first (two of a living process's), then walked chunk by chunk. Only copies.c
 * knows about files, only the walk knows about places, only the take_ functions know what an entry means. */
#include "tools/records/record_reader.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/records/copies.h"

#if defined __x86_64__
#define ABI_HERE RECORD_ABI_X86_64
#elif defined __aarch64__
#define ABI_HERE RECORD_ABI_AARCH64
#else
#error "which RECORD_ABI_… is this machine's?"
#endif

enum {
    MOST_TEXT_BYTES = 1 << 20,
    MOST_NAME_BYTES = 512, /* of a handle: NAME_MAX and its folder */
    MOST_MODULES = 4096,   /* twice what the library keeps; each frame is looked up among them */
    MOST_FRAMES = 128,     /* as the option depth allows */
    MOST_COMPLAINTS = 8
};

/* What a handle points to, until all entries are known. */
struct pending {
    uint32_t stack, detail;
};

/* What a misuse points to, likewise: stacks. */
struct pending_misuse {
    uint32_t now, opened, closed;
};

struct reader {
    const char *path;
    bool may_vanish; /* nothing is said if it is not there, or not yet written */
    struct copies copies;
    struct record_header header;
    struct process *process;
    struct pending *pending;                /* per handle */
    struct pending_misuse *pending_misuses; /* per misuse */
    unsigned complaints;
};

/* --- complaints ------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void complain(struct reader *reader, size_t at, const char *format,
                                                           ...) {
    reader->process->truncated = true;
    if (reader->complaints++ >= MOST_COMPLAINTS)
        return;
    char *what = NULL;
    va_list list;
    va_start(list, format);
    int length = vasprintf(&what, format, list);
    va_end(list);
    warning("record %s, byte %zu: %s", reader->path, at, length < 0 ? format : what);
    if (length >= 0)
        free(what);
}

/* --- header ----------------------------------------------------------------------------------------------- */

static int check_magic(const struct reader *reader) {
    const struct copy *copy = &reader->copies.newer;
    if (copy->size == 0)
        return reader->may_vanish ? EXIT_MISSING
                                  : failure(EXIT_DAMAGED, "%s is not a record: it is empty", reader->path);
    static const char nothing[sizeof RECORD_MAGIC - 1];
    if (copy->size >= sizeof nothing && memcmp(copy->bytes, nothing, sizeof nothing) == 0)
        return reader->may_vanish
                   ? EXIT_MISSING
                   : failure(EXIT_DAMAGED,
                             "%s is not a record yet: its process is just making it, or was killed"
                             " when it did, and had acquired nothing",
                             reader->path);
    if (copy->size < sizeof RECORD_MAGIC - 1 || memcmp(copy->bytes, RECORD_MAGIC, sizeof RECORD_MAGIC - 1))
        return failure(EXIT_DAMAGED, "%s is not a record: byte 0: it does not begin with " RECORD_MAGIC,
                       reader->path);
    if (copy->size < sizeof(struct record_header))
        return failure(EXIT_DAMAGED,
                       "record %s is cut off at byte %zu, inside its header of %zu bytes: nothing of"
                       " it can be read",
                       reader->path, copy->size, sizeof(struct record_header));
    return 0;
}

static int check_version(const struct reader *reader) {
    const struct record_header *header = &reader->header;
    size_t at = offsetof(struct record_header, version);
    if (header->version < RECORD_OLDEST_READABLE)
        return failure(EXIT_DAMAGED,
                       "record %s, byte %zu: version %u; this leftopen reads %d and newer. Read it with the"
                       " leftopen that wrote it",
                       reader->path, at, header->version, RECORD_OLDEST_READABLE);
    if (header->version > RECORD_VERSION && header->oldest_reader > RECORD_VERSION)
        return failure(EXIT_DAMAGED,
                       "record %s, byte %zu: version %u, which needs a reader of version %u or newer; this"
                       " leftopen reads up to %d. Read it with the leftopen that wrote it",
                       reader->path, at, header->version, header->oldest_reader, RECORD_VERSION);
    if (header->abi != ABI_HERE)
        return failure(EXIT_DAMAGED,
                       "record %s, byte %zu: from another kind of machine (ABI 0x%x; this leftopen reads 0x%x)."
                       " Read it with a leftopen of that machine",
                       reader->path, offsetof(struct record_header, abi), header->abi, ABI_HERE);
    return 0;
}

/* A writer with a shorter header leaves the rest zero. */
static int take_header_bytes(struct reader *reader) {
    uint32_t bytes;
    memcpy(&bytes, reader->copies.newer.bytes + offsetof(struct record_header, header_bytes), sizeof bytes);
    if (bytes < offsetof(struct record_header, reserved) || bytes > RECORD_PAGE_BYTES)
        return failure(EXIT_DAMAGED, "record %s, byte %zu: a header of %u bytes cannot be", reader->path,
                       offsetof(struct record_header, header_bytes), bytes);
    memcpy(&reader->header, reader->copies.newer.bytes,
           bytes < sizeof reader->header ? bytes : sizeof reader->header);
    return 0;
}

/* The zero-terminated text at `at`, no longer than `most`; "" where there is none. */
static char *text_at(struct reader *reader, uint64_t at, size_t most) {
    if (at == 0)
        return memory_copy("");
    if (at >= reader->copies.newer.size) {
        complain(reader, at, "behind the end, though the header says that a text is here");
        return memory_copy("");
    }
    size_t rest = reader->copies.newer.size - at;
    const char *text = (const char *)reader->copies.newer.bytes + at;
    return memory_copy_bytes(text, strnlen(text, rest < most ? rest : most));
}

static void take_arguments(struct reader *reader) {
    const struct record_header *header = &reader->header;
    uint64_t at = header->arguments;
    size_t count = 0,
           left = header->argument_bytes < MOST_TEXT_BYTES ? header->argument_bytes : MOST_TEXT_BYTES;
    char **arguments = NULL;
    while (at && left && count < header->argument_count && at < reader->copies.newer.size) {
        char *argument = text_at(reader, at, left);
        size_t bytes = strlen(argument) + 1;
        at += bytes;
        left -= bytes < left ? bytes : left;
        arguments = memory_grow(arguments, count, sizeof *arguments);
        arguments[count++] = argument;
    }
    arguments = memory_grow(arguments, count, sizeof *arguments);
    arguments[count] = NULL;
    reader->process->arguments = arguments;
}

static uint64_t monotonic_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void take_shortages(struct reader *reader) {
    for (int kind = 0; kind < RECORD_SHORTAGE_COUNT; kind++) {
        const struct record_shortage *entry = &reader->header.shortages[kind];
        struct shortage *shortage = &reader->process->shortages[kind];
        if (entry->state != RECORD_SHORTAGE_NOTED)
            continue;
        *shortage = (struct shortage){.noted = true,
                                      .error = entry->error,
                                      .monotonic = entry->monotonic,
                                      .limit = entry->limit,
                                      .held = entry->held,
                                      .inherited = entry->inherited,
                                      .thread = entry->thread};
        memcpy(shortage->call, entry->call, sizeof entry->call);
    }
}

/* A number of handles; `unknown` where it cannot be one. */
static int64_t plausible(int64_t number, int64_t unknown) {
    return number >= 0 && number <= COPIES_MOST_BYTES ? number : unknown;
}

static void take_header(struct reader *reader) {
    const struct record_header *header = &reader->header;
    struct process *process = reader->process;
    memcpy(process->name, header->name, sizeof process->name);
    memcpy(process->parent_name, header->parent_name, sizeof process->parent_name);
    process->pid = header->pid;
    process->parent_pid = header->parent_pid;
    process->executable = text_at(reader, header->executable, PATH_MAX);
    take_arguments(reader);
    process->fork_sequence = header->fork_sequence;
    process->sequence = header->sequence;
    process->started_realtime = header->started_realtime;
    process->started_monotonic = header->started_monotonic;
    process->ended_realtime = header->ended_realtime;
    process->ended_monotonic = header->ended_monotonic;
    process->end = header->end;
    process->status = header->status;
    process->pass = header->pass;
    process->notes = header->notes;
    process->limit_soft = header->limit_soft;
    process->limit_hard = header->limit_hard;
    process->open = plausible(header->open, 0);
    process->peak = plausible(header->peak, 0);
    process->unseen = plausible(header->unseen, -1);
    process->failures = header->failures;
    process->report_requests = header->report_requests;
    take_shortages(reader);
    for (int i = 0; i < RECORD_LOSS_COUNT; i++)
        process->losses[i] = header->losses[i];
    if (process->end == RECORD_END_RUNNING && process->alive)
        process->ended_monotonic = monotonic_now();
}

/* --- entries ---------------------------------------------------------------------------------------------- */

/* A whole entry, of `bytes` bytes, in the newer copy at byte `at`. */
typedef void take_entry(struct reader *reader, size_t at, size_t bytes);

#define ENTRY(type, reader, at) ((const struct type *)((reader)->copies.newer.bytes + (at)))
#define NEW_ENTRY(process, list, count)                                                                        \
    ((process)->list = memory_grow((process)->list, (process)->count, sizeof *(process)->list),                \
     memset(&(process)->list[(process)->count], 0, sizeof *(process)->list),                                   \
     &(process)->list[(process)->count++])

/* `first_name`: the place of a text, 0 none. */
static struct stack *new_stack(struct reader *reader, size_t at, const char *call, unsigned flags,
                               uint64_t first_name) {
    struct stack *stack = NEW_ENTRY(reader->process, stacks, stack_count);
    stack->id = (uint32_t)(at / RECORD_UNIT);
    memcpy(stack->call, call, sizeof stack->call - 1);
    stack->first_name = text_at(reader, first_name, PATH_MAX);
    stack->cut = flags & RECORD_STACK_CUT;
    stack->caller_only = flags & RECORD_STACK_CALLER_ONLY;
    return stack;
}

/* `bytes` behind `pc` belong to the entry. */
static void take_frames(struct reader *reader, size_t at, struct stack *stack, const uint64_t *pc,
                        size_t frames, size_t bytes) {
    size_t room = bytes / sizeof *pc;
    if (frames > room) {
        complain(reader, at, "a stack of %zu frames has room for %zu: the others are lost", frames, room);
        frames = room;
    }
    if (frames > MOST_FRAMES) {
        complain(reader, at, "a stack of %zu frames, where %d can be: the others are left out", frames,
                 MOST_FRAMES);
        frames = MOST_FRAMES;
    }
    stack->count = frames;
    stack->pc = memory_new(frames, sizeof *pc);
    memcpy(stack->pc, pc, frames * sizeof *pc);
}

/* A handle that another thread releases may be counted as that before it is as acquired; and a copy that is
 * made meanwhile has the first number of an earlier moment than the second. */
static void take_counts(struct stack *stack, uint64_t opened, uint64_t closed) {
    stack->opened = opened;
    stack->closed = closed < opened ? closed : opened;
}

static void take_stack_1(struct reader *reader, size_t at, size_t bytes) {
    const struct record_stack_1 *entry = ENTRY(record_stack_1, reader, at);
    struct stack *stack = new_stack(reader, at, entry->call, entry->flags, 0);
    stack->epoch = entry->modules_epoch;
    take_counts(stack, entry->opened, entry->closed);
    take_frames(reader, at, stack, entry->pc, entry->frames, bytes - sizeof *entry);
}

/* What the others leave of `closed` is the first one's: all are counters that change while they are read. */
static void take_closers(struct stack *stack, const struct record_stack *entry) {
    uint64_t others = entry->closed_elsewhere;
    for (int i = 0; i < RECORD_CLOSERS; i++) {
        stack->closers[i].place = entry->closers[i].place;
        if (!i || !entry->closers[i].place)
            continue;
        stack->closers[i].count = entry->closers[i].count;
        others += entry->closers[i].count;
    }
    if (entry->closers[0].place && others < stack->closed)
        stack->closers[0].count = stack->closed - others;
}

static void take_stack(struct reader *reader, size_t at, size_t bytes) {
    const struct record_stack *entry = ENTRY(record_stack, reader, at);
    struct stack *stack =
        new_stack(reader, at, entry->call, entry->flags, (uint64_t)entry->first_name * RECORD_UNIT);
    stack->epoch = entry->modules_epoch;
    take_counts(stack, entry->opened, entry->closed);
    stack->lived = entry->lived;
    stack->longest = entry->longest;
    stack->peak = entry->peak;
    stack->passed = entry->passed;
    take_closers(stack, entry);
    for (int kind = 0; kind < RECORD_SHORTAGE_COUNT; kind++)
        stack->short_of[kind] = entry->short_of[kind];
    take_frames(reader, at, stack, entry->pc, entry->frames, bytes - sizeof *entry);
}

static void take_module(struct reader *reader, size_t at, size_t bytes) {
    const struct record_module *entry = ENTRY(record_module, reader, at);
    size_t room = bytes - sizeof *entry;
    if (entry->path_bytes > room || entry->build_id_bytes > sizeof entry->build_id) {
        complain(reader, at, "a module with a path of %u bytes and a build-id of %u: left out",
                 entry->path_bytes, entry->build_id_bytes);
        return;
    }
    if (reader->process->module_count == MOST_MODULES) {
        complain(reader, at, "more than %d modules: this one is left out", MOST_MODULES);
        return;
    }
    struct module *module = NEW_ENTRY(reader->process, modules, module_count);
    module->start = entry->start;
    module->end = entry->end;
    module->bias = entry->bias;
    module->loaded_epoch = entry->loaded_epoch;
    module->gone_epoch = entry->gone_epoch ? entry->gone_epoch : UINT64_MAX;
    for (uint32_t i = 0; i < entry->build_id_bytes; i++)
        snprintf(module->build_id + 2 * i, 3, "%02x", entry->build_id[i]);
    module->path = memory_copy_bytes(entry->path, strnlen(entry->path, entry->path_bytes));
}

static void take_thread(struct reader *reader, size_t at, size_t bytes) {
    const struct record_thread *entry = ENTRY(record_thread, reader, at);
    struct thread *thread = NEW_ENTRY(reader->process, threads, thread_count);
    thread->id = entry->thread;
    memcpy(thread->name, entry->name, sizeof entry->name);
    thread->acquiring = entry->acquiring;
    reader->process->acquiring += thread->acquiring;
}

static void take_misuse(struct reader *reader, size_t at, size_t bytes) {
    const struct record_misuse *entry = ENTRY(record_misuse, reader, at);
    struct process *process = reader->process;
    if (!entry->count || entry->type >= RECORD_MISUSE_COUNT)
        return; /* taken back, or of a sort that this reader does not know */
    bool is_stack = entry->closer & RECORD_CLOSER_STACK;
    reader->pending_misuses =
        memory_grow(reader->pending_misuses, process->misuse_count, sizeof *reader->pending_misuses);
    reader->pending_misuses[process->misuse_count] =
        (struct pending_misuse){entry->now, entry->opened, is_stack ? (uint32_t)entry->closer : 0};
    struct misuse *misuse = NEW_ENTRY(process, misuses, misuse_count);
    misuse->type = entry->type;
    misuse->kind = entry->kind < RECORD_KIND_COUNT ? entry->kind : RECORD_KIND_COUNT;
    misuse->number = entry->number;
    misuse->error = entry->error;
    misuse->thread = entry->thread;
    misuse->count = entry->count;
    misuse->closer = is_stack ? 0 : entry->closer;
    misuse->lost = entry->lost;
    misuse->monotonic = entry->monotonic;
}

static bool fit(struct reader *reader, size_t at, const struct record_detail *entry, size_t room) {
    if ((size_t)entry->link_bytes + entry->local_bytes + entry->peer_bytes + entry->information_bytes <= room)
        return true;
    complain(reader, at, "texts of %u, %u, %u and %u bytes in room for %zu: left out", entry->link_bytes,
             entry->local_bytes, entry->peer_bytes, entry->information_bytes, room);
    return false;
}

/* `entry` may be copied from one of an older version; `text` is what followed that. */
static void add_detail(struct reader *reader, size_t at, const struct record_detail *entry, const char *text) {
    struct detail *detail = NEW_ENTRY(reader->process, details, detail_count);
    detail->id = (uint32_t)(at / RECORD_UNIT);
    detail->mode = entry->mode;
    detail->sequence = entry->sequence;
    detail->device = entry->device;
    detail->inode = entry->inode;
    detail->size = entry->size;
    detail->blocks = entry->blocks;
    detail->links = entry->links;
    detail->status_flags = entry->status_flags;
    detail->domain = entry->socket_domain;
    detail->type = entry->socket_type;
    detail->protocol = entry->socket_protocol;
    detail->tcp_state = entry->tcp_state;
    detail->with_state = entry->flags & RECORD_DETAIL_WITH_STATE;
    detail->unread = entry->unread;
    detail->unsent = entry->unsent;
    detail->waiting = entry->waiting;
    detail->peer_pid = entry->peer_pid;
    detail->duplicate_of = entry->duplicate_of <= INT_MAX ? (int)entry->duplicate_of - 1 : -1;
    detail->flags = entry->flags;
    detail->child_status = entry->child_status;
    detail->link = memory_copy_bytes(text, strnlen(text, entry->link_bytes));
    text += entry->link_bytes;
    detail->local_bytes = entry->local_bytes;
    detail->local = memory_copy_bytes(text, entry->local_bytes);
    text += entry->local_bytes;
    detail->peer_bytes = entry->peer_bytes;
    detail->peer = memory_copy_bytes(text, entry->peer_bytes);
    text += entry->peer_bytes;
    detail->information = memory_copy_bytes(text, strnlen(text, entry->information_bytes));
}

static void take_detail(struct reader *reader, size_t at, size_t bytes) {
    const struct record_detail *entry = ENTRY(record_detail, reader, at);
    if (fit(reader, at, entry, bytes - sizeof *entry))
        add_detail(reader, at, entry, entry->text);
}

static void take_detail_1(struct reader *reader, size_t at, size_t bytes) {
    const struct record_detail_1 *old = ENTRY(record_detail_1, reader, at);
    struct record_detail entry = {0};
    memcpy(&entry, old, sizeof *old);
    entry.information_bytes = 0;
    if (fit(reader, at, &entry, bytes - sizeof *old))
        add_detail(reader, at, &entry, old->text);
}

/* True if the slot at `at` is the same in both copies: then nothing happened to it in between, since every
 * acquire makes the generation in its word grow. */
static bool is_steady(const struct reader *reader, size_t at) {
    if (!reader->copies.older.bytes)
        return true;
    return at + sizeof(struct record_slot) <= reader->copies.older.size &&
           memcmp(reader->copies.older.bytes + at, reader->copies.newer.bytes + at,
                  sizeof(struct record_slot)) == 0;
}

static void take_slot(struct reader *reader, size_t at, bool is_address, uint64_t number) {
    struct record_slot *slot = (struct record_slot *)(reader->copies.newer.bytes + at);
    struct process *process = reader->process;
    uint64_t word = slot->word;
    if (RECORD_WORD_STATE(word) == RECORD_STATE_FREE && slot->outcome == RECORD_OUTCOME_NONE) {
        process->kept += (slot->flags & RECORD_SLOT_QUARANTINED) != 0;
        return;
    }
    if (RECORD_WORD_STATE(word) == RECORD_STATE_WRITING || !is_steady(reader, at)) {
        slot->word = (word & ~(uint64_t)0xf) | RECORD_STATE_WRITING;
        process->opening++;
        return;
    }
    if (RECORD_WORD_STATE(word) == RECORD_STATE_RELEASING)
        process->closing++;
    reader->pending = memory_grow(reader->pending, process->handle_count, sizeof *reader->pending);
    reader->pending[process->handle_count] = (struct pending){RECORD_WORD_STACK(word), slot->detail};
    struct handle *handle = NEW_ENTRY(process, handles, handle_count);
    handle->place = at;
    handle->is_address = is_address;
    handle->state = RECORD_WORD_STATE(word);
    handle->kind = RECORD_WORD_KIND(word) < RECORD_KIND_COUNT ? RECORD_WORD_KIND(word) : RECORD_KIND_COUNT;
    handle->number = is_address ? slot->number : (int)number;
    handle->made_from = is_address ? -1 : slot->number;
    handle->object = slot->object;
    handle->sequence = slot->sequence;
    handle->opened = slot->opened;
    handle->thread = slot->thread;
    handle->other_pid = slot->owner_pid;
    handle->outcome = slot->outcome;
    handle->error = slot->error;
    handle->flags = slot->flags;
    if (handle->kind == RECORD_KIND_SHM_NAME && slot->detail)
        handle->path = text_at(reader, (uint64_t)slot->detail * RECORD_UNIT, MOST_NAME_BYTES);
}

/* --- chunks ----------------------------------------------------------------------------------------------- */

static void take_slots(struct reader *reader, const struct record_chunk *head, size_t at, size_t bytes) {
    if (head->entry_bytes < sizeof(struct record_slot) || head->entry_bytes % RECORD_UNIT) {
        complain(reader, at, "slots of %u bytes: this chunk is left out", head->entry_bytes);
        return;
    }
    size_t count = (bytes - sizeof *head) / head->entry_bytes;
    if (head->entries < count)
        count = head->entries;
    bool is_address = head->kind == RECORD_CHUNK_OBJECTS;
    if (!is_address && (head->first > INT_MAX || count > INT_MAX - head->first)) {
        complain(reader, at, "descriptors from number %llu on: this chunk is left out",
                 (unsigned long long)head->first);
        return;
    }
    for (size_t i = 0; i < count; i++)
        take_slot(reader, at + sizeof *head + i * head->entry_bytes, is_address, head->first + i);
}

static const struct entries {
    take_entry *take;
    size_t least; /* bytes of the fixed part */
} entries[] = {
    [RECORD_CHUNK_STACKS] = {take_stack, sizeof(struct record_stack)},
    [RECORD_CHUNK_MODULES] = {take_module, sizeof(struct record_module)},
    [RECORD_CHUNK_THREADS] = {take_thread, sizeof(struct record_thread)},
    [RECORD_CHUNK_DETAILS] = {take_detail, sizeof(struct record_detail)},
    [RECORD_CHUNK_MISUSES] = {take_misuse, sizeof(struct record_misuse)},
};

/* Entries that an older version laid out in another way. */
static const struct entries entries_of_1[] = {
    [RECORD_CHUNK_STACKS] = {take_stack_1, sizeof(struct record_stack_1)},
    [RECORD_CHUNK_DETAILS] = {take_detail_1, sizeof(struct record_detail_1)},
};

static const struct entries *entries_of(const struct reader *reader, uint32_t kind) {
    bool is_old = reader->header.version == 1 && kind < sizeof entries_of_1 / sizeof *entries_of_1;
    return is_old && entries_of_1[kind].take ? &entries_of_1[kind] : &entries[kind];
}

static void take_entries(struct reader *reader, const struct record_chunk *head, size_t at, size_t bytes) {
    const struct entries *row = entries_of(reader, head->kind);
    size_t end = at + bytes, used = head->used;
    if (used < bytes - sizeof *head)
        end = at + sizeof *head + used;
    at += sizeof *head;
    while (at + sizeof(uint32_t) <= end) {
        uint32_t length;
        memcpy(&length, reader->copies.newer.bytes + at, sizeof length);
        if (!length)
            return;
        bool is_whole = !(length & RECORD_ENTRY_UNFINISHED);
        length &= ~RECORD_ENTRY_UNFINISHED;
        if (length < row->least || length % RECORD_UNIT || length > end - at) {
            complain(reader, at,
                     "an entry of %u bytes where %zu to %zu fit: the rest of this chunk is left out", length,
                     row->least, end - at);
            return;
        }
        if (is_whole)
            row->take(reader, at, length);
        at += length;
    }
}

/* Takes the chunk at `at`, if one starts there. Returns how many bytes to go on. */
static size_t take_chunk(struct reader *reader, size_t at) {
    struct record_chunk head;
    memcpy(&head, reader->copies.newer.bytes + at, sizeof head);
    if (head.magic != RECORD_CHUNK_MAGIC)
        return RECORD_PAGE_BYTES;
    if (head.bytes < RECORD_PAGE_BYTES || head.bytes % RECORD_PAGE_BYTES) {
        complain(reader, at, "a chunk of %llu bytes: left out", (unsigned long long)head.bytes);
        return RECORD_PAGE_BYTES;
    }
    size_t rest = reader->copies.newer.size - at, bytes = head.bytes;
    if (bytes > rest) {
        /* That the whole record is cut off was said before. */
        if (reader->copies.newer.size >= reader->header.allocated)
            complain(reader, at, "a chunk of %zu bytes, and only %zu are left: the rest is left out", bytes,
                     rest);
        bytes = rest;
    }
    if (head.kind == RECORD_CHUNK_NUMBERS || head.kind == RECORD_CHUNK_OBJECTS)
        take_slots(reader, &head, at, bytes);
    else if (head.kind < sizeof entries / sizeof *entries && entries[head.kind].take)
        take_entries(reader, &head, at, bytes);
    return head.bytes < rest ? head.bytes : rest;
}

static void take_chunks(struct reader *reader) {
    size_t size = reader->copies.newer.size, allocated = reader->header.allocated;
    /* A living process's record may have grown since its size was asked. */
    if (size < allocated && !reader->process->alive)
        complain(reader, size, "cut off here: %zu of %zu bytes are missing, what they held is not shown",
                 allocated - size, allocated);
    for (size_t at = RECORD_PAGE_BYTES; at < size && size - at >= sizeof(struct record_chunk);)
        at += take_chunk(reader, at);
    if (reader->complaints > MOST_COMPLAINTS)
        warning("record %s: %u more complaints of this kind", reader->path,
                reader->complaints - MOST_COMPLAINTS);
}

static int compare_stack(const void *key, const void *element) {
    uint32_t id = *(const uint32_t *)key, other = ((const struct stack *)element)->id;
    return id < other ? -1 : id > other;
}

static int compare_detail(const void *key, const void *element) {
    uint32_t id = *(const uint32_t *)key, other = ((const struct detail *)element)->id;
    return id < other ? -1 : id > other;
}

static const struct stack *stack_with(const struct process *process, uint32_t id) {
    if (!id || !process->stack_count)
        return NULL;
    return bsearch(&id, process->stacks, process->stack_count, sizeof *process->stacks, compare_stack);
}

static void settle_closers(struct process *process) {
    for (size_t i = 0; i < process->stack_count; i++)
        for (int k = 0; k < RECORD_CLOSERS; k++) {
            struct closer *closer = &process->stacks[i].closers[k];
            if (!(closer->place & RECORD_CLOSER_STACK))
                continue;
            closer->stack = stack_with(process, (uint32_t)closer->place);
            closer->place = 0;
            closer->count = closer->stack ? closer->count : 0;
        }
}

static void settle_misuses(struct reader *reader) {
    struct process *process = reader->process;
    for (size_t i = 0; i < process->misuse_count; i++) {
        const struct pending_misuse *pending = &reader->pending_misuses[i];
        process->misuses[i].now = stack_with(process, pending->now);
        process->misuses[i].opened = stack_with(process, pending->opened);
        process->misuses[i].closed = stack_with(process, pending->closed);
    }
}

/* Entries were met by ascending offset, so the lists are sorted by id. */
static void settle_pending(struct reader *reader) {
    struct process *process = reader->process;
    for (size_t i = 0; i < process->handle_count; i++) {
        struct handle *handle = &process->handles[i];
        const struct pending *pending = &reader->pending[i];
        if (pending->stack && process->stack_count)
            handle->stack = bsearch(&pending->stack, process->stacks, process->stack_count,
                                    sizeof *process->stacks, compare_stack);
        const struct detail *detail = NULL;
        if (pending->detail && process->detail_count)
            detail = bsearch(&pending->detail, process->details, process->detail_count,
                             sizeof *process->details, compare_detail);
        if (detail && detail->sequence == handle->sequence)
            handle->detail = detail;
    }
}

/* --- public ----------------------------------------------------------------------------------------------- */

static int read_into(struct reader *reader) {
    int status = copies_take(&reader->copies, reader->path, reader->may_vanish);
    reader->process->alive = reader->copies.alive;
    if (!status)
        status = check_magic(reader);
    if (!status)
        status = take_header_bytes(reader);
    if (!status)
        status = check_version(reader);
    if (status)
        return status;
    take_header(reader);
    take_chunks(reader);
    settle_pending(reader);
    settle_closers(reader->process);
    settle_misuses(reader);
    const struct process *process = reader->process;
    if (process->truncated && !process->handle_count && !process->stack_count && !process->module_count)
        return failure(EXIT_DAMAGED, "record %s: nothing but its header can be read", reader->path);
    return 0;
}

struct process *record_of_nothing(int pid, const char *executable, char *const *arguments) {
    size_t count = 0;
    while (arguments && arguments[count])
        count++;
    struct process *process = memory_new(1, sizeof *process);
    process->source = memory_copy("");
    process->executable = memory_copy(executable ? executable : "");
    process->arguments = memory_new(count + 1, sizeof *process->arguments);
    for (size_t i = 0; i < count; i++)
        process->arguments[i] = memory_copy(arguments[i]);
    process->pid = pid;
    process->unseen = -1;
    return process;
}

/* Ends the reader, and the process too if nothing was read. */
static struct process *end_reader(struct reader *reader, int status) {
    copies_end(&reader->copies);
    free(reader->pending);
    free(reader->pending_misuses);
    if (status == 0)
        return reader->process;
    record_end(reader->process);
    return NULL;
}

static struct reader reader_of(const char *path, bool may_vanish) {
    struct reader reader = {
        .path = path, .may_vanish = may_vanish, .process = memory_new(1, sizeof *reader.process)};
    reader.process->source = memory_copy(path);
    return reader;
}

struct process *record_read(const char *path, bool may_vanish, int *status) {
    struct reader reader = reader_of(path, may_vanish);
    *status = read_into(&reader);
    return end_reader(&reader, *status);
}

struct process *record_read_copy(const char *path, struct record_copy *copy, int *status) {
    struct reader reader = reader_of(path, false);
    *copy = (struct record_copy){0};
    *status = read_into(&reader);
    if (*status == 0) {
        copy->size = (reader.copies.newer.size + RECORD_PAGE_BYTES - 1) / RECORD_PAGE_BYTES * RECORD_PAGE_BYTES;
        copy->bytes = memory_new(copy->size, 1);
        memcpy(copy->bytes, reader.copies.newer.bytes, reader.copies.newer.size);
    }
    return end_reader(&reader, *status);
}

void record_end(struct process *process) {
    if (!process)
        return;
    for (size_t i = 0; process->arguments && process->arguments[i]; i++)
        free(process->arguments[i]);
    for (size_t i = 0; i < process->handle_count; i++)
        free(process->handles[i].path);
    for (size_t i = 0; i < process->stack_count; i++) {
        free(process->stacks[i].pc);
        free(process->stacks[i].first_name);
    }
    for (size_t i = 0; i < process->module_count; i++)
        free(process->modules[i].path);
    for (size_t i = 0; i < process->detail_count; i++) {
        free(process->details[i].link);
        free(process->details[i].local);
        free(process->details[i].peer);
        free(process->details[i].information);
    }
    free(process->source);
    free(process->executable);
    free(process->arguments);
    free(process->handles);
    free(process->stacks);
    free(process->modules);
    free(process->details);
    free(process->threads);
    free(process->misuses);
    free(process);
}

const struct module *record_module_at(const struct process *process, uint64_t pc, uint64_t epoch) {
    const struct module *only = NULL;
    size_t candidates = 0;
    for (size_t i = 0; i < process->module_count; i++) {
        const struct module *module = &process->modules[i];
        if (pc < module->start || pc >= module->end)
            continue;
        if (module->loaded_epoch <= epoch && epoch < module->gone_epoch)
            return module;
        only = module;
        candidates++;
    }
    /* A module that was met late is stamped with a later epoch than the stack. Where it is the only one that
     * was ever at this address there is no doubt. */
    return candidates == 1 ? only : NULL;
}
