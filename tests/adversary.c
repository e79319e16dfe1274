/* What an adversarial reading of the library found: programs that ended otherwise with it, or were not
 * reported. Each row of the table runs four times: bare, with the library, with a copy of it that has no tool
 * beside it (which writes the raw report), and by the tool. What takes more than a row follows. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "tests/run.h"
#include "tests/suite.h"

static const char *library, *tool, *lone;

#define HELD(handles, sites, kinds, released)                                                                  \
    "SUMMARY: leftopen: " handles " left open at " sites " (" kinds "); " released ", 0 failed"
#define ONE(kind) HELD("1 handle", "1 site", "1 " kind, "1 released")
#define UNTOUCHED HELD("1 handle", "1 site", "1 file", "0 released")

enum flag {
    FOLLOW = 1,        /* orphans go on, and may report */
    ROOT = 2,          /* needs root */
    UNHEARD = 4,       /* only the tool can report; a record stays */
    LEAVES_RECORD = 8, /* the report is told, the record is out of reach */
    RAW = 16,          /* no tool may be run in the end: a raw report */
    ANYTHING = 32,     /* standard error cannot be read: nothing is asked of the report */
    STATIC = 64,       /* runs a statically linked program, ../motionless */
    NOT_BY_TOOL = 128  /* another test has it */
};

static const struct attack {
    const char *words; /* @NAME: build/targets/NAME, =NAME: that of the run's folder with NAME behind it */
    int status;
    const char *out;   /* of all runs; NULL: as without us */
    const char *found; /* summary of the report; "": none */
    enum flag flags;
    const char *holds;   /* what the program wrote into the file "data" */
    const char *by_tool; /* summary, where it differs */
    void (*prepare)(const void *argument);
    const char *options; /* beside the folder of records */
} attacks[];

/* ---- preparations, in the child before it becomes the program ---- */

static void inherit_nine(const void *nothing) {
    for (int i = 0; i < 9; i++)
        dup2(STDIN_FILENO, 3 + i);
}

/* Makes `writer` the standard error, nearly full: `room` bytes are read again. Nobody reads the rest, but
 * somebody could: the reading end stays open as standard input. */
static void fill(int writer, int reader, size_t room) {
    char bytes[4096] = "";
    int flags = fcntl(writer, F_GETFL);
    fcntl(writer, F_SETFL, flags | O_NONBLOCK);
    while (write(writer, bytes, 64) > 0)
        ;
    while (room) {
        ssize_t got = read(reader, bytes, room < sizeof bytes ? room : sizeof bytes);
        if (got <= 0)
            _exit(98);
        room -= (size_t)got;
    }
    fcntl(writer, F_SETFL, flags);
    dup2(writer, STDERR_FILENO);
    dup2(reader, STDIN_FILENO);
    close(writer);
    close(reader);
}

static void full_pipe(const void *nothing) {
    int ends[2];
    if (pipe(ends))
        _exit(99);
    fill(ends[1], ends[0], 0);
}

static void full_socket(const void *nothing) {
    int ends[2], small = 4608;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) ||
        setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small))
        _exit(99);
    fill(ends[1], ends[0], 640);
}

static void full_terminal(const void *nothing) {
    struct termios settings;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master);
    unlockpt(master);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    if (tcgetattr(terminal, &settings))
        _exit(99);
    cfmakeraw(&settings);
    tcsetattr(terminal, TCSANOW, &settings);
    fill(terminal, master, 600);
}

/* ---- the table ---- */

static const struct attack attacks[] = {
    /* the yardstick, and that details are shown (asked for by statx, which no dead server holds up) */
    {"@attacks nothing", 0, "", ONE("file")},

    /* a data file that got number 2 */
    {"@attacks closed_stream", 0, "", "", UNHEARD, "data\n", ONE("file")},
    {"@attacks failed_reopen", 0, "", "", UNHEARD, "data\n", ONE("file")},

    /* children in our memory, with our descriptors */
    {"@clones vforks_under_signals", 0, "done\n", ONE("file")},
    {"@clones memory", 0, "3 0\n", ONE("file")},
    {"@clones descriptors", 0, "1\n", ONE("file"), FOLLOW},
    {"@generations", 0, "0 more\n", ""},
    {"@attacks filtered_fork", 0, "exited 3\n", "", UNHEARD, .by_tool = UNTOUCHED},
    {"@attacks filtered_vfork", 0, "exited 3\n", "", UNHEARD, .by_tool = UNTOUCHED},

    /* many threads that end the process */
    {"@exits", 3, "", ONE("file")},

    /* pointers that lead nowhere */
    {"@attacks bad_clone3", 0, "-1 Invalid argument\n-1 Bad address\n", ONE("file")},
    {"@attacks bad_execve", 0, NULL, ONE("file")},
    {"@attacks bad_execveat", 0, NULL, ONE("file")},
    {"@attacks bad_spawn", 0, "Bad address\nBad address\nBad address\n", ONE("file")},
    {"@attacks dangling_environment", 0, "", ONE("file")},
    {"@early_syscall", 0, "42 1\n", ""},

    /* signals in the first acquire, and on little stack */
    {"@attacks failing_execs_under_signals", 0, "", ONE("file")},
    {"@attacks small_stack", 0, "", ONE("file")},

    /* ends that would wait */
    {"@attacks lingering_socket", 0, "", ONE("socket"), FOLLOW},
    {"@attacks many_sites", 4, "", "", ANYTHING, .prepare = full_pipe},
    {"@attacks many_sites", 4, "", "", ANYTHING, .prepare = full_socket},
    {"@attacks many_sites", 4, "", "", ANYTHING, .prepare = full_terminal},
    {"@background @forget 3 4", 0, "exited 4\n", "", NOT_BY_TOOL},
    {"@background @leftopen @forget 3 4", 0, "exited 4\n", "", LEAVES_RECORD | NOT_BY_TOOL},

    /* limits, users, folders */
    {"@attacks file_limit ../motionless", 0, "exited 0\n", ONE("file"), STATIC},
    {"@attacks no_numbers", 0, "", ONE("file"), RAW},
    {"@shapes user", 0, "", ONE("file"), ROOT | LEAVES_RECORD},
    {"@attacks moved_folder =.records =.moved", 0, "", ONE("file"), NOT_BY_TOOL},

    /* who is accused */
    {"@heirs file", 0, "", ONE("file"), FOLLOW | NOT_BY_TOOL},
    {"@heirs timer", 0, "", "", FOLLOW | NOT_BY_TOOL},
    {"@heirs namespace", 0, "", "", ROOT},
    {"@attacks reopened_inheritance", 0, "", "", .prepare = inherit_nine},

    /* ends */
    {"@attacks five_exits", 6, "", ONE("file")},
    {"@attacks five_exits", 6, "", ONE("file")},
    {"@attacks five_exits", 6, "", ONE("file")},
    {"@attacks five_exits", 6, "", ONE("file")},
    {"@exits_and_forks", 0, "0 held up\n", "", ANYTHING | NOT_BY_TOOL},
    {"@attacks closing_at_exit", 0, "", ONE("file")},
    {"@attacks closing_range_at_exit", 0, "", ONE("file")},

    /* numbers that are kept are closed, few, and given back */
    {"@attacks closed_number", 0, NULL, "", ANYTHING | NOT_BY_TOOL, .options = ":misuse=2:quarantine=10"},
    {"@attacks number_given_past_us", 0, "0-1 Bad file descriptor\n", ONE("file"), .options = ":quarantine=10"},
    {"@attacks number_asked_for", 0, "11\n", ONE("file"), .options = ":quarantine=10"},
    {"@attacks few_numbers", 0, "16 made\n", ONE("file"), ANYTHING, .options = ":quarantine=100"},
    {"@attacks listed_numbers", 0, "0 closed ones\n", ONE("file"), .options = ":misuse=2:quarantine=10"},
    {"@attacks heirs_of_numbers", 0, "0 failed\n", "", ANYTHING | NOT_BY_TOOL, .options = ":quarantine=10"},
    {"@attacks closes_of_threads", 0, "0 kept\n", "", ANYTHING | NOT_BY_TOOL, .options = ":quarantine=10"},
    {"@attacks jumps_out_of_closes", 0, "0 kept\n", "", ANYTHING | NOT_BY_TOOL, .options = ":quarantine=10"},

    /* libc is started before its turn */
    {"@attacks telling_words", 0, NULL, ONE("file"), .options = ":unwind=libunwind"},

    /* calls that go elsewhere with misuse=2 */
    {"@wiring @libwiring.so", 0, "9 9\n9\n9\n69\n", "", .options = ":misuse=2"},
};
enum { ATTACKS = sizeof attacks / sizeof attacks[0] };

/* ---- one run ---- */

enum way { BARE, PRELOADED, LONE, BY_TOOL };
static const char *const way_names[] = {"bare", "preloaded", "alone", "tool"};

enum { MOST_WORDS = 8 };
static char folder[128], records[160];

static void make_folders(void) {
    snprintf(folder, sizeof folder, "%s/XXXXXX", run_folder());
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chmod(folder, 0755), 0);
    snprintf(records, sizeof records, "%s.records", folder);
    ck_assert_int_eq(mkdir(records, 0700), 0);
}

static const char *place_of(const char *word) {
    char name[80], *path = NULL;
    if (!strcmp(word, "@leftopen"))
        return tool;
    snprintf(name, sizeof name, "targets/%s", word + 1);
    if (*word == '@')
        return run_built(name);
    if (*word == '=' && asprintf(&path, "%s%s", folder, word + 1) < 0)
        ck_abort();
    return path ? path : word;
}

static struct run run_way(const struct attack *attack, enum way way) {
    char text[128], options[200], *rest = text;
    const char *words[MOST_WORDS + 2], *preloads[] = {NULL, library, lone, NULL};
    size_t count = 0;
    make_folders();
    snprintf(options, sizeof options, "record=%s%s", records, attack->options ? attack->options : "");
    snprintf(text, sizeof text, "%s", attack->words);
    if (way == BY_TOOL)
        words[count++] = tool;
    for (char *word; (word = strtok_r(rest, " ", &rest)) && count < MOST_WORDS;)
        words[count++] = place_of(word);
    words[count] = NULL;
    return run(&(struct run_request){.words = words,
                                     .folder = folder,
                                     .preload = preloads[way],
                                     .options = preloads[way]    ? options
                                                : way == BY_TOOL ? attack->options
                                                                 : NULL,
                                     .follow = attack->flags & FOLLOW,
                                     .prepare = attack->prepare});
}

/* ---- what must be true ---- */

/* A raw report knows no kinds: its summary ends behind the sites. */
static void check_report(const struct attack *attack, const char *what, const char *found, const char *error,
                         bool raw) {
    char summary[160];
    snprintf(summary, sizeof summary, "%.*s", (int)(raw ? strcspn(found, "(") : strlen(found)), found);
    if (raw && *summary)
        strcpy(strrchr(summary, ' '), "\n");
    if (!*summary) {
        ck_assert_msg(!*error, "%s: standard error is not empty:\n%s", what, error);
        return;
    }
    ck_assert_msg(run_count(error, "SUMMARY: leftopen: ") == 1, "%s: not one report:\n%s", what, error);
    ck_assert_msg(strstr(error, summary), "%s: not \"%s\":\n%s", what, summary, error);
    ck_assert_msg(!strncmp(error, "=====", 5), "%s: something before the report:\n%s", what, error);
    if (!raw)
        ck_assert_msg(strstr(error, ".c:"), "%s: no source line:\n%s", what, error);
}

static void check_same(const struct attack *attack, const char *what, const struct run *run, int status,
                       const struct run *bare) {
    ck_assert_msg(run->status == status, "%s: status %d, not %d\n%s", what, run->status, status, run->error);
    ck_assert_msg(run->out_bytes == bare->out_bytes && !memcmp(run->out, bare->out, bare->out_bytes),
                  "%s: standard output\n%s, and without us\n%s\n%s", what, run->out, bare->out, run->error);
    if (!attack->holds)
        return;
    char path[160];
    snprintf(path, sizeof path, "%s/data", folder);
    char *holds = run_file(path);
    ck_assert_msg(holds && !strcmp(holds, attack->holds), "%s: data holds \"%s\"", what,
                  holds ? holds : "nothing");
    free(holds);
}

static void check_records(const struct attack *attack, const char *what) {
    int left = run_entries(records), expected = attack->flags & (UNHEARD | LEAVES_RECORD) ? 1 : 0;
    if (left < 0) { /* moved away */
        strcpy(strrchr(records, '.'), ".moved");
        left = run_entries(records);
        expected = 1;
    }
    ck_assert_msg(left == expected, "%s: %d records are left behind, not %d", what, left, expected);
}

static struct run check_bare(const struct attack *attack) {
    struct run bare = run_way(attack, BARE);
    const char *out = attack->out ? attack->out : bare.out;
    ck_assert_msg(bare.status == attack->status && !strcmp(bare.out, out), "%s: without us: status %d\n%s%s",
                  attack->words, bare.status, bare.out, bare.error);
    check_same(attack, "without us", &bare, attack->status, &bare);
    return bare;
}

static bool skip(const struct attack *attack, const char *reason) {
    suite_skip("%s: %s", attack->words, reason);
    return false;
}

static bool may_run(const struct attack *attack) {
    char path[128];
    snprintf(path, sizeof path, "%s/motionless", run_folder());
    if (attack->flags & ROOT && geteuid())
        return skip(attack, "needs root");
    if (attack->flags & STATIC && access(path, X_OK))
        return skip(attack, "no static libc here");
    return true;
}

static void check_preloaded(const struct attack *attack, enum way way) {
    char what[160];
    if (!may_run(attack))
        return;
    snprintf(what, sizeof what, "%s (%s)", attack->words, way_names[way]);
    struct run bare = check_bare(attack), watched = run_way(attack, way);
    check_same(attack, what, &watched, attack->status, &bare);
    if (!(attack->flags & ANYTHING)) {
        check_report(attack, what, attack->found, watched.error, way == LONE || attack->flags & RAW);
        check_records(attack, what);
    }
    run_free(&watched);
    run_free(&bare);
}

START_TEST(preloaded) { check_preloaded(&attacks[_i], PRELOADED); }
END_TEST
START_TEST(without_the_tool) { check_preloaded(&attacks[_i], LONE); }
END_TEST

START_TEST(by_the_tool) {
    const struct attack *attack = &attacks[_i];
    if (attack->flags & NOT_BY_TOOL || !may_run(attack))
        return;
    struct run bare = check_bare(attack), watched = run_way(attack, BY_TOOL);
    const char *found = attack->by_tool ? attack->by_tool : attack->found;
    int status = *found && attack->status == 0 ? 23 : attack->status;
    check_same(attack, attack->words, &watched, status, &bare);
    if (!(attack->flags & ANYTHING))
        check_report(attack, attack->words, found, watched.error, false);
    run_free(&watched);
    run_free(&bare);
}
END_TEST

/* ---- signals in the first acquire ---- */

static const char *const handlers[] = {"jump", "open"};
enum { HANDLERS = 2, CHILDREN = 100 };

START_TEST(a_signal_in_the_first_acquire) {
    const char *const words[] = {run_built("targets/first_acquire"), handlers[_i], NULL};
    struct run watched = run(&(struct run_request){.words = words, .preload = lone});
    ck_assert_msg(watched.status == 0 && !*watched.out, "%s: status %d\n%s", handlers[_i], watched.status,
                  watched.out);
    unsigned told = run_count(watched.error, "SUMMARY: leftopen: 1 handle left open at 1 site\n");
    ck_assert_msg(told == CHILDREN, "%s: %u of %d reports\n%s", handlers[_i], told, CHILDREN, watched.error);
    ck_assert_uint_eq(run_count(watched.error, "SUMMARY: "), CHILDREN);
}
END_TEST

/* ---- the tool that is run is the one beside the library ---- */

static void run_script(const char *format, const char *a, const char *b) {
    char command[3 * PATH_MAX];
    snprintf(command, sizeof command, format, a, b);
    ck_assert_msg(system(command) == 0, "%s", command);
}

START_TEST(a_relative_path_leads_to_the_same_tool) {
    const char *here = run_folder();
    run_script("cd %s && mkdir -p a/x b/x && cp %s a/x/libleftopen.so && "
               "printf '#!/bin/sh\\necho TAKEN OVER >&2\\n' >b/x/leftopen && chmod +x b/x/leftopen",
               here, library);
    char there[PATH_MAX], start[PATH_MAX];
    snprintf(start, sizeof start, "%s/a", here);
    snprintf(there, sizeof there, "%s/b", here);
    struct run watched =
        run(&(struct run_request){.words = WORDS(run_built("targets/attacks"), "folder", there),
                                  .folder = start,
                                  .preload = "./x/libleftopen.so"});
    ck_assert_msg(watched.status == 0 && !strstr(watched.error, "TAKEN OVER"), "status %d\n%s", watched.status,
                  watched.error);
    ck_assert_msg(strstr(watched.error, "SUMMARY: leftopen: 1 handle left open"), "%s", watched.error);
}
END_TEST

START_TEST(a_jail_has_no_tool_of_ours) {
    char jail[PATH_MAX], place[2 * PATH_MAX];
    if (geteuid())
        SKIP_TEST("needs root");
    snprintf(jail, sizeof jail, "%s/jail", run_folder());
    snprintf(place, sizeof place, "%s%s", jail, tool);
    run_script(
        "mkdir -p $(dirname %s) && echo 'int main(void) { return write(2, \"TAKEN OVER\", 10) != 10; }' | "
        "${CC:-gcc} -w -static -x c -o %s - 2>/dev/null || true",
        place, place);
    if (access(place, X_OK))
        SKIP_TEST("no static libc here");
    struct run watched = run(
        &(struct run_request){.words = WORDS(run_built("targets/attacks"), "root", jail), .preload = library});
    ck_assert_msg(watched.status == 0 && !strstr(watched.error, "TAKEN OVER"), "status %d\n%s", watched.status,
                  watched.error);
    ck_assert_msg(strstr(watched.error, "SUMMARY: leftopen: 1 handle left open"), "%s", watched.error);
}
END_TEST

/* ---- a tool that hangs, in a pid namespace of its own: its numbers mean others outside ---- */

START_TEST(only_the_hanging_tool_is_killed) {
    const char *here = run_folder();
    if (geteuid())
        SKIP_TEST("needs root");
    run_script(
        "mkdir %s/hanging && cp %s %1$s/hanging/libleftopen.so && "
        "printf '#!/bin/sh\\nexec sleep 300\\n' >%1$s/hanging/leftopen && chmod +x %1$s/hanging/leftopen",
        here, library);
    char script[3 * PATH_MAX];
    snprintf(script, sizeof script,
             "sleep 300 & one=$!; sleep 300 & two=$!; sleep 300 & three=$!; "
             "LD_PRELOAD=%s/hanging/libleftopen.so \"$0\" pid_namespace; "
             "echo $?; kill -9 $one && kill -9 $two && kill -9 $three && echo all there",
             here);
    struct run watched = run(&(struct run_request){.words = WORDS("unshare", "-p", "-f", "--kill-child", "sh",
                                                                  "-c", script, run_built("targets/attacks"))});
    ck_assert_msg(watched.status == 0 && !strcmp(watched.out, "0\nall there\n"), "status %d\n%s%s",
                  watched.status, watched.out, watched.error);
    ck_assert_msg(strstr(watched.error, "SUMMARY: leftopen: 1 handle left open"), "%s", watched.error);
}
END_TEST

/* ---- a report on demand while another thread forks ---- */

START_TEST(a_fork_during_a_report_gets_nothing_of_it) {
    /* proves: a child has none of the report's descriptors, and can have a report of its own */
    struct run watched = run(&(struct run_request){.words = WORDS(run_built("targets/reports_and_forks")),
                                                   .preload = library,
                                                   .options = "report_signal=USR2"});
    ck_assert_msg(watched.status == 0 && !strcmp(watched.out, "few strange\n"), "status %d\n%s", watched.status,
                  watched.out);
    const char *said = strstr(watched.error, " children\n");
    ck_assert_msg(said, "%.2000s", watched.error);
    while (said > watched.error && said[-1] != '\n')
        said--;
    /* a raw report has no source lines and says no kinds behind its sites */
    ck_assert_int_eq(run_count(watched.error, "\nSUMMARY: leftopen: 1 handle left open at 1 site (1 file)"),
                     atoi(said));
}
END_TEST

START_TEST(a_fork_during_the_end_is_told_nothing_twice) {
    /* proves: of a process and the children that it makes while it ends, one tells what was forgotten */
    enum { PROCESSES = 5 };
    struct run watched = run(&(struct run_request){
        .words = WORDS(run_built("targets/exits_and_forks")), .preload = library, .follow = true});
    ck_assert_int_eq(watched.status, 0);
    unsigned told = run_count(watched.error, "\nSUMMARY: leftopen: 1 handle left open at 1 site (1 file)");
    ck_assert_msg(told >= 1 && told <= PROCESSES, "%u of %d", told, PROCESSES);
}
END_TEST

/* ---- options ---- */

START_TEST(quick_exit_keeps_its_status) {
    struct run watched = run(&(struct run_request){.words = WORDS(run_built("targets/attacks"), "quick_exit"),
                                                   .preload = library,
                                                   .options = "exitcode=23"});
    ck_assert_int_eq(watched.status, 5);
    ck_assert_msg(strstr(watched.error, ONE("file")), "%s", watched.error);
    watched = run(&(struct run_request){
        .words = WORDS(run_built("targets/attacks"), "nothing"), .preload = library, .options = "exitcode=23"});
    ck_assert_int_eq(watched.status, 23);
}
END_TEST

START_TEST(details_are_shown) {
    struct run watched =
        run(&(struct run_request){.words = WORDS(run_built("targets/attacks"), "nothing"), .preload = library});
    ck_assert_msg(strstr(watched.error, "fd 3   /dev/null"), "%s", watched.error);
}
END_TEST

/* ---- */

/* A copy of the library without the tool, and a program without the loader. */
static void make_files(void) {
    static char path[PATH_MAX];
    char command[3 * PATH_MAX];
    snprintf(path, sizeof path, "%s/lone/lib/libleftopen.so", run_folder());
    snprintf(command, sizeof command,
             "cd %s && mkdir -p lone/lib && cp %s %s && echo 'int main(void) { return 0; }' | "
             "${CC:-gcc} -static -x c -o motionless - 2>/dev/null || test -e lone/lib/libleftopen.so",
             run_folder(), library, path);
    if (system(command))
        exit(2);
    lone = path;
}

int main(void) {
    library = run_built("libleftopen.so");
    tool = run_built("leftopen");
    make_files();
    Suite *all = suite_create("adversary");
    TCase *group = tcase_create("all");
    tcase_set_timeout(group, 3 * RUN_SECONDS);
    tcase_add_loop_test(group, preloaded, 0, ATTACKS);
    tcase_add_loop_test(group, without_the_tool, 0, ATTACKS);
    tcase_add_loop_test(group, by_the_tool, 0, ATTACKS);
    tcase_add_loop_test(group, a_signal_in_the_first_acquire, 0, HANDLERS);
    tcase_add_test(group, a_relative_path_leads_to_the_same_tool);
    tcase_add_test(group, a_jail_has_no_tool_of_ours);
    tcase_add_test(group, only_the_hanging_tool_is_killed);
    tcase_add_test(group, a_fork_during_a_report_gets_nothing_of_it);
    tcase_add_test(group, a_fork_during_the_end_is_told_nothing_twice);
    tcase_add_test(group, quick_exit_keeps_its_status);
    tcase_add_test(group, details_are_shown);
    suite_add_tcase(all, group);
    return suite_run(all);
}
