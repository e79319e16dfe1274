/* suppress.c - which handles and wrong calls are suppressed; see suppress.h. */
#include "tools/findings/suppress.h"

#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/basics/pattern.h"
#include "tools/findings/rules.h"
#include "tools/findings/suppress_parts.h"
#include "tools/formats/render.h"

/* A frame without a function has the name that reports show, "(module+0x1a2b)"; patterns that are not meant for
 * such a name should not come upon its digits. */
static bool name_matches(const char *pattern, const struct frame *frame) {
    if (frame->function || !strstr(pattern, "+0x"))
        return pattern_matches(pattern, frame->function);
    char *name = render_frame_name(frame);
    bool matches = pattern_matches(pattern, name);
    free(name);
    return matches;
}

static bool frame_matches(const char *pattern, const struct frame *frame) {
    return name_matches(pattern, frame) || pattern_matches(pattern, frame->file) ||
           pattern_matches(pattern, frame->module);
}

static bool frames_match(const struct suppression *suppression, const struct trace *trace) {
    if (suppression->frame != ANY_FRAME)
        return suppression->frame < trace->count &&
               frame_matches(suppression->pattern, &trace->frames[suppression->frame]);
    for (size_t i = 0; i < trace->count; i++)
        if (frame_matches(suppression->pattern, &trace->frames[i]))
            return true;
    return false;
}

static bool block_line_matches(const struct block_line *line, const struct frame *frame) {
    switch (line->type) {
    case FUNCTION:
        return pattern_whole_matches(line->pattern, frame->symbol) ||
               pattern_whole_matches(line->readable, frame->function);
    case OBJECT:
        return pattern_whole_matches(line->pattern, frame->module);
    case SOURCE:
        return (!line->line || line->line == frame->line) && frame->file &&
               (pattern_whole_matches(line->pattern, frame->file) ||
                pattern_whole_matches(line->pattern, symbols_base_name(frame->file)));
    case ELLIPSIS:
        break;
    }
    return true;
}

/* True if the lines from `at` on match the frames in order from the innermost one. */
static bool lines_match(const struct suppression *suppression, size_t at, const struct trace *trace) {
    size_t frame = 0, ellipsis = SIZE_MAX, resume = 0;
    while (at < suppression->line_count) {
        const struct block_line *line = &suppression->lines[at];
        if (line->type == ELLIPSIS) {
            ellipsis = at++;
            resume = frame;
        } else if (frame < trace->count && block_line_matches(line, &trace->frames[frame])) {
            at++;
            frame++;
        } else if (ellipsis != SIZE_MAX && resume < trace->count) { /* the ellipsis takes one frame more */
            at = ellipsis + 1;
            frame = ++resume;
        } else {
            return false;
        }
    }
    return true;
}

/* Valgrind shows the call itself (open64, fopen) as the innermost frames, a record keeps it as a name. So a
 * block matches behind the line that names the call, too. */
static bool block_matches(const struct suppression *suppression, const struct trace *trace,
                          const struct stack *stack) {
    if (lines_match(suppression, 0, trace))
        return true;
    const char *call = stack ? stack->call : NULL;
    char *bare = call ? memory_copy(call + strspn(call, "_")) : NULL;
    if (bare && strlen(bare) > 2 && strcmp(bare + strlen(bare) - 2, "64") == 0)
        bare[strlen(bare) - 2] = '\0';
    bool matches = false;
    for (size_t i = 0; bare && !matches && i < suppression->line_count; i++) {
        const struct block_line *line = &suppression->lines[i];
        if (line->type == FUNCTION &&
            (pattern_whole_matches(line->readable, call) || pattern_whole_matches(line->readable, bare)))
            matches = lines_match(suppression, i + 1, trace);
    }
    free(bare);
    return matches;
}

static bool takes_handle(const struct suppression *suppression, const void *subject) {
    const struct finding *finding = subject;
    if (suppression->kind != RECORD_KIND_COUNT && suppression->kind != finding->kind)
        return false;
    switch (suppression->target) {
    case FRAMES:
        return frames_match(suppression, finding->trace);
    case REFERRED_TO:
        return pattern_matches(suppression->pattern, finding->what);
    case BLOCK:
        return block_matches(suppression, finding->trace, finding->handle->stack);
    case MISUSE:
    case MISUSE_BLOCK:
        break;
    }
    return false;
}

static bool takes_misuse(const struct suppression *suppression, const void *subject) {
    const struct misuse_site *site = subject;
    if (suppression->target == MISUSE_BLOCK)
        return block_matches(suppression, site->now, site->first->now);
    if (suppression->target != MISUSE)
        return false;
    bool is_of_type = suppression->frame == ANY_FRAME &&
                      pattern_matches(suppression->pattern, misuse_word(site->first->type));
    if (is_of_type || frames_match(suppression, site->now))
        return true;
    return suppression->frame == ANY_FRAME &&
           (frames_match(suppression, site->opened) || frames_match(suppression, site->closed));
}

/* --- public ----------------------------------------------------------------------------------------------- */

struct suppressions *suppress_begin(const char *file, const char *executable) {
    struct suppressions *suppressions = memory_new(1, sizeof *suppressions);
    suppressions->file = memory_copy(file);
    suppressions->rule_hits = memory_new(rules_count, sizeof *suppressions->rule_hits);
    if (*file)
        suppress_read(suppressions, executable);
    return suppressions;
}

void suppress_end(struct suppressions *suppressions) {
    for (size_t i = 0; i < suppressions->count; i++)
        suppression_end(&suppressions->list[i]);
    free(suppressions->list);
    free(suppressions->rule_hits);
    free(suppressions->file);
    free(suppressions);
}

static bool is_suppressed(struct suppressions *suppressions, const void *subject,
                          bool (*takes)(const struct suppression *suppression, const void *subject)) {
    for (size_t i = 0; i < suppressions->count; i++) {
        struct suppression *suppression = &suppressions->list[i];
        if (suppression->hits >= suppression->most || !takes(suppression, subject))
            continue;
        if (!suppression->is_over) {
            suppression->hits++;
            return true;
        }
        suppression->hits_when_over++;
    }
    return false;
}

static bool count_rule(struct suppressions *suppressions, size_t rule) {
    if (rule == rules_count)
        return false;
    suppressions->rule_hits[rule]++;
    return true;
}

bool suppress_takes(struct suppressions *suppressions, const struct finding *finding) {
    return is_suppressed(suppressions, finding, takes_handle) || count_rule(suppressions, rules_find(finding));
}

bool suppress_takes_misuse(struct suppressions *suppressions, const struct misuse_site *site) {
    return is_suppressed(suppressions, site, takes_misuse) || count_rule(suppressions, rules_find_misuse(site));
}

void suppress_hide_paths(struct suppressions *suppressions) {
    char *base = memory_copy(symbols_base_name(suppressions->file));
    free(suppressions->file);
    suppressions->file = base;
    for (size_t i = 0; i < suppressions->count; i++) {
        free(suppressions->list[i].text);
        suppressions->list[i].text = memory_format("in line %u", suppressions->list[i].line);
    }
}

static char *sentence_about(const struct suppressions *suppressions, const struct suppression *suppression,
                            bool all) {
    const char *file = suppressions->file, *text = suppression->text;
    if (suppression->is_over && (suppression->hits_when_over || all))
        return memory_format("%s:%u: the suppression %s ended on %s%s", file, suppression->line, text,
                             suppression->until, suppression->hits_when_over ? "; it would have matched" : "");
    if (!all)
        return NULL;
    if (!suppression->hits)
        return memory_format("%s:%u: the suppression %s matched nothing", file, suppression->line, text);
    return memory_format("%s:%u: %zu suppressed by %s", file, suppression->line, suppression->hits, text);
}

void suppress_each_note(const struct suppressions *suppressions, bool all,
                        void (*tell)(void *context, const char *sentence), void *context) {
    for (size_t i = 0; i < suppressions->count; i++) {
        char *sentence = sentence_about(suppressions, &suppressions->list[i], all);
        if (sentence)
            tell(context, sentence);
        free(sentence);
    }
    for (size_t i = 0; all && i < rules_count; i++) {
        if (!suppressions->rule_hits[i])
            continue;
        char *sentence =
            memory_format("%zu left out by a built-in rule: %s", suppressions->rule_hits[i], rules_reason(i));
        tell(context, sentence);
        free(sentence);
    }
}
