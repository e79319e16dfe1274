/* show.h - makes a report and brings it to where the option `report` says. */
#ifndef TOOLS_SHOW_H
#define TOOLS_SHOW_H

#include "tools/findings/report_make.h"

/* Makes the report and writes it to `standard`, unless the option `report` was given and says otherwise.
 * Nothing is opened where there is nothing to say. `before_writing` (may be NULL) is called once when all is
 * made, just before the first byte goes out. Returns 0, or an exit status after a message; the verdict is then
 * right as far as it goes. */
int show_report(const struct report_request *request, FILE *standard, void (*before_writing)(void),
                struct report_verdict *verdict);

/* Writes a text that was made already, likewise. */
int show_text(const struct report_text *text, const struct settings *settings, FILE *standard);

#endif
