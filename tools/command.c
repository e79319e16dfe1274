/* command.c - the table of sub-commands, and what they have in common. A new sub-command is one row. */
#include "tools/command.h"

#include <stdio.h>
#include <string.h>

#include "tools/basics/fail.h"
#include "tools/basics/nearest.h"
#include "tools/commands/help.h"
#include "tools/settings/foreign.h"

const struct command *const commands[] = {
    &command_run,  &command_report, &command_ls,   &command_top,     &command_snapshot,
    &command_diff, &command_clean,  &command_help, &command_version, NULL,
};

const struct command *command_find(const char *name) {
    for (const struct command *const *row = commands; *row; row++)
        if (strcmp((*row)->name, name) == 0)
            return *row;
    return NULL;
}

const char *command_nearest(const char *name) {
    const char *names[32];
    size_t count = 0;
    for (const struct command *const *row = commands; *row && count < 32; row++)
        names[count++] = (*row)->name;
    return nearest(name, names, count);
}

static int unknown_option(const char *option, const char *name) {
    const char *near = option[1] == '-' ? settings_nearest(name) : NULL;
    if (near)
        return failure(EXIT_USAGE, "there is no option %s; did you mean --%s?", option, near);
    return failure(EXIT_USAGE, "there is no option %s; `leftopen help options` lists them", option);
}

/* By the formats of render.h. Others would take a promise that they do not keep. */
static bool makes_reports(const char *command) {
    return strcmp(command, "run") == 0 || strcmp(command, "report") == 0;
}

int command_option(struct settings *settings, const char *command, char **argv) {
    char name[72], from[72];
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)
        return -help_show(command);
    size_t length = strcspn(argv[0], "=");
    bool has_value = argv[0][length] == '=';
    snprintf(from, sizeof from, "%.*s", (int)length, argv[0]);
    snprintf(name, sizeof name, "%s", strncmp(from, "--", 2) == 0 ? from + 2 : "");
    enum setting_id id = settings_find(name);
    if (id == SETTING_COUNT) {
        int taken = foreign_option(settings, argv[0]);
        return taken ? taken : -unknown_option(from, name);
    }
    if (id == SETTING_redact && !makes_reports(command))
        return -failure(EXIT_USAGE, "%s does not redact what it shows; `leftopen report` does", command);
    if (!has_value && settings_stands_alone(id, argv[1]))
        return settings_take(settings, name, "1", from) ? 1 : -EXIT_USAGE;
    if (!has_value && !argv[1])
        return -failure(EXIT_USAGE, "%s needs a value: %s=VALUE", from, from);
    const char *value = has_value ? argv[0] + length + 1 : argv[1];
    if (!settings_take(settings, name, value, from))
        return -EXIT_USAGE;
    return has_value ? 1 : 2;
}

int command_options(struct settings *settings, int argc, char **argv) {
    int at = 1;
    while (at < argc && argv[at][0] == '-' && argv[at][1] != '\0') {
        if (strcmp(argv[at], "--") == 0)
            return at + 1;
        int taken = command_option(settings, argv[0], argv + at);
        if (taken <= 0)
            return taken;
        at += taken;
    }
    return at;
}

int command_words(struct settings *settings, int argc, char **argv,
                  int (*take)(void *context, char **argv, bool is_option), void *context) {
    bool no_options = false;
    for (int at = 1, taken; at < argc; at += taken) {
        bool is_option = !no_options && argv[at][0] == '-' && argv[at][1];
        if (is_option && strcmp(argv[at], "--") == 0) {
            no_options = true;
            taken = 1;
            continue;
        }
        taken = take(context, argv + at, is_option);
        if (!taken)
            taken = command_option(settings, argv[0], argv + at);
        if (taken <= 0)
            return taken;
    }
    return 1;
}
