/* utf8.c - see utf8.h */
#include "tools/basics/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"

size_t utf8_decode(const char *text, uint32_t *character) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)text;
    size_t bytes = *byte < 0x80 ? 1 : *byte >> 5 == 6 ? 2 : *byte >> 4 == 14 ? 3 : *byte >> 3 == 30 ? 4 : 0;
    if (!*byte || !bytes)
        return 0;
    *character = bytes == 1 ? *byte : *byte & (0xffu >> (bytes + 1));
    for (size_t i = 1; i < bytes; i++) {
        if (byte[i] >> 6 != 2)
            return 0;
        *character = *character << 6 | (byte[i] & 0x3f);
    }
    bool is_surrogate = *character >= 0xd800 && *character < 0xe000;
    return *character < least[bytes] || *character > 0x10ffff || is_surrogate ? 0 : bytes;
}

size_t utf8_character(const char *text) {
    uint32_t character;
    return utf8_decode(text, &character);
}

bool utf8_is_safe(uint32_t character) {
    bool is_control = character < 0x20 || (character >= 0x7f && character < 0xa0);
    bool turns = (character >= 0x202a && character <= 0x202e) || (character >= 0x2066 && character <= 0x2069);
    return !is_control && !turns && character != 0x2028 && character != 0x2029;
}

/* How many bytes from the start on are fine. */
static size_t fine_bytes(const char *text, bool (*is_fine)(uint32_t)) {
    size_t count = 0;
    for (;;) {
        while (text[count] >= ' ' && text[count] <= '~')
            count++; /* most of all text */
        uint32_t character;
        size_t bytes = utf8_decode(text + count, &character);
        if (!bytes || !is_fine(character))
            return count;
        count += bytes;
    }
}

/* Copies `text`; what `is_fine` refuses is written by `replace`. */
static char *copy(const char *text, bool (*is_fine)(uint32_t), void (*replace)(FILE *, unsigned char)) {
    size_t fine = fine_bytes(text, is_fine);
    if (!text[fine])
        return memory_copy_bytes(text, fine);
    char *result = NULL;
    size_t size;
    FILE *out = open_memstream(&result, &size);
    if (!out)
        return memory_copy("");
    for (; text[fine]; fine = fine_bytes(text, is_fine)) {
        fwrite(text, 1, fine, out);
        text += fine;
        uint32_t character;
        size_t bytes = utf8_decode(text, &character);
        for (size_t i = 0; i < (bytes ? bytes : 1); i++)
            replace(out, (unsigned char)text[i]);
        text += bytes ? bytes : 1;
    }
    fwrite(text, 1, fine, out);
    fclose(out);
    return result ? result : memory_copy("");
}

static void escape(FILE *out, unsigned char byte) {
    static const char letters[] = {['\n'] = 'n', ['\t'] = 't', ['\r'] = 'r'};
    if (byte < sizeof letters && letters[byte])
        fprintf(out, "\\%c", letters[byte]);
    else
        fprintf(out, "\\x%02x", byte);
}

static bool is_anything(uint32_t character) { return true; }
static void replace_byte(FILE *out, unsigned char byte) { fputs("\xef\xbf\xbd", out); }

char *utf8_for_terminal(const char *text) { return copy(text, utf8_is_safe, escape); }
char *utf8_sanitised(const char *text) { return copy(text, is_anything, replace_byte); }

size_t utf8_width(const char *text) {
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}
