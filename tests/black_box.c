/* What a user sees, and what a program does not notice, where it takes more than a line of behaviours.c. */
#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/run.h"
#include "tests/suite.h"

static const char *library, *tool;

static const char *target(const char *name) {
    char path[80];
    snprintf(path, sizeof path, "targets/%s", name);
    return run_built(path);
}

static const char *in_folder(const char *name) {
    static char path[4][128];
    static int next;
    char *place = path[next++ % 4];
    snprintf(place, sizeof path[0], "%s/%s", run_folder(), name);
    return place;
}

/* A run with the library, in a folder of the test's own, with options. */
static struct run preloaded(const char *options, const char *const *words) {
    return run(
        &(struct run_request){.words = words, .preload = library, .options = options, .folder = run_folder()});
}

/* ---- reports as JSON ---- */

static json_t *parse(const char *text) {
    json_error_t error;
    json_t *report = json_loads(text, 0, &error);
    ck_assert_msg(report, "%s in:\n%s", error.text, text);
    return report;
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "null";
}

static json_int_t number_of(const json_t *object, const char *key) {
    const json_t *number = json_object_get(object, key);
    ck_assert_msg(json_is_integer(number), "no number \"%s\"", key);
    return json_integer_value(number);
}

static json_int_t summary_of(const json_t *report, const char *key) {
    return number_of(json_object_get(report, "summary"), key);
}

/* The only site of a kind. */
static json_t *site_of(const json_t *report, const char *kind) {
    size_t i;
    json_t *site, *found = NULL;
    json_array_foreach(json_object_get(report, "sites"), i, site) {
        if (strcmp(text_of(site, "kind"), kind))
            continue;
        ck_assert_msg(!found, "two sites of kind %s", kind);
        found = site;
    }
    ck_assert_msg(found, "no site of kind %s", kind);
    return found;
}

/* The line of tests/targets/FILE that has `mark`. */
static json_int_t line_with(const char *file, const char *mark) {
    char path[80];
    snprintf(path, sizeof path, "tests/targets/%s", file);
    char *text = run_file(path), *at = text ? strstr(text, mark) : NULL;
    ck_assert_msg(at, "%s has no \"%s\"", path, mark);
    json_int_t line = 1;
    for (char *c = text; c < at; c++)
        line += *c == '\n';
    free(text);
    return line;
}

static void check_first_frame(const json_t *site, const char *function, const char *file, const char *mark) {
    const json_t *frame = json_array_get(json_object_get(site, "frames"), 0);
    ck_assert_str_eq(text_of(frame, "function"), function);
    const char *name = strrchr(text_of(frame, "file"), '/');
    ck_assert_str_eq(name ? name + 1 : text_of(frame, "file"), file);
    ck_assert_int_eq(number_of(frame, "line"), line_with(file, mark));
}

/* ---- the main job ---- */

/* Standard input that never has a line: its writer is ours. Closed at the end, it ends the forgotten child. */
static int silent_input[2];

static struct run main_job(const char *options, bool by_tool) {
    const char *program = target("main_job");
    ck_assert_int_eq(pipe2(silent_input, O_CLOEXEC), 0);
    return run(&(struct run_request){.words = by_tool ? WORDS(tool, options, program) : WORDS(program),
                                     .preload = by_tool ? NULL : library,
                                     .options = by_tool ? NULL : options,
                                     .folder = run_folder(),
                                     .input = silent_input[0]});
}

static void check_main_job(const struct run *watched) {
    char *written = run_file(in_folder("written"));
    ck_assert_msg(written && !strcmp(written, "must not be lost\n"), "written: %s",
                  written ? written : "nothing");
    json_t *report = parse(watched->error);
    ck_assert_int_eq(summary_of(report, "left_open"), 2);
    ck_assert_int_eq(summary_of(report, "sites"), 2);
    ck_assert_int_eq(number_of(site_of(report, "stream"), "count"), 1);
    ck_assert_int_eq(number_of(site_of(report, "process"), "count"), 1);
    check_first_frame(site_of(report, "stream"), "forget_stream", "main_job.c", "line of the stream");
    check_first_frame(site_of(report, "process"), "forget_child", "main_job.c", "line of the child");
    json_decref(report);
    free(written);
}

START_TEST(data_is_on_disk_and_two_handles_are_reported) {
    struct run watched = main_job("format=json", false);
    ck_assert_int_eq(watched.status, 0);
    check_main_job(&watched);
}
END_TEST

START_TEST(the_same_by_the_tool) {
    struct run watched = main_job("--format=json", true);
    ck_assert_int_eq(watched.status, 23);
    check_main_job(&watched);
}
END_TEST

START_TEST(strict_aborts_after_release_and_report) {
    struct run watched = main_job("strict=1:format=json", false);
    ck_assert_int_eq(watched.status, 134);
    check_main_job(&watched);
}
END_TEST

START_TEST(strict_aborts_by_the_tool_too) {
    struct run watched = main_job("--strict=1 --format=json" + 0, true);
    ck_assert_int_eq(watched.status, 64); /* two options in one word are none */
    watched = run(
        &(struct run_request){.words = WORDS(tool, "--strict=1", target("forget")), .folder = run_folder()});
    ck_assert_int_eq(watched.status, 134);
    ck_assert_uint_eq(run_count(watched.error, "SUMMARY: leftopen: 1 handle left open"), 1);
}
END_TEST

START_TEST(a_shell_sees_134) {
    char script[PATH_MAX];
    snprintf(script, sizeof script, "LD_PRELOAD=%s LEFTOPEN_OPTIONS=strict=1 \"$0\"; echo $?", library);
    struct run watched = run(&(struct run_request){.words = WORDS("sh", "-c", script, target("forget"))});
    ck_assert_str_eq(watched.out, "134\n");
}
END_TEST

/* Of a tree, strict=1 means the first process; strict=all every one. */
START_TEST(strict_means_the_first_process) {
    struct run watched = preloaded("strict=1", WORDS("sh", "-c", "\"$0\"; echo $?", target("forget")));
    ck_assert_str_eq(watched.out, "0\n");
    watched = preloaded("strict=all", WORDS("sh", "-c", "\"$0\"; echo $?", target("forget")));
    ck_assert_str_eq(watched.out, "134\n");
}
END_TEST

/* ---- python ---- */

static const char leaking[] = "import os; os.open('/etc/hostname', os.O_RDONLY)";
static const char closing[] = "import os; os.close(os.open('/etc/hostname', os.O_RDONLY))";

static void check_python(const struct run *watched) {
    json_t *report = parse(watched->error);
    ck_assert_int_eq(summary_of(report, "left_open"), 1);
    const json_t *site = site_of(report, "file");
    size_t i, of_python = 0;
    const json_t *frame;
    json_array_foreach(json_object_get(site, "frames"), i, frame) of_python +=
        strstr(text_of(frame, "function"), "Py") != NULL;
    ck_assert_msg(of_python >= 3, "%zu functions of python in %s", of_python, watched->error);
    const json_t *handle = json_array_get(json_object_get(site, "handles"), 0);
    ck_assert_str_eq(text_of(handle, "what"), "/etc/hostname");
    ck_assert_str_eq(text_of(handle, "release"), "released");
    json_decref(report);
}

START_TEST(python_is_told_where) {
    struct run watched = preloaded("format=json", WORDS("/usr/bin/python3", "-c", leaking));
    ck_assert_int_eq(watched.status, 0);
    check_python(&watched);
    watched =
        run(&(struct run_request){.words = WORDS(tool, "--format=json", "/usr/bin/python3", "-c", leaking)});
    ck_assert_int_eq(watched.status, 23);
    check_python(&watched);
}
END_TEST

START_TEST(python_without_a_leak_is_left_alone) {
    struct run watched = preloaded(NULL, WORDS("/usr/bin/python3", "-c", closing));
    ck_assert_int_eq(watched.status, 0);
    ck_assert_str_eq(watched.error, "");
    watched = run(&(struct run_request){.words = WORDS(tool, "/usr/bin/python3", "-c", "raise SystemExit(9)")});
    ck_assert_int_eq(watched.status, 9);
    ck_assert_str_eq(watched.error, "");
}
END_TEST

/* ---- the program comes first ---- */

START_TEST(an_event_loop_never_sees_an_error) {
    for (int i = 0; i < 500; i++) {
        struct run watched = preloaded(NULL, WORDS(target("event_loop")));
        ck_assert_msg(watched.status == 0, "run %d: status %d\n%s", i, watched.status, watched.error);
        ck_assert_msg(strstr(watched.error, "SUMMARY: leftopen: 8 handles left open"), "run %d:\n%s", i,
                      watched.error);
        run_free(&watched);
    }
}
END_TEST

static void inherit_nine(const void *nothing) {
    for (int i = 0; i < 9; i++)
        dup2(STDIN_FILENO, 3 + i);
}

START_TEST(inherited_is_counted_and_left_alone) {
    struct run watched = run(&(struct run_request){.words = WORDS(target("forget")),
                                                   .preload = library,
                                                   .options = "format=json:inherited=1",
                                                   .prepare = inherit_nine});
    ck_assert_int_eq(watched.status, 0);
    json_t *report = parse(watched.error);
    ck_assert_int_eq(summary_of(report, "left_open"), 1);
    ck_assert_int_eq(summary_of(report, "released"), 1);
    ck_assert_int_ge(summary_of(report, "inherited"), 9);
    ck_assert_int_eq(summary_of(report, "tracked"), 1);
    ck_assert_int_eq(summary_of(report, "closed"), 0);
    const json_t *handles = json_object_get(site_of(report, "file"), "handles");
    ck_assert_uint_eq(json_array_size(handles), 1);
    ck_assert_int_eq(number_of(json_array_get(handles, 0), "fd"), 12);
    json_decref(report);
}
END_TEST

/* ---- what outlives the process ---- */

static void remove_all(const char *name, const char *printed) {
    int ids[3];
    shm_unlink(name);
    sem_unlink(name);
    if (sscanf(printed, "%d %d %d", &ids[0], &ids[1], &ids[2]) != 3)
        return;
    shmctl(ids[0], IPC_RMID, NULL);
    semctl(ids[1], 0, IPC_RMID);
    msgctl(ids[2], IPC_RMID, NULL);
}

/* Runs targets/lasting under the tool; whatever it left is removed. */
static struct run lasting(const char *option, const char *way) {
    char name[32];
    snprintf(name, sizeof name, "/leftopen-%d", (int)getpid());
    struct run watched = run(&(struct run_request){.words = WORDS(tool, option, target("lasting"), name, way)});
    remove_all(name, watched.out);
    return watched;
}

START_TEST(a_forgotten_child_is_named) {
    struct run watched = run(
        &(struct run_request){.words = WORDS(target("child")), .preload = library, .options = "format=json"});
    ck_assert_int_eq(watched.status, 0);
    json_t *report = parse(watched.error);
    char expected[32];
    snprintf(expected, sizeof expected, "process %d", atoi(watched.out));
    const json_t *handle = json_array_get(json_object_get(site_of(report, "process"), "handles"), 0);
    ck_assert_str_eq(text_of(handle, "handle"), expected);
    json_decref(report);
}
END_TEST

START_TEST(what_outlives_the_process_is_told_and_not_counted) {
    struct run watched = lasting("--format=json", "");
    if (watched.status == 77)
        SKIP_TEST("no System V objects, or no /dev/shm, here");
    ck_assert_int_eq(watched.status, 23);
    json_t *report = parse(watched.error), *sites = json_object_get(report, "left_behind"), *site;
    ck_assert_int_eq(summary_of(report, "left_open"), 1);
    ck_assert_str_eq(text_of(json_array_get(json_object_get(report, "sites"), 0), "kind"), "file");
    char expected[5][48], *found = watched.error;
    int ids[3];
    ck_assert_int_eq(sscanf(watched.out, "%d %d %d", &ids[0], &ids[1], &ids[2]), 3);
    snprintf(expected[0], sizeof expected[0], "\"/dev/shm/leftopen-%d\"", (int)getpid());
    snprintf(expected[1], sizeof expected[1], "\"/dev/shm/sem.leftopen-%d\"", (int)getpid());
    snprintf(expected[2], sizeof expected[2], "\"shared memory %d\"", ids[0]);
    snprintf(expected[3], sizeof expected[3], "\"semaphores %d\"", ids[1]);
    snprintf(expected[4], sizeof expected[4], "\"message queue %d\"", ids[2]);
    for (size_t i = 0; i < 5; i++)
        ck_assert_msg(run_count(found, expected[i]) == 1, "not one %s in %s", expected[i], found);
    size_t i;
    ck_assert_uint_eq(json_array_size(sites), 5);
    json_array_foreach(sites, i, site) {
        ck_assert_int_eq(number_of(site, "count"), 1);
        ck_assert_int_eq(number_of(site, "opened"),
                         1); /* the name alone, not also what stands for it in the process */
    }
    json_decref(report);
}
END_TEST

START_TEST(what_outlives_the_process_is_no_reason_for_a_report) {
    struct run watched = lasting("--verbosity=0", "pass");
    if (watched.status == 77)
        SKIP_TEST("no System V objects, or no /dev/shm, here");
    ck_assert_msg(watched.status == 0 && !*watched.error, "status %d: %s", watched.status, watched.error);
    watched = lasting("--verbosity=1", "pass");
    ck_assert_int_eq(watched.status, 0);
    ck_assert_uint_eq(run_count(watched.error, "Left behind (not counted): 1 "), 5);
}
END_TEST

START_TEST(what_was_removed_is_not_left_behind) {
    struct run watched = lasting("--verbosity=1", "remove");
    if (watched.status == 77)
        SKIP_TEST("no System V objects, or no /dev/shm, here");
    ck_assert_int_eq(watched.status, 0);
    ck_assert_uint_eq(run_count(watched.error, "Left behind"), 0);
}
END_TEST

START_TEST(locking_all_memory_costs_at_most_a_mebibyte) {
    struct run bare = run(&(struct run_request){.words = WORDS(target("locked_memory"))});
    if (bare.status == 77)
        SKIP_TEST("mlockall is not allowed");
    struct run watched = preloaded(NULL, WORDS(target("locked_memory")));
    ck_assert_int_eq(watched.status, 0);
    int without = atoi(bare.out), with = atoi(watched.out);
    ck_assert_msg(without > 0 && with - without <= 1024, "%d KiB without us, %d with", without, with);
}
END_TEST

static void break_standard_error(const void *nothing) {
    int ends[2];
    signal(SIGPIPE, SIG_DFL);
    if (pipe(ends) || dup2(ends[1], STDERR_FILENO) < 0)
        _exit(99);
    close(ends[0]);
    close(ends[1]);
}

START_TEST(a_reader_that_is_gone_changes_no_status) {
    struct run watched = run(&(struct run_request){
        .words = WORDS(target("forget"), "3", "0"), .preload = library, .prepare = break_standard_error});
    ck_assert_int_eq(watched.status, 0);
    watched = run(&(struct run_request){.words = WORDS(tool, target("forget"), "3", "5"),
                                        .prepare = break_standard_error});
    ck_assert_int_eq(watched.status, 5);
}
END_TEST

static void fill_standard_error(const void *nothing) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK) || dup2(ends[1], STDERR_FILENO) < 0)
        _exit(99);
    while (write(STDERR_FILENO, "full", 4) == 4)
        ;
    fcntl(STDERR_FILENO, F_SETFL, 0);
    dup2(ends[0], STDIN_FILENO); /* it has a reader, that does not read */
    close(ends[0]);
    close(ends[1]);
}

START_TEST(a_reader_that_does_not_read_holds_nobody_up) {
    struct run watched = run(&(struct run_request){
        .words = WORDS(target("forget"), "3", "4"), .preload = library, .prepare = fill_standard_error});
    ck_assert_int_eq(watched.status, 4);
}
END_TEST

START_TEST(a_library_that_is_gone_is_named) {
    struct run watched = preloaded("format=json", WORDS(target("plugin"), target("libplugin.so")));
    json_t *report = parse(watched.error);
    check_first_frame(site_of(report, "file"), "plugin_open", "libplugin.c", "int fd = open");
    json_decref(report);
}
END_TEST

START_TEST(a_constructor_is_named) {
    struct run watched = preloaded("format=json", WORDS(target("early")));
    json_t *report = parse(watched.error);
    check_first_frame(site_of(report, "file"), "construct", "early.c", "construct(void) {");
    json_decref(report);
}
END_TEST

/* ---- those who cannot tell it themselves ---- */

static const char *only_record(const char *folder) {
    static char path[PATH_MAX];
    char command[256];
    snprintf(command, sizeof command, "echo %s/*", folder);
    FILE *names = popen(command, "r");
    ck_assert_ptr_nonnull(fgets(path, sizeof path, names));
    pclose(names);
    *strchrnul(path, '\n') = 0;
    ck_assert_msg(!strchr(path, ' ') && !strchr(path, '*'), "not one record: %s", path);
    return path;
}

/* The record of a program that ended by a signal and had a file and a stream open. */
static const char *record_of_the_dead(const char *way, int status) {
    char options[PATH_MAX];
    mkdir(in_folder("records"), 0700);
    snprintf(options, sizeof options, "record=%s", in_folder("records"));
    struct run watched = preloaded(options, WORDS(target("ends"), way));
    ck_assert_int_eq(watched.status, status);
    ck_assert_str_eq(watched.error, "");
    return only_record(in_folder("records"));
}

static struct run tell(const char *option, const char *record) {
    return run(&(struct run_request){.words = WORDS(tool, "report", option, record)});
}

static const struct {
    const char *way;
    int status;
} deaths[] = {{"kill", 137}, {"abort", 134}};

START_TEST(the_dead_tell_what_they_held) {
    struct run told = tell("--format=json", record_of_the_dead(deaths[_i].way, deaths[_i].status));
    ck_assert_msg(told.status == 0, "status %d: %s", told.status, told.error);
    json_t *report = parse(told.out);
    ck_assert_int_eq(summary_of(report, "left_open"), 2);
    ck_assert_int_eq(summary_of(report, "released"), 0);
    check_first_frame(site_of(report, "stream"), "main", "ends.c", "fopen(\"unwritten\"");
    json_decref(report);
    told = tell("--fail", only_record(in_folder("records")));
    ck_assert_int_eq(told.status, 23);
}
END_TEST

START_TEST(deaths_are_told_by_the_tool) {
    struct run watched = run(
        &(struct run_request){.words = WORDS(tool, target("ends"), deaths[_i].way), .folder = run_folder()});
    ck_assert_int_eq(watched.status, deaths[_i].status);
    ck_assert_msg(
        strstr(watched.error, "SUMMARY: leftopen: 2 handles left open at 2 sites (1 socket, 1 stream)"), "%s",
        watched.error);
}
END_TEST

/* ---- bad input ---- */

/* A copy of a record (sparse: its size is that of its address space), cut to `bytes` if that is not 0. */
static const char *copy_record(const char *record, long bytes) {
    const char *copy = in_folder("copy.leftopen");
    char command[2 * PATH_MAX];
    snprintf(command, sizeof command, "cp --sparse=always %s %s", record, copy);
    ck_assert_int_eq(system(command), 0);
    if (bytes)
        ck_assert_int_eq(truncate(copy, bytes < 0 ? 0 : bytes), 0);
    return copy;
}

static void check_refused(const char *what, const char *copy, const char *word) {
    struct run told = tell("--format=text", copy);
    ck_assert_msg(told.status == 65, "%s: status %d\n%s%s", what, told.status, told.out, told.error);
    ck_assert_msg(strstr(told.error, "copy.leftopen") && strstr(told.error, word), "%s: %s", what, told.error);
    ck_assert_msg(run_count(told.error, "\n") == 1, "%s: not one line: %s", what, told.error);
    run_free(&told);
}

static void overwrite(const char *path, off_t place, char byte, size_t count) {
    char bytes[4096];
    memset(bytes, byte, count);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(pwrite(file, bytes, count, place), (ssize_t)count);
    close(file);
}

static const struct damage {
    const char *what, *word;
    long cut; /* bytes kept; -1: none, 0: all */
    off_t place;
    size_t count;
    char byte;
} damages[] = {
    {"empty", "empty", -1, 0, 0, 0},
    {"a few bytes", "", 7, 0, 0, 0},
    {"half a header", "", 60, 0, 0, 0},
    {"another magic", "", 0, 0, 1, 'X'},
    {"zeros", "", 0, 0, 4096, 0},
    {"version 0", "version", 0, 8, 8, 0},
    {"a later version", "version", 0, 8, 8, 0x7f},
};
enum { DAMAGES = sizeof damages / sizeof damages[0] };

START_TEST(a_damaged_record_is_refused) {
    const struct damage *damage = &damages[_i];
    const char *copy = copy_record(record_of_the_dead("kill", 137), damage->cut);
    overwrite(copy, damage->place, damage->byte, damage->count);
    check_refused(damage->what, copy, damage->word);
}
END_TEST

/* Changed anywhere behind the header, or cut: a report of what is there or a refusal; never a crash, never
 * silence. */
static void check_survived(const char *what, long place, const char *copy) {
    struct run told = tell("--format=text", copy);
    ck_assert_msg(told.status == 0 || told.status == 65, "%s at %ld: status %d\n%s", what, place, told.status,
                  told.error);
    ck_assert_msg(*told.error || strstr(told.out, "SUMMARY"), "%s at %ld: nothing said", what, place);
    run_free(&told);
}

START_TEST(a_truncated_record_is_told_as_far_as_it_goes) {
    const char *record = record_of_the_dead("kill", 137);
    for (long length = 1000; length < 400000; length += length < 20000 ? 1111 : 40000)
        check_survived("cut", length, copy_record(record, length));
}
END_TEST

START_TEST(a_changed_record_is_survived) {
    const char *record = record_of_the_dead("kill", 137);
    for (long place = 16; place < 65536; place += 2731) {
        const char *copy = copy_record(record, 0);
        overwrite(copy, place, (char)0xff, 64);
        check_survived("changed", place, copy);
    }
}
END_TEST

START_TEST(a_record_that_is_not_there_is_66) {
    struct run told = tell("--format=text", "/nonexistent/record.leftopen");
    ck_assert_int_eq(told.status, 66);
    ck_assert_ptr_nonnull(strstr(told.error, "/nonexistent/record.leftopen"));
}
END_TEST

/* What is said beside the report, and that the program and its report are unharmed. */
static const struct {
    const char *options, *said;
} mistakes[] = {
    {"nosuchoption=1", "nosuchoption"},
    {"depth=0", "depth"},
    {"depth=many", "depth"},
    {"strict=perhaps", "strict"},
    {"release=some", "release"},
    {"suppressions=/nonexistent/file", "/nonexistent/file"},
    {"suppressions=/", "leftopen: /:"},
    {"format=nosuchformat", "nosuchformat"},
    {"kinds=nosuchkind", "nosuchkind"},
    {"=:=:::,,  :", "option ''"},
    {"report=/nonexistent/folder/file", "/nonexistent/folder/file"},
};
enum { MISTAKES = sizeof mistakes / sizeof mistakes[0] };

START_TEST(mistakes_are_said_and_harm_nobody) {
    struct run watched = preloaded(mistakes[_i].options, WORDS(target("forget"), "2", "0"));
    ck_assert_msg(watched.status == 0, "%s: status %d", mistakes[_i].options, watched.status);
    ck_assert_msg(strstr(watched.error, mistakes[_i].said), "%s: %s", mistakes[_i].options, watched.error);
    if (strncmp(mistakes[_i].options, "report=", 7))
        ck_assert_msg(strstr(watched.error, "SUMMARY: leftopen: 2 handles"), "%s: %s", mistakes[_i].options,
                      watched.error);
}
END_TEST

/* Library and tool both read the options: one of them tells. */
START_TEST(a_mistake_is_said_once) {
    struct run watched = preloaded("nosuchoption=1", WORDS(target("forget")));
    ck_assert_msg(run_count(watched.error, "nosuchoption") == 1, "%s", watched.error);
    watched = preloaded("depth=many", WORDS(target("forget")));
    ck_assert_msg(run_count(watched.error, "depth") == 1, "%s", watched.error);
}
END_TEST

START_TEST(mistakes_keep_a_tidy_program_tidy) {
    struct run watched = preloaded(mistakes[_i].options, WORDS(target("forget"), "0", "6"));
    ck_assert_int_eq(watched.status, 6);
    ck_assert_msg(run_count(watched.error, "SUMMARY") == 0 && run_count(watched.error, "\n") <= 2, "%s: %s",
                  mistakes[_i].options, watched.error);
}
END_TEST

/* ---- a report that has its file ---- */

static void limit_numbers(const void *most) {
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){*(const rlim_t *)most, *(const rlim_t *)most});
}

/* However few numbers a program may have: its standard error stays its own. Where no tool can be run for the
 * file, the record keeps what was found. (With four numbers there is none, and all is said aloud.) */
START_TEST(report_for_a_file_is_not_on_standard_error) {
    rlim_t numbers = 5 + (rlim_t)_i;
    char options[256], told[96];
    snprintf(options, sizeof options, "record=%s:report=%s", in_folder("kept"), in_folder("few.%p"));
    ck_assert_int_eq(mkdir(in_folder("kept"), 0700), 0);
    struct run watched = run(&(struct run_request){.words = WORDS(target("forget"), "1", "0"),
                                                   .preload = library,
                                                   .options = options,
                                                   .prepare = limit_numbers,
                                                   .argument = &numbers});
    ck_assert_str_eq(watched.error, "");
    snprintf(told, sizeof told, "few.%d", watched.pid);
    char *report = run_file(in_folder(told));
    if (!report)
        report = run(&(struct run_request){.words = WORDS(tool, "report", in_folder("kept"))}).out;
    ck_assert_msg(strstr(report, "SUMMARY: leftopen: 1 handle left open"), "%d numbers: %s", (int)numbers,
                  report);
}
END_TEST

/* ---- a world that is smaller ---- */

/* Each runs in a mount namespace of its own, as "$@" behind `arrange`. Two handles are always to be reported.
 */
static const struct {
    const char *what, *arrange;
} worlds[] = {
    {"a full /dev/shm",
     "mount -t tmpfs -o size=4k none /dev/shm && head -c 8192 /dev/zero >/dev/shm/full 2>/dev/null || :"},
    {"a small /dev/shm", "mount -t tmpfs -o size=64k none /dev/shm"},
    {"no inode left in /dev/shm", "mount -t tmpfs -o nr_inodes=1 none /dev/shm"},
    {"a /dev/shm that is read-only", "mount -t tmpfs -o ro none /dev/shm"},
    {"no /dev/shm", "mount -t tmpfs none /dev"},
    {"no /proc", "mount -t tmpfs none /proc"},
    {"no /proc, no /dev/shm", "mount -t tmpfs -o ro none /dev/shm && mount -t tmpfs none /proc"},
};
enum { WORLDS = sizeof worlds / sizeof worlds[0] };

static struct run in_world(int index, const char *const *words, const char *preload_assignment) {
    char script[1024];
    snprintf(script, sizeof script,
             "mount --make-rprivate / && { %s; } && unset XDG_RUNTIME_DIR && exec env %s \"$@\"",
             worlds[index].arrange, preload_assignment);
    const char *all[12] = {"unshare", "-m", "sh", "-c", script, "sh"};
    for (int i = 0; words[i]; i++)
        all[6 + i] = words[i];
    return run(&(struct run_request){.words = all, .folder = run_folder()});
}

START_TEST(a_smaller_world_harms_nobody) {
    char assignment[PATH_MAX];
    snprintf(assignment, sizeof assignment, "LD_PRELOAD=%s", library);
    struct run bare = in_world(_i, WORDS(target("forget"), "2", "0"), "A=B");
    if (bare.status)
        SKIP_TEST("no mount namespaces here");
    struct run watched = in_world(_i, WORDS(target("forget"), "2", "0"), assignment);
    ck_assert_msg(watched.status == 0, "%s: status %d\n%s", worlds[_i].what, watched.status, watched.error);
    ck_assert_msg(strstr(watched.error, "SUMMARY: leftopen: 2 handles left open at 1 site"), "%s: %s",
                  worlds[_i].what, watched.error);
    watched = in_world(_i, WORDS(target("forget"), "0", "3"), assignment);
    ck_assert_msg(watched.status == 3 && !*watched.error, "%s: status %d\n%s", worlds[_i].what, watched.status,
                  watched.error);
}
END_TEST

START_TEST(the_tool_in_a_smaller_world) {
    struct run bare = in_world(_i, WORDS(target("forget"), "2", "5"), "A=B");
    if (bare.status != 5)
        SKIP_TEST("no mount namespaces here");
    struct run watched = in_world(_i, WORDS(tool, target("forget"), "2", "5"), "A=B");
    ck_assert_msg(watched.status == 5, "%s: status %d\n%s", worlds[_i].what, watched.status, watched.error);
    ck_assert_msg(strstr(watched.error, "SUMMARY: leftopen: 2 handles"), "%s: %s", worlds[_i].what,
                  watched.error);
}
END_TEST

/* ---- */

static Suite *suite(void) {
    Suite *all = suite_create("black box");
    TCase *group = tcase_create("all");
    tcase_set_timeout(group, 240);
    tcase_add_test(group, data_is_on_disk_and_two_handles_are_reported);
    tcase_add_test(group, the_same_by_the_tool);
    tcase_add_test(group, strict_aborts_after_release_and_report);
    tcase_add_test(group, strict_aborts_by_the_tool_too);
    tcase_add_test(group, a_shell_sees_134);
    tcase_add_test(group, strict_means_the_first_process);
    tcase_add_test(group, python_is_told_where);
    tcase_add_test(group, python_without_a_leak_is_left_alone);
    tcase_add_test(group, an_event_loop_never_sees_an_error);
    tcase_add_test(group, inherited_is_counted_and_left_alone);
    tcase_add_test(group, a_forgotten_child_is_named);
    tcase_add_test(group, what_outlives_the_process_is_told_and_not_counted);
    tcase_add_test(group, what_outlives_the_process_is_no_reason_for_a_report);
    tcase_add_test(group, what_was_removed_is_not_left_behind);
    tcase_add_test(group, locking_all_memory_costs_at_most_a_mebibyte);
    tcase_add_test(group, a_reader_that_is_gone_changes_no_status);
    tcase_add_test(group, a_reader_that_does_not_read_holds_nobody_up);
    tcase_add_test(group, a_library_that_is_gone_is_named);
    tcase_add_test(group, a_constructor_is_named);
    tcase_add_loop_test(group, the_dead_tell_what_they_held, 0, sizeof deaths / sizeof deaths[0]);
    tcase_add_loop_test(group, deaths_are_told_by_the_tool, 0, sizeof deaths / sizeof deaths[0]);
    tcase_add_loop_test(group, a_damaged_record_is_refused, 0, DAMAGES);
    tcase_add_test(group, a_changed_record_is_survived);
    tcase_add_test(group, a_truncated_record_is_told_as_far_as_it_goes);
    tcase_add_test(group, a_record_that_is_not_there_is_66);
    tcase_add_loop_test(group, mistakes_are_said_and_harm_nobody, 0, MISTAKES);
    tcase_add_test(group, a_mistake_is_said_once);
    tcase_add_loop_test(group, report_for_a_file_is_not_on_standard_error, 0, 5);
    tcase_add_loop_test(group, mistakes_keep_a_tidy_program_tidy, 0, MISTAKES);
    tcase_add_loop_test(group, a_smaller_world_harms_nobody, 0, WORLDS);
    tcase_add_loop_test(group, the_tool_in_a_smaller_world, 0, WORLDS);
    suite_add_tcase(all, group);
    return all;
}

int main(void) {
    library = run_built("libleftopen.so");
    tool = run_built("leftopen");
    return suite_run(suite());
}
