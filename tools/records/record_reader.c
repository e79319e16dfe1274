/* record_reader.c - see record_reader.h.
 *
 * A copy of the file is made first (two of a living process's), then walked chunk by chunk. Only copies.c
 * knows about files, only the walk here knows about places, only record_reader_entries.c knows what an entry
 * means. */
#include "tools/records/record_reader.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/records/record_reader_parts.h"

enum { MOST_COMPLAINTS = 8 };

/* --- complaints ------------------------------------------------------------------------------------------- */

void reader_complain(struct reader *reader, size_t at, const char *format, ...) {
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

char *reader_text_at(struct reader *reader, uint64_t at, size_t most) {
    if (at == 0)
        return memory_copy("");
    if (at >= reader->copies.newer.size) {
        reader_complain(reader, at, "behind the end, though the header says that a text is here");
        return memory_copy("");
    }
    size_t rest = reader->copies.newer.size - at;
    const char *text = (const char *)reader->copies.newer.bytes + at;
    return memory_copy_bytes(text, strnlen(text, rest < most ? rest : most));
}

/* --- chunks ----------------------------------------------------------------------------------------------- */

static void take_slots(struct reader *reader, const struct record_chunk *head, size_t at, size_t bytes) {
    if (head->entry_bytes < sizeof(struct record_slot) || head->entry_bytes % RECORD_UNIT) {
        reader_complain(reader, at, "slots of %u bytes: this chunk is left out", head->entry_bytes);
        return;
    }
    size_t count = (bytes - sizeof *head) / head->entry_bytes;
    if (head->entries < count)
        count = head->entries;
    bool is_address = head->kind == RECORD_CHUNK_OBJECTS;
    if (!is_address && (head->first > INT_MAX || count > INT_MAX - head->first)) {
        reader_complain(reader, at, "descriptors from number %llu on: this chunk is left out",
                        (unsigned long long)head->first);
        return;
    }
    for (size_t i = 0; i < count; i++)
        reader_take_slot(reader, at + sizeof *head + i * head->entry_bytes, is_address, head->first + i);
}

static void take_entries(struct reader *reader, const struct record_chunk *head, size_t at, size_t bytes) {
    struct reader_entries row = reader_entries_of(reader, head->kind);
    if (!row.take)
        return;
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
        if (length < row.least || length % RECORD_UNIT || length > end - at) {
            reader_complain(reader, at,
                            "an entry of %u bytes where %zu to %zu fit: the rest of this chunk is left out",
                            length, row.least, end - at);
            return;
        }
        if (is_whole)
            row.take(reader, at, length);
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
        reader_complain(reader, at, "a chunk of %llu bytes: left out", (unsigned long long)head.bytes);
        return RECORD_PAGE_BYTES;
    }
    size_t rest = reader->copies.newer.size - at, bytes = head.bytes;
    if (bytes > rest) {
        /* That the whole record is cut off was said before. */
        if (reader->copies.newer.size >= reader->header.allocated)
            reader_complain(reader, at, "a chunk of %zu bytes, and only %zu are left: the rest is left out",
                            bytes, rest);
        bytes = rest;
    }
    if (head.kind == RECORD_CHUNK_NUMBERS || head.kind == RECORD_CHUNK_OBJECTS)
        take_slots(reader, &head, at, bytes);
    else
        take_entries(reader, &head, at, bytes);
    return head.bytes < rest ? head.bytes : rest;
}

static void take_chunks(struct reader *reader) {
    size_t size = reader->copies.newer.size, allocated = reader->header.allocated;
    /* A living process's record may have grown since its size was asked. */
    if (size < allocated && !reader->process->alive)
        reader_complain(reader, size, "cut off here: %zu of %zu bytes are missing, what they held is not shown",
                        allocated - size, allocated);
    for (size_t at = RECORD_PAGE_BYTES; at < size && size - at >= sizeof(struct record_chunk);)
        at += take_chunk(reader, at);
    if (reader->complaints > MOST_COMPLAINTS)
        warning("record %s: %u more complaints of this kind", reader->path,
                reader->complaints - MOST_COMPLAINTS);
}

/* --- what points to what ---------------------------------------------------------------------------------- */

static int compare_stack(const void *key, const void *element) {
    uint32_t id = *(const uint32_t *)key, other = ((const struct stack *)element)->id;
    return id < other ? -1 : id > other;
}

static int compare_detail(const void *key, const void *element) {
    uint32_t id = *(const uint32_t *)key, other = ((const struct detail *)element)->id;
    return id < other ? -1 : id > other;
}

static struct stack *stack_with(const struct process *process, uint32_t id) {
    if (!id || !process->stack_count)
        return NULL;
    return bsearch(&id, process->stacks, process->stack_count, sizeof *process->stacks, compare_stack);
}

static void add_stripes(struct reader *reader) {
    for (size_t i = 0; i < reader->stripe_word_count; i++) {
        uint64_t word = reader->stripe_words[i], pairs = RECORD_STRIPE_PAIRS(word);
        struct stack *stack = stack_with(reader->process, RECORD_STRIPE_STACK(word));
        if (!stack)
            continue;
        stack->opened += pairs;
        stack->closed += pairs + RECORD_STRIPE_RELEASES(word);
    }
}

/* A handle that another thread releases may be counted as that before it is as acquired; and a copy that is
 * made meanwhile has one number of an earlier moment than the other. What the other closers leave of `closed`
 * is the first one's. */
static void settle_counts(struct process *process) {
    for (size_t i = 0; i < process->stack_count; i++) {
        struct stack *stack = &process->stacks[i];
        if (stack->closed > stack->opened)
            stack->closed = stack->opened;
        uint64_t others = stack->closed_elsewhere;
        for (int k = 1; k < RECORD_CLOSERS; k++)
            others += stack->closers[k].count;
        if (stack->closers[0].place && others < stack->closed)
            stack->closers[0].count = stack->closed - others;
    }
    process->open = process->open > 0 ? process->open : 0;
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
        status = reader_take_header(reader);
    if (status)
        return status;
    take_chunks(reader);
    settle_pending(reader);
    add_stripes(reader);
    settle_counts(reader->process);
    settle_closers(reader->process);
    settle_misuses(reader);
    const struct process *process = reader->process;
    if (process->truncated && !process->handle_count && !process->stack_count && !process->module_count)
        return failure(EXIT_DAMAGED, "record %s: nothing but its header can be read", reader->path);
    return 0;
}

/* Ends the reader, and the process too if nothing was read. */
static struct process *end_reader(struct reader *reader, int status) {
    copies_end(&reader->copies);
    free(reader->pending);
    free(reader->pending_misuses);
    free(reader->stripe_words);
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
