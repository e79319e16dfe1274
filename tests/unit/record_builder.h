/* record_builder.h - makes records in memory, as tracker/record_format.h lays them out, for tests of the tool.
 *
 * The layout is fixed: one chunk of each kind, in pages that are plenty. A test may change any byte before it
 * saves the record. */
#ifndef TESTS_RECORD_BUILDER_H
#define TESTS_RECORD_BUILDER_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracker/record_format.h"

enum builder_page {
    BUILDER_TEXT = 1,
    BUILDER_STACKS = 2,
    BUILDER_MODULES = 10,
    BUILDER_THREADS = 12,
    BUILDER_DETAILS = 13,
    BUILDER_NUMBERS = 17,
    BUILDER_OBJECTS = 19,
    BUILDER_STRIPES = 20,
    BUILDER_PAGES = 21
};

enum { BUILDER_BYTES = BUILDER_PAGES * RECORD_PAGE_BYTES };

struct builder {
    _Alignas(64) unsigned char bytes[BUILDER_BYTES];
    uint64_t sequence;
    unsigned objects;
};

static inline struct record_header *builder_header(struct builder *builder) {
    return (struct record_header *)builder->bytes;
}

static inline struct record_chunk *builder_chunk(struct builder *builder, enum builder_page page) {
    return (struct record_chunk *)(builder->bytes + page * RECORD_PAGE_BYTES);
}

/* Room for `bytes` in the chunk; its offset in the record. */
static inline size_t builder_take(struct builder *builder, enum builder_page page, size_t bytes) {
    struct record_chunk *chunk = builder_chunk(builder, page);
    size_t at = page * RECORD_PAGE_BYTES + sizeof *chunk + chunk->used;
    bytes = (bytes + RECORD_UNIT - 1) / RECORD_UNIT * RECORD_UNIT;
    if (sizeof *chunk + chunk->used + bytes > chunk->bytes)
        abort();
    chunk->used += bytes;
    return at;
}

static inline uint64_t builder_text(struct builder *builder, const void *text, size_t bytes) {
    size_t at = builder_take(builder, BUILDER_TEXT, bytes);
    memcpy(builder->bytes + at, text, bytes);
    return at;
}

static inline void builder_lay(struct builder *builder, enum record_chunk_kind kind, enum builder_page page,
                               enum builder_page next, uint32_t entry_bytes) {
    struct record_chunk *chunk = builder_chunk(builder, page);
    chunk->magic = RECORD_CHUNK_MAGIC;
    chunk->kind = kind;
    chunk->bytes = (next - page) * RECORD_PAGE_BYTES;
    chunk->entry_bytes = entry_bytes;
    chunk->entries = entry_bytes ? (uint32_t)((chunk->bytes - sizeof *chunk) / entry_bytes) : 0;
}

/* A record of a program that ended by exit(0), pid 4242, started 100 s before. */
static inline struct builder *builder_begin(void) {
    struct builder *builder = aligned_alloc(64, sizeof *builder);
    memset(builder, 0, sizeof *builder);
    builder_lay(builder, RECORD_CHUNK_TEXT, BUILDER_TEXT, BUILDER_STACKS, 0);
    builder_lay(builder, RECORD_CHUNK_STACKS, BUILDER_STACKS, BUILDER_MODULES, 0);
    builder_lay(builder, RECORD_CHUNK_MODULES, BUILDER_MODULES, BUILDER_THREADS, 0);
    builder_lay(builder, RECORD_CHUNK_THREADS, BUILDER_THREADS, BUILDER_DETAILS, 0);
    builder_lay(builder, RECORD_CHUNK_DETAILS, BUILDER_DETAILS, BUILDER_NUMBERS, 0);
    builder_lay(builder, RECORD_CHUNK_NUMBERS, BUILDER_NUMBERS, BUILDER_OBJECTS, sizeof(struct record_slot));
    builder_lay(builder, RECORD_CHUNK_OBJECTS, BUILDER_OBJECTS, BUILDER_STRIPES, sizeof(struct record_slot));
    builder_lay(builder, RECORD_CHUNK_STRIPES, BUILDER_STRIPES, BUILDER_PAGES, 0);
    struct record_header *header = builder_header(builder);
    memcpy(header->magic, RECORD_MAGIC, sizeof header->magic);
    header->version = RECORD_VERSION;
    header->oldest_reader = RECORD_OLDEST_READER;
    header->abi = RECORD_ABI_X86_64;
    header->header_bytes = sizeof *header;
    memset(header->name, 0xab, sizeof header->name);
    header->started_realtime = 1700000000000000000u;
    header->ended_realtime = 1700000100000000000u;
    header->started_monotonic = 1000000000u;
    header->ended_monotonic = 101000000000u;
    header->pid = 4242;
    header->parent_pid = 4000;
    header->end = RECORD_END_EXIT;
    header->pass = RECORD_PASS_BEGUN | RECORD_PASS_RECONCILED | RECORD_PASS_DETAILS | RECORD_PASS_RELEASED;
    header->limit_soft = 1024;
    header->limit_hard = 524288;
    header->executable = builder_text(builder, "/opt/server/bin/server", 23);
    header->arguments = builder_text(builder, "./server\0--port\08080", 21);
    header->argument_bytes = 21;
    header->argument_count = 3;
    header->allocated = BUILDER_BYTES;
    header->peak = 9;
    return builder;
}

static inline void builder_program(struct builder *builder, const char *executable, const char *argument,
                                   const char *second) {
    struct record_header *header = builder_header(builder);
    header->executable = builder_text(builder, executable, strlen(executable) + 1);
    char both[1024] = "";
    size_t first_bytes = strlen(argument) + 1, second_bytes = second ? strlen(second) + 1 : 0;
    memcpy(both, argument, first_bytes);
    if (second)
        memcpy(both + first_bytes, second, second_bytes);
    header->arguments = builder_text(builder, both, first_bytes + second_bytes);
    header->argument_bytes = (uint32_t)(first_bytes + second_bytes);
    header->argument_count = second ? 2 : 1;
}

/* Returns the id for RECORD_WORD. */
static inline uint32_t builder_stack(struct builder *builder, const char *call, const uint64_t *pc,
                                     unsigned count, uint64_t opened, uint64_t closed) {
    size_t bytes = sizeof(struct record_stack) + count * sizeof *pc;
    size_t at = builder_take(builder, BUILDER_STACKS, bytes);
    struct record_stack *stack = (struct record_stack *)(builder->bytes + at);
    stack->bytes = (uint32_t)((bytes + RECORD_UNIT - 1) / RECORD_UNIT * RECORD_UNIT);
    stack->frames = (uint16_t)count;
    stack->opened = opened;
    stack->closed = closed;
    snprintf(stack->call, sizeof stack->call, "%s", call);
    memcpy(stack->pc, pc, count * sizeof *pc);
    return (uint32_t)(at / RECORD_UNIT);
}

static inline struct record_module *builder_module(struct builder *builder, const char *path, uint64_t start,
                                                   uint64_t end, uint64_t bias, const void *build_id,
                                                   unsigned build_id_bytes) {
    size_t bytes = sizeof(struct record_module) + strlen(path) + 1;
    size_t at = builder_take(builder, BUILDER_MODULES, bytes);
    struct record_module *module = (struct record_module *)(builder->bytes + at);
    module->bytes = (uint32_t)((bytes + RECORD_UNIT - 1) / RECORD_UNIT * RECORD_UNIT);
    module->start = start;
    module->end = end;
    module->bias = bias;
    module->build_id_bytes = build_id_bytes;
    memcpy(module->build_id, build_id, build_id_bytes);
    module->path_bytes = (uint32_t)strlen(path);
    memcpy(module->path, path, strlen(path));
    return module;
}

static inline void builder_thread(struct builder *builder, int id, const char *name) {
    size_t at = builder_take(builder, BUILDER_THREADS, sizeof(struct record_thread));
    struct record_thread *thread = (struct record_thread *)(builder->bytes + at);
    thread->bytes = sizeof *thread;
    thread->thread = id;
    size_t length = strlen(name), most = sizeof thread->name - 1;
    memcpy(thread->name, name, length < most ? length : most);
}

static inline struct record_stripe *builder_stripe(struct builder *builder) {
    size_t at = builder_take(builder, BUILDER_STRIPES, sizeof(struct record_stripe));
    struct record_stripe *stripe = (struct record_stripe *)(builder->bytes + at);
    stripe->bytes = sizeof *stripe;
    return stripe;
}

static inline struct record_slot *builder_fill(struct builder *builder, struct record_slot *slot,
                                               enum record_kind kind, uint32_t stack,
                                               enum record_outcome outcome) {
    slot->word = RECORD_WORD(RECORD_STATE_LIVE, kind, 1, stack);
    slot->sequence = ++builder->sequence;
    slot->opened = 2000000000u;
    slot->number = -1;
    slot->thread = 4242;
    slot->outcome = outcome;
    return slot;
}

/* A handle that is the descriptor `number`, below 127. */
static inline struct record_slot *builder_number(struct builder *builder, unsigned number,
                                                 enum record_kind kind, uint32_t stack,
                                                 enum record_outcome outcome) {
    return builder_fill(builder, (struct record_slot *)(builder_chunk(builder, BUILDER_NUMBERS) + 1) + number,
                        kind, stack, outcome);
}

/* A handle that is an address, with the descriptor `number` inside. */
static inline struct record_slot *builder_object(struct builder *builder, uint64_t object, int number,
                                                 enum record_kind kind, uint32_t stack,
                                                 enum record_outcome outcome) {
    struct record_slot *slot =
        (struct record_slot *)(builder_chunk(builder, BUILDER_OBJECTS) + 1) + builder->objects++;
    builder_fill(builder, slot, kind, stack, outcome);
    slot->object = object;
    slot->number = number;
    return slot;
}

/* What the kernel said of the slot. The caller may set further fields. */
static inline struct record_detail *builder_detail(struct builder *builder, struct record_slot *slot,
                                                   uint32_t mode, const char *link, const void *local,
                                                   size_t local_bytes, const void *peer, size_t peer_bytes) {
    size_t bytes = sizeof(struct record_detail) + strlen(link) + local_bytes + peer_bytes;
    size_t at = builder_take(builder, BUILDER_DETAILS, bytes);
    struct record_detail *detail = (struct record_detail *)(builder->bytes + at);
    detail->bytes = (uint32_t)((bytes + RECORD_UNIT - 1) / RECORD_UNIT * RECORD_UNIT);
    detail->mode = mode;
    detail->sequence = slot->sequence;
    detail->link_bytes = (uint16_t)strlen(link);
    detail->local_bytes = (uint16_t)local_bytes;
    detail->peer_bytes = (uint16_t)peer_bytes;
    memcpy(detail->text, link, strlen(link));
    memcpy(detail->text + strlen(link), local, local_bytes);
    memcpy(detail->text + strlen(link) + local_bytes, peer, peer_bytes);
    slot->detail = (uint32_t)(at / RECORD_UNIT);
    return detail;
}

/* Writes the first `bytes` of the record to a new file; its name is put into `path`, at least 64 bytes. */
static inline void builder_save(const struct builder *builder, size_t bytes, char *path) {
    strcpy(path, "/tmp/leftopen-test-XXXXXX");
    int file = mkstemp(path);
    if (file < 0 || write(file, builder->bytes, bytes) != (ssize_t)bytes)
        abort();
    close(file);
}

#endif
