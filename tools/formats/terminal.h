/* terminal.h - what may be written besides the text itself. */
#ifndef TOOLS_TERMINAL_H
#define TOOLS_TERMINAL_H

#include <stdbool.h>

/* `color`, `links`: the option's word, always, never or auto; auto asks the environment, and whether the output
 * goes `to_terminal`. */
bool terminal_takes_color(const char *color, bool to_terminal);
bool terminal_takes_links(const char *links, bool to_terminal);

#endif
