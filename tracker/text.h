/* text.h - strings and numbers without libc. Any context. */
#ifndef TRACKER_TEXT_H
#define TRACKER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text being built in a buffer of the caller's. What does not fit is left out and remembered. The text is
 * zero-terminated at all times (capacity at least 1). */
struct text {
    char *start;
    size_t length;
    size_t capacity; /* bytes at `start`, the terminating zero included */
    bool cut;
};

#define TEXT_IN(buffer) ((struct text){.start = (buffer), .capacity = sizeof(buffer)})

void text_bytes(struct text *text, const char *bytes, size_t count);
void text_string(struct text *text, const char *string);
void text_decimal(struct text *text, int64_t value);
void text_hexadecimal(struct text *text, uint64_t value);                    /* without 0x */
void text_byte_pairs(struct text *text, const uint8_t *bytes, size_t count); /* two digits a byte */

size_t text_length(const char *string);
bool text_equal(const char *a, const char *b);
bool text_starts(const char *string, const char *prefix);
/* `pattern` may hold * (any text) and ? (one character); the whole string must fit. */
bool text_fits(const char *pattern, const char *string);
/* The part of a path behind its last slash. */
const char *text_base_name(const char *path);

/* The value of NAME=value in an environment, or NULL. */
const char *text_environment(char *const *environment, const char *name);

/* Plain loops where the compiler must not call libc's. */
void text_copy(void *to, const void *from, size_t bytes);
void text_clear(void *to, size_t bytes);
bool text_same(const void *a, const void *b, size_t bytes);

#endif
