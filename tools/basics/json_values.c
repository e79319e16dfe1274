/* json_values.c - see json_values.h */
#include "tools/basics/json_values.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "tools/basics/fail.h"
#include "tools/basics/utf8.h"

/* Digits of a real number: ages are rounded to milliseconds, and must not become 0.29999999999999999. */
#define DIGITS 15

json_t *json_value_string(const char *bytes) {
    char *clean = utf8_sanitised(bytes);
    json_t *value = json_string(clean);
    free(clean);
    return value;
}

json_t *json_value_text(const char *bytes) { return bytes && *bytes ? json_value_string(bytes) : json_null(); }

json_t *json_value_known(int64_t number, bool is_known) {
    return is_known ? json_integer(number) : json_null();
}

json_t *json_value_seconds(double seconds) {
    return seconds < 0 ? json_null() : json_real((double)(int64_t)(seconds * 1000 + 0.5) / 1000);
}

json_t *json_value_hexadecimal(uint64_t number) {
    char digits[24];
    snprintf(digits, sizeof digits, "0x%" PRIx64, number);
    return json_string(digits);
}

json_t *json_value_instant(uint64_t nanoseconds) {
    time_t seconds = (time_t)(nanoseconds / 1000000000u);
    struct tm parts;
    char day[32] = "", whole[48];
    if (!nanoseconds || !gmtime_r(&seconds, &parts) || !strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts))
        return json_null();
    snprintf(whole, sizeof whole, "%s.%03uZ", day, (unsigned)(nanoseconds / 1000000u % 1000u));
    return json_string(whole);
}

void json_values_write(json_t *value, FILE *out, const char *format) {
    if (json_dumpf(value, out, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS)) != 0)
        warning("the %s report could not be written", format);
    fputc('\n', out);
    json_decref(value);
}
