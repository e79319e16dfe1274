/* tool_record_reader.c - records are read right, and damaged ones cost what is damaged and no more. */
#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/suite.h"
#include "tests/unit/record_builder.h"
#include "tools/basics/fail.h"
#include "tools/records/record_reader.h"

static const unsigned char build_id[20] = {0xde, 0xad, 0xbe, 0xef};

/* One record with an entry of every sort. */
static struct builder *example(void) {
    struct builder *builder = builder_begin();
    uint64_t pc[] = {0x401234, 0x405678 | RECORD_PC_EXACT};
    uint32_t stack = builder_stack(builder, "open", pc, 2, 7, 4);
    builder_module(builder, "/opt/server/bin/server", 0x400000, 0x500000, 0x1000, build_id, sizeof build_id);
    builder_thread(builder, 4242, "server");
    struct record_slot *slot = builder_number(builder, 5, RECORD_KIND_FILE, stack, RECORD_OUTCOME_RELEASED);
    builder_detail(builder, slot, S_IFREG | 0644, "/etc/hosts", "", 0, "", 0);
    builder_object(builder, 0x5555aa00, 6, RECORD_KIND_STREAM, stack, RECORD_OUTCOME_FAILED)->error = 28;
    return builder;
}

/* What the reader says on standard error while it reads the first `bytes` bytes. */
static char said[1 << 16];
static int status;

static struct process *read_bytes(const struct builder *builder, size_t bytes) {
    char path[64], errors[] = "/tmp/leftopen-said-XXXXXX";
    builder_save(builder, bytes, path);
    int saved = dup(STDERR_FILENO), file = mkstemp(errors);
    dup2(file, STDERR_FILENO);
    struct process *process = record_read(path, false, &status);
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t got = pread(file, said, sizeof said - 1, 0);
    said[got > 0 ? got : 0] = '\0';
    close(file);
    unlink(errors);
    unlink(path);
    return process;
}

static struct process *read_example(struct builder *builder) {
    struct process *process = read_bytes(builder, BUILDER_BYTES);
    free(builder);
    return process;
}

static void refuses(struct builder *builder, size_t bytes, int expected, const char *words) {
    struct process *process = read_bytes(builder, bytes);
    ck_assert_ptr_null(process);
    ck_assert_int_eq(status, expected);
    ck_assert_msg(strstr(said, words), "it says '%s', not '%s'", said, words);
    free(builder);
}

START_TEST(reads_everything) {
    struct process *process = read_example(example());
    ck_assert_ptr_nonnull(process);
    ck_assert_str_eq(said, "");
    ck_assert_int_eq(process->pid, 4242);
    ck_assert_int_eq(process->end, RECORD_END_EXIT);
    ck_assert(!process->alive);
    ck_assert(!process->truncated);
    ck_assert_str_eq(process->executable, "/opt/server/bin/server");
    ck_assert_str_eq(process->arguments[0], "./server");
    ck_assert_str_eq(process->arguments[2], "8080");
    ck_assert_ptr_null(process->arguments[3]);
    ck_assert_uint_eq(process->handle_count, 2);
    const struct handle *file = &process->handles[0], *stream = &process->handles[1];
    ck_assert_int_eq(file->number, 5);
    ck_assert(!file->is_address);
    ck_assert_int_eq(file->kind, RECORD_KIND_FILE);
    ck_assert_int_eq(file->outcome, RECORD_OUTCOME_RELEASED);
    ck_assert_str_eq(file->detail->link, "/etc/hosts");
    ck_assert_str_eq(file->stack->call, "open");
    ck_assert_uint_eq(file->stack->opened, 7);
    ck_assert_uint_eq(file->stack->closed, 4);
    ck_assert_uint_eq(file->stack->count, 2);
    ck_assert_uint_eq(file->stack->pc[0], 0x401234);
    ck_assert(stream->is_address);
    ck_assert_uint_eq(stream->object, 0x5555aa00);
    ck_assert_int_eq(stream->number, 6);
    ck_assert_int_eq(stream->error, 28);
    ck_assert_ptr_null(stream->detail);
    ck_assert_uint_eq(process->module_count, 1);
    ck_assert_str_eq(process->modules[0].path, "/opt/server/bin/server");
    ck_assert_str_eq(process->modules[0].build_id, "deadbeef00000000000000000000000000000000");
    ck_assert_str_eq(process->threads[0].name, "server");
    record_end(process);
}
END_TEST

START_TEST(refuses_what_is_no_record) {
    struct builder *builder = example();
    builder->bytes[0] = 'l';
    refuses(builder, BUILDER_BYTES, EXIT_DAMAGED, "byte 0: it does not begin with LEFTOPEN");
    refuses(example(), 0, EXIT_DAMAGED, "it is empty");
    refuses(example(), 100, EXIT_DAMAGED, "cut off at byte 100, inside its header");
}
END_TEST

START_TEST(refuses_other_versions) {
    struct builder *builder = example();
    builder_header(builder)->version = RECORD_VERSION + 1;
    builder_header(builder)->oldest_reader = RECORD_VERSION + 1;
    refuses(builder, BUILDER_BYTES, EXIT_DAMAGED, "needs a reader of version 4 or newer");
    builder = example();
    builder_header(builder)->version = RECORD_OLDEST_READABLE - 1;
    refuses(builder, BUILDER_BYTES, EXIT_DAMAGED, "reads 1 and newer");
    builder = example();
    builder_header(builder)->abi = RECORD_ABI_AARCH64;
    refuses(builder, BUILDER_BYTES, EXIT_DAMAGED, "another kind of machine");
}
END_TEST

START_TEST(reads_a_newer_version_that_says_it_can_be_read) {
    struct builder *builder = example();
    builder_header(builder)->version = RECORD_VERSION + 1;
    struct process *process = read_example(builder);
    ck_assert_ptr_nonnull(process);
    ck_assert_uint_eq(process->handle_count, 2);
    record_end(process);
}
END_TEST

START_TEST(reads_version_1) {
    /* proves: stacks as version 1 laid them out, its shorter header, and nothing taken from where it ended */
    struct builder *builder = builder_begin();
    struct record_header *header = builder_header(builder);
    header->version = header->oldest_reader = 1;
    header->header_bytes = offsetof(struct record_header, shortages);
    header->failures = 77;
    size_t bytes = (sizeof(struct record_stack_1) + 2 * sizeof(uint64_t) + 15) / 16 * 16;
    size_t at = builder_take(builder, BUILDER_STACKS, bytes);
    struct record_stack_1 *stack = (struct record_stack_1 *)(builder->bytes + at);
    *stack = (struct record_stack_1){
        .bytes = (uint32_t)bytes, .frames = 2, .opened = 9, .closed = 3, .call = "socket"};
    stack->pc[0] = 0x401234;
    stack->pc[1] = 0x405678;
    builder_number(builder, 5, RECORD_KIND_SOCKET, (uint32_t)(at / RECORD_UNIT), RECORD_OUTCOME_LEFT);
    struct process *process = read_example(builder);
    ck_assert_ptr_nonnull(process);
    ck_assert_uint_eq(process->failures, 0);
    ck_assert_str_eq(process->handles[0].stack->call, "socket");
    ck_assert_uint_eq(process->handles[0].stack->opened, 9);
    ck_assert_uint_eq(process->handles[0].stack->closed, 3);
    ck_assert_uint_eq(process->handles[0].stack->count, 2);
    ck_assert_uint_eq(process->handles[0].stack->pc[1], 0x405678);
    record_end(process);
}
END_TEST

START_TEST(reads_details_of_version_1) {
    /* proves: they were shorter: their texts begin earlier, and nothing of these is taken for a state */
    struct builder *builder = builder_begin();
    builder_header(builder)->version = builder_header(builder)->oldest_reader = 1;
    struct record_slot *slot = builder_number(builder, 5, RECORD_KIND_FILE, 0, RECORD_OUTCOME_LEFT);
    size_t bytes = (sizeof(struct record_detail_1) + 9 + 4 + 15) / 16 * 16;
    size_t at = builder_take(builder, BUILDER_DETAILS, bytes);
    struct record_detail_1 *old = (struct record_detail_1 *)(builder->bytes + at);
    *old = (struct record_detail_1){.bytes = (uint32_t)bytes,
                                    .sequence = slot->sequence,
                                    .inode = 7,
                                    .links = 1,
                                    .link_bytes = 9,
                                    .local_bytes = 4,
                                    .reserved_too = 300};
    memcpy(old->text, "/etc/file\1\2\3\4", 13);
    slot->detail = (uint32_t)(at / RECORD_UNIT);
    struct process *process = read_example(builder);
    ck_assert_ptr_nonnull(process);
    ck_assert_uint_eq(process->detail_count, 1);
    const struct detail *detail = process->handles[0].detail;
    ck_assert_ptr_nonnull(detail);
    ck_assert_str_eq(detail->link, "/etc/file");
    ck_assert_uint_eq(detail->local_bytes, 4);
    ck_assert_int_eq(memcmp(detail->local, "\1\2\3\4", 4), 0);
    ck_assert(!detail->with_state && detail->duplicate_of == -1 && !*detail->information);
    ck_assert_uint_eq(detail->inode, 7);
    record_end(process);
}
END_TEST

START_TEST(reads_details_with_their_state) {
    /* proves: numbers and the text behind the others arrive; a text that does not fit drops the detail only */
    for (int too_long = 0; too_long < 2; too_long++) {
        struct builder *builder = builder_begin();
        struct record_slot *slot = builder_number(builder, 5, RECORD_KIND_EVENTFD, 0, RECORD_OUTCOME_LEFT);
        struct record_detail *detail =
            builder_detail(builder, slot, 0, "anon_inode:[eventfd]", "ab", 2, "eventfd-count: 17", 17);
        detail->peer_bytes = 0;
        detail->information_bytes = too_long ? 1000 : 17;
        detail->flags = RECORD_DETAIL_WITH_STATE;
        detail->unread = 1ull << 40;
        detail->duplicate_of = 4;
        struct process *process = read_example(builder);
        const struct detail *read = process->handles[0].detail;
        ck_assert_uint_eq(process->truncated, too_long);
        ck_assert((read == NULL) == too_long);
        if (read) {
            ck_assert_str_eq(read->information, "eventfd-count: 17");
            ck_assert_uint_eq(read->unread, 1ull << 40);
            ck_assert_int_eq(read->duplicate_of, 3);
            ck_assert(read->with_state);
        }
        record_end(process);
    }
}
END_TEST

START_TEST(reads_counts_marks_and_shortages) {
    /* proves: what version 2 added arrives; a shortage that is just being written is left out */
    struct builder *builder = example();
    struct record_header *header = builder_header(builder);
    header->failures = 3;
    header->shortages[RECORD_SHORTAGE_SHARE].state = RECORD_SHORTAGE_WRITING;
    header->shortages[RECORD_SHORTAGE_FAILURE] =
        (struct record_shortage){.state = RECORD_SHORTAGE_NOTED, .error = 24, .limit = 64, .held = 61};
    memcpy(header->shortages[RECORD_SHORTAGE_FAILURE].call, "accept", 6);
    uint64_t pc = 0x401234;
    size_t at = (size_t)builder_stack(builder, "open", &pc, 1, 7, 4) * RECORD_UNIT;
    struct record_stack *stack = (struct record_stack *)(builder->bytes + at);
    stack->peak = 5;
    stack->lived = 1000;
    stack->longest = 900;
    stack->passed = 2;
    stack->short_of[RECORD_SHORTAGE_FAILURE] = 4;
    struct record_thread *thread =
        (struct record_thread *)(builder_chunk(builder, BUILDER_THREADS) + 1); /* the first one */
    thread->acquiring = 1;
    struct process *process = read_example(builder);
    ck_assert_ptr_nonnull(process);
    ck_assert_uint_eq(process->failures, 3);
    ck_assert(!process->shortages[RECORD_SHORTAGE_SHARE].noted);
    const struct shortage *failure = &process->shortages[RECORD_SHORTAGE_FAILURE];
    ck_assert(failure->noted);
    ck_assert_int_eq(failure->error, 24);
    ck_assert_uint_eq(failure->limit, 64);
    ck_assert_uint_eq(failure->held, 61);
    ck_assert_str_eq(failure->call, "accept");
    const struct stack *last = &process->stacks[process->stack_count - 1];
    ck_assert_uint_eq(last->peak, 5);
    ck_assert_uint_eq(last->lived, 1000);
    ck_assert_uint_eq(last->longest, 900);
    ck_assert_uint_eq(last->passed, 2);
    ck_assert_uint_eq(last->short_of[RECORD_SHORTAGE_FAILURE], 4);
    ck_assert_uint_eq(process->acquiring, 1);
    ck_assert(process->threads[0].acquiring);
    record_end(process);
}
END_TEST

START_TEST(adds_what_stripes_keep_back) {
    /* proves: what groups of threads have counted for themselves is in the sums; words of no stack, and of one
     * that nobody knows, are not */
    struct builder *builder = example();
    builder_header(builder)->open = 20;
    uint32_t id = builder_stack(builder, "dup", (const uint64_t[]){0x401234}, 1, 50, 40);
    struct record_stack *stack = (struct record_stack *)(builder->bytes + (size_t)id * RECORD_UNIT);
    stack->closers[0].place = 0x5001;
    stack->closers[1].place = 0x6001;
    stack->closers[1].count = 4;
    stack->closed_elsewhere = 5;
    struct record_stripe *one = builder_stripe(builder), *other = builder_stripe(builder);
    one->numbers = RECORD_STRIPE_WORD(0, 77, 3);
    one->stacks[0] = RECORD_STRIPE_WORD(id, 1000, 2);
    one->stacks[5] = RECORD_STRIPE_WORD(0, 9, 9);
    other->numbers = RECORD_STRIPE_WORD(0, 0, 1);
    other->stacks[RECORD_STRIPE_STACKS - 1] = RECORD_STRIPE_WORD(id, RECORD_STRIPE_MOST_PAIRS, 1);
    other->stacks[0] = RECORD_STRIPE_WORD(UINT32_MAX, 1, 1);
    struct process *process = read_example(builder);
    ck_assert_int_eq(process->open, 16);
    const struct stack *last = &process->stacks[process->stack_count - 1];
    ck_assert_uint_eq(last->opened, 50 + 1000 + 0xffffff);
    ck_assert_uint_eq(last->closed, 40 + 1002 + 0x1000000);
    ck_assert_uint_eq(last->closers[0].count, last->closed - 9);
    ck_assert_uint_eq(last->closers[1].count, 4);
    record_end(process);
}
END_TEST

START_TEST(reads_threads_of_version_2) {
    /* proves: they were as long as half a line */
    struct builder *builder = example();
    builder_header(builder)->version = builder_header(builder)->oldest_reader = 2;
    struct record_chunk *chunk = builder_chunk(builder, BUILDER_THREADS);
    memset(chunk + 1, 0, chunk->bytes - sizeof *chunk);
    chunk->used = 64;
    for (int i = 0; i < 2; i++) {
        uint32_t *entry = (uint32_t *)((char *)(chunk + 1) + 32 * i);
        entry[0] = 32;
        entry[1] = 4242 + (unsigned)i;
        strcpy((char *)&entry[2], i ? "second" : "first");
        entry[6] = (unsigned)i;
    }
    struct process *process = read_example(builder);
    ck_assert_uint_eq(process->thread_count, 2);
    ck_assert_int_eq(process->threads[1].id, 4243);
    ck_assert_str_eq(process->threads[1].name, "second");
    ck_assert_uint_eq(process->acquiring, 1);
    record_end(process);
}
END_TEST

/* The writer of an entry was stopped half-way: what others wrote behind it is there. */
START_TEST(steps_over_an_unfinished_entry) {
    struct builder *builder = example();
    builder_stack(builder, "fopen", (const uint64_t[]){0x401234}, 1, 1, 0);
    struct process *whole = read_bytes(builder, BUILDER_BYTES);
    struct record_chunk *chunk = builder_chunk(builder, BUILDER_STACKS);
    *(uint32_t *)(chunk + 1) |= RECORD_ENTRY_UNFINISHED;
    struct process *process = read_bytes(builder, BUILDER_BYTES);
    ck_assert_uint_ge(whole->stack_count, 2);
    ck_assert_uint_eq(process->stack_count, whole->stack_count - 1);
    ck_assert_uint_eq(process->stacks[0].id, whole->stacks[1].id);
    ck_assert(!process->truncated);
    record_end(whole);
    record_end(process);
    free(builder);
}
END_TEST

/* Room that was never written holds no entries, whatever the head of the chunk says of their size. */
START_TEST(takes_no_entries_from_a_hole) {
    struct builder *builder = example();
    struct record_chunk *chunk = builder_chunk(builder, BUILDER_DETAILS);
    memset(chunk + 1, 0, chunk->bytes - sizeof *chunk);
    chunk->entry_bytes = sizeof(struct record_detail);
    chunk->used = UINT64_MAX;
    struct process *process = read_bytes(builder, BUILDER_BYTES);
    ck_assert_uint_eq(process->detail_count, 0);
    record_end(process);
    free(builder);
}
END_TEST

START_TEST(no_site_has_released_more_than_it_acquired) {
    /* proves: what a copy has of two counters that move is none the less no impossible number of open handles
     */
    struct builder *builder = example();
    builder_stack(builder, "dup", (const uint64_t[]){0x401234}, 1, 5, 6);
    struct process *process = read_bytes(builder, BUILDER_BYTES);
    const struct stack *last = &process->stacks[process->stack_count - 1];
    ck_assert_uint_eq(last->opened, 5);
    ck_assert_uint_eq(last->closed, 5);
    record_end(process);
    free(builder);
}
END_TEST

START_TEST(numbers_that_cannot_be_are_not_believed) {
    struct builder *builder = example();
    struct record_header *header = builder_header(builder);
    header->unseen = INT64_MAX;
    header->open = -5;
    header->peak = INT64_MIN;
    struct process *process = read_bytes(builder, BUILDER_BYTES);
    ck_assert_int_eq(process->unseen, -1);
    ck_assert_int_eq(process->open, 0);
    ck_assert_int_eq(process->peak, 0);
    record_end(process);
    free(builder);
}
END_TEST

/* As a process leaves it that is killed while it makes its record. */
START_TEST(a_record_that_was_never_begun_is_said_to_be) {
    struct builder *builder = example();
    memset(builder_header(builder)->magic, 0, sizeof builder_header(builder)->magic);
    ck_assert_ptr_null(read_bytes(builder, BUILDER_BYTES));
    ck_assert_int_eq(status, EXIT_DAMAGED);
    ck_assert_ptr_nonnull(strstr(said, "is not a record yet"));
    free(builder);
}
END_TEST

START_TEST(a_report_is_told_from_a_record) {
    struct builder *builder = example();
    memcpy(builder_header(builder)->magic, "{\"schema", sizeof builder_header(builder)->magic);
    ck_assert_ptr_null(read_bytes(builder, BUILDER_BYTES));
    ck_assert_int_eq(status, EXIT_DAMAGED);
    ck_assert_ptr_nonnull(strstr(said, "report in JSON"));
    free(builder);
}
END_TEST

START_TEST(a_link_to_a_record_is_the_record) {
    struct builder *builder = example();
    char path[64], link[80];
    builder_save(builder, BUILDER_BYTES, path);
    snprintf(link, sizeof link, "%s-link", path);
    ck_assert_int_eq(symlink(path, link), 0);
    struct process *process = record_read(link, false, &status);
    ck_assert_ptr_nonnull(process);
    ck_assert(!process->alive);
    record_end(process);
    unlink(link);
    unlink(path);
    free(builder);
}
END_TEST

/* Whatever is cut off while it is read is missing, and no more. */
START_TEST(a_record_may_shrink_while_it_is_read) {
    struct builder *builder = example();
    char path[64];
    builder_save(builder, BUILDER_BYTES, path);
    int file = open(path, O_RDWR);
    pid_t child = fork();
    if (child == 0)
        for (size_t bytes = BUILDER_BYTES;; bytes = bytes > 512 ? bytes - 512 : BUILDER_BYTES)
            if (ftruncate(file, (off_t)bytes) || pwrite(file, builder->bytes, bytes, 0) != (ssize_t)bytes)
                _exit(1);
    int saved = dup(STDERR_FILENO), quiet = open("/dev/null", O_WRONLY);
    dup2(quiet, STDERR_FILENO);
    size_t cut = 0;
    for (int round = 0; round < 2000 || !cut; round++) { /* the child may have to wait for its turn */
        struct process *process = record_read(path, true, &status);
        ck_assert(!process || process->handle_count <= 2);
        cut += process && process->truncated;
        record_end(process);
    }
    dup2(saved, STDERR_FILENO);
    ck_assert_int_eq(waitpid(child, NULL, WNOHANG), 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert_uint_gt(cut, 0);
    close(file);
    unlink(path);
    free(builder);
}
END_TEST

START_TEST(tells_a_missing_file_from_a_damaged_one) {
    int why = 0;
    ck_assert_ptr_null(record_read("/nonexistent/x.leftopen", false, &why));
    ck_assert_int_eq(why, EXIT_MISSING);
    ck_assert_ptr_null(record_read("/dev/null", false, &why));
    ck_assert_int_eq(why, EXIT_DAMAGED);
    ck_assert_ptr_null(record_read("/tmp", false, &why));
    ck_assert_int_eq(why, EXIT_DAMAGED);
}
END_TEST

/* A named pipe without a writer must not stop the reader for ever. */
START_TEST(does_not_wait_for_a_pipe) {
    char path[] = "/tmp/leftopen-pipe-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(path));
    char name[80];
    snprintf(name, sizeof name, "%s/p", path);
    ck_assert_int_eq(mkfifo(name, 0600), 0);
    int why = 0;
    alarm(60);
    ck_assert_ptr_null(record_read(name, false, &why));
    alarm(0);
    ck_assert_int_eq(why, EXIT_DAMAGED);
    unlink(name);
    rmdir(path);
}
END_TEST

/* Cut off anywhere: refused or shown as far as it goes, always with a word about it, never more handles than
 * there were. */
START_TEST(survives_every_cut) {
    struct builder *builder = example();
    for (size_t bytes = 0; bytes < BUILDER_BYTES; bytes += bytes < 8192 ? 1 : 61) {
        struct process *process = read_bytes(builder, bytes);
        ck_assert_msg(*said, "nothing said about a cut at byte %zu", bytes);
        ck_assert_int_eq(status, process ? 0 : EXIT_DAMAGED);
        ck_assert(!process || (process->truncated && process->handle_count <= 2));
        record_end(process);
    }
    free(builder);
}
END_TEST

START_TEST(shows_what_is_before_a_cut) {
    struct builder *builder = example();
    struct process *process = read_bytes(builder, BUILDER_OBJECTS * RECORD_PAGE_BYTES);
    ck_assert_ptr_nonnull(process);
    ck_assert_uint_eq(process->handle_count, 1);
    ck_assert_str_eq(process->handles[0].detail->link, "/etc/hosts");
    ck_assert_ptr_nonnull(strstr(said, "byte 77824: cut off here: 8192 of 86016 bytes are missing"));
    record_end(process);
    free(builder);
}
END_TEST

/* Any one byte may be anything. */
START_TEST(survives_every_changed_byte) {
    struct builder *builder = example();
    for (size_t at = 0; at < BUILDER_BYTES; at += at % RECORD_PAGE_BYTES < 600 ? 1 : 509) {
        unsigned char kept = builder->bytes[at];
        static const unsigned char values[] = {0xff, 0x00, 0x80};
        builder->bytes[at] = values[at % sizeof values];
        record_end(read_bytes(builder, BUILDER_BYTES));
        ck_assert(status == 0 || status == EXIT_DAMAGED);
        builder->bytes[at] = kept;
    }
    free(builder);
}
END_TEST

/* Reproducible noise over everything behind the magic. */
START_TEST(survives_noise) {
    uint32_t random = 12345;
    for (int round = 0; round < 400; round++) {
        struct builder *builder = example();
        for (int i = 0; i < 200; i++) {
            random = random * 1664525 + 1013904223;
            size_t at = sizeof(struct record_header) * (round % 2) +
                        random / 16 % (BUILDER_BYTES - sizeof(struct record_header));
            builder->bytes[at < 8 ? 8 : at] = (unsigned char)(random >> 24);
        }
        record_end(read_bytes(builder, BUILDER_BYTES));
        free(builder);
    }
}
END_TEST

START_TEST(a_detail_of_an_earlier_handle_is_not_believed) {
    struct builder *builder = example();
    struct record_slot *slot = (struct record_slot *)(builder_chunk(builder, BUILDER_NUMBERS) + 1) + 5;
    slot->sequence += 100; /* the number was handed out again */
    struct process *process = read_example(builder);
    ck_assert_ptr_null(process->handles[0].detail);
    record_end(process);
}
END_TEST

START_TEST(finds_modules_by_their_time) {
    struct builder *builder = builder_begin();
    builder_module(builder, "/lib/old.so", 0x1000, 0x2000, 0x1000, build_id, 20)->gone_epoch = 2;
    builder_module(builder, "/lib/new.so", 0x1000, 0x2000, 0x1000, build_id, 20)->loaded_epoch = 2;
    builder_module(builder, "/lib/late.so", 0x3000, 0x4000, 0x3000, build_id, 20)->loaded_epoch = 5;
    struct process *process = read_example(builder);
    ck_assert_str_eq(record_module_at(process, 0x1800, 0)->path, "/lib/old.so");
    ck_assert_str_eq(record_module_at(process, 0x1800, 1)->path, "/lib/old.so");
    ck_assert_str_eq(record_module_at(process, 0x1800, 2)->path, "/lib/new.so");
    ck_assert_str_eq(record_module_at(process, 0x3800, 1)->path, "/lib/late.so");
    ck_assert_ptr_null(record_module_at(process, 0x2000, 1));
    record_end(process);
}
END_TEST

/* A process that holds the record's lock counts as living. */
START_TEST(a_living_record_is_read_as_such) {
    struct builder *builder = example();
    builder_header(builder)->end = RECORD_END_RUNNING;
    builder_number(builder, 7, RECORD_KIND_FILE, 0, RECORD_OUTCOME_NONE)->word =
        RECORD_WORD(RECORD_STATE_WRITING, RECORD_KIND_FILE, 1, 0);
    builder_number(builder, 8, RECORD_KIND_FILE, 0, RECORD_OUTCOME_NONE)->word =
        RECORD_WORD(RECORD_STATE_RELEASING, RECORD_KIND_FILE, 1, 0);
    char path[64];
    builder_save(builder, BUILDER_BYTES, path);
    int file = open(path, O_RDWR);
    ck_assert_int_eq(flock(file, LOCK_EX), 0);
    struct process *process = record_read(path, false, &status);
    ck_assert(process->alive);
    ck_assert_uint_eq(process->opening, 1);
    ck_assert_uint_eq(process->closing, 1);
    ck_assert_uint_eq(process->handle_count, 3);
    ck_assert_uint_gt(process->ended_monotonic, 0);
    record_end(process);
    close(file);
    process = record_read(path, false, &status);
    ck_assert(!process->alive);
    record_end(process);
    unlink(path);
    free(builder);
}
END_TEST

/* A child turns handles over in bursts, as fast as it can, always writing words, fields and details that fit
 * together; no picture of them may ever mix two. */
START_TEST(a_moving_record_is_never_torn) {
    struct builder *builder = example();
    builder_header(builder)->end = RECORD_END_RUNNING;
    char path[64];
    builder_save(builder, BUILDER_BYTES, path);
    int file = open(path, O_RDWR);
    flock(file, LOCK_EX);
    struct builder *shared = mmap(NULL, BUILDER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    struct record_slot *slots = (struct record_slot *)(builder_chunk(shared, BUILDER_NUMBERS) + 1);
    pid_t child = fork();
    if (child == 0) {
        for (uint64_t turn = 1;; turn++) {
            struct record_slot *slot = &slots[10 + turn % 50];
            uint64_t generation = RECORD_WORD_GENERATION(slot->word) + 1;
            slot->word = RECORD_WORD(RECORD_STATE_WRITING, RECORD_KIND_FILE, generation, 0);
            slot->sequence = turn;
            slot->opened = turn * 3;
            slot->closer = turn * 5;
            slot->thread = (int)(turn * 7);
            slot->word = RECORD_WORD(RECORD_STATE_LIVE, RECORD_KIND_FILE, generation, 0);
            if (turn % 16384 == 0) /* a slot that moves all the time is told as moving, and shows nothing */
                usleep(20);
        }
    }
    while (!*(volatile uint64_t *)&slots[10].sequence) /* the last of the first round */
        sched_yield();
    size_t seen = 0;
    for (int round = 0; round < 300 || !seen; round++) {
        struct process *process = record_read(path, false, &status);
        for (size_t i = 0; i < process->handle_count; i++) {
            const struct handle *handle = &process->handles[i];
            if (handle->is_address || handle->number < 10)
                continue;
            ck_assert_uint_eq(handle->opened, handle->sequence * 3);
            ck_assert_int_eq(handle->thread, (int)(handle->sequence * 7));
            seen++;
        }
        record_end(process);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert_uint_gt(seen, 0);
    munmap(shared, BUILDER_BYTES);
    close(file);
    unlink(path);
    free(builder);
}
END_TEST

START_TEST(standard_input_can_hold_a_record) {
    struct builder *builder = example();
    int ends[2], saved = dup(STDIN_FILENO);
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(write(ends[1], builder->bytes, BUILDER_BYTES) != BUILDER_BYTES);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    struct process *process = record_read("-", false, &status);
    dup2(saved, STDIN_FILENO);
    waitpid(child, NULL, 0);
    ck_assert_ptr_nonnull(process);
    ck_assert_uint_eq(process->handle_count, 2);
    record_end(process);
    free(builder);
}
END_TEST

/* 4 GiB of nothing, as the library makes them, cost neither time nor memory. */
START_TEST(a_sparse_file_is_cheap) {
    struct builder *builder = example();
    char path[64];
    builder_header(builder)->allocated = 1ull << 40; /* and it lies */
    builder_save(builder, BUILDER_BYTES, path);
    ck_assert_int_eq(truncate(path, 4ll << 30), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_CPU, &(struct rlimit){10, 10}), 0); /* seconds */
    struct process *process = record_read(path, false, &status);
    ck_assert_ptr_nonnull(process);
    ck_assert_uint_eq(process->handle_count, 2);
    record_end(process);
    unlink(path);
    free(builder);
}
END_TEST

/* The library makes the file as large as it may ever be, and then writes its header, the magic last. */
START_TEST(a_record_that_is_being_made_takes_no_room) {
    char path[] = "/tmp/leftopen-making-XXXXXX";
    int file = mkstemp(path), why = 0;
    struct record_header header = {.version = RECORD_VERSION, .header_bytes = sizeof header};
    ck_assert_int_eq(ftruncate(file, 1 << 30), 0);
    ck_assert_int_eq(pwrite(file, &header, sizeof header, 0), sizeof header);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &(struct rlimit){256 << 20, 256 << 20}), 0);
    ck_assert_ptr_null(record_read(path, true, &why));
    ck_assert_int_eq(why, EXIT_MISSING);
    close(file);
    unlink(path);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("record_reader");
    TCase *tests = tcase_create("record_reader");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, reads_everything);
    tcase_add_test(tests, refuses_what_is_no_record);
    tcase_add_test(tests, refuses_other_versions);
    tcase_add_test(tests, reads_a_newer_version_that_says_it_can_be_read);
    tcase_add_test(tests, reads_version_1);
    tcase_add_test(tests, reads_details_of_version_1);
    tcase_add_test(tests, reads_threads_of_version_2);
    tcase_add_test(tests, adds_what_stripes_keep_back);
    tcase_add_test(tests, reads_details_with_their_state);
    tcase_add_test(tests, reads_counts_marks_and_shortages);
    tcase_add_test(tests, tells_a_missing_file_from_a_damaged_one);
    tcase_add_test(tests, steps_over_an_unfinished_entry);
    tcase_add_test(tests, takes_no_entries_from_a_hole);
    tcase_add_test(tests, no_site_has_released_more_than_it_acquired);
    tcase_add_test(tests, numbers_that_cannot_be_are_not_believed);
    tcase_add_test(tests, a_record_that_was_never_begun_is_said_to_be);
    tcase_add_test(tests, a_report_is_told_from_a_record);
    tcase_add_test(tests, a_link_to_a_record_is_the_record);
    tcase_add_test(tests, a_record_may_shrink_while_it_is_read);
    tcase_add_test(tests, does_not_wait_for_a_pipe);
    tcase_add_test(tests, survives_every_cut);
    tcase_add_test(tests, shows_what_is_before_a_cut);
    tcase_add_test(tests, survives_every_changed_byte);
    tcase_add_test(tests, survives_noise);
    tcase_add_test(tests, a_detail_of_an_earlier_handle_is_not_believed);
    tcase_add_test(tests, finds_modules_by_their_time);
    tcase_add_test(tests, a_living_record_is_read_as_such);
    tcase_add_test(tests, a_moving_record_is_never_torn);
    tcase_add_test(tests, standard_input_can_hold_a_record);
    tcase_add_test(tests, a_sparse_file_is_cheap);
    tcase_add_test(tests, a_record_that_is_being_made_takes_no_room);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
