/* terminal.c - see terminal.h. */
#include "tools/formats/terminal.h"

#include <stdlib.h>
#include <string.h>

/* https://no-color.org, https://force-color.org: set and not empty. */
static bool says_yes(const char *variable) {
    const char *value = getenv(variable);
    return value && *value;
}

bool terminal_takes_color(const char *color, bool to_terminal) {
    const char *terminal = getenv("TERM");
    if (strcmp(color, "auto") != 0)
        return strcmp(color, "always") == 0;
    if (says_yes("NO_COLOR"))
        return false;
    if (says_yes("FORCE_COLOR"))
        return true;
    return to_terminal && terminal && strcmp(terminal, "dumb") != 0;
}

/* Terminals that do not know links leave them out, but for some. */
bool terminal_takes_links(const char *links, bool to_terminal) {
    static const char *const plain[] = {"dumb", "linux", "ansi", "vt100", "vt220", "sun", "cons25"};
    const char *terminal = getenv("TERM"), *vte = getenv("VTE_VERSION");
    if (strcmp(links, "auto") != 0)
        return strcmp(links, "always") == 0;
    for (size_t i = 0; terminal && i < sizeof plain / sizeof *plain; i++)
        if (strcmp(terminal, plain[i]) == 0)
            return false;
    return to_terminal && terminal && *terminal && !(vte && atoi(vte) < 5000);
}
