/* suppress_parts.h - what suppressions are; private to tools/findings/suppress.c and suppress_read.c. */
#ifndef TOOLS_SUPPRESS_PARTS_H
#define TOOLS_SUPPRESS_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "tracker/record_format.h"

/* What a pattern is held against. */
enum target { FRAMES, REFERRED_TO, BLOCK, MISUSE, MISUSE_BLOCK };

#define ANY_FRAME SIZE_MAX

/* One line of a Valgrind block, about one frame; ELLIPSIS is any number of frames. */
enum line_type { FUNCTION, OBJECT, SOURCE, ELLIPSIS };
struct block_line {
    enum line_type type;
    char *pattern;
    char *readable; /* of FUNCTION: demangled, without a version; one function may have several symbols */
    unsigned line;  /* of SOURCE; 0 any */
};

struct suppression {
    char *text; /* as in the file; of a block, its name */
    unsigned line;
    enum target target;
    enum record_kind kind; /* RECORD_KIND_COUNT: all */
    char *pattern;
    size_t
        frame; /* the only one that the pattern is held against, of a misuse the wrong call's; or ANY_FRAME */
    struct block_line *lines;
    size_t line_count;
    unsigned long most;
    char until[11]; /* YYYY-MM-DD, "" for ever */
    bool is_over;
    size_t hits, hits_when_over;
};

struct suppressions {
    char *file;
    struct suppression *list;
    size_t count;
    size_t *rule_hits;
};

/* Adds what the file has. What cannot be read or understood is said and left out. */
void suppress_read(struct suppressions *suppressions, const char *executable);

void suppression_end(struct suppression *suppression);

#endif
