/* report_command.c - the sub-command report, and its internal form that the library's exit pass runs. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/basics/fail.h"
#include "tools/command.h"
#include "tools/commands/show.h"
#include "tools/records/folder.h"
#include "tools/settings/foreign.h"

/* What the environment says of options is meant for the exit pass too, but where a watched program's report
 * goes is not where the answer to a typed command goes. */
static void begin_settings(struct settings *settings, bool is_exit_pass) {
    settings_begin(settings);
    /* what is wrong with them the library has said already */
    settings_take_string(settings, getenv("LEFTOPEN_OPTIONS"), is_exit_pass ? NULL : "LEFTOPEN_OPTIONS");
    if (!is_exit_pass)
        settings_reset(settings, SETTING_report);
}

/* --- internal form ---------------------------------------------------------------------------------------- */

enum { TOLD_TO = 3 /* the descriptor on which the library waits */ };

/* From here on the library must not show raw frames itself. */
static void say_that_writing_begins(void) {
    ssize_t ignored = write(TOLD_TO, "W", 1);
    (void)ignored; /* nobody waits */
}

/* The program's mask and dispositions are not ours: nothing may be blocked, and a reader that has gone away
 * must not turn the verdict into a death by SIGPIPE. SIGTTOU would stop the whole job, the program with it. */
static void set_signals(void) {
    sigset_t none;
    sigemptyset(&none);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* leftopen report --exit-pass PATH: the process that made the record is about to end and waits. Options are
 * those of LEFTOPEN_OPTIONS; the verdict is the exit status. */
static int exit_pass(const char *record) {
    set_signals();
    if (!record)
        return failure(EXIT_USAGE, "--exit-pass needs the path of a record");
    struct settings settings;
    begin_settings(&settings, true);
    settings_reset(&settings, SETTING_debuginfod); /* the program waits, and not for the net */
    foreign_environment(&settings);
    struct report_request request = {.records = &record, .count = 1, .settings = &settings, .waits = true};
    struct report_verdict verdict = {0};
    int status = show_report(&request, stderr, say_that_writing_begins, &verdict);
    settings_end(&settings);
    if (status || !verdict.has_findings)
        return status;
    return verdict.failure ? verdict.failure : EXIT_FINDINGS;
}

/* --- sub-command ------------------------------------------------------------------------------------------ */

struct request {
    struct settings settings;
    struct folder_list records;
    bool fail;        /* findings give 23 */
    bool fail_on_new; /* the same, and a baseline is needed */
};

/* Takes the option or record at argv[0]. Returns how many words it took, or as command_option. */
static int take_word(struct request *request, const char *command, char **argv, bool is_record) {
    if (is_record || argv[0][0] != '-' || !argv[0][1]) {
        int status = folder_resolve(argv[0], &request->records);
        return status ? -status : 1;
    }
    bool is_new_only = strcmp(argv[0], "--fail-on-new") == 0;
    if (!is_new_only && strcmp(argv[0], "--fail") != 0)
        return command_option(&request->settings, command, argv);
    request->fail = true;
    request->fail_on_new |= is_new_only;
    return 1;
}

/* Options and records, in any order; behind `--` only records. Returns 1 if all was taken, or as
 * command_option. */
static int take_words(struct request *request, int argc, char **argv) {
    bool only_records = false;
    for (int at = 1, taken; at < argc; at += taken) {
        bool is_separator = !only_records && strcmp(argv[at], "--") == 0;
        taken = is_separator ? 1 : take_word(request, argv[0], argv + at, only_records);
        only_records |= is_separator;
        if (taken <= 0)
            return taken;
    }
    return 1;
}

/* Who types a command reads the answer on standard output. */
static int show(struct request *request) {
    if (!request->records.count)
        return failure(EXIT_USAGE, "report needs a record: a file, a folder of them, or the PID of a process");
    if (request->fail_on_new && !*request->settings.value[SETTING_baseline])
        return failure(EXIT_USAGE, "--fail-on-new needs to know what is not new: --baseline=FILE");
    if (settings_flag(&request->settings, SETTING_gen_suppressions) && !request->settings.given[SETTING_format])
        settings_take(&request->settings, "format", "suppressions", "--gen-suppressions");
    struct report_request what = {.records = (const char *const *)request->records.paths,
                                  .count = request->records.count,
                                  .settings = &request->settings};
    struct report_verdict verdict = {0};
    int status = show_report(&what, stdout, NULL, &verdict);
    if (!status && verdict.unreadable)
        status = EXIT_DAMAGED;
    return !status && request->fail && verdict.has_findings ? EXIT_FINDINGS : status;
}

static int run_report(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--exit-pass") == 0)
        return exit_pass(argv[2]);
    struct request request = {0};
    begin_settings(&request.settings, false);
    int taken = take_words(&request, argc, argv);
    int status = taken > 0 ? show(&request) : -taken;
    folder_list_end(&request.records);
    settings_end(&request.settings);
    return status;
}

const struct command command_report = {
    .name = "report",
    .arguments = "[OPTIONS] [--fail | --fail-on-new] RECORD|FOLDER|PID…",
    .summary = "Show what records say: of programs that ended, were killed, or still run.",
    .text =
        "RECORD is a record file (- reads one from standard input), FOLDER stands for all records in it, PID\n"
        "for the record of a running process: then it shows what is held so far, without stopping it.\n"
        "Several make one merged report, on standard output unless --report says otherwise.\n"
        "\n"
        "  --fail               exit status 23 if anything was left open\n"
        "  --fail-on-new        the same for what --baseline=FILE does not have\n"
        "  --gen-suppressions   make a file for --suppressions=FILE of what was found\n"
        "\n"
        "Exit status: 0 whatever was found; 65 a record is damaged, or of another version or machine; 66\n"
        "there is no such record or process.\n"
        "\n"
        "`leftopen help options` lists the options.\n"
        "\n"
        "  leftopen report 4711\n"
        "  leftopen report --group-by=function --top=10 /dev/shm/leftopen-1000\n"
        "  leftopen report --format=json --redact=path+argv+peer RECORD >report.json",
    .run = run_report,
};
