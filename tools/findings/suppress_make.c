/* suppress_make.c - see suppress_make.h; suppress.c reads what is written here. */
#include "tools/findings/suppress_make.h"

#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"
#include "tools/formats/render.h"
#include "tools/handles/what.h"

/* A pattern that `text` fits from end to end. What would mean something else to the reader of the line (a
 * comment, an option, its end), and what cannot be shown as it is, becomes a star, which fits anything. */
static char *pattern_of(const char *text) {
    char *pattern = memory_format("^%s$", text);
    size_t bytes;
    for (char *at = pattern + 1; *at; at += bytes) {
        uint32_t character;
        bytes = utf8_decode(at, &character);
        bool is_shown = bytes && utf8_is_safe(character);
        bool is_comment = *at == '#' && at[-1] == ' ', is_option = *at == '=' && strchr(text, ' ');
        bytes = bytes ? bytes : 1;
        if (!is_shown || is_comment || is_option)
            memset(at, '*', bytes);
    }
    return pattern;
}

static char *line_of(const char *type, const struct trace *trace) {
    const struct frame *frame = trace->count ? &trace->frames[0] : NULL;
    if (!frame || (!frame->function && !*frame->module))
        return NULL;
    char *name = render_frame_name(frame), *pattern = pattern_of(name);
    char *line = memory_format("%s:%s frame=0", type, pattern);
    free(pattern);
    free(name);
    return line;
}

/* What all handles of the site refer to; NULL if they differ. */
static const char *common_name(const struct site *site) {
    const char *name = site->findings[0].what;
    for (size_t i = 1; name && i < site->count; i++)
        if (!site->findings[i].what || strcmp(site->findings[i].what, name) != 0)
            return NULL;
    return name;
}

char *suppress_make_line(const struct site *site) {
    bool is_known = site->kind < RECORD_KIND_COUNT;
    char *line = line_of(is_known ? what_kind_word(site->kind) : "leak", site->trace);
    const char *name = line ? NULL : common_name(site);
    if (!name)
        return line;
    char *pattern = pattern_of(name);
    line = memory_format("path:%s", pattern);
    free(pattern);
    return line;
}

char *suppress_make_misuse_line(const struct misuse_site *site) { return line_of("misuse", site->now); }
