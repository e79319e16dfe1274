/* tracker/tidy.h: dead records are bounded in age, number and size; the living and the strange are left alone.
 */
#include <sys/file.h>
#include <time.h>

#include "tests/unit/world.h"
#include "tracker/clock.h"
#include "tracker/tidy.h"

enum { DAY = 24 * 60 * 60 };
static char folder[128];

static void begin(void) {
    clock_start(getauxval(AT_SYSINFO_EHDR));
    snprintf(folder, sizeof folder, "%s/tidy-%d", world_folder, (int)getpid());
    ck_assert_int_eq(mkdir(folder, 0700), 0);
}

static const char *path_of(const char *name) {
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *record_name(unsigned number) {
    static char name[64];
    snprintf(name, sizeof name, "%032x" RECORD_SUFFIX, number);
    return name;
}

/* A file with content of some bytes that is so many seconds old; its descriptor. */
static int make(const char *name, off_t bytes, time_t age) {
    int file = open(path_of(name), O_CREAT | O_EXCL | O_WRONLY, 0600);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(posix_fallocate(file, 0, bytes), 0);
    struct timespec times[2] = {{time(NULL) - age, 0}, {time(NULL) - age, 0}};
    ck_assert_int_eq(futimens(file, times), 0);
    return file;
}

static bool is_there(const char *name) { return access(path_of(name), F_OK) == 0; }

START_TEST(old_records_go) {
    /* proves: after a day, not before; and one whose process lives stays however old it is */
    begin();
    close(make(record_name(1), 100, DAY + 60));
    close(make(record_name(2), 100, DAY - 60));
    int living = make(record_name(3), 100, 10 * DAY);
    ck_assert_int_eq(flock(living, LOCK_EX), 0);
    tidy_folder(folder);
    ck_assert(!is_there(record_name(1)));
    ck_assert(is_there(record_name(2)));
    ck_assert(is_there(record_name(3)));
}
END_TEST

START_TEST(what_is_no_record_is_left_alone) {
    /* proves: other names, folders and links stay, and what a link leads to as well */
    static const char long_name[] = "000000000000000000000000000000001" RECORD_SUFFIX;
    static const char short_name[] = "1" RECORD_SUFFIX;
    begin();
    close(make("notes", 100, 10 * DAY));
    close(make(long_name, 100, 10 * DAY));
    close(make(short_name, 100, 10 * DAY));
    ck_assert_int_eq(mkdir(path_of(record_name(1)), 0700), 0);
    ck_assert_int_eq(symlink("notes", path_of(record_name(2))), 0);
    ck_assert_int_eq(mkfifo(path_of(record_name(3)), 0600), 0);
    tidy_folder(folder);
    ck_assert_uint_eq(count_files(folder), 6);
}
END_TEST

START_TEST(the_number_of_records_is_bounded) {
    /* proves: of a hundred dead ones 32 stay, and living ones do not count */
    begin();
    for (unsigned i = 0; i < 100; i++)
        close(make(record_name(i), 100, 5));
    for (unsigned i = 100; i < 110; i++)
        ck_assert_int_eq(flock(make(record_name(i), 100, 5), LOCK_EX), 0);
    tidy_folder(folder);
    ck_assert_uint_eq(count_files(folder), 42);
    for (unsigned i = 100; i < 110; i++)
        ck_assert(is_there(record_name(i)));
}
END_TEST

START_TEST(the_size_of_records_is_bounded) {
    /* proves: dead ones of ten mebibytes each stay up to 64 in all */
    begin();
    for (unsigned i = 0; i < 10; i++)
        close(make(record_name(i), 10 << 20, 5));
    tidy_folder(folder);
    ck_assert_uint_eq(count_files(folder), 6);
}
END_TEST

START_TEST(a_folder_that_cannot_be_read_is_nothing) {
    /* proves: neither a missing one nor a link nor a file is followed, and no descriptor stays open */
    begin();
    close(make("file", 1, 0));
    ck_assert_int_eq(symlink(folder, path_of("link")), 0);
    int lowest = open_null();
    close(lowest);
    tidy_folder("/nonexistent");
    tidy_folder(path_of("file"));
    tidy_folder(path_of("link"));
    tidy_folder(folder);
    ck_assert_int_eq(open_null(), lowest);
    ck_assert_uint_eq(count_files(folder), 2);
}
END_TEST

static void add(TCase *tests) {
    tcase_add_test(tests, old_records_go);
    tcase_add_test(tests, what_is_no_record_is_left_alone);
    tcase_add_test(tests, the_number_of_records_is_bounded);
    tcase_add_test(tests, the_size_of_records_is_bounded);
    tcase_add_test(tests, a_folder_that_cannot_be_read_is_nothing);
}

int main(void) { return world_run("tracker/tidy", add); }
