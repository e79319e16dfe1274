/* settings_check.c - see settings_check.h */
#include "tools/settings/settings_check.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/basics/duration.h"
#include "tools/basics/memory.h"
#include "tools/findings/redact.h"
#include "tools/settings/kinds.h"
#include "tools/settings/path_map.h"
#include "tools/settings/report_name.h"

static char *check_time(const char *value) {
    bool is_none = !*value || strcmp(value, "0") == 0;
    return is_none || duration_parse(value) ? NULL : memory_copy("a time such as 500ms, 60s, 5m or 1h");
}

/* True for a number from `least` to `most`. */
static bool is_within(const char *value, size_t bytes, unsigned long least, unsigned long most) {
    char digits[16];
    if (!bytes || bytes >= sizeof digits || strspn(value, "0123456789") < bytes)
        return false;
    memcpy(digits, value, bytes);
    digits[bytes] = '\0';
    unsigned long number = strtoul(digits, NULL, 10);
    return least <= number && number <= most;
}

static char *check_share(const char *value) {
    size_t bytes = strlen(value);
    bytes -= bytes && value[bytes - 1] == '%';
    return is_within(value, bytes, 1, 100) ? NULL : memory_copy("1% to 100%");
}

/* As the library takes them (tracker/settings.c). */
static const struct {
    const char *name;
    int number;
} signals[] = {{"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"USR1", SIGUSR1},    {"USR2", SIGUSR2},
               {"ALRM", SIGALRM}, {"TERM", SIGTERM}, {"URG", SIGURG},   {"WINCH", SIGWINCH},  {"IO", SIGIO},
               {"PWR", SIGPWR},   {"XCPU", SIGXCPU}, {"PROF", SIGPROF}, {"VTALRM", SIGVTALRM}};

static char *check_signal(const char *value) {
    enum { FIRST_REALTIME = 34, LAST = 64 };
    const char *name = strncmp(value, "SIG", 3) == 0 ? value + 3 : value;
    bool is_realtime = strncmp(name, "RTMIN+", 6) == 0;
    if (is_within(name, strlen(name), FIRST_REALTIME, LAST) ||
        (is_realtime && is_within(name + 6, strlen(name + 6), 0, LAST - FIRST_REALTIME)))
        return NULL;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (strcmp(name, signals[i].name) == 0 ||
            is_within(name, strlen(name), (unsigned long)signals[i].number, (unsigned long)signals[i].number))
            return NULL;
    return memory_copy(
        "HUP INT QUIT USR1 USR2 ALRM TERM URG WINCH IO PWR XCPU PROF VTALRM, RTMIN+N, or the number "
        "of one of these");
}

static char *check_record(const char *value) {
    return *value ? NULL : memory_copy("auto, off or the name of a folder");
}

static char *check_root(const char *value) {
    struct stat about;
    bool is_folder = stat(value, &about) == 0 && S_ISDIR(about.st_mode);
    return is_folder ? NULL : memory_copy("a folder that is there");
}

enum flag {
    ALWAYS = 0,
    BEFOREHAND = 1, /* only before a program runs */
    BY_LIBRARY = 2  /* which says it, too */
};

static const struct {
    enum setting_id id;
    char *(*check)(const char *value);
    enum flag flag;
} checks[] = {
    {SETTING_report, report_name_fault, ALWAYS},   {SETTING_report, report_name_place_fault, BEFOREHAND},
    {SETTING_record, check_record, BY_LIBRARY},    {SETTING_kinds, kinds_fault, ALWAYS},
    {SETTING_interval, check_time, ALWAYS},        {SETTING_min_age, check_time, ALWAYS},
    {SETTING_warn_at, check_share, BY_LIBRARY},    {SETTING_report_signal, check_signal, BY_LIBRARY},
    {SETTING_redact, redact_fault, ALWAYS},        {SETTING_path_map, path_map_fault, ALWAYS},
    {SETTING_source_root, check_root, BEFOREHAND}, {SETTING_debug_path, check_root, BEFOREHAND},
};
enum { CHECKS = sizeof checks / sizeof *checks };

char *settings_check(enum setting_id id, const char *value, bool beforehand) {
    char *fault = NULL;
    for (size_t i = 0; !fault && i < CHECKS; i++)
        if (checks[i].id == id && (beforehand || checks[i].flag != BEFOREHAND))
            fault = checks[i].check(value);
    return fault;
}

bool settings_check_is_by_library(enum setting_id id) {
    for (size_t i = 0; i < CHECKS; i++)
        if (checks[i].id == id)
            return checks[i].flag == BY_LIBRARY;
    return true; /* what a type says the library has looked at */
}
