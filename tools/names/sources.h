/* sources.h - source files as those who show a site beside the code know them: relative to the root of the
 * sources, which is the current directory unless option source_root says otherwise. */
#ifndef TOOLS_SOURCES_H
#define TOOLS_SOURCES_H

#include "tools/findings/complaints.h"

enum source_owner {
    SOURCE_OF_SYSTEM, /* headers of the system, of a compiler, of packages built elsewhere */
    SOURCE_ELSEWHERE, /* outside the root, or not there */
    SOURCE_OWN        /* a file below the root */
};

/* One file. Strings live as long as the struct sources. */
struct source {
    const char *told, *compiled_in; /* as in struct frame; the folder may be NULL */
    char *path;   /* relative where below the root, else absolute (or as told, where nothing is there) */
    char *folder; /* absolute where it can be known; "" none */
    enum source_owner owner;
};

struct sources {
    char *root; /* absolute; "" where there is none */
    void *known;
};

/* The root is that of the report, else the current folder; none if the report hides folders. */
void sources_begin(struct sources *sources, const struct report *report);
void sources_end(struct sources *sources);

/* The file that the frame is in; there must be one. Its names must stay as they are until sources_end. */
const struct source *sources_find(struct sources *sources, const struct frame *frame);

/* Where a stack is shown: the innermost frame in a file of the user's own; where there is none, the innermost
 * with a line at all. NULL: no frame has a line. */
const struct frame *sources_frame(struct sources *sources, const struct trace *trace);

/* Where a complaint is shown: the frame of its own stack; of a misuse that is all the system's code, such as a
 * flush at the end, one of the stack that opened the handle. NULL: no frame has a line. */
const struct frame *sources_complaint_frame(struct sources *sources, const struct complaint *complaint);

/* The same for readers that cannot do without a file and a line: else the first line of the module. The path is
 * as in struct source and lives as long as the struct sources. */
struct source_place {
    const char *path;
    unsigned line, column; /* line at least 1; column 0 unknown */
};
struct source_place sources_place(struct sources *sources, const struct complaint *complaint);

/* The path as a URI: relative, or file:///…. The caller frees it. */
char *sources_uri(const char *path);

#endif
