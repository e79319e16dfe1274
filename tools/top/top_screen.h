/* top_screen.h - the terminal: lines out, keys in, and back to what it was before. The only place that knows
 * ncurses; one screen at a time. */
#ifndef TOOLS_TOP_SCREEN_H
#define TOOLS_TOP_SCREEN_H

#include <stdbool.h>

enum top_look {
    TOP_LOOK_PLAIN,
    TOP_LOOK_TITLE,
    TOP_LOOK_HEADER,
    TOP_LOOK_SELECTED,
    TOP_LOOK_ALARM,
    TOP_LOOK_DIM
};

/* Keys that are no characters, beyond all of those. */
enum top_key {
    TOP_KEY_NONE = 0x200000, /* nothing was typed */
    TOP_KEY_OTHER,
    TOP_KEY_GONE, /* the terminal is */
    TOP_KEY_UP,
    TOP_KEY_DOWN,
    TOP_KEY_LEFT,
    TOP_KEY_RIGHT,
    TOP_KEY_PAGE_UP,
    TOP_KEY_PAGE_DOWN,
    TOP_KEY_HOME,
    TOP_KEY_END,
    TOP_KEY_TAB,
    TOP_KEY_ENTER,
    TOP_KEY_ESCAPE,
    TOP_KEY_ERASE
};

/* Takes the terminal of standard input and output. Returns 0, or an exit status after a message that says what
 * is wrong with it. */
int top_screen_begin(void);

/* Gives it back as it was. Also done when the process ends by exit(). */
void top_screen_end(void);

/* Takes it again: after top_screen_end, or when somebody may have changed it meanwhile. */
void top_screen_again(void);

/* Asks how large it is. To be called when it changed (SIGWINCH). */
void top_screen_resize(void);

int top_screen_rows(void);
int top_screen_columns(void);

/* One whole line, cut to the width. `text` is UTF-8; characters that the terminal's locale has not, control
 * characters and what is not UTF-8 become '?'. Rows outside the screen are ignored. */
void top_screen_line(int row, enum top_look look, const char *text);

/* Empties all rows from this one on. */
void top_screen_clear_from(int row);

/* Shows what was drawn; the cursor is seen at this column of the last row, or not at all (-1). */
void top_screen_show(int cursor);

/* The next character or key that was typed; waits for nothing. */
int top_screen_key(void);

#endif
