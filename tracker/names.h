/* names.h - texts of the program in its record: paths and the like. Any context, RECORD_READY only. */
#ifndef TRACKER_NAMES_H
#define TRACKER_NAMES_H

#include <stdint.h>

/* Keeps the text, up to 4,095 bytes of it, ended by a zero byte. Returns its place / RECORD_UNIT, 0: no room.
 */
uint32_t names_keep(const char *text);

/* What was opened at this stack, by its name: the first one is kept, as an example of all. Id 0
 * is ignored. */
void names_opened(uint32_t stack, const char *name);

#endif
