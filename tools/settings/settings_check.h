/* settings_check.h - values of options whose type in settings.def does not say enough. */
#ifndef TOOLS_SETTINGS_CHECK_H
#define TOOLS_SETTINGS_CHECK_H

#include "tools/settings/settings.h"

/* NULL if the value fits; else what would fit, to be continued after "which takes". `beforehand`: no program has
 * run yet, so what is to be there must be there. The caller frees it. */
char *settings_check(enum setting_id id, const char *value, bool beforehand);

/* True if the library says itself what does not fit. */
bool settings_check_is_by_library(enum setting_id id);

#endif
