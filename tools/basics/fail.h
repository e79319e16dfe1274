/* fail.h - what the tool says when something is wrong, and the exit status that goes with it. */
#ifndef TOOLS_FAIL_H
#define TOOLS_FAIL_H

#include <stdbool.h>

/* The exit statuses that leftopen has of its own. Never 77 or 99: test runners read those as "skipped" and
 * "error" (Automake, Meson). */
enum exit_status {
    EXIT_FINDINGS = 23, /* handles left open, the program itself ended with 0; LeakSanitizer's default too */
    EXIT_USAGE = 64,
    EXIT_DAMAGED = 65, /* a record that cannot be read */
    EXIT_MISSING = 66, /* no such record or process */
    EXIT_OWN_FAILURE = 125,
    EXIT_CANNOT_EXECUTE = 126,
    EXIT_NOT_FOUND = 127
};

/* Says "leftopen: …" and a newline on standard error, in one write. Control characters (a file may be called
 * anything) are shown as '?'. errno is kept. */
void warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, and returns `status`: `return failure(EXIT_MISSING, "…", …);` */
int failure(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Nothing is said while `hush` is true: for what is looked at unasked. */
void warnings_hush(bool hush);

#endif
