/* utf8.h - text from other programs, which may hold any byte. */
#ifndef TOOLS_UTF8_H
#define TOOLS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the valid UTF-8 character at `text` (zero-terminated), 0 if there is none or at the end. */
size_t utf8_character(const char *text);

/* The same, and the character itself. 0 also where it is overlong, a surrogate, beyond U+10FFFF or cut short.
 */
size_t utf8_decode(const char *text, uint32_t *character);

/* False for control characters, ends of line, and what turns the direction of writing. */
bool utf8_is_safe(uint32_t character);

/* A copy that a terminal shows as it is: characters that are not safe and what is not UTF-8 become \n, \t, \xNN
 * … The caller frees it. */
char *utf8_for_terminal(const char *text);

/* A copy in which each byte that is not UTF-8 became U+FFFD. The caller frees it. */
char *utf8_sanitised(const char *text);

/* How many characters a terminal shows for valid text. Wide and combining characters are not known. */
size_t utf8_width(const char *text);

#endif
