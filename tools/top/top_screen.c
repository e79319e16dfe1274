/* top_screen.c - see top_screen.h
 *
 * Signals are not ours: who uses the screen has handlers for SIGWINCH, SIGTSTP and those that end us before it
 * begins, or ncurses would bring its own, which do too much for a signal handler. */
#include "tools/top/top_screen.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>
#include <wchar.h>

#include "tools/basics/fail.h"
#include "tools/basics/utf8.h"

enum { ALARM_COLOURS = 1, SHORTEST_ESCAPE_MS = 25 };

static bool is_taken;
static SCREEN *screen;

/* --- begin and end ---------------------------------------------------------------------------------------- */

static const char *terminal_name(void) {
    const char *name = getenv("TERM");
    return name && *name ? name : NULL;
}

static int refuse(const char *why) {
    return failure(EXIT_USAGE, "%s; `leftopen top -b` writes lines instead, for scripts and for files", why);
}

static int check_terminal(void) {
    int error;
    if (!isatty(STDOUT_FILENO))
        return refuse("standard output is not a terminal");
    if (!isatty(STDIN_FILENO))
        return refuse("standard input is not a terminal, so there are no keys");
    if (!terminal_name())
        return refuse("TERM does not say what kind of terminal this is");
    if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
        return failure(
            EXIT_USAGE,
            "TERM=%s: no such kind of terminal is known here. Set TERM to one that is (xterm, vt100, "
            "screen …); or `leftopen top -b` writes lines instead",
            terminal_name());
    bool can_draw = cursor_address && clear_screen;
    del_curterm(cur_term);
    if (!can_draw)
        return failure(EXIT_USAGE,
                       "TERM=%s: such a terminal cannot be drawn on; `leftopen top -b` writes lines instead",
                       terminal_name());
    return 0;
}

static void set_modes(void) {
    cbreak();
    noecho();
    nonl();
    nodelay(stdscr, true);
    keypad(stdscr, true);
    intrflush(stdscr, false);
    leaveok(stdscr, false);
    set_escdelay(SHORTEST_ESCAPE_MS);
    curs_set(0);
    if (has_colors() && start_color() == OK && use_default_colors() == OK)
        init_pair(ALARM_COLOURS, COLOR_RED, -1);
}

int top_screen_begin(void) {
    int status = check_terminal();
    if (status)
        return status;
    setlocale(LC_CTYPE, "");
    screen = newterm(NULL, stdout, stdin);
    if (!screen)
        return refuse("this terminal cannot be used");
    is_taken = true;
    atexit(top_screen_end);
    set_modes();
    top_screen_resize();
    return 0;
}

void top_screen_end(void) {
    if (!is_taken)
        return;
    is_taken = false;
    endwin();
}

void top_screen_again(void) {
    is_taken = true;
    reset_prog_mode();
    clearok(curscr, true);
    refresh();
}

void top_screen_resize(void) {
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
        resizeterm(size.ws_row, size.ws_col);
    clearok(curscr, true);
}

int top_screen_rows(void) { return LINES; }
int top_screen_columns(void) { return COLS; }

/* --- out -------------------------------------------------------------------------------------------------- */

static attr_t attributes_of(enum top_look look) {
    switch (look) {
    case TOP_LOOK_TITLE:
        return A_BOLD;
    case TOP_LOOK_HEADER:
        return A_UNDERLINE;
    case TOP_LOOK_SELECTED:
        return A_REVERSE;
    case TOP_LOOK_ALARM:
        return A_BOLD | (has_colors() ? (attr_t)COLOR_PAIR(ALARM_COLOURS) : 0);
    case TOP_LOOK_DIM:
        return A_DIM;
    default:
        return A_NORMAL;
    }
}

static bool can_show(wchar_t character) {
    char bytes[MB_LEN_MAX];
    mbstate_t state = {0};
    return wcwidth(character) >= 0 && wcrtomb(bytes, character, &state) != (size_t)-1;
}

/* Puts what fits into `width` columns of the screen into `cells`. Returns how many columns it fills. */
static int fit(wchar_t *cells, size_t room, int width, const char *text) {
    size_t count = 0, bytes;
    int filled = 0;
    for (uint32_t character; count < room && (bytes = utf8_decode(text, &character)); text += bytes) {
        wchar_t shown = can_show((wchar_t)character) ? (wchar_t)character : L'?';
        if (filled + wcwidth(shown) > width)
            break;
        cells[count++] = shown;
        filled += wcwidth(shown);
    }
    cells[count] = L'\0';
    return filled;
}

void top_screen_line(int row, enum top_look look, const char *text) {
    if (row < 0 || row >= LINES)
        return;
    wchar_t cells[1024];
    char *safe = utf8_for_terminal(text);
    int filled = fit(cells, sizeof cells / sizeof *cells - 1, COLS, safe);
    free(safe);
    attrset(attributes_of(look));
    mvaddwstr(row, 0, cells);
    bool to_the_edge = look == TOP_LOOK_SELECTED || look == TOP_LOOK_HEADER;
    if (!to_the_edge)
        attrset(A_NORMAL);
    if (filled < COLS)
        mvhline(row, filled, ' ' | attributes_of(to_the_edge ? look : TOP_LOOK_PLAIN), COLS - filled);
    attrset(A_NORMAL);
}

void top_screen_clear_from(int row) {
    if (row >= 0 && row < LINES) {
        move(row, 0);
        clrtobot();
    }
}

void top_screen_show(int cursor) {
    curs_set(cursor >= 0);
    move(LINES - 1, cursor >= 0 && cursor < COLS ? cursor : 0);
    refresh();
}

/* --- in --------------------------------------------------------------------------------------------------- */

static const struct {
    wint_t code;
    bool is_function_key; /* as wget_wch tells them apart */
    enum top_key key;
} keys[] = {
    {KEY_UP, true, TOP_KEY_UP},         {KEY_DOWN, true, TOP_KEY_DOWN},
    {KEY_LEFT, true, TOP_KEY_LEFT},     {KEY_RIGHT, true, TOP_KEY_RIGHT},
    {KEY_PPAGE, true, TOP_KEY_PAGE_UP}, {KEY_NPAGE, true, TOP_KEY_PAGE_DOWN},
    {KEY_HOME, true, TOP_KEY_HOME},     {KEY_END, true, TOP_KEY_END},
    {KEY_ENTER, true, TOP_KEY_ENTER},   {KEY_BACKSPACE, true, TOP_KEY_ERASE},
    {'\t', false, TOP_KEY_TAB},         {'\r', false, TOP_KEY_ENTER},
    {'\n', false, TOP_KEY_ENTER},       {27, false, TOP_KEY_ESCAPE},
    {'\b', false, TOP_KEY_ERASE},       {127, false, TOP_KEY_ERASE},
};

/* A terminal that hung up is always ready and never has anything to read. */
static bool is_gone(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, 0) > 0 && (input.revents & (POLLHUP | POLLERR | POLLNVAL));
}

int top_screen_key(void) {
    wint_t code;
    int kind = get_wch(&code);
    if (kind == ERR)
        return is_gone() ? TOP_KEY_GONE : TOP_KEY_NONE;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].code == code && keys[i].is_function_key == (kind == KEY_CODE_YES))
            return keys[i].key;
    return kind == KEY_CODE_YES || code < ' ' ? TOP_KEY_OTHER : (int)code;
}
