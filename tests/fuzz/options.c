/* options.c - any text as LEFTOPEN_OPTIONS of the tool. What was understood comes back the same. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tools/basics/pattern.h"
#include "tools/settings/kinds.h"
#include "tools/settings/settings.h"

static void check_again(const struct settings *first) {
    const enum setting_id none[] = {SETTING_COUNT};
    char *string = settings_string(first, none);
    struct settings second;
    settings_begin(&second);
    settings_take_string(&second, string, NULL);
    for (int i = 0; i < SETTING_COUNT; i++)
        MUST(strcmp(first->value[i], second.value[i]) == 0);
    settings_end(&second);
    free(string);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *string = calloc(1, size + 1);
    struct settings settings;
    struct kinds kinds;
    memcpy(string, data, size);
    settings_begin(&settings);
    settings_take_string(&settings, string, "LEFTOPEN_OPTIONS");
    settings_number(&settings, SETTING_min_count);
    kinds_parse(&kinds, settings.value[SETTING_kinds]);
    pattern_words_match(settings.value[SETTING_only], "server");
    check_again(&settings);
    settings_end(&settings);
    free(string);
    return 0;
}
