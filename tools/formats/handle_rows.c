/* handle_rows.c - see handle_rows.h */
#include "tools/formats/handle_rows.h"

#include <stdlib.h>

#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"
#include "tools/formats/handle_cells.h"

enum { WIDEST_COLUMN = 80 /* what is wider pushes the rest of its line */ };

/* With the word that says what it is: the lines have no heading. */
static char *with_word(const char *word, char *cell) {
    if (!*cell)
        return cell;
    char *result = memory_format("%s %s", word, cell);
    free(cell);
    return result;
}

static char *safe(char *text) {
    char *result = utf8_for_terminal(text);
    free(text);
    return result;
}

/* The cells of one handle; an empty one takes no room if it is empty in all lines. */
static void fill_row(const struct finding *finding, bool with_pid, char *row[HANDLE_CELLS]) {
    handle_cells_fill(finding, row);
    if (!with_pid)
        *row[HANDLE_PROCESS] = '\0';
    row[HANDLE_PROCESS] = with_word("pid", row[HANDLE_PROCESS]);
    row[HANDLE_AGE] = with_word("open", row[HANDLE_AGE]);
    row[HANDLE_THREAD] = with_word("thread", row[HANDLE_THREAD]);
    for (int cell = 0; cell < HANDLE_CELLS; cell++)
        row[cell] = safe(row[cell]);
}

static void put_row(FILE *out, char *row[HANDLE_CELLS], const size_t widths[HANDLE_CELLS]) {
    size_t pending = 0; /* blanks that are due if anything follows */
    fputs("  ", out);
    for (int column = 0; column < HANDLE_CELLS; column++) {
        if (!widths[column])
            continue;
        if (*row[column]) {
            fprintf(out, "%*s%s", (int)pending, "", row[column]);
            pending = 0;
        }
        size_t width = utf8_width(row[column]);
        pending += 3 + (width < widths[column] ? widths[column] - width : 0);
    }
    fputc('\n', out);
}

void handle_rows_write(FILE *out, const struct finding *findings, size_t count, size_t most, bool with_pid) {
    size_t shown = count <= most ? count : most;
    char *(*rows)[HANDLE_CELLS] = memory_new(shown, sizeof *rows);
    size_t widths[HANDLE_CELLS] = {0};
    for (size_t i = 0; i < shown; i++) {
        fill_row(&findings[i], with_pid, rows[i]);
        for (int column = 0; column < HANDLE_CELLS; column++) {
            size_t width = utf8_width(rows[i][column]);
            width = width < WIDEST_COLUMN ? width : WIDEST_COLUMN;
            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
    for (size_t i = 0; i < shown; i++) {
        put_row(out, rows[i], widths);
        for (int column = 0; column < HANDLE_CELLS; column++)
            free(rows[i][column]);
    }
    if (shown < count)
        fprintf(out, "  … and %zu more\n", count - shown);
    free(rows);
}
