/* run.c - the sub-command run: a program under the library, and the report when it has ended. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/basics/duration.h"
#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/command.h"
#include "tools/commands/child.h"
#include "tools/commands/library.h"
#include "tools/commands/show.h"
#include "tools/commands/target.h"
#include "tools/commands/watch.h"
#include "tools/findings/baseline.h"
#include "tools/records/folder.h"
#include "tools/records/told.h"
#include "tools/records/unwatched.h"
#include "tools/settings/foreign.h"

struct run {
    struct settings settings;
    char **argv; /* of the program */
    struct target target;
    char *folder;              /* for the records of the tree */
    struct folder_list before; /* records that lay there already */
    int hold;                  /* keeps others from cleaning it */
    struct child child;
    int status;              /* wait status of the program */
    uint64_t interval;       /* ns between lines about growth; 0: none */
    uint64_t started, ended; /* CLOCK_REALTIME, ns */
};

/* Options from the environment. Within a tree that another `leftopen run` watches they are what that run made
 * of its own options: where its records and its report go is not meant for us. */
static void take_environment(struct settings *settings) {
    const char *options = getenv("LEFTOPEN_OPTIONS");
    settings_take_string(settings, options, "LEFTOPEN_OPTIONS");
    if (!folder_has_tree_name(settings->value[SETTING_record]))
        return;
    settings_reset(settings, SETTING_record);
    settings_reset(settings, SETTING_report);
}

/* A file that is named relative to where we are must be found by processes that are elsewhere. */
static void make_absolute(struct settings *settings, enum setting_id id) {
    const char *value = settings->value[id];
    char here[PATH_MAX];
    if (!*value || *value == '/' || !getcwd(here, sizeof here))
        return;
    char *path = memory_format("%s/%s", here, value);
    if (access(path, F_OK) == 0 || id == SETTING_record)
        settings_take(settings, settings_name(id), path, settings_name(id));
    free(path);
}

/* The folder that the user has named: its records stay. False if it cannot be had. */
static bool take_named_folder(struct run *run, const char *name) {
    mkdir(name, 0700);
    run->folder = realpath(name, NULL); /* the library follows no symbolic link */
    run->hold = run->folder ? folder_hold(run->folder) : -1;
    if (run->hold >= 0 && access(run->folder, W_OK | X_OK) == 0 && folder_list(run->folder, &run->before) == 0)
        return true;
    warning("records cannot lie in %s (%s); this run uses a folder of its own", name,
            errno == EWOULDBLOCK ? "another run uses it" : strerror(errno));
    if (run->hold >= 0)
        close(run->hold);
    free(run->folder);
    return false;
}

static int prepare_folder(struct run *run) {
    const char *named = run->settings.value[SETTING_record];
    if (strcmp(named, "off") == 0)
        warning("record=off cannot be had here: the report is made from the records after the end; "
                "a bare LD_PRELOAD can do without");
    else if (strcmp(named, "auto") != 0 && take_named_folder(run, named))
        return 0;
    run->folder = folder_make_for_tree(&run->hold);
    if (!run->folder)
        return failure(EXIT_OWN_FAILURE, "no folder for the records can be made in /dev/shm or /tmp: %s",
                       strerror(errno));
    if (!folder_has_room(run->folder))
        warning("/dev/shm and /tmp are full: handles may be left out of the report for want of room");
    return 0;
}

/* The program's own options, and that nobody but us reports. */
static void export_options(struct run *run) {
    static const enum setting_id ours[] = {
        SETTING_record,   SETTING_report, SETTING_exitcode,         SETTING_format,
        SETTING_color,    SETTING_help,   SETTING_interval,         SETTING_follow,
        SETTING_group_by, SETTING_top,    SETTING_gen_suppressions, SETTING_COUNT};
    struct settings first;
    settings_begin(&first);
    settings_take(&first, "record", run->folder, "record");
    settings_take(&first, "report", "none", "report");
    char *records = settings_string(&first, (enum setting_id[]){SETTING_COUNT});
    char *others = settings_string(&run->settings, ours);
    char *all = memory_format("%s%s%s", records, *others ? ":" : "", others);
    setenv("LEFTOPEN_OPTIONS", all, 1);
    free(all);
    free(others);
    free(records);
    settings_end(&first);
}

static int prepare_environment(struct run *run) {
    char *library = library_find();
    char *preload = library ? library_preload(library, run->folder) : NULL;
    free(library);
    if (!preload)
        return EXIT_OWN_FAILURE;
    setenv("LD_PRELOAD", preload, 1);
    free(preload);
    export_options(run);
    if (run->target.address_sanitizer) {
        const char *before = getenv("ASAN_OPTIONS");
        char *options = memory_format("%s%sverify_asan_link_order=0", before ? before : "", before ? ":" : "");
        setenv("ASAN_OPTIONS", options, 1);
        free(options);
    }
    return 0;
}

static int cannot_execute(const struct run *run, int error) {
    return failure(error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE, "%s cannot be executed: %s",
                   run->target.path, strerror(error));
}

/* Nobody is needed beside a program that cannot be watched: it takes our place. */
static int run_unwatched(struct run *run) {
    warning("%s %s: it runs unwatched", run->argv[0], run->target.reason);
    char **shell_argv = target_shell_arguments(&run->target, run->argv);
    int error = target_execute(&run->target, run->argv, shell_argv);
    free(shell_argv);
    return cannot_execute(run, error);
}

/* The records that the tree has made. */
static void list_records(const struct run *run, struct folder_list *records) {
    struct folder_list all;
    *records = (struct folder_list){0};
    folder_list(run->folder, &all);
    for (size_t i = 0; i < all.count; i++)
        if (!folder_list_has(&run->before, all.paths[i]))
            folder_list_add(records, all.paths[i]);
    folder_list_end(&all);
}

/* Shows the report; the verdict is whether leftopen could do its work (0), and what it found. */
static int report(const struct run *run, struct report_verdict *verdict) {
    struct folder_list records;
    size_t told = told_take(run->folder);
    list_records(run, &records);
    struct report_request request = {
        .records = (const char *const *)records.paths,
        .count = records.count,
        .settings = &run->settings,
        .first = run->child.pid,
        .first_ended = true,
        .first_status = run->status,
        .first_executable = run->target.path,
        .first_arguments = run->argv,
        .first_started = run->started,
        .first_ended_at = run->ended,
        .shortages_are_told = watch_has_told_shortages(&run->settings),
        .may_be_empty = true,
    };
    /* Whoever was to read the report may be gone, and that is no business of the program's status. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTTOU, SIG_IGN); /* nor one that stops the job which began in the background */
    signal(SIGXFSZ, SIG_IGN);
    /* where all is told already, `nothing left open` would be wrong */
    int error = told && !records.count ? 0 : show_report(&request, stderr, NULL, verdict);
    verdict->left_open += told;
    verdict->has_findings |= told > 0;
    folder_list_end(&records);
    return error;
}

static int exit_code(const struct settings *settings) {
    return settings->given[SETTING_exitcode] ? (int)settings_number(settings, SETTING_exitcode) : EXIT_FINDINGS;
}

/* The program's own end comes first; only a success can be overruled. */
static int final_status(const struct run *run, int error, const struct report_verdict *verdict) {
    if (!WIFEXITED(run->status) || WEXITSTATUS(run->status) != 0)
        return child_end_like(run->status);
    if (verdict->has_findings)
        return exit_code(&run->settings);
    return error ? EXIT_OWN_FAILURE : 0;
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int watch(struct run *run) {
    run->started = now();
    int error = child_start(&run->child, &run->target, run->argv);
    if (error)
        return cannot_execute(run, error);
    child_leave_descriptors(run->hold);
    struct watch_request request = {
        .folder = run->folder,
        .folder_descriptor = run->hold,
        .before = &run->before,
        .settings = &run->settings,
        .first = run->child.pid,
        .interval = run->interval,
        .follow = settings_flag(&run->settings, SETTING_follow),
    };
    struct watch *watch = watch_begin(&request);
    run->status = child_wait(&run->child, watch_attend, watch);
    run->ended = now();
    watch_end(watch);
    return 0;
}

/* What nobody needs any more goes; a folder that the user has named keeps its records. */
static void tidy_up(struct run *run) {
    if (folder_is_for_tree(run->folder))
        folder_end(run->folder);
    close(run->hold);
    char *automatic = folder_automatic();
    folder_tidy(automatic);
    free(automatic);
    folder_tidy_trees();
}

/* What cannot be compared with is said before the program has run for nothing. */
static int check_baseline(const struct run *run) {
    struct baseline *baseline;
    int error = baseline_begin(&baseline, run->settings.value[SETTING_baseline], run->target.path);
    baseline_end(baseline);
    return error;
}

static int run_watched(struct run *run) {
    int error = check_baseline(run);
    if (!error)
        error = prepare_folder(run);
    if (error)
        return error;
    unwatched_begin(run->folder);
    error = prepare_environment(run);
    if (!error)
        error = watch(run);
    if (error) {
        tidy_up(run);
        return error;
    }
    struct report_verdict verdict = {0};
    error = report(run, &verdict);
    unwatched_say(run->folder);
    tidy_up(run);
    return final_status(run, error, &verdict);
}

static int not_found(const struct run *run) {
    const char *near = command_nearest(run->argv[0]);
    if (near)
        return failure(EXIT_NOT_FOUND, "%s %s; did you mean the command %s?", run->argv[0], run->target.reason,
                       near);
    return failure(EXIT_NOT_FOUND, "%s %s", run->argv[0], run->target.reason);
}

static int run_program(struct run *run) {
    switch (target_look(run->argv[0], &run->target)) {
    case TARGET_WATCHABLE:
        return run_watched(run);
    case TARGET_UNWATCHABLE:
        return run_unwatched(run);
    case TARGET_CANNOT_EXECUTE:
        return failure(EXIT_CANNOT_EXECUTE, "%s %s", run->argv[0], run->target.reason);
    case TARGET_NOT_FOUND:
        break;
    }
    return not_found(run);
}

static int take_arguments(struct run *run, int argc, char **argv) {
    take_environment(&run->settings);
    int at = command_options(&run->settings, argc, argv);
    if (at <= 0)
        return at;
    foreign_environment(&run->settings);
    if (at == argc)
        return -failure(EXIT_USAGE, "no program to run; `leftopen help run` tells more");
    run->interval = duration_parse(run->settings.value[SETTING_interval]);
    run->argv = argv + at;
    make_absolute(&run->settings, SETTING_suppressions);
    make_absolute(&run->settings, SETTING_baseline);
    make_absolute(&run->settings, SETTING_source_root);
    make_absolute(&run->settings, SETTING_debug_path);
    if (strcmp(run->settings.value[SETTING_record], "auto") != 0 &&
        strcmp(run->settings.value[SETTING_record], "off") != 0)
        make_absolute(&run->settings, SETTING_record);
    if (settings_flag(&run->settings, SETTING_help))
        settings_help(&run->settings, stderr);
    return at;
}

static int run_run(int argc, char **argv) {
    struct run run = {.hold = -1};
    settings_begin(&run.settings);
    int status = take_arguments(&run, argc, argv);
    status = status > 0 ? run_program(&run) : -status;
    target_end(&run.target);
    folder_list_end(&run.before);
    free(run.folder);
    settings_end(&run.settings);
    return status;
}

const struct command command_run = {
    .name = "run",
    .arguments = "[OPTIONS] [--] PROGRAM [ARGUMENTS…]",
    .summary = "Run PROGRAM and report what it and its children left open.",
    .text =
        "`run` itself may be left out. The report goes to standard error when PROGRAM has ended; processes\n"
        "of its tree that live on are shown as running. PROGRAM keeps the terminal, its process group and\n"
        "every descriptor; signals sent to leftopen reach it.\n"
        "\n"
        "Exit status: that of PROGRAM, and where a signal ended it the same signal; 23 (--exitcode=N) if\n"
        "handles were left open and PROGRAM ended with 0; 125 if leftopen itself failed; 126 if PROGRAM\n"
        "cannot be executed; 127 if it was not found.\n"
        "\n"
        "Programs that the dynamic loader does not load libraries into (static, setuid, of another machine)\n"
        "run unwatched, and leftopen says so.\n"
        "\n"
        "While PROGRAM runs: when descriptors run out it is told at once who holds them; --interval=60s tells\n"
        "every so often how many handles are open and which sites grew; --follow shows each process's report\n"
        "as it ends; --warn-at=80% and --report-signal=USR2 have their lines in `leftopen help options`.\n"
        "\n"
        "`leftopen help options` lists the options.\n"
        "\n"
        "  leftopen ./server --port=80\n"
        "  leftopen --exitcode=1 --suppressions=known.supp make check\n"
        "  leftopen --format=html --report=leaks.%p.html ./server",
    .run = run_run,
};
