/* target.h - what a program is, before it is started: can it be, and will the library be loaded into it? */
#ifndef TOOLS_TARGET_H
#define TOOLS_TARGET_H

#include <stdbool.h>

enum target_state {
    TARGET_WATCHABLE,
    TARGET_UNWATCHABLE,    /* it can be run, but the dynamic loader will not load the library into it */
    TARGET_CANNOT_EXECUTE, /* exit status 126 */
    TARGET_NOT_FOUND       /* 127 */
};

struct target {
    char *path;         /* what to execute: the name itself, or where PATH led; owned, NULL if not found */
    char *reason;       /* unless watchable: a clause that follows the name ("is statically linked"); owned */
    bool is_plain_text; /* neither ELF nor #!: where the kernel refuses it, execvp has it read by /bin/sh */
    bool address_sanitizer; /* its libasan wants to be the first library, and must be told otherwise */
};

/* Looks for `program` as execvp does (a name with a slash is a path, others are searched in PATH) and at what
 * it is: follows #! interpreters, reads ELF headers. Says nothing. What cannot be known (an unreadable
 * executable) counts as watchable. */
enum target_state target_look(const char *program, struct target *target);
void target_end(struct target *target);

/* Becomes the program. Returns only on failure, an errno. `shell_argv` is what target_shell_arguments made; it
 * allocates nothing, so that a vfork child may call it. */
int target_execute(const struct target *target, char **argv, char **shell_argv);

/* The arguments for the case that /bin/sh has to read the program; the caller frees the array (not the words).
 */
char **target_shell_arguments(const struct target *target, char **argv);

#endif
