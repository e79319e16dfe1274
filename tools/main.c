/* main.c - finds the sub-command. The table of them is in command.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/basics/fail.h"
#include "tools/command.h"
#include "tools/commands/help.h"

/* `leftopen OPTIONS report …` means `leftopen report OPTIONS …`: brings the name to the front. argv[at] is
 * the name. */
static void bring_to_front(char **argv, int at) {
    char *name = argv[at];
    memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof *argv);
    argv[1] = name;
}

/* The index of the first word behind the options; where `--` stands before it, it is a program's name. */
static int first_word(int argc, char **argv, bool *is_program) {
    struct settings unused;
    settings_begin(&unused);
    int at = command_options(&unused, argc, argv);
    settings_end(&unused);
    *is_program = at > 1 && strcmp(argv[at - 1], "--") == 0;
    return at;
}

static int run_command(const struct command *command, int argc, char **argv) {
    int status = command->run(argc, argv);
    if (status == EXIT_USAGE && command != &command_run)
        warning("`leftopen help %s` explains the command; `leftopen -- %s` would run a program of that name",
                command->name, command->name);
    return status;
}

static int run_words(int argc, char **argv) {
    if (argc < 2)
        return failure(EXIT_USAGE,
                       "what shall run? `leftopen [OPTIONS] [--] PROGRAM …` or `leftopen COMMAND …`; a "
                       "command wins over a program of its name: `leftopen -- help` runs a program "
                       "help; `leftopen help` tells more");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help_show(NULL);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        return help_version();
    argv[0] = (char *)command_run.name; /* `leftopen PROGRAM` is `leftopen run PROGRAM` */
    bool is_program;
    int at = first_word(argc, argv, &is_program);
    if (at <= 0)
        return -at;
    const struct command *command = at < argc && !is_program ? command_find(argv[at]) : NULL;
    if (!command)
        return command_run.run(argc, argv);
    bring_to_front(argv, at);
    return run_command(command, argc - 1, argv + 1);
}

int main(int argc, char **argv) {
    int status = run_words(argc, argv);
    if ((fflush(stdout) != 0 || ferror(stdout)) && !status)
        return failure(EXIT_OWN_FAILURE, "cannot write to standard output: %s", strerror(errno));
    return status;
}
