/* `leftopen PROGRAM` is as if nobody stood in between: the same output, status, signals, descriptors,
 * environment.
 *
 * Drives the built tool: $LEFTOPEN, else build/leftopen. Wherever the truth is what happens without the tool,
 * the same command is run bare and both are compared. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/suite.h"

static char tool[PATH_MAX], folder[64];
enum { MOST_WORDS = 32, OUTPUT_BYTES = 16384, NOBODY = 65534, PATIENCE_SECONDS = 60 };

static void begin(void) {
    strcpy(folder, "/tmp/leftopen-run-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chmod(folder, 0755), 0);
    ck_assert_int_eq(chdir(folder), 0);
    unsetenv("LEFTOPEN_OPTIONS");
    unsetenv("LD_PRELOAD");
    setenv("LC_ALL", "C", 1); /* perl complains of a locale that is not installed */
}

static void end(void) {
    char command[96];
    snprintf(command, sizeof command, "/bin/rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* A command that runs with its output in pipes. */
struct running {
    pid_t pid;
    int out, error;
};

struct result {
    int status; /* as waitpid gives it */
    char out[OUTPUT_BYTES], error[OUTPUT_BYTES];
};

static void become(char **words, int out, int error) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, STDOUT_FILENO);
    dup2(error, STDERR_FILENO);
    close_range(3, ~0U, 0);
    execvp(words[0], words);
    _exit(99);
}

static struct running start_words(char **words) {
    int out[2], error[2];
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(error, O_CLOEXEC), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become(words, out[1], error[1]);
    close(out[1]);
    close(error[1]);
    return (struct running){pid, out[0], error[0]};
}

/* Reads both to their ends, whichever speaks first. */
static void read_all(const struct running *running, struct result *result) {
    struct pollfd polls[2] = {{running->out, POLLIN, 0}, {running->error, POLLIN, 0}};
    char *texts[2] = {result->out, result->error};
    size_t lengths[2] = {0, 0};
    while (polls[0].fd >= 0 || polls[1].fd >= 0) {
        ck_assert_int_ge(poll(polls, 2, -1), 0);
        for (int i = 0; i < 2; i++) {
            if (!polls[i].revents)
                continue;
            ssize_t got = read(polls[i].fd, texts[i] + lengths[i], OUTPUT_BYTES - 1 - lengths[i]);
            lengths[i] += got > 0 ? (size_t)got : 0;
            if (got <= 0)
                polls[i].fd = -1;
        }
    }
    texts[0][lengths[0]] = texts[1][lengths[1]] = '\0';
}

static struct result *finish(struct running running) {
    static struct result results[2]; /* of the last two commands */
    static unsigned turn;
    struct result *result = &results[turn++ % 2];
    read_all(&running, result);
    ck_assert_int_eq(waitpid(running.pid, &result->status, 0), running.pid);
    close(running.out);
    close(running.error);
    return result;
}

static void gather(char **words, char *first, va_list rest) {
    size_t count = 0;
    for (char *word = first; word; word = va_arg(rest, char *))
        words[count++] = word;
    words[count] = NULL;
}

static struct running start(char *first, ...) {
    char *words[MOST_WORDS];
    va_list rest;
    va_start(rest, first);
    gather(words, first, rest);
    va_end(rest);
    return start_words(words);
}

static struct result *run(char *first, ...) {
    char *words[MOST_WORDS];
    va_list rest;
    va_start(rest, first);
    gather(words, first, rest);
    va_end(rest);
    return finish(start_words(words));
}

static struct result *shell(char *command) { return run("sh", "-c", command, NULL); }
static struct result *shell_under(char *command) { return run(tool, "sh", "-c", command, NULL); }

static void same_as_bare(char *command) {
    const struct result *bare = shell(command), *under = shell_under(command);
    ck_assert_str_eq(under->out, bare->out);
    ck_assert_int_eq(under->status, bare->status);
}

static void ends_with(const struct result *result, int status) {
    ck_assert_msg(WIFEXITED(result->status), "wait status %#x, said: %s", (unsigned)result->status,
                  result->error);
    ck_assert_msg(WEXITSTATUS(result->status) == status, "status %d, said: %s", WEXITSTATUS(result->status),
                  result->error);
}

static void says(const struct result *result, const char *text) {
    ck_assert_msg(strstr(result->error, text) != NULL, "wanted '%s', said: %s", text, result->error);
}

static void make_file(const char *name, const char *text, mode_t mode) {
    FILE *file = fopen(name, "w");
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(name, mode), 0);
}

enum { LINE_BYTES = 256 };

/* Waits for a line of output, without its end. */
static void read_line(int descriptor, char line[LINE_BYTES]) {
    size_t length = 0;
    for (;;) {
        struct pollfd ready = {descriptor, POLLIN, 0};
        ck_assert_msg(poll(&ready, 1, PATIENCE_SECONDS * 1000) == 1, "nothing came");
        ck_assert_msg(read(descriptor, line + length, 1) == 1, "end of output");
        if (line[length] == '\r')
            continue;
        if (line[length] == '\n' || length == LINE_BYTES - 2)
            break;
        length++;
    }
    line[length] = '\0';
}

static void expect_line(int descriptor, const char *expected) {
    char line[LINE_BYTES];
    read_line(descriptor, line);
    ck_assert_str_eq(line, expected);
}

static pid_t read_pid(int descriptor) {
    char line[LINE_BYTES];
    read_line(descriptor, line);
    pid_t pid = (pid_t)strtol(line, NULL, 10);
    ck_assert_msg(pid > 1, "not a pid: %s", line);
    return pid;
}

/* Says "ready", then the name of each signal that it gets; ends at USR2. Catches all that can be. */
#define ECHO_SIGNALS                                                                                           \
    "$| = 1; use POSIX ();"                                                                                    \
    "for my $n (qw(INT TERM HUP QUIT USR1 USR2 ALRM WINCH CONT TSTP PIPE)) {"                                  \
    "  $SIG{$n} = sub { print \"$n\\n\"; POSIX::_exit(7) if $n eq 'USR2' } }"                                  \
    "print \"ready\\n\"; sleep 1 while 1"

/* ---- status ---- */

static const int statuses[] = {0, 1, 2, 23, 64, 77, 99, 125, 126, 127, 128, 130, 255};

START_TEST(exit_statuses_are_the_programs_own) {
    char command[32];
    snprintf(command, sizeof command, "exit %d", statuses[_i]);
    ends_with(shell_under(command), statuses[_i]);
}
END_TEST

static const int deadly[] = {SIGTERM, SIGKILL, SIGINT, SIGHUP, SIGPIPE, SIGUSR1, SIGABRT, SIGSEGV, SIGALRM};

START_TEST(deaths_by_signal_are_repeated) {
    char command[32];
    snprintf(command, sizeof command, "kill -%d $$", deadly[_i]);
    const struct result *result = shell_under(command);
    ck_assert(WIFSIGNALED(result->status));
    ck_assert_int_eq(WTERMSIG(result->status), deadly[_i]);
}
END_TEST

START_TEST(no_second_core) {
    struct rlimit limit;
    getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_CORE, &limit);
    int bare = shell("kill -ABRT $$")->status;
    if (!WCOREDUMP(bare))
        SKIP_TEST("this machine writes no core files");
    ck_assert(!WCOREDUMP(shell_under("kill -ABRT $$")->status));
}
END_TEST

START_TEST(what_is_left_open_gives_23) {
    char *leak = "use POSIX (); POSIX::open('/etc/passwd') > 2 or die; exit $ARGV[0]";
    ends_with(run(tool, "perl", "-e", leak, "0", NULL), 23);
    ends_with(run(tool, "--exitcode=5", "perl", "-e", leak, "0", NULL), 5);
    ends_with(run(tool, "--exitcode=0", "perl", "-e", leak, "0", NULL), 0);
    ends_with(run(tool, "perl", "-e", leak, "3", NULL), 3);
    ends_with(run(tool, "--report=none", "perl", "-e", leak, "0", NULL), 23);
    ends_with(run(tool, "perl", "-e", "exit 0", NULL), 0);
}
END_TEST

#define PERL_LEAKS "POSIX::open('/etc/passwd') > 2 or die;"
#define PERL_MISUSES "my $n = POSIX::open('/etc/passwd'); POSIX::close($n); POSIX::close($n);"
#define IN_CHILD(script) "unless (fork) {" script "POSIX::_exit(0) } wait;"

/* The status, or minus the signal. */
static const struct {
    char *option, *script;
    int end;
} ends[] = {
    {"--verbosity=0", PERL_LEAKS "exit 77", 77},
    {"--verbosity=0", PERL_LEAKS "exit 99", 99},
    {"--verbosity=0", PERL_LEAKS "kill 15, $$; sleep 9", -SIGTERM},
    {"--verbosity=0", PERL_LEAKS "kill 9, $$; sleep 9", -SIGKILL},
    {"--verbosity=0", PERL_MISUSES, 23},
    {"--verbosity=0", PERL_MISUSES "exit 4", 4},
    {"--verbosity=0", IN_CHILD(PERL_LEAKS), 23},
    {"--verbosity=0", IN_CHILD(PERL_MISUSES), 23},
    {"--verbosity=0", IN_CHILD(PERL_LEAKS) "exit 77", 77},
    {"--strict=1", PERL_LEAKS, -SIGABRT},
    {"--strict=1", PERL_LEAKS "exit 3", -SIGABRT},
    {"--strict=1", IN_CHILD(PERL_LEAKS), 23},
    {"--exitcode=0", PERL_MISUSES, 0},
    {"--kinds=socket", PERL_LEAKS, 0},
    {"--min-count=2", PERL_LEAKS, 0},
    {"--report=/dev/full", PERL_LEAKS, 23},
    {"--report=/dev/null", PERL_LEAKS, 23},
};

START_TEST(findings_overrule_success_only) {
    char script[512];
    snprintf(script, sizeof script, "use POSIX (); %s", ends[_i].script);
    const struct result *result = run(tool, ends[_i].option, "perl", "-e", script, NULL);
    int end = WIFSIGNALED(result->status) ? -WTERMSIG(result->status) : WEXITSTATUS(result->status);
    ck_assert_msg(end == ends[_i].end, "%s %s: %d\n%s", ends[_i].option, ends[_i].script, end, result->error);
}
END_TEST

START_TEST(what_cannot_be_written_is_said) {
    const struct result *result = run(tool, "--report=/dev/full", "--format=json", "true", NULL);
    ends_with(result, 125);
    says(result, "leftopen: cannot write the report: No space left on device");
    result = run("sh", "-c", "exec \"$0\" help >/dev/full", tool, NULL);
    ends_with(result, 125);
    says(result, "leftopen: cannot write to standard output: No space left on device");
}
END_TEST

/* ---- programs that cannot be run, or not be watched ---- */

static const struct {
    char *name;
    int status;
    const char *message;
} impossible[] = {
    {"./nothing", 127, "leftopen: ./nothing does not exist"},
    {"no-such-program", 127, "leftopen: no-such-program was not found in PATH"},
    {"/tmp", 126, "leftopen: /tmp is a directory"},
    {"./data", 126, "leftopen: ./data is not executable"},
    {"./gone", 126, "leftopen: ./gone is run by /no/interpreter, which does not exist"},
    {"./binary", 126, "leftopen: ./binary cannot be executed: Exec format error"},
};

START_TEST(what_cannot_be_run_is_said_in_one_line) {
    make_file("data", "echo hello\n", 0644);
    make_file("gone", "#!/no/interpreter\n", 0755);
    make_file("binary", "\177ELFnonsense", 0755);
    const struct result *result = run(tool, impossible[_i].name, NULL);
    ends_with(result, impossible[_i].status);
    says(result, impossible[_i].message);
    ck_assert_ptr_eq(strchr(result->error, '\n'), strrchr(result->error, '\n'));
    ck_assert_str_eq(result->out, "");
}
END_TEST

START_TEST(a_static_program_runs_unwatched) {
    make_file("p.c", "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 42; }\n", 0644);
    if (WEXITSTATUS(shell("${CC:-gcc} -static -o p p.c")->status) != 0)
        SKIP_TEST("no static libc");
    const struct result *result = run(tool, "./p", NULL);
    ends_with(result, 42);
    ck_assert_str_eq(result->out, "hello\n");
    ck_assert_str_eq(result->error, "leftopen: ./p is statically linked: it runs unwatched\n");
}
END_TEST

START_TEST(a_setuid_program_runs_unwatched) {
    if (getuid() != 0)
        SKIP_TEST("only root can make setuid programs of others");
    ends_with(shell("cp /usr/bin/id p && chown 65534 p && chmod 4755 p"), 0);
    const struct result *result = run(tool, "./p", "-u", NULL);
    ends_with(result, 0);
    says(result, "is setuid to user 65534");
    ck_assert_str_eq(result->out, run("./p", "-u", NULL)->out);
}
END_TEST

START_TEST(an_address_sanitizer_program_runs) {
    make_file("p.c", "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n", 0644);
    if (WEXITSTATUS(shell("${CC:-gcc} -fsanitize=address -o p p.c")->status) != 0)
        SKIP_TEST("no libasan");
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    const struct result *result = run(tool, "./p", NULL);
    ends_with(result, 0);
    ck_assert_str_eq(result->out, "hello\n");
}
END_TEST

START_TEST(scripts_without_a_first_line_are_run_by_sh) {
    make_file("text", "echo \"$0 $1\"\n", 0755);
    const struct result *result = run(tool, "./text", "one", NULL);
    ends_with(result, 0);
    ck_assert_str_eq(result->out, "./text one\n");
}
END_TEST

START_TEST(names_are_found_as_the_shell_finds_them) {
    ends_with(shell("mkdir one two one/tool"), 0);
    make_file("two/tool", "#!/bin/sh\necho \"$0\"\n", 0755);
    setenv("PATH", "one:two:/usr/bin:/bin", 1);
    const struct result *under = run(tool, "tool", NULL), *bare = run("env", "tool", NULL);
    ck_assert_str_eq(under->out, "two/tool\n");
    ck_assert_str_eq(under->out, bare->out);
    same_as_bare("tr '\\0' ' ' < /proc/self/cmdline");
}
END_TEST

/* ---- command line ---- */

static const struct {
    char *words[3];
    int status;
    const char *message;
} usage[] = {
    {{NULL}, 64, "leftopen -- help"},
    {{"--stirct=1", "true"}, 64, "did you mean --strict?"},
    {{"--zzzzzzz", "true"}, 64, "there is no option --zzzzzzz"},
    {{"-x", "true"}, 64, "there is no option -x"},
    {{"--depth=x", "true"}, 64, "1..128"},
    {{"--depth"}, 64, "--depth needs a value"},
    {{"--strict=1"}, 64, "no program"},
    {{"run"}, 64, "no program"},
    {{"help", "nothing"}, 64, "there is no help on 'nothing'"},
    {{"help", "optoins"}, 64, "did you mean 'options'?"},
    {{"help", "run", "clean"}, 64, "clean"},
    {{"version", "2"}, 64, "leftopen -- version"},
    {{"reprot", "x"}, 127, "did you mean the command report?"},
    {{"clean", "/no/folder"}, 66, "/no/folder: No such file"},
    {{"--", "help"}, 127, "help was not found in PATH"},
    {{"--help"}, 0, ""},
    {{"-h"}, 0, ""},
    {{"--version"}, 0, ""},
    {{"run", "--help"}, 0, ""},
    {{"--color=never", "help"}, 0, ""},
    {{"--color", "never", "version"}, 0, ""},
    {{"--min-count=3", "--", "true"}, 0, ""},
    {{"run", "--", "true"}, 0, ""},
};

START_TEST(command_lines) {
    char *const *words = usage[_i].words;
    const struct result *result = run(tool, words[0], words[1], words[2], NULL);
    ends_with(result, usage[_i].status);
    says(result, usage[_i].message);
    if (usage[_i].status == 0)
        ck_assert_str_eq(result->error, "");
}
END_TEST

START_TEST(options_end_where_the_program_begins) {
    ck_assert_str_eq(run(tool, "echo", "--depth=x", "--help", "--", "-x", NULL)->out,
                     "--depth=x --help -- -x\n");
    ck_assert_str_eq(run(tool, "--", "echo", "a", NULL)->out, "a\n");
}
END_TEST

START_TEST(mistakes_in_the_environment_are_warnings) {
    setenv("LEFTOPEN_OPTIONS", "dpeth=3:depth=x", 1);
    const struct result *result = run(tool, "sh", "-c", "echo $LEFTOPEN_OPTIONS; exit 4", NULL);
    ends_with(result, 4);
    says(result, "did you mean 'depth'?");
    says(result, "1..128");
    ck_assert_ptr_null(strstr(result->out, "depth"));
}
END_TEST

/* ---- records that stay: report and clean ---- */

START_TEST(records_can_be_shown_later) {
    char *leak = "use POSIX (); POSIX::open('/etc/passwd')";
    ends_with(run(tool, "--record=records", "--report=none", "perl", "-e", leak, NULL), 23);
    const struct result *result = run(tool, "report", "records", NULL);
    ends_with(result, 0);
    ck_assert_ptr_nonnull(strstr(result->out, "/etc/passwd"));
    ck_assert_str_eq(result->error, "");
    ends_with(run(tool, "report", "records", "--fail", NULL), 23);
    ends_with(shell("mv records/*.leftopen one"), 0);
    ck_assert_int_eq(run(tool, "--format=json", "report", "./one", NULL)->out[0], '{');
    ck_assert_int_eq(run(tool, "report", "./one", "--format", "json", NULL)->out[0], '{');
    says(run(tool, "report", "--report=stderr", "./one", NULL), "/etc/passwd");
    ends_with(run(tool, "report", "--report=file-%e", "./one", NULL), 0);
    ends_with(shell("grep -q /etc/passwd file-perl"), 0);
    char command[PATH_MAX + 64];
    snprintf(command, sizeof command, "%s report - <one", tool);
    ck_assert_ptr_nonnull(strstr(shell(command)->out, "/etc/passwd"));
}
END_TEST

START_TEST(what_is_no_record_is_said) {
    make_file("junk", "this is no record", 0644);
    ends_with(run(tool, "report", "junk", NULL), 65);
    ends_with(run(tool, "report", "nothing", NULL), 66);
    ends_with(run(tool, "report", "99999999", NULL), 66);
    ends_with(run(tool, "report", ".", NULL), 66);
    ends_with(run(tool, "report", NULL), 64);
    ends_with(run(tool, "report", "junk", "--fial", NULL), 64);
}
END_TEST

START_TEST(the_living_can_be_shown) {
    struct running running =
        start(tool, "perl", "-e",
              "use POSIX (); POSIX::open('/etc/passwd'); $| = 1; print \"$$\\n\"; sleep 600", NULL);
    char pid[LINE_BYTES];
    read_line(running.out, pid);
    const struct result *result = run(tool, "report", pid, NULL);
    ends_with(result, 0);
    ck_assert_ptr_nonnull(strstr(result->out, "1 file"));
    kill(running.pid, SIGTERM);
    finish(running);
}
END_TEST

START_TEST(clean_removes_records_of_the_dead) {
    char *leak = "use POSIX (); POSIX::open('/etc/passwd')";
    run(tool, "--record=records", "--report=none", "perl", "-e", leak, NULL);
    ck_assert_ptr_nonnull(strstr(run(tool, "clean", "records", NULL)->out, "removed 1 record "));
    ck_assert_ptr_nonnull(strstr(run(tool, "clean", "records", NULL)->out, "no record"));
    ck_assert_str_eq(shell("ls records")->out, "");
}
END_TEST

START_TEST(help_tells_what_there_is) {
    static char *const topics[] = {NULL,   "run",     "report",  "clean",
                                   "help", "version", "options", "suppressions"};
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        const struct result *result = run(tool, "help", topics[i], NULL);
        ends_with(result, 0);
        ck_assert_uint_gt(strlen(result->out), 80);
    }
    ck_assert_int_eq(strncmp(run(tool, "--version", NULL)->out, "leftopen ", 9), 0);
}
END_TEST

/* ---- environment ---- */

START_TEST(options_are_passed_on) {
    setenv("LEFTOPEN_OPTIONS", "depth=7:exitcode=9:color=always", 1);
    make_file("suppress", "", 0644);
    const struct result *result = run(tool, "--min-count=2", "--suppressions=suppress", "--format=text", "sh",
                                      "-c", "cd /; echo \"$LEFTOPEN_OPTIONS\"", NULL);
    char absolute[128];
    snprintf(absolute, sizeof absolute, "suppressions=%s/suppress", folder);
    static const char *const wanted[] = {"depth=7", "min_count=2", "report=none", "record=/"};
    static const char *const unwanted[] = {"exitcode", "color", "format"};
    for (size_t i = 0; i < 4; i++)
        ck_assert_ptr_nonnull(strstr(result->out, wanted[i]));
    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_null(strstr(result->out, unwanted[i]));
    ck_assert_ptr_nonnull(strstr(result->out, absolute));
}
END_TEST

START_TEST(what_was_preloaded_stays) {
    setenv("LD_PRELOAD", "libc.so.6", 1);
    const struct result *result = shell_under("echo $LD_PRELOAD");
    ck_assert_ptr_nonnull(strstr(result->out, "/libleftopen.so:libc.so.6\n"));
    ck_assert_int_eq(result->out[0], '/');
}
END_TEST

START_TEST(nothing_else_of_the_environment_changes) {
    setenv("STRANGE", "a\nb=c", 1);
    same_as_bare("env | grep -v -e ^LD_PRELOAD= -e ^LEFTOPEN_OPTIONS= -e ^_=");
    same_as_bare("umask; pwd; ulimit -a; ulimit -H -a");
}
END_TEST

START_TEST(a_run_within_a_run_reports_for_itself) {
    const struct result *result = run(tool, tool, "sh", "-c", "echo $LEFTOPEN_OPTIONS; exit 3", NULL);
    ends_with(result, 3);
    ck_assert_str_eq(result->error, "");
    char *first = strstr(result->out, "record=");
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(strstr(first + 1, "record="));
}
END_TEST

START_TEST(the_folder_of_records_goes) {
    const struct result *result =
        shell_under("f=${LEFTOPEN_OPTIONS##*record=}; f=${f%%:*}; echo $f; test -d $f && exit 5");
    ends_with(result, 5);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.*s", (int)strcspn(result->out, "\n"), result->out);
    ck_assert_int_ne(access(path, F_OK), 0);
    result = run(
        tool, "perl", "-e",
        "use POSIX (); POSIX::open('/etc/passwd'); $ENV{LEFTOPEN_OPTIONS} =~ /record=([^:]*)/; print $1", NULL);
    ends_with(result, 23);
    ck_assert_int_eq(result->out[0], '/');
    ck_assert_int_ne(access(result->out, F_OK), 0);
}
END_TEST

START_TEST(records_stay_in_a_folder_that_was_named) {
    char *leak = "use POSIX (); POSIX::open('/etc/passwd')";
    ends_with(run(tool, "--record=records", "perl", "-e", leak, NULL), 23);
    ck_assert_str_eq(shell("ls records | grep -c 'leftopen$'")->out, "1\n");
    ends_with(run(tool, "--record=records", "true", NULL), 0); /* not told again */
}
END_TEST

START_TEST(record_off_is_said_to_be_impossible) {
    const struct result *result = run(tool, "--record=off", "true", NULL);
    ends_with(result, 0);
    says(result, "leftopen: record=off cannot");
}
END_TEST

START_TEST(a_folder_with_a_blank_is_no_obstacle) {
    char command[PATH_MAX * 3];
    snprintf(command, sizeof command, "mkdir 'a b:c' && cp %s ${LIBRARY:-$(dirname %s)/libleftopen.so} 'a b:c'",
             tool, tool);
    ends_with(shell(command), 0);
    const struct result *result = run("a b:c/leftopen", "sh", "-c", "echo $LD_PRELOAD; exit 6", NULL);
    ends_with(result, 6);
    ck_assert_str_eq(result->error, "");
    ck_assert_ptr_nonnull(strstr(result->out, "/libleftopen.so"));
}
END_TEST

START_TEST(a_missing_library_is_our_failure) {
    char command[PATH_MAX + 64];
    snprintf(command, sizeof command, "mkdir alone && cp %s alone", tool);
    ends_with(shell(command), 0);
    const struct result *result = run("alone/leftopen", "true", NULL);
    if (WIFEXITED(result->status) && WEXITSTATUS(result->status) == 0)
        SKIP_TEST("the library is installed on this machine");
    ends_with(result, 125);
    says(result, "libleftopen.so was not found");
}
END_TEST

/* Runs a command where /dev/shm is what `mount` makes of it. */
static const struct result *with_memory_disk(char *mount, char *command) {
    char script[OUTPUT_BYTES];
    snprintf(script, sizeof script, "%s && %s", mount, command);
    return run("unshare", "-m", "sh", "-c", script, NULL);
}

START_TEST(a_full_or_missing_memory_disk_is_no_obstacle) {
    static char *const mounts[] = {
        "mount -t tmpfs -o size=64k none /dev/shm && { head -c 1m /dev/zero >/dev/shm/full 2>&-; true; }",
        "mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3",
        "mount -t tmpfs -o ro none /dev/shm",
    };
    if (WEXITSTATUS(with_memory_disk("true", "true")->status) != 0)
        SKIP_TEST("no mount namespace can be made");
    char command[PATH_MAX + 256];
    snprintf(command, sizeof command, "%s perl -e 'use POSIX (); POSIX::open(\"/etc/passwd\")'", tool);
    for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
        const struct result *result = with_memory_disk(mounts[i], command);
        ends_with(result, 23);
        says(result, "/etc/passwd");
        ck_assert_ptr_null(strstr(result->error, "leftopen: /"));
    }
}
END_TEST

START_TEST(without_room_anywhere_the_program_runs_all_the_same) {
    if (WEXITSTATUS(with_memory_disk("true", "true")->status) != 0)
        SKIP_TEST("no mount namespace can be made");
    char command[] = "/mnt/leftopen sh -c 'echo hello; exit 7'";
    char mount[PATH_MAX + 256]; /* the tool may lie below what gets covered */
    snprintf(mount, sizeof mount,
             "mount --bind \"$(dirname '%s')\" /mnt && for f in /dev/shm /tmp; do "
             "mount -t tmpfs -o size=64k none $f && { head -c 1m /dev/zero >$f/full 2>&-; true; }; done",
             tool);
    const struct result *result = with_memory_disk(mount, command);
    ends_with(result, 7);
    ck_assert_str_eq(result->out, "hello\n");
    says(result, "leftopen: /dev/shm and /tmp are full");
    snprintf(mount, sizeof mount,
             "mount --bind \"$(dirname '%s')\" /mnt && mount -t tmpfs -o ro none /dev/shm && "
             "mount -t tmpfs -o ro none /tmp",
             tool);
    result = with_memory_disk(mount, command);
    ends_with(result, 125);
    says(result, "leftopen: no folder for the records can be made in /dev/shm or /tmp: Read-only");
}
END_TEST

START_TEST(without_proc_the_report_comes_too) {
    if (WEXITSTATUS(with_memory_disk("true", "true")->status) != 0)
        SKIP_TEST("no mount namespace can be made");
    char command[PATH_MAX + 256];
    snprintf(command, sizeof command, "%s perl -e 'use POSIX (); POSIX::open(\"/etc/passwd\"); print 1'", tool);
    const struct result *result = with_memory_disk("mount -t tmpfs none /proc", command);
    ends_with(result, 23);
    ck_assert_str_eq(result->out, "1");
}
END_TEST

/* ---- descriptors ---- */

START_TEST(descriptors_are_the_same) {
    int inherited = open("/etc/passwd", O_RDONLY);
    ck_assert_int_ge(inherited, 0);
    char *list = "exec 9<&0; ls /proc/self/fd; perl -e 'open F, \"<\", \"/dev/null\"; print fileno F, \"\\n\"';"
                 "exec 9<&-";
    same_as_bare(list);
    same_as_bare("exec 0<&- 2>&-; ls /proc/self/fd");
}
END_TEST

START_TEST(the_end_of_output_is_seen_at_once) {
    struct running running = start(tool, "sh", "-c", "echo x; exec >&-; exec sleep 600", NULL);
    expect_line(running.out, "x");
    struct pollfd end = {running.out, POLLIN, 0};
    ck_assert_msg(poll(&end, 1, PATIENCE_SECONDS * 1000) == 1, "leftopen holds on to the program's output");
    char byte;
    ck_assert_int_eq(read(running.out, &byte, 1), 0);
    kill(running.pid, SIGTERM);
    finish(running);
}
END_TEST

START_TEST(the_writer_of_our_input_sees_its_end) {
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    int keep = dup(STDIN_FILENO);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    struct running running = start(tool, "sh", "-c", "exec <&-; echo closed; exec sleep 600", NULL);
    dup2(keep, STDIN_FILENO);
    expect_line(running.out, "closed");
    signal(SIGPIPE, SIG_IGN);
    struct pollfd end = {ends[1], 0, 0}; /* the program may be faster than leftopen */
    ck_assert_msg(poll(&end, 1, PATIENCE_SECONDS * 1000) == 1, "leftopen holds on to the program's input");
    ck_assert_int_eq(write(ends[1], "x", 1), -1);
    ck_assert_int_eq(errno, EPIPE);
    kill(running.pid, SIGTERM);
    finish(running);
}
END_TEST

START_TEST(a_reader_of_messages_that_is_gone_changes_no_status) {
    char command[PATH_MAX + 256];
    snprintf(command, sizeof command,
             "{ sleep 0.2; %s --record=off sh -c 'exit 5'; echo $? >status; } 2>&1 | true", tool);
    shell(command);
    ck_assert_str_eq(shell("cat status")->out, "5\n");
    snprintf(command, sizeof command,
             "{ sleep 0.2; %s --record=off perl -e 'use POSIX (); POSIX::open(\"/etc/passwd\"); exit 6';"
             " echo $? >status; } 2>&1 | true",
             tool);
    shell(command);
    ck_assert_str_eq(shell("cat status")->out, "6\n");
}
END_TEST

/* ---- signals ---- */

static const struct {
    int number;
    const char *name;
} forwarded[] = {{SIGINT, "INT"},   {SIGTERM, "TERM"}, {SIGHUP, "HUP"},   {SIGQUIT, "QUIT"},
                 {SIGUSR1, "USR1"}, {SIGALRM, "ALRM"}, {SIGCONT, "CONT"}, {SIGWINCH, "WINCH"},
                 {SIGTSTP, "TSTP"}, {SIGPIPE, "PIPE"}};

START_TEST(signals_sent_to_us_reach_the_program) {
    struct running running = start(tool, "perl", "-e", ECHO_SIGNALS, NULL);
    expect_line(running.out, "ready");
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++) {
        ck_assert_int_eq(kill(running.pid, forwarded[i].number), 0);
        expect_line(running.out, forwarded[i].name);
    }
    kill(running.pid, SIGUSR2);
    const struct result *result = finish(running);
    ck_assert_str_eq(result->out, "USR2\n"); /* and none of them twice */
    ends_with(result, 7);
}
END_TEST

START_TEST(what_the_program_sends_us_is_not_sent_back) {
    const struct result *result =
        run(tool, "perl", "-e", "$SIG{USR1} = sub { print \"back\\n\" }; kill 'USR1', getppid; sleep 1; exit 4",
            NULL);
    ends_with(result, 4);
    ck_assert_str_eq(result->out, "");
}
END_TEST

START_TEST(a_queued_value_is_passed_on) {
    make_file("p.c",
              "#include <signal.h>\n#include <stdio.h>\n"
              "int main(void) { sigset_t s; siginfo_t i; sigemptyset(&s); sigaddset(&s, SIGRTMIN);\n"
              "sigprocmask(SIG_BLOCK, &s, 0); puts(\"ready\"); fflush(stdout); sigwaitinfo(&s, &i);\n"
              "return i.si_value.sival_int; }\n",
              0644);
    ends_with(shell("${CC:-gcc} -o p p.c"), 0);
    struct running running = start(tool, "./p", NULL);
    expect_line(running.out, "ready");
    sigqueue(running.pid, SIGRTMIN, (union sigval){.sival_int = 55});
    ends_with(finish(running), 55);
}
END_TEST

START_TEST(an_alarm_of_our_caller_is_the_programs) {
    const struct result *result = run("perl", "-e", "alarm 1; exec @ARGV", tool, "sleep", "5", NULL);
    ck_assert(WIFSIGNALED(result->status));
    ck_assert_int_eq(WTERMSIG(result->status), SIGALRM);
}
END_TEST

START_TEST(masks_and_ignored_signals_are_inherited) {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGWINCH);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    signal(SIGHUP, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
    same_as_bare("grep -e ^SigBlk -e ^SigIgn /proc/self/status");
    ck_assert_ptr_nonnull(strstr(shell("grep ^SigIgn /proc/self/status")->out, "SigIgn"));
}
END_TEST

/* Becomes the command behind it, with SIGCHLD ignored. */
#define IGNORING_CHILDREN "perl", "-e", "$SIG{CHLD} = 'IGNORE'; exec @ARGV"

START_TEST(ignored_children_stay_ignored_and_the_status_is_known) {
#define IGNORED "grep", "^SigIgn", "/proc/self/status", NULL
    ends_with(run(IGNORING_CHILDREN, tool, "sh", "-c", "exit 9", NULL), 9);
    const struct result *under = run(IGNORING_CHILDREN, tool, IGNORED), *bare = run(IGNORING_CHILDREN, IGNORED);
    ck_assert_str_eq(under->out, bare->out);
    ck_assert_str_ne(bare->out, run(IGNORED)->out);
}
END_TEST

START_TEST(nohup_protects_both) {
    struct running running = start("nohup", tool, "sh", "-c", "echo ready; sleep 1; exit 3", NULL);
    expect_line(running.out, "ready");
    kill(running.pid, SIGHUP);
    ends_with(finish(running), 3);
}
END_TEST

/* ---- job control ---- */

static int wait_change(pid_t pid) {
    int status;
    ck_assert_int_eq(waitpid(pid, &status, WUNTRACED | WCONTINUED), pid);
    return status;
}

START_TEST(a_stop_of_the_program_stops_us) {
    struct running running = /* it ends when told, so that we come in time to see it continued */
        start(tool, "sh", "-c", "trap 'exit 8' TERM; kill -STOP $$; echo on; while :; do sleep 0.1; done",
              NULL);
    ck_assert(WIFSTOPPED(wait_change(running.pid)));
    kill(running.pid, SIGCONT);
    ck_assert(WIFCONTINUED(wait_change(running.pid)));
    expect_line(running.out, "on");
    kill(running.pid, SIGTERM);
    const struct result *result = finish(running);
    ends_with(result, 8);
}
END_TEST

START_TEST(who_continues_the_program_alone_continues_us) {
    /* proves: nobody who knows only the program leaves us stopped, whether it goes on or is killed */
    static const int alone[] = {SIGCONT, SIGKILL};
    struct running running = /* it ends when told, so that we come in time to see it continued */
        start(tool, "sh", "-c", "trap 'exit 8' TERM; echo $$; kill -STOP $$; while :; do sleep 0.1; done",
              NULL);
    pid_t program = read_pid(running.out);
    ck_assert(WIFSTOPPED(wait_change(running.pid)));
    kill(program, alone[_i]);
    if (alone[_i] == SIGCONT) {
        ck_assert(WIFCONTINUED(wait_change(running.pid)));
        kill(program, SIGTERM);
    }
    const struct result *result = finish(running);
    if (alone[_i] == SIGCONT)
        ends_with(result, 8);
    else
        ck_assert(WIFSIGNALED(result->status) && WTERMSIG(result->status) == SIGKILL);
}
END_TEST

/* Waits until it has ended, whether its parent has looked at it or not. */
static void wait_for_end(pid_t pid) {
    struct pollfd end = {(int)syscall(SYS_pidfd_open, pid, 0), POLLIN, 0};
    ck_assert_int_ge(end.fd, 0);
    ck_assert_int_eq(poll(&end, 1, PATIENCE_SECONDS * 1000), 1);
    close(end.fd);
}

START_TEST(what_comes_too_late_for_the_program_does_not_end_us) {
    struct running running =
        start(tool, "perl", "-e",
              "$| = 1; print \"$$\\n\"; kill 'STOP', getppid; kill 'VTALRM', getppid; exit 4", NULL);
    ck_assert(WIFSTOPPED(wait_change(running.pid)));
    wait_for_end(read_pid(running.out)); /* the program ends while nobody looks */
    kill(running.pid, SIGIO);
    kill(running.pid, SIGCONT);
    ends_with(finish(running), 4);
}
END_TEST

/* What runs in a terminal: a shell of our own, which puts the command into a job as shells do, and tells what
 * becomes of it on descriptor `told`. A job that stopped is continued when a byte comes from there. */
static void be_a_shell(int told, char **words) {
    signal(SIGTTOU, SIG_IGN);
    pid_t job = fork();
    if (job == 0) {
        setpgid(0, 0);
        tcsetpgrp(STDIN_FILENO, getpid());
        signal(SIGTTOU, SIG_DFL);
        execvp(words[0], words);
        _exit(99);
    }
    for (;;) {
        int status;
        waitpid(job, &status, WUNTRACED);
        if (!WIFSTOPPED(status)) {
            dprintf(told, "ended %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
            _exit(0);
        }
        tcsetpgrp(STDIN_FILENO, getpgrp());
        tcsetpgrp(STDIN_FILENO, job);
        dprintf(told, "stopped\n");
        if (read(told, &(char){0}, 1) != 1)
            _exit(98);
        kill(-job, SIGCONT);
        dprintf(told, "continued\n");
    }
}

static pid_t start_terminal(int *terminal, int *told, char *program, char *option, char *text) {
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    pid_t pid = forkpty(terminal, NULL, NULL, NULL);
    if (pid == 0)
        be_a_shell(ends[1], (char *[]){tool, program, option, text, NULL});
    close(ends[1]);
    *told = ends[0];
    return pid;
}

/* A key that makes a signal. */
static void press(int terminal, char key) { ck_assert_int_eq(write(terminal, &key, 1), 1); }

static void let_continue(int told) {
    ck_assert_int_eq(write(told, "", 1), 1);
    expect_line(told, "continued");
}

START_TEST(keys_of_the_terminal_come_once) {
    int terminal, told;
    pid_t shell_pid =
        start_terminal(&terminal, &told, "perl", "-e",
                       "$| = 1; $SIG{INT} = sub { ++$n; print \"INT\\n\" }; $SIG{QUIT} = sub { exit $n };"
                       "kill 'STOP', getppid; sleep 1 while 1");
    expect_line(told, "stopped"); /* leftopen only, so that it is the last to get the key */
    press(terminal, '\003');
    expect_line(terminal, "^CINT");
    let_continue(told);
    press(terminal, '\034');
    expect_line(told, "ended 1");
    waitpid(shell_pid, NULL, 0);
}
END_TEST

START_TEST(suspending_stops_the_job_and_continuing_continues_it) {
    int terminal, told;
    pid_t shell_pid =
        start_terminal(&terminal, &told, "perl", "-e",
                       "$| = 1; $SIG{QUIT} = sub { exit 6 }; print \"ready\\n\"; sleep 1 while 1");
    expect_line(terminal, "ready");
    for (int round = 0; round < 3; round++) {
        press(terminal, '\032');
        expect_line(told, "stopped");
        let_continue(told);
    }
    press(terminal, '\034');
    expect_line(told, "ended 6");
    waitpid(shell_pid, NULL, 0);
}
END_TEST

START_TEST(a_program_that_ignores_suspending_keeps_us_running) {
    int terminal, told;
    pid_t shell_pid =
        start_terminal(&terminal, &told, "perl", "-e",
                       "$| = 1; $SIG{TSTP} = sub { print \"TSTP\\n\" }; $SIG{QUIT} = sub { exit 6 };"
                       "print \"ready\\n\"; sleep 1 while 1");
    expect_line(terminal, "ready");
    press(terminal, '\032');
    expect_line(terminal, "^ZTSTP");
    press(terminal, '\034');
    expect_line(told, "ended 6");
    waitpid(shell_pid, NULL, 0);
}
END_TEST

START_TEST(interrupting_ends_both_by_the_signal) {
    int terminal, told;
    pid_t shell_pid =
        start_terminal(&terminal, &told, "perl", "-e", "$| = 1; print \"ready\\n\"; sleep 1 while 1");
    expect_line(terminal, "ready");
    press(terminal, '\003');
    expect_line(told, "ended 130");
    waitpid(shell_pid, NULL, 0);
}
END_TEST

/* ---- survivors ---- */

START_TEST(survivors_are_neither_waited_for_nor_killed) {
    const struct result *result =
        run(tool, "perl", "-e",
            "use POSIX (); pipe R, W; if ($p = fork) { close W; <R>; print $p; exit 0 }"
            "POSIX::open('/etc/passwd') > 2 or die; close $_ for (R, W, STDOUT, STDERR); sleep 600",
            NULL);
    ends_with(result, 0); /* what it holds is not left open as long as it lives */
    pid_t survivor = (pid_t)strtol(result->out, NULL, 10);
    ck_assert_int_gt(survivor, 1);
    ck_assert_int_eq(kill(survivor, 0), 0);
    kill(survivor, SIGKILL);
}
END_TEST

START_TEST(the_parent_of_a_survivor_is_who_it_would_be) {
    /* no subreaper: an orphan goes where it goes without us, and the group is the same */
    same_as_bare(
        "sh -c 'parent() { ps -o ppid= -p $$; }; while [ $(parent) = $0 ]; do :; done; parent' $$ & exit 0");
    char command[] = "ps -o pgid= -p $$";
    const struct result *result = run(tool, "sh", "-c", command, NULL);
    ck_assert_int_eq(strtol(result->out, NULL, 10), getpgrp());
}
END_TEST

int main(void) {
    const char *wanted = getenv("LEFTOPEN");
    if (!realpath(wanted ? wanted : "build/leftopen", tool)) {
        printf("tool_run: %s: %s\n", wanted ? wanted : "build/leftopen", strerror(errno));
        return 1;
    }
    signal(SIGHUP, SIG_DFL); /* whoever started us with nohup did not mean what is tested */
    Suite *suite = suite_create("tool_run");
    TCase *tests = tcase_create("run");
    tcase_set_timeout(tests, 2 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(tests, begin, end);
#define LOOP(test, table) tcase_add_loop_test(tests, test, 0, (int)(sizeof table / sizeof *table))
    LOOP(exit_statuses_are_the_programs_own, statuses);
    LOOP(deaths_by_signal_are_repeated, deadly);
    tcase_add_test(tests, no_second_core);
    tcase_add_test(tests, what_is_left_open_gives_23);
    LOOP(findings_overrule_success_only, ends);
    tcase_add_test(tests, what_cannot_be_written_is_said);
    LOOP(what_cannot_be_run_is_said_in_one_line, impossible);
    tcase_add_test(tests, a_static_program_runs_unwatched);
    tcase_add_test(tests, a_setuid_program_runs_unwatched);
    tcase_add_test(tests, an_address_sanitizer_program_runs);
    tcase_add_test(tests, scripts_without_a_first_line_are_run_by_sh);
    tcase_add_test(tests, names_are_found_as_the_shell_finds_them);
    LOOP(command_lines, usage);
    tcase_add_test(tests, options_end_where_the_program_begins);
    tcase_add_test(tests, mistakes_in_the_environment_are_warnings);
    tcase_add_test(tests, records_can_be_shown_later);
    tcase_add_test(tests, what_is_no_record_is_said);
    tcase_add_test(tests, the_living_can_be_shown);
    tcase_add_test(tests, clean_removes_records_of_the_dead);
    tcase_add_test(tests, help_tells_what_there_is);
    tcase_add_test(tests, options_are_passed_on);
    tcase_add_test(tests, what_was_preloaded_stays);
    tcase_add_test(tests, nothing_else_of_the_environment_changes);
    tcase_add_test(tests, a_run_within_a_run_reports_for_itself);
    tcase_add_test(tests, the_folder_of_records_goes);
    tcase_add_test(tests, records_stay_in_a_folder_that_was_named);
    tcase_add_test(tests, record_off_is_said_to_be_impossible);
    tcase_add_test(tests, a_folder_with_a_blank_is_no_obstacle);
    tcase_add_test(tests, a_missing_library_is_our_failure);
    tcase_add_test(tests, a_full_or_missing_memory_disk_is_no_obstacle);
    tcase_add_test(tests, without_room_anywhere_the_program_runs_all_the_same);
    tcase_add_test(tests, without_proc_the_report_comes_too);
    tcase_add_test(tests, descriptors_are_the_same);
    tcase_add_test(tests, the_end_of_output_is_seen_at_once);
    tcase_add_test(tests, the_writer_of_our_input_sees_its_end);
    tcase_add_test(tests, a_reader_of_messages_that_is_gone_changes_no_status);
    tcase_add_test(tests, signals_sent_to_us_reach_the_program);
    tcase_add_test(tests, what_the_program_sends_us_is_not_sent_back);
    tcase_add_test(tests, a_queued_value_is_passed_on);
    tcase_add_test(tests, an_alarm_of_our_caller_is_the_programs);
    tcase_add_test(tests, masks_and_ignored_signals_are_inherited);
    tcase_add_test(tests, ignored_children_stay_ignored_and_the_status_is_known);
    tcase_add_test(tests, nohup_protects_both);
    tcase_add_test(tests, a_stop_of_the_program_stops_us);
    tcase_add_loop_test(tests, who_continues_the_program_alone_continues_us, 0, 2);
    tcase_add_test(tests, what_comes_too_late_for_the_program_does_not_end_us);
    tcase_add_test(tests, keys_of_the_terminal_come_once);
    tcase_add_test(tests, suspending_stops_the_job_and_continuing_continues_it);
    tcase_add_test(tests, a_program_that_ignores_suspending_keeps_us_running);
    tcase_add_test(tests, interrupting_ends_both_by_the_signal);
    tcase_add_test(tests, survivors_are_neither_waited_for_nor_killed);
    tcase_add_test(tests, the_parent_of_a_survivor_is_who_it_would_be);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
