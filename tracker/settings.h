/* settings.h - the options that the library itself needs, from LEFTOPEN_OPTIONS. */
#ifndef TRACKER_SETTINGS_H
#define TRACKER_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "tracker/unwind.h"

enum settings_strict { STRICT_OFF, STRICT_FIRST, STRICT_ALL, STRICT_MISUSE };
enum settings_release { RELEASE_ALL, RELEASE_STREAMS, RELEASE_NONE };

enum { SETTINGS_OPTION_BYTES = 4096, SETTINGS_PATH_BYTES = 512 };

struct settings {
    enum settings_strict strict;
    enum settings_release release;
    enum unwind_backend unwind;
    unsigned depth;
    unsigned exit_code;
    bool children;
    bool help;
    bool redact;            /* what handles refer to, and where programs lie, is not told */
    bool inherited, unseen; /* a report may be wanted though nothing was left open */
    bool exec_leaks;
    bool in_shell;          /* the program is one; no option */
    unsigned misuse;        /* 0 to 2 */
    unsigned quarantine;    /* acquires, 0: none */
    unsigned warn_at;       /* per cent of RLIMIT_NOFILE, 1 to 99; 0: only failures are noted */
    unsigned report_signal; /* 0: none */
    unsigned verbosity;
    bool report_none; /* report=none */
    bool report_file; /* report=FILE: standard error is not needed */
    bool record_off;
    const char *record; /* folder; empty: automatic */
    const char *only, *skip;
    const char *kinds;   /* as given; see settings_want_kind */
    const char *options; /* the whole string, for the tool */
};

/* Set by settings_read, never changed afterwards. */
extern struct settings settings;

/* Start-up only. `options` may be NULL. Unknown names and values that do not fit are said on standard error,
 * and the default stays. */
void settings_read(const char *options);

/* Start-up only. The name (the last part of its path) decides about some settings; true if the program is to be
 * watched. */
bool settings_take_program(const char *name);

/* Any context. True if handles of this kind (its word, from kinds.def) are to be recorded: all that are
 * reported by default, since the tool decides what to show, and others only if option kinds asks for them. */
bool settings_want_kind(const char *word, bool reported_by_default);

#endif
