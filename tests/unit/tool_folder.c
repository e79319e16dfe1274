/* Folders of records: which files count, which processes live, what is cleaned, what a user's word means. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/suite.h"
#include "tools/basics/fail.h"
#include "tools/records/folder.h"
#include "tracker/record_format.h"

static char folder[64];
static struct folder_list list;

static void begin(void) {
    strcpy(folder, "/tmp/leftopen-folder-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
}

static void end(void) {
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
    folder_list_end(&list);
}

static const char *name_of(unsigned number) {
    static char name[64];
    snprintf(name, sizeof name, "%032x" RECORD_SUFFIX, number);
    return name;
}

static void make_record(unsigned number, time_t age, size_t bytes) {
    int file = open(name_of(number), O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(file, 0);
    char *content = calloc(1, bytes + 1);
    ck_assert_int_eq(write(file, content, bytes), (ssize_t)bytes);
    free(content);
    struct timespec times[2] = {{.tv_sec = time(NULL) - age}, {.tv_sec = time(NULL) - age}};
    ck_assert_int_eq(futimens(file, times), 0);
    close(file);
}

static bool is_there(unsigned number) { return access(name_of(number), F_OK) == 0; }

/* A process that keeps a record mapped, as the library does: locked, mapped, descriptor closed. */
static pid_t start_owner(const char *record) {
    int ready[2];
    char byte;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t owner = fork();
    if (owner == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int file = open(record, O_RDWR);
        if (flock(file, LOCK_EX | LOCK_NB) != 0 ||
            mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0) == MAP_FAILED)
            _exit(1);
        close(file);
        if (write(ready[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return owner;
}

static void stop_owner(pid_t owner) {
    kill(owner, SIGKILL);
    ck_assert_int_eq(waitpid(owner, NULL, 0), owner);
}

START_TEST(automatic_follows_the_session) {
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    char *path = folder_automatic();
    ck_assert_str_eq(path, "/run/user/7/leftopen");
    free(path);
    char expected[64];
    snprintf(expected, sizeof expected, "/dev/shm/leftopen-%u", (unsigned)geteuid());
    static const char *const useless[] = {NULL, "", "relative"};
    for (size_t i = 0; i < 3; i++) {
        unsetenv("XDG_RUNTIME_DIR");
        if (useless[i])
            setenv("XDG_RUNTIME_DIR", useless[i], 1);
        path = folder_automatic();
        ck_assert_str_eq(path, expected);
        free(path);
    }
}
END_TEST

START_TEST(a_tree_folder_can_be_written_but_not_read_by_others) {
    umask(077);
    int hold;
    char *tree = folder_make_for_tree(&hold);
    ck_assert_ptr_nonnull(tree);
    struct stat status;
    ck_assert_int_eq(stat(tree, &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, 01733);
    ck_assert(folder_is_for_tree(tree));
    ck_assert(folder_has_tree_name(tree));
    ck_assert(!folder_has_tree_name(folder));
    ck_assert_int_eq(folder_hold(tree), -1);
    ck_assert_uint_eq(folder_clean(tree), 0);
    ck_assert_int_eq(access(tree, F_OK), 0); /* empty, but held */
    ck_assert(!folder_is_for_tree(folder));
    ck_assert(!folder_is_for_tree("auto"));
    struct folder_list trees;
    folder_list_trees(&trees);
    ck_assert(folder_list_has(&trees, tree));
    folder_list_end(&trees);
    rmdir(tree);
    free(tree);
}
END_TEST

START_TEST(only_records_are_listed) {
    make_record(1, 0, 1);
    make_record(2, 0, 1);
    ck_assert_int_eq(symlink("/etc/hostname", name_of(3)), 0);
    ck_assert_int_eq(mkdir(name_of(4), 0700), 0);
    ck_assert_int_eq(mkfifo(name_of(5), 0600), 0);
    static const char *const others[] = {
        "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcde" RECORD_SUFFIX,
        "0123456789abcdef0123456789abcdef0" RECORD_SUFFIX, "0123456789ABCDEF0123456789ABCDEF" RECORD_SUFFIX,
        "0123456789abcdef0123456789abcdef" RECORD_SUFFIX "~"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        close(open(others[i], O_CREAT | O_WRONLY, 0600));
    ck_assert_int_eq(folder_list(folder, &list), 0);
    ck_assert_uint_eq(list.count, 2);
}
END_TEST

START_TEST(a_missing_folder_is_an_error) {
    ck_assert_int_eq(folder_list("/no/such/folder", &list), -ENOENT);
    ck_assert_uint_eq(list.count, 0);
}
END_TEST

START_TEST(files_of_others_are_left_out_unless_the_folder_is_for_a_tree) {
    if (geteuid() != 0)
        SKIP_TEST("only root can make files of others");
    enum { NOBODY = 65534 };
    int hold;
    char *tree = folder_make_for_tree(&hold);
    char in_tree[128];
    snprintf(in_tree, sizeof in_tree, "%s/%s", tree, name_of(1));
    make_record(1, 0, 1);
    close(open(in_tree, O_CREAT | O_WRONLY, 0600));
    ck_assert_int_eq(chown(tree, NOBODY, (gid_t)-1), 0);
    ck_assert_int_eq(chmod(tree, 01733), 0);
    ck_assert_int_eq(chmod(folder, 0755), 0);
    ck_assert_int_eq(seteuid(NOBODY), 0);
    ck_assert_int_eq(folder_list(folder, &list), 0);
    ck_assert_uint_eq(list.count, 0);
    ck_assert_int_eq(folder_list(tree, &list), 0);
    ck_assert_uint_eq(list.count, 1);
    ck_assert_int_eq(seteuid(0), 0);
    unlink(in_tree);
    rmdir(tree);
    free(tree);
}
END_TEST

START_TEST(a_record_lives_as_long_as_its_process) {
    make_record(1, 0, 4096);
    ck_assert(!folder_record_is_alive(name_of(1)));
    pid_t owner = start_owner(name_of(1));
    ck_assert(folder_record_is_alive(name_of(1)));
    stop_owner(owner);
    ck_assert(!folder_record_is_alive(name_of(1)));
    ck_assert(!folder_record_is_alive(name_of(2)));
}
END_TEST

START_TEST(a_record_that_is_being_made_is_not_touched) {
    make_record(1, 0, 0);
    make_record(2, 3600, 0);
    ck_assert(folder_record_is_alive(name_of(1)));
    ck_assert(!folder_record_is_alive(name_of(2)));
}
END_TEST

START_TEST(clean_takes_the_dead_and_leaves_the_living) {
    make_record(1, 0, 4096);
    make_record(2, 0, 4096);
    pid_t owner = start_owner(name_of(2));
    ck_assert_uint_eq(folder_clean(folder), 1);
    ck_assert(!is_there(1));
    ck_assert(is_there(2));
    stop_owner(owner);
    ck_assert_uint_eq(folder_clean(folder), 1);
    ck_assert_int_eq(access(folder, F_OK), 0); /* not one of ours to remove */
}
END_TEST

START_TEST(a_held_folder_is_left_alone) {
    make_record(1, 0, 4096);
    int hold = folder_hold(folder);
    ck_assert_int_ge(hold, 0);
    ck_assert_int_eq(folder_hold(folder), -1);
    ck_assert_uint_eq(folder_clean(folder), 0);
    ck_assert(is_there(1));
    close(hold);
    ck_assert_uint_eq(folder_clean(folder), 1);
}
END_TEST

START_TEST(an_empty_tree_folder_goes_with_its_library_name) {
    int hold;
    char *tree = folder_make_for_tree(&hold);
    char library[128];
    snprintf(library, sizeof library, "%s/" FOLDER_LIBRARY, tree);
    ck_assert_int_eq(chdir(tree), 0);
    ck_assert_int_eq(symlink("/nowhere", library), 0);
    make_record(1, 0, 4096);
    pid_t owner = start_owner(name_of(1));
    folder_end(tree);
    ck_assert_int_eq(access(tree, F_OK), 0);
    struct stat status;
    ck_assert_int_eq(lstat(library, &status), 0); /* what lives there may start more programs */
    stop_owner(owner);
    folder_end(tree);
    ck_assert_int_ne(access(tree, F_OK), 0);
    free(tree);
}
END_TEST

START_TEST(tidy_keeps_what_is_young_and_little) {
    enum { DAY = 24 * 60 * 60 };
    make_record(1, DAY + 60, 100);
    make_record(2, DAY - 60, 100);
    folder_tidy(folder);
    ck_assert(!is_there(1));
    ck_assert(is_there(2));
    unlink(name_of(2));
    for (unsigned i = 1; i <= 70; i++)
        make_record(i, (time_t)i * 10, 100);
    folder_tidy(folder);
    for (unsigned i = 1; i <= 70; i++)
        ck_assert_int_eq(is_there(i), i <= 64);
}
END_TEST

START_TEST(tidy_bounds_the_bytes) {
    for (unsigned i = 1; i <= 5; i++)
        make_record(i, (time_t)i * 10, 20 << 20);
    folder_tidy(folder);
    for (unsigned i = 1; i <= 5; i++)
        ck_assert_int_eq(is_there(i), i <= 3);
}
END_TEST

START_TEST(tidy_bounds_the_folders_of_trees) {
    enum { MADE = 40, KEPT = 16 };
    char *made[MADE];
    for (int i = 0; i < MADE; i++) {
        int hold;
        made[i] = folder_make_for_tree(&hold);
        ck_assert_int_eq(chdir(made[i]), 0);
        make_record(1, 0, 100);
        close(hold);
    }
    folder_tidy_trees();
    int left = 0;
    for (int i = 0; i < MADE; i++) {
        left += access(made[i], F_OK) == 0;
        folder_clean(made[i]);
        ck_assert_int_ne(access(made[i], F_OK), 0);
        free(made[i]);
    }
    ck_assert_int_le(left, KEPT); /* others may have newer ones */
}
END_TEST

static void resolve_to(const char *wanted, const char *expected) {
    ck_assert_int_eq(folder_resolve(wanted, &list), 0);
    ck_assert_uint_eq(list.count, 1);
    ck_assert_str_eq(list.paths[0], expected);
    folder_list_end(&list);
}

START_TEST(words_for_records) {
    make_record(1, 0, 1);
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name_of(1));
    resolve_to(name_of(1), name_of(1));
    resolve_to(folder, path);
    resolve_to("-", "-");
    ck_assert_int_eq(folder_resolve("./nothing", &list), EXIT_MISSING);
    ck_assert_int_eq(mkdir("empty", 0700), 0);
    ck_assert_int_eq(folder_resolve("empty", &list), EXIT_MISSING);
    ck_assert_int_eq(folder_resolve("99999999", &list), EXIT_MISSING);
    ck_assert_int_eq(folder_resolve("99999999999999999999999999", &list), EXIT_MISSING);
    char own[16];
    snprintf(own, sizeof own, "%d", getpid());
    ck_assert_int_eq(folder_resolve(own, &list), EXIT_MISSING); /* has no record */
}
END_TEST

START_TEST(several_words_add_up) {
    make_record(1, 0, 1);
    make_record(2, 0, 1);
    ck_assert_int_eq(folder_resolve(name_of(1), &list), 0);
    ck_assert_int_eq(folder_resolve(name_of(2), &list), 0);
    ck_assert_uint_eq(list.count, 2);
    ck_assert_str_eq(list.paths[0], name_of(1));
}
END_TEST

START_TEST(a_process_is_found_by_its_mapping) {
    make_record(1, 0, 4096);
    char path[160], pid[16];
    snprintf(path, sizeof path, "%s/%s", folder, name_of(1));
    pid_t owner = start_owner(path);
    snprintf(pid, sizeof pid, "%d", owner);
    resolve_to(pid, path);
    ck_assert_int_eq(unlink(path), 0); /* the name may be gone; the bytes are not */
    ck_assert_int_eq(folder_resolve(pid, &list), 0);
    ck_assert_ptr_nonnull(strstr(list.paths[0], "/map_files/"));
    stop_owner(owner);
}
END_TEST

START_TEST(a_process_that_is_gone_is_found_by_its_record) {
    struct record_header header = {.magic = RECORD_MAGIC, .pid = 99999999};
    setenv("XDG_RUNTIME_DIR", folder, 1);
    ck_assert_int_eq(mkdir("leftopen", 0700), 0);
    ck_assert_int_eq(chdir("leftopen"), 0);
    FILE *file = fopen(name_of(7), "w");
    ck_assert_uint_eq(fwrite(&header, sizeof header, 1, file), 1);
    fclose(file);
    make_record(8, 0, sizeof header);
    char path[160];
    snprintf(path, sizeof path, "%s/leftopen/%s", folder, name_of(7));
    resolve_to("99999999", path);
}
END_TEST

START_TEST(a_dead_record_is_not_that_of_a_living_process) {
    struct record_header header = {.magic = RECORD_MAGIC, .pid = getpid()}; /* the number was used before */
    setenv("XDG_RUNTIME_DIR", folder, 1);
    ck_assert_int_eq(mkdir("leftopen", 0700), 0);
    ck_assert_int_eq(chdir("leftopen"), 0);
    FILE *file = fopen(name_of(7), "w");
    ck_assert_uint_eq(fwrite(&header, sizeof header, 1, file), 1);
    fclose(file);
    char own[16];
    snprintf(own, sizeof own, "%d", getpid());
    ck_assert_int_eq(folder_resolve(own, &list), EXIT_MISSING);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tool_folder");
    TCase *tests = tcase_create("folder");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, automatic_follows_the_session);
    tcase_add_test(tests, a_tree_folder_can_be_written_but_not_read_by_others);
    tcase_add_test(tests, only_records_are_listed);
    tcase_add_test(tests, a_missing_folder_is_an_error);
    tcase_add_test(tests, files_of_others_are_left_out_unless_the_folder_is_for_a_tree);
    tcase_add_test(tests, a_record_lives_as_long_as_its_process);
    tcase_add_test(tests, a_record_that_is_being_made_is_not_touched);
    tcase_add_test(tests, clean_takes_the_dead_and_leaves_the_living);
    tcase_add_test(tests, a_held_folder_is_left_alone);
    tcase_add_test(tests, an_empty_tree_folder_goes_with_its_library_name);
    tcase_add_test(tests, tidy_keeps_what_is_young_and_little);
    tcase_add_test(tests, tidy_bounds_the_bytes);
    tcase_add_test(tests, tidy_bounds_the_folders_of_trees);
    tcase_add_test(tests, words_for_records);
    tcase_add_test(tests, several_words_add_up);
    tcase_add_test(tests, a_process_is_found_by_its_mapping);
    tcase_add_test(tests, a_process_that_is_gone_is_found_by_its_record);
    tcase_add_test(tests, a_dead_record_is_not_that_of_a_living_process);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
