/* kernel.c - see kernel.h. */
#include "tracker/kernel.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "tracker/directory.h"
#include "tracker/large.h"
#include "tracker/record.h"
#include "tracker/sys.h"
#include "tracker/text.h"

enum { PROBED = 1024 };

bool kernel_is_open(int number) { return !sys_failed(SYS(SYS_fcntl, number, F_GETFD)); }

bool kernel_lists_numbers(const char *path) {
    if (!text_starts(path, "/dev/") && !text_starts(path, "/proc/"))
        return false;
    return text_fits("/dev/fd", path) || text_fits("/dev/fd/", path) || text_fits("/proc/*/fd", path) ||
           text_fits("/proc/*/fd/", path);
}

static int number_of(const char *name) {
    int number = 0;
    for (; *name >= '0' && *name <= '9'; name++)
        number = number * 10 + (*name - '0');
    return *name ? -1 : number; /* "." and ".." */
}

struct visit {
    long folder;
    void (*visit)(int number, void *context);
    void *context;
};

static void visit_name(const char *name, void *context) {
    const struct visit *visit = context;
    int number = number_of(name);
    if (number >= 0 && number != visit->folder)
        visit->visit(number, visit->context);
}

bool kernel_visit_open(void (*visit)(int number, void *context), void *context) {
    long folder = SYS(SYS_open, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (sys_failed(folder)) {
        for (int number = 0; number < PROBED; number++)
            if (kernel_is_open(number))
                visit(number, context);
        return false;
    }
    directory_visit((int)folder, visit_name, &(struct visit){folder, visit, context});
    SYS(SYS_close, folder);
    return true;
}

int64_t kernel_count_open(void) {
    struct stat status; /* Linux 6.2: the size of /proc/PID/fd is the number of open descriptors */
    if (SYS(SYS_newfstatat, AT_FDCWD, "/proc/self/fd", &status, 0) || !status.st_size)
        return -1;
    return status.st_size;
}

unsigned kernel_count_threads(void) {
    struct stat status; /* a folder per thread, and two links more */
    if (SYS(SYS_newfstatat, AT_FDCWD, "/proc/self/task", &status, 0) || status.st_nlink < 3)
        return 0;
    return (unsigned)status.st_nlink - 2;
}

static long read_link(int number, char *buffer, size_t bytes) {
    char path[40];
    struct text text = TEXT_IN(path);
    text_string(&text, "/proc/self/fd/");
    text_decimal(&text, number);
    long length = SYS(SYS_readlink, path, buffer, bytes);
    return length > 0 ? length : 0;
}

struct socket_facts {
    uint16_t domain, type, protocol;
    uint8_t tcp_state;
    uint16_t local_bytes, peer_bytes;
    struct sockaddr_storage local, peer;
};

static uint16_t socket_number(int number, int option) {
    int value = 0;
    socklen_t bytes = sizeof value;
    return SYS(SYS_getsockopt, number, SOL_SOCKET, option, &value, &bytes) ? 0 : (uint16_t)value;
}

static uint16_t socket_name(int number, long call, struct sockaddr_storage *name) {
    socklen_t bytes = sizeof *name;
    if (SYS(call, number, name, &bytes))
        return 0;
    return bytes > sizeof *name ? sizeof *name : (uint16_t)bytes;
}

static void ask_socket(int number, struct socket_facts *facts) {
    facts->domain = socket_number(number, SO_DOMAIN);
    facts->type = socket_number(number, SO_TYPE);
    facts->protocol = socket_number(number, SO_PROTOCOL);
    facts->local_bytes = socket_name(number, SYS_getsockname, &facts->local);
    facts->peer_bytes = socket_name(number, SYS_getpeername, &facts->peer);
    struct tcp_info info;
    socklen_t bytes = sizeof info;
    if (facts->protocol == IPPROTO_TCP && !SYS(SYS_getsockopt, number, IPPROTO_TCP, TCP_INFO, &info, &bytes))
        facts->tcp_state = info.tcpi_state;
}

/* What is known without asking a server: one that is gone would hold up the end. */
static void ask_status(int number, struct statx *status) {
    SYS(SYS_statx, number, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, status);
}

uint32_t kernel_keep_detail(int number, uint64_t sequence) {
    static _Atomic uint64_t chunk;
    static LARGE char link[4096]; /* too large for a stack; the exit pass runs once */
    static struct socket_facts facts;
    struct statx status = {0};
    text_clear(&facts, sizeof facts);
    ask_status(number, &status);
    long link_bytes = read_link(number, link, sizeof link);
    if (S_ISSOCK(status.stx_mode))
        ask_socket(number, &facts);
    size_t bytes = sizeof(struct record_detail) + (size_t)link_bytes + facts.local_bytes + facts.peer_bytes;
    uint64_t at = record_entry(&chunk, RECORD_CHUNK_DETAILS, bytes);
    if (!at)
        return 0;
    struct record_detail *detail = record_at(at);
    detail->mode = status.stx_mode;
    detail->sequence = sequence;
    detail->device = makedev(status.stx_dev_major, status.stx_dev_minor);
    detail->inode = status.stx_ino;
    detail->size = (int64_t)status.stx_size;
    detail->links = status.stx_nlink;
    long flags = SYS(SYS_fcntl, number, F_GETFD);
    detail->descriptor_flags = sys_failed(flags) ? 0 : (uint32_t)flags;
    flags = SYS(SYS_fcntl, number, F_GETFL);
    detail->status_flags = sys_failed(flags) ? 0 : (uint32_t)flags;
    detail->socket_domain = facts.domain;
    detail->socket_type = facts.type;
    detail->socket_protocol = facts.protocol;
    detail->tcp_state = facts.tcp_state;
    detail->link_bytes = (uint16_t)link_bytes;
    detail->local_bytes = facts.local_bytes;
    detail->peer_bytes = facts.peer_bytes;
    text_copy(detail->text, link, (size_t)link_bytes);
    text_copy(detail->text + link_bytes, &facts.local, facts.local_bytes);
    text_copy(detail->text + link_bytes + facts.local_bytes, &facts.peer, facts.peer_bytes);
    /* release: a reader that finds the length finds the rest */
    atomic_store_explicit((_Atomic uint32_t *)&detail->bytes,
                          (uint32_t)((bytes + RECORD_UNIT - 1) / RECORD_UNIT * RECORD_UNIT),
                          memory_order_release);
    return (uint32_t)(at / RECORD_UNIT);
}
