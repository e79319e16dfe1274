/* What is seen of a process while it runs, compared with what the kernel says of it: ls, snapshot, and what run
 * tells meanwhile. */
#include <check.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/run.h"
#include "tests/suite.h"

static const char *library, *tool, *holder;
static char home[128]; /* where records lie */

enum { NOBODY = 65534 };

/* ---- a process that runs beside the test ---- */

struct beside {
    pid_t pid;
    int in, out;
};

static struct beside start(const char *const *words) {
    int in[2], out[2];
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
        execvp(words[0], (char *const *)words);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    return (struct beside){pid, in[1], out[0]};
}

/* What it says up to "ready". */
static const char *wait_until_ready(const struct beside *beside) {
    static char said[256];
    size_t size = 0;
    while (size < sizeof said - 1 && (!size || said[size - 1] != '\n'))
        ck_assert_int_eq(read(beside->out, said + size++, 1), 1);
    said[size] = '\0';
    ck_assert_msg(strstr(said, "ready"), "%s", said);
    return said;
}

static const char *next_step(const struct beside *beside) {
    ck_assert_int_eq(write(beside->in, "\n", 1), 1);
    return wait_until_ready(beside);
}

static void stop(struct beside *beside) {
    kill(beside->pid, SIGKILL);
    waitpid(beside->pid, NULL, 0);
    close(beside->in);
    close(beside->out);
}

static int kernel_descriptors(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    return run_entries(path);
}

/* ---- the tool's answers ---- */

static struct run ask(const char *const *words) { return run(&(struct run_request){.words = words}); }

static const char *word(pid_t pid) {
    static char text[16];
    snprintf(text, sizeof text, "%d", (int)pid);
    return text;
}

static json_t *answer(const char *const *words) {
    struct run asked = ask(words);
    ck_assert_msg(asked.status == 0, "status %d: %s", asked.status, asked.error);
    json_error_t error;
    json_t *object = json_loads(asked.out, 0, &error);
    ck_assert_msg(object, "%s in %s", error.text, asked.out);
    run_free(&asked);
    return object;
}

static json_t *ls(const char *what) { return answer(WORDS(tool, "ls", "--all", "--format=json", what)); }

static int of_process(const json_t *answer, const char *key) {
    const json_t *process = json_array_get(json_object_get(answer, "processes"), 0);
    const json_t *number = json_object_get(process, key);
    ck_assert_msg(json_is_integer(number), "no number %s", key);
    return (int)json_integer_value(number);
}

/* The site whose innermost frame is that function. */
static json_t *site_in(const json_t *answer, const char *function) {
    size_t i;
    json_t *site;
    json_array_foreach(json_object_get(answer, "sites"), i, site) {
        const json_t *frame = json_array_get(json_object_get(site, "frames"), 0);
        const char *name = json_string_value(json_object_get(frame, "function"));
        if (name && !strcmp(name, function))
            return site;
    }
    ck_abort_msg("no site in %s", function);
    return NULL;
}

static int of_site(const json_t *answer, const char *function, const char *key) {
    return (int)json_integer_value(json_object_get(site_in(answer, function), key));
}

static void begin(void) {
    snprintf(home, sizeof home, "%s/home", run_folder());
    mkdir(home, 0700);
    setenv("XDG_RUNTIME_DIR", home, 1);
    unsetenv("LEFTOPEN_OPTIONS");
}

static const char *input_of_lines(void) {
    static char path[160];
    snprintf(path, sizeof path, "%s/lines", run_folder());
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 512; i++)
        fputc('\n', file);
    fclose(file);
    return path;
}

static struct run watched(const char *const *words) {
    int input = open(input_of_lines(), O_RDONLY | O_CLOEXEC);
    struct run done = run(&(struct run_request){.words = words, .input = input});
    close(input);
    return done;
}

/* ---- ls ---- */

START_TEST(ls_shows_what_the_kernel_shows) {
    /* proves: descriptors, sites, what was opened and closed, before and after a change */
    struct beside beside = start(WORDS(holder, "files", "9", "sockets", "6"));
    wait_until_ready(&beside);
    json_t *seen = ls(word(beside.pid));
    ck_assert_int_eq(of_process(seen, "descriptors"), kernel_descriptors(beside.pid));
    ck_assert_int_eq(of_process(seen, "unseen"), 0);
    ck_assert_int_eq(of_process(seen, "gone"), 0);
    ck_assert_int_eq(of_site(seen, "open_file", "opened"), 9);
    ck_assert_int_eq(of_site(seen, "open_file", "closed"), 4);
    ck_assert_int_eq(of_site(seen, "open_file", "open"), 5);
    ck_assert_int_eq(of_site(seen, "open_file", "peak"), 5);
    json_decref(seen);
    next_step(&beside);
    seen = ls(word(beside.pid));
    ck_assert_int_eq(of_process(seen, "descriptors"), kernel_descriptors(beside.pid));
    ck_assert_int_eq(of_site(seen, "make_socket", "open"), 6);
    ck_assert_int_eq(of_process(seen, "open"), 11);
    json_decref(seen);
    stop(&beside);
}
END_TEST

START_TEST(what_is_closed_behind_our_back_is_gone) {
    /* proves: a descriptor that a bare system call closed is told; the limit is the one of now */
    struct beside beside = start(WORDS(holder, "files", "4", "drop", "limit", "50"));
    wait_until_ready(&beside);
    next_step(&beside);
    next_step(&beside);
    json_t *seen = ls(word(beside.pid));
    ck_assert_int_eq(of_process(seen, "gone"), 1);
    ck_assert_int_eq(of_process(seen, "kernel_descriptors"), kernel_descriptors(beside.pid));
    ck_assert_int_eq(of_process(seen, "limit"), 50);
    json_decref(seen);
    stop(&beside);
}
END_TEST

START_TEST(calls_of_cancelled_threads_are_not_under_way) {
    /* proves: they excuse nothing that nobody explains */
    struct beside beside = start(WORDS(holder, "cancel", "3", "raw"));
    wait_until_ready(&beside);
    next_step(&beside);
    json_t *view = ls(word(beside.pid));
    ck_assert_int_eq(of_process(view, "acquiring"), 0);
    ck_assert_int_eq(of_process(view, "unseen"), 1);
    json_decref(view);
    stop(&beside);
}
END_TEST

START_TEST(a_report_of_the_living_counts_what_is_unseen) {
    /* proves: a report rests on the same comparison as ls does, and a snapshot's as well */
    struct beside beside = start(WORDS(holder, "files", "4", "raw"));
    wait_until_ready(&beside);
    next_step(&beside);
    struct run live = ask(WORDS(tool, "report", word(beside.pid)));
    ck_assert_msg(strstr(live.out, "Coverage: 4 handles tracked, 2 closed; 0 inherited; 1 unseen\n"), "%s",
                  live.out);
    run_free(&live);
    stop(&beside);
}
END_TEST

START_TEST(numbers_in_quarantine_are_not_unseen) {
    /* proves: the descriptors that keep numbers are the library's, whoever looks; the one past it is still told
     */
    struct beside beside =
        start(WORDS("env", "LEFTOPEN_OPTIONS=report=none:quarantine=10", holder, "files", "9", "raw"));
    wait_until_ready(&beside);
    json_t *seen = ls(word(beside.pid));
    ck_assert_int_gt(of_process(seen, "kernel_descriptors"), of_process(seen, "descriptors"));
    ck_assert_int_eq(of_process(seen, "unseen"), 0);
    json_decref(seen);
    next_step(&beside);
    seen = ls(word(beside.pid));
    ck_assert_int_eq(of_process(seen, "unseen"), 1);
    json_decref(seen);
    stop(&beside);
}
END_TEST

START_TEST(a_process_lives_on_without_its_main_thread) {
    /* proves: where /proc/PID shows nothing any more, the views and the exit pass look at another thread */
    struct beside beside = start(WORDS(holder, "files", "3", "leave", "files", "2"));
    wait_until_ready(&beside);
    int descriptors = kernel_descriptors(beside.pid);
    next_step(&beside);
    next_step(&beside);
    json_t *seen = ls(word(beside.pid));
    ck_assert_int_eq(of_process(seen, "descriptors"), descriptors + 1);
    ck_assert_int_eq(of_process(seen, "kernel_descriptors"), descriptors + 1);
    ck_assert_int_eq(of_process(seen, "gone"), 0);
    json_decref(seen);
    struct run live = ask(WORDS(tool, "report", word(beside.pid))),
               batch = ask(WORDS(tool, "top", "-b", "-n", "1", word(beside.pid)));
    ck_assert_msg(run_count(live.out, "   /etc/passwd   ") == 3, "%s", live.out);
    char line[64];
    snprintf(line, sizeof line, "process %d %d ", beside.pid, descriptors + 1);
    ck_assert_msg(strstr(batch.out, line), "%s", batch.out);
    run_free(&live);
    run_free(&batch);
    stop(&beside);
    struct run ended = watched(WORDS(tool, holder, "leave", "files", "2"));
    ck_assert_msg(run_count(ended.error, "   /etc/passwd   ") == 1, "%s", ended.error);
    run_free(&ended);
}
END_TEST

START_TEST(without_a_word_ls_lists_the_living) {
    struct beside one = start(WORDS(holder, "files", "3")), other = start(WORDS(holder, "sockets", "5"));
    wait_until_ready(&one);
    wait_until_ready(&other);
    json_t *seen = answer(WORDS(tool, "ls", "--format=json")), *process;
    size_t i;
    int found = 0;
    json_array_foreach(json_object_get(seen, "processes"), i, process) {
        json_int_t pid = json_integer_value(json_object_get(process, "pid_here"));
        json_int_t open = json_integer_value(json_object_get(process, "open"));
        found += (pid == one.pid && open == 2) || (pid == other.pid && open == 5);
    }
    ck_assert_int_eq(found, 2);
    ck_assert_ptr_null(json_object_get(seen, "sites"));
    json_decref(seen);
    stop(&one);
    stop(&other);
}
END_TEST

START_TEST(sites_of_several_processes_are_one) {
    struct beside one = start(WORDS(holder, "files", "3")), other = start(WORDS(holder, "files", "5"));
    wait_until_ready(&one);
    wait_until_ready(&other);
    char first[16];
    strcpy(first, word(one.pid));
    json_t *seen = answer(WORDS(tool, "ls", "--format=json", first, word(other.pid)));
    ck_assert_uint_eq(json_array_size(json_object_get(seen, "processes")), 2);
    ck_assert_int_eq(of_site(seen, "open_file", "open"), 5);
    ck_assert_int_eq(of_site(seen, "open_file", "opened"), 8);
    json_decref(seen);
    stop(&one);
    stop(&other);
}
END_TEST

START_TEST(a_forked_child_without_a_record_is_told_by_its_parents) {
    struct beside beside = start(WORDS(holder, "files", "4", "fork"));
    wait_until_ready(&beside);
    int child = atoi(next_step(&beside));
    ck_assert_int_gt(child, 0);
    json_t *seen = ls(word(child));
    ck_assert_int_eq(of_process(seen, "pid"), beside.pid);
    ck_assert_int_eq(of_process(seen, "shared_with"), child);
    ck_assert_int_eq(of_site(seen, "open_file", "open"), 2);
    json_decref(seen);
    struct run report = ask(WORDS(tool, "report", word(child)));
    ck_assert_int_eq(report.status, 66);
    ck_assert_msg(strstr(report.error, "has no record of its own: it was forked from process"), "%s",
                  report.error);
    run_free(&report);
    stop(&beside);
}
END_TEST

static void become_nobody(const void *unused) {
    if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
        _exit(1);
}

START_TEST(another_users_process_is_refused_in_plain_words) {
    if (geteuid() != 0)
        SKIP_TEST("only root can become somebody else");
    struct beside beside = start(WORDS(holder, "files", "4"));
    wait_until_ready(&beside);
    ck_assert_int_eq(access("/bin/cat", X_OK), 0);
    char copy[160];
    strcpy(copy, "/tmp/leftopen-live-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(copy));
    chmod(copy, 0755);
    struct run copied = ask(WORDS("cp", tool, copy));
    ck_assert_int_eq(copied.status, 0);
    run_free(&copied);
    strcat(copy, "/leftopen");
    chmod(copy, 0755);
    struct run refused =
        run(&(struct run_request){.words = WORDS(copy, "ls", word(beside.pid)), .prepare = become_nobody});
    unlink(copy);
    *strrchr(copy, '/') = '\0';
    rmdir(copy);
    ck_assert_int_eq(refused.status, 66);
    ck_assert_msg(strstr(refused.error, "is user root's: only that user and root may see its record"), "%s",
                  refused.error);
    run_free(&refused);
    stop(&beside);
}
END_TEST

static const struct {
    const char *words[3];
    int status;
    const char *said;
} mistakes[] = {
    {{"ls", "99999999"}, 66, "there is no process 99999999"},
    {{"ls", "--format=sarif"}, 64, "ls knows the formats text and json"},
    {{"ls", "--top=none"}, 64, "--top needs a number"},
    {{"snapshot", "99999999"}, 66, "there is no process 99999999"},
    {{"snapshot", "-o"}, 64, "-o needs the name of a file"},
    {{"snapshot"}, 64, "snapshot needs one process and a file"},
    {{"--interval=soon", "true"}, 64, "takes a time such as 500ms, 60s, 5m or 1h"},
};

START_TEST(mistakes_are_said) {
    struct run wrong = ask(WORDS(tool, mistakes[_i].words[0], mistakes[_i].words[1], mistakes[_i].words[2]));
    ck_assert_int_eq(wrong.status, mistakes[_i].status);
    ck_assert_msg(strstr(wrong.error, mistakes[_i].said), "%s", wrong.error);
    run_free(&wrong);
}
END_TEST

/* ---- snapshot ---- */

START_TEST(a_snapshot_is_a_record_of_then) {
    /* proves: it holds what was open then, with what the kernel said of it, and outlives the process; nobody
     * overwrites it without force */
    struct beside beside = start(WORDS(holder, "files", "6", "sockets", "3"));
    char file[160];
    snprintf(file, sizeof file, "%s/snapshot", run_folder());
    wait_until_ready(&beside);
    struct run taken = ask(WORDS(tool, "snapshot", word(beside.pid), "-o", file));
    ck_assert_msg(taken.status == 0, "%s", taken.error);
    run_free(&taken);
    next_step(&beside);
    taken = ask(WORDS(tool, "snapshot", word(beside.pid), "--fail", "-o", "-"));
    ck_assert_int_eq(taken.status, 23);
    run_free(&taken);
    taken = ask(WORDS(tool, "snapshot", word(beside.pid), "-o", file));
    ck_assert_int_eq(taken.status, 125);
    ck_assert_msg(strstr(taken.error, "--force replaces it"), "%s", taken.error);
    run_free(&taken);
    stop(&beside);
    json_t *seen = ls(file);
    ck_assert_int_eq(of_process(seen, "open"), 3);
    ck_assert_int_eq(of_site(seen, "open_file", "open"), 3);
    json_decref(seen);
    json_t *report = answer(WORDS(tool, "report", "--format=json", file));
    const json_t *process = json_object_get(report, "process");
    ck_assert_str_eq(json_string_value(json_object_get(process, "end")), "running");
    ck_assert(json_is_null(json_object_get(process, "ended")));
    const json_t *site = json_array_get(json_object_get(report, "sites"), 0);
    const json_t *handle = json_array_get(json_object_get(site, "handles"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(handle, "what")), "/etc/passwd");
    ck_assert(json_real_value(json_object_get(handle, "age_s")) < RUN_SECONDS);
    json_decref(report);
    unlink(file);
}
END_TEST

START_TEST(a_snapshot_on_a_full_disk_leaves_nothing) {
    struct beside beside = start(WORDS(holder, "files", "6"));
    wait_until_ready(&beside);
    char command[512];
    snprintf(command, sizeof command,
             "d=%s/full; mkdir -p $d && mount -t tmpfs -o size=8k none $d 2>/dev/null || exit 77;"
             "%s snapshot %d -o $d/x; s=$?; ls -A $d; exit $s",
             run_folder(), tool, (int)beside.pid);
    struct run full = ask(WORDS("unshare", "-m", "sh", "-c", command));
    stop(&beside);
    if (full.status == 77 || strstr(full.error, "unshare failed"))
        SKIP_TEST("no file system can be mounted here");
    ck_assert_int_eq(full.status, 125);
    ck_assert_msg(strstr(full.error, "No space left on device"), "%s", full.error);
    ck_assert_str_eq(full.out, "");
    run_free(&full);
}
END_TEST

/* ---- run ---- */

START_TEST(a_shortage_is_told_at_once_and_once) {
    /* proves: before the program's next words, with the site that holds most first; JSON has the same */
    struct run done =
        watched(WORDS("sh", "-c", "\"$0\" \"$1\" limit 30 files 4 sockets 40 2>&1", tool, holder));
    const char *at = strstr(done.out, "==WARNING: leftopen: socket failed with EMFILE (too many open files): ");
    ck_assert_msg(at &&
                      strstr(at, " held 30 of 30 descriptors:\n  25 opened by socket at:\n    #0 make_socket "),
                  "%s", done.out);
    const char *error = strstr(done.out, "==ERROR: leftopen: ");
    ck_assert_msg(error && at < error, "%s", done.out);
    ck_assert_uint_eq(run_count(done.out, "==WARNING: leftopen: "), 1);
    run_free(&done);
}
END_TEST

START_TEST(a_report_elsewhere_has_the_shortage_too) {
    struct run done = watched(
        WORDS("sh", "-c", "\"$0\" --report=\"$2\"/short-%e \"$1\" limit 30 sockets 40 2>&1; cat \"$2\"/short-*",
              tool, holder, run_folder()));
    ck_assert_uint_eq(run_count(done.out, "==WARNING: leftopen: "), 2);
    run_free(&done);
}
END_TEST

START_TEST(a_killed_process_still_tells_its_shortage) {
    struct run done = watched(WORDS(tool, "--format=json", holder, "limit", "30", "sockets", "40", "die"));
    ck_assert_int_eq(done.status, 128 + SIGKILL);
    const char *start_of_json = strstr(done.error, "{\"schema\"");
    ck_assert_msg(start_of_json, "%s", done.error);
    json_t *report = json_loads(start_of_json, JSON_DISABLE_EOF_CHECK, NULL);
    const json_t *shortage = json_array_get(json_object_get(report, "shortages"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(shortage, "error")), "EMFILE");
    ck_assert_int_eq(json_integer_value(json_object_get(shortage, "limit")), 30);
    ck_assert_int_eq(json_integer_value(json_object_get(shortage, "held")), 30);
    const json_t *site = json_array_get(json_object_get(shortage, "sites"), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(site, "held")), 27);
    json_decref(report);
    run_free(&done);
}
END_TEST

/* For sh: waits until that is said on standard error, which is a file here. */
#define UNTIL_SAID(words) "until grep -qF '" words "' /proc/self/fd/2; do sleep 0.05; done; "

static const char step_by_step[] = "{ " UNTIL_SAID("1 handle open (+0)") "echo\n" UNTIL_SAID(
    "8 handles open (+0)") "echo; } | \"$0\" --interval=100ms \"$1\" files 1 sockets 7";

START_TEST(lines_tell_growth) {
    /* proves: a line per interval with the change, named by the site that grew; the program is none the wiser.
     * It goes on when the line is there that it waits for; one that is written between two sockets adds up. */
    struct run done = ask(WORDS("sh", "-c", step_by_step, tool, holder));
    ck_assert_str_eq(done.out, "ready\nready\n");
    int grown = 0, open = 0, sum = 0, sockets = 0;
    for (const char *at = done.error; (at = strstr(at, "1 process, ")); at = strchr(at, '\n')) {
        ck_assert_msg(sscanf(at, "1 process, %d %*s open (%d)", &open, &grown) == 2, "%s", at);
        ck_assert_msg((sum += grown) == open, "%d open of %d:\n%s", open, sum, done.error);
        const char *end = strchr(at, '\n'), *made = strstr(at, " socket in make_socket ");
        ck_assert_ptr_nonnull(end);
        if (made && made < end)
            sockets += grown;
    }
    ck_assert_msg(open == 8 && sockets == 7, "%s", done.error);
    run_free(&done);
}
END_TEST

START_TEST(ends_are_followed) {
    /* proves: a process of the tree is reported while the tree lives on, and once more in the whole */
    struct run done = ask(WORDS(
        tool, "--follow", "sh", "-c",
        "\"$0\" files 2 </dev/null; " UNTIL_SAID("1 handle left open at exit by ") "echo later >&2", holder));
    ck_assert_msg(strstr(done.error, "later\n"), "%s", done.error);
    ck_assert_uint_eq(run_count(done.error, "1 handle left open at exit by "), 2);
    run_free(&done);
}
END_TEST

/* ---- programs of the system ---- */

static bool is_installed(const char *program) {
    struct run found = ask(WORDS("sh", "-c", "command -v \"$0\"", program));
    bool is = found.status == 0;
    run_free(&found);
    return is;
}

START_TEST(redis_is_shown_as_it_is) {
    if (!is_installed("redis-server") || !is_installed("redis-benchmark"))
        SKIP_TEST("redis-server is not installed");
    struct beside redis = start(WORDS("redis-server", "--port", "0", "--unixsocket", "redis.sock", "--save", "",
                                      "--dir", run_folder()));
    char socket_path[160];
    snprintf(socket_path, sizeof socket_path, "%s/redis.sock", run_folder());
    while (access(socket_path, F_OK))
        usleep(100000);
    struct beside load =
        start(WORDS("redis-benchmark", "-s", socket_path, "-c", "20", "-n", "100000000", "-q", "-I"));
    while (kernel_descriptors(redis.pid) < 25)
        usleep(100000);
    json_t *seen = ls(word(redis.pid));
    ck_assert_int_eq(of_process(seen, "descriptors"), kernel_descriptors(redis.pid));
    ck_assert_int_eq(of_process(seen, "unseen"), 0);
    ck_assert_int_eq(of_process(seen, "gone"), 0);
    json_decref(seen);
    stop(&load);
    stop(&redis);
}
END_TEST

#define ROWS(table) ((int)(sizeof table / sizeof table[0]))

int main(void) {
    library = run_built("libleftopen.so");
    tool = run_built("leftopen");
    holder = run_built("targets/holder");
    Suite *all = suite_create("live_views");
    TCase *group = tcase_create("all");
    tcase_set_timeout(group, 3 * RUN_SECONDS);
    tcase_add_checked_fixture(group, begin, NULL);
    tcase_add_test(group, ls_shows_what_the_kernel_shows);
    tcase_add_test(group, what_is_closed_behind_our_back_is_gone);
    tcase_add_test(group, calls_of_cancelled_threads_are_not_under_way);
    tcase_add_test(group, a_report_of_the_living_counts_what_is_unseen);
    tcase_add_test(group, numbers_in_quarantine_are_not_unseen);
    tcase_add_test(group, a_process_lives_on_without_its_main_thread);
    tcase_add_test(group, without_a_word_ls_lists_the_living);
    tcase_add_test(group, sites_of_several_processes_are_one);
    tcase_add_test(group, a_forked_child_without_a_record_is_told_by_its_parents);
    tcase_add_test(group, another_users_process_is_refused_in_plain_words);
    tcase_add_loop_test(group, mistakes_are_said, 0, ROWS(mistakes));
    tcase_add_test(group, a_snapshot_is_a_record_of_then);
    tcase_add_test(group, a_snapshot_on_a_full_disk_leaves_nothing);
    tcase_add_test(group, a_shortage_is_told_at_once_and_once);
    tcase_add_test(group, a_report_elsewhere_has_the_shortage_too);
    tcase_add_test(group, a_killed_process_still_tells_its_shortage);
    tcase_add_test(group, lines_tell_growth);
    tcase_add_test(group, ends_are_followed);
    tcase_add_test(group, redis_is_shown_as_it_is);
    suite_add_tcase(all, group);
    return suite_run(all);
}
