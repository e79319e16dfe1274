/* settings.h - the options of one run of the tool, from LEFTOPEN_OPTIONS and the command line. */
#ifndef TOOLS_SETTINGS_H
#define TOOLS_SETTINGS_H

#include <stdbool.h>
#include <stdio.h>

/* One row per line of tracker/settings.def, in its order: enum setting_id SETTING_strict, … */
enum setting_id {
#define SETTING(name, type, value, values, text) SETTING_##name,
#include "tracker/settings.def"
    SETTING_COUNT
};

/* Between the pairs of a value that may be given several times. */
#define SETTINGS_NEXT "\n"

struct settings {
    char *value[SETTING_COUNT]; /* never NULL: the default where nothing was said; checked, owned */
    bool given[SETTING_COUNT];  /* said by LEFTOPEN_OPTIONS or the command line */
};

/* All defaults. */
void settings_begin(struct settings *settings);
void settings_end(struct settings *settings);

/* Takes one option; `-` in the name counts as `_`. `from` names the source for messages ("LEFTOPEN_OPTIONS",
 * "--color"); NULL: none are wanted. An unknown name is a warning on standard error and returns false; a value
 * that does not fit is a warning that says what would fit, keeps the old value and returns false. With NULL what
 * must be there before a program runs (the folder of a report) is not looked for. */
bool settings_take(struct settings *settings, const char *name, const char *value, const char *from);

/* True for an option that needs no value where `next` (NULL: none) follows it: a flag, and `next` is neither 0
 * nor 1. */
bool settings_stands_alone(enum setting_id id, const char *next);

/* Back to the default, as if nothing had been said. */
void settings_reset(struct settings *settings, enum setting_id id);

/* Calls `take` with each name=value of `string`, which are separated by : , blank tab or newline; a value may be
 * in single or double quotes. What cannot be parsed is warned about (`from` as in settings_take) and left out.
 * NULL is an empty string. */
void settings_each(const char *string, const char *from,
                   void (*take)(void *context, const char *name, const char *value), void *context);

/* Takes a whole LEFTOPEN_OPTIONS string, see settings_each. */
void settings_take_string(struct settings *settings, const char *string, const char *from);

/* The option called `name` (`-` counts as `_`), SETTING_COUNT if there is none. */
enum setting_id settings_find(const char *name);

const char *settings_name(enum setting_id id);

/* The option that `name` was most likely meant to be, NULL if none is near. */
const char *settings_nearest(const char *name);

long settings_number(const struct settings *settings, enum setting_id id);
bool settings_flag(const struct settings *settings, enum setting_id id);

/* The options that were given, as one string that LEFTOPEN_OPTIONS can carry (quoted where needed), without
 * those in the list `without` (ended by SETTING_COUNT). The caller frees it. */
char *settings_string(const struct settings *settings, const enum setting_id *without);

/* Prints every option with its type, default, current value and text. */
void settings_help(const struct settings *settings, FILE *out);

#endif
