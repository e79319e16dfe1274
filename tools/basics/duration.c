/* duration.c - see duration.h */
#include "tools/basics/duration.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"

char *duration_text(double seconds) {
    if (seconds < 9.95)
        return memory_format("%.1fs", seconds);
    unsigned long whole = (unsigned long)(seconds + 0.5), minutes = whole / 60, hours = minutes / 60;
    if (!minutes)
        return memory_format("%lus", whole);
    if (!hours)
        return memory_format("%lum%02lus", minutes, whole % 60);
    if (hours < 24)
        return memory_format("%luh%02lum", hours, minutes % 60);
    return memory_format("%lud%02luh", hours / 24, hours % 24);
}

uint64_t duration_parse(const char *word) {
    static const struct {
        const char *name;
        uint64_t nanoseconds;
    } units[] = {
        {"ms", 1000000}, {"s", 1000000000}, {"", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}};
    enum { LONGEST = 1000000 }; /* of any unit */
    char *unit;
    unsigned long number = strtoul(word, &unit, 10);
    if (!isdigit((unsigned char)*word) || number > LONGEST)
        return 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(unit, units[i].name) == 0)
            return number * units[i].nanoseconds;
    return 0;
}
