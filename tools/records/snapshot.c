/* snapshot.c - see snapshot.h */
#include "tools/records/snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/handles/kernel_view.h"
#include "tools/handles/live.h"
#include "tools/records/record_reader.h"

/* A chunk of details in the making. */
struct details {
    unsigned char *bytes;
    size_t size, room;
    size_t place; /* of the chunk in the record */
};

static size_t round_up(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

/* Room for `bytes` at the end, zeroed. */
static void *take_room(struct details *details, size_t bytes) {
    if (details->size + bytes > details->room) {
        size_t room = 2 * (details->size + bytes) + RECORD_PAGE_BYTES;
        unsigned char *larger = memory_new(room, 1);
        if (details->size)
            memcpy(larger, details->bytes, details->size);
        free(details->bytes);
        details->bytes = larger;
        details->room = room;
    }
    void *taken = details->bytes + details->size;
    details->size += bytes;
    return taken;
}

static char *put(char *at, const char *text, size_t bytes) {
    memcpy(at, text, bytes);
    return at + bytes;
}

/* Returns the id for the slot. */
static uint32_t add_detail(struct details *details, const struct handle *handle) {
    const struct detail *detail = handle->detail;
    size_t link_bytes = strlen(detail->link), information_bytes = strlen(detail->information);
    size_t at = details->place + details->size;
    size_t bytes = round_up(sizeof(struct record_detail) + link_bytes + detail->local_bytes +
                                detail->peer_bytes + information_bytes,
                            RECORD_UNIT);
    struct record_detail *entry = take_room(details, bytes);
    entry->bytes = (uint32_t)bytes;
    entry->mode = detail->mode;
    entry->sequence = handle->sequence;
    entry->device = detail->device;
    entry->inode = detail->inode;
    entry->size = detail->size;
    entry->blocks = detail->blocks;
    entry->links = detail->links;
    entry->status_flags = detail->status_flags;
    entry->socket_domain = detail->domain;
    entry->socket_type = detail->type;
    entry->socket_protocol = detail->protocol;
    entry->tcp_state = detail->tcp_state;
    entry->unread = detail->unread;
    entry->unsent = detail->unsent;
    entry->waiting = detail->waiting;
    entry->duplicate_of = (uint32_t)(detail->duplicate_of + 1);
    entry->flags = (uint16_t)(detail->flags | (detail->with_state ? RECORD_DETAIL_WITH_STATE : 0));
    entry->child_status = (uint16_t)detail->child_status;
    entry->information_bytes = (uint16_t)information_bytes;
    entry->link_bytes = (uint16_t)link_bytes;
    entry->local_bytes = (uint16_t)detail->local_bytes;
    entry->peer_bytes = (uint16_t)detail->peer_bytes;
    char *text = put(entry->text, detail->link, link_bytes);
    text = put(put(text, detail->local, detail->local_bytes), detail->peer, detail->peer_bytes);
    put(text, detail->information, information_bytes);
    return (uint32_t)(at / RECORD_UNIT);
}

static void add_details(struct details *details, struct record_copy *copy, const struct process *process) {
    details->place = copy->size;
    take_room(details, sizeof(struct record_chunk));
    for (size_t i = 0; i < process->handle_count; i++) {
        const struct handle *handle = &process->handles[i];
        if (!handle->detail)
            continue;
        struct record_slot *slot = (struct record_slot *)(copy->bytes + handle->place);
        slot->detail = add_detail(details, handle);
    }
    size_t used = details->size - sizeof(struct record_chunk);
    take_room(details, round_up(details->size, RECORD_PAGE_BYTES) - details->size);
    *(struct record_chunk *)details->bytes = (struct record_chunk){
        .magic = RECORD_CHUNK_MAGIC,
        .kind = RECORD_CHUNK_DETAILS,
        .bytes = details->size,
        .used = used,
    };
}

static void set_header(struct record_header *header, const struct process *process,
                       const struct kernel_view *kernel, size_t size) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    header->notes |= RECORD_NOTE_SNAPSHOT;
    header->ended_realtime = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    header->ended_monotonic = process->ended_monotonic;
    header->allocated = size;
    if (kernel->is_known)
        header->unseen = (int64_t)kernel->unseen;
}

static void compose(struct snapshot *snapshot, struct record_copy *copy, const struct process *process,
                    const struct kernel_view *kernel) {
    struct details details = {0};
    add_details(&details, copy, process);
    snapshot->size = copy->size + details.size;
    snapshot->bytes = memory_new(snapshot->size, 1);
    set_header((struct record_header *)copy->bytes, process, kernel, snapshot->size);
    memcpy(snapshot->bytes, copy->bytes, copy->size);
    memcpy(snapshot->bytes + copy->size, details.bytes, details.size);
    snapshot->pid = process->pid;
    for (size_t i = 0; i < process->handle_count; i++)
        snapshot->handles += process->handles[i].state == RECORD_STATE_LIVE;
    free(details.bytes);
}

int snapshot_take(struct snapshot *snapshot, const char *record) {
    struct record_copy copy;
    struct kernel_view kernel;
    int status, pid;
    *snapshot = (struct snapshot){0};
    struct process *seen = kernel_view_read(record, false, &kernel, &pid, &status);
    record_end(seen);
    if (!seen)
        return status;
    struct process *process = record_read_copy(record, &copy, &status);
    if (!process)
        return status;
    if (!process->alive || process->end != RECORD_END_RUNNING) {
        status = failure(EXIT_MISSING, "process %d has ended: `leftopen report %s` shows what it left",
                         process->pid, record);
    } else {
        live_ask(process);
        compose(snapshot, &copy, process, &kernel);
    }
    free(copy.bytes);
    record_end(process);
    return status;
}

void snapshot_end(struct snapshot *snapshot) { free(snapshot->bytes); }
