/* xml.c - see xml.h */
#include "tools/basics/xml.h"

#include <stdarg.h>
#include <stdbool.h>

#include "tools/basics/utf8.h"

/* The last two of each plane, and 32 others, are no characters: XML refuses some of them, HTML all. */
static bool is_noncharacter(const unsigned char *at, size_t bytes) {
    if (bytes == 4)
        return (at[1] & 0x0f) == 0x0f && at[2] == 0xbf && at[3] >= 0xbe;
    if (bytes != 3 || at[0] != 0xef)
        return false;
    return at[1] == 0xb7 ? at[2] >= 0x90 && at[2] <= 0xaf : at[1] == 0xbf && at[2] >= 0xbe;
}

/* Neither are control characters. */
static bool is_character(const char *at, size_t bytes) {
    if (is_noncharacter((const unsigned char *)at, bytes))
        return false;
    return bytes > 1 || (bytes == 1 && (unsigned char)*at >= 0x20);
}

/* What stands for the byte; NULL: itself. A newline or tab as such would become a blank in an attribute. */
static const char *entity(char byte) {
    static const struct {
        char byte;
        const char *entity;
    } entities[] = {{'&', "&amp;"},  {'<', "&lt;"},   {'>', "&gt;"}, /* must not follow ]] */
                    {'"', "&quot;"}, {'\n', "&#10;"}, {'\t', "&#9;"}};
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (entities[i].byte == byte)
            return entities[i].entity;
    return NULL;
}

void xml_put(FILE *out, const char *text) {
    for (size_t bytes; *text; text += bytes) {
        size_t character = utf8_character(text);
        const char *other = entity(*text);
        bytes = character ? character : 1;
        if (other)
            fputs(other, out);
        else if (is_character(text, character))
            fwrite(text, 1, bytes, out);
        else
            fputs("\xef\xbf\xbd", out);
    }
}

void xml_put_element(FILE *out, int indent, const char *name, const char *text) {
    fprintf(out, "%*s<%s>", indent, "", name);
    xml_put(out, text);
    fprintf(out, "</%s>\n", name);
}

void xml_put_number(FILE *out, int indent, const char *name, const char *format, ...) {
    char text[64];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    xml_put_element(out, indent, name, text);
}

void xml_put_attribute(FILE *out, const char *name, const char *text) {
    fprintf(out, " %s=\"", name);
    xml_put(out, text);
    fputc('"', out);
}
