/* foreign.h - options of other tools, for test runners that know only those. */
#ifndef TOOLS_FOREIGN_H
#define TOOLS_FOREIGN_H

#include "tools/settings/settings.h"

/* Takes `word` if it is one of Valgrind's options that CTest passes, or people have in their scripts: those that
 * mean something here become ours, the others are passed over. --log-file also asks for the form that readers
 * of such a file expect, unless another was asked for. Returns 1 if it was taken, 0 if it is none of them, or a
 * negative exit status after a message. */
int foreign_option(struct settings *settings, const char *word);

/* With lsan_options=1: log_path and suppressions of LSAN_OPTIONS become report and suppressions, where these
 * were not given. To be called when all options are known. */
void foreign_environment(struct settings *settings);

#endif
