/* xml.h - writing XML 1.0, for what may hold any byte. */
#ifndef TOOLS_XML_H
#define TOOLS_XML_H

#include <stdio.h>

/* Writes the text so that it fits between tags and, in double quotes, into an attribute. What XML cannot carry
 * (control characters, bytes that are not UTF-8, what is no character) becomes U+FFFD. */
void xml_put(FILE *out, const char *text);

/* Writes `indent` blanks, <name>text</name> and a newline. */
void xml_put_element(FILE *out, int indent, const char *name, const char *text);

/* The same with a text as of printf, of known characters only. */
void xml_put_number(FILE *out, int indent, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Writes a blank and name="text". */
void xml_put_attribute(FILE *out, const char *name, const char *text);

#endif
