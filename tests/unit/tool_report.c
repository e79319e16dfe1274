/* tool_report.c - what a report says of records: text, JSON, identity of sites, options, suppressions, rules.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <jansson.h>

#include "tests/suite.h"
#include "tests/unit/record_builder.h"
#include "tools/basics/fail.h"
#include "tools/findings/report.h"

/* --- reports ---------------------------------------------------------------------------------------------- */

static struct settings settings;
static struct report_verdict verdict;
static struct report_request request;
static char *shown;     /* the newest report */
static char said[8192]; /* on standard error meanwhile */
static int status;

static void begin(void) {
    settings_begin(&settings);
    request = (struct report_request){.settings = &settings};
    unsetenv("NO_COLOR");
    unsetenv("FORCE_COLOR");
}

static void end(void) {
    settings_end(&settings);
    free(shown);
    shown = NULL;
}

static void set(const char *name, const char *value) {
    ck_assert(settings_take(&settings, name, value, "test"));
}

static void show_paths(const char *const *paths, size_t count) {
    char errors[] = "/tmp/leftopen-said-XXXXXX";
    int saved = dup(STDERR_FILENO), file = mkstemp(errors);
    dup2(file, STDERR_FILENO);
    free(shown);
    size_t size;
    FILE *out = open_memstream(&shown, &size);
    request.records = paths;
    request.count = count;
    status = report_records(&request, out, &verdict);
    fclose(out);
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t got = pread(file, said, sizeof said - 1, 0);
    said[got > 0 ? got : 0] = '\0';
    close(file);
    unlink(errors);
}

/* Reports on up to four records, ended by NULL, and frees them. */
static const char *show(struct builder *first, ...) {
    char names[4][64];
    const char *paths[4];
    size_t count = 0;
    va_list list;
    va_start(list, first);
    for (struct builder *builder = first; builder; builder = va_arg(list, struct builder *)) {
        builder_save(builder, BUILDER_BYTES, names[count]);
        paths[count] = names[count];
        count++;
        free(builder);
    }
    va_end(list);
    show_paths(paths, count);
    for (size_t i = 0; i < count; i++)
        unlink(paths[i]);
    return shown;
}

static void shows(const char *words) { ck_assert_msg(strstr(shown, words), "no '%s' in:\n%s", words, shown); }
static void shows_not(const char *words) { ck_assert_msg(!strstr(shown, words), "'%s' in:\n%s", words, shown); }
static void says(const char *words) { ck_assert_msg(strstr(said, words), "no '%s' in:\n%s", words, said); }

static json_t *show_json(struct builder *builder) {
    set("format", "json");
    show(builder, NULL);
    json_error_t error;
    json_t *object = json_loads(shown, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(object, "%s in:\n%s", error.text, shown);
    return object;
}

/* --- records ---------------------------------------------------------------------------------------------- */

static const uint64_t pcs[] = {0x1001, 0x2001, 0x3001};

static uint32_t stack_of(struct builder *builder, const char *call) {
    return builder_stack(builder, call, pcs, 2, 120, 117);
}

static struct sockaddr_in address(const char *host, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host, &address.sin_addr);
    return address;
}

static struct record_detail *add_tcp(struct builder *builder, unsigned number, uint32_t stack, int local,
                                     int peer, unsigned state) {
    struct sockaddr_in here = address("127.0.0.1", local), there = address("127.0.0.1", peer);
    struct record_slot *slot =
        builder_number(builder, number, RECORD_KIND_SOCKET, stack, RECORD_OUTCOME_RELEASED);
    struct record_detail *detail = builder_detail(builder, slot, S_IFSOCK | 0777, "socket:[77]", &here,
                                                  sizeof here, &there, peer ? sizeof there : 0);
    detail->socket_domain = AF_INET;
    detail->socket_type = SOCK_STREAM;
    detail->tcp_state = (uint8_t)state;
    return detail;
}

static struct record_slot *add_file(struct builder *builder, unsigned number, uint32_t stack,
                                    const char *path) {
    struct record_slot *slot =
        builder_number(builder, number, RECORD_KIND_FILE, stack, RECORD_OUTCOME_RELEASED);
    builder_detail(builder, slot, S_IFREG | 0644, path, "", 0, "", 0);
    return slot;
}

/* Three sockets and a stream, the example of CONTRACT.md. */
static struct builder *example(void) {
    struct builder *builder = builder_begin();
    uint32_t socket_stack = stack_of(builder, "socket");
    uint32_t stream_stack = builder_stack(builder, "fopen", pcs, 1, 2, 1);
    builder_module(builder, "/opt/server/bin/server", 0x1000, 0x4000, 0, "\x8c\xa0", 2);
    builder_thread(builder, 4242, "server");
    builder_thread(builder, 4245, "worker");
    add_tcp(builder, 5, socket_stack, 51122, 80, 8);
    add_tcp(builder, 9, socket_stack, 51124, 80, 1);
    add_tcp(builder, 10, socket_stack, 8080, 0, 10);
    struct record_slot *stream =
        builder_object(builder, 0x5555, 11, RECORD_KIND_STREAM, stream_stack, RECORD_OUTCOME_FAILED);
    stream->error = ENOSPC;
    stream->thread = 4245;
    struct record_slot *inside =
        builder_number(builder, 11, RECORD_KIND_FILE, stream_stack, RECORD_OUTCOME_NONE);
    inside->word = RECORD_WORD(RECORD_STATE_OWNED, RECORD_KIND_FILE, 1, stream_stack);
    inside->object = 0x5555;
    return builder;
}

/* --- text ------------------------------------------------------------------------------------------------- */

START_TEST(text_is_as_promised) {
    static const char expected[] =
        "=================================================================\n"
        "==4242==ERROR: leftopen: 4 handles left open at exit by ./server (peak 9 of limit 1024)\n"
        "\n"
        "Direct leak of 3 sockets (of 120 opened here, 117 closed), opened at:\n"
        "    #0 (server+0x1000) (BuildId: 8ca0)\n"
        "    #1 (server+0x2000) (BuildId: 8ca0)\n"
        "  fd 5    TCP 127.0.0.1:51122 -> 127.0.0.1:80 CLOSE_WAIT    open 1m39s   thread 4242 \"server\"   "
        "released\n"
        "  fd 9    TCP 127.0.0.1:51124 -> 127.0.0.1:80 ESTABLISHED   open 1m39s   thread 4242 \"server\"   "
        "released\n"
        "  fd 10   TCP 127.0.0.1:8080 LISTEN                         open 1m39s   thread 4242 \"server\"   "
        "released\n"
        "\n"
        "Direct leak of 1 stream (of 2 opened here, 1 closed), opened at:\n"
        "    #0 (server+0x1000) (BuildId: 8ca0)\n"
        "  stream 0x5555 fd 11   open 1m39s   thread 4245 \"worker\"   release failed: No space left on "
        "device\n"
        "\n"
        "Coverage: 122 handles tracked, 118 closed; 0 inherited; 0 unseen\n"
        "SUMMARY: leftopen: 4 handles left open at 2 sites (3 sockets, 1 stream); 3 released, 1 failed\n";
    show(example(), NULL);
    ck_assert_int_eq(status, 0);
    ck_assert_str_eq(shown, expected);
    ck_assert_str_eq(said, "");
    ck_assert_uint_eq(verdict.left_open, 4);
    ck_assert_uint_eq(verdict.sites, 2);
}
END_TEST

/* What the stack's handles did; `lived` and `longest` in seconds. */
static void set_past(struct builder *builder, uint32_t id, uint32_t peak, uint64_t lived, uint64_t longest) {
    struct record_stack *stack = (struct record_stack *)(builder->bytes + id * RECORD_UNIT);
    stack->peak = peak;
    stack->lived = lived * 1000000000u;
    stack->longest = longest * 1000000000u;
}

/* Three sockets of many that come and go, and five files that were opened at the start and never closed. */
static struct builder *forgetful(void) {
    struct builder *builder = builder_begin();
    uint32_t socket_stack = stack_of(builder, "socket");
    uint32_t file_stack = builder_stack(builder, "open", pcs, 3, 5, 0);
    set_past(builder, socket_stack, 9, 234, 4);
    set_past(builder, file_stack, 5, 0, 0);
    for (unsigned number = 20; number < 25; number++)
        add_file(builder, number, file_stack, "/etc/hosts");
    for (unsigned number = 5; number < 8; number++)
        add_tcp(builder, number, socket_stack, 51122, 80, 8);
    return builder;
}

START_TEST(suspects_come_first_with_the_reason) {
    show(forgetful(), NULL);
    shows("  suspect: open for 1m39s, while none of the 117 that were closed lived longer than 4.0s\n"
          "  117 closed after 2.0s on average (longest 4.0s); at most 9 open at once\n"
          "\n"
          "Direct leak of 5 files");
    ck_assert_uint_eq(verdict.left_open, 8);
    struct builder *second = forgetful();
    builder_header(second)->pid = 4243;
    show(forgetful(), second, NULL);
    shows("  234 closed after 2.0s on average (longest 4.0s)\n"); /* peaks at different times are no sum */
    json_t *object = show_json(forgetful());
    const json_t *sites = json_object_get(object, "sites"), *site = json_array_get(sites, 0);
    ck_assert_int_eq(json_integer_value(json_object_get(site, "peak")), 9);
    ck_assert(json_real_value(json_object_get(site, "lifetime_mean_s")) == 2.0);
    ck_assert(json_real_value(json_object_get(site, "lifetime_longest_s")) == 4.0);
    ck_assert_str_eq(json_string_value(json_object_get(site, "suspect")),
                     "open for 1m39s, while none of the 117 that were closed lived longer than 4.0s");
    site = json_array_get(sites, 1);
    ck_assert_int_eq(json_integer_value(json_object_get(site, "peak")), 5);
    ck_assert(json_is_null(json_object_get(site, "lifetime_mean_s")));
    ck_assert(json_is_null(json_object_get(site, "suspect")));
    json_decref(object);
}
END_TEST

/* The record of a program that executed another one, two of whose descriptors went with it. */
static struct builder *executed(void) {
    struct builder *builder = builder_begin();
    uint32_t stack = stack_of(builder, "socket");
    ((struct record_stack *)(builder->bytes + stack * RECORD_UNIT))->passed = 2;
    for (unsigned number = 5; number < 7; number++)
        builder_number(builder, number, RECORD_KIND_SOCKET, stack, RECORD_OUTCOME_NONE);
    struct record_header *header = builder_header(builder);
    header->end = RECORD_END_EXEC;
    header->pass = 0;
    header->ended_realtime = header->started_realtime;
    header->ended_monotonic = header->started_monotonic;
    return builder;
}

START_TEST(what_passed_over_exec_is_told_on_request_only) {
    show(executed(), NULL);
    ck_assert_str_eq(shown, "");
    set("exec_leaks", "1");
    show(executed(), NULL);
    ck_assert_uint_eq(verdict.left_open, 0);
    shows("==4242==leftopen: nothing left open by ./server");
    shows("Passed over exec without need (not counted): 2 descriptors, opened at:\n"
          "    #0 0x1000");
    shows("  unless the other program needs them: add SOCK_CLOEXEC to its type\n");
}
END_TEST

/* One process, two programs: it is the one that ended, and the one before is no other process. */
START_TEST(an_earlier_image_is_no_process_of_its_own) {
    struct builder *last = builder_begin();
    builder_program(last, "/opt/worker", "./worker", NULL);
    add_file(last, 7, stack_of(last, "open"), "/etc/hosts");
    struct record_slot *taken = builder_number(last, 5, RECORD_KIND_SOCKET, 0, RECORD_OUTCOME_NONE);
    taken->word = RECORD_WORD(RECORD_STATE_INHERITED, RECORD_KIND_DESCRIPTOR, 1, 0);
    set("inherited", "1");
    struct builder *before = executed();
    show(before, last, NULL);
    shows("1 handle left open at exit by ./worker");
    shows("  fd 7   /etc/hosts");
    shows("Inherited through exec from ./server (not counted): 1 handle, opened at:\n    #0 0x1000");
    shows("Coverage: 120 handles tracked");
    shows_not("pid 4242");
}
END_TEST

START_TEST(nothing_left_open_is_silence) {
    ck_assert_str_eq(show(builder_begin(), NULL), "");
    ck_assert_uint_eq(verdict.left_open, 0);
    set("verbosity", "1");
    show(builder_begin(), NULL);
    shows("nothing left open by ./server");
}
END_TEST

START_TEST(one_is_not_many) {
    struct builder *builder = builder_begin();
    add_file(builder, 3, stack_of(builder, "open"), "/etc/hosts");
    show(builder, NULL);
    shows("1 handle left open at exit");
    shows("Direct leak of 1 file (of");
    shows("1 handle left open at 1 site (1 file); 1 released, 0 failed");
}
END_TEST

START_TEST(many_handles_are_cut_and_verbosity_shows_all) {
    for (int verbosity = 0; verbosity < 2; verbosity++) {
        struct builder *builder = builder_begin();
        uint32_t stack = stack_of(builder, "open");
        for (unsigned number = 3; number < 15; number++)
            add_file(builder, number, stack, "/etc/hosts");
        set("verbosity", verbosity ? "1" : "0");
        show(builder, NULL);
        ck_assert_int_eq(strstr(shown, "  … and 2 more\n") != NULL, !verbosity);
        ck_assert_int_eq(strstr(shown, "fd 14") != NULL, verbosity);
    }
}
END_TEST

START_TEST(control_characters_do_not_reach_the_terminal) {
    struct builder *builder = builder_begin();
    uint32_t stack = stack_of(builder, "open");
    builder_program(builder, "/bin/x", "\033]0;title\007x\n", NULL);
    add_file(builder, 3, stack,
             "/tmp/a\033[2Jb\nc\xff\xc2\x9b\xe2\x80\xae"
             "d\303\244");
    builder_thread(builder, 4242, "\033[31mred");
    show(builder, NULL);
    shows("/tmp/a\\x1b[2Jb\\nc\\xff\\xc2\\x9b\\xe2\\x80\\xaed\303\244");
    shows("by \\x1b]0;title\\x07x\\n (peak");
    shows("\"\\x1b[31mred\"");
    shows_not("\033");
}
END_TEST

START_TEST(colour_is_as_asked) {
    set("color", "always");
    show(example(), NULL);
    shows("\033[1m\033[31m==4242==ERROR");
    shows("\033[1m\033[34mDirect leak of");
    set("color", "never");
    setenv("FORCE_COLOR", "1", 1);
    show(example(), NULL);
    shows_not("\033");
    set("color", "auto");
    show(example(), NULL);
    shows("\033[1m");
    setenv("NO_COLOR", "1", 1);
    show(example(), NULL);
    shows_not("\033");
    unsetenv("NO_COLOR");
    unsetenv("FORCE_COLOR");
    show(example(), NULL); /* not a terminal */
    shows_not("\033");
}
END_TEST

static struct builder *killed(void) {
    struct builder *builder = example();
    struct record_header *header = builder_header(builder);
    header->end = RECORD_END_RUNNING;
    header->pass = 0;
    header->ended_realtime = header->ended_monotonic = 0;
    struct record_slot *slots = (struct record_slot *)(builder_chunk(builder, BUILDER_NUMBERS) + 1);
    for (int number = 0; number < 127; number++)
        slots[number].outcome = RECORD_OUTCOME_NONE;
    ((struct record_slot *)(builder_chunk(builder, BUILDER_OBJECTS) + 1))->outcome = RECORD_OUTCOME_NONE;
    return builder;
}

START_TEST(a_killed_process_still_tells) {
    show(killed(), NULL);
    ck_assert_uint_eq(verdict.left_open, 4);
    shows("4 handles left open by ./server when it was killed (peak");
    shows_not("released\n ");
    shows_not("open 1m39s");
    shows("; 0 released, 0 failed\n");
}
END_TEST

START_TEST(the_parent_knows_which_signal) {
    request.first = 4242;
    request.first_ended = true;
    request.first_status = SIGSEGV;
    show(killed(), NULL);
    shows("left open by ./server when it was killed by SIGSEGV (peak");
    json_t *object = show_json(killed());
    json_t *process = json_object_get(object, "process");
    ck_assert_str_eq(json_string_value(json_object_get(process, "end")), "signal");
    ck_assert_int_eq(json_integer_value(json_object_get(process, "status")), 128 + SIGSEGV);
    json_decref(object);
}
END_TEST

START_TEST(a_living_process_is_shown_so_far) {
    struct builder *builder = killed();
    char path[64];
    builder_save(builder, BUILDER_BYTES, path);
    int file = open(path, O_RDWR);
    ck_assert_int_eq(flock(file, LOCK_EX), 0);
    const char *paths[] = {path};
    show_paths(paths, 1);
    shows("4 handles held so far by ./server");
    request.first = 4000; /* under `run` it has outlived the first process, and may yet close them */
    show_paths(paths, 1);
    ck_assert_uint_eq(verdict.left_open, 0);
    ck_assert_str_eq(shown, "");
    set("verbosity", "1");
    show_paths(paths, 1);
    shows("note: process 4242 (./server) is still running");
    close(file);
    unlink(path);
    free(builder);
}
END_TEST

/* Holds the record as a watched process does, and /etc/hosts as descriptor 100. */
static void live(const char *path, int ready) {
    int file = open(path, O_RDWR);
    mmap(NULL, BUILDER_BYTES, PROT_READ, MAP_SHARED, file, 0);
    flock(file, LOCK_EX);
    dup2(open("/etc/hosts", O_RDONLY), 100);
    if (write(ready, "", 1) == 1)
        pause();
    _exit(1);
}

START_TEST(the_kernel_is_asked_about_a_living_process) {
    struct builder *builder = builder_begin();
    builder_number(builder, 100, RECORD_KIND_DESCRIPTOR, stack_of(builder, "dup"), RECORD_OUTCOME_NONE);
    builder_number(builder, 101, RECORD_KIND_FILE, stack_of(builder, "open"), RECORD_OUTCOME_NONE);
    builder_header(builder)->end = RECORD_END_RUNNING;
    builder_header(builder)->pass = 0;
    char path[64], byte;
    builder_save(builder, BUILDER_BYTES, path);
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0)
        live(path, ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    int file = open(path, O_RDWR);
    int32_t pid = child;
    ck_assert_int_eq(pwrite(file, &pid, sizeof pid, offsetof(struct record_header, pid)), sizeof pid);
    close(file);
    const char *paths[] = {path};
    show_paths(paths, 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    shows("Held: 1 file (of 120 opened here, 117 closed)");
    shows("  fd 100   /etc/hosts   open ");
    shows("  fd 101   open "); /* the record says so, the kernel does not */
    unlink(path);
    free(builder);
}
END_TEST

/* --- what counts ------------------------------------------------------------------------------------------ */

START_TEST(standard_descriptors_never_count) {
    struct builder *builder = builder_begin();
    uint32_t stack = stack_of(builder, "open");
    for (unsigned number = 0; number < 3; number++)
        add_file(builder, number, stack, "/etc/hosts");
    show(builder, NULL);
    ck_assert_uint_eq(verdict.left_open, 0);
}
END_TEST

static const struct {
    enum record_state state;
    enum record_outcome outcome;
    unsigned flags, pass;
    bool counts;
} fates[] = {
    {RECORD_STATE_LIVE, RECORD_OUTCOME_LEFT, 0, 7, true},
    {RECORD_STATE_LIVE, RECORD_OUTCOME_RELEASED, 0, 15, true},
    {RECORD_STATE_LIVE, RECORD_OUTCOME_FAILED, 0, 15, true},
    {RECORD_STATE_LIVE, RECORD_OUTCOME_SKIPPED, 0, 15, true},
    {RECORD_STATE_LIVE, RECORD_OUTCOME_GONE, 0, 7, false},
    {RECORD_STATE_LIVE, RECORD_OUTCOME_HANDED_OVER, 0, 7, false},
    {RECORD_STATE_LIVE, RECORD_OUTCOME_NONE, 0, 3, false},
    {RECORD_STATE_LIVE, RECORD_OUTCOME_NONE, 0, 0, true},
    {RECORD_STATE_OWNED, RECORD_OUTCOME_NONE, 0, 0, false},
    {RECORD_STATE_OWNED, RECORD_OUTCOME_RELEASED, 0, 15, false},
    {RECORD_STATE_INHERITED, RECORD_OUTCOME_NONE, 0, 0, false},
    {RECORD_STATE_INHERITED, RECORD_OUTCOME_NONE, RECORD_SLOT_ADOPTED, 0, true},
    {RECORD_STATE_INHERITED, RECORD_OUTCOME_LEFT, RECORD_SLOT_ADOPTED, 7, true},
    {RECORD_STATE_INHERITED, RECORD_OUTCOME_LEFT, 0, 7, false},
    {RECORD_STATE_FREE, RECORD_OUTCOME_NONE, 0, 0, false},
    {RECORD_STATE_WRITING, RECORD_OUTCOME_NONE, 0, 0, false},
    {RECORD_STATE_RELEASING, RECORD_OUTCOME_NONE, 0, 0, false},
    {RECORD_STATE_RELEASING, RECORD_OUTCOME_NONE, RECORD_SLOT_CLOSE_BEGUN, 0, true},
};

START_TEST(what_counts) {
    struct builder *builder = builder_begin();
    uint32_t stack = stack_of(builder, "open");
    struct record_slot *slot = add_file(builder, 7, stack, "/etc/hosts");
    slot->word = RECORD_WORD(fates[_i].state, RECORD_KIND_FILE, 1, stack);
    slot->outcome = (uint8_t)fates[_i].outcome;
    slot->flags = (uint8_t)fates[_i].flags;
    builder_header(builder)->pass = fates[_i].pass;
    if (!fates[_i].pass)
        builder_header(builder)->end = RECORD_END_RUNNING;
    show(builder, NULL);
    ck_assert_uint_eq(verdict.left_open, fates[_i].counts);
}
END_TEST

START_TEST(who_handed_it_over_is_told) {
    struct builder *builder = builder_begin();
    uint32_t stack = stack_of(builder, "open");
    struct record_slot *slot = add_file(builder, 7, stack, "/etc/hosts");
    slot->word = RECORD_WORD(RECORD_STATE_INHERITED, RECORD_KIND_FILE, 1, stack);
    slot->flags = RECORD_SLOT_FROM_FORK | RECORD_SLOT_ADOPTED;
    slot->owner_pid = 4000;
    slot->thread = 4001;
    show(builder, NULL);
    shows("  fd 7   /etc/hosts   handed over by process 4000 ");
}
END_TEST

START_TEST(a_close_that_did_not_return_is_told) {
    struct builder *builder = builder_begin();
    add_file(builder, 7, stack_of(builder, "open"), "/etc/hosts")->flags = RECORD_SLOT_CLOSE_BEGUN;
    show(builder, NULL);
    shows("released; a close was begun and did not return");
}
END_TEST

START_TEST(an_exec_is_no_end_of_handles) {
    struct builder *builder = killed();
    builder_header(builder)->end = RECORD_END_EXEC;
    show(builder, NULL);
    ck_assert_uint_eq(verdict.left_open, 0);
}
END_TEST

/* --- kinds and what handles refer to ---------------------------------------------------------------------- */

static const struct {
    enum record_kind kind;
    uint32_t mode;
    const char *link, *word;
} refined[] = {
    {RECORD_KIND_DESCRIPTOR, S_IFREG, "/etc/hosts", "1 file"},
    {RECORD_KIND_DESCRIPTOR, S_IFSOCK, "socket:[5]", "1 socket"},
    {RECORD_KIND_DESCRIPTOR, S_IFIFO, "pipe:[5]", "1 pipe"},
    {RECORD_KIND_DESCRIPTOR, S_IFCHR, "/dev/null", "1 file"},
    {RECORD_KIND_DESCRIPTOR, 0, "anon_inode:[eventpoll]", "1 epoll"},
    {RECORD_KIND_DESCRIPTOR, 0, "anon_inode:[eventfd]", "1 eventfd"},
    {RECORD_KIND_DESCRIPTOR, 0, "anon_inode:[timerfd]", "1 timerfd"},
    {RECORD_KIND_DESCRIPTOR, 0, "anon_inode:[signalfd]", "1 signalfd"},
    {RECORD_KIND_DESCRIPTOR, 0, "anon_inode:inotify", "1 inotify"},
    {RECORD_KIND_DESCRIPTOR, 0, "anon_inode:[pidfd]", "1 pidfd"},
    {RECORD_KIND_DESCRIPTOR, 0, "anon_inode:[io_uring]", "1 io-uring"},
    {RECORD_KIND_DESCRIPTOR, 0, "anon_inode:bpf-map", "1 bpf"},
    {RECORD_KIND_DESCRIPTOR, 0, "anon_inode:[other]", "1 descriptor"},
    {RECORD_KIND_DESCRIPTOR, S_IFREG, "/memfd:x (deleted)", "1 memfd"},
    {RECORD_KIND_FILE, S_IFDIR, "/etc", "1 directory"},
    {RECORD_KIND_FILE, S_IFCHR, "/dev/pts/3", "1 pty"},
    {RECORD_KIND_FILE, S_IFIFO, "/tmp/fifo", "1 pipe"},
    {RECORD_KIND_FILE, S_IFREG, "/tmp/x (deleted)", "1 file"},
    {RECORD_KIND_EVENTFD, 0, "anon_inode:[eventpoll]", "1 eventfd"}, /* the call knew better */
};

START_TEST(the_kernel_tells_the_kind) {
    struct builder *builder = builder_begin();
    struct record_slot *slot =
        builder_number(builder, 5, refined[_i].kind, stack_of(builder, "dup"), RECORD_OUTCOME_RELEASED);
    builder_detail(builder, slot, refined[_i].mode | 0600, refined[_i].link, "", 0, "", 0);
    show(builder, NULL);
    shows(refined[_i].word);
    shows(refined[_i].link);
}
END_TEST

static struct builder *socket_record(int domain, int type, const void *local, size_t local_bytes,
                                     const void *peer, size_t peer_bytes) {
    struct builder *builder = builder_begin();
    struct record_slot *slot =
        builder_number(builder, 5, RECORD_KIND_SOCKET, stack_of(builder, "socket"), RECORD_OUTCOME_RELEASED);
    struct record_detail *detail =
        builder_detail(builder, slot, S_IFSOCK | 0777, "socket:[77]", local, local_bytes, peer, peer_bytes);
    detail->socket_domain = (uint16_t)domain;
    detail->socket_type = (uint16_t)type;
    detail->tcp_state = domain != AF_UNIX && type == SOCK_STREAM ? 7 : 0;
    return builder;
}

START_TEST(those_that_the_kernel_was_not_asked_about_are_like_those_that_it_was) {
    struct builder *builder = builder_begin();
    uint32_t alike = builder_stack(builder, "dup", pcs, 2, 4, 0);
    uint32_t mixed = builder_stack(builder, "dup", pcs + 1, 2, 3, 0);
    builder_number(builder, 5, RECORD_KIND_DESCRIPTOR, alike, RECORD_OUTCOME_RELEASED);
    for (unsigned number = 6; number < 8; number++)
        builder_detail(builder,
                       builder_number(builder, number, RECORD_KIND_DESCRIPTOR, alike, RECORD_OUTCOME_RELEASED),
                       S_IFIFO | 0600, "pipe:[7]", "", 0, "", 0);
    builder_number(builder, 8, RECORD_KIND_DESCRIPTOR, alike, RECORD_OUTCOME_RELEASED);
    builder_detail(builder, builder_number(builder, 9, RECORD_KIND_DESCRIPTOR, mixed, RECORD_OUTCOME_RELEASED),
                   S_IFIFO | 0600, "pipe:[7]", "", 0, "", 0);
    builder_detail(builder, builder_number(builder, 10, RECORD_KIND_DESCRIPTOR, mixed, RECORD_OUTCOME_RELEASED),
                   S_IFSOCK | 0600, "socket:[8]", "", 0, "", 0);
    builder_number(builder, 11, RECORD_KIND_DESCRIPTOR, mixed, RECORD_OUTCOME_RELEASED);
    show(builder, NULL);
    shows("Direct leak of 4 pipes (of 4 opened here");
    shows("7 handles left open at 4 sites (1 socket, 5 pipes, 1 descriptor)");
}
END_TEST

START_TEST(sockets_are_named) {
    struct sockaddr_in none = address("0.0.0.0", 0), bound = address("0.0.0.0", 53),
                       peer = address("10.0.0.1", 53);
    show(socket_record(AF_INET, SOCK_STREAM, &none, sizeof none, "", 0), NULL);
    shows("TCP not bound   ");
    show(socket_record(AF_INET, SOCK_DGRAM, &bound, sizeof bound, &peer, sizeof peer), NULL);
    shows("UDP 0.0.0.0:53 -> 10.0.0.1:53   ");
    struct sockaddr_in6 six = {
        .sin6_family = AF_INET6, .sin6_port = htons(443), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    show(socket_record(AF_INET6, SOCK_STREAM, &six, sizeof six, &six, sizeof six), NULL);
    shows("TCP [::1]:443 -> [::1]:443 CLOSE   ");
    struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "/run/x.sock"};
    sa_family_t unnamed = AF_UNIX;
    show(socket_record(AF_UNIX, SOCK_STREAM, &unnamed, sizeof unnamed, &path, sizeof path), NULL);
    shows("unix stream -> /run/x.sock   ");
    struct sockaddr_un hidden = {.sun_family = AF_UNIX, .sun_path = "\0hidden"};
    show(socket_record(AF_UNIX, SOCK_DGRAM, &hidden, offsetof(struct sockaddr_un, sun_path) + 7, "", 0), NULL);
    shows("unix datagram @hidden   ");
    show(socket_record(AF_UNIX, SOCK_STREAM, &unnamed, sizeof unnamed, &unnamed, sizeof unnamed), NULL);
    shows("unix stream socket:[77]   ");
    show(socket_record(AF_INET, SOCK_STREAM, "\2", 1, "\2\0\1", 3), NULL); /* cut short */
    shows("1 socket");
}
END_TEST

static struct builder *of_kinds(void) {
    struct builder *builder = builder_begin();
    uint32_t stack = stack_of(builder, "x");
    builder_number(builder, 3, RECORD_KIND_FILE, stack, RECORD_OUTCOME_RELEASED);
    builder_number(builder, 4, RECORD_KIND_SOCKET, stack, RECORD_OUTCOME_RELEASED);
    builder_number(builder, 5, RECORD_KIND_PIPE, stack, RECORD_OUTCOME_RELEASED);
    builder_object(builder, 0x7000, -1, RECORD_KIND_LIBRARY, stack, RECORD_OUTCOME_SKIPPED);
    builder_object(builder, 0x8000, -1, RECORD_KIND_MAPPING, stack, RECORD_OUTCOME_SKIPPED);
    return builder;
}

static const struct {
    const char *kinds, *counts;
} choices[] = {
    {"default", "(1 file, 1 socket, 1 pipe)"},
    {"all", "(1 file, 1 socket, 1 pipe, 1 library, 1 mapping)"},
    {"default+library", "(1 file, 1 socket, 1 pipe, 1 library)"},
    {"socket+file", "(1 file, 1 socket)"},
    {"default+!pipe", "(1 file, 1 socket)"},
    {"!pipe", "(1 file, 1 socket)"},
    {"all+!default", "(1 library, 1 mapping)"},
};

START_TEST(kinds_choose) {
    set("kinds", choices[_i].kinds);
    show(of_kinds(), NULL);
    shows(choices[_i].counts);
    ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(small_sites_are_left_out) {
    set("min_count", "2");
    show(example(), NULL);
    ck_assert_uint_eq(verdict.left_open, 3);
    ck_assert_uint_eq(verdict.sites, 1);
    shows("3 handles left open at 1 site (3 sockets); 3 released, 0 failed");
    set("min_count", "4");
    ck_assert_str_eq(show(example(), NULL), "");
    ck_assert_uint_eq(verdict.left_open, 0);
}
END_TEST

START_TEST(programs_are_chosen_by_name) {
    set("skip", "sh+serv*");
    ck_assert_str_eq(show(example(), NULL), "");
    set("skip", "");
    set("only", "*_test+make");
    ck_assert_str_eq(show(example(), NULL), "");
    set("only", "*_test+server");
    show(example(), NULL);
    ck_assert_uint_eq(verdict.left_open, 4);
}
END_TEST

START_TEST(inherited_handles_are_listed_when_asked) {
    struct builder *builder = example();
    builder_number(builder, 20, RECORD_KIND_FILE, 0, RECORD_OUTCOME_NONE)->word =
        RECORD_WORD(RECORD_STATE_INHERITED, RECORD_KIND_FILE, 1, 0);
    set("inherited", "1");
    show(builder, NULL);
    ck_assert_uint_eq(verdict.left_open, 4);
    shows("Inherited (not counted): 1 handle\n  fd 20");
}
END_TEST

START_TEST(unseen_handles_are_listed_where_the_record_has_them) {
    struct builder *builder = example();
    struct record_slot *slot = add_file(builder, 20, 0, "/var/lib/database");
    slot->word = RECORD_WORD(RECORD_STATE_INHERITED, RECORD_KIND_DESCRIPTOR, 1, 0);
    slot->flags = RECORD_SLOT_UNSEEN;
    slot->outcome = RECORD_OUTCOME_NONE;
    builder_header(builder)->unseen = 7;
    show(builder, NULL);
    ck_assert_uint_eq(verdict.left_open, 4);
    shows("Unseen (not counted): 7 handles\n  fd 20   /var/lib/database");
    shows("; 0 inherited; 7 unseen\n");
}
END_TEST

START_TEST(an_inherited_stream_is_one_handle_and_a_closed_one_none) {
    struct builder *builder = example();
    builder_object(builder, 0x7777, 21, RECORD_KIND_STREAM, 0, RECORD_OUTCOME_NONE)->word =
        RECORD_WORD(RECORD_STATE_INHERITED, RECORD_KIND_STREAM, 1, 0);
    struct record_slot *inside = builder_number(builder, 21, RECORD_KIND_FILE, 0, RECORD_OUTCOME_NONE);
    inside->word = RECORD_WORD(RECORD_STATE_INHERITED, RECORD_KIND_FILE, 1, 0);
    inside->object = 0x7777;
    builder_number(builder, 22, RECORD_KIND_FILE, 0, RECORD_OUTCOME_GONE)->word =
        RECORD_WORD(RECORD_STATE_INHERITED, RECORD_KIND_FILE, 1, 0);
    set("inherited", "1");
    show(builder, NULL);
    shows("Inherited (not counted): 1 handle\n  stream 0x7777 fd 21");
    shows("; 1 inherited; ");
}
END_TEST

/* --- several processes ------------------------------------------------------------------------------------ */

static struct builder *numbered(struct builder *builder, int pid) {
    builder_header(builder)->pid = pid;
    builder_header(builder)->started_realtime += (uint64_t)pid;
    builder_header(builder)->name[0] = (uint8_t)pid;
    return builder;
}

START_TEST(one_site_in_many_processes_is_one_site) {
    request.first = 50;
    show(numbered(example(), 52), numbered(example(), 50), numbered(example(), 51), NULL);
    ck_assert_uint_eq(verdict.left_open, 12);
    ck_assert_uint_eq(verdict.sites, 2);
    shows("==50==ERROR: leftopen: 12 handles left open at exit by 3 processes of ./server (highest peak 9 of");
    shows("Direct leak of 9 sockets (of 360 opened here, 351 closed)");
    shows("  pid 50   fd 5    TCP");
    shows("  pid 52   fd 5    TCP");
}
END_TEST

START_TEST(what_came_with_a_fork_was_opened_too) {
    /* proves: where the parent that counted a handle has no record any more, no more are left open than were
     * opened */
    struct builder *opened = numbered(builder_begin(), 50), *got = numbered(builder_begin(), 51);
    builder_number(opened, 5, RECORD_KIND_EPOLL, builder_stack(opened, "epoll_create1", pcs, 3, 1, 0),
                   RECORD_OUTCOME_RELEASED);
    builder_number(got, 5, RECORD_KIND_EPOLL, builder_stack(got, "epoll_create1", pcs, 3, 0, 0),
                   RECORD_OUTCOME_RELEASED);
    show(opened, got, NULL);
    shows("Direct leak of 2 epolls (of 2 opened here, 0 closed)");
}
END_TEST

/* As many files, the last of them opened a second before the end. */
static struct builder *growing(int pid, unsigned files) {
    struct builder *builder = numbered(builder_begin(), pid);
    uint32_t stack = builder_stack(builder, "open", pcs, 3, files, 0);
    set_past(builder, stack, files, 0, 0);
    for (unsigned i = 0; i < files; i++)
        add_file(builder, 5 + i, stack, "/etc/hosts")->opened += i + 1 == files ? 98000000000u : 0;
    return builder;
}

START_TEST(what_grows_grows_in_a_process) {
    /* proves: processes that hold a few each are no growth, and one of them that grows is */
    show(growing(50, 4), growing(51, 4), growing(52, 4), NULL);
    shows("Direct leak of 12 files");
    shows_not("suspect");
    show(growing(50, 4), growing(51, 4), growing(52, 8), NULL);
    shows("suspect: none was ever closed, and the newest of 16 was opened ");
}
END_TEST

START_TEST(some_of_many_processes_were_killed) {
    /* proves: handles whose line tells so little are those of the killed ones, and how many these are */
    request.first = 50;
    show(numbered(example(), 50), numbered(killed(), 51), numbered(example(), 52), NULL);
    shows("12 handles left open by 3 processes of ./server, 1 of them killed (highest peak 9 of");
}
END_TEST

/* A process of that program with a file open. */
static struct builder *one_file_of(const char *program, int pid) {
    struct builder *builder = builder_begin();
    builder_program(builder, program, program, NULL);
    builder_header(builder)->pid = pid;
    add_file(builder, 5, stack_of(builder, "open"), "/etc/hosts");
    return builder;
}

START_TEST(a_folder_of_many_programs_names_them) {
    show(one_file_of("/bin/one", 11), one_file_of("/bin/two", 12), one_file_of("/bin/two", 13), NULL);
    shows("3 handles left open at exit by 3 processes of /bin/one, /bin/two (2) (");
    show(one_file_of("/bin/one", 11), one_file_of("/bin/one", 12), NULL);
    shows("2 handles left open at exit by 2 processes of /bin/one (");
    show(one_file_of("/bin/a", 11), one_file_of("/bin/b", 12), one_file_of("/bin/c", 13),
         one_file_of("/bin/d", 14), NULL);
    shows("by 4 processes of /bin/a, /bin/b, /bin/c and 1 other program (");
    request.first = 11;
    show(one_file_of("/bin/a", 11), one_file_of("/bin/b", 12), NULL);
    shows("by 2 processes of /bin/a (");
}
END_TEST

START_TEST(a_first_process_without_a_record_is_named) {
    request.first = 40;
    json_t *object = show_json(numbered(example(), 50));
    json_t *first = json_object_get(object, "process"), *all = json_object_get(object, "processes");
    ck_assert_int_eq(json_integer_value(json_object_get(first, "pid")), 40);
    ck_assert(json_is_null(json_object_get(first, "exe")));
    ck_assert_uint_eq(json_array_size(all), 2);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(all, 0), "pid")), 40);
    json_decref(object);
}
END_TEST

START_TEST(no_record_is_fine_where_it_may_be) {
    request.may_be_empty = true;
    show_paths(NULL, 0);
    ck_assert_int_eq(status, 0);
    ck_assert_str_eq(shown, "");
    request.may_be_empty = false;
    show_paths(NULL, 0);
    ck_assert_int_eq(status, EXIT_MISSING);
}
END_TEST

START_TEST(an_unreadable_record_does_not_hide_the_others) {
    struct builder *bad = example();
    memcpy(bad->bytes, "nonsense", 8);
    show(bad, example(), NULL);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(verdict.unreadable, 1);
    ck_assert_uint_eq(verdict.left_open, 4);
    says("is not a record");
    bad = example();
    memcpy(bad->bytes, "nonsense", 8);
    show(bad, NULL);
    ck_assert_int_eq(status, EXIT_DAMAGED);
    ck_assert_str_eq(shown, "");
    static const char *const missing[] = {"/nonexistent/x"};
    show_paths(missing, 1);
    ck_assert_int_eq(status, EXIT_MISSING);
}
END_TEST

/* --- notes ------------------------------------------------------------------------------------------------ */

START_TEST(what_is_missing_is_said) {
    struct builder *builder = example();
    builder_header(builder)->notes =
        RECORD_NOTE_NO_PROC | RECORD_NOTE_NO_LIBUNWIND | RECORD_NOTE_THREADS_AT_EXIT;
    builder_header(builder)->losses[RECORD_LOSS_MEMORY] = 12;
    builder_header(builder)->losses[RECORD_LOSS_STACK] = 1;
    show(builder, NULL);
    shows("\nnote: /proc/self/fd could not be read");
    shows("\nnote: libunwind could not be loaded");
    shows("\nnote: 12 handles were not recorded");
    shows("\nnote: 1 handle has no stack");
    shows_not("other threads");
}
END_TEST

START_TEST(a_cut_record_is_shown_with_a_note) {
    struct builder *builder = example();
    char path[64];
    builder_save(builder, BUILDER_OBJECTS * RECORD_PAGE_BYTES, path);
    const char *paths[] = {path};
    show_paths(paths, 1);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(verdict.left_open, 3);
    shows("note: a part of the record");
    says("cut off here");
    unlink(path);
    free(builder);
}
END_TEST

/* --- JSON ------------------------------------------------------------------------------------------------- */

static void ck_keys(const json_t *object, const char *const *keys) {
    const char *key;
    json_t *value;
    size_t i = 0;
    json_object_foreach((json_t *)object, key, value) {
        if (!keys[i])
            break; /* formats may grow at their end */
        ck_assert_str_eq(key, keys[i++]);
    }
    ck_assert_ptr_null(keys[i]);
}

START_TEST(json_has_the_promised_keys_in_order) {
    static const char *const report[] = {"schema",  "process", "processes", "limits",
                                         "summary", "sites",   "misuses",   NULL};
    static const char *const process[] = {"pid",   "ppid", "exe",    "argv", "started",
                                          "ended", "end",  "status", NULL};
    static const char *const limits[] = {"soft", "hard", "peak", NULL};
    static const char *const summary[] = {"left_open",  "sites",     "released", "release_failed",
                                          "suppressed", "inherited", "unseen",   "misuses",
                                          "dropped",    "tracked",   "closed",   NULL};
    static const char *const site[] = {"id",     "line_id",      "kind",   "call",    "count", "opened",
                                       "closed", "oldest_age_s", "frames", "handles", NULL};
    static const char *const frame[] = {"function", "file",     "line",    "column", "module",
                                        "offset",   "build_id", "inlined", NULL};
    static const char *const handle[] = {"pid",    "handle",      "fd",      "what",  "age_s",
                                         "thread", "thread_name", "release", "error", NULL};
    json_t *object = show_json(example()), *sites = json_object_get(object, "sites");
    ck_keys(object, report);
    ck_keys(json_object_get(object, "process"), process);
    ck_keys(json_array_get(json_object_get(object, "processes"), 0), process);
    ck_keys(json_object_get(object, "limits"), limits);
    ck_keys(json_object_get(object, "summary"), summary);
    ck_keys(json_array_get(sites, 0), site);
    ck_keys(json_array_get(json_object_get(json_array_get(sites, 0), "frames"), 0), frame);
    ck_keys(json_array_get(json_object_get(json_array_get(sites, 0), "handles"), 0), handle);
    json_decref(object);
}
END_TEST

START_TEST(json_values_are_those_of_the_record) {
    json_t *object = show_json(example());
    const char *schema, *end, *started, *id, *line_id, *kind, *call, *offset, *build, *name, *what, *release,
        *error;
    int left, failed, count, opened, soft, fd;
    double age;
    json_t *function, *first_error, *stream_what;
    ck_assert_int_eq(json_unpack(object,
                                 "{s:s, s:{s:s, s:s}, s:{s:i}, s:{s:i, s:i},"
                                 " s:[{s:s, s:s, s:s, s:s, s:i, s:i, s:F, s:[{s:o, s:s, s:s}*],"
                                 "     s:[{s:s, s:i, s:s, s:s, s:o}*]},"
                                 "    {s:[{s:o, s:s}]}]}",
                                 "schema", &schema, "process", "end", &end, "started", &started, "limits",
                                 "soft", &soft, "summary", "left_open", &left, "release_failed", &failed,
                                 "sites", "id", &id, "line_id", &line_id, "kind", &kind, "call", &call, "count",
                                 &count, "opened", &opened, "oldest_age_s", &age, "frames", "function",
                                 &function, "offset", &offset, "build_id", &build, "handles", "handle", &name,
                                 "fd", &fd, "what", &what, "release", &release, "error", &first_error,
                                 "handles", "what", &stream_what, "error", &error),
                     0);
    ck_assert_str_eq(schema, "leftopen.report/1");
    ck_assert_str_eq(end, "exit");
    ck_assert_str_eq(started, "2023-11-14T22:13:20.000Z");
    ck_assert_int_eq(soft, 1024);
    ck_assert_int_eq(left, 4);
    ck_assert_int_eq(failed, 1);
    ck_assert_uint_eq(strlen(id), 16);
    ck_assert_uint_eq(strspn(line_id, "0123456789abcdef"), 16);
    ck_assert_str_eq(kind, "socket");
    ck_assert_str_eq(call, "socket");
    ck_assert_int_eq(count, 3);
    ck_assert_int_eq(opened, 120);
    ck_assert(age == 99.0);
    ck_assert(json_is_null(function));
    ck_assert_str_eq(offset, "0x1000");
    ck_assert_str_eq(build, "8ca0");
    ck_assert_str_eq(name, "fd 5");
    ck_assert_int_eq(fd, 5);
    ck_assert_str_eq(what, "TCP 127.0.0.1:51122 -> 127.0.0.1:80 CLOSE_WAIT");
    ck_assert_str_eq(release, "released");
    ck_assert(json_is_null(first_error));
    ck_assert(json_is_null(stream_what));
    ck_assert_str_eq(error, "ENOSPC");
    json_decref(object);
}
END_TEST

START_TEST(json_is_valid_whatever_paths_hold) {
    struct builder *builder = builder_begin();
    uint32_t stack = stack_of(builder, "open");
    add_file(builder, 3, stack, "/tmp/\"\n\\\t\x01</script>\xff\xc0\x80\xed\xa0\x80\xf8z\xc3");
    builder_thread(builder, 4242, "\xfe\"");
    builder_program(builder, "/bin/\xff", "\xc3\x28", NULL);
    json_t *object = show_json(builder);
    json_t *site = json_array_get(json_object_get(object, "sites"), 0);
    json_t *handle = json_array_get(json_object_get(site, "handles"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(handle, "what")),
                     "/tmp/\"\n\\\t\x01</script>\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdz\ufffd");
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(object, "process"), "exe")),
                     "/bin/\ufffd");
    json_decref(object);
}
END_TEST

START_TEST(json_says_null_for_what_is_not_known) {
    struct builder *builder = killed();
    builder_header(builder)->limit_soft = UINT64_MAX;
    builder_header(builder)->unseen = -1;
    json_t *object = show_json(builder);
    json_t *process = json_object_get(object, "process"), *summary = json_object_get(object, "summary");
    json_t *site = json_array_get(json_object_get(object, "sites"), 0);
    json_t *handle = json_array_get(json_object_get(site, "handles"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(process, "end")), "killed");
    ck_assert(json_is_null(json_object_get(process, "ended")));
    ck_assert(json_is_null(json_object_get(process, "status")));
    ck_assert(json_is_null(json_object_get(json_object_get(object, "limits"), "soft")));
    ck_assert(json_is_null(json_object_get(summary, "unseen")));
    ck_assert(json_is_null(json_object_get(site, "oldest_age_s")));
    ck_assert(json_is_null(json_object_get(handle, "age_s")));
    ck_assert(json_is_null(json_object_get(handle, "release")));
    json_decref(object);
}
END_TEST

START_TEST(json_is_there_even_if_nothing_is_left_open) {
    json_t *object = show_json(builder_begin());
    ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(object, "summary"), "left_open")), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(object, "sites")), 0);
    json_decref(object);
}
END_TEST

/* Whatever a damaged record says, reports of both formats are made of it. */
START_TEST(noise_makes_valid_reports) {
    uint32_t random = 4711;
    for (int round = 0; round < 300; round++) {
        struct builder *builder = example();
        for (int i = 0; i < 100; i++) {
            random = random * 1664525 + 1013904223;
            size_t at = 8 + random / 16 % (BUILDER_BYTES - 8);
            bool is_slot = builder->bytes[at] || at >= BUILDER_NUMBERS * RECORD_PAGE_BYTES;
            if (at >= 24 && is_slot) /* not the version */
                builder->bytes[at] = (unsigned char)(random >> 24);
        }
        if (round % 2) {
            set("format", "text");
            show(builder, NULL);
            shows_not("\033");
        } else {
            json_decref(show_json(builder));
        }
    }
}
END_TEST

/* --- identity of sites ------------------------------------------------------------------------------------ */

static char *id_of(struct builder *builder) {
    json_t *object = show_json(builder);
    json_t *site = json_array_get(json_object_get(object, "sites"), 0);
    char *id = strdup(json_string_value(json_object_get(site, "id")));
    json_decref(object);
    return id;
}

static struct builder *identified(const char *call, uint64_t base, uint64_t offset, const char *build_id) {
    struct builder *builder = builder_begin();
    uint64_t pc[] = {base + offset + 1};
    builder_module(builder, "/nonexistent/server", base, base + 0x10000, base, build_id, 2);
    builder_number(builder, 5, RECORD_KIND_FILE, builder_stack(builder, call, pc, 1, 1, 0),
                   RECORD_OUTCOME_RELEASED);
    return builder;
}

START_TEST(the_id_is_of_the_place_only) {
    char *id = id_of(identified("open", 0x10000, 0x123, "ab"));
    char *elsewhere = id_of(identified("open", 0x7f0000000000, 0x123, "ab"));
    char *other_call = id_of(identified("dup", 0x10000, 0x123, "ab"));
    char *other_place = id_of(identified("open", 0x10000, 0x124, "ab"));
    char *other_build = id_of(identified("open", 0x10000, 0x123, "ac"));
    ck_assert_str_eq(id, elsewhere);
    ck_assert_str_ne(id, other_call);
    ck_assert_str_ne(id, other_place);
    ck_assert_str_ne(id, other_build);
    /* FNV-1a of "leftopen-site-1", "open", "server", "6162", "0x123", each with its zero: never changes. */
    ck_assert_str_eq(id, "cc4cf6d2922d986e");
    free(id);
    free(elsewhere);
    free(other_call);
    free(other_place);
    free(other_build);
}
END_TEST

/* --- suppressions ----------------------------------------------------------------------------------------- */

static void suppress_with(const char *text) {
    static char path[] = "/tmp/leftopen-suppress-XXXXXX";
    strcpy(path, "/tmp/leftopen-suppress-XXXXXX");
    int file = mkstemp(path);
    ck_assert_int_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    set("suppressions", path);
}

static void end_suppressing(void) { unlink(settings.value[SETTING_suppressions]); }

static const struct {
    const char *text;
    size_t left;
} suppressed[] = {
    {"leak:server\n", 0}, /* module of a frame */
    {"leak:^/opt/server\n", 0},
    {"leak:^server\n", 4},
    {"leak:bin/server$\n", 0},
    {"leak:bin$\n", 4},
    {"leak:opt*bin\n", 0},
    {"leak:bin*opt\n", 4},
    {"socket:server\n", 1},
    {"stream:server\n", 3},
    {"file:server\n", 4},
    {"path:127.0.0.1:80 CLOSE\n", 3},
    {"path:^TCP*LISTEN$\n", 3},
    {"path:TCP\n", 1},
    {"# leak:server\n\n   \n", 4},
    {"leak:server   # meant to stay\n", 0},
    {"socket:server max=2 # no more\n", 2},
    {"leak:server#1\n", 4},
    {"socket:server max=2\n", 2},
    {"socket:server\tmax=0\n", 4},
    {"leak:server until=2999-12-31\n", 0},
    {"leak:server until=2001-01-01\n", 4},
    {"leak:server max=1 until=2999-12-31", 3},
    {"leak:server frame=0\n", 0},
    {"leak:server frame=1 max=2\n", 2}, /* the stream has one frame */
    {"leak:server frame=2\n", 4},
    {"misuse:server\n", 4},
    {"leak :server\n", 0},
    {"  leak:server  \r\n", 0},
    {"{\n name\n CoreError:FdNotClosed\n obj:*/server\n}\n", 0},
    {"{\n name\n CoreError:FdNotClosed\n obj:*/server\n obj:*server\n}\n", 1}, /* the stream has one frame */
    {"{\n name\n CoreError:FdNotClosed\n fun:socket\n obj:*/server\n}\n", 1},
    {"{\n name\n CoreError:FdNotClosed\n ...\n obj:*server\n}\n", 0},
    {"{\n name\n CoreError:FdNotClosed\n obj:*client\n}\n", 4},
    {"{\n name\n Memcheck:Leak\n match-leak-kinds: all\n obj:*\n}\n", 4},
    {"{\n name\n Memcheck:Leak\n obj:*\n}\nsocket:server\n", 1},
};

START_TEST(suppressions_take_what_they_say) {
    suppress_with(suppressed[_i].text);
    show(example(), NULL);
    ck_assert_uint_eq(verdict.left_open, suppressed[_i].left);
    ck_assert_str_eq(said, "");
    end_suppressing();
}
END_TEST

static const struct {
    const char *text, *message;
} mistakes[] = {
    {"leak:x\nnonsense\nsocket:server\n", ":2: nonsense: expected TYPE:PATTERN"},
    {"sockte:server\nsocket:server\n", ":1: sockte: the types are leak path misuse file directory socket"},
    {"leak:server max=many\nsocket:server\n", ":1: max=many: max= takes a number"},
    {"leak:server until=tomorrow\nsocket:server\n", ":1: until=tomorrow: until= takes a day"},
    {"leak:server until=2999-02-30\nsocket:server\n", ":1: until=2999-02-30: until= takes a day"},
    {"leak:server mx=3\nsocket:server\n", ":1: mx=3: there is no option mx=; did you mean max=?"},
    {"leak:server max=2 utnil=2999-12-31\nsocket:server\n", "did you mean until=?"},
    {"leak:server mx=3 max=2\nsocket:server\n", ":1: mx=3:"},
    {"leak:server max= 3\nsocket:server\n", ":1: max=: options are NAME=VALUE without a blank"},
    {"leak:server zone=4\nsocket:server\n", "write * for the ="},
    {"leak:server frame=x\nsocket:server\n", "frame= takes the number of a frame"},
    {"leak:\nsocket:server\n", ":1: leak:: it has no pattern"},
    {"leak: max=3\nsocket:server\n", "it has no pattern"},
    {"socket:server\n{\n name\n CoreError:FdNotClosed\n obj:*\n", ":5: {: the block is not closed"},
    {"{\n name\n CoreError:FdNotClosed\n nun:*\n}\nsocket:server\n",
     ":4: nun:*: expected fun:, obj:, src: or ..."},
    {"{\n name\n CoreError:FdNotClosed\n}\nsocket:server\n", "the block names no frame"},
};

START_TEST(a_mistake_costs_one_suppression) {
    suppress_with(mistakes[_i].text);
    show(example(), NULL);
    says(mistakes[_i].message);
    ck_assert_uint_eq(verdict.left_open, 1);
    end_suppressing();
}
END_TEST

START_TEST(an_unreadable_file_suppresses_nothing) {
    set("suppressions", "/nonexistent/file");
    show(example(), NULL);
    says("cannot read the suppressions in /nonexistent/file: No such file or directory");
    ck_assert_uint_eq(verdict.left_open, 4);
}
END_TEST

START_TEST(suppressed_handles_are_counted_apart) {
    suppress_with("socket:server\n");
    show(example(), NULL);
    shows("1 handle left open at 1 site (1 stream); 0 released, 1 failed; 3 suppressed\n");
    json_t *object = show_json(example());
    ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(object, "summary"), "suppressed")), 3);
    json_decref(object);
    end_suppressing();
}
END_TEST

START_TEST(unused_suppressions_are_named_when_asked) {
    suppress_with("socket:server\npath:/nothing\n");
    show(example(), NULL);
    shows_not("note: ");
    set("verbosity", "1");
    show(example(), NULL);
    shows(":2: the suppression path:/nothing matched nothing");
    shows(":1: 3 suppressed by socket:server");
    end_suppressing();
}
END_TEST

START_TEST(a_suppression_that_is_over_is_told) {
    suppress_with("socket:server until=2001-01-01\n");
    show(example(), NULL);
    shows("the suppression socket:server until=2001-01-01 ended on 2001-01-01; it would have matched");
    end_suppressing();
}
END_TEST

/* --- rules ------------------------------------------------------------------------------------------------ */

static const struct {
    const char *executable, *name, *script;
    unsigned number;
    const char *path;
    bool stays;
} scripts[] = {
    {"/usr/bin/bash", "bash", "script.sh", 255, "/home/me/script.sh", true},
    {"/usr/bin/bash", "bash", "./script.sh", 255, "/home/me/script.sh", true},
    {"/usr/bin/bash", "bash", "../me/script.sh", 255, "/home/me/script.sh", true},
    {"/usr/bin/bash", "bash", "/home/me/script.sh", 255, "/home/me/script.sh", true},
    {"/usr/bin/dash", "sh", "script.sh", 10, "/home/me/script.sh", true},
    {"/usr/bin/bash", "bash", "script.sh", 255, "/home/me/script.sh (deleted)", true},
    {"/usr/bin/perl", "perl", "a.pl", 3, "/home/me/a.pl", true},
    {"/usr/bin/bash", "bash", "script.sh", 5, "/home/me/notes", false},
    {"/usr/bin/bash", "bash", "script.sh", 5, "/home/me/myscript.sh", false},
    {"/usr/bin/bash", "bash", "-c", 5, "-c", false},
    {"/usr/bin/bash", "bash", NULL, 255, "/dev/tty", true},
    {"/usr/bin/bash", "bash", NULL, 255, "/dev/pts/4", true},
    {"/usr/bin/bash", "bash", NULL, 5, "/dev/tty", false},
    {"/usr/bin/zsh", "zsh", "-c", 11, "/dev/null", true},
    {"/usr/bin/bash", "bash", "-c", 5, "/dev/null", false},
    {"/usr/bin/python3", "python3", "a.py", 3, "/home/me/a.py", false},
    {"/usr/bin/cat", "cat", "file", 3, "/home/me/file", false},
    {"/bin/busybox", "sh", "script.sh", 10, "/home/me/script.sh", true},
    {"/bin/busybox", "cmp", "file", 3, "/home/me/file", false},
    {"/bin/busybox", "sh", "script.sh", 11, "/home/me/library.sh", true},
    {"/bin/busybox", "cmp", "-", 11, "/home/me/file", false},
    {"/usr/bin/dash", "sh", "script.sh", 11, "/home/me/library.sh", true},
    {"/usr/bin/dash", "sh", "script.sh", 9, "/home/me/library.sh", false},
    {"/usr/bin/bash", "sh", "script.sh", 11, "/home/me/library.sh", false}, /* exec 11<library.sh */
    {"/usr/bin/x", "x", NULL, 4, "/var/lib/sss/mc/passwd", true},
};

START_TEST(rules_know_what_stays_open_by_design) {
    struct builder *builder = builder_begin();
    builder_program(builder, scripts[_i].executable, scripts[_i].name, scripts[_i].script);
    struct record_slot *slot =
        builder_number(builder, scripts[_i].number < 127 ? scripts[_i].number : 100, RECORD_KIND_FILE,
                       stack_of(builder, "open"), RECORD_OUTCOME_RELEASED);
    builder_detail(builder, slot, S_IFREG, scripts[_i].path, "", 0, "", 0);
    show(builder, NULL);
    ck_assert_uint_eq(verdict.left_open, !scripts[_i].stays);
}
END_TEST

/* A file left open at each of as many sites. */
static struct builder *sites_of_number(unsigned sites) {
    struct builder *builder = builder_begin();
    builder_module(builder, "/opt/server/bin/server", 0x1000, 0x4000, 0, "\x8c\xa0", 2);
    for (unsigned i = 0; i < sites; i++) {
        uint64_t pc = 0x1001 + 16 * i;
        builder_number(builder, 3 + i, RECORD_KIND_FILE, builder_stack(builder, "open", &pc, 1, 1, 0),
                       RECORD_OUTCOME_RELEASED);
    }
    return builder;
}

START_TEST(a_long_report_says_how_it_becomes_shorter) {
    static const char hint[] = "\nThese are 41 sites: --group_by=function ";
    show(sites_of_number(41), NULL);
    shows(hint);
    show(sites_of_number(40), NULL);
    shows_not("These are");
    set("top", "10");
    show(sites_of_number(41), NULL);
    shows_not("These are");
    set("group_by", "function");
    show(sites_of_number(41), NULL);
    shows_not("These are");
}
END_TEST

START_TEST(a_killed_shell_had_its_script_out_of_the_way_first) {
    /* proves: by the order and not by a number, which somebody else may have */
    struct builder *builder = builder_begin();
    builder_program(builder, "/usr/bin/bash", "sh", "script.sh");
    static const unsigned in_order[] = {3, 11, 10, 12};
    for (unsigned i = 0; i < 4; i++)
        builder_number(builder, in_order[i], RECORD_KIND_DESCRIPTOR, stack_of(builder, "fcntl"),
                       RECORD_OUTCOME_RELEASED)
            ->sequence = i + 1;
    show(builder, NULL);
    ck_assert_uint_eq(verdict.left_open, 3);
    shows_not("fd 11");
}
END_TEST

START_TEST(a_killed_subshell_had_its_script_from_the_fork) {
    struct builder *builder = builder_begin();
    builder_program(builder, "/usr/bin/bash", "bash", "script.sh");
    struct record_slot *script =
        builder_number(builder, 100, RECORD_KIND_DESCRIPTOR, stack_of(builder, "fcntl"), RECORD_OUTCOME_NONE);
    script->word = RECORD_WORD(RECORD_STATE_INHERITED, RECORD_KIND_DESCRIPTOR, 1, 0);
    script->flags = RECORD_SLOT_FROM_FORK;
    script->sequence = 1;
    builder_number(builder, 10, RECORD_KIND_DESCRIPTOR, stack_of(builder, "fcntl"), RECORD_OUTCOME_RELEASED)
        ->sequence = 2;
    show(builder, NULL);
    ck_assert_uint_eq(verdict.left_open, 1);
    shows("fd 10");
}
END_TEST

START_TEST(zsh_makes_the_options_empty_that_it_was_given) {
    struct builder *builder = builder_begin();
    builder_program(builder, "/usr/bin/zsh", "zsh", "");
    struct record_header *header = builder_header(builder);
    static const char words[] = "zsh\0\0script.zsh";
    header->arguments = builder_text(builder, words, sizeof words);
    header->argument_bytes = sizeof words;
    header->argument_count = 3;
    add_file(builder, 11, stack_of(builder, "fcntl"), "/home/me/script.zsh");
    add_file(builder, 12, stack_of(builder, "open"), "/home/me/zsh");
    show(builder, NULL);
    ck_assert_uint_eq(verdict.left_open, 1);
    shows("fd 12");
}
END_TEST

START_TEST(a_script_may_be_called_by_another_name) {
    char folder[] = "/tmp/leftopen-script-XXXXXX", script[64], name[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(script, sizeof script, "%s/which.debianutils", folder);
    snprintf(name, sizeof name, "%s/which", folder);
    FILE *file = fopen(script, "w");
    ck_assert(file && fclose(file) == 0 && symlink("which.debianutils", name) == 0);
    struct builder *builder = builder_begin();
    builder_program(builder, "/usr/bin/bash", "/bin/sh", name);
    add_file(builder, 11, stack_of(builder, "open"), script);
    add_file(builder, 12, stack_of(builder, "open"), "/tmp/which.debianutils");
    show(builder, NULL);
    unlink(name);
    unlink(script);
    rmdir(folder);
    ck_assert_uint_eq(verdict.left_open, 1);
    shows("fd 12");
}
END_TEST

START_TEST(a_shell_keeps_what_was_standard_to_restore_it) {
    /* proves: only a copy of 0, 1 or 2, and only where no script uses the number of its own accord */
    static const struct {
        unsigned number;
        int from;
    } copies[] = {{11, 0}, {12, 1}, {13, 2}, {14, 3}, {15, -1}, {9, 1}};
    struct builder *builder = builder_begin();
    builder_program(builder, "/usr/bin/bash", "bash", "script.sh");
    for (unsigned i = 0; i < 6; i++) {
        struct record_slot *slot = builder_number(builder, copies[i].number, RECORD_KIND_DESCRIPTOR,
                                                  stack_of(builder, "fcntl"), RECORD_OUTCOME_RELEASED);
        slot->number = copies[i].from;
        builder_detail(builder, slot, S_IFIFO, "pipe:[7]", "", 0, "", 0);
    }
    show(builder, NULL);
    ck_assert_uint_eq(verdict.left_open, 3);
    shows("fd 14");
    shows("fd 15");
    shows("fd 9 ");
}
END_TEST

/* What the kernel refuses for want of #! a shell reads itself, under the words that it was called by. */
static const struct {
    const char *content, *word;
    unsigned mode;
    bool of_fork, stays;
} bare_scripts[] = {
    {"echo here\n", "script.sh", 0755, true, true},
    {"echo here\n", "-c", 0755, false, true},
    {"echo here\n", "script.sh", 0755, false, false}, /* it has its script */
    {"echo here\n", "script.sh", 0644, true, false},
    {"#!/bin/sh\n", "script.sh", 0755, true, false}, /* the kernel calls the interpreter */
    {"\177ELF\002\001\001", "script.sh", 0755, true, false},
    {"", "script.sh", 0755, true, false},
};

START_TEST(a_shell_reads_what_the_kernel_cannot_execute) {
    char script[] = "/tmp/leftopen-script-XXXXXX";
    int file = mkstemp(script);
    size_t bytes = strlen(bare_scripts[_i].content);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, bare_scripts[_i].content, bytes), bytes);
    ck_assert_int_eq(fchmod(file, bare_scripts[_i].mode), 0);
    close(file);
    struct builder *builder = builder_begin();
    builder_program(builder, "/usr/bin/bash", "bash", bare_scripts[_i].word);
    builder_header(builder)->notes = bare_scripts[_i].of_fork ? RECORD_NOTE_FORK_CHILD : 0;
    add_file(builder, 100, stack_of(builder, "dup2"), script);
    add_file(builder, 9, stack_of(builder, "open"), script); /* where a script's own numbers are */
    show(builder, NULL);
    unlink(script);
    ck_assert_uint_eq(verdict.left_open, 1 + !bare_scripts[_i].stays);
}
END_TEST

START_TEST(a_rule_that_matched_is_told_when_asked) {
    struct builder *builder = builder_begin();
    builder_program(builder, "/usr/bin/bash", "bash", "script.sh");
    add_file(builder, 100, stack_of(builder, "open"), "/home/me/script.sh");
    set("verbosity", "1");
    show(builder, NULL);
    shows("1 left out by a built-in rule: a shell reads its script to the end");
}
END_TEST

/* --- where it goes ---------------------------------------------------------------------------------------- */

static char *content(const char *path) {
    static char text[256];
    FILE *file = fopen(path, "r");
    size_t got = file ? fread(text, 1, sizeof text - 1, file) : 0;
    text[got] = '\0';
    if (file)
        fclose(file);
    return text;
}

START_TEST(files_are_named_as_asked) {
    char folder[] = "/tmp/leftopen-open-XXXXXX", name[256], host[256] = "";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    gethostname(host, sizeof host - 1);
    setenv("JOB", "j7", 1);
    static const struct {
        const char *option, *suffix;
    } names[] = {
        {"plain", "plain.77"}, {"a%p", "a77"}, {"%e-%p", "prog-77"}, {"%q{JOB}.%%", "j7.%"}, {"%h", NULL}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool quiet;
        snprintf(name, sizeof name, "%s/%s", folder, names[i].option);
        set("report", name);
        for (int twice = 0; twice < 2; twice++) {
            FILE *out = report_open(&settings, 77, "/usr/bin/prog", &quiet);
            ck_assert_ptr_nonnull(out);
            fputs("x", out);
            fclose(out);
        }
        snprintf(name, sizeof name, "%s/%s", folder, names[i].suffix ? names[i].suffix : host);
        ck_assert_str_eq(content(name), "xx");
        struct stat about;
        ck_assert_int_eq(stat(name, &about), 0);
        ck_assert_uint_eq(about.st_mode & 0777, 0600);
        unlink(name);
    }
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(links_are_not_followed_and_none_is_quiet) {
    char folder[] = "/tmp/leftopen-open-XXXXXX", name[128];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(name, sizeof name, "%s/link", folder);
    ck_assert_int_eq(symlink("/tmp/leftopen-target", name), 0);
    snprintf(name, sizeof name, "%s/lin%%q{K}", folder);
    setenv("K", "k", 1);
    set("report", name);
    bool quiet = true;
    ck_assert_ptr_null(report_open(&settings, 77, "prog", &quiet));
    ck_assert(!quiet);
    set("report", "none");
    ck_assert_ptr_null(report_open(&settings, 77, "prog", &quiet));
    ck_assert(quiet);
    set("report", "stderr");
    ck_assert_ptr_eq(report_open(&settings, 77, "prog", &quiet), stderr);
    snprintf(name, sizeof name, "%s/link", folder);
    unlink(name);
    rmdir(folder);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("report");
    TCase *tests = tcase_create("report");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, text_is_as_promised);
    tcase_add_test(tests, suspects_come_first_with_the_reason);
    tcase_add_test(tests, what_passed_over_exec_is_told_on_request_only);
    tcase_add_test(tests, an_earlier_image_is_no_process_of_its_own);
    tcase_add_test(tests, nothing_left_open_is_silence);
    tcase_add_test(tests, one_is_not_many);
    tcase_add_test(tests, many_handles_are_cut_and_verbosity_shows_all);
    tcase_add_test(tests, control_characters_do_not_reach_the_terminal);
    tcase_add_test(tests, colour_is_as_asked);
    tcase_add_test(tests, a_killed_process_still_tells);
    tcase_add_test(tests, the_parent_knows_which_signal);
    tcase_add_test(tests, a_living_process_is_shown_so_far);
    tcase_add_test(tests, the_kernel_is_asked_about_a_living_process);
    tcase_add_test(tests, standard_descriptors_never_count);
    tcase_add_loop_test(tests, what_counts, 0, sizeof fates / sizeof *fates);
    tcase_add_test(tests, who_handed_it_over_is_told);
    tcase_add_test(tests, a_close_that_did_not_return_is_told);
    tcase_add_test(tests, an_exec_is_no_end_of_handles);
    tcase_add_loop_test(tests, the_kernel_tells_the_kind, 0, sizeof refined / sizeof *refined);
    tcase_add_test(tests, those_that_the_kernel_was_not_asked_about_are_like_those_that_it_was);
    tcase_add_test(tests, sockets_are_named);
    tcase_add_loop_test(tests, kinds_choose, 0, sizeof choices / sizeof *choices);
    tcase_add_test(tests, small_sites_are_left_out);
    tcase_add_test(tests, programs_are_chosen_by_name);
    tcase_add_test(tests, inherited_handles_are_listed_when_asked);
    tcase_add_test(tests, unseen_handles_are_listed_where_the_record_has_them);
    tcase_add_test(tests, an_inherited_stream_is_one_handle_and_a_closed_one_none);
    tcase_add_test(tests, one_site_in_many_processes_is_one_site);
    tcase_add_test(tests, what_came_with_a_fork_was_opened_too);
    tcase_add_test(tests, what_grows_grows_in_a_process);
    tcase_add_test(tests, some_of_many_processes_were_killed);
    tcase_add_test(tests, a_folder_of_many_programs_names_them);
    tcase_add_test(tests, a_first_process_without_a_record_is_named);
    tcase_add_test(tests, no_record_is_fine_where_it_may_be);
    tcase_add_test(tests, an_unreadable_record_does_not_hide_the_others);
    tcase_add_test(tests, what_is_missing_is_said);
    tcase_add_test(tests, a_cut_record_is_shown_with_a_note);
    tcase_add_test(tests, json_has_the_promised_keys_in_order);
    tcase_add_test(tests, json_values_are_those_of_the_record);
    tcase_add_test(tests, json_is_valid_whatever_paths_hold);
    tcase_add_test(tests, json_says_null_for_what_is_not_known);
    tcase_add_test(tests, json_is_there_even_if_nothing_is_left_open);
    tcase_add_test(tests, noise_makes_valid_reports);
    tcase_add_test(tests, the_id_is_of_the_place_only);
    tcase_add_loop_test(tests, suppressions_take_what_they_say, 0, sizeof suppressed / sizeof *suppressed);
    tcase_add_loop_test(tests, a_mistake_costs_one_suppression, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(tests, an_unreadable_file_suppresses_nothing);
    tcase_add_test(tests, suppressed_handles_are_counted_apart);
    tcase_add_test(tests, unused_suppressions_are_named_when_asked);
    tcase_add_test(tests, a_suppression_that_is_over_is_told);
    tcase_add_loop_test(tests, rules_know_what_stays_open_by_design, 0, sizeof scripts / sizeof *scripts);
    tcase_add_test(tests, a_killed_shell_had_its_script_out_of_the_way_first);
    tcase_add_test(tests, a_killed_subshell_had_its_script_from_the_fork);
    tcase_add_test(tests, zsh_makes_the_options_empty_that_it_was_given);
    tcase_add_test(tests, a_script_may_be_called_by_another_name);
    tcase_add_test(tests, a_shell_keeps_what_was_standard_to_restore_it);
    tcase_add_loop_test(tests, a_shell_reads_what_the_kernel_cannot_execute, 0,
                        sizeof bare_scripts / sizeof *bare_scripts);
    tcase_add_test(tests, a_rule_that_matched_is_told_when_asked);
    tcase_add_test(tests, a_long_report_says_how_it_becomes_shorter);
    tcase_add_test(tests, files_are_named_as_asked);
    tcase_add_test(tests, links_are_not_followed_and_none_is_quiet);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
