/* duration.c - see duration.h */
#include "tools/duration.h"

#include "tools/memory.h"

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
