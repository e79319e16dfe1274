/* Programs of one behaviour each (tests/targets), run three times: bare, with the library preloaded, and by the
 * tool.
 *
 * Status and standard output are the same in all three (but the tool's 23). Standard error has the report that
 * the table says and nothing else; no record is left behind. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/run.h"
#include "tests/suite.h"

static const char *library, *tool;

/* What the summary line of a report says. Every table entry tells the numbers, so they cannot grow unseen. */
#define SUMMARY(handles, sites, kinds, released)                                                               \
    "SUMMARY: leftopen: " handles " left open at " sites " (" kinds "); " released ", 0 failed"
#define ONE(kind) SUMMARY("1 handle", "1 site", "1 " kind, "1 released")
#define MANY(count, kinds) SUMMARY(count " handles", "1 site", count " " kinds, count " released")
#define SANDBOXED SUMMARY("1 handle", "1 site", "1 file", "0 released") /* not a system call more */
/* A report with raw frames is as good, where no descriptor is free for a pipe to the tool. */
#define BY_ANY_MEANS(handles) "SUMMARY: leftopen: " handles " left open at 1 site"
#define SOCKET_AND_STREAM SUMMARY("2 handles", "2 sites", "1 socket, 1 stream", "2 released")

enum flag {
    FOLLOW = 1,         /* orphans report too */
    HEARD_IN_FILE = 2,  /* a bare preload reports into `file` */
    UNHEARD = 4,        /* a bare preload cannot report, and leaves its record */
    ROOT = 8,           /* needs root */
    ANYTHING = 16,      /* standard error cannot be written: nothing is asked of the report */
    LEAVES_RECORD = 32, /* out of reach at the end */
    IS_SHORT = 64       /* descriptors run out, and that is told before the report */
};

struct behaviour {
    const char *words; /* @NAME: build/targets/NAME, %NAME: tests/targets/NAME */
    int status;
    const char *out;     /* NULL: as without us */
    const char *found;   /* summary of the report; "": none */
    const char *by_tool; /* the same under `leftopen run`, where it differs */
    enum flag flags;
    const char *file, *holds; /* a file that the program wrote, and all that is in it */
    void (*prepare)(const void *argument);
};

/* ---- preparations, in the child before it becomes the program ---- */

static void inherit_nine(const void *nothing) {
    for (int i = 0; i < 9; i++)
        dup2(STDIN_FILENO, 3 + i);
}

static void limit(int resource, rlim_t value) { setrlimit(resource, &(struct rlimit){value, value}); }
static void no_file_bytes(const void *nothing) { limit(RLIMIT_FSIZE, 0); }
static void few_file_bytes(const void *nothing) { limit(RLIMIT_FSIZE, 5000); }
static void little_memory(const void *nothing) { limit(RLIMIT_AS, 24 << 20); }
static void four_numbers(const void *nothing) { limit(RLIMIT_NOFILE, 4); }
static void five_numbers(const void *nothing) { limit(RLIMIT_NOFILE, 5); }
static void ten_numbers(const void *nothing) { limit(RLIMIT_NOFILE, 10); }

static const struct behaviour behaviours[] = {
    /* nothing forgotten, nothing said */
    {"@tidy", 0, "", ""},
    {"@forget 0 0", 0, "", ""},
    {"@forget 0 5", 5, "", ""},
    {"@standard", 0, "", ""},
    {"true", 0, "", ""},
    {"false", 1, "", ""},
    {"timeout 60 true", 0, "", ""},
    {"timeout 60 @forget 1 0", 0, "", ONE("file")},

    /* what was forgotten is said once, whatever the status */
    {"@forget 1 0", 0, "", ONE("file")},
    {"@forget 3 0", 0, "", MANY("3", "files")},
    {"@forget 1000 0", 0, "", MANY("1000", "files")},
    {"@forget 1 5", 5, "", ONE("file")},
    {"@freed", 0, "", MANY("3", "dirstreams")},
    {"@failing_releases", 0, "-1 -1 1 -1 -1 0\n", ONE("file")},

    /* ways to end: those that flush, and those that do not */
    {"@ends return", 7, "", SOCKET_AND_STREAM, .file = "unwritten", .holds = "data\n"},
    {"@ends exit", 7, "", SOCKET_AND_STREAM, .file = "unwritten", .holds = "data\n"},
    {"@ends thread", 7, "", SOCKET_AND_STREAM, .file = "unwritten", .holds = "data\n"},
    {"@ends pthread_exit", 0, "", SOCKET_AND_STREAM, .file = "unwritten", .holds = "data\n"},
    {"@ends failing_exec", 7, "", SOCKET_AND_STREAM, .file = "unwritten", .holds = "data\n"},
    {"@ends _exit", 7, "", SOCKET_AND_STREAM, .file = "unwritten", .holds = ""},
    {"@ends _Exit", 7, "", SOCKET_AND_STREAM, .file = "unwritten", .holds = ""},
    {"@ends quick_exit", 7, "", SOCKET_AND_STREAM, .file = "unwritten", .holds = ""},
    {"@ends exit_group", 7, "", SOCKET_AND_STREAM, .file = "unwritten", .holds = ""},
    {"@ends signal_handler", 7, "", SOCKET_AND_STREAM, .file = "unwritten", .holds = ""},
    /* another image takes over: nobody's leak */
    {"@ends exec", 7, "", "", .file = "unwritten", .holds = ""},
    {"@ends execlp", 7, "", "", .file = "unwritten", .holds = ""},

    /* descriptors */
    {"@numbers", 0, "first 3\n0\n1\n2\n3\n", ""},
    {"ls /proc/self/fd", 0, "0\n1\n2\n3\n", ""},
    {"@close_everything loop", 0, "3\n", ONE("file")},
    {"@close_everything raw_loop", 0, "3\n", ONE("file")},
    {"@close_everything range", 0, "3\n", ONE("file")},
    {"@close_everything unshare", 0, "3\n", ONE("file")},
    {"@close_everything from", 0, "3\n", ONE("file")},
    {"@close_everything cloexec", 0, "6\n", SUMMARY("4 handles", "2 sites", "4 files", "4 released")},
    {"@forget 1 0", 0, "", ONE("file"), .prepare = inherit_nine},
    {"@forget 0 0", 0, "", "", .prepare = inherit_nine},
    {"@close_everything loop", 0, "3\n", ONE("file"), .prepare = inherit_nine},
    {"@exhaust 3", 0, "errno 24\n", ""},
    {"@exhaust 4", 0, "3 errno 24\n", BY_ANY_MEANS("1 handle"), ONE("file"), IS_SHORT},
    {"@exhaust 5", 0, "3 4 errno 24\n", BY_ANY_MEANS("2 handles"), MANY("2", "files"), IS_SHORT},
    {"@exhaust 6", 0, "3 4 5 errno 24\n", BY_ANY_MEANS("3 handles"), MANY("3", "files"), IS_SHORT},
    {"@exhaust 8", 0, "3 4 5 6 7 errno 24\n", BY_ANY_MEANS("5 handles"), MANY("5", "files"), IS_SHORT},
    {"@forget 1 0", 0, "", BY_ANY_MEANS("1 handle"), ONE("file"), .prepare = four_numbers},
    {"@forget 2 0", 0, "", BY_ANY_MEANS("2 handles"), MANY("2", "files"), .prepare = five_numbers},
    {"@forget 7 0", 0, "", BY_ANY_MEANS("7 handles"), MANY("7", "files"), .prepare = ten_numbers},

    /* standard error */
    {"@stderr_taken", 0, "", "", ONE("file"), UNHEARD, "data", "data\n"},
    {"@stderr_moved", 0, "", "", .flags = HEARD_IN_FILE, .by_tool = ONE("file"), .file = "log"},

    /* processes */
    {"@forks fork nothing", 0, "", ""},
    {"@forks fork _exit", 0, "", ""},
    {"@forks fork exec", 0, "", ""},
    {"@forks fork close", 0, "", ""},
    {"@forks fork range", 0, "", ""},
    {"@forks fork own", 0, "", ONE("file")},
    {"@forks fork nothing forget", 0, "", ONE("file")},
    {"@forks fork _exit forget", 0, "", ONE("file")},
    {"@forks fork close forget", 0, "", ONE("file")},
    {"@forks fork range forget", 0, "", ONE("file")},
    {"@forks fork exec forget", 0, "", ONE("file")},
    {"@forks fork missing", 1, "", ""},
    {"@forks fork other", 1, "", ONE("file")},
    {"@forks fork missing_first", 0, "", ONE("file")},
    {"@forks _Fork missing", 1, "", ""},
    {"@forks clone missing", 1, "", ""},
    {"@forks _Fork nothing", 0, "", ""},
    {"@forks _Fork own", 0, "", ONE("file")},
    {"@forks _Fork range forget", 0, "", ONE("file")},
    {"@forks syscall nothing", 0, "", ""},
    {"@forks syscall _exit", 0, "", ""},
    {"@forks syscall own", 0, "", ONE("file")},
    {"@forks syscall range forget", 0, "", ONE("file")},
    {"@forks clone nothing", 0, "", ""},
    {"@forks clone close forget", 0, "", ONE("file")},
    {"@forks clone exec forget", 0, "", ONE("file")},
    {"@forks clone3 nothing", 0, "", ""},
    {"@forks clone3 _exit", 0, "", ""},
    {"@forks clone3 own", 0, "", ONE("file")},
    {"@forks clone3 close forget", 0, "", ONE("file")},
    {"@forks clone3 range forget", 0, "", ONE("file")},
    {"@forks clone3 exec forget", 0, "", ONE("file")},
    {"@forks _Fork exec forget", 0, "", ONE("file")},
    {"@forks syscall exec forget", 0, "", ONE("file")},
    {"@vforks failing_exec", 0, "5 0 0\n", ONE("file")},
    {"@vforks exec", 0, "5 0 0\n", ONE("file")},
    {"@vforks _exit", 0, "5 0 0\n", ONE("file")},
    {"@spawns", 0, "", ONE("file")},
    {"@shapes spawn", 0, "spawned\n", ONE("file")},
    {"@shapes system", 0, "0 3\n", ONE("file")},
    {"@shapes popen", 0, "popened\n", ONE("file")},
    {"@shapes chdir", 0, "", ONE("file")},
    {"@shapes user", 0, "", ONE("file"), .flags = ROOT | LEAVES_RECORD},
    {"@shapes table", 0, "-1 0\n", ONE("file")},
    {"@shapes table_of_exec", 0, "", ONE("file")},
    {"@shapes range_apart", 0, "-1 0\n", ONE("file")},
    {"@shapes range_on_exec", 0, "0\n", ONE("file")},

    {"/usr/bin/python3 %children.py", 0, "a 0\nb 3\nc\n", ""},
    {"/usr/bin/python3 %children.py forget", 0, "a 0\nb 3\nc\n", ONE("file")},
    {"bash %tidy.sh", 3, "one\ntwo\nthree\nfour\nfive\n", ""},
    {"dash %tidy.sh", 3, "one\ntwo\nthree\nfour\nfive\n", ""},

    /* daemons: the parent is not accused, the child owns what it was handed */
    {"@daemonize exit", 0, "", "", .flags = FOLLOW},
    {"@daemonize _exit", 0, "", "", .flags = FOLLOW},
    {"@daemonize daemon", 0, "", "", .flags = FOLLOW},
    {"@daemonize twice", 0, "", "", .flags = FOLLOW},
    {"@daemonize loop", 0, "", "", .flags = FOLLOW},
    {"@daemonize exit forget", 0, "", ONE("file"), "", FOLLOW},
    {"@daemonize _exit forget", 0, "", ONE("file"), "", FOLLOW},
    {"@daemonize daemon forget", 0, "", ONE("file"), "", FOLLOW},
    {"@daemonize twice forget", 0, "", ONE("file"), "", FOLLOW},

    /* sandboxes and limits */
    {"@seccomp_filter prctl", 0, "sandboxed\n", "", SANDBOXED, UNHEARD},
    {"@seccomp_filter syscall", 0, "sandboxed\n", "", SANDBOXED, UNHEARD},
    {"@seccomp_filter _exit", 0, "sandboxed\n", "", SANDBOXED, UNHEARD},
    {"@seccomp_filter strict", 0, "sandboxed\n", "", SANDBOXED, UNHEARD},
    {"@seccomp_filter prctl in_child", 0, "sandboxed\n", "", SANDBOXED, UNHEARD},
    {"@seccomp_filter syscall in_child", 0, "sandboxed\n", "", SANDBOXED, UNHEARD},
    {"@chrooted", 0, "", "SUMMARY: leftopen: 1 handle left open at 1 site\n", ONE("file"),
     ROOT | LEAVES_RECORD},
    {"@chrooted child", 0, "", "SUMMARY: leftopen: 1 handle left open at 1 site\n", ONE("file"),
     ROOT | LEAVES_RECORD},
    {"@forget 1 0", 0, "", ONE("file"), .flags = ANYTHING, .prepare = no_file_bytes},
    {"@forget 1000 0", 0, "", MANY("1000", "files"), .flags = ANYTHING, .prepare = few_file_bytes},
    {"@forget 100 0", 0, "", MANY("100", "files"), .prepare = little_memory},

    /* signals, threads, exceptions */
    {"@jump", 0, "20 3\n", ONE("file")},
    {"@handlers", 0, "", ONE("file")},
    {"@destructors", 0,
     "destroyed behind the exception\ncaught 7\ndestroyed in the cancelled thread\ncancelled\n", ""},

    /* loading */
    {"@own_close", 0, "1\n", ONE("file")},
    {"@next_close", 0, "1\n", ONE("file")},
    {"@next_close of-libc", 0, "1\n", ONE("file")},
    {"@early", 0, "3 3 42\n", ONE("file")},
    {"@old_versions", 0, "kept 0\n", ONE("stream")},
    {"@plugin @libplugin.so", 0, "3\n", ONE("file")},
};
enum { BEHAVIOURS = sizeof behaviours / sizeof behaviours[0] };

/* ---- one run ---- */

/* Daemons wait for this. */
static void let_go(const void *folder) {
    char path[160];
    snprintf(path, sizeof path, "%s/go", (const char *)folder);
    fclose(fopen(path, "w"));
}

enum { MOST_WORDS = 9, RECORDS_BYTES = 4300 };
struct command {
    char text[256];
    const char *words[MOST_WORDS + 2];
};

/* Splits at blanks; @NAME and %NAME become paths. */
static void split(struct command *command, const char *words, bool by_tool) {
    size_t count = 0;
    if (by_tool) {
        command->words[count++] = tool;
        command->words[count++] = "--"; /* ls is one of its own commands */
    }
    snprintf(command->text, sizeof command->text, "%s", words);
    for (char *word, *rest = command->text; (word = strtok_r(rest, " ", &rest)) && count < MOST_WORDS;) {
        char name[80];
        snprintf(name, sizeof name, *word == '@' ? "targets/%s" : "../tests/targets/%s", word + 1);
        command->words[count++] = *word == '@' || *word == '%' ? run_built(name) : word;
    }
    command->words[count] = NULL;
}

enum way { BARE, PRELOADED, BY_TOOL };

static struct run run_way(const struct behaviour *behaviour, enum way way, const char *folder,
                          const char *records) {
    struct command command;
    char options[RECORDS_BYTES];
    snprintf(options, sizeof options, "record=%s", records);
    split(&command, behaviour->words, way == BY_TOOL);
    return run(&(struct run_request){.words = command.words,
                                     .folder = folder,
                                     .preload = way == PRELOADED ? library : NULL,
                                     .options = way == PRELOADED ? options : NULL,
                                     .follow = behaviour->flags & FOLLOW,
                                     .ended = behaviour->flags & FOLLOW ? let_go : NULL,
                                     .argument = folder,
                                     .prepare = behaviour->prepare});
}

/* A fresh folder for each run, with one for records beside it. */
static void make_folders(const char *name, char *folder, char *records) {
    sprintf(folder, "%s/%s", run_folder(), name);
    sprintf(records, "%s/%s.records", run_folder(), name);
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    ck_assert_int_eq(mkdir(records, 0700), 0);
}

/* ---- what must be true ---- */

static void check_report(const struct behaviour *behaviour, const char *error, const char *found) {
    const char *what = behaviour->words;
    if (behaviour->flags & ANYTHING)
        return;
    if (!*found) {
        ck_assert_msg(!*error, "%s: standard error is not empty:\n%s", what, error);
        return;
    }
    ck_assert_msg(run_count(error, "SUMMARY: leftopen: ") == 1, "%s: not one report:\n%s", what, error);
    ck_assert_msg(strstr(error, found), "%s: not \"%s\":\n%s", what, found, error);
    const char *start = behaviour->flags & IS_SHORT ? "==" : "=====";
    ck_assert_msg(!strncmp(error, start, strlen(start)), "%s: something before the report:\n%s", what, error);
    bool is_short = strstr(error, "==WARNING: leftopen: open failed with EMFILE");
    ck_assert_msg(is_short == !!(behaviour->flags & IS_SHORT), "%s: a shortage is told or not:\n%s", what,
                  error);
}

static void check_file(const struct behaviour *behaviour, const char *what, const char *folder) {
    char path[256];
    if (!behaviour->holds)
        return;
    snprintf(path, sizeof path, "%s/%s", folder, behaviour->file);
    char *holds = run_file(path);
    ck_assert_msg(holds && !strcmp(holds, behaviour->holds), "%s: %s holds \"%s\"", what, behaviour->file,
                  holds ? holds : "nothing");
    free(holds);
}

static void check_same(const struct behaviour *behaviour, const char *what, const struct run *run, int status,
                       const struct run *bare) {
    ck_assert_msg(run->status == status, "%s: status %d, not %d\n%s", what, run->status, status, run->error);
    ck_assert_msg(run->out_bytes == bare->out_bytes && !memcmp(run->out, bare->out, bare->out_bytes),
                  "%s: standard output\n%s, and without us\n%s", what, run->out, bare->out);
}

static bool may_run(const struct behaviour *behaviour) {
    if (!(behaviour->flags & ROOT) || geteuid() == 0)
        return true;
    suite_skip("%s: needs root", behaviour->words);
    return false;
}

static struct run check_bare(const struct behaviour *behaviour) {
    char folder[128], records[128];
    make_folders("bare", folder, records);
    struct run bare = run_way(behaviour, BARE, folder, records);
    ck_assert_msg(bare.status == behaviour->status, "%s: without us: status %d", behaviour->words, bare.status);
    ck_assert_msg(!behaviour->out || !strcmp(bare.out, behaviour->out), "%s: without us: %s", behaviour->words,
                  bare.out);
    ck_assert_msg(!*bare.error, "%s: without us: %s", behaviour->words, bare.error);
    check_file(behaviour, "without us", folder);
    return bare;
}

START_TEST(preloaded_behaves_the_same) {
    const struct behaviour *behaviour = &behaviours[_i];
    char folder[128], records[128], log[160];
    if (!may_run(behaviour))
        return;
    struct run bare = check_bare(behaviour);
    make_folders("preloaded", folder, records);
    struct run watched = run_way(behaviour, PRELOADED, folder, records);
    check_same(behaviour, behaviour->words, &watched, behaviour->status, &bare);
    check_report(behaviour, watched.error, behaviour->found);
    check_file(behaviour, behaviour->words, folder);
    snprintf(log, sizeof log, "%s/%s", folder, behaviour->file ? behaviour->file : "");
    if (behaviour->flags & HEARD_IN_FILE)
        check_report(behaviour, run_file(log), behaviour->by_tool);
    int left = behaviour->flags & (UNHEARD | LEAVES_RECORD) ? 1 : 0;
    ck_assert_msg(run_entries(records) == left, "%s: %d records are left behind, not %d", behaviour->words,
                  run_entries(records), left);
    run_free(&watched);
    run_free(&bare);
}
END_TEST

START_TEST(run_by_the_tool_behaves_the_same) {
    const struct behaviour *behaviour = &behaviours[_i];
    char folder[128], records[128];
    if (!may_run(behaviour))
        return;
    struct run bare = check_bare(behaviour);
    make_folders("tool", folder, records);
    struct run watched = run_way(behaviour, BY_TOOL, folder, records);
    const char *found = behaviour->by_tool ? behaviour->by_tool : behaviour->found;
    int status = *found && behaviour->status == 0 ? 23 : behaviour->status;
    check_same(behaviour, behaviour->words, &watched, status, &bare);
    check_report(behaviour, watched.error, found);
    check_file(behaviour, behaviour->words, folder);
    run_free(&watched);
    run_free(&bare);
}
END_TEST

/* ---- */

int main(void) {
    library = run_built("libleftopen.so");
    tool = run_built("leftopen");
    setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
    Suite *all = suite_create("behaviours");
    TCase *group = tcase_create("three ways");
    tcase_set_timeout(group, 3 * RUN_SECONDS);
    tcase_add_loop_test(group, preloaded_behaves_the_same, 0, BEHAVIOURS);
    tcase_add_loop_test(group, run_by_the_tool_behaves_the_same, 0, BEHAVIOURS);
    suite_add_tcase(all, group);
    return suite_run(all);
}
