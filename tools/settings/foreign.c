/* foreign.c - see foreign.h */
#include "tools/settings/foreign.h"

#include <stdlib.h>
#include <string.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"

/* --- Valgrind --------------------------------------------------------------------------------------------- */

/* A name that ends with = has a value. What has no option here says nothing about handles. */
static const struct {
    const char *name;
    enum setting_id option;
} valgrind[] = {
    {"--log-file=", SETTING_report},
    {"--error-exitcode=", SETTING_exitcode},
    {"-q", SETTING_COUNT},
    {"--quiet", SETTING_COUNT},
    {"--tool=", SETTING_COUNT},
    {"--leak-check=", SETTING_COUNT},
    {"--show-reachable=", SETTING_COUNT},
    {"--show-leak-kinds=", SETTING_COUNT},
    {"--num-callers=", SETTING_COUNT},
    {"--trace-children=", SETTING_COUNT},
    {"--track-fds=", SETTING_COUNT},
    {"--track-origins=", SETTING_COUNT},
};

/* Valgrind's fields are ours too, but it appends nothing to a name without any: an empty field says that. */
static bool take_log_file(struct settings *settings, const char *name) {
    char *report = memory_format("%s%s", name, strchr(name, '%') ? "" : "%q{}");
    bool is_taken = settings_take(settings, "report", report, "--log-file");
    free(report);
    if (is_taken && !settings->given[SETTING_format])
        settings_take(settings, "format", "valgrind", "--log-file");
    return is_taken;
}

static int take_valgrind(struct settings *settings, enum setting_id option, const char *value,
                         const char *word) {
    if (option == SETTING_COUNT)
        return 1;
    bool is_taken = option == SETTING_report ? take_log_file(settings, value)
                                             : settings_take(settings, settings_name(option), value, word);
    return is_taken ? 1 : -EXIT_USAGE;
}

int foreign_option(struct settings *settings, const char *word) {
    for (size_t i = 0; i < sizeof valgrind / sizeof *valgrind; i++) {
        const char *name = valgrind[i].name;
        size_t length = strlen(name);
        bool has_value = name[length - 1] == '=';
        if (has_value ? strncmp(word, name, length) == 0 : strcmp(word, name) == 0)
            return take_valgrind(settings, valgrind[i].option, word + length, word);
    }
    return 0;
}

/* --- LeakSanitizer ---------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum setting_id option;
} lsan[] = {
    {"log_path", SETTING_report},
    {"suppressions", SETTING_suppressions},
};

static void take_lsan(void *context, const char *name, const char *value) {
    struct settings *settings = context;
    for (size_t i = 0; i < sizeof lsan / sizeof *lsan; i++)
        if (strcmp(name, lsan[i].name) == 0 && !settings->given[lsan[i].option])
            settings_take(settings, settings_name(lsan[i].option), value, "LSAN_OPTIONS");
}

void foreign_environment(struct settings *settings) {
    if (settings_flag(settings, SETTING_lsan_options))
        settings_each(getenv("LSAN_OPTIONS"), "LSAN_OPTIONS", take_lsan, settings);
}
