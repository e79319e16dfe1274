/* top_batch.h - samples as lines, for scripts. */
#ifndef TOOLS_TOP_BATCH_H
#define TOOLS_TOP_BATCH_H

#include <stdio.h>

#include "tools/top/top_model.h"

/* Writes the newest sample: lines of fields joined by blanks, the first word says what follows. */
void top_batch_write(const struct top_model *model, const struct top_view *view, FILE *out);

/* What the lines are, for the help. */
#define TOP_BATCH_FIELDS                                                                                       \
    "  sample   TIME\n"                                                                                        \
    "  process  PID OPEN LIMIT HANDLES SITES PER_MINUTE GROWN LIMIT_IN OLDEST PROGRAM\n"                       \
    "  site     PID ID OPEN OPENED CLOSED PEAK PER_MINUTE GROWN OLDEST KIND PLACE\n"

#endif
