/* what.c - see what.h */
#include "tools/handles/what.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tools/basics/memory.h"

/* --- socket addresses ------------------------------------------------------------------------------------- */

struct address {
    const char *bytes;
    size_t count;
};

static sa_family_t family_of(struct address address) {
    sa_family_t family = AF_UNSPEC;
    if (address.count >= sizeof family)
        memcpy(&family, address.bytes, sizeof family);
    return family;
}

/* Host and port in the usual notation; NULL if it is no whole Internet address. */
static char *internet_text(struct address address) {
    char host[INET6_ADDRSTRLEN];
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    if (family_of(address) == AF_INET && address.count >= sizeof four) {
        memcpy(&four, address.bytes, sizeof four);
        inet_ntop(AF_INET, &four.sin_addr, host, sizeof host);
        return memory_format("%s:%u", host, ntohs(four.sin_port));
    }
    if (family_of(address) == AF_INET6 && address.count >= sizeof six) {
        memcpy(&six, address.bytes, sizeof six);
        inet_ntop(AF_INET6, &six.sin6_addr, host, sizeof host);
        return memory_format("[%s]:%u", host, ntohs(six.sin6_port));
    }
    return NULL;
}

static bool is_unbound(struct address address) {
    struct sockaddr_in four; /* the port lies at the same place in both families */
    if (address.count < sizeof four)
        return true;
    memcpy(&four, address.bytes, sizeof four);
    return four.sin_port == 0;
}

/* A path, or an abstract name with @ in place of its first zero byte; NULL: unnamed. Further zero bytes of an
 * abstract name are shown as @ too, as the kernel does in /proc/net/unix. */
static char *unix_text(struct address address) {
    size_t start = offsetof(struct sockaddr_un, sun_path);
    if (family_of(address) != AF_UNIX || address.count <= start)
        return NULL;
    const char *name = address.bytes + start;
    size_t count = address.count - start;
    if (name[0])
        return memory_copy_bytes(name, strnlen(name, count));
    char *text = memory_copy_bytes(name, count);
    for (size_t i = 0; i < count; i++)
        if (!text[i])
            text[i] = '@';
    return text;
}

/* Joins "protocol local -> peer state", leaving out what is NULL. Frees the two addresses. */
static char *join(const char *protocol, char *local, char *peer, const char *state) {
    char *text = memory_format("%s%s%s%s%s%s%s", protocol, local ? " " : "", local ? local : "",
                               peer ? " -> " : "", peer ? peer : "", state ? " " : "", state ? state : "");
    free(local);
    free(peer);
    return text;
}

static const char *tcp_state(unsigned state) {
    static const char *const words[] = {
        [TCP_ESTABLISHED] = "ESTABLISHED",
        [TCP_SYN_SENT] = "SYN_SENT",
        [TCP_SYN_RECV] = "SYN_RECV",
        [TCP_FIN_WAIT1] = "FIN_WAIT1",
        [TCP_FIN_WAIT2] = "FIN_WAIT2",
        [TCP_TIME_WAIT] = "TIME_WAIT",
        [TCP_CLOSE] = "CLOSE",
        [TCP_CLOSE_WAIT] = "CLOSE_WAIT",
        [TCP_LAST_ACK] = "LAST_ACK",
        [TCP_LISTEN] = "LISTEN",
        [TCP_CLOSING] = "CLOSING",
    };
    return state < sizeof words / sizeof *words ? words[state] : NULL;
}

/* What parts are called. */
struct names {
    what_rename *rename;
    void *context;
};

/* NULL stays. */
static char *named(const struct names *names, enum what_part part, char *real) {
    return real ? names->rename(names->context, part, real) : NULL;
}

static char *internet_socket(const struct detail *detail, struct address local, struct address peer,
                             const struct names *names) {
    bool is_tcp = detail->type == SOCK_STREAM && (!detail->protocol || detail->protocol == IPPROTO_TCP);
    bool is_udp = detail->type == SOCK_DGRAM && (!detail->protocol || detail->protocol == IPPROTO_UDP);
    char name[32];
    if (is_tcp || is_udp)
        snprintf(name, sizeof name, is_tcp ? "TCP" : "UDP");
    else
        snprintf(name, sizeof name, "IP protocol %u", detail->protocol);
    if (is_unbound(local) && !peer.count && (is_tcp || is_udp))
        return join(name, memory_copy("not bound"), NULL, NULL);
    char *here = named(names, WHAT_ADDRESS, internet_text(local));
    char *there = named(names, WHAT_ADDRESS, internet_text(peer));
    return join(name, here, there, is_tcp ? tcp_state(detail->tcp_state) : NULL);
}

static char *unix_socket(const struct detail *detail, struct address local, struct address peer,
                         const struct names *names) {
    const char *type = detail->type == SOCK_STREAM      ? "unix stream"
                       : detail->type == SOCK_DGRAM     ? "unix datagram"
                       : detail->type == SOCK_SEQPACKET ? "unix seqpacket"
                                                        : "unix";
    char *here = named(names, WHAT_SOCKET, unix_text(local));
    char *there = named(names, WHAT_SOCKET, unix_text(peer));
    if (!here && !there)
        here = memory_copy(*detail->link ? detail->link : "unnamed");
    return join(type, here, there, NULL);
}

static char *socket_text(const struct detail *detail, const struct names *names) {
    struct address local = {detail->local, detail->local_bytes}, peer = {detail->peer, detail->peer_bytes};
    switch (detail->domain) {
    case AF_INET:
    case AF_INET6:
        return internet_socket(detail, local, peer, names);
    case AF_UNIX:
        return unix_socket(detail, local, peer, names);
    case AF_NETLINK:
        return memory_format("netlink protocol %u", detail->protocol);
    default:
        return memory_format("socket family %u %s", detail->domain, detail->link);
    }
}

static char *link_text(const struct detail *detail, const struct names *names) {
    char *link = *detail->link ? memory_copy(detail->link) : NULL;
    return link && *link == '/' ? named(names, WHAT_FILE, link) : link; /* "pipe:[7]" names nothing */
}

char *what_of_renamed(const struct detail *detail, what_rename *rename, void *context) {
    struct names names = {rename, context};
    if (!detail)
        return NULL;
    return detail->domain ? socket_text(detail, &names) : link_text(detail, &names);
}

static char *as_it_is(void *context, enum what_part part, char *real) { return real; }

char *what_of(const struct detail *detail) { return what_of_renamed(detail, as_it_is, NULL); }

/* --- kinds ------------------------------------------------------------------------------------------------ */

static const struct {
    const char *word, *plural;
    int report; /* see kinds.def */
} kinds[] = {
#define KIND(name, word, plural, report) {word, plural, report},
#include "tracker/kinds.def"
    {"handle", "handles", 1}, /* of a newer record: a kind that this reader does not know */
};

const char *what_kind_word(enum record_kind kind) { return kinds[kind].word; }
const char *what_kind_plural(enum record_kind kind) { return kinds[kind].plural; }

bool what_kind_lasts(enum record_kind kind) {
    enum { ONLY_TOLD = 2 };
    return kinds[kind].report == ONLY_TOLD;
}

enum record_kind what_kind_named(const char *word) {
    enum record_kind kind = 0;
    while (kind < RECORD_KIND_COUNT && strcmp(kinds[kind].word, word))
        kind++;
    return kind;
}

const char *what_kind_words(void) {
    static const char words[] = ""
#define KIND(name, word, plural, report) " " word
#include "tracker/kinds.def"
        ;
    return &words[1];
}

/* How /proc/PID/fd/N begins for what has no mode that would tell. */
static const struct {
    const char *link;
    enum record_kind kind;
} links[] = {
    {"socket:", RECORD_KIND_SOCKET},
    {"pipe:", RECORD_KIND_PIPE},
    {"/memfd:", RECORD_KIND_MEMFD},
    {"/dev/pts/", RECORD_KIND_PTY},
    {"/dev/ptmx", RECORD_KIND_PTY},
    {"anon_inode:[eventpoll]", RECORD_KIND_EPOLL},
    {"anon_inode:[eventfd", RECORD_KIND_EVENTFD},
    {"anon_inode:[timerfd]", RECORD_KIND_TIMERFD},
    {"anon_inode:[signalfd]", RECORD_KIND_SIGNALFD},
    {"anon_inode:inotify", RECORD_KIND_INOTIFY},
    {"anon_inode:[fanotify]", RECORD_KIND_FANOTIFY},
    {"anon_inode:[pidfd]", RECORD_KIND_PIDFD},
    {"anon_inode:[userfaultfd]", RECORD_KIND_USERFAULTFD},
    {"anon_inode:[perf_event]", RECORD_KIND_PERF},
    {"anon_inode:bpf", RECORD_KIND_BPF},
    {"anon_inode:[io_uring]", RECORD_KIND_IO_URING},
    {"anon_inode:", RECORD_KIND_DESCRIPTOR},
};

static enum record_kind kind_of_mode(uint32_t mode, enum record_kind otherwise) {
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return RECORD_KIND_DIRECTORY;
    case S_IFSOCK:
        return RECORD_KIND_SOCKET;
    case S_IFIFO:
        return RECORD_KIND_PIPE;
    case S_IFREG:
    case S_IFCHR:
    case S_IFBLK:
        return RECORD_KIND_FILE;
    default:
        return otherwise;
    }
}

enum record_kind what_kind(enum record_kind kind, const struct detail *detail) {
    if (!detail || (kind != RECORD_KIND_DESCRIPTOR && kind != RECORD_KIND_FILE))
        return kind;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (strncmp(detail->link, links[i].link, strlen(links[i].link)) == 0)
            return links[i].kind;
    return kind_of_mode(detail->mode, kind);
}

static char *ipc_handle(uint64_t object) {
    static const char *const sorts[] = {"object", "shared memory", "semaphores", "message queue"};
    return memory_format("%s %d", sorts[RECORD_IPC_SORT(object)], RECORD_IPC_ID(object));
}

char *what_handle(const struct handle *handle, enum record_kind kind) {
    if (kind == RECORD_KIND_SHM_NAME)
        return memory_copy("name");
    if (kind == RECORD_KIND_IPC_ID)
        return ipc_handle(handle->object);
    if (!handle->is_address)
        return memory_format("fd %d", handle->number);
    bool is_own = !(handle->flags & RECORD_SLOT_FROM_FORK); /* else the pid is its parent's */
    if (kind == RECORD_KIND_PROCESS && handle->other_pid && is_own)
        return memory_format("process %d", handle->other_pid);
    if (kind == RECORD_KIND_TIMER)
        return memory_format("timer 0x%llx", (unsigned long long)handle->object & ~RECORD_TIMER);
    return memory_format("%s 0x%llx", what_kind_word(kind), (unsigned long long)handle->object);
}
