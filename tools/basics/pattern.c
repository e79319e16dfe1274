/* pattern.c - see pattern.h */
#include "tools/basics/pattern.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"

/* The first place in `text` where the `bytes` of `piece` are; the last one possible where it must end there. */
static const char *find_piece(const char *text, const char *piece, size_t bytes, bool at_start, bool at_end) {
    size_t length = strlen(text);
    if (bytes > length)
        return NULL;
    if (at_start)
        return memcmp(text, piece, bytes) == 0 && (!at_end || length == bytes) ? text : NULL;
    if (at_end)
        return memcmp(text + length - bytes, piece, bytes) == 0 ? text + length - bytes : NULL;
    return memmem(text, length, piece, bytes);
}

bool pattern_matches(const char *template, const char *text) {
    if (!text)
        return false;
    bool at_start = *template == '^';
    template += at_start;
    for (;;) {
        size_t bytes = strcspn(template, "*");
        bool is_last = template[bytes] == '\0';
        bool at_end = is_last && bytes && template[bytes - 1] == '$';
        const char *found = find_piece(text, template, bytes - at_end, at_start, at_end);
        if (!found)
            return false;
        if (is_last)
            return true;
        text = found + bytes;
        template += bytes + 1;
        at_start = false;
    }
}

bool pattern_whole_matches(const char *pattern, const char *text) {
    const char *star = NULL, *resume = NULL;
    if (!text)
        return false;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) { /* the star takes one byte more */
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

bool pattern_words_match(const char *words, const char *text) {
    char *copy = memory_copy(words), *rest = copy, *word;
    bool matches = false;
    while (!matches && (word = strsep(&rest, "+")))
        matches = *word && fnmatch(word, text, 0) == 0;
    free(copy);
    return matches;
}
