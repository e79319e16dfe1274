/* tracker/kernel.h, details.h, directory.h and threads.h: what the kernel says of descriptors and threads. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/unit/world.h"
#include "tracker/details.h"
#include "tracker/kernel.h"
#include "tracker/threads.h"

static unsigned visits;
static bool seen[2000];

static void visit(int number, void *context) {
    MUST(context == &visits);
    visits++;
    if (number < 2000)
        seen[number] = true;
}

START_TEST(every_open_descriptor_is_visited_once) {
    /* proves: over many reads of the folder, with holes, and without the descriptor that looks */
    int low = open_null();
    for (int i = 0; i < 300; i++)
        ck_assert_int_ge(fcntl(low, F_DUPFD, 100 + 3 * i), 0);
    ck_assert(kernel_visit_open(visit, &visits));
    unsigned open = 0;
    for (int number = 0; number < 2000; number++) {
        ck_assert(seen[number] == (fcntl(number, F_GETFD) >= 0));
        ck_assert(seen[number] == kernel_is_open(number));
        open += seen[number];
    }
    ck_assert_uint_eq(visits, open);
    ck_assert_int_eq(kernel_count_open(), open);
}
END_TEST

static const int (*beside)[2];

static void visit_beside(void) {
    int low = STDERR_FILENO + 1;
    close_range((unsigned)low, ~0u, 0); /* what was open before the test */
    MUST(open_null() == low);
    for (int i = 0; i < 2; i++)
        MUST(fcntl(low, F_DUPFD, (*beside)[i]) == (*beside)[i]);
    MUST(kernel_visit_open(visit, &visits));
    for (int number = 0; number < 2000; number++)
        MUST(seen[number] == kernel_is_open(number));
    MUST(visits == (unsigned)kernel_count_open());
}

START_TEST(few_descriptors_are_visited_wherever_they_are) {
    static const int places[][2] = {{10, 11}, {9, 23}, {22, 24}, {24, 25}, {12, 255}, {1000, 1999}};
    beside = &places[_i];
    ck_assert_int_eq(in_child(visit_beside), 0);
}
END_TEST

static void look_without_proc(void) {
    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("none", "/proc", "tmpfs", 0, ""))
        _exit(77);
    int number = open_null();
    MUST(!kernel_visit_open(visit, &visits));
    MUST(seen[0] && seen[number] && !seen[number + 1]);
    MUST(kernel_count_open() == -1);
    MUST(kernel_count_threads() == 0);
    world_start("record=off");
    tracker_prepare();
    MUST(RELAXED(record_header()->notes) & RECORD_NOTE_NO_PROC);
    MUST(state_of(number) == RECORD_STATE_INHERITED);
}

START_TEST(without_proc_numbers_are_tried) {
    /* proves: the baseline is there all the same, and what cannot be known is said to be unknown */
    int status = in_child(look_without_proc);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        SKIP_TEST("/proc cannot be covered here (not root?)");
    ck_assert_int_eq(status, 0);
}
END_TEST

static int hold[2];
static void *stay(void *nothing) {
    char byte;
    threads_here();
    prctl(PR_SET_NAME, "renamed-15-byte"); /* the longest that there is */
    MUST(write(hold[1], "", 1) == 1);
    MUST(read(hold[1], &byte, 1) == 0);
    return nothing;
}

static unsigned count_threads(const char *name) {
    unsigned count = 0;
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        struct record_thread *threads = (struct record_thread *)(chunk + 1);
        uint64_t room = chunk->bytes - sizeof *chunk, used = RELAXED(chunk->used);
        for (uint64_t i = 0;
             chunk->kind == RECORD_CHUNK_THREADS && (i + 1) * sizeof *threads <= (used < room ? used : room);
             i++)
            count += RELAXED(threads[i].bytes) == sizeof *threads && !strcmp(threads[i].name, name);
    }
    return count;
}

START_TEST(threads_are_known_by_number_and_name) {
    /* proves: the id is the kernel's, one entry per thread, and at the end the name is the latest, whole */
    world_record(NULL);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, hold), 0);
    prctl(PR_SET_NAME, "first name");
    ck_assert_int_eq(threads_here(), gettid());
    ck_assert_int_eq(threads_here(), gettid());
    ck_assert_uint_eq(count_threads("first name"), 1);
    pthread_t thread;
    char byte;
    pthread_create(&thread, NULL, stay, NULL);
    ck_assert_int_eq(read(hold[0], &byte, 1), 1);
    ck_assert_uint_ge(kernel_count_threads(), 2);
    ck_assert_uint_eq(kernel_count_threads(), count_files("/proc/self/task"));
    ck_assert_uint_eq(count_threads("first name"), 2);
    threads_refresh_names();
    ck_assert_uint_eq(count_threads("first name"), 1);
    ck_assert_uint_eq(count_threads("renamed-15-byte"), 1);
    shutdown(hold[0], SHUT_RDWR);
    pthread_join(thread, NULL);
}
END_TEST

static struct record_detail *detail_of(int number) {
    uint32_t place =
        details_keep(&(struct details_request){.number = number, .sequence = 41, .with_state = true});
    ck_assert_uint_ne(place, 0);
    struct record_detail *detail = record_at((uint64_t)place * RECORD_UNIT);
    ck_assert_uint_eq(detail->sequence, 41);
    ck_assert_uint_ge(detail->bytes,
                      sizeof *detail + detail->link_bytes + detail->local_bytes + detail->peer_bytes);
    return detail;
}

START_TEST(a_file_is_described) {
    /* proves: path, size, links and flags, also of one that was deleted */
    world_record(NULL);
    char path[128], link[256];
    snprintf(path, sizeof path, "%s/file", world_folder);
    int number = open(path, O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0640);
    ck_assert_int_eq(write(number, "12345", 5), 5);
    ck_assert_int_eq(fchmod(number, 0640), 0); /* whatever the umask is */
    struct record_detail *detail = detail_of(number);
    ck_assert_int_eq(detail->size, 5);
    ck_assert_uint_eq(detail->links, 1);
    ck_assert_uint_eq(detail->mode & 0777, 0640);
    ck_assert_uint_eq(detail->descriptor_flags, FD_CLOEXEC);
    ck_assert_uint_eq(detail->status_flags & (O_APPEND | O_ACCMODE), O_APPEND | O_RDWR);
    ck_assert_int_eq(memcmp(detail->text, path, detail->link_bytes), 0);
    unlink(path);
    snprintf(link, sizeof link, "%s (deleted)", path);
    detail = detail_of(number);
    ck_assert_uint_eq(detail->links, 0);
    ck_assert_uint_eq(detail->link_bytes, strlen(link));
    ck_assert_int_eq(memcmp(detail->text, link, detail->link_bytes), 0);
}
END_TEST

START_TEST(a_connection_is_described) {
    /* proves: both addresses and the state, as the kernel gives them */
    world_record(NULL);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, peer;
    socklen_t bytes = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, bytes) | listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &bytes), 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&address, bytes), 0);
    struct record_detail *detail = detail_of(client);
    ck_assert_uint_eq(detail->socket_domain, AF_INET);
    ck_assert_uint_eq(detail->socket_type, SOCK_STREAM);
    ck_assert_uint_eq(detail->socket_protocol, IPPROTO_TCP);
    ck_assert_uint_eq(detail->tcp_state, 1); /* ESTABLISHED */
    ck_assert_uint_eq(detail->peer_bytes, sizeof peer);
    memcpy(&peer, detail->text + detail->link_bytes + detail->local_bytes, sizeof peer);
    ck_assert_uint_eq(peer.sin_port, address.sin_port);
}
END_TEST

START_TEST(a_closed_number_is_described_as_unknown) {
    /* proves: nothing is made up, and nothing of the descriptor before is told again */
    world_record(NULL);
    detail_of(open_null());
    struct record_detail *detail = detail_of(900);
    ck_assert_uint_eq(detail->mode | detail->status_flags | detail->descriptor_flags, 0);
    ck_assert_uint_eq(detail->link_bytes, 0);
}
END_TEST

START_TEST(asking_changes_nothing) {
    /* proves: an error that is pending stays so, what waits to be read too, and no descriptor is left */
    world_record(NULL);
    struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof nobody;
    int closed = socket(AF_INET, SOCK_STREAM, 0), refused = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(closed, (struct sockaddr *)&nobody, bytes), 0);
    ck_assert_int_eq(getsockname(closed, (struct sockaddr *)&nobody, &bytes), 0);
    connect(refused, (struct sockaddr *)&nobody, bytes);
    ck_assert_int_eq(poll(&(struct pollfd){.fd = refused, .events = POLLOUT}, 1, 10000), 1);
    int ends[2], pair[2], error = 0;
    char text[8];
    ck_assert_int_eq(pipe(ends) | socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_assert_int_eq(write(ends[1], "abc", 3) + write(pair[1], "def", 3), 6);
    unsigned before = count_files("/proc/self/fd");
    detail_of(refused);
    ck_assert_uint_eq(detail_of(ends[0])->unread, 3);
    ck_assert_uint_eq(detail_of(pair[0])->unread, 3);
    ck_assert_int_eq(detail_of(pair[0])->peer_pid, getpid());
    ck_assert_uint_eq(count_files("/proc/self/fd"), before);
    bytes = sizeof error;
    ck_assert_int_eq(getsockopt(refused, SOL_SOCKET, SO_ERROR, &error, &bytes), 0);
    ck_assert_int_eq(error, ECONNREFUSED);
    ck_assert_int_eq(read(ends[0], text, sizeof text) + read(pair[0], text, sizeof text), 6);
}
END_TEST

static bool is_filtered(void) {
    char line[64];
    FILE *status = fopen("/proc/self/status", "re");
    bool is_free = false;
    while (status && fgets(line, sizeof line, status))
        is_free |= strcmp(line, "Seccomp:\t0\n") == 0;
    if (status)
        fclose(status);
    return !is_free;
}

START_TEST(duplicates_are_known) {
    /* proves: by the kernel's word, whatever the order; the same file opened twice is none, and a duplicate of
     * standard input is told as that */
    world_record(NULL);
    int one = open_null(), other = open_null(), same = dup(one), standard = dup(0);
    if (is_filtered() || syscall(SYS_kcmp, getpid(), getpid(), 0, one, same))
        SKIP_TEST("descriptors cannot be compared here");
    ck_assert_uint_eq(detail_of(same)->duplicate_of, 0);
    ck_assert_uint_eq(detail_of(other)->duplicate_of, 0);
    ck_assert_uint_eq(detail_of(one)->duplicate_of, (unsigned)same + 1);
    ck_assert_uint_eq(detail_of(standard)->duplicate_of, 1);
    ck_assert_uint_eq(detail_of(same)->duplicate_of, 0);
}
END_TEST

static void add(TCase *tests) {
    tcase_add_test(tests, asking_changes_nothing);
    tcase_add_test(tests, duplicates_are_known);
    tcase_add_test(tests, every_open_descriptor_is_visited_once);
    tcase_add_loop_test(tests, few_descriptors_are_visited_wherever_they_are, 0, 6);
    tcase_add_test(tests, without_proc_numbers_are_tried);
    tcase_add_test(tests, threads_are_known_by_number_and_name);
    tcase_add_test(tests, a_file_is_described);
    tcase_add_test(tests, a_connection_is_described);
    tcase_add_test(tests, a_closed_number_is_described_as_unknown);
}

int main(void) { return world_run("tracker/kernel", add); }
