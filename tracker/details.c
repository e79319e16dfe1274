/* details.c - see details.h. */
#include "tracker/details.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#include "tracker/large.h"
#include "tracker/record.h"
#include "tracker/sys.h"
#include "tracker/text.h"

enum {
    LINK_BYTES = 4096,
    INFORMATION_BYTES = 4096, /* of an epoll descriptor's list, some fifty lines */
    COMPARED = 2048           /* descriptors that others are compared with */
};

/* What is known of one descriptor. Too large for a stack; the exit pass runs once. */
static LARGE struct facts {
    struct statx status;
    char link[LINK_BYTES], information[INFORMATION_BYTES];
    uint16_t link_bytes, information_bytes, local_bytes, peer_bytes;
    struct sockaddr_storage local, peer;
    uint16_t domain, type, protocol;
    uint8_t tcp_state;
    uint64_t unread, unsent;
    uint32_t waiting;
    int32_t peer_pid;
    int duplicate_of; /* -1 none */
    uint16_t flags, child_status;
} facts;

/* --- texts ------------------------------------------------------------------------------------------------ */

/* thread-self: the main thread may have ended before others. */
static void path_of(struct text *path, const char *folder, int number) {
    text_string(path, folder);
    text_decimal(path, number);
}

static void ask_link(int number) {
    char name[40];
    struct text path = TEXT_IN(name);
    path_of(&path, "/proc/thread-self/fd/", number);
    long bytes = SYS(SYS_readlink, name, facts.link, sizeof facts.link);
    facts.link_bytes = bytes > 0 ? (uint16_t)bytes : 0;
}

/* The length of the lines that every descriptor has. */
static size_t common_bytes(const char *text, size_t bytes) {
    static const char *const words[] = {"pos:", "flags:", "mnt_id:", "ino:"};
    size_t at = 0;
    for (size_t word = 0; word < sizeof words / sizeof *words; word++) {
        size_t length = text_length(words[word]);
        if (bytes - at < length || !text_same(text + at, words[word], length))
            continue;
        while (at < bytes && text[at++] != '\n')
            ;
    }
    return at;
}

static void ask_information(int number) {
    char name[40];
    struct text path = TEXT_IN(name);
    path_of(&path, "/proc/thread-self/fdinfo/", number);
    long file = SYS(SYS_open, name, O_RDONLY | O_CLOEXEC);
    if (sys_failed(file))
        return;
    long bytes = SYS(SYS_read, file, facts.information, sizeof facts.information);
    SYS(SYS_close, file);
    if (bytes <= 0)
        return;
    size_t common = common_bytes(facts.information, (size_t)bytes);
    facts.information_bytes = (uint16_t)((size_t)bytes - common);
    text_copy(facts.information, facts.information + common, facts.information_bytes);
}

/* --- sockets and pipes ------------------------------------------------------------------------------------ */

static int option(int number, int name) {
    int value = 0;
    socklen_t bytes = sizeof value;
    return SYS(SYS_getsockopt, number, SOL_SOCKET, name, &value, &bytes) ? 0 : value;
}

static uint16_t socket_name(int number, long call, struct sockaddr_storage *name) {
    socklen_t bytes = sizeof *name;
    if (SYS(call, number, name, &bytes))
        return 0;
    return bytes > sizeof *name ? sizeof *name : (uint16_t)bytes;
}

static uint32_t queued(int number, unsigned long request) {
    int bytes = 0;
    return sys_failed(SYS(SYS_ioctl, number, request, &bytes)) || bytes < 0 ? 0 : (uint32_t)bytes;
}

/* Only looks: what is pending stays so. */
static void ask_other_end(int number) {
    struct pollfd look = {.fd = number, .events = 0};
    if (SYS(SYS_poll, &look, 1, 0) == 1 && look.revents & (POLLHUP | POLLERR))
        facts.flags |= RECORD_DETAIL_PEER_GONE;
}

static void ask_tcp(int number) {
    struct tcp_info info;
    socklen_t bytes = sizeof info;
    text_clear(&info, sizeof info);
    if (SYS(SYS_getsockopt, number, IPPROTO_TCP, TCP_INFO, &info, &bytes))
        return;
    facts.tcp_state = info.tcpi_state;
    if (info.tcpi_state == TCP_LISTEN)
        facts.waiting = info.tcpi_unacked; /* of a listener it is the length of its queue */
}

static void ask_unix(int number) {
    struct ucred peer = {0, 0, 0};
    socklen_t bytes = sizeof peer;
    if (!facts.peer_bytes)
        return;
    if (!SYS(SYS_getsockopt, number, SOL_SOCKET, SO_PEERCRED, &peer, &bytes))
        facts.peer_pid = peer.pid;
    ask_other_end(number);
}

static void ask_socket(int number, bool with_state) {
    facts.domain = (uint16_t)option(number, SO_DOMAIN);
    facts.type = (uint16_t)option(number, SO_TYPE);
    facts.protocol = (uint16_t)option(number, SO_PROTOCOL);
    facts.local_bytes = socket_name(number, SYS_getsockname, &facts.local);
    facts.peer_bytes = socket_name(number, SYS_getpeername, &facts.peer);
    if (facts.protocol == IPPROTO_TCP)
        ask_tcp(number);
    bool is_usual = facts.domain == AF_INET || facts.domain == AF_INET6 || facts.domain == AF_UNIX;
    if (!with_state || !is_usual)
        return;
    if (facts.domain == AF_UNIX)
        ask_unix(number);
    facts.unread = queued(number, SIOCINQ);
    /* of others it is memory, not data; and after a refused connect it is what is left of the attempt */
    if (facts.protocol == IPPROTO_TCP && facts.tcp_state != TCP_CLOSE)
        facts.unsent = queued(number, SIOCOUTQ);
}

/* --- duplicates ------------------------------------------------------------------------------------------- */

/* Descriptors with different open file descriptions, in the kernel's order of these. */
static LARGE struct {
    int numbers[COMPARED];
    size_t count;
    bool is_begun, is_refused;
} known;

/* A filter of system calls may kill for one that programs rarely make. */
static bool is_filtered(void) {
    static LARGE char text[4096];
    const char *word = "\nSeccomp:\t0";
    size_t length = text_length(word);
    long file = SYS(SYS_open, "/proc/self/status", O_RDONLY | O_CLOEXEC);
    long bytes = sys_failed(file) ? 0 : SYS(SYS_read, file, text, sizeof text);
    if (!sys_failed(file))
        SYS(SYS_close, file);
    for (size_t at = 0; bytes > 0 && at + length <= (size_t)bytes; at++)
        if (text_same(text + at, word, length))
            return false;
    return true;
}

/* 0: the same open file description, 1 or 2: the first or the second one comes first; negative: unknown. */
static long compare(int one, int other) {
    long self = SYS(SYS_getpid);
    return SYS(SYS_kcmp, self, self, KCMP_FILE, one, other);
}

/* Number of a known descriptor that is the same, else -1 and this one is known from now on. */
static int same_as(int number) {
    size_t from = 0, to = known.count;
    if (known.is_refused)
        return -1;
    while (from < to) {
        size_t middle = (from + to) / 2;
        long order = compare(number, known.numbers[middle]);
        if (order == 0)
            return known.numbers[middle] == number ? -1 : known.numbers[middle];
        if (order != 1 && order != 2) {
            known.is_refused = order != -EBADF;
            return -1;
        }
        if (order == 1)
            to = middle;
        else
            from = middle + 1;
    }
    if (known.count == COMPARED)
        return -1;
    for (size_t at = known.count++; at > from; at--)
        known.numbers[at] = known.numbers[at - 1];
    known.numbers[from] = number;
    return -1;
}

static int duplicate_of(int number) {
    if (!known.is_begun) {
        known.is_begun = true;
        known.is_refused = is_filtered();
        for (int standard = 0; standard < 3; standard++)
            if (!sys_failed(SYS(SYS_fcntl, standard, F_GETFD)))
                same_as(standard);
    }
    return same_as(number);
}

/* --- all of it -------------------------------------------------------------------------------------------- */

/* What is known without asking a server: one that is gone would hold up the end. */
static void ask_status(int number) {
    SYS(SYS_statx, number, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &facts.status);
}

static void ask_child(int child) {
    siginfo_t about = {0};
    if (SYS(SYS_waitid, P_PID, child, &about, WEXITED | WNOHANG | WNOWAIT, 0))
        return; /* it was waited for, or is not ours */
    if (!about.si_pid) {
        facts.flags |= RECORD_DETAIL_CHILD_RUNS;
        return;
    }
    facts.flags |= RECORD_DETAIL_CHILD_ENDED;
    bool exited = about.si_code == CLD_EXITED;
    facts.child_status = (uint16_t)(exited ? (about.si_status & 0xff) << 8 : about.si_status & 0x7f);
}

/* Pipes, sockets and devices have nothing there that is told; but the first one of a pair of terminals does. */
static bool has_information(void) {
    switch (facts.status.stx_mode & S_IFMT) {
    case S_IFREG:
    case S_IFDIR:
    case 0:
        return true;
    case S_IFCHR:
        return facts.status.stx_rdev_major == 5 && facts.status.stx_rdev_minor == 2;
    default:
        return false;
    }
}

static void ask_state(const struct details_request *request) {
    facts.flags |= RECORD_DETAIL_WITH_STATE;
    if (S_ISFIFO(facts.status.stx_mode)) {
        facts.unread = queued(request->number, FIONREAD);
        ask_other_end(request->number);
    }
    if (has_information())
        ask_information(request->number);
    if (request->child)
        ask_child(request->child);
    facts.duplicate_of = duplicate_of(request->number);
}

static void put_time(struct text *text, const char *name, struct timespec time) {
    text_string(text, name);
    text_string(text, ": (");
    text_decimal(text, time.tv_sec);
    text_string(text, ", ");
    text_decimal(text, time.tv_nsec);
    text_string(text, ")\n");
}

/* In the words of a timer descriptor's fdinfo. */
static void ask_timer(int timer) {
    struct itimerspec left;
    if (SYS(SYS_timer_gettime, timer, &left))
        return; /* it was deleted where nobody saw it */
    struct text text = TEXT_IN(facts.information);
    put_time(&text, "it_value", left.it_value);
    put_time(&text, "it_interval", left.it_interval);
    facts.information_bytes = (uint16_t)text.length;
    facts.flags |= RECORD_DETAIL_WITH_STATE;
}

static void ask(const struct details_request *request) {
    text_clear(&facts.status, sizeof facts.status);
    text_clear(&facts.link_bytes, sizeof facts - offsetof(struct facts, link_bytes));
    facts.duplicate_of = -1;
    if (request->is_timer)
        return ask_timer(request->number);
    ask_status(request->number);
    ask_link(request->number);
    if (!facts.link_bytes && !facts.status.stx_mask)
        return;
    if (S_ISSOCK(facts.status.stx_mode))
        ask_socket(request->number, request->with_state);
    if (request->with_state)
        ask_state(request);
}

static uint32_t flags_of(int number, int command) {
    long flags = SYS(SYS_fcntl, number, command);
    return sys_failed(flags) ? 0 : (uint32_t)flags;
}

static char *put(char *at, const void *bytes, size_t count) {
    text_copy(at, bytes, count);
    return at + count;
}

static void fill(struct record_detail *detail, const struct details_request *request) {
    const struct statx *status = &facts.status;
    detail->mode = status->stx_mode;
    detail->device = makedev(status->stx_dev_major, status->stx_dev_minor);
    detail->inode = status->stx_ino;
    detail->size = (int64_t)status->stx_size;
    detail->blocks = status->stx_blocks;
    detail->links = status->stx_nlink;
    if (!request->is_timer) {
        detail->descriptor_flags = flags_of(request->number, F_GETFD);
        detail->status_flags = flags_of(request->number, F_GETFL);
    }
    detail->socket_domain = facts.domain;
    detail->socket_type = facts.type;
    detail->socket_protocol = facts.protocol;
    detail->tcp_state = facts.tcp_state;
    detail->unread = facts.unread;
    detail->unsent = facts.unsent;
    detail->waiting = facts.waiting;
    detail->peer_pid = facts.peer_pid;
    detail->duplicate_of = (uint32_t)(facts.duplicate_of + 1);
    detail->flags = facts.flags;
    detail->child_status = facts.child_status;
    detail->link_bytes = facts.link_bytes;
    detail->local_bytes = facts.local_bytes;
    detail->peer_bytes = facts.peer_bytes;
    detail->information_bytes = facts.information_bytes;
    char *text = put(detail->text, facts.link, facts.link_bytes);
    text = put(text, &facts.local, facts.local_bytes);
    put(put(text, &facts.peer, facts.peer_bytes), facts.information, facts.information_bytes);
}

uint32_t details_keep(const struct details_request *request) {
    static _Atomic uint64_t chunk;
    ask(request);
    size_t bytes = sizeof(struct record_detail) + facts.link_bytes + facts.local_bytes + facts.peer_bytes +
                   facts.information_bytes;
    uint64_t at = record_entry(&chunk, RECORD_CHUNK_DETAILS, bytes);
    if (!at)
        return 0;
    struct record_detail *detail = record_at(at);
    detail->sequence = request->sequence;
    fill(detail, request);
    /* release: a reader that finds the length finds the rest */
    atomic_store_explicit((_Atomic uint32_t *)&detail->bytes,
                          (uint32_t)((bytes + RECORD_UNIT - 1) / RECORD_UNIT * RECORD_UNIT),
                          memory_order_release);
    return (uint32_t)(at / RECORD_UNIT);
}
