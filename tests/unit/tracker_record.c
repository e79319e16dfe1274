/* tracker/record.h: the life of the file, the growth of the window, and that no limit of the system hurts the
 * program: what there is no room for is counted. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/world.h"
#include "tracker/single.h"

enum { PAGE = RECORD_PAGE_BYTES, FIRST_WINDOW = 128 * 1024 };

static char folder[256];

static const char *new_folder(const char *name) {
    snprintf(folder, sizeof folder, "%s/%s-%d", world_folder, name, (int)getpid());
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    return folder;
}

static void configure(const char *where) {
    record_configure(&(struct record_identity){.memory_only = !where, .folder = where});
}

static bool in_memory(void) { return RELAXED(record_header()->notes) & RECORD_NOTE_MEMORY_ONLY; }

static struct stat status_of(const char *path) {
    struct stat status;
    MUST(lstat(path, &status) == 0);
    return status;
}

/* ---- the file ----------------------------------------------------------------------------------------------
 */

START_TEST(nothing_is_made_before_it_is_needed) {
    /* proves: a process that acquires nothing has no record and no file */
    configure(new_folder("quiet"));
    ck_assert_int_eq(record_readiness(), RECORD_NONE);
    ck_assert_uint_eq(count_files(folder), 0);
}
END_TEST

START_TEST(the_file_is_our_own) {
    /* proves: one file, 0600, called by the name in its header, and no descriptor is kept */
    int before = open_null();
    close(before);
    world_record(new_folder("own"));
    ck_assert_int_eq(open_null(), before);
    ck_assert_uint_eq(count_files(folder), 1);
    struct stat status = status_of(record_path());
    ck_assert(S_ISREG(status.st_mode));
    ck_assert_uint_eq(status.st_mode & 07777, 0600);
    char name[64] = "";
    for (unsigned i = 0; i < 16; i++)
        sprintf(name + 2 * i, "%02x", record_header()->name[i]);
    ck_assert_str_eq(strrchr(record_path(), '/') + 1, strcat(name, RECORD_SUFFIX));
    ck_assert(!in_memory());
}
END_TEST

START_TEST(the_file_shows_what_the_memory_holds) {
    /* proves: header and chunks are read from the file while the process runs, and the file is sparse */
    world_record(new_folder("shows"));
    uint64_t slot = numbers_make(7);
    atomic_store(&((struct record_slot *)record_at(slot))->object, 0xabcdef);
    int file = open(record_path(), O_RDONLY);
    struct record_header header;
    ck_assert_int_eq(pread(file, &header, sizeof header, 0), sizeof header);
    ck_assert_int_eq(memcmp(header.magic, RECORD_MAGIC, 8), 0);
    ck_assert_uint_eq(header.version, RECORD_VERSION);
    ck_assert_uint_eq(header.abi, RECORD_ABI_X86_64);
    ck_assert_uint_eq(header.header_bytes, sizeof header);
    ck_assert_int_eq(header.pid, getpid());
    ck_assert_int_eq(header.parent_pid, getppid());
    ck_assert_int_eq(header.unseen, -1);
    struct record_slot copy;
    ck_assert_int_eq(pread(file, &copy, sizeof copy, (off_t)slot), sizeof copy);
    ck_assert_uint_eq(copy.object, 0xabcdef);
    ck_assert_int_lt(status_of(record_path()).st_blocks * 512, 1 << 20);
}
END_TEST

static bool is_locked(const char *path) {
    int file = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(file, 0);
    int result = flock(file, LOCK_EX | LOCK_NB);
    close(file);
    return result < 0;
}

static void make_and_wait(int ready, int go) {
    world_record(folder);
    char byte = 0;
    MUST(write(ready, &byte, 1) == 1);
    MUST(read(go, &byte, 1) == 1);
}

static const char *only_file(void) {
    static char path[512];
    DIR *directory = opendir(folder);
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_name[0] != '.')
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    closedir(directory);
    return path;
}

START_TEST(the_lock_lives_as_long_as_the_process) {
    /* proves: another open file sees the lock while the process lives, without a descriptor there, and not
     * after SIGKILL; the file stays */
    int ready[2], go[2], status;
    new_folder("lock");
    ck_assert_int_eq(pipe(ready) | pipe(go), 0);
    pid_t child = fork();
    if (child == 0) {
        make_and_wait(ready[1], go[0]);
        _exit(0);
    }
    char byte;
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert(is_locked(only_file()));
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    ck_assert_uint_eq(count_files(folder), 1);
    ck_assert(!is_locked(only_file()));
}
END_TEST

START_TEST(a_removed_file_leaves_a_record) {
    /* proves: the file goes, the memory stays usable, and removing twice is nothing */
    world_record(new_folder("removed"));
    record_remove();
    ck_assert_uint_eq(count_files(folder), 0);
    ck_assert_str_eq(record_path(), "");
    ck_assert_uint_ne(numbers_make(1000), 0);
    record_remove();
}
END_TEST

START_TEST(trimming_cuts_the_hole_off) {
    /* proves: the file ends where the last chunk does, and there is no room any more behind it */
    world_record(new_folder("trim"));
    for (int number = 0; number < 5000; number++)
        numbers_make(number);
    record_trim();
    ck_assert_uint_eq(numbers_make(20000), 0);
    uint64_t end = 0;
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at))
        end = at + ((struct record_chunk *)record_at(at))->bytes;
    ck_assert_uint_eq((uint64_t)status_of(record_path()).st_size, end);
    ck_assert_uint_eq(RELAXED(record_header()->allocated), end);
}
END_TEST

START_TEST(a_record_can_be_written_elsewhere) {
    /* proves: the copy is the record byte by byte, from memory as from a file */
    world_record(_i ? new_folder("written") : NULL);
    numbers_make(500);
    int copy = memfd_create("copy", 0);
    ck_assert_int_eq(record_write(copy), 0);
    uint64_t bytes = RELAXED(record_header()->allocated);
    char *content = malloc(bytes);
    ck_assert_int_eq(pread(copy, content, bytes, 0), (ssize_t)bytes);
    ck_assert_int_eq(memcmp(content, record_at(0), bytes), 0);
    ck_assert_int_eq(record_write(open("/dev/full", O_WRONLY)), -ENOSPC);
}
END_TEST

/* ---- what the header says of the process -------------------------------------------------------------------
 */

START_TEST(words_of_the_program_are_kept) {
    /* proves: executable, options and arguments lie where the header says, each with its zero */
    char *arguments[] = {"first", "", "third argument", NULL};
    record_configure(&(struct record_identity){.memory_only = true,
                                               .argument_count = 3,
                                               .arguments = arguments,
                                               .options = "depth=3",
                                               .started_realtime = 5,
                                               .started_monotonic = 6});
    ck_assert(record_make());
    record_open();
    struct record_header *header = record_header();
    char path[1024] = "";
    ck_assert_int_gt(readlink("/proc/self/exe", path, sizeof path - 1), 0);
    ck_assert_str_eq(record_at(header->executable), path);
    ck_assert_str_eq(record_at(header->options), "depth=3");
    ck_assert_uint_eq(header->argument_count, 3);
    ck_assert_uint_eq(header->argument_bytes, sizeof "first" + 1 + sizeof "third argument");
    ck_assert_int_eq(memcmp(record_at(header->arguments), "first\0\0third argument", header->argument_bytes),
                     0);
    ck_assert_uint_eq(header->started_realtime, 5);
    ck_assert_uint_eq(header->started_monotonic, 6);
}
END_TEST

START_TEST(long_arguments_are_cut_inside_their_chunk) {
    /* proves: whatever the length, the bytes that the header names are in the text chunk and end with a zero */
    char *arguments[64];
    char *word = malloc(4096);
    memset(word, 'a', 4096);
    word[_i < 7 ? _i * 61 : 4095] = 0;
    for (unsigned i = 0; i < 64; i++)
        arguments[i] = word;
    record_configure(
        &(struct record_identity){.memory_only = true, .argument_count = 64, .arguments = arguments});
    ck_assert(record_make());
    record_open();
    struct record_header *header = record_header();
    uint64_t text = record_next_chunk(0);
    struct record_chunk *chunk = record_at(text);
    ck_assert_uint_eq(chunk->kind, RECORD_CHUNK_TEXT);
    ck_assert_uint_gt(header->arguments, text);
    ck_assert_uint_le(header->arguments + header->argument_bytes, text + chunk->bytes);
    const char *bytes = record_at(header->arguments);
    ck_assert_int_eq(bytes[header->argument_bytes - 1], 0);
    unsigned zeros = 0;
    for (uint32_t i = 0; i < header->argument_bytes; i++)
        zeros += bytes[i] == 0;
    ck_assert_uint_eq(zeros, header->argument_count);
}
END_TEST

/* ---- room --------------------------------------------------------------------------------------------------
 */

static unsigned count_mappings(const char *part) {
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[1024];
    unsigned count = 0;
    while (fgets(line, sizeof line, maps))
        count += strstr(line, part) != NULL;
    fclose(maps);
    return count;
}

START_TEST(the_first_window_is_small) {
    /* proves: a fresh record maps 128 KiB, in one piece */
    world_record(new_folder("small"));
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[1024];
    unsigned found = 0;
    unsigned long start, end;
    while (fgets(line, sizeof line, maps))
        if (strstr(line, RECORD_SUFFIX)) {
            ck_assert_int_eq(sscanf(line, "%lx-%lx", &start, &end), 2);
            ck_assert_uint_eq(end - start, FIRST_WINDOW);
            found++;
        }
    ck_assert_uint_eq(found, 1);
}
END_TEST

START_TEST(old_addresses_stay_while_the_window_grows) {
    /* proves: in a file and in memory, what was written through the first window is read through every later
     * one and the other way round, and no descriptor is needed for it */
    world_record(_i ? new_folder("grows") : NULL);
    atomic_uint *first = record_at(PAGE + 2048);
    void *base = record_at(0);
    unsigned moved = 0;
    for (unsigned round = 1; round <= 2000; round++) {
        uint64_t chunk = record_allocate(RECORD_CHUNK_DETAILS, 4 * PAGE, round, 0);
        ck_assert_uint_ne(chunk, 0);
        record_publish(chunk, RECORD_CHUNK_DETAILS);
        *first = round;
        ck_assert_uint_eq(*(atomic_uint *)record_at(PAGE + 2048), round);
        *(atomic_uint *)record_at(PAGE + 2048) = ~round;
        ck_assert_uint_eq(*first, ~round);
        moved += record_at(0) != base;
        base = record_at(0);
    }
    ck_assert_uint_ge(moved, 6);
    uint64_t expected = 1;
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at))
        if (((struct record_chunk *)record_at(at))->kind == RECORD_CHUNK_DETAILS)
            ck_assert_uint_eq(((struct record_chunk *)record_at(at))->first, expected++);
    ck_assert_uint_eq(expected, 2001);
}
END_TEST

START_TEST(a_fresh_chunk_is_zero) {
    /* proves: the room is empty, starts on a page, is as large as asked for, and says what it holds */
    world_record(NULL);
    uint64_t at = record_allocate(RECORD_CHUNK_OBJECTS, PAGE + 1, 77, 64);
    struct record_chunk *chunk = record_at(at);
    ck_assert_uint_eq(at % PAGE, 0);
    ck_assert_uint_eq(chunk->bytes, 2 * PAGE);
    ck_assert_uint_eq(chunk->entries, 127);
    ck_assert_uint_eq(chunk->first, 77);
    ck_assert_uint_eq(chunk->magic, 0);
    for (const char *byte = (char *)(chunk + 1); byte < (char *)chunk + chunk->bytes; byte++)
        ck_assert_int_eq(*byte, 0);
}
END_TEST

START_TEST(a_walk_steps_over_what_was_not_published) {
    /* proves: room that was taken and not named is passed, whatever lies in it, and the next chunk is found */
    world_record(NULL);
    uint64_t unfinished = record_allocate(RECORD_CHUNK_DETAILS, 3 * PAGE, 0, 0);
    uint64_t next = record_allocate(RECORD_CHUNK_DETAILS, PAGE, 0, 0);
    record_publish(next, RECORD_CHUNK_DETAILS);
    uint64_t before = 0;
    for (uint64_t at = record_next_chunk(0); at && at != next; at = record_next_chunk(at))
        before = at;
    ck_assert_uint_lt(before, unfinished);
    ck_assert_uint_eq(record_next_chunk(before), next);
    ck_assert_uint_eq(record_next_chunk(next), 0);
}
END_TEST

START_TEST(entries_follow_one_another) {
    /* proves: entries are multiples of the unit, never overlap, never leave their chunk; a large one gets a
     * chunk of its own size */
    static _Atomic uint64_t current;
    world_record(NULL);
    uint64_t end = 0;
    for (size_t bytes = 1; bytes < 300; bytes++) {
        uint64_t at = record_entry(&current, RECORD_CHUNK_DETAILS, bytes);
        ck_assert_uint_ne(at, 0);
        ck_assert_uint_eq(at % RECORD_UNIT, 0);
        ck_assert(at >= end);
        struct record_chunk *chunk = record_at(current);
        ck_assert(at > current && at + bytes <= current + chunk->bytes);
        end = at + bytes;
    }
    uint64_t large = record_entry(&current, RECORD_CHUNK_DETAILS, 100000);
    ck_assert_uint_ne(large, 0);
    ck_assert_uint_ge(((struct record_chunk *)record_at(current))->bytes, 100000);
    ck_assert_uint_eq(large, current + sizeof(struct record_chunk));
}
END_TEST

START_TEST(an_unfinished_entry_hides_nothing) {
    /* proves: an entry has its length from the moment it is taken, and a taker that stopped before it told the
     * chunk is helped by the next */
    static _Atomic uint64_t current;
    world_record(NULL);
    uint64_t first = record_entry(&current, RECORD_CHUNK_DETAILS, 40);
    struct record_chunk *chunk = record_at(current);
    uint64_t used = chunk->used;
    uint64_t second = record_entry(&current, RECORD_CHUNK_DETAILS, 16);
    ck_assert_uint_eq(*(uint32_t *)record_at(first), 48 | RECORD_ENTRY_UNFINISHED);
    ck_assert_uint_eq(*(uint32_t *)record_at(second), 16 | RECORD_ENTRY_UNFINISHED);
    ck_assert_uint_eq(second, first + 48);
    chunk->used = used;
    ck_assert_uint_eq(record_entry(&current, RECORD_CHUNK_DETAILS, 32), second + 16);
    ck_assert_uint_eq(chunk->used, used + 48);
}
END_TEST

START_TEST(a_full_record_says_so) {
    /* proves: memory of the process only has an end; there no room is given, and what is there stays readable
     */
    world_record(NULL);
    unsigned chunks = 0;
    for (uint64_t at; (at = record_allocate(RECORD_CHUNK_DETAILS, 1 << 20, 0, 0)); chunks++)
        record_publish(at, RECORD_CHUNK_DETAILS);
    ck_assert_uint_ge(chunks, 60);
    ck_assert_uint_eq(record_allocate(RECORD_CHUNK_DETAILS, 1 << 20, 0, 0), 0);
    ck_assert_uint_ne(record_allocate(RECORD_CHUNK_DETAILS, PAGE, 0, 0), 0);
    ck_assert_uint_eq(count_chunks(RECORD_CHUNK_DETAILS), chunks);
}
END_TEST

/* ---- limits ------------------------------------------------------------------------------------------------
 */

static void limit_file_size(rlim_t bytes) {
    struct rlimit limit = {bytes, bytes};
    MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static void live_under_a_small_limit(void) {
    limit_file_size(20 * 1024);
    world_record(folder);
    MUST(in_memory());
    MUST(!strcmp(record_path(), ""));
    for (int number = 0; number < 20000; number++)
        MUST(numbers_make(number) != 0);
    record_trim();
    record_give_file();
    MUST(in_memory());
    MUST(record_write(memfd_create("copy", 0)) < 0);
}

START_TEST(a_small_limit_of_file_size_kills_nobody) {
    /* proves: under RLIMIT_FSIZE the record lies in memory, and no step of its life raises SIGXFSZ */
    new_folder("limit");
    ck_assert_int_eq(in_child(live_under_a_small_limit), 0);
    ck_assert_uint_eq(count_files(folder), 0);
}
END_TEST

static void live_under_a_middling_limit(void) {
    limit_file_size(1 << 20);
    world_record(folder);
    MUST(!in_memory());
    unsigned made = 0;
    for (int number = 0; number < 40000; number++)
        made += numbers_make(number) != 0;
    MUST(made > 10000);
    MUST(made < 40000);
    MUST(status_of(record_path()).st_size <= 1 << 20);
    record_trim();
    MUST(status_of(record_path()).st_size <= 1 << 20);
}

START_TEST(a_file_does_not_grow_beyond_its_limit) {
    /* proves: with room for some handles, those are kept and the others refused, without a signal */
    new_folder("middling");
    ck_assert_int_eq(in_child(live_under_a_middling_limit), 0);
}
END_TEST

/* A file system of one mebibyte, 0 if it cannot be had. */
static bool tiny_mount(void) {
    new_folder("tiny");
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tiny", folder, "tmpfs", 0, "size=1m") == 0;
}

static void fill_the_rest(void) {
    char path[300], block[PAGE] = "x";
    snprintf(path, sizeof path, "%s/filler", folder);
    int file = open(path, O_WRONLY | O_CREAT, 0600);
    while (write(file, block, sizeof block) == sizeof block)
        ;
    close(file);
}

/* Walks as the exit pass, a fork child and a renderer do. */
static void walk_everything(void) {
    unsigned chunks = 0;
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at))
        chunks++;
    MUST(chunks > 0);
    record_write(open("/dev/null", O_WRONLY));
}

static void make_handles_on_a_full_disk(void) {
    unsigned made = 0;
    for (int number = 0; number < 100000; number++) {
        uint64_t slot = numbers_make(number);
        made += slot != 0;
        if (slot)
            atomic_store(&((struct record_slot *)record_at(slot))->object, 1);
    }
    MUST(made < 100000);
    walk_everything();
}

static void fill_before(void) {
    fill_the_rest();
    world_record(folder);
    MUST(in_memory());
    MUST(count_files(folder) == 1);
    MUST(numbers_make(100000) != 0);
    walk_everything();
}

static void fill_between(void) {
    world_record(folder);
    MUST(!in_memory());
    fill_the_rest();
    make_handles_on_a_full_disk();
}

static void fill_by_itself(void) {
    world_record(folder);
    make_handles_on_a_full_disk();
}

static void fork_on_a_full_disk(void) {
    fill_between();
    pid_t child = fork();
    if (child == 0) {
        MUST(record_readiness() == RECORD_FORKED);
        MUST(record_adopt(&(struct record_birth){.sequence = ~0ull}));
        record_open();
        walk_everything();
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    MUST(status == 0);
}

START_TEST(a_full_file_system_kills_nobody) {
    /* proves: with no room before, after, or because of the record, and for a fork child, there is no SIGBUS:
     * neither writing nor walking touches a page that is not there */
    static void (*const bodies[])(void) = {fill_before, fill_between, fill_by_itself, fork_on_a_full_disk};
    if (!tiny_mount())
        SKIP_TEST("a tmpfs cannot be mounted here (not root?)");
    int status = in_child(bodies[_i]);
    umount(folder);
    ck_assert_msg(status == 0, "wait status %#x", status);
}
END_TEST

static void room_returns(void) {
    fill_between();
    uint64_t end = RELAXED(record_header()->allocated);
    char path[300];
    snprintf(path, sizeof path, "%s/filler", folder);
    MUST(unlink(path) == 0);
    MUST(numbers_make(200000) != 0);
    MUST(RELAXED(record_header()->allocated) < end + 64 * PAGE);
}

START_TEST(what_found_no_room_used_none_up) {
    /* proves: thousands of refused handles do not push the end of the record on; with room it goes on there */
    if (!tiny_mount())
        SKIP_TEST("a tmpfs cannot be mounted here (not root?)");
    int status = in_child(room_returns);
    umount(folder);
    ck_assert_msg(status == 0, "wait status %#x", status);
}
END_TEST

static void live_in_little_memory(void) {
    struct rlimit limit = {3 << 20, 3 << 20};
    FILE *own = fopen("/proc/self/statm", "r");
    unsigned long pages;
    MUST(fscanf(own, "%lu", &pages) == 1);
    limit.rlim_cur = limit.rlim_max = (pages << 12) + (4 << 20);
    MUST(setrlimit(RLIMIT_AS, &limit) == 0);
    MUST(setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, 0}) == 0); /* nor a descriptor for a moment */
    world_record(NULL);
    unsigned made = 0;
    for (int number = 0; number < 60000; number++)
        made += numbers_make(number) != 0;
    MUST(made > 1000);
    walk_everything();
}

START_TEST(little_address_space_is_enough) {
    /* proves: under RLIMIT_AS a smaller object is taken, and used until it is full */
    if (SANITIZED)
        SKIP_TEST("a sanitizer needs address space of its own");
    ck_assert_int_eq(in_child(live_in_little_memory), 0);
}
END_TEST

/* ---- folders that are not ours -----------------------------------------------------------------------------
 */

static void make_in_automatic(const char *runtime) {
    record_configure(&(struct record_identity){.runtime_folder = runtime});
    ck_assert(record_make());
    record_open();
}

START_TEST(the_automatic_folder_is_made) {
    /* proves: a missing folder is made 0700 even under a strange umask, and used */
    char path[300];
    snprintf(path, sizeof path, "%s/leftopen", new_folder("home"));
    umask(0);
    make_in_automatic(folder);
    ck_assert_uint_eq(status_of(path).st_mode & 07777, 0700);
    ck_assert_uint_eq(count_files(path), 1);
}
END_TEST

START_TEST(the_automatic_folder_goes_with_its_last_record) {
    /* proves: whoever made the folder around it can remove that; not while somebody else's record is there */
    char path[300], others[320];
    snprintf(path, sizeof path, "%s/leftopen", new_folder("temporary"));
    make_in_automatic(folder);
    snprintf(others, sizeof others, "%s/other", path);
    close(creat(others, 0600));
    record_remove();
    ck_assert_uint_eq(count_files(path), 1);
    unlink(others);
    record_give_file();
    ck_assert_uint_eq(count_files(path), 1);
    record_remove();
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

static void spoil(int how, const char *path) {
    char elsewhere[320];
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", folder);
    ck_assert_int_eq(mkdir(elsewhere, 0700), 0);
    if (how == 0)
        ck_assert_int_eq(symlink(elsewhere, path), 0);
    else if (how == 1)
        ck_assert_int_eq(mkdir(path, 0700) | chmod(path, 0750), 0);
    else if (how == 2)
        ck_assert_int_eq(mkdir(path, 0700) | chmod(path, 0702), 0);
    else if (how == 3)
        ck_assert_int_eq(mkdir(path, 0700) | chown(path, 12345, 12345), 0);
    else
        close(creat(path, 0600));
}

START_TEST(a_folder_of_somebody_else_is_refused) {
    /* proves: a symbolic link, a folder that others may enter or write, one of another user, and no folder at
     * all: nothing is written there, the record lies in memory */
    char path[300];
    snprintf(path, sizeof path, "%s/leftopen", new_folder("enemy"));
    if (_i == 3 && geteuid() != 0)
        SKIP_TEST("only root can give a folder away");
    spoil(_i, path);
    make_in_automatic(folder);
    ck_assert(in_memory());
    if (_i < 4)
        ck_assert_uint_eq(count_files(path), 0);
    ck_assert_uint_ne(numbers_make(3), 0);
}
END_TEST

START_TEST(a_runtime_folder_of_another_user_is_not_ours) {
    /* proves: what `sudo -E` brings along is not written to, though it could be */
    if (geteuid() != 0)
        SKIP_TEST("only root can give a folder away");
    new_folder("visitor");
    ck_assert_int_eq(chown(folder, 12345, 12345), 0);
    make_in_automatic(folder);
    ck_assert_uint_eq(count_files(folder), 0);
    ck_assert_ptr_null(strstr(record_path(), folder));
    record_remove();
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_no_reason_to_stop) {
    /* proves: a named folder that is missing, read-only, or too long to name is answered with memory */
    static char long_name[700];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[0] = '/';
    const char *const places[] = {"/nonexistent/leftopen", "/proc/self", long_name};
    world_record(places[_i]);
    ck_assert(in_memory());
}
END_TEST

static void filter_flock(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_flock, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOLCK),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

START_TEST(without_locks_the_record_has_a_file_all_the_same) {
    /* proves: a filter that knows no flock does not cost the record its file */
    new_folder("lockless");
    filter_flock();
    world_record(folder);
    ck_assert(!in_memory());
    ck_assert_uint_eq(count_files(folder), 1);
    record_remove();
    ck_assert_uint_eq(count_files(folder), 0);
}
END_TEST

/* ---- forks and files later ---------------------------------------------------------------------------------
 */

static void adopt_and_compare(void) {
    MUST(record_readiness() == RECORD_FORKED);
    uint8_t parent_name[16];
    memcpy(parent_name, record_header()->name, 16);
    MUST(record_adopt(&(struct record_birth){.sequence = 41}));
    record_open();
    MUST(record_readiness() == RECORD_READY);
    struct record_header *header = record_header();
    MUST(memcmp(header->parent_name, parent_name, 16) == 0);
    MUST(memcmp(header->name, parent_name, 16) != 0);
    MUST(header->fork_sequence == 41);
    MUST(header->pid == getpid());
    MUST(RELAXED(header->notes) == (RECORD_NOTE_FORK_CHILD | RECORD_NOTE_MEMORY_ONLY));
    MUST(count_mappings(RECORD_SUFFIX) == 0);
    MUST(RELAXED(slot_of(700)->object) == 7);
    atomic_store(&slot_of(700)->object, 8);
    for (int number = 1000; number < 60000; number++)
        MUST(numbers_make(number) != 0);
}

START_TEST(a_fork_child_has_a_copy_of_its_own) {
    /* proves: the child finds the parent's slots, knows its parent, writes into memory of its own, and keeps
     * nothing of the parent's file mapped, so that the parent's lock is not held by it */
    world_record(new_folder("fork"));
    for (int number = 0; number < 30000; number++) /* several windows */
        numbers_make(number);
    atomic_store(&slot_of(700)->object, 7);
    ck_assert_int_eq(in_child(adopt_and_compare), 0);
    ck_assert_uint_eq(RELAXED(slot_of(700)->object), 7);
    ck_assert_uint_eq(count_files(folder), 1);
}
END_TEST

static void take_over(void) {
    record_forked();
    MUST(record_adopt(&(struct record_birth){.sequence = 41}));
    record_open();
}

static void change_it_apart(void) {
    take_over();
    MUST(RELAXED(slot_of(7)->object) == 8);
    atomic_store(&slot_of(7)->object, 9);
    MUST(count_mappings(RECORD_SUFFIX) == 0);
}

static void copy_grow_and_compare(void) {
    take_over();
    struct record_slot *old_place = slot_of(7);
    MUST(RELAXED(old_place->object) == 7);
    MUST(count_mappings("/memfd:leftopen") == 0);
    atomic_store(&slot_of(7)->object, 8);
    MUST(in_child(change_it_apart) == 0);
    MUST(RELAXED(slot_of(7)->object) == 8);
    for (int number = 1000; number < 60000; number++)
        MUST(numbers_make(number) != 0);
    MUST(RELAXED(slot_of(7)->object) == 8);
    atomic_store(&slot_of(7)->object, 10);
    MUST(RELAXED(old_place->object) == 10);
    MUST(in_child(take_over) == 0);
}

START_TEST(a_small_record_is_copied_by_the_kernel) {
    /* proves: a child of a process that holds little has its copy in memory that its own children find copied;
     * it grows all the same, keeps what it has, and addresses from before stay good */
    world_record(new_folder("small"));
    numbers_make(7);
    atomic_store(&slot_of(7)->object, 7);
    ck_assert_int_eq(in_child(copy_grow_and_compare), 0);
    ck_assert_uint_eq(RELAXED(slot_of(7)->object), 7);
}
END_TEST

static void share_it(void) {
    take_over();
    record_share();
    MUST(count_mappings("/memfd:leftopen") == 1);
    MUST(RELAXED(slot_of(7)->object) == 7);
    record_share(); /* it is shared already */
    record_give_file();
    MUST(count_mappings("/memfd:leftopen") == 0);
    MUST(count_mappings(RECORD_SUFFIX) == 1);
    MUST(RELAXED(slot_of(7)->object) == 7);
    record_share(); /* it has a file */
    MUST(count_mappings(RECORD_SUFFIX) == 1);
}

START_TEST(a_copy_is_shared_before_threads_begin) {
    /* proves: what several threads may grow is no longer memory that cannot be mapped twice, and gets its file
     * as ever */
    world_record(new_folder("shared"));
    numbers_make(7);
    atomic_store(&slot_of(7)->object, 7);
    ck_assert_int_eq(in_child(share_it), 0);
}
END_TEST

/* Of the only thread, with signals blocked as a handler has them, or not. */
static void copy_for_child(bool as_in_handler) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    sigprocmask(as_in_handler ? SIG_BLOCK : SIG_UNBLOCK, &signals, NULL);
    single_start();
    record_copy_for_child();
}

static struct record_slot *place_before;
static bool place_is_good;

static void use_the_copy(void) {
    MUST(record_forked());
    MUST(record_readiness() == RECORD_FORKED);
    MUST(count_mappings(RECORD_SUFFIX) == 0);
    MUST(RELAXED(slot_of(7)->object) == 7);
    atomic_store(&place_before->object, 9);
    MUST(!place_is_good || RELAXED(slot_of(7)->object) == 9);
    MUST(record_adopt(&(struct record_birth){.sequence = 41, .parent = 5, .realtime = 6, .monotonic = 7}));
    record_open();
    struct record_header *header = record_header();
    MUST(header->fork_sequence == 41 && header->parent_pid == 5);
    MUST(header->started_realtime == 6 && header->started_monotonic == 7);
    for (int number = 1000; number < 60000; number++)
        MUST(numbers_make(number) != 0);
    MUST(RELAXED(slot_of(7)->object) == (place_is_good ? 9 : 7));
}

START_TEST(a_copy_lies_ready_for_the_child) {
    /* proves: before the child has touched anything it has the record of the fork, and nothing of the file; in
     * the child of a handler the addresses that are in use lead to it */
    world_record(new_folder("ready"));
    numbers_make(7);
    atomic_store(&slot_of(7)->object, 7);
    place_before = slot_of(7);
    place_is_good = _i;
    copy_for_child(_i);
    if (NEVER_ALONE)
        SKIP_TEST("with other threads there is none");
    ck_assert_int_eq(in_child(use_the_copy), 0);
    ck_assert_uint_eq(RELAXED(slot_of(7)->object), 7);
    ck_assert_int_eq(record_readiness(), RECORD_READY);
}
END_TEST

static void find_the_change(void) {
    MUST(record_forked());
    MUST(RELAXED(slot_of(7)->object) == 8);
}

static void find_no_copy(void) { MUST(!record_forked()); }

START_TEST(a_copy_is_good_until_the_record_is_used) {
    /* proves: whoever asks for the record after it was copied makes the copy useless, and the next one good; as
     * long as nobody does, it is good for any number of children, also a handler's */
    world_record(new_folder("stale"));
    copy_for_child(false);
    ck_assert_int_eq(record_readiness(), RECORD_READY);
    ck_assert_int_eq(in_child(find_no_copy), 0);
    if (NEVER_ALONE)
        SKIP_TEST("with other threads there is none");
    numbers_make(7);
    atomic_store(&slot_of(7)->object, 7);
    place_before = slot_of(7);
    for (int child = 0; child < 4; child++) {
        place_is_good = child >= 2;
        copy_for_child(place_is_good);
        ck_assert_int_eq(in_child(use_the_copy), 0);
    }
    copy_for_child(false);
    record_readiness();
    atomic_store(&slot_of(7)->object, 8);
    copy_for_child(false);
    ck_assert_int_eq(in_child(find_the_change), 0);
}
END_TEST

enum { GENERATIONS = 12 };
static unsigned mappings_at_first;

static void beget(void) {
    static int generation;
    record_forked();
    MUST(record_adopt(&(struct record_birth){.sequence = 41}));
    record_open();
    if (generation % 3 == 2)
        record_give_file();
    if (++generation == 3)
        mappings_at_first = count_mappings("");
    MUST(!mappings_at_first || count_mappings("") <= mappings_at_first + 1);
    MUST(RELAXED(slot_of(7)->object) == 7);
    copy_for_child(generation % 2);
    if (generation < GENERATIONS)
        MUST(in_child(beget) == 0);
    record_remove();
}

START_TEST(generations_do_not_gather_mappings) {
    /* proves: whatever number of forks lies behind a process, with records in memory or in files, it has no
     * more mappings */
    world_record(new_folder("generations"));
    numbers_make(7);
    atomic_store(&slot_of(7)->object, 7);
    copy_for_child(false);
    ck_assert_int_eq(in_child(beget), 0);
}
END_TEST

static void adopt_after_the_end(void) {
    MUST(record_adopt(&(struct record_birth){.sequence = 0}));
    record_open();
    struct record_header *header = record_header();
    MUST(RELAXED(header->end) == RECORD_END_RUNNING);
    MUST(RELAXED(header->pass) == 0);
    MUST(RELAXED(header->ended_realtime) == 0);
    MUST(RELAXED(header->ended_monotonic) == 0);
    MUST(RELAXED(header->status) == 0);
    for (unsigned i = 0; i < RECORD_LOSS_COUNT; i++)
        MUST(RELAXED(header->losses[i]) == 0);
}

START_TEST(a_child_begins_its_own_life) {
    /* proves: the parent's end, status and losses are not the child's, however late that one reports first */
    world_record(NULL);
    struct record_header *header = record_header();
    header->end = RECORD_END_EXIT;
    header->pass = ~0u;
    header->status = 3;
    header->ended_realtime = header->ended_monotonic = 9;
    record_lost(RECORD_LOSS_CLOSE);
    ck_assert_int_eq(in_child(adopt_after_the_end), 0);
}
END_TEST

START_TEST(a_record_gets_a_file_later) {
    /* proves: all of it is in the file, with the name of its header, locked, and the old memory is gone */
    new_folder("later");
    configure(NULL);
    ck_assert(record_make());
    record_open();
    for (int number = 0; number < 30000; number++)
        numbers_make(number);
    atomic_store(&slot_of(700)->object, 7);
    record_give_file();
    ck_assert_str_eq(record_path(), ""); /* none can be had */
    configure(folder);
    record_give_file();
    ck_assert(!in_memory());
    ck_assert_uint_eq(count_files(folder), 1);
    ck_assert(is_locked(record_path()));
    ck_assert_uint_eq(RELAXED(slot_of(700)->object), 7);
    ck_assert_uint_ne(numbers_make(100000), 0);
    char name[64] = "";
    for (unsigned i = 0; i < 16; i++)
        sprintf(name + 2 * i, "%02x", record_header()->name[i]);
    ck_assert_ptr_nonnull(strstr(record_path(), name));
    record_give_file(); /* it has one */
    ck_assert_uint_eq(count_files(folder), 1);
}
END_TEST

static bool is_mapped_as(const void *address, const char *name) {
    char line[4096 + 256];
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long start, end;
    bool found = false;
    MUST(maps);
    while (!found && fgets(line, sizeof line, maps))
        found = sscanf(line, "%lx-%lx", &start, &end) == 2 && (unsigned long)address >= start &&
                (unsigned long)address < end && strstr(line, name);
    fclose(maps);
    return found;
}

START_TEST(memory_is_charged_for_as_it_is_used) {
    /* proves: a record in memory is an object whose unused end the kernel does not count (overcommit_memory=2
     * counts all of an anonymous one) */
    world_record(NULL);
    ck_assert(is_mapped_as(record_header(), "/memfd:leftopen"));
}
END_TEST

START_TEST(a_record_needs_no_descriptor) {
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, 0});
    world_record(NULL);
    ck_assert(in_memory());
    ck_assert_uint_ne(numbers_make(100000), 0);
}
END_TEST

START_TEST(addresses_stay_good_when_the_record_moves) {
    /* proves: what a signal handler interrupted in any of the old windows goes on in the new record */
    new_folder("left");
    world_record(NULL);
    _Atomic uint64_t *small = record_at(numbers_make(3));
    for (int number = 0; number < 30000; number++)
        numbers_make(number);
    _Atomic uint64_t *large = record_at(numbers_make(4));
    ck_assert((char *)large < (char *)small || (char *)large > (char *)small + (1 << 18));
    configure(folder);
    record_give_file();
    ck_assert(!in_memory());
    atomic_store(small, 5);
    atomic_store(large, 6);
    ck_assert_uint_eq(RELAXED(slot_of(3)->word), 5);
    ck_assert_uint_eq(RELAXED(slot_of(4)->word), 6);
}
END_TEST

/* ---- one maker ---------------------------------------------------------------------------------------------
 */

START_TEST(while_it_is_made_others_are_told_to_wait) {
    /* proves: between making and opening it is BUSY, and a second maker is refused */
    configure(NULL);
    ck_assert(record_make());
    ck_assert_int_eq(record_readiness(), RECORD_BUSY);
    ck_assert(!record_make());
    record_open();
    ck_assert_int_eq(record_readiness(), RECORD_READY);
}
END_TEST

static void add_file_tests(TCase *tests) {
    tcase_add_test(tests, nothing_is_made_before_it_is_needed);
    tcase_add_test(tests, the_file_is_our_own);
    tcase_add_test(tests, the_file_shows_what_the_memory_holds);
    tcase_add_test(tests, the_lock_lives_as_long_as_the_process);
    tcase_add_test(tests, a_removed_file_leaves_a_record);
    tcase_add_test(tests, trimming_cuts_the_hole_off);
    tcase_add_loop_test(tests, a_record_can_be_written_elsewhere, 0, 2);
    tcase_add_test(tests, words_of_the_program_are_kept);
    tcase_add_loop_test(tests, long_arguments_are_cut_inside_their_chunk, 0, 8);
    tcase_add_test(tests, the_automatic_folder_is_made);
    tcase_add_loop_test(tests, a_folder_of_somebody_else_is_refused, 0, 5);
    tcase_add_test(tests, the_automatic_folder_goes_with_its_last_record);
    tcase_add_test(tests, a_runtime_folder_of_another_user_is_not_ours);
    tcase_add_loop_test(tests, a_folder_that_is_not_there_is_no_reason_to_stop, 0, 3);
    tcase_add_test(tests, without_locks_the_record_has_a_file_all_the_same);
}

static void add(TCase *tests) {
    add_file_tests(tests);
    tcase_add_test(tests, the_first_window_is_small);
    tcase_add_loop_test(tests, old_addresses_stay_while_the_window_grows, 0, 2);
    tcase_add_test(tests, a_fresh_chunk_is_zero);
    tcase_add_test(tests, a_walk_steps_over_what_was_not_published);
    tcase_add_test(tests, entries_follow_one_another);
    tcase_add_test(tests, an_unfinished_entry_hides_nothing);
    tcase_add_test(tests, a_full_record_says_so);
    tcase_add_test(tests, a_small_limit_of_file_size_kills_nobody);
    tcase_add_test(tests, a_file_does_not_grow_beyond_its_limit);
    tcase_add_loop_test(tests, a_full_file_system_kills_nobody, 0, 4);
    tcase_add_test(tests, what_found_no_room_used_none_up);
    tcase_add_test(tests, little_address_space_is_enough);
    tcase_add_test(tests, a_fork_child_has_a_copy_of_its_own);
    tcase_add_test(tests, a_small_record_is_copied_by_the_kernel);
    tcase_add_test(tests, a_copy_is_shared_before_threads_begin);
    tcase_add_loop_test(tests, a_copy_lies_ready_for_the_child, 0, 2);
    tcase_add_test(tests, a_copy_is_good_until_the_record_is_used);
    tcase_add_test(tests, generations_do_not_gather_mappings);
    tcase_add_test(tests, a_child_begins_its_own_life);
    tcase_add_test(tests, a_record_gets_a_file_later);
    tcase_add_test(tests, memory_is_charged_for_as_it_is_used);
    tcase_add_test(tests, a_record_needs_no_descriptor);
    tcase_add_test(tests, addresses_stay_good_when_the_record_moves);
    tcase_add_test(tests, while_it_is_made_others_are_told_to_wait);
}

int main(void) { return world_run("tracker/record", add); }
