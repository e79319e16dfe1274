/* json_values.h - what is in a report as values of JSON: what is not known is null, addresses are strings,
 * bytes that are not UTF-8 become U+FFFD. Each returns a new reference. */
#ifndef TOOLS_JSON_VALUES_H
#define TOOLS_JSON_VALUES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

/* Any bytes as a string, "" too. */
json_t *json_value_string(const char *bytes);

/* The same; null for NULL and "". */
json_t *json_value_text(const char *bytes);

json_t *json_value_known(int64_t number, bool is_known); /* else null */
json_t *json_value_seconds(double seconds);              /* to the millisecond; null if negative */
json_t *json_value_hexadecimal(uint64_t number);         /* "0x1a2b" */
json_t *json_value_instant(uint64_t nanoseconds);        /* of CLOCK_REALTIME, as RFC 3339 in UTC; null for 0 */

/* Writes the value as one line and gives it back. What cannot be written is a warning that names `format`. */
void json_values_write(json_t *value, FILE *out, const char *format);

#endif
