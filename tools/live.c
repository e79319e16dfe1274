/* live.c - see live.h
 *
 * A descriptor may be closed and its number used again while we ask. So the record is read once more
 * afterwards: only what still has the same sequence number is believed. */
#include "tools/live.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/living.h"
#include "tools/memory.h"
#include "tools/record_reader.h"

/* --- sockets ---------------------------------------------------------------------------------------------- */

/* A line of /proc/PID/net/tcp and its like. */
struct socket_entry {
    unsigned long long inode;
    uint16_t domain, type;
    uint8_t state;
    struct sockaddr_storage local, peer;
    size_t local_bytes, peer_bytes;
};

struct sockets {
    struct socket_entry *list;
    size_t count;
};

static struct socket_entry *new_entry(struct sockets *sockets) {
    sockets->list = memory_grow(sockets->list, sockets->count, sizeof *sockets->list);
    struct socket_entry *entry = &sockets->list[sockets->count++];
    memset(entry, 0, sizeof *entry);
    return entry;
}

/* "0100007F:0050", or four such words for IPv6: the address as it lies in memory, the port as a number. Returns
 * its length, 0 if it is malformed. */
static size_t parse_address(const char *text, int family, struct sockaddr_storage *address) {
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    unsigned words[4], port;
    if (family == AF_INET) {
        if (sscanf(text, "%8x:%4x", &words[0], &port) != 2)
            return 0;
        four.sin_addr.s_addr = words[0];
        four.sin_port = htons((uint16_t)port);
        memcpy(address, &four, sizeof four);
        return sizeof four;
    }
    if (sscanf(text, "%8x%8x%8x%8x:%4x", &words[0], &words[1], &words[2], &words[3], &port) != 5)
        return 0;
    memcpy(&six.sin6_addr, words, sizeof words);
    six.sin6_port = htons((uint16_t)port);
    memcpy(address, &six, sizeof six);
    return sizeof six;
}

static void take_internet(struct sockets *sockets, const char *line, int family, int type) {
    char local[40], peer[40];
    unsigned state;
    unsigned long long inode;
    if (sscanf(line, " %*d: %39s %39s %x %*s %*s %*s %*u %*d %llu", local, peer, &state, &inode) != 4 || !inode)
        return;
    struct socket_entry *entry = new_entry(sockets);
    entry->inode = inode;
    entry->domain = (uint16_t)family;
    entry->type = (uint16_t)type;
    entry->state = (uint8_t)state;
    entry->local_bytes = parse_address(local, family, &entry->local);
    bool has_peer = strncmp(strrchr(peer, ':') ? strrchr(peer, ':') : ":0000", ":0000", 5) != 0;
    entry->peer_bytes = has_peer ? parse_address(peer, family, &entry->peer) : 0;
}

static void take_unix(struct sockets *sockets, const char *line, int family, int type) {
    unsigned kind;
    unsigned long long inode;
    int path = 0;
    if (sscanf(line, "%*x: %*x %*x %*x %x %*x %llu %n", &kind, &inode, &path) != 2 || !inode)
        return;
    struct socket_entry *entry = new_entry(sockets);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t bytes = path ? strcspn(line + path, "\n") : 0;
    bytes = bytes < sizeof name.sun_path ? bytes : sizeof name.sun_path;
    memcpy(name.sun_path, line + path, bytes);
    if (bytes && name.sun_path[0] == '@')
        name.sun_path[0] = '\0';
    entry->inode = inode;
    entry->domain = (uint16_t)family;
    entry->type = (uint16_t)kind;
    entry->local_bytes = offsetof(struct sockaddr_un, sun_path) + bytes;
    memcpy(&entry->local, &name, entry->local_bytes);
}

static const struct table {
    const char *name;
    int family, type;
    void (*take)(struct sockets *sockets, const char *line, int family, int type);
} tables[] = {
    {"tcp", AF_INET, SOCK_STREAM, take_internet},
    {"tcp6", AF_INET6, SOCK_STREAM, take_internet},
    {"udp", AF_INET, SOCK_DGRAM, take_internet},
    {"udp6", AF_INET6, SOCK_DGRAM, take_internet},
    {"unix", AF_UNIX, 0, take_unix},
};

static int compare_inodes(const void *left, const void *right) {
    const struct socket_entry *one = left, *other = right;
    return one->inode < other->inode ? -1 : one->inode > other->inode;
}

/* All sockets of the process's network. */
static struct sockets read_sockets(int pid) {
    struct sockets sockets = {0};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char path[64], *line = NULL;
        size_t room = 0;
        snprintf(path, sizeof path, "/proc/%d/net/%s", pid, tables[i].name);
        FILE *file = fopen(path, "re");
        while (file && getline(&line, &room, file) >= 0)
            tables[i].take(&sockets, line, tables[i].family, tables[i].type);
        if (file)
            fclose(file);
        free(line);
    }
    if (sockets.count)
        qsort(sockets.list, sockets.count, sizeof *sockets.list, compare_inodes);
    return sockets;
}

static void set_socket(struct detail *detail, const struct sockets *sockets) {
    struct socket_entry key = {0};
    if (sscanf(detail->link, "socket:[%llu]", &key.inode) != 1 || !sockets->count)
        return;
    const struct socket_entry *entry =
        bsearch(&key, sockets->list, sockets->count, sizeof *sockets->list, compare_inodes);
    if (!entry)
        return;
    detail->domain = entry->domain;
    detail->type = entry->type;
    detail->tcp_state = entry->domain != AF_UNIX && entry->type == SOCK_STREAM ? entry->state : 0;
    free(detail->local);
    free(detail->peer);
    detail->local = memory_copy_bytes((const char *)&entry->local, entry->local_bytes);
    detail->local_bytes = entry->local_bytes;
    detail->peer = memory_copy_bytes((const char *)&entry->peer, entry->peer_bytes);
    detail->peer_bytes = entry->peer_bytes;
}

/* --- the process ------------------------------------------------------------------------------------------ */

/* Asks for one descriptor; false if it is not there. */
static bool ask(int pid, int number, const struct sockets *sockets, struct detail *detail) {
    char path[64], link[PATH_MAX];
    struct stat about;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, number);
    ssize_t bytes = readlink(path, link, sizeof link);
    if (bytes < 0)
        return false;
    detail->link = memory_copy_bytes(link, (size_t)bytes);
    detail->local = memory_copy("");
    detail->peer = memory_copy("");
    detail->mode = stat(path, &about) == 0 ? about.st_mode : 0;
    set_socket(detail, sockets);
    return true;
}

static int compare_sequences(const void *left, const void *right) {
    const struct handle *one = left, *other = right;
    return one->sequence < other->sequence ? -1 : one->sequence > other->sequence;
}

/* Takes the answers of handles back that are not the same any more. */
static void check_again(struct process *process) {
    int status;
    struct process *later = record_read(process->source, true, &status); /* it may end meanwhile */
    if (later && later->handle_count)
        qsort(later->handles, later->handle_count, sizeof *later->handles, compare_sequences);
    for (size_t i = 0; i < process->handle_count; i++) {
        struct handle *handle = &process->handles[i];
        const struct handle *same = NULL;
        if (later && later->handle_count)
            same =
                bsearch(handle, later->handles, later->handle_count, sizeof *later->handles, compare_sequences);
        if (!same || same->number != handle->number || same->state != handle->state)
            handle->detail = NULL;
    }
    record_end(later);
}

static uint64_t limit_of(const char *word) {
    return strcmp(word, "unlimited") == 0 ? UINT64_MAX : strtoull(word, NULL, 10);
}

void live_limits(struct process *process, int pid) {
    char path[64], soft[24], hard[24], *line = NULL;
    size_t room = 0;
    bool is_found = false;
    if (!pid || !process->alive || process->end != RECORD_END_RUNNING)
        return;
    snprintf(path, sizeof path, "/proc/%d/limits", pid);
    FILE *limits = fopen(path, "re");
    while (limits && !is_found && getline(&line, &room, limits) >= 0)
        is_found = sscanf(line, "Max open files %23s %23s", soft, hard) == 2;
    if (limits)
        fclose(limits);
    free(line);
    if (!is_found)
        return;
    process->limit_soft = limit_of(soft);
    process->limit_hard = limit_of(hard);
}

void live_ask(struct process *process) {
    /* Whoever has begun its end has asked, or is asking, for itself. */
    if (!process->alive || process->end != RECORD_END_RUNNING || process->details || !process->handle_count)
        return;
    int pid = living_pid(process);
    if (!pid)
        return;
    live_limits(process, pid);
    struct sockets sockets = read_sockets(pid);
    process->details = memory_new(process->handle_count, sizeof *process->details);
    for (size_t i = 0; i < process->handle_count; i++) {
        struct handle *handle = &process->handles[i];
        struct detail *detail = &process->details[process->detail_count];
        bool is_open = handle->state == RECORD_STATE_LIVE || handle->state == RECORD_STATE_INHERITED;
        if (!is_open || handle->number < 0 || !ask(pid, handle->number, &sockets, detail))
            continue;
        handle->detail = detail;
        process->detail_count++;
    }
    free(sockets.list);
    check_again(process);
}
