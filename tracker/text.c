/* text.c - see text.h. */
#include "tracker/text.h"

void text_bytes(struct text *text, const char *bytes, size_t count) {
    size_t room = text->capacity - 1 - text->length;
    if (count > room) {
        count = room;
        text->cut = true;
    }
    text_copy(text->start + text->length, bytes, count);
    text->length += count;
    text->start[text->length] = 0;
}

void text_string(struct text *text, const char *string) { text_bytes(text, string, text_length(string)); }

static void text_number(struct text *text, uint64_t value, unsigned base) {
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    text_bytes(text, digits + at, sizeof digits - at);
}

void text_decimal(struct text *text, int64_t value) {
    if (value < 0)
        text_string(text, "-");
    text_number(text, value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
}

void text_hexadecimal(struct text *text, uint64_t value) { text_number(text, value, 16); }

void text_byte_pairs(struct text *text, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char pair[2] = {"0123456789abcdef"[bytes[i] >> 4], "0123456789abcdef"[bytes[i] & 15]};
        text_bytes(text, pair, 2);
    }
}

size_t text_length(const char *string) {
    size_t length = 0;
    while (string[length])
        length++;
    return length;
}

bool text_equal(const char *a, const char *b) {
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

bool text_starts(const char *string, const char *prefix) {
    while (*prefix && *string == *prefix)
        string++, prefix++;
    return !*prefix;
}

bool text_fits(const char *pattern, const char *string) {
    const char *star = NULL, *retry = NULL;
    while (*string) {
        if (*pattern == '*') {
            star = pattern++;
            retry = string;
        } else if (*pattern == '?' || *pattern == *string) {
            pattern++;
            string++;
        } else if (star) {
            pattern = star + 1;
            string = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

const char *text_base_name(const char *path) {
    const char *base = path;
    for (; *path; path++)
        if (*path == '/')
            base = path + 1;
    return base;
}

const char *text_environment(char *const *environment, const char *name) {
    size_t length = text_length(name);
    for (; environment && *environment; environment++)
        if (text_starts(*environment, name) && (*environment)[length] == '=')
            return *environment + length + 1;
    return NULL;
}

void text_copy(void *to, const void *from, size_t bytes) {
    char *out = to;
    const char *in = from;
    for (size_t i = 0; i < bytes; i++)
        out[i] = in[i];
}

void text_clear(void *to, size_t bytes) {
    char *out = to;
    for (size_t i = 0; i < bytes; i++)
        out[i] = 0;
}

bool text_same(const void *a, const void *b, size_t bytes) {
    const char *left = a, *right = b;
    for (size_t i = 0; i < bytes; i++)
        if (left[i] != right[i])
            return false;
    return true;
}
