/* settings.c - see settings.h. Names, defaults and texts are in settings.def. */
#include "tracker/settings.h"

#include <limits.h>
#include <signal.h>
#include <stddef.h>

#include "tracker/large.h"
#include "tracker/parent.h"
#include "tracker/sys.h"
#include "tracker/text.h"

struct settings settings = {
    .unwind = UNWIND_AUTO,
    .depth = 32,
    .children = true,
    .misuse = 1,
    .record = "",
    .only = "",
    .skip = "",
    .kinds = "",
    .options = "",
};

/* Of those that are given. */
static LARGE struct {
    char record[SETTINGS_PATH_BYTES], only[SETTINGS_PATH_BYTES], skip[SETTINGS_PATH_BYTES];
    char kinds[SETTINGS_PATH_BYTES];
    char options[SETTINGS_OPTION_BYTES];
} kept;

struct row {
    const char *name, *type, *standard, *values, *text;
};

static const struct row rows[] = {
#define SETTING(name, type, standard, values, text) {#name, #type, standard, values, text},
#include "tracker/settings.def"
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static void say(const struct text *text) { SYS(SYS_write, 2, text->start, text->length); }

/* Mistakes are said once: by the first process, not by all that it starts. */
static bool is_first(void) {
    static enum { UNKNOWN, FIRST, LATER } place;
    if (place == UNKNOWN)
        place = parent_is_watched() ? LATER : FIRST;
    return place == FIRST;
}

static void complain(const char *what, const char *name, const char *value, const char *advice) {
    if (!is_first())
        return;
    char line[512];
    struct text text = TEXT_IN(line);
    text_string(&text, "leftopen: LEFTOPEN_OPTIONS: ");
    text_string(&text, what);
    text_string(&text, " '");
    text_string(&text, name);
    if (value) {
        text_string(&text, "=");
        text_string(&text, value);
    }
    text_string(&text, "'");
    text_string(&text, advice);
    text_string(&text, "\n");
    say(&text);
}

static void print_help(void) {
    char line[512];
    struct text text = TEXT_IN(line);
    text_string(&text, "leftopen: options of LEFTOPEN_OPTIONS (now: '");
    text_string(&text, settings.options);
    text_string(&text, "')\n");
    say(&text);
    for (size_t i = 0; i < ROWS; i++) {
        text = (struct text)TEXT_IN(line);
        text_string(&text, "  ");
        text_string(&text, rows[i].name);
        text_string(&text, "=");
        text_string(&text, rows[i].standard[0] ? rows[i].standard : "(none)");
        text_string(&text, rows[i].values[0] ? "  [" : "");
        text_string(&text, rows[i].values);
        text_string(&text, rows[i].values[0] ? "]" : "");
        text_string(&text, "  ");
        text_string(&text, rows[i].text);
        text_string(&text, "\n");
        say(&text);
    }
}

/* The place of `value` in choices joined by |, or -1. */
static int choice(const char *value, const char *choices) {
    size_t length = text_length(value);
    for (int index = 0;; index++) {
        size_t run = 0;
        while (choices[run] && choices[run] != '|')
            run++;
        if (run == length && text_same(value, choices, run))
            return index;
        if (!choices[run])
            return -1;
        choices += run + 1;
    }
}

static bool number(const char *value, unsigned long least, unsigned long most, unsigned *out) {
    unsigned long result = 0;
    if (!*value)
        return false;
    for (; *value; value++) {
        if (*value < '0' || *value > '9' || result > most)
            return false;
        result = result * 10 + (unsigned long)(*value - '0');
    }
    if (result < least || result > most)
        return false;
    *out = (unsigned)result;
    return true;
}

static bool flag(const char *value, bool *out) {
    int index = choice(value, "0|no|false|1|yes|true");
    if (index < 0)
        return false;
    *out = index >= 3;
    return true;
}

/* Half a path or list would be another one. */
static bool path(const char *value, char to[SETTINGS_PATH_BYTES], const char **out) {
    size_t length = text_length(value);
    if (length >= SETTINGS_PATH_BYTES)
        return false;
    text_copy(to, value, length + 1);
    *out = to;
    return true;
}

static bool chosen(const char *value, const char *choices, unsigned *out) {
    int index = choice(value, choices);
    if (index < 0)
        return false;
    *out = (unsigned)index;
    return true;
}

static bool take_record(const char *value) {
    bool off = text_equal(value, "off");
    if (off || text_equal(value, "auto"))
        settings.record = "";
    else if (value[0] != '/' || !path(value, kept.record, &settings.record))
        return false;
    settings.record_off = off;
    return true;
}

/* True if the value is of the kind that settings.def says. Lists and texts are looked at where they are used.
 */
static bool fits(const struct row *row, const char *value) {
    if (text_equal(row->type, "CHOICE"))
        return choice(value, row->values) >= 0;
    bool ignored;
    if (text_equal(row->type, "FLAG"))
        return flag(value, &ignored);
    if (!text_equal(row->type, "NUMBER"))
        return true;
    const char *most = row->values;
    while (*most && !text_starts(most, ".."))
        most++;
    char least[16];
    struct text text = TEXT_IN(least);
    text_bytes(&text, row->values, (size_t)(most - row->values));
    unsigned from, to, number_given;
    return number(least, 0, UINT_MAX, &from) && number(most + 2, 0, UINT_MAX, &to) &&
           number(value, from, to, &number_given);
}

/* 1% to 100%, the sign may be missing; 100% is what EMFILE says anyway. */
static bool share(const char *value, unsigned *out) {
    char digits[8];
    struct text text = TEXT_IN(digits);
    size_t length = text_length(value);
    text_bytes(&text, value, length && value[length - 1] == '%' ? length - 1 : length);
    if (!number(digits, 1, 100, out))
        return false;
    *out %= 100;
    return true;
}

/* A name with or without SIG, RTMIN+N, or a number. Signals that say that the program itself went wrong, and
 * those that nobody can handle, are refused. */
static bool signal_number(const char *value, unsigned *out) {
    static const struct {
        const char *name;
        unsigned number;
    } names[] = {{"HUP", SIGHUP},     {"INT", SIGINT},      {"QUIT", SIGQUIT}, {"USR1", SIGUSR1},
                 {"USR2", SIGUSR2},   {"ALRM", SIGALRM},    {"TERM", SIGTERM}, {"URG", SIGURG},
                 {"WINCH", SIGWINCH}, {"IO", SIGIO},        {"PWR", SIGPWR},   {"XCPU", SIGXCPU},
                 {"PROF", SIGPROF},   {"VTALRM", SIGVTALRM}};
    enum { FIRST_REALTIME = 34, LAST = 64 }; /* glibc keeps the two below for itself */
    const char *name = text_starts(value, "SIG") ? value + 3 : value;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (text_equal(names[i].name, name)) {
            *out = names[i].number;
            return true;
        }
    if (text_starts(name, "RTMIN+") && number(name + 6, 0, LAST - FIRST_REALTIME, out)) {
        *out += FIRST_REALTIME;
        return true;
    }
    if (!number(name, 1, LAST, out))
        return false;
    if (*out >= FIRST_REALTIME)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == *out)
            return true;
    *out = 0;
    return false;
}

/* Keeps what the library needs; false if the value does not fit after all. */
static bool take(const char *name, const char *value) {
    if (text_equal(name, "strict"))
        return chosen(value, "0|1|all|misuse", (unsigned *)&settings.strict);
    if (text_equal(name, "release"))
        return chosen(value, "all|streams|none", (unsigned *)&settings.release);
    if (text_equal(name, "unwind"))
        return chosen(value, "auto|libunwind|frame-pointer|caller", (unsigned *)&settings.unwind);
    if (text_equal(name, "depth"))
        return number(value, 1, UNWIND_MAXIMUM_FRAMES, &settings.depth);
    if (text_equal(name, "exitcode"))
        return number(value, 0, 255, &settings.exit_code);
    if (text_equal(name, "verbosity"))
        return number(value, 0, 9, &settings.verbosity);
    if (text_equal(name, "children"))
        return flag(value, &settings.children);
    if (text_equal(name, "inherited"))
        return flag(value, &settings.inherited);
    if (text_equal(name, "unseen"))
        return flag(value, &settings.unseen);
    if (text_equal(name, "quarantine"))
        return number(value, 0, 1000, &settings.quarantine);
    if (text_equal(name, "misuse"))
        return number(value, 0, 2, &settings.misuse);
    if (text_equal(name, "exec_leaks"))
        return flag(value, &settings.exec_leaks);
    if (text_equal(name, "warn_at"))
        return share(value, &settings.warn_at);
    if (text_equal(name, "report_signal"))
        return signal_number(value, &settings.report_signal);
    if (text_equal(name, "redact")) {
        settings.redact = *value;
        return true;
    }
    if (text_equal(name, "help"))
        return flag(value, &settings.help);
    if (text_equal(name, "report")) {
        settings.report_none = text_equal(value, "none");
        settings.report_file = !settings.report_none && !text_equal(value, "stderr");
        return true;
    }
    if (text_equal(name, "record"))
        return take_record(value);
    if (text_equal(name, "kinds"))
        return path(value, kept.kinds, &settings.kinds);
    if (text_equal(name, "only"))
        return path(value, kept.only, &settings.only);
    if (text_equal(name, "skip"))
        return path(value, kept.skip, &settings.skip);
    return true;
}

static void take_pair(char *name, char *value) {
    for (char *c = name; *c; c++)
        if (*c == '-')
            *c = '_';
    size_t row = 0;
    while (row < ROWS && !text_equal(rows[row].name, name))
        row++;
    if (row == ROWS)
        return complain("unknown option", name, NULL, "; help=1 lists them");
    if (!value)
        return complain("no value in", name, NULL, "; write name=value");
    if (fits(&rows[row], value) && take(name, value))
        return;
    char advice[160];
    struct text text = TEXT_IN(advice);
    text_string(&text, "; the default stays. Wanted: ");
    text_string(&text, rows[row].values[0] ? rows[row].values : rows[row].text);
    complain("the value does not fit:", name, value, advice);
}

static bool separates(char c) {
    return c == ':' || c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Cuts the next name=value off `at` in place; returns what follows. */
static char *cut_pair(char *at, char **name, char **value) {
    *name = at;
    *value = NULL;
    while (*at && *at != '=' && !separates(*at))
        at++;
    if (*at != '=') {
        if (*at)
            *at++ = 0;
        return at;
    }
    *at++ = 0;
    char quote = *at == '\'' || *at == '"' ? *at++ : 0;
    *value = at;
    while (*at && (quote ? *at != quote : !separates(*at)))
        at++;
    if (quote && !*at)
        complain("unterminated quote in", *name, *value, "");
    if (*at)
        *at++ = 0;
    return at;
}

void settings_read(const char *options) {
    if (!options)
        return;
    struct text text = TEXT_IN(kept.options);
    text_string(&text, options);
    while (text.cut && text.length && !separates(options[text.length]))
        text.length--; /* half an option would be another one */
    kept.options[text.length] = 0;
    settings.options = kept.options;
    if (text.cut)
        complain("the string is longer than the library reads; the end is ignored:", "LEFTOPEN_OPTIONS", NULL,
                 "");
    static LARGE char work[SETTINGS_OPTION_BYTES]; /* start-up only, and too large for a stack */
    text_copy(work, settings.options, text.length + 1);
    for (char *at = work, *name, *value; *at;) {
        if (separates(*at)) {
            at++;
            continue;
        }
        at = cut_pair(at, &name, &value);
        take_pair(name, value);
    }
    if (settings.help && is_first())
        print_help();
}

/* True if one of the patterns joined by + fits. */
static bool listed(const char *list, const char *name) {
    char pattern[SETTINGS_PATH_BYTES];
    while (*list) {
        size_t run = 0;
        while (list[run] && list[run] != '+')
            run++;
        text_copy(pattern, list, run);
        pattern[run] = 0;
        if (text_fits(pattern, name))
            return true;
        list += run + (list[run] == '+');
    }
    return false;
}

static bool is_shell(const char *name) {
    static const char *const shells[] = {
#define SHELL(name) name,
#include "tracker/shells.def"
    };
    for (unsigned i = 0; i < sizeof shells / sizeof *shells; i++)
        if (text_equal(shells[i], name))
            return true;
    return false;
}

bool settings_take_program(const char *name) {
    settings.in_shell = is_shell(name);
    if (settings.only[0] && !listed(settings.only, name))
        return false;
    return !listed(settings.skip, name);
}

bool settings_want_kind(const char *word, bool reported_by_default) {
    if (reported_by_default)
        return true;
    char refused[64] = "!";
    struct text text = {.start = refused, .length = 1, .capacity = sizeof refused};
    text_string(&text, word);
    if (listed(settings.kinds, refused))
        return false;
    return listed(settings.kinds, word) || listed(settings.kinds, "all");
}
