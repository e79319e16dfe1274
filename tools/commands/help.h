/* help.h - what `leftopen help` says. */
#ifndef TOOLS_HELP_H
#define TOOLS_HELP_H

/* Shows the help on a sub-command or topic, NULL: the overview, on standard output. Returns 0, or 64 with a
 * message if there is no such topic. */
int help_show(const char *topic);

int help_version(void);

#endif
