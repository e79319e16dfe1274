/* What comes early or is odd: other libraries preloaded too, namespaces of the loader, sanitizers, standard
 * descriptors that are not there, descriptors that libc opens for itself. The program must not notice us, and
 * what it forgot is reported once. */
#include <check.h>
#include <jansson.h>
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/run.h"
#include "tests/suite.h"

static const char *library, *tool, *copy;

static const char *target(const char *name) {
    char path[80];
    snprintf(path, sizeof path, "targets/%s", name);
    return run_built(path);
}

static json_t *parse(const char *text) {
    json_error_t error;
    json_t *report = text ? json_loads(text, 0, &error) : NULL;
    ck_assert_msg(report, "not a report:\n%s", text ? text : "no file");
    return report;
}

static json_int_t summary_of(const json_t *report, const char *key) {
    return json_integer_value(json_object_get(json_object_get(report, "summary"), key));
}

/* Compiles `source` with `flags` into the folder of the tests; NULL if that is not possible here. */
static const char *build(const char *name, const char *source, const char *flags) {
    static char path[PATH_MAX];
    char command[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", run_folder(), name);
    snprintf(command, sizeof command, "${CC:-gcc} -g -D_GNU_SOURCE -fno-builtin %s -o %s %s 2>/dev/null",
             source, path, flags);
    return system(command) == 0 ? path : NULL;
}

/* ---- other preloads ---- */

#define DEBIAN "/usr/lib/x86_64-linux-gnu/"

static const struct {
    const char *name, *other; /* NULL: a second copy of ours */
} stacks[] = {
    {"libeatmydata", DEBIAN "libeatmydata.so"},
    {"libjemalloc", DEBIAN "libjemalloc.so.2"},
    {"libfakeroot", DEBIAN "libfakeroot/libfakeroot-tcp.so"},
    {"a second copy", NULL},
};
enum { STACKS = sizeof stacks / sizeof stacks[0] };

static struct run run_ends(const char *preload) {
    return run(&(struct run_request){
        .words = WORDS(target("ends"), "return"), .folder = run_folder(), .preload = preload});
}

static void check_ends(const char *what, const struct run *watched, const struct run *bare) {
    ck_assert_msg(watched->status == bare->status, "%s: status %d\n%s", what, watched->status, watched->error);
    ck_assert_str_eq(watched->out, bare->out);
    ck_assert_msg(run_count(watched->error, "SUMMARY: leftopen: ") == 1, "%s: not one report:\n%s", what,
                  watched->error);
    ck_assert_msg(strstr(watched->error, "2 handles left open at 2 sites (1 socket, 1 stream); 2 released"),
                  "%s:\n%s", what, watched->error);
    char path[128];
    snprintf(path, sizeof path, "%s/unwritten", run_folder());
    ck_assert_str_eq(run_file(path), "data\n");
}

static void stack(int index, bool ours_first) {
    const char *other = stacks[index].other ? stacks[index].other : copy;
    char preload[2 * PATH_MAX];
    if (access(other, R_OK)) {
        suite_skip("%s preloaded too: %s is not there", stacks[index].name, other);
        return;
    }
    snprintf(preload, sizeof preload, "%s:%s", ours_first ? library : other, ours_first ? other : library);
    struct run bare = run_ends(stacks[index].other);
    struct run watched = run_ends(preload);
    check_ends(stacks[index].name, &watched, &bare);
}

START_TEST(before_another_preload) { stack(_i, true); }
END_TEST
START_TEST(behind_another_preload) { stack(_i, false); }
END_TEST

START_TEST(fakeroot_keeps_its_promise) {
    if (system("command -v fakeroot >/dev/null"))
        SKIP_TEST("fakeroot is not there");
    struct run watched = run(&(struct run_request){
        .words = WORDS(tool, "fakeroot", "sh", "-c", "touch a && chown 12:34 a && stat -c %u:%g a"),
        .folder = run_folder()});
    ck_assert_msg(!strcmp(watched.out, "12:34\n"), "%s%s", watched.out, watched.error);
    watched = run(&(struct run_request){.words = WORDS("fakeroot", tool, target("forget"), "3", "0"),
                                        .folder = run_folder()});
    ck_assert_msg(watched.status == 23 && strstr(watched.error, "SUMMARY: leftopen: 3 handles"),
                  "status %d\n%s", watched.status, watched.error);
}
END_TEST

/* ---- the loader ---- */

static const struct {
    const char *way, *note; /* what the report says of it */
    int left_open;
} binds[] = {
    {"plain", NULL, 2},
    {"deep", "RTLD_DEEPBIND", 1},
    {"apart", "dlmopen", 1},
};
enum { BINDS = sizeof binds / sizeof binds[0] };

START_TEST(what_goes_past_us_is_noted) {
    const char *const words[] = {target("binds"), binds[_i].way, target("libplugin.so"), NULL};
    struct run bare = run(&(struct run_request){.words = words});
    struct run watched = run(&(struct run_request){.words = words, .preload = library});
    ck_assert_int_eq(watched.status, bare.status);
    ck_assert_str_eq(watched.out, bare.out);
    char summary[64];
    snprintf(summary, sizeof summary, "SUMMARY: leftopen: %d handle%s left open", binds[_i].left_open,
             binds[_i].left_open == 1 ? "" : "s");
    ck_assert_msg(strstr(watched.error, summary), "%s: %s", binds[_i].way, watched.error);
    ck_assert_msg(!binds[_i].note || strstr(watched.error, binds[_i].note), "%s: no note:\n%s", binds[_i].way,
                  watched.error);
    ck_assert_msg(binds[_i].note || !strstr(watched.error, "note: "), "%s: a note:\n%s", binds[_i].way,
                  watched.error);
}
END_TEST

/* ---- what libraries keep to the end ---- */

static const struct {
    const char *library; /* all but libunwind are made here, after what those of that name do */
    const char *call, *reason;
    const char *program; /* its name, NULL: any */
} kept[] = {
    {"libglib-2.0.so.0", "g_main_context_default", "left out by a built-in rule: GLib keeps the main contexts"},
    {"libglib-2.0.so.0", "g_main_context_new", NULL},
    {"libgio-2.0.so.0", "g_file_monitor", "left out by a built-in rule: GIO keeps its inotify"},
    {"libgio-2.0.so.0", "g_main_context_new", NULL},
    {"libgio-2.0.so.0", "g_subprocess_new", "left out by a built-in rule: GIO's own thread closes the pidfd"},
    {"libglib-2.0.so.0", "g_child_watch_source_new", NULL},
    {"libruby-3.1.so.3.1", "ruby_setup", "left out by a built-in rule: ruby keeps the eventfds"},
    {"libruby-3.1.so.3.1", "rb_cloexec_open", NULL},
    {"libuv.so.1", "uv_default_loop", "left out by a built-in rule: node keeps its default event loop", "node"},
    {"libuv.so.1", "uv_loop_init", NULL, "node"},
    {"libuv.so.1", "uv_default_loop", NULL},
    {"zshell.so", "source", "left out by a built-in rule: a shell reads its script to the end", "zsh"},
    {"zshell.so", "bin_sysopen", NULL, "zsh"},
    {"zshell.so", "source", NULL},
    {"libunwind.so.8", "unw_backtrace", "left out by a built-in rule: libunwind keeps the pipe"},
};
enum { KEPT = sizeof kept / sizeof kept[0] };

static const char *keeps_as(const char *name) {
    static char path[PATH_MAX];
    if (!name)
        return target("keeps");
    snprintf(path, sizeof path, "%s/%s", run_folder(), name);
    ck_assert(symlink(target("keeps"), path) == 0 || errno == EEXIST);
    return path;
}

START_TEST(what_a_library_keeps_for_itself_is_nobodys_fault) {
    bool is_made_here = strncmp(kept[_i].library, "libunwind", 9) != 0;
    const char *keeper = is_made_here ? build(kept[_i].library, "tests/targets/libcontexts.c", "-shared -fPIC")
                                      : kept[_i].library;
    ck_assert_ptr_nonnull(keeper);
    struct run watched = run(&(struct run_request){
        .words = WORDS(tool, "--verbosity=1", keeps_as(kept[_i].program), keeper, kept[_i].call)});
    if (watched.status == 77 || atoi(watched.out) == 0)
        SKIP_TEST("this library is not here, or keeps nothing");
    ck_assert_msg(watched.status == (kept[_i].reason ? 0 : 23), "%s: %s", kept[_i].call, watched.error);
    ck_assert_msg(!kept[_i].reason || strstr(watched.error, kept[_i].reason), "%s: %s", kept[_i].call,
                  watched.error);
}
END_TEST

static const char *const kinds[] = {"kinds=default", "kinds=all", "kinds=default+library"};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* Found only through the RUNPATH of whoever calls dlopen. */
START_TEST(dlopen_looks_where_its_caller_would) {
    char command[2 * PATH_MAX];
    snprintf(command, sizeof command, "cp %s %s/libfoundhere.so", target("libplugin.so"), run_folder());
    ck_assert_int_eq(system(command), 0);
    const char *finder = build("finder", "tests/targets/finder.c", "-Wl,--enable-new-dtags,-rpath,'$ORIGIN'");
    ck_assert_ptr_nonnull(finder);
    struct run watched =
        run(&(struct run_request){.words = WORDS(finder), .preload = library, .options = kinds[_i]});
    ck_assert_msg(watched.status == 0 && !strcmp(watched.out, "found\n"), "%s: %s%s", kinds[_i], watched.out,
                  watched.error);
    ck_assert_msg(!strstr(watched.error, "librar"), "%s: %s", kinds[_i], watched.error);
}
END_TEST

/* ---- Valgrind ---- */

START_TEST(valgrind_has_nothing_to_complain_of) {
    if (system("command -v valgrind >/dev/null"))
        SKIP_TEST("valgrind is not installed");
    const char *const with_plugin[] = {"valgrind",    "-q", target("keeps"), target("libplugin.so"),
                                       "plugin_open", NULL};
    const char *const with_threads[] = {"valgrind", "-q", target("misuses"), "reuse_by_threads", NULL};
    const char *const *words = _i ? with_threads : with_plugin;
    struct run bare = run(&(struct run_request){.words = words});
    if (bare.status || *bare.error)
        SKIP_TEST("valgrind does not run here");
    struct run watched =
        run(&(struct run_request){.words = words, .preload = library, .options = "report=none"});
    ck_assert_int_eq(watched.status, bare.status);
    ck_assert_str_eq(watched.out, bare.out);
    ck_assert_str_eq(watched.error, bare.error);
}
END_TEST

START_TEST(valgrind_does_not_end_a_program_that_is_reported) {
    if (system("command -v valgrind >/dev/null"))
        SKIP_TEST("valgrind is not installed");
    const char *const words[] = {"valgrind", "-q", target("attacks"), "nothing", NULL};
    struct run bare = run(&(struct run_request){.words = words});
    if (bare.status || *bare.error)
        SKIP_TEST("valgrind does not run here");
    struct run watched = run(&(struct run_request){.words = words, .preload = library});
    ck_assert_msg(watched.status == 0, "%s", watched.error);
    ck_assert_msg(strstr(watched.error, "SUMMARY: leftopen: 1 handle left open at 1 site"), "%s",
                  watched.error);
}
END_TEST

/* ---- sanitizers ---- */

static const char *const sanitizers[] = {"address", "thread", "undefined"};
enum { SANITIZERS = sizeof sanitizers / sizeof sanitizers[0] };

START_TEST(a_sanitized_program_reports_too) {
    char flags[64];
    snprintf(flags, sizeof flags, "-fsanitize=%s", sanitizers[_i]);
    const char *program = build("sanitized", "tests/targets/forget.c", flags);
    if (!program)
        SKIP_TEST("a sanitizer is not there");
    struct run bare = run(&(struct run_request){.words = WORDS(program, "3", "0")});
    if (bare.status)
        SKIP_TEST("a sanitizer does not run here");
    struct run watched = run(&(struct run_request){.words = WORDS(tool, program, "3", "0")});
    ck_assert_msg(watched.status == 23, "%s: status %d\n%s", sanitizers[_i], watched.status, watched.error);
    ck_assert_msg(
        strstr(watched.error, "SUMMARY: leftopen: 3 handles left open at 1 site (3 files); 3 released"),
        "%s: %s", sanitizers[_i], watched.error);
    ck_assert_msg(!strstr(watched.error, "Sanitizer"), "%s: %s", sanitizers[_i], watched.error);
    watched = run(&(struct run_request){.words = WORDS(tool, program, "0", "5")});
    ck_assert_msg(watched.status == 5 && !*watched.error, "%s: status %d\n%s", sanitizers[_i], watched.status,
                  watched.error);
}
END_TEST

/* ---- standard descriptors that are not there ---- */

enum { COMBINATIONS = 8, FORGOTTEN = 5 };

static void close_some(const void *mask) {
    for (int fd = 0; fd < 3; fd++)
        if (*(const int *)mask & 1 << fd)
            close(fd);
}

/* The first files get the low numbers, which are never a finding. */
static void check_closed(int mask, bool by_tool) {
    char path[128], option[160];
    snprintf(path, sizeof path, "%s/report-%d-%d%%", run_folder(), mask, by_tool);
    snprintf(option, sizeof option, "%sreport=%s%%", by_tool ? "--" : "format=json:", path);
    struct run watched = run(&(struct run_request){
        .words = by_tool ? WORDS(tool, "--format=json", option, target("forget"), "5", "0")
                         : WORDS(target("forget"), "5", "0"),
        .preload = by_tool ? NULL : library,
        .options = by_tool ? NULL : option,
        .prepare = close_some,
        .argument = &mask});
    ck_assert_msg(watched.status == (by_tool ? 23 : 0), "%d: status %d\n%s", mask, watched.status,
                  watched.error);
    ck_assert_msg(!*watched.out && !*watched.error, "%d: %s%s", mask, watched.out, watched.error);
    json_t *report = parse(run_file(path));
    int left = FORGOTTEN - __builtin_popcount((unsigned)mask);
    ck_assert_msg(summary_of(report, "left_open") == left && summary_of(report, "released") == left,
                  "%d: not %d", mask, left);
    json_decref(report);
}

START_TEST(standard_descriptors_may_be_closed) { check_closed(_i, false); }
END_TEST
START_TEST(for_the_tool_too) { check_closed(_i, true); }
END_TEST

/* ---- constructors before ours ---- */

START_TEST(calls_before_our_start_work) {
    char first[PATH_MAX], both[2 * PATH_MAX];
    snprintf(first, sizeof first, "%s", target("libfirst.so"));
    snprintf(both, sizeof both, "%s %s", library, first);
    struct run bare = run(&(struct run_request){.words = WORDS(target("forget")), .preload = first});
    struct run watched = run(&(struct run_request){.words = WORDS(target("forget")), .preload = both});
    ck_assert_int_eq(bare.status, 0);
    ck_assert_msg(watched.status == 0, "status %d\n%s%s", watched.status, watched.out, watched.error);
    ck_assert_str_eq(watched.out, bare.out);
    ck_assert_uint_ge(run_count(bare.out, "\n"), 30);
    ck_assert_uint_eq(run_count(watched.error, "1 handle left open at 1 site (1 file); 1 released"), 1);
}
END_TEST

/* ---- filters from before the start ---- */

/* `answer` for the calls that make a record, which a program of its own would not need. */
static void filtered(const void *answer) {
    static const int numbers[] = {SYS_flock, SYS_ftruncate, SYS_madvise, SYS_getrandom, SYS_readlink};
    enum { NUMBERS = sizeof numbers / sizeof numbers[0] };
    struct sock_filter code[2 * NUMBERS + 2] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    size_t count = 1;
    for (size_t i = 0; i < NUMBERS; i++) {
        code[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)numbers[i], 0, 1);
        code[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, *(const unsigned *)answer);
    }
    code[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = {(unsigned short)count, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
        _exit(2);
}

START_TEST(a_filter_that_refuses_does_no_harm) {
    static const unsigned refuse = SECCOMP_RET_ERRNO | EPERM;
    struct run watched = run(&(struct run_request){
        .words = WORDS(target("forget")), .preload = library, .prepare = filtered, .argument = &refuse});
    ck_assert_msg(watched.status == 0, "status %d\n%s", watched.status, watched.error);
    ck_assert_uint_eq(run_count(watched.error, "SUMMARY: leftopen: 1 handle left open at 1 site"), 1);
}
END_TEST

START_TEST(a_filter_that_kills_spares_who_is_left_out) {
    static const unsigned kill = SECCOMP_RET_KILL_PROCESS;
    struct run watched = run(&(struct run_request){.words = WORDS(target("forget")),
                                                   .preload = library,
                                                   .options = "skip=forget",
                                                   .prepare = filtered,
                                                   .argument = &kill});
    ck_assert_msg(watched.status == 0 && !*watched.error, "status %d\n%s", watched.status, watched.error);
}
END_TEST

/* ---- what libc opens for itself ---- */

START_TEST(what_libc_keeps_is_nobodys_fault) {
    struct run bare = run(&(struct run_request){.words = WORDS(target("own_of_libc")), .folder = run_folder()});
    struct run watched = run(&(struct run_request){
        .words = WORDS(target("own_of_libc")), .folder = run_folder(), .preload = library});
    ck_assert_int_eq(bare.status, 0);
    ck_assert_int_ge(atoi(bare.out), 2);
    ck_assert_int_eq(watched.status, 0);
    ck_assert_str_eq(watched.out, bare.out);
    ck_assert_msg(!*watched.error, "%s", watched.error);
}
END_TEST

START_TEST(what_libc_keeps_is_counted_as_unseen) {
    struct run bare = run(&(struct run_request){.words = WORDS(target("own_of_libc")), .folder = run_folder()});
    struct run watched = run(&(struct run_request){.words = WORDS(target("own_of_libc"), "forget"),
                                                   .folder = run_folder(),
                                                   .preload = library,
                                                   .options = "format=json"});
    json_t *report = parse(watched.error);
    ck_assert_int_eq(summary_of(report, "left_open"), 1);
    ck_assert_int_eq(summary_of(report, "unseen"), atoi(bare.out));
    ck_assert_int_eq(summary_of(report, "misuses"), 0);
    ck_assert_int_eq(atoi(watched.out), atoi(bare.out) + 1);
    json_decref(report);
}
END_TEST

/* Also where the program acquires nothing that we see: then the list is all there is to tell. */
START_TEST(what_libc_keeps_is_listed_when_asked) {
    struct run bare = run(&(struct run_request){.words = WORDS(target("own_of_libc")), .folder = run_folder()});
    struct run watched = run(&(struct run_request){.words = WORDS(target("own_of_libc")),
                                                   .folder = run_folder(),
                                                   .preload = library,
                                                   .options = "format=json:unseen=1"});
    ck_assert_int_eq(watched.status, 0);
    json_t *report = parse(watched.error), *list = json_object_get(report, "unseen"), *unseen;
    ck_assert_int_eq(summary_of(report, "left_open"), 0);
    ck_assert_uint_eq(json_array_size(list), (size_t)atoi(bare.out));
    size_t i, known = 0;
    json_array_foreach(list, i, unseen) {
        const char *what = json_string_value(json_object_get(unseen, "what"));
        known += what && strcmp(what, "/etc/passwd") == 0;
    }
    ck_assert_uint_eq(known, 1);
    json_decref(report);
}
END_TEST

/* A /dev of the program's own, with a listener at /dev/log that lives as long as the program does. */
static void with_log(const void *nothing) {
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int listener = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("none", "/dev", "tmpfs", 0, NULL) || mkdir("/dev/shm", 01777) ||
        mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3)) ||
        bind(listener, (struct sockaddr *)&name, sizeof name) || dup2(listener, 300) < 0)
        _exit(77);
    close(listener);
}

START_TEST(a_connection_to_the_log_is_nobodys_fault) {
    struct run bare = run(&(struct run_request){
        .words = WORDS(target("own_of_libc"), "forget"), .folder = run_folder(), .prepare = with_log});
    if (bare.status == 77)
        SKIP_TEST("no mount namespace of one's own here");
    struct run watched = run(&(struct run_request){.words = WORDS(target("own_of_libc"), "forget"),
                                                   .folder = run_folder(),
                                                   .preload = library,
                                                   .options = "format=json:unseen=1",
                                                   .prepare = with_log});
    ck_assert_int_eq(watched.status, 0);
    ck_assert_str_eq(watched.out, bare.out);
    json_t *report = parse(watched.error);
    ck_assert_int_eq(summary_of(report, "left_open"), 1);
    ck_assert_int_eq(summary_of(report, "unseen"), atoi(bare.out) - 1);
    ck_assert_uint_eq(run_count(watched.error, "\"unix datagram -> /dev/log\""), 1);
    json_decref(report);
}
END_TEST

/* ---- */

static void make_copy(void) {
    static char path[PATH_MAX];
    char command[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s/libcopy.so", run_folder());
    snprintf(command, sizeof command, "cp %s %s && ln -s %s %s/leftopen", library, path, tool, run_folder());
    if (system(command))
        exit(2);
    copy = path;
}

int main(void) {
    library = run_built("libleftopen.so");
    tool = run_built("leftopen");
    make_copy();
    Suite *all = suite_create("odd");
    TCase *group = tcase_create("all");
    tcase_set_timeout(group, 3 * RUN_SECONDS);
    tcase_add_loop_test(group, before_another_preload, 0, STACKS);
    tcase_add_loop_test(group, behind_another_preload, 0, STACKS);
    tcase_add_test(group, fakeroot_keeps_its_promise);
    tcase_add_loop_test(group, what_goes_past_us_is_noted, 0, BINDS);
    tcase_add_loop_test(group, what_a_library_keeps_for_itself_is_nobodys_fault, 0, KEPT);
    tcase_add_loop_test(group, dlopen_looks_where_its_caller_would, 0, KINDS);
    tcase_add_loop_test(group, valgrind_has_nothing_to_complain_of, 0, 2);
    tcase_add_test(group, valgrind_does_not_end_a_program_that_is_reported);
    tcase_add_loop_test(group, a_sanitized_program_reports_too, 0, SANITIZERS);
    tcase_add_loop_test(group, standard_descriptors_may_be_closed, 0, COMBINATIONS);
    tcase_add_loop_test(group, for_the_tool_too, 0, COMBINATIONS);
    tcase_add_test(group, calls_before_our_start_work);
    tcase_add_test(group, a_filter_that_refuses_does_no_harm);
    tcase_add_test(group, a_filter_that_kills_spares_who_is_left_out);
    tcase_add_test(group, what_libc_keeps_is_nobodys_fault);
    tcase_add_test(group, what_libc_keeps_is_counted_as_unseen);
    tcase_add_test(group, what_libc_keeps_is_listed_when_asked);
    tcase_add_test(group, a_connection_to_the_log_is_nobodys_fault);
    suite_add_tcase(all, group);
    return suite_run(all);
}
