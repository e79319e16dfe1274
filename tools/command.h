/* command.h - the sub-commands: one row each, defined beside its code, listed in command.c. */
#ifndef TOOLS_COMMAND_H
#define TOOLS_COMMAND_H

#include <stdbool.h>

#include "tools/settings/settings.h"

struct command {
    const char *name;
    const char *arguments; /* as in a synopsis */
    const char *summary;   /* one line */
    const char *text;      /* for `leftopen help NAME` */
    /* argv[0] is the name of the sub-command; returns the exit status. */
    int (*run)(int argc, char **argv);
};

extern const struct command command_run, command_report, command_ls, command_top, command_snapshot,
    command_diff, command_clean, command_help, command_version;

/* All of them, ended by NULL. */
extern const struct command *const commands[];

const struct command *command_find(const char *name);

/* The sub-command that `name` was most likely meant to be, NULL if none is near. */
const char *command_nearest(const char *name);

/* Takes the option at argv[0] and, if it stands apart, its value at argv[1]. Returns how many words it took; or
 * 0 if
 * --help was asked for and the help on `command` was shown; or a negative exit status after a message. */
int command_option(struct settings *settings, const char *command, char **argv);

/* Reads the options at the front of argv, from argv[1] on: `--name=value` or `--name value` per row of
 * tracker/settings.def. Stops at the first other word, or behind `--`. Returns the index of the word it stopped
 * at (argc: none is left); or 0 if --help was asked for and shown; or a negative exit status after a message on
 * standard error. So: `if (at <= 0) return -at;`. */
int command_options(struct settings *settings, int argc, char **argv);

/* For commands whose options and words stand in any order. `take` is offered every word; of options (which end
 * at `--`) it takes those of its own. It returns how many words it took, 0: this option is one of settings.def,
 * or a negative exit status after a message. Returns 1 if all was taken, or as command_option. */
int command_words(struct settings *settings, int argc, char **argv,
                  int (*take)(void *context, char **argv, bool is_option), void *context);

#endif
