/* settings.c - see settings.h. The options themselves are the rows of tracker/settings.def. */
#include "tools/settings/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/basics/nearest.h"
#include "tools/settings/settings_check.h"

enum type { FLAG, NUMBER, TEXT, CHOICE, WORDS, PAIRS };

static const struct row {
    const char *name;
    enum type type;
    const char *value;  /* the default */
    const char *values; /* what fits, see settings.def */
    const char *text;
} rows[SETTING_COUNT] = {
#define SETTING(name, type, value, values, text) {#name, type, value, values, text},
#include "tracker/settings.def"
};

static void replace(struct settings *settings, enum setting_id id, const char *value) {
    free(settings->value[id]);
    settings->value[id] = memory_copy(value);
}

/* A pair behind those that are there. */
static void append(struct settings *settings, enum setting_id id, const char *pair) {
    const char *before = settings->value[id];
    char *both = *before ? memory_format("%s" SETTINGS_NEXT "%s", before, pair) : memory_copy(pair);
    replace(settings, id, both);
    free(both);
}

void settings_begin(struct settings *settings) {
    memset(settings, 0, sizeof *settings);
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        replace(settings, id, rows[id].value);
}

void settings_end(struct settings *settings) {
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        free(settings->value[id]);
    memset(settings, 0, sizeof *settings);
}

const char *settings_name(enum setting_id id) { return rows[id].name; }

static bool same_name(const char *wanted, const char *name) {
    for (; *wanted && *name; wanted++, name++)
        if ((*wanted == '-' ? '_' : *wanted) != *name)
            return false;
    return *wanted == *name;
}

enum setting_id settings_find(const char *name) {
    enum setting_id id = 0;
    while (id < SETTING_COUNT && !same_name(name, rows[id].name))
        id++;
    return id;
}

const char *settings_nearest(const char *name) {
    const char *names[SETTING_COUNT];
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        names[id] = rows[id].name;
    return nearest(name, names, SETTING_COUNT);
}

/* "1" or "0" for a word that says yes or no, else NULL. */
static const char *flag_value(const char *word) {
    static const char *const words[][2] = {{"0", "0"}, {"no", "0"},  {"false", "0"},
                                           {"1", "1"}, {"yes", "1"}, {"true", "1"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i][0]) == 0)
            return words[i][1];
    return NULL;
}

bool settings_stands_alone(enum setting_id id, const char *next) {
    bool is_value = next && (strcmp(next, "0") == 0 || strcmp(next, "1") == 0); /* yes and true are programs */
    return rows[id].type == FLAG && !is_value;
}

static bool number_fits(const char *value, const char *range) {
    long from = strtol(range, NULL, 10), to = strtol(strstr(range, "..") + 2, NULL, 10);
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    return isdigit((unsigned char)*value) && *end == '\0' && errno == 0 && from <= number && number <= to;
}

static bool is_choice(const char *value, const char *choices) {
    size_t length = strlen(value);
    for (const char *choice = choices; length > 0; choice++) {
        size_t here = strcspn(choice, "|");
        if (here == length && memcmp(choice, value, length) == 0)
            return true;
        choice += here;
        if (*choice == '\0')
            break;
    }
    return false;
}

/* The value as it is kept, or NULL if it does not fit. */
static const char *checked(const struct row *row, const char *value) {
    switch (row->type) {
    case FLAG:
        return flag_value(value);
    case NUMBER:
        return number_fits(value, row->values) ? value : NULL;
    case CHOICE:
        return is_choice(value, row->values) ? value : NULL;
    case TEXT:
    case WORDS:
    case PAIRS:
        break;
    }
    return value;
}

static const char *what_fits(const struct row *row) { return row->type == FLAG ? "0 or 1" : row->values; }

/* NULL: the library has said it already. */
static void __attribute__((format(printf, 2, 3))) complain(const char *from, const char *format, ...) {
    if (!from)
        return;
    char *text;
    va_list list;
    va_start(list, format);
    if (vasprintf(&text, format, list) >= 0) {
        warning("%s: %s", from, text);
        free(text);
    }
    va_end(list);
}

/* What was typed is refused, and nothing runs; what the environment says is only left out. */
static void refuse(struct settings *settings, enum setting_id id, const char *value, const char *fits,
                   const char *from) {
    bool was_typed = from && *from == '-';
    if (id == SETTING_redact) { /* better too much than what was meant to stay here */
        replace(settings, id, "path+argv+peer");
        settings->given[id] = true;
    }
    char *rest = was_typed ? memory_copy("") : memory_format("; it stays '%s'", settings->value[id]);
    if (!from && !settings_check_is_by_library(id))
        from = "LEFTOPEN_OPTIONS";
    complain(from, "'%s' does not fit the option %s, which takes %s%s", value, rows[id].name, fits, rest);
    free(rest);
}

bool settings_take(struct settings *settings, const char *name, const char *value, const char *from) {
    enum setting_id id = settings_find(name);
    if (id == SETTING_COUNT) {
        const char *near = settings_nearest(name);
        if (near)
            complain(from, "there is no option '%s'; did you mean '%s'?", name, near);
        else
            complain(from, "there is no option '%s'; `leftopen help options` lists them", name);
        return false;
    }
    const char *kept = checked(&rows[id], value);
    char *fits = kept ? settings_check(id, value, from) : memory_copy(what_fits(&rows[id]));
    if (fits) {
        refuse(settings, id, value, fits, from);
        free(fits);
        return false;
    }
    if (rows[id].type == PAIRS)
        append(settings, id, kept);
    else
        replace(settings, id, kept);
    settings->given[id] = true;
    return true;
}

void settings_reset(struct settings *settings, enum setting_id id) {
    replace(settings, id, rows[id].value);
    settings->given[id] = false;
}

#define SEPARATORS ":, \t\r\n"

/* Where the value that starts at `start` ends, and what it says. NULL: its quote is never closed, or something
 * follows the closing quote. */
static const char *read_value(const char *start, char **value) {
    if (*start != '\'' && *start != '"') {
        size_t length = strcspn(start, SEPARATORS);
        *value = memory_copy_bytes(start, length);
        return start + length;
    }
    const char *close = strchr(start + 1, *start);
    if (!close || (close[1] && !strchr(SEPARATORS, close[1])))
        return NULL;
    *value = memory_copy_bytes(start + 1, (size_t)(close - start - 1));
    return close + 1;
}

void settings_each(const char *string, const char *from,
                   void (*take)(void *context, const char *name, const char *value), void *context) {
    for (const char *at = string ? string : ""; *(at += strspn(at, SEPARATORS));) {
        size_t length = strcspn(at, "=" SEPARATORS);
        if (at[length] != '=') {
            complain(from, "'%.*s' has no value; options are written name=value", (int)length, at);
            at += length;
            continue;
        }
        char *name = memory_copy_bytes(at, length), *value;
        const char *end = read_value(at + length + 1, &value);
        if (!end) {
            complain(from, "the quotes in '%s' do not fit together; left out from there on", at);
            free(name);
            return;
        }
        take(context, name, value);
        free(name);
        free(value);
        at = end;
    }
}

struct taking {
    struct settings *settings;
    const char *from;
};

/* For settings_each. */
static void take_pair(void *context, const char *name, const char *value) {
    const struct taking *taking = context;
    settings_take(taking->settings, name, value, taking->from);
}

void settings_take_string(struct settings *settings, const char *string, const char *from) {
    settings_each(string, from, take_pair, &(struct taking){settings, from});
}

long settings_number(const struct settings *settings, enum setting_id id) {
    return strtol(settings->value[id], NULL, 10);
}

bool settings_flag(const struct settings *settings, enum setting_id id) {
    return strcmp(settings->value[id], "0") != 0;
}

static bool is_among(enum setting_id id, const enum setting_id *list) {
    while (*list != SETTING_COUNT && *list != id)
        list++;
    return *list == id;
}

/* The quote that `value` needs in an option string: "" where none, NULL where no quote can carry it. */
static const char *quote_for(const char *value) {
    bool needed = value[strcspn(value, SEPARATORS)] || *value == '\'' || *value == '"';
    if (!needed)
        return "";
    return !strchr(value, '\'') ? "'" : !strchr(value, '"') ? "\"" : NULL;
}

static void put_value(enum setting_id id, const char *value, FILE *out, const char **separator) {
    const char *quote = quote_for(value);
    if (!quote) {
        warning("the value of %s has both kinds of quotes and cannot be passed on: %s", rows[id].name, value);
        return;
    }
    fprintf(out, "%s%s=%s%s%s", *separator, rows[id].name, quote, value, quote);
    *separator = ":";
}

static void put_option(const struct settings *settings, enum setting_id id, FILE *out, const char **separator) {
    if (rows[id].type != PAIRS) {
        put_value(id, settings->value[id], out, separator);
        return;
    }
    char *copy = memory_copy(settings->value[id]), *rest = copy, *pair;
    while ((pair = strsep(&rest, SETTINGS_NEXT)))
        put_value(id, pair, out, separator);
    free(copy);
}

char *settings_string(const struct settings *settings, const enum setting_id *without) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        exit(failure(EXIT_OWN_FAILURE, "no memory for the options"));
    const char *separator = "";
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        if (settings->given[id] && !is_among(id, without))
            put_option(settings, id, out, &separator);
    if (fclose(out) != 0)
        exit(failure(EXIT_OWN_FAILURE, "no memory for the options"));
    return text;
}

/* In lines of at most WIDTH bytes, each behind six blanks. */
static void put_wrapped(FILE *out, const char *text) {
    enum { WIDTH = 94 };
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        size_t length = 0, next;
        while (text[length] && (next = length + 1 + strcspn(text + length + 1, " |")) <= WIDTH)
            length = next;
        length = length ? length : strcspn(text, " ");
        fprintf(out, "      %.*s\n", (int)length, text);
        text += length;
    }
}

void settings_help(const struct settings *settings, FILE *out) {
    static const char *const placeholders[] = {"0|1", "N", "TEXT", "NAME", "LIST", "FROM=TO"};
    enum { LONG_VALUES = 40 };
    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        const struct row *row = &rows[id];
        bool is_short = *row->values && strlen(row->values) <= LONG_VALUES;
        fprintf(out, "  --%s=%s", row->name, is_short ? row->values : placeholders[row->type]);
        if (*row->value)
            fprintf(out, "   (default '%s')", row->value);
        if (strcmp(row->value, settings->value[id]) != 0)
            fprintf(out, "   (now '%s')", settings->value[id]);
        fputc('\n', out);
        put_wrapped(out, row->text);
        if (*row->values && !is_short)
            put_wrapped(out, row->values);
    }
}
