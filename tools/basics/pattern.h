/* pattern.h - the sorts of patterns that users write. */
#ifndef TOOLS_PATTERN_H
#define TOOLS_PATTERN_H

#include <stdbool.h>

/* The template of a suppression: found anywhere in `text`; `*` is any text, `^` in front and `$` at the end tie
 * it to the text's ends. NULL matches nothing. */
bool pattern_matches(const char *template, const char *text);

/* Valgrind's way: the whole of `text`, `*` is any text, `?` any one byte. NULL matches nothing. */
bool pattern_whole_matches(const char *pattern, const char *text);

/* True if one of the shell patterns in `words`, joined by +, matches the whole of `text`. */
bool pattern_words_match(const char *words, const char *text);

#endif
