/* What a program is before it is started: PATH, scripts, and ELF files that nothing can be preloaded into. */
#include <check.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/suite.h"
#include "tools/commands/target.h"

static char folder[] = "/tmp/leftopen-target-XXXXXX";
enum { NOBODY = 65534 };

static void begin(void) {
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chmod(folder, 0755), 0);
    ck_assert_int_eq(chdir(folder), 0);
}

static void end(void) {
    char command[64];
    snprintf(command, sizeof command, "/bin/rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void make_file(const char *name, const void *bytes, size_t length, mode_t mode) {
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(file, bytes, length), (ssize_t)length);
    ck_assert_int_eq(fchmod(file, mode), 0);
    close(file);
}

static void make_script(const char *name, const char *text) { make_file(name, text, strlen(text), 0755); }

/* A copy of a dynamic program, for tests that change a few bytes of it. */
static size_t read_true(char *bytes, size_t capacity) {
    int file = open("/bin/true", O_RDONLY);
    ssize_t length = read(file, bytes, capacity);
    ck_assert_int_gt(length, 0);
    close(file);
    return (size_t)length;
}
static char image[1 << 20];

static enum target_state look(const char *program, const char *reason) {
    struct target target;
    enum target_state state = target_look(program, &target);
    if (reason)
        ck_assert_msg(target.reason && strstr(target.reason, reason), "%s %s", program,
                      target.reason ? target.reason : "(no reason)");
    else
        ck_assert_msg(!target.reason, "%s %s", program, target.reason);
    target_end(&target);
    return state;
}

#define LOOK(program, state, reason) ck_assert_int_eq(look(program, reason), state)

static bool compile(const char *options) {
    char command[256];
    make_script("p.c", "int main(void) { return 0; }\n");
    snprintf(command, sizeof command, "${CC:-gcc} %s -o p p.c 2>/dev/null", options);
    return system(command) == 0;
}

START_TEST(a_dynamic_program_is_watchable) {
    LOOK("/bin/true", TARGET_WATCHABLE, NULL);
    LOOK("true", TARGET_WATCHABLE, NULL);
}
END_TEST

START_TEST(the_loader_itself_is_watchable) { LOOK("/lib64/ld-linux-x86-64.so.2", TARGET_WATCHABLE, NULL); }
END_TEST

START_TEST(static_programs_are_not) {
    if (!compile("-static"))
        SKIP_TEST("no static libc");
    LOOK("./p", TARGET_UNWATCHABLE, "is statically linked");
    ck_assert(compile("-static-pie"));
    LOOK("./p", TARGET_UNWATCHABLE, "is statically linked");
    make_script("script", "#!./p\n");
    LOOK("./script", TARGET_UNWATCHABLE, "is run by ./p, which is statically linked");
}
END_TEST

START_TEST(other_machines_are_named) {
    size_t length = read_true(image, sizeof image);
    Elf64_Ehdr *header = (Elf64_Ehdr *)image;
    header->e_machine = EM_AARCH64;
    make_file("arm", image, length, 0755);
    LOOK("./arm", TARGET_UNWATCHABLE, "for 64-bit ARM");
    memset(image, 0, sizeof(Elf32_Ehdr));
    Elf32_Ehdr *small = (Elf32_Ehdr *)image;
    memcpy(small->e_ident, "\177ELF\1\1\1", 7);
    small->e_machine = EM_386;
    small->e_version = EV_CURRENT;
    small->e_ehsize = sizeof *small;
    make_file("small", image, sizeof *small, 0755);
    LOOK("./small", TARGET_UNWATCHABLE, "for 32-bit x86");
}
END_TEST

static void replace_loader(const char *loader) {
    static const char old[] = "/lib64/ld-linux-x86-64.so.2";
    size_t length = read_true(image, sizeof image);
    char *place = memmem(image, length, old, sizeof old);
    ck_assert_ptr_nonnull(place);
    memset(place, 0, sizeof old);
    memcpy(place, loader, strlen(loader));
    make_file("p", image, length, 0755);
}

START_TEST(musl_is_named) {
    replace_loader("/lib/ld-musl-x86_64.so.1");
    LOOK("./p", TARGET_UNWATCHABLE, "musl");
}
END_TEST

START_TEST(a_missing_loader_is_named) {
    replace_loader("/lib/ld-none.so.1");
    LOOK("./p", TARGET_CANNOT_EXECUTE, "its loader /lib/ld-none.so.1: No such file");
}
END_TEST

START_TEST(damaged_elf_files_are_left_to_the_kernel) {
    size_t length = read_true(image, sizeof image);
    static char original[sizeof image];
    memcpy(original, image, length);
    for (size_t cut = 4; cut < length; cut = cut * 3 / 2) {
        make_file("cut", original, cut, 0755);
        struct target target;
        enum target_state state = target_look("./cut", &target);
        ck_assert(state == TARGET_WATCHABLE || state == TARGET_UNWATCHABLE);
        target_end(&target);
    }
    unsigned seed = 1;
    for (int round = 0; round < 2000; round++) {
        memcpy(image, original, length);
        for (int i = 0; i < 8; i++)
            image[16 + rand_r(&seed) % 1000] = (char)rand_r(&seed);
        make_file("wild", image, length, 0755);
        struct target target;
        target_look("./wild", &target);
        target_end(&target);
    }
}
END_TEST

START_TEST(an_address_sanitizer_is_seen) {
    if (!compile("-fsanitize=address"))
        SKIP_TEST("no libasan");
    struct target target;
    ck_assert_int_eq(target_look("./p", &target), TARGET_WATCHABLE);
    ck_assert(target.address_sanitizer);
    target_end(&target);
    ck_assert_int_eq(target_look("/bin/true", &target), TARGET_WATCHABLE);
    ck_assert(!target.address_sanitizer);
    target_end(&target);
}
END_TEST

START_TEST(privileges_that_we_have_not_got) {
    if (getuid() != 0)
        SKIP_TEST("only root can make setuid programs of others");
    size_t length = read_true(image, sizeof image);
    make_file("p", image, length, 0755);
    ck_assert_int_eq(chmod("p", 04755), 0);
    LOOK("./p", TARGET_WATCHABLE, NULL); /* root's own */
    ck_assert_int_eq(chown("p", NOBODY, (gid_t)-1), 0);
    ck_assert_int_eq(chmod("p", 04755), 0);
    LOOK("./p", TARGET_UNWATCHABLE, "is setuid to user 65534");
    make_script("script", "#!./p\n");
    LOOK("./script", TARGET_UNWATCHABLE, "is run by ./p, which is setuid");
    ck_assert_int_eq(chown("p", 0, NOBODY), 0);
    ck_assert_int_eq(chmod("p", 02755), 0);
    LOOK("./p", TARGET_UNWATCHABLE, "is setgid to group 65534");
    ck_assert_int_eq(chmod("p", 02745), 0); /* without group execution the bit means something else */
    LOOK("./p", TARGET_WATCHABLE, NULL);
}
END_TEST

START_TEST(file_capabilities_count_for_others_than_root) {
    /* struct vfs_cap_data of linux/capability.h: revision 2, effective, CAP_NET_RAW permitted */
    static const unsigned data[5] = {0x02000001, 1u << 13, 0, 0, 0};
    size_t length = read_true(image, sizeof image);
    make_file("p", image, length, 0755);
    if (getuid() != 0)
        SKIP_TEST("only root can give file capabilities");
    if (setxattr("p", "security.capability", data, sizeof data, 0) != 0)
        SKIP_TEST("the file system of /tmp has no capabilities");
    LOOK("./p", TARGET_WATCHABLE, NULL);
    ck_assert_int_eq(setresuid(NOBODY, NOBODY, 0), 0); /* the real user counts; root cleans up */
    LOOK("./p", TARGET_UNWATCHABLE, "has file capabilities");
    ck_assert_int_eq(setresuid(0, 0, 0), 0);
}
END_TEST

START_TEST(what_cannot_be_executed) {
    LOOK("./nothing", TARGET_NOT_FOUND, "does not exist");
    LOOK("/etc/passwd/x", TARGET_NOT_FOUND, "does not exist");
    LOOK("", TARGET_NOT_FOUND, "empty");
    LOOK("no-such-program-anywhere", TARGET_NOT_FOUND, "was not found in PATH");
    LOOK("/tmp", TARGET_CANNOT_EXECUTE, "is a directory");
    LOOK("/dev/null", TARGET_CANNOT_EXECUTE, "is not a regular file");
    make_file("data", "#!/bin/sh\n", 10, 0644);
    LOOK("./data", TARGET_CANNOT_EXECUTE, "is not executable");
}
END_TEST

START_TEST(scripts_are_followed) {
    make_script("plain", "#!/bin/sh\n");
    make_script("blanks", "#! \t /bin/sh -e\n");
    make_script("nested", "#!./plain\n");
    make_script("gone", "#!/no/such/interpreter\n");
    make_script("folder", "#!/tmp\n");
    make_script("loop", "#!./loop\n");
    LOOK("./plain", TARGET_WATCHABLE, NULL);
    LOOK("./blanks", TARGET_WATCHABLE, NULL);
    LOOK("./nested", TARGET_WATCHABLE, NULL);
    LOOK("./gone", TARGET_CANNOT_EXECUTE, "is run by /no/such/interpreter, which does not exist");
    LOOK("./folder", TARGET_CANNOT_EXECUTE, "is run by /tmp, which is a directory");
    LOOK("./loop", TARGET_CANNOT_EXECUTE, "too many");
}
END_TEST

START_TEST(plain_text_is_for_the_shell) {
    struct target target;
    make_script("text", "echo hello\n");
    make_script("empty", "");
    make_script("lonely", "#!\n");
    make_file("binary", "a\0b", 3, 0755);
    ck_assert_int_eq(target_look("./text", &target), TARGET_WATCHABLE);
    ck_assert(target.is_plain_text);
    char *argv[] = {"text", "one", "two", NULL};
    char **shell = target_shell_arguments(&target, argv);
    ck_assert_str_eq(shell[0], "/bin/sh");
    ck_assert_str_eq(shell[1], "./text");
    ck_assert_str_eq(shell[2], "one");
    ck_assert_str_eq(shell[3], "two");
    ck_assert_ptr_null(shell[4]);
    free(shell);
    target_end(&target);
    ck_assert_int_eq(target_look("./empty", &target), TARGET_WATCHABLE);
    ck_assert(target.is_plain_text);
    target_end(&target);
    ck_assert_int_eq(target_look("./lonely", &target), TARGET_WATCHABLE);
    ck_assert(target.is_plain_text);
    target_end(&target);
    ck_assert_int_eq(target_look("./binary", &target), TARGET_WATCHABLE);
    ck_assert(!target.is_plain_text);
    target_end(&target);
}
END_TEST

static void found_at(const char *path_variable, const char *program, const char *expected) {
    struct target target;
    if (path_variable)
        setenv("PATH", path_variable, 1);
    else
        unsetenv("PATH");
    target_look(program, &target);
    ck_assert_ptr_nonnull(target.path);
    ck_assert_str_eq(target.path, expected);
    target_end(&target);
}

START_TEST(path_is_searched_as_execvp_does) {
    mkdir("one", 0755);
    mkdir("two", 0755);
    mkdir("one/tool", 0755); /* a directory is passed over */
    make_script("two/tool", "#!/bin/sh\n");
    make_script("here", "#!/bin/sh\n");
    make_file("one/closed", "", 0, 0644); /* and so is what may not be executed */
    make_script("two/closed", "#!/bin/sh\n");
    make_file("one/only", "", 0, 0644);
    found_at("one:two", "tool", "two/tool");
    found_at("one:two", "closed", "two/closed");
    found_at("one::two", "here", "here"); /* an empty entry is the current directory */
    found_at("one:", "here", "here");
    found_at("/nowhere:two", "tool", "two/tool");
    found_at(NULL, "true", "/bin/true");
    found_at("one", "two/tool", "two/tool"); /* a slash: no search */
    setenv("PATH", "one:two", 1);
    LOOK("only", TARGET_CANNOT_EXECUTE, "may not be executed");
    if (geteuid() == 0) { /* a folder that is closed to us hides nothing that we knew of */
        mkdir("closed", 0700);
        setenv("PATH", "closed:one", 1);
        ck_assert_int_eq(seteuid(NOBODY), 0);
        LOOK("nothing", TARGET_NOT_FOUND, "was not found");
        ck_assert_int_eq(seteuid(0), 0);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tool_target");
    TCase *tests = tcase_create("target");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, a_dynamic_program_is_watchable);
    tcase_add_test(tests, the_loader_itself_is_watchable);
    tcase_add_test(tests, static_programs_are_not);
    tcase_add_test(tests, other_machines_are_named);
    tcase_add_test(tests, musl_is_named);
    tcase_add_test(tests, a_missing_loader_is_named);
    tcase_add_test(tests, damaged_elf_files_are_left_to_the_kernel);
    tcase_add_test(tests, an_address_sanitizer_is_seen);
    tcase_add_test(tests, privileges_that_we_have_not_got);
    tcase_add_test(tests, file_capabilities_count_for_others_than_root);
    tcase_add_test(tests, what_cannot_be_executed);
    tcase_add_test(tests, scripts_are_followed);
    tcase_add_test(tests, plain_text_is_for_the_shell);
    tcase_add_test(tests, path_is_searched_as_execvp_does);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
