/* help.c - the sub-commands help and version. What it says of options comes from tracker/settings.def, what it
 * says of sub-commands from their rows. */
#include "tools/commands/help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/fail.h"
#include "tools/basics/nearest.h"
#include "tools/basics/version.h"
#include "tools/command.h"
#include "tools/findings/rules.h"
#include "tools/formats/render.h"

static int show_overview(void) {
    puts("Usage: leftopen [OPTIONS] [--] PROGRAM [ARGUMENTS…]\n"
         "  or:  leftopen COMMAND …\n"
         "\n"
         "Runs PROGRAM and reports what it left open: files, sockets, streams, processes and so on,\n"
         "each with the place that opened it. What was left open is flushed and released.\n"
         "\n"
         "Commands:");
    for (const struct command *const *row = commands; *row; row++)
        printf("  %-8s  %s\n", (*row)->name, (*row)->summary);
    puts("\n"
         "A command wins over a program of the same name: `leftopen -- report` runs the program report.\n"
         "\n"
         "Options are written --name=value or --name value, or name=value in LEFTOPEN_OPTIONS;\n"
         "`leftopen help options` lists them, `leftopen help suppressions` says how to allow what is meant\n"
         "to stay open, `leftopen help formats` lists reports for machines, `leftopen help COMMAND` tells "
         "more.\n"
         "\n"
         "Exit status: that of PROGRAM; 23 if it left handles open and ended with 0 (--exitcode changes it).\n"
         "64 wrong usage, 125 leftopen itself failed, 126 PROGRAM cannot be executed, 127 it was not found.");
    return 0;
}

static int show_options(void) {
    struct settings settings;
    settings_begin(&settings);
    settings_take_string(&settings, getenv("LEFTOPEN_OPTIONS"), "LEFTOPEN_OPTIONS");
    puts("Options are written --name=value before the program, or name=value in LEFTOPEN_OPTIONS, there\n"
         "separated by colon, comma or blank; a value with one of these is put in quotes. `-` in a name\n"
         "counts as `_`, and the words of a LIST are joined by +. Those of 0 or 1 may stand alone on the\n"
         "command line: --follow is --follow=1.\n"
         "\n"
         "  leftopen --strict=1 --depth=64 ./server --port=80\n"
         "  LEFTOPEN_OPTIONS=strict=1:depth=64 leftopen ./server --port=80\n"
         "  LEFTOPEN_OPTIONS=strict=1:depth=64 LD_PRELOAD=/usr/local/lib/leftopen/libleftopen.so ./server\n");
    settings_help(&settings, stdout);
    settings_end(&settings);
    return 0;
}

/* Two rules may have one reason. */
static void show_rules(void) {
    const char *last = "";
    for (size_t i = 0; i < rules_count; i++) {
        if (strcmp(rules_reason(i), last) != 0)
            printf("  %s\n", rules_reason(i));
        if (strcmp(rules_reason(i), last) != 0 && strcmp(rules_programs(i), "*") != 0)
            printf("      (%s)\n", rules_programs(i));
        last = rules_reason(i);
    }
}

static int show_suppressions(void) {
    puts("A file named by --suppressions=FILE lists what may stay open, one line each; # starts a comment.\n"
         "\n"
         "  leak:PATTERN    any handle with a frame whose function, source file or module fits; where the\n"
         "                  function is not known, (module+0x1a2b) stands for it, as in reports\n"
         "  KIND:PATTERN    the same for handles of one kind only (socket:, file:, stream: …)\n"
         "  path:PATTERN    handles that refer to such a file or address\n"
         "  misuse:PATTERN  wrong calls of such a type (double-close …), or with such a frame in the stack\n"
         "                  of the call, of who opened the handle, or of who had closed it\n"
         "\n"
         "In a pattern * is any text, ^ the start and $ the end. After blanks may follow\n"
         "  max=N               at most N handles, or places of wrong calls\n"
         "  until=YYYY-MM-DD    no longer than that day\n"
         "  frame=N             only frame #N is looked at; #0 is the program's call\n"
         "\n"
         "  socket:connect_upstream max=2\n"
         "  path:^/var/lib/app/*.lock$ until=2027-01-31\n"
         "\n"
         "--gen-suppressions shows with each site the line that would allow it; `leftopen report\n"
         "--gen-suppressions RECORD >FILE` makes a whole file, from which you strike what should be closed.\n"
         "\n"
         "Blocks for Valgrind with CoreError:FdNotClosed, FdBadClose and FdBadUse are understood too.\n"
         "Suppressed handles are released like others, but count neither for the exit status nor for strict.\n"
         "--verbosity=1 says how often each suppression was used, and names those that matched nothing.\n"
         "\n"
         "Built in is what stays open, or is closed twice, by design in every run:\n");
    show_rules();
    return 0;
}

static int show_formats(void) {
    puts("Formats of a report, for --format=NAME:\n");
    for (const struct format *format = render_formats; format->name; format++)
        printf("  %-20s%c %s\n", format->name, format->is_document ? '*' : ' ', format->text);
    puts("\n"
         "* is a whole document: `run` and `report` write it even when nothing was found, and a file that\n"
         "--report names holds only the newest one. The others say nothing then, and are appended to a file.\n"
         "After a bare LD_PRELOAD a program that left nothing open makes no report of any format.\n"
         "\n"
         "  leftopen --format=sarif --report='leaks-%e.sarif' ./server\n"
         "  leftopen report --format=pprof PID >open.pb.gz && go tool pprof -top open.pb.gz\n"
         "\n"
         "github writes annotations where other reports go, so that the job's log has them, and appends a\n"
         "table to the file that GITHUB_STEP_SUMMARY names.\n"
         "\n"
         "A source file below the current directory (or --source-root=FOLDER) is named relative to it where\n"
         "code hosts expect that (sarif, github, gitlab, junit); the line they show is that of the first\n"
         "frame in a file of your own. A finding is recognised from run to run by the site's id, which does\n"
         "not change with its line number.\n"
         "\n"
         "Misuses are findings in all formats but folded and pprof, which count handles: pprof names them in\n"
         "the profile's comments. In valgrind-xml they are InvalidFree, as old readers know no other word.");
    return 0;
}

static int show_command(const struct command *command) {
    printf("Usage: leftopen %s%s%s\n\n%s\n\n%s\n", command->name, *command->arguments ? " " : "",
           command->arguments, command->summary, command->text);
    return 0;
}

static const struct {
    const char *name;
    int (*show)(void);
} topics[] = {
    {"options", show_options},
    {"suppressions", show_suppressions},
    {"formats", show_formats},
};

static int unknown_topic(const char *topic) {
    const char *names[sizeof topics / sizeof *topics];
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        names[i] = topics[i].name;
    const char *near = nearest(topic, names, sizeof topics / sizeof *topics);
    if (!near)
        near = command_nearest(topic);
    if (near)
        return failure(EXIT_USAGE, "there is no help on '%s'; did you mean '%s'?", topic, near);
    return failure(EXIT_USAGE, "there is no help on '%s'; `leftopen help` lists the commands", topic);
}

int help_show(const char *topic) {
    if (!topic)
        return show_overview();
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        if (strcmp(topic, topics[i].name) == 0)
            return topics[i].show();
    const struct command *command = command_find(topic);
    return command ? show_command(command) : unknown_topic(topic);
}

int help_version(void) {
    puts("leftopen " LEFTOPEN_VERSION);
    return 0;
}

/* The word behind the options, which are allowed and mean nothing here, NULL if there is none. Returns what
 * command_options does, or -64 if there is more than one word. */
static int one_word(int argc, char **argv, const char **word) {
    struct settings unused;
    settings_begin(&unused);
    int at = command_options(&unused, argc, argv);
    settings_end(&unused);
    *word = at > 0 && at < argc ? argv[at] : NULL;
    if (*word && at + 1 < argc)
        return -failure(EXIT_USAGE, "%s does not take '%s' too", argv[0], argv[at + 1]);
    return at;
}

static int run_help(int argc, char **argv) {
    const char *topic;
    int at = one_word(argc, argv, &topic);
    return at > 0 ? help_show(topic) : -at;
}

static int run_version(int argc, char **argv) {
    const char *word;
    int at = one_word(argc, argv, &word);
    if (at <= 0)
        return -at;
    return word ? failure(EXIT_USAGE, "version takes no argument, not '%s'", word) : help_version();
}

const struct command command_help = {
    .name = "help",
    .arguments = "[COMMAND | options | suppressions | formats]",
    .summary = "Explain a command, the options, suppressions, or formats.",
    .text = "Without an argument it shows an overview.",
    .run = run_help,
};

const struct command command_version = {
    .name = "version",
    .arguments = "",
    .summary = "Show the version.",
    .text = "The first line is `leftopen VERSION`. --version and -V show the same.",
    .run = run_version,
};
