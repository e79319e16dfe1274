/* record_reader_header.c - see record_reader_parts.h. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/records/record_reader_parts.h"

#if defined __x86_64__
#define ABI_HERE RECORD_ABI_X86_64
#elif defined __aarch64__
#define ABI_HERE RECORD_ABI_AARCH64
#else
#error "which RECORD_ABI_… is this machine's?"
#endif

enum { MOST_TEXT_BYTES = 1 << 20 };

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
    if (copy->bytes[0] == '{')
        return failure(EXIT_DAMAGED,
                       "%s is not a record; it begins as a report in JSON does: diff and --baseline read those,"
                       " and several reports become one from their records",
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

static void take_arguments(struct reader *reader) {
    const struct record_header *header = &reader->header;
    uint64_t at = header->arguments;
    size_t count = 0,
           left = header->argument_bytes < MOST_TEXT_BYTES ? header->argument_bytes : MOST_TEXT_BYTES;
    char **arguments = NULL;
    while (at && left && count < header->argument_count && at < reader->copies.newer.size) {
        char *argument = reader_text_at(reader, at, left);
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
    process->executable = reader_text_at(reader, header->executable, PATH_MAX);
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

int reader_take_header(struct reader *reader) {
    int status = check_magic(reader);
    if (!status)
        status = take_header_bytes(reader);
    if (!status)
        status = check_version(reader);
    if (!status)
        take_header(reader);
    return status;
}
