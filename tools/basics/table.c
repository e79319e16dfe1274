/* table.c - see table.h */
#include "tools/basics/table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"

enum { MOST_COLUMNS = 16 };

struct line {
    char *cells[MOST_COLUMNS];
    char *text; /* below it; NULL none */
};

struct table {
    size_t columns;
    bool is_left[MOST_COLUMNS];
    size_t widths[MOST_COLUMNS];
    struct line *lines; /* the first is the heading */
    size_t count;
};

static struct line *new_line(struct table *table) {
    table->lines = memory_grow(table->lines, table->count, sizeof *table->lines);
    struct line *line = &table->lines[table->count++];
    memset(line, 0, sizeof *line);
    return line;
}

static void set_cell(struct table *table, struct line *line, size_t column, char *text) {
    line->cells[column] = text;
    size_t width = utf8_width(text);
    table->widths[column] = width > table->widths[column] ? width : table->widths[column];
}

struct table *table_begin(const char *columns) {
    struct table *table = memory_new(1, sizeof *table);
    struct line *heading = new_line(table);
    while (table->columns < MOST_COLUMNS && *columns) {
        size_t length = strcspn(columns, " ");
        bool is_left = *columns == '<';
        table->is_left[table->columns] = is_left;
        set_cell(table, heading, table->columns++, memory_copy_bytes(columns + is_left, length - is_left));
        columns += length + strspn(columns + length, " ");
    }
    return table;
}

void table_add(struct table *table, char *const cells[]) {
    struct line *line = new_line(table);
    for (size_t i = 0; i < table->columns; i++) {
        set_cell(table, line, i, utf8_for_terminal(cells[i]));
        free(cells[i]);
    }
}

void table_add_text(struct table *table, char *text) { table->lines[table->count - 1].text = text; }

/* Nothing stands behind the last column that has something. */
static void write_line(const struct table *table, const struct line *line, FILE *out) {
    size_t columns = table->columns, pending = 0;
    for (size_t i = 0; i < columns; i++) {
        int room = (int)(table->widths[i] - utf8_width(line->cells[i]));
        pending += table->is_left[i] ? 0 : (size_t)room;
        if (*line->cells[i]) {
            fprintf(out, "%*s%s", (int)pending, "", line->cells[i]);
            pending = 0;
        }
        pending += (table->is_left[i] ? (size_t)room : 0) + 2;
    }
    fputc('\n', out);
    if (line->text)
        fputs(line->text, out);
}

void table_write(const struct table *table, FILE *out) {
    for (size_t i = 0; i < table->count; i++)
        write_line(table, &table->lines[i], out);
}

void table_end(struct table *table) {
    for (size_t i = 0; i < table->count; i++) {
        for (size_t k = 0; k < table->columns; k++)
            free(table->lines[i].cells[k]);
        free(table->lines[i].text);
    }
    free(table->lines);
    free(table);
}
