/* report_command.c - the sub-command report: shows records. What it shows is made in report.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/fail.h"
#include "tools/folder.h"
#include "tools/show.h"
#include "tracker/record_format.h"

enum { PROGRESS_DESCRIPTOR = 3 };

struct request {
    struct settings settings;
    struct folder_list records;
    bool fail;         /* findings give 23 */
    bool at_exit_pass; /* called by the library at the end of its process, see tracker/renderer.c */
};

/* The options of this sub-command alone. */
static bool take_own_option(struct request *request, const char *word) {
    if (strcmp(word, "--fail") == 0)
        request->fail = true;
    else if (strcmp(word, "--exit-pass") == 0)
        request->fail = request->at_exit_pass = true;
    else
        return false;
    return true;
}

static int add_records(struct request *request, const char *word) {
    struct folder_list list;
    int status = folder_resolve(word, &list);
    for (size_t i = 0; i < list.count; i++)
        folder_list_add(&request->records, list.paths[i]);
    folder_list_end(&list);
    return status;
}

/* Options and records in any order. Returns 0 to go on; else as command_options does: the negative exit status,
 * or 1 if help was shown. */
static int take_arguments(struct request *request, int argc, char **argv) {
    bool only_records = false;
    for (int at = 1; at < argc;) {
        bool is_option = !only_records && argv[at][0] == '-' && argv[at][1] != '\0';
        int taken = 1;
        if (is_option && strcmp(argv[at], "--") == 0)
            only_records = true;
        else if (is_option && !take_own_option(request, argv[at]))
            taken = command_option(&request->settings, argv[0], argv + at);
        else if (!is_option && add_records(request, argv[at]) != 0)
            return -EXIT_MISSING;
        if (taken <= 0)
            return taken ? taken : 1;
        at += taken;
    }
    if (request->records.count == 0)
        return -failure(EXIT_USAGE, "report needs a record: a file, a folder, or the PID of a process");
    return 0;
}

/* The library shows a report of its own if we fail before anything was written, and must not if we fail later.
 */
static void tell_that_we_write(void) {
    if (write(PROGRESS_DESCRIPTOR, "", 1) < 0)
        close(PROGRESS_DESCRIPTOR); /* it has lost its patience */
}

/* A person who asks for a report reads standard output; a program's end is told on standard error. */
static int show_records(const struct request *request) {
    struct report_verdict verdict = {0};
    const struct report_request what = {
        .records = (const char *const *)request->records.paths,
        .count = request->records.count,
        .settings = &request->settings,
    };
    int status = request->at_exit_pass ? show_report(&what, stderr, tell_that_we_write, &verdict)
                                       : show_report(&what, stdout, NULL, &verdict);
    if (status)
        return status;
    return request->fail && verdict.left_open ? EXIT_FINDINGS : 0;
}

static int run_report(int argc, char **argv) {
    struct request request = {0};
    settings_begin(&request.settings);
    settings_take_string(&request.settings, getenv("LEFTOPEN_OPTIONS"), "LEFTOPEN_OPTIONS");
    int status = take_arguments(&request, argc, argv);
    if (status == 0)
        status = show_records(&request);
    else
        status = status < 0 ? -status : 0;
    folder_list_end(&request.records);
    settings_end(&request.settings);
    return status;
}

const struct command command_report = {
    .name = "report",
    .arguments = "[OPTIONS] RECORD|FOLDER|PID…",
    .summary = "Show what records say: of processes that have ended, were killed, or still run.",
    .text = "RECORD is a file NAME" RECORD_SUFFIX
            ", or - for standard input; FOLDER stands for all records in it;\n"
            "PID for the record of a living process, also in a container, or of one that has left its record\n"
            "behind. Several records make one merged report.\n"
            "\n"
            "  --fail    exit status 23 if anything was left open\n"
            "\n"
            "The report goes to standard output unless --report says otherwise. Exit status: 0 whatever was\n"
            "found; 65 a record is damaged, 66 there is no such record or process, 64 wrong usage.\n"
            "\n"
            "`leftopen help options` lists the options.",
    .run = run_report,
};
