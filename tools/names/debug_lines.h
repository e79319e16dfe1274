/* debug_lines.h - the line table of a unit of DWARF, kept small: libdw needs 56 bytes for each row and never
 * frees them, which a program with millions of rows makes felt. */
#ifndef TOOLS_DEBUG_LINES_H
#define TOOLS_DEBUG_LINES_H

#include <stddef.h>
#include <stdint.h>

#include <elfutils/libdw.h>

struct debug_row {
    uint64_t address;
    uint32_t line; /* 0: no code of the unit, or code that the compiler made up */
    uint16_t column, file;
};

/* Of one unit. All zero: nothing was read yet. */
struct debug_lines {
    struct debug_row *rows; /* by address */
    size_t row_count;
    const char **files; /* by number; NULL where there is none */
    size_t file_count;
    char *names; /* of the files */
};

/* Reads line tables of one file of DWARF. */
struct debug_line_reader {
    Dwarf *dwarf;   /* the file */
    Dwarf *scratch; /* the same file once more, ended now and then, and with it all rows that libdw has kept */
    size_t kept;    /* rows in it */
};

/* Fills `lines`; nothing is in there if the unit has no table. The caller ends it. */
void debug_lines_begin(struct debug_lines *lines, struct debug_line_reader *reader, Dwarf_Die *unit);
void debug_lines_end(struct debug_lines *lines);
void debug_line_reader_end(struct debug_line_reader *reader);

/* The row of that address, NULL unknown. */
const struct debug_row *debug_lines_at(const struct debug_lines *lines, uint64_t address);

/* The name of a file, in full as far as DWARF knows, NULL unknown. Lives as long as the lines. */
const char *debug_lines_file(const struct debug_lines *lines, size_t number);

#endif
