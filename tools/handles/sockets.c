/* sockets.c - see sockets.h */
#include "tools/handles/sockets.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/basics/memory.h"

/* --- the tables in /proc ---------------------------------------------------------------------------------- */

/* A line of /proc/PID/net/tcp and its like. */
struct socket_entry {
    unsigned long long inode;
    uint16_t domain, type, protocol;
    uint8_t state;
    unsigned sending, receiving; /* bytes, or of a listener connections */
    struct sockaddr_storage local, peer;
    size_t local_bytes, peer_bytes;
    unsigned peer_inode; /* of the other end of a local one, 0 unknown */
    bool is_listening;
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

/* The peer said that no more is to come. */
static bool has_peers_end(unsigned state) {
    return state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK || state == TCP_CLOSING;
}

static void take_internet(struct sockets *sockets, const char *line, int family, int type) {
    char local[40], peer[40];
    unsigned state, sending, receiving;
    unsigned long long inode;
    if (sscanf(line, " %*d: %39s %39s %x %x:%x %*s %*s %*u %*d %llu", local, peer, &state, &sending, &receiving,
               &inode) != 6 ||
        !inode)
        return;
    struct socket_entry *entry = new_entry(sockets);
    entry->inode = inode;
    entry->domain = (uint16_t)family;
    entry->type = (uint16_t)type;
    entry->state = (uint8_t)state;
    entry->is_listening = type == SOCK_STREAM && state == TCP_LISTEN;
    entry->sending = type == SOCK_STREAM ? sending : 0;                 /* of others it is memory, not data */
    entry->receiving = receiving - (receiving && has_peers_end(state)); /* that counts as a byte */
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

static void take_netlink(struct sockets *sockets, const char *line, int family, int type) {
    unsigned protocol;
    unsigned long long inode;
    if (sscanf(line, "%*x %u %*d %*x %*u %*u %*u %*u %*u %llu", &protocol, &inode) != 2 || !inode)
        return;
    struct socket_entry *entry = new_entry(sockets);
    entry->inode = inode;
    entry->domain = (uint16_t)family;
    entry->type = (uint16_t)type;
    entry->protocol = (uint16_t)protocol;
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
    {"netlink", AF_NETLINK, SOCK_RAW, take_netlink},
};

static int compare_inodes(const void *left, const void *right) {
    const struct socket_entry *one = left, *other = right;
    return one->inode < other->inode ? -1 : one->inode > other->inode;
}

/* --- local sockets: the kernel tells more of them in a dialogue --------------------------------------------
 */

static bool is_there(const char *path) { return access(path, F_OK) == 0; }

/* A question to a part of the kernel that is not there yet would load it. */
static bool may_ask(int pid) {
    struct stat here, there;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
    bool is_same_network = stat("/proc/self/ns/net", &here) == 0 && stat(path, &there) == 0 &&
                           here.st_ino == there.st_ino && here.st_dev == there.st_dev;
    return is_same_network && (is_there("/sys/module/unix_diag") || !is_there("/proc/modules"));
}

static bool ask_local(int dialogue) {
    struct {
        struct nlmsghdr head;
        struct unix_diag_req body;
    } request = {
        .head = {.nlmsg_len = sizeof request,
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.sdiag_family = AF_UNIX,
                 .udiag_states = ~0u,
                 .udiag_show = UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN},
    };
    return send(dialogue, &request, sizeof request, 0) == sizeof request;
}

static struct socket_entry *find_entry(const struct sockets *sockets, unsigned long long inode) {
    struct socket_entry key = {.inode = inode};
    return sockets->count ? bsearch(&key, sockets->list, sockets->count, sizeof *sockets->list, compare_inodes)
                          : NULL;
}

static void take_answer(struct sockets *sockets, const struct nlmsghdr *head) {
    const struct unix_diag_msg *body = NLMSG_DATA(head);
    if (head->nlmsg_len < NLMSG_LENGTH(sizeof *body))
        return;
    struct socket_entry *entry = find_entry(sockets, body->udiag_ino);
    const struct rtattr *part = (const struct rtattr *)(body + 1);
    int bytes = (int)(head->nlmsg_len - NLMSG_LENGTH(sizeof *body));
    for (; entry && RTA_OK(part, bytes); part = RTA_NEXT(part, bytes)) {
        struct unix_diag_rqlen queues;
        if (part->rta_type == UNIX_DIAG_PEER && RTA_PAYLOAD(part) >= sizeof entry->peer_inode)
            memcpy(&entry->peer_inode, RTA_DATA(part), sizeof entry->peer_inode);
        if (part->rta_type != UNIX_DIAG_RQLEN || RTA_PAYLOAD(part) < sizeof queues)
            continue;
        memcpy(&queues, RTA_DATA(part), sizeof queues);
        entry->receiving = queues.udiag_rqueue;
        entry->is_listening = body->udiag_state == TCP_LISTEN;
    }
}

/* True as long as more is to come. */
static bool take_answers(struct sockets *sockets, int dialogue) {
    static _Alignas(struct nlmsghdr) char answers[32768];
    ssize_t received = recv(dialogue, answers, sizeof answers, 0);
    struct nlmsghdr *head = (struct nlmsghdr *)answers;
    size_t left = received > 0 ? (size_t)received : 0;
    for (; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
        if (head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR)
            return false;
        take_answer(sockets, head);
    }
    return received > 0;
}

/* The other ends of local sockets, and what waits in them; nothing where that may not be asked. */
static void ask_local_ends(struct sockets *sockets, int pid) {
    struct timeval second = {1, 0};
    int dialogue = may_ask(pid) ? socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG) : -1;
    if (dialogue < 0)
        return;
    setsockopt(dialogue, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
    if (ask_local(dialogue))
        while (take_answers(sockets, dialogue))
            ;
    close(dialogue);
}

/* --- all of them ------------------------------------------------------------------------------------------ */

struct sockets *sockets_read(int pid) {
    struct sockets *sockets = memory_new(1, sizeof *sockets);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char path[64], *line = NULL;
        size_t room = 0;
        snprintf(path, sizeof path, "/proc/%d/net/%s", pid, tables[i].name);
        FILE *file = fopen(path, "re");
        while (file && getline(&line, &room, file) >= 0)
            tables[i].take(sockets, line, tables[i].family, tables[i].type);
        if (file)
            fclose(file);
        free(line);
    }
    if (sockets->count)
        qsort(sockets->list, sockets->count, sizeof *sockets->list, compare_inodes);
    ask_local_ends(sockets, pid);
    return sockets;
}

void sockets_describe(const struct sockets *sockets, struct detail *detail) {
    uint64_t waiting = 0;
    unsigned long long inode;
    bool is_one = sscanf(detail->link, "socket:[%llu]", &inode) == 1;
    const struct socket_entry *entry = is_one ? find_entry(sockets, inode) : NULL;
    if (!entry)
        return;
    detail->domain = entry->domain;
    detail->type = entry->type;
    detail->protocol = entry->protocol;
    detail->tcp_state = entry->domain != AF_UNIX && entry->type == SOCK_STREAM ? entry->state : 0;
    free(detail->local);
    free(detail->peer);
    detail->local = memory_copy_bytes((const char *)&entry->local, entry->local_bytes);
    detail->local_bytes = entry->local_bytes;
    detail->peer = memory_copy_bytes((const char *)&entry->peer, entry->peer_bytes);
    detail->peer_bytes = entry->peer_bytes;
    detail->peer_inode = entry->peer_inode;
    detail->unsent = entry->sending;
    *(entry->is_listening ? &waiting : &detail->unread) = entry->receiving;
    detail->waiting = (uint32_t)waiting;
}

void sockets_end(struct sockets *sockets) {
    free(sockets->list);
    free(sockets);
}
