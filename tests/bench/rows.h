/* rows.h - what `make bench` measures: the sides that are compared, and the rows of its table. */
#ifndef TESTS_BENCH_ROWS_H
#define TESTS_BENCH_ROWS_H

#include <stdbool.h>
#include <stddef.h>

enum side_index {
    BARE,
    LEFTOPEN,
    FEW,
    NO_MISUSE,
    MISUSE_USES,
    EMPTY,
    VALGRIND,
    STRACE,
    LTRACE,
    HEAPTRACK,
    SIDES
};

struct side {
    const char *name;
    const char *library; /* in BUILD, or NULL */
    const char *command; /* its first word looked up in PATH; or NULL */
    unsigned less;       /* how many times fewer operations */
    const char *options; /* LEFTOPEN_OPTIONS, or NULL */
    unsigned held;       /* handles held open; 0: as the row says */
};

enum where {
    INSIDE,
    OUTSIDE
}; /* OUTSIDE: only what the program executes is measured, not the program itself */

struct row {
    const char *name, *kind;
    const char *program; /* in BUILD/bench: work and its like, or whole */
    unsigned frames, threads, held, operations;
    enum where where;
    int peers;   /* a bit for each side that takes part, beside the base and leftopen */
    double most; /* the budget: a ratio, or where below 0 what may be added, in nanoseconds; 0: none */

    /* What few rows need. */
    enum side_index base; /* what it is held against */
    const char *needs;    /* programs that must be in PATH, parted by blanks */
    const char *options;  /* LEFTOPEN_OPTIONS, where the side has none */
    bool streams;         /* what is held are streams without a descriptor */

    /* Programs that `whole` runs. The words are expanded as a shell does, in a folder that they share, with
     * OPERATIONS, FILES, PORT (free), BENCH and, unless the program is bare, WATCHED. */
    const char *command;
    const char *before; /* for the shell (functions of programs.sh) before each run, not measured */
    const char *client; /* for the shell: the command is a server; prints how many requests were answered */
    bool tells;         /* the program says when what is measured begins */
    bool by_clock;      /* its cost is told by the clock on the wall */
};

extern const struct side sides[SIDES];
extern const struct row rows[];
extern const size_t row_count;

/* Whether `whole` runs it: start to end, once or a few times a pair. */
bool row_is_whole(const struct row *row);

#endif
