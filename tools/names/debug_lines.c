/* debug_lines.c - see debug_lines.h */
#include "tools/names/debug_lines.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"

enum { MOST_KEPT = 200000 /* rows, 11 MB of libdw's */ };

static Dwarf *scratch_of(struct debug_line_reader *reader) {
    if (reader->scratch && reader->kept > MOST_KEPT)
        debug_line_reader_end(reader);
    if (reader->scratch)
        return reader->scratch;
    reader->kept = 0;
    reader->scratch = dwarf_begin_elf(dwarf_getelf(reader->dwarf), DWARF_C_READ, NULL);
    if (reader->scratch)
        dwarf_setalt(reader->scratch, dwarf_getalt(reader->dwarf));
    return reader->scratch;
}

void debug_line_reader_end(struct debug_line_reader *reader) {
    if (!reader->scratch)
        return;
    dwarf_setalt(reader->scratch, NULL); /* the other one's */
    dwarf_end(reader->scratch);
    reader->scratch = NULL;
}

/* All names one behind the other. */
static void copy_files(struct debug_lines *lines, Dwarf_Files *files, size_t count) {
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = dwarf_filesrc(files, i, NULL, NULL);
        bytes += name ? strlen(name) + 1 : 0;
    }
    lines->names = memory_new(bytes, 1);
    lines->files = memory_new(count, sizeof *lines->files);
    lines->file_count = count;
    char *at = lines->names;
    for (size_t i = 0; i < count; i++) {
        const char *name = dwarf_filesrc(files, i, NULL, NULL);
        if (!name)
            continue;
        lines->files[i] = at;
        at = stpcpy(at, name) + 1;
    }
}

static struct debug_row row_of(Dwarf_Line *line) {
    struct debug_row row = {0};
    Dwarf_Addr address = 0;
    Dwarf_Files *files;
    int number = 0, column = 0;
    size_t file = 0;
    bool is_end = false;
    dwarf_lineaddr(line, &address);
    row.address = address;
    if (dwarf_lineendsequence(line, &is_end) != 0 || is_end || dwarf_lineno(line, &number) != 0 ||
        number <= 0 || dwarf_line_file(line, &files, &file) != 0 || file > UINT16_MAX)
        return row;
    dwarf_linecol(line, &column);
    row.line = (uint32_t)number;
    row.column = column > 0 && column <= UINT16_MAX ? (uint16_t)column : 0;
    row.file = (uint16_t)file;
    return row;
}

void debug_lines_begin(struct debug_lines *lines, struct debug_line_reader *reader, Dwarf_Die *unit) {
    Dwarf *scratch = scratch_of(reader);
    Dwarf_Die die;
    Dwarf_Lines *table;
    Dwarf_Files *files;
    size_t count;
    if (!scratch || !dwarf_offdie(scratch, dwarf_dieoffset(unit), &die))
        return;
    if (dwarf_getsrclines(&die, &table, &count) == 0) {
        lines->rows = memory_new(count, sizeof *lines->rows);
        lines->row_count = count;
        for (size_t i = 0; i < count; i++)
            lines->rows[i] = row_of(dwarf_onesrcline(table, i));
        reader->kept += count;
    }
    if (dwarf_getsrcfiles(&die, &files, &count) == 0)
        copy_files(lines, files, count);
}

void debug_lines_end(struct debug_lines *lines) {
    free(lines->rows);
    free(lines->files);
    free(lines->names);
    *lines = (struct debug_lines){0};
}

const struct debug_row *debug_lines_at(const struct debug_lines *lines, uint64_t address) {
    size_t low = 0, high = lines->row_count; /* how many rows begin at or before the address */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lines->rows[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low && lines->rows[low - 1].line ? &lines->rows[low - 1] : NULL;
}

const char *debug_lines_file(const struct debug_lines *lines, size_t number) {
    return number < lines->file_count ? lines->files[number] : NULL;
}
