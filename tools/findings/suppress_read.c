/* suppress_read.c - reads a file of suppressions; see suppress_parts.h.
 *
 * Two forms are read, and told apart by a line that holds only `{`: one suppression a line (TYPE:PATTERN, as
 * LeakSanitizer has them), and Valgrind's blocks. Both become a struct suppression. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/basics/beside.h"
#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/basics/nearest.h"
#include "tools/findings/suppress_parts.h"
#include "tools/handles/what.h"
#include "tools/names/demangle.h"

/* Where a parser is. */
struct source {
    struct suppressions *suppressions;
    FILE *stream;
    unsigned line;
    char *text; /* of the line, without blanks around it */
    char *room;
    size_t room_bytes;
};

static char *trim(char *text) {
    text += strspn(text, " \t\r\n");
    size_t bytes = strlen(text);
    while (bytes && strchr(" \t\r\n", text[bytes - 1]))
        text[--bytes] = '\0';
    return text;
}

/* The next line that is neither empty nor a comment; false at the end. */
static bool next_line(struct source *source) {
    while (getline(&source->room, &source->room_bytes, source->stream) >= 0) {
        source->line++;
        source->text = trim(source->room);
        if (*source->text && *source->text != '#')
            return true;
    }
    return false;
}

static void malformed(const struct source *source, const char *what, const char *hint) {
    warning("%s:%u: %s: %s: this suppression is left out", source->suppressions->file, source->line, what,
            hint);
}

static struct suppression *new_suppression(struct source *source, const char *text) {
    struct suppressions *all = source->suppressions;
    all->list = memory_grow(all->list, all->count, sizeof *all->list);
    all->list[all->count] = (struct suppression){
        .text = memory_copy(text),
        .line = source->line,
        .kind = RECORD_KIND_COUNT,
        .frame = ANY_FRAME,
        .most = ULONG_MAX,
    };
    return &all->list[all->count++];
}

void suppression_end(struct suppression *suppression) {
    for (size_t i = 0; i < suppression->line_count; i++) {
        free(suppression->lines[i].pattern);
        free(suppression->lines[i].readable);
    }
    free(suppression->lines);
    free(suppression->pattern);
    free(suppression->text);
}

static void drop_last(struct source *source) {
    suppression_end(&source->suppressions->list[--source->suppressions->count]);
}

/* --- one-line form ---------------------------------------------------------------------------------------- */

static bool is_number(const char *value, unsigned long *number) {
    char *end;
    if (!isdigit((unsigned char)*value))
        return false;
    errno = 0;
    *number = strtoul(value, &end, 10);
    return *end == '\0' && errno == 0;
}

static bool set_most(struct suppression *suppression, const char *value) {
    return is_number(value, &suppression->most);
}

static bool set_frame(struct suppression *suppression, const char *value) {
    return is_number(value, &suppression->frame) && suppression->frame != ANY_FRAME;
}

static bool set_until(struct suppression *suppression, const char *value) {
    struct tm day = {0}, same;
    char normal[sizeof suppression->until], today[sizeof suppression->until];
    const char *end = strptime(value, "%Y-%m-%d", &day);
    if (!end || *end || strlen(value) != 10)
        return false;
    time_t noon = timegm(&day), now = time(NULL);
    strftime(normal, sizeof normal, "%Y-%m-%d", gmtime_r(&noon, &same));
    if (strcmp(normal, value) != 0)
        return false; /* the 30th of February */
    memcpy(suppression->until, normal, sizeof normal);
    strftime(today, sizeof today, "%Y-%m-%d", localtime_r(&now, &same));
    suppression->is_over = strcmp(today, normal) > 0;
    return true;
}

static const struct {
    const char *name;
    bool (*set)(struct suppression *suppression, const char *value);
    const char *hint;
} options[] = {
    {"max", set_most, "max= takes a number"},
    {"until", set_until, "until= takes a day as YYYY-MM-DD"},
    {"frame", set_frame, "frame= takes the number of a frame"},
};
enum { OPTIONS = sizeof options / sizeof *options };

/* The bytes of the name if the word looks like an option, right or wrong: NAME=, and a number or a day. */
static size_t name_bytes(const char *word) {
    size_t bytes = 0;
    while (isalpha((unsigned char)word[bytes]))
        bytes++;
    size_t value = word[bytes] == '=' ? strspn(word + bytes + 1, "0123456789-") : 0;
    return bytes && word[bytes] == '=' && strchr(" \t", word[bytes + 1 + value]) ? bytes : 0;
}

static size_t option_named(const char *name, size_t bytes) {
    size_t i = 0;
    while (i < OPTIONS && (strlen(options[i].name) != bytes || memcmp(options[i].name, name, bytes) != 0))
        i++;
    return i;
}

static void no_such_option(const struct source *source, const char *word, size_t bytes) {
    const char *names[OPTIONS];
    for (size_t i = 0; i < OPTIONS; i++)
        names[i] = options[i].name;
    char *name = memory_copy_bytes(word, bytes), *whole = memory_copy_bytes(word, strcspn(word, " \t"));
    const char *near = nearest(name, names, OPTIONS);
    char *hint;
    if (option_named(name, bytes) < OPTIONS)
        hint = memory_format("options are NAME=VALUE without a blank, and stand at the end");
    else if (near)
        hint = memory_format("there is no option %s=; did you mean %s=?", name, near);
    else
        hint =
            memory_format("there is no option %s=, only max= until= frame=; where it is a part of the pattern, "
                          "write * for the =",
                          name);
    malformed(source, whole, hint);
    free(hint);
    free(whole);
    free(name);
}

/* The last word of the text, its start if it has only one. */
static char *last_word(char *text) {
    char *word = text + strlen(text);
    while (word > text && !strchr(" \t", word[-1]))
        word--;
    return word;
}

/* True, and said of the last one, if a word of the pattern behind the first was meant to be an option. */
static bool has_stray_option(const struct source *source, const char *pattern) {
    const char *stray = NULL;
    for (const char *word = pattern; *(word += strcspn(word, " \t"));) {
        word += strspn(word, " \t");
        stray = name_bytes(word) ? word : stray;
    }
    if (stray)
        no_such_option(source, stray, name_bytes(stray));
    return stray;
}

/* Takes the options off the end of `pattern`. False: one of them is malformed, said. */
static bool take_options(struct source *source, struct suppression *suppression, char *pattern) {
    for (;;) {
        char *word = last_word(pattern);
        size_t bytes = strcspn(word, "="), i = word[bytes] ? option_named(word, bytes) : OPTIONS;
        if (i == OPTIONS)
            break;
        if (!options[i].set(suppression, word + bytes + 1)) {
            malformed(source, word, options[i].hint);
            return false;
        }
        *word = '\0';
        trim(pattern);
    }
    return !has_stray_option(source, pattern);
}

/* "leak", "path", "misuse" or a kind. */
static bool set_type(struct suppression *suppression, const char *type) {
    if (strcmp(type, "leak") == 0)
        return true;
    if (strcmp(type, "misuse") == 0) {
        suppression->target = MISUSE;
        return true;
    }
    if (strcmp(type, "path") == 0) {
        suppression->target = REFERRED_TO;
        return true;
    }
    suppression->kind = what_kind_named(type);
    return suppression->kind != RECORD_KIND_COUNT;
}

/* A pattern may hold #, but not behind a blank. */
static void cut_comment(char *text) {
    for (char *at = text; *at; at++)
        if (*at == '#' && at > text && (at[-1] == ' ' || at[-1] == '\t')) {
            *at = '\0';
            break;
        }
    trim(text);
}

static void take_line(struct source *source) {
    cut_comment(source->text);
    struct suppression *suppression = new_suppression(source, source->text);
    char *colon = strchr(source->text, ':');
    if (!colon) {
        malformed(source, source->text, "expected TYPE:PATTERN");
        drop_last(source);
        return;
    }
    *colon = '\0';
    if (!set_type(suppression, trim(source->text))) {
        char *hint = memory_format("the types are leak path misuse %s", what_kind_words());
        malformed(source, source->text, hint);
        free(hint);
        drop_last(source);
        return;
    }
    char *pattern = trim(colon + 1);
    if (!take_options(source, suppression, pattern)) {
        drop_last(source);
    } else if (!*pattern) {
        malformed(source, suppression->text, "it has no pattern");
        drop_last(source);
    } else {
        suppression->pattern = memory_copy(pattern);
    }
}

/* --- Valgrind's form -------------------------------------------------------------------------------------- */

static const struct {
    const char *prefix;
    enum line_type type;
} line_types[] = {{"fun:", FUNCTION}, {"obj:", OBJECT}, {"src:", SOURCE}};

/* Appends the pattern of one frame; false if it is none. */
static bool take_block_line(struct suppression *suppression, const char *text) {
    struct block_line line = {.type = ELLIPSIS};
    if (strcmp(text, "...") != 0) {
        size_t i = 0, count = sizeof line_types / sizeof *line_types;
        while (i < count && strncmp(text, line_types[i].prefix, 4) != 0)
            i++;
        if (i == count || !text[4])
            return false;
        line.type = line_types[i].type;
        line.pattern = memory_copy(text + 4);
        line.readable = line.type == FUNCTION ? demangle(text + 4) : NULL;
        char *colon = line.type == SOURCE ? strrchr(line.pattern, ':') : NULL;
        if (colon && isdigit((unsigned char)colon[1])) {
            line.line = (unsigned)strtoul(colon + 1, NULL, 10);
            *colon = '\0';
        }
    }
    suppression->lines = memory_grow(suppression->lines, suppression->line_count, sizeof *suppression->lines);
    suppression->lines[suppression->line_count++] = line;
    return true;
}

static const struct {
    const char *name;
    enum target target;
} errors[] = {{"FdNotClosed", BLOCK}, {"FdBadClose", MISUSE_BLOCK}, {"FdBadUse", MISUSE_BLOCK}};

/* `tool[,tool]:ERROR`. False: one that is not ours, in a file that is not for us alone. */
static bool is_about_descriptors(const char *text, enum target *target) {
    const char *colon = strchr(text, ':');
    for (size_t i = 0; colon && i < sizeof errors / sizeof *errors; i++)
        if (strcmp(colon + 1, errors[i].name) == 0) {
            *target = errors[i].target;
            return true;
        }
    return false;
}

/* Reads up to the closing brace. The block is dropped if it is not ours or not well-formed. */
static void take_block(struct source *source) {
    struct suppression *suppression = NULL;
    enum target target = BLOCK;
    bool is_ours = false, is_good = true, is_closed = false;
    for (size_t i = 0; !is_closed && next_line(source); i++) {
        if (strcmp(source->text, "}") == 0)
            is_closed = true;
        else if (i == 0)
            suppression = new_suppression(source, source->text);
        else if (i == 1)
            is_ours = is_about_descriptors(source->text, &target);
        else if (is_ours && is_good && !take_block_line(suppression, source->text)) {
            malformed(source, source->text, "expected fun:, obj:, src: or ...");
            is_good = false;
        }
    }
    if (!is_closed)
        malformed(source, "{", "the block is not closed by a line }");
    else if (is_ours && is_good && !suppression->line_count)
        malformed(source, suppression->text, "the block names no frame");
    else if (is_ours && is_good) {
        suppression->target = target;
        return;
    }
    if (suppression)
        drop_last(source);
}

void suppress_read(struct suppressions *suppressions, const char *executable) {
    struct source source = {.suppressions = suppressions,
                            .stream = beside_open(suppressions->file, executable)};
    if (!source.stream) {
        warning("cannot read the suppressions in %s: %s: nothing is suppressed by it", suppressions->file,
                strerror(errno));
        return;
    }
    while (next_line(&source)) {
        if (strcmp(source.text, "{") == 0)
            take_block(&source);
        else
            take_line(&source);
    }
    if (ferror(source.stream))
        warning("%s:%u: cannot read on: %s", suppressions->file, source.line, strerror(errno));
    fclose(source.stream);
    free(source.room);
}
