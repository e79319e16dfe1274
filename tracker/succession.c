/* succession.c - see succession.h. */
#include "tracker/succession.h"

#include <stdint.h>

#include "tracker/record.h"
#include "tracker/sys.h"
#include "tracker/text.h"

enum { LONGEST = 32 }; /* images in a row; the record of one beyond stays until somebody tidies */

/* The name of the `step`th: the pid, the step, and nothing that a random name is likely to have. */
static void name_of(uint8_t name[16], uint8_t step) {
    uint32_t pid = (uint32_t)SYS(SYS_getpid);
    for (unsigned i = 0; i < 16; i++)
        name[i] = 0;
    text_copy(name, &pid, sizeof pid);
    name[15] = step;
}

void succession_leave(void) {
    uint8_t name[16];
    for (uint8_t step = 0; step < LONGEST; step++) {
        name_of(name, step);
        if (record_rename(name))
            return;
    }
}

void succession_stay(void) { record_rename(record_header()->name); }

void succession_end(void) {
    uint8_t name[16];
    for (uint8_t step = 0; step < LONGEST; step++) {
        name_of(name, step);
        if (!record_unlink(name))
            return;
    }
}
