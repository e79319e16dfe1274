/* What a report says of the state that a handle is in, of its relatives, and of who closes its like: with real
 * objects of the kernel, when a program has ended and while it runs. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/run.h"
#include "tests/suite.h"

static const char *library, *tool, *program;

enum { CANNOT_BE_HAD = 77 };

/* ---- at the end ---- */

/* The report on a program that has made these and ended. */
static struct run ended(const char *option, const char *scene) {
    return run(&(struct run_request){.words = WORDS(tool, "run", "--exitcode=23", option, program, scene)});
}

static void has(const char *text, const char *part) {
    ck_assert_msg(strstr(text, part), "no '%s' in:\n%s", part, text);
}

/* ---- while it runs ---- */

struct beside {
    pid_t pid;
    int in, out;
};

/* False: it cannot be had here. */
static bool start(struct beside *beside, const char *scene) {
    int in[2], out[2];
    char said[8] = "";
    ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(in[0], 0);
        dup2(out[1], 1);
        close_range(3, ~0u, 0);
        setenv("LD_PRELOAD", library, 1);
        setenv("LEFTOPEN_OPTIONS", "report=none", 1);
        execl(program, program, scene, "wait", NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    *beside = (struct beside){pid, in[1], out[0]};
    return read(beside->out, said, 6) == 6;
}

static int stop(struct beside *beside) {
    int status;
    close(beside->in);
    close(beside->out);
    kill(beside->pid, SIGKILL);
    waitpid(beside->pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

static const char *word(pid_t pid) {
    static char text[16];
    snprintf(text, sizeof text, "%d", (int)pid);
    return text;
}

static struct run living(const struct beside *beside, const char *option) {
    struct run report = run(&(struct run_request){.words = WORDS(tool, "report", option, word(beside->pid))});
    ck_assert_int_eq(report.status, 0);
    return report;
}

/* The kernel's part that tells of local sockets may be one that would have to be loaded. */
static bool tells_local_ends(void) {
    return access("/sys/module/unix_diag", F_OK) == 0 || access("/proc/modules", F_OK) != 0;
}

/* ---- states ---- */

static const struct {
    const char *scene;
    const char *at_end, *meanwhile; /* parts of a line; NULL: nothing is asked */
    const char *fact;               /* a member of JSON's state at the end, or NULL */
} states[] = {
    {"deleted", "(deleted)   pins ", "(deleted)   pins ", "pinned_bytes"},
    {"flocked", "   holds a write lock   ", "   holds a write lock   ", "locks"},
    {"read-locked", "   holds a read lock   ", "   holds a read lock   ", "locks"},
    {"full-pipe", "   read end, 5 bytes unread", "   read end", "unread"},
    {"deserted-pipe", "   read end, other end closed   ", "   read end   ", "peer_gone"},
    {"pair", "   3 bytes unread", NULL, "unread"},
    {"close-wait", " CLOSE_WAIT   6 bytes unread", " CLOSE_WAIT   6 bytes unread", "unread"},
    {"queue", " LISTEN   1 connection not accepted", " LISTEN   1 connection not accepted", "waiting"},
    {"congested", "iB unsent", "iB unsent", "unsent"},
    {"refused", " CLOSE   open ", NULL, NULL},
    {"netlink", "  fd 3   netlink protocol 15   ", "  fd 3   netlink protocol 15   ", NULL},
    {"epoll", "   2 descriptors watched   ", "   2 descriptors watched   ", "watches"},
    {"timer", "   due in 4h59m, then every 2h00m   ", "   due in 4h59m, then every 2h00m   ", "timer"},
    {"idle-timer", "   not armed   ", "   not armed   ", "timer"},
    {"event", "   count 23 unread   ", "   count 23 unread   ", "count"},
    {"notify", "   1 file watched   ", "   1 file watched   ", "watched_files"},
    {"memory", "   64 KiB   ", "   64 KiB   ", "size"},
    {"process", "   of process ", "   of process ", "of_pid"},
    {"terminal", "   of /dev/pts/", "   of /dev/pts/", "terminal"},
    {"ended-child", "child ended with 3, not waited for   ", "child ended with 3, not waited for   ", "child"},
    {"running-child", "child runs", "child runs", "child"},
};

static bool has_fact(const char *text, const char *fact) {
    json_t *report = json_loads(text, 0, NULL), *site, *handle;
    size_t i, k;
    bool is_there = false;
    ck_assert_msg(report, "%s", text);
    json_array_foreach(json_object_get(report, "sites"), i, site)
        json_array_foreach(json_object_get(site, "handles"), k, handle) is_there |=
        json_object_get(json_object_get(handle, "state"), fact) != NULL;
    json_decref(report);
    return is_there;
}

START_TEST(states_are_told_at_the_end) {
    const char *scene = states[_i].scene;
    struct run text = ended("--color=never", scene), json = ended("--format=json", scene);
    if (text.status == CANNOT_BE_HAD)
        SKIP_TEST(scene);
    has(text.error, states[_i].at_end);
    ck_assert_msg(!states[_i].fact || has_fact(json.error, states[_i].fact), "no %s in %s", states[_i].fact,
                  json.error);
    run_free(&json);
    run_free(&text);
}
END_TEST

START_TEST(all_that_are_shown_have_their_state) {
    struct run text = ended("--color=never", "pipes");
    has(text.error, "12 pipes");
    has(text.error, "and 2 more");
    ck_assert_uint_eq(run_count(text.error, "]   read end, 5 bytes unread, "), 5);
    ck_assert_uint_eq(run_count(text.error, "]   write end, "), 5);
    run_free(&text);
}
END_TEST

START_TEST(states_are_told_meanwhile) {
    /* proves: the same, and the program has as many descriptors as before */
    struct beside beside;
    char folder[64];
    if (!states[_i].meanwhile)
        return;
    if (!start(&beside, states[_i].scene)) {
        ck_assert_int_eq(stop(&beside), CANNOT_BE_HAD);
        SKIP_TEST(states[_i].scene);
    }
    snprintf(folder, sizeof folder, "/proc/%d/fd", (int)beside.pid);
    int before = run_entries(folder);
    struct run report = living(&beside, "--color=never");
    has(report.out, states[_i].meanwhile);
    ck_assert_int_eq(run_entries(folder), before);
    run_free(&report);
    stop(&beside);
}
END_TEST

START_TEST(local_ends_are_told_meanwhile) {
    struct beside beside;
    if (!tells_local_ends())
        SKIP_TEST("this kernel would have to load a module to tell of local sockets");
    ck_assert(start(&beside, "pair"));
    struct run report = living(&beside, "--color=never");
    has(report.out, "   3 bytes unread");
    run_free(&report);
    stop(&beside);
}
END_TEST

/* As in a container: these calls are refused. */
static void refuse(const void *nothing) {
#define REFUSE(call)                                                                                           \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        REFUSE(SYS_kcmp),
        REFUSE(SYS_socket),
        REFUSE(SYS_waitid),
        REFUSE(SYS_ioctl),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog rules = {sizeof filter / sizeof *filter, filter};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &rules);
}

static bool can_refuse(void) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        refuse(NULL);
        _exit(syscall(SYS_socket, 0, 0, 0) == -1 && errno == EPERM);
    }
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

START_TEST(what_may_not_be_asked_is_left_out) {
    /* proves: refusals change no word but those that depend on them, and are not told */
    if (!can_refuse())
        SKIP_TEST("no filter of system calls can be had here");
    struct run end = run(&(struct run_request){
        .words = WORDS(tool, "--color=never", program, "full-pipe", "pair"), .prepare = refuse});
    has(end.error, "]   read end");
    ck_assert(!strstr(end.error, "unread"));
    has(end.error, "4 handles left open at 2 sites (2 sockets, 2 pipes); 4 released, 0 failed\n");
    struct beside beside;
    ck_assert(start(&beside, "full-pipe"));
    struct run report = run(&(struct run_request){
        .words = WORDS(tool, "report", "--color=never", word(beside.pid)), .prepare = refuse});
    ck_assert_str_eq(report.error, "");
    has(report.out, "]   read end");
    run_free(&report);
    run_free(&end);
    stop(&beside);
}
END_TEST

/* ---- relatives ---- */

static const struct {
    const char *scene;
    const char *parts[4];
} families[] = {
    {"duplicates",
     {"]   read end, other end fd 4 and fd 5  ", "  fd 4   pipe:[",
      "]   write end, duplicate of fd 5, no end of file for fd 3 while it is open   ",
      "]   write end, duplicate of fd 4, no end of file for fd 3 while it is open   "}},
    {"accepted", {" ESTABLISHED   accepted from fd 3   "}},
    {"epoll", {", in epoll fd 3   ", "]   read end, other end fd 5, in epoll fd 3 "}},
    {"pair", {"  fd 3   unix stream socket:[", "]   3 bytes unread, other end fd 4   ", "other end fd 3 "}},
};

START_TEST(timers_that_are_no_descriptors_are_told_at_the_end) {
    struct run report = ended("--color=never", "signal-timer");
    has(report.error, "  timer 0x0   not armed   ");
    has(report.error, "  timer 0x1   due in 4h59m, then every 2h00m   ");
    run_free(&report);
}
END_TEST

START_TEST(families_are_told_at_the_end) {
    struct run report = ended("--color=never", families[_i].scene);
    for (const char *const *part = families[_i].parts; part < families[_i].parts + 4 && *part; part++)
        has(report.error, *part);
    run_free(&report);
}
END_TEST

START_TEST(families_are_told_meanwhile) {
    struct beside beside;
    bool is_local = !strcmp(families[_i].scene, "pair");
    ck_assert(start(&beside, families[_i].scene));
    struct run report = living(&beside, "--color=never");
    for (const char *const *part = families[_i].parts; !is_local && part < families[_i].parts + 4 && *part;
         part++)
        has(report.out, *part);
    has(report.out, is_local ? "other end fd 3" : "");
    run_free(&report);
    stop(&beside);
}
END_TEST

/* How many relations of that way and descriptor the handles of a number have, in processes that are others, or
 * the same. */
static unsigned related(const json_t *report, int number, const char *way, int to, bool elsewhere) {
    unsigned count = 0;
    size_t i, k, m;
    json_t *site, *handle, *relation;
    json_array_foreach(json_object_get(report, "sites"), i, site)
        json_array_foreach(json_object_get(site, "handles"), k, handle)
            json_array_foreach(json_object_get(handle, "related"), m, relation) count +=
        json_integer_value(json_object_get(handle, "fd")) == number &&
        json_integer_value(json_object_get(relation, "fd")) == to &&
        !strcmp(json_string_value(json_object_get(relation, "relation")), way) &&
        json_is_integer(json_object_get(relation, "pid")) == elsewhere;
    return count;
}

START_TEST(families_go_across_processes) {
    /* proves: what a fork child got is its parent's, under the same number or another one */
    struct run run = ended("--format=json", "heir");
    json_t *report = json_loads(run.error, 0, NULL);
    ck_assert_msg(report, "%s", run.error);
    ck_assert_uint_eq(related(report, 3, "duplicate", 3, true), 1);
    ck_assert_uint_eq(related(report, 3, "other-end", 4, false), 1);
    ck_assert_uint_eq(related(report, 3, "other-end", 5, true), 1);
    ck_assert_uint_eq(related(report, 4, "duplicate", 5, true), 1);
    ck_assert_uint_eq(related(report, 5, "duplicate", 4, false), 1);
    ck_assert_uint_eq(related(report, 5, "duplicate", 4, true), 1);
    ck_assert_uint_eq(related(report, 5, "other-end", 3, true), 1);
    json_decref(report);
    run_free(&run);
}
END_TEST

START_TEST(who_holds_up_an_end_of_file_is_named) {
    /* proves: also by processes that have no record */
    struct beside beside;
    ck_assert(start(&beside, "worker"));
    struct run report = living(&beside, "--color=never");
    has(report.out, "]   read end, duplicate of fd 3 of ");
    has(report.out, " states, other end fd 4 and fd 4 of ");
    has(report.out, "]   write end, duplicate of fd 4 of ");
    has(report.out, " states, no end of file for fd 3 and fd 3 of ");
    has(report.out, " states while it is open   ");
    run_free(&report);
    stop(&beside);
}
END_TEST

START_TEST(handles_are_listed_by_site_and_those_inherited_too) {
    struct beside beside;
    json_int_t held = 0;
    size_t i;
    json_t *site;
    ck_assert(start(&beside, "epoll"));
    const char *const text[] = {tool, "ls", "--handles", word(beside.pid), NULL};
    struct run lines = run(&(struct run_request){.words = text});
    has(lines.out, "\n  fd 3   anon_inode:[eventpoll]   2 descriptors watched   open ");
    has(lines.out, "]   read end, other end fd 5, in epoll fd 3 ");
    has(lines.out, "\nInherited:\n  fd 0   pipe:[");
    const char *const json[] = {tool, "ls", "--handles", "--format=json", word(beside.pid), NULL};
    struct run object = run(&(struct run_request){.words = json});
    json_t *seen = json_loads(object.out, 0, NULL);
    ck_assert_msg(seen, "%s", object.out);
    const json_t *process = json_array_get(json_object_get(seen, "processes"), 0);
    ck_assert_int_eq((int)json_array_size(json_object_get(seen, "inherited")),
                     json_integer_value(json_object_get(process, "inherited")));
    json_array_foreach(json_object_get(seen, "sites"), i, site) {
        ck_assert_int_eq((int)json_array_size(json_object_get(site, "handles")),
                         json_integer_value(json_object_get(site, "open")));
        held += json_integer_value(json_object_get(site, "open"));
    }
    ck_assert_int_eq(held, 3);
    json_decref(seen);
    run_free(&object);
    run_free(&lines);
    stop(&beside);
}
END_TEST

/* ---- who closes ---- */

START_TEST(closers_are_those_of_this_process) {
    /* proves: releases of many threads are added up, those of a fork child are not, and those of the program
     * before an exec are not either */
    const char *then = _i ? "exec" : NULL;
    struct run report =
        run(&(struct run_request){.words = WORDS(tool, "--color=never", program, "closers", then)});
    has(report.error, "Direct leak of 1 file (of 402 opened here, 401 closed), opened at:");
    has(report.error, "  401 of 402 were closed: 400 in close_well tests/targets/states.c:");
    has(report.error, ", 1 in close_badly tests/targets/states.c:");
    has(report.error, "; this one was not\n");
    run_free(&report);
}
END_TEST

START_TEST(pages_tell_closers) {
    struct run report = run(&(struct run_request){.words = WORDS(tool, "--format=html", program, "closers")});
    ck_assert(strstr(report.error, "<p>401 of 402 were closed: 400 in close_well tests/targets/states.c:"));
    run_free(&report);
}
END_TEST

int main(void) {
    enum { STATES = sizeof states / sizeof *states, FAMILIES = sizeof families / sizeof *families };
    char home[128];
    library = run_built("libleftopen.so");
    tool = run_built("leftopen");
    program = run_built("targets/states");
    snprintf(home, sizeof home, "%s/home", run_folder());
    mkdir(home, 0700);
    setenv("XDG_RUNTIME_DIR", home, 1);
    unsetenv("LEFTOPEN_OPTIONS");
    Suite *suite = suite_create("states");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, states_are_told_at_the_end, 0, STATES);
    tcase_add_test(tests, all_that_are_shown_have_their_state);
    tcase_add_loop_test(tests, states_are_told_meanwhile, 0, STATES);
    tcase_add_test(tests, timers_that_are_no_descriptors_are_told_at_the_end);
    tcase_add_loop_test(tests, families_are_told_at_the_end, 0, FAMILIES);
    tcase_add_loop_test(tests, families_are_told_meanwhile, 0, FAMILIES);
    tcase_add_test(tests, families_go_across_processes);
    tcase_add_test(tests, who_holds_up_an_end_of_file_is_named);
    tcase_add_test(tests, handles_are_listed_by_site_and_those_inherited_too);
    tcase_add_test(tests, local_ends_are_told_meanwhile);
    tcase_add_test(tests, what_may_not_be_asked_is_left_out);
    tcase_add_loop_test(tests, closers_are_those_of_this_process, 0, 2);
    tcase_add_test(tests, pages_tell_closers);
    return suite_run(suite);
}
