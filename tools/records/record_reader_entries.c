/* record_reader_entries.c - what the entries of a record mean; see record_reader_parts.h. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/records/record_reader_parts.h"

enum {
    MOST_NAME_BYTES = 512, /* of a handle: NAME_MAX and its folder */
    MOST_MODULES = 4096,   /* twice what the library keeps; each frame is looked up among them */
    MOST_FRAMES = 128      /* as the option depth allows */
};

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
    stack->first_name = reader_text_at(reader, first_name, PATH_MAX);
    stack->cut = flags & RECORD_STACK_CUT;
    stack->caller_only = flags & RECORD_STACK_CALLER_ONLY;
    return stack;
}

/* `bytes` behind `pc` belong to the entry. */
static void take_frames(struct reader *reader, size_t at, struct stack *stack, const uint64_t *pc,
                        size_t frames, size_t bytes) {
    size_t room = bytes / sizeof *pc;
    if (frames > room) {
        reader_complain(reader, at, "a stack of %zu frames has room for %zu: the others are lost", frames,
                        room);
        frames = room;
    }
    if (frames > MOST_FRAMES) {
        reader_complain(reader, at, "a stack of %zu frames, where %d can be: the others are left out", frames,
                        MOST_FRAMES);
        frames = MOST_FRAMES;
    }
    stack->count = frames;
    stack->pc = memory_new(frames, sizeof *pc);
    memcpy(stack->pc, pc, frames * sizeof *pc);
}

static void take_stack_1(struct reader *reader, size_t at, size_t bytes) {
    const struct record_stack_1 *entry = ENTRY(record_stack_1, reader, at);
    struct stack *stack = new_stack(reader, at, entry->call, entry->flags, 0);
    stack->epoch = entry->modules_epoch;
    stack->opened = entry->opened;
    stack->closed = entry->closed;
    take_frames(reader, at, stack, entry->pc, entry->frames, bytes - sizeof *entry);
}

/* The first one's count follows from `closed`, once that is known. */
static void take_closers(struct stack *stack, const struct record_stack *entry) {
    stack->closed_elsewhere = entry->closed_elsewhere;
    for (int i = 0; i < RECORD_CLOSERS; i++) {
        stack->closers[i].place = entry->closers[i].place;
        stack->closers[i].count = i && entry->closers[i].place ? entry->closers[i].count : 0;
    }
}

static void take_stack(struct reader *reader, size_t at, size_t bytes) {
    const struct record_stack *entry = ENTRY(record_stack, reader, at);
    struct stack *stack =
        new_stack(reader, at, entry->call, entry->flags, (uint64_t)entry->first_name * RECORD_UNIT);
    stack->epoch = entry->modules_epoch;
    stack->opened = entry->opened;
    stack->closed = entry->closed;
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
        reader_complain(reader, at, "a module with a path of %u bytes and a build-id of %u: left out",
                        entry->path_bytes, entry->build_id_bytes);
        return;
    }
    if (reader->process->module_count == MOST_MODULES) {
        reader_complain(reader, at, "more than %d modules: this one is left out", MOST_MODULES);
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

static void take_stripe(struct reader *reader, size_t at, size_t bytes) {
    const struct record_stripe *entry = ENTRY(record_stripe, reader, at);
    (void)bytes;
    reader->process->open -= RECORD_STRIPE_RELEASES(entry->numbers);
    for (int i = 0; i < RECORD_STRIPE_STACKS; i++) {
        if (!RECORD_STRIPE_STACK(entry->stacks[i]))
            continue;
        reader->stripe_words =
            memory_grow(reader->stripe_words, reader->stripe_word_count, sizeof *reader->stripe_words);
        reader->stripe_words[reader->stripe_word_count++] = entry->stacks[i];
    }
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
    reader_complain(reader, at, "texts of %u, %u, %u and %u bytes in room for %zu: left out", entry->link_bytes,
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

void reader_take_slot(struct reader *reader, size_t at, bool is_address, uint64_t number) {
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
        handle->path = reader_text_at(reader, (uint64_t)slot->detail * RECORD_UNIT, MOST_NAME_BYTES);
}

static const struct reader_entries entries[] = {
    [RECORD_CHUNK_STACKS] = {take_stack, sizeof(struct record_stack)},
    [RECORD_CHUNK_MODULES] = {take_module, sizeof(struct record_module)},
    [RECORD_CHUNK_THREADS] = {take_thread, offsetof(struct record_thread, reserved_too)},
    [RECORD_CHUNK_DETAILS] = {take_detail, sizeof(struct record_detail)},
    [RECORD_CHUNK_MISUSES] = {take_misuse, sizeof(struct record_misuse)},
    [RECORD_CHUNK_STRIPES] = {take_stripe, sizeof(struct record_stripe)},
};

/* Entries that an older version laid out in another way. */
static const struct reader_entries entries_of_1[] = {
    [RECORD_CHUNK_STACKS] = {take_stack_1, sizeof(struct record_stack_1)},
    [RECORD_CHUNK_DETAILS] = {take_detail_1, sizeof(struct record_detail_1)},
};

static struct reader_entries row_of(const struct reader_entries *rows, size_t count, uint32_t kind) {
    return kind < count ? rows[kind] : (struct reader_entries){NULL, 0};
}

#define ROW_OF(rows, kind) row_of(rows, sizeof(rows) / sizeof *(rows), kind)

struct reader_entries reader_entries_of(const struct reader *reader, uint32_t kind) {
    struct reader_entries old = ROW_OF(entries_of_1, reader->header.version == 1 ? kind : UINT32_MAX);
    return old.take ? old : ROW_OF(entries, kind);
}
