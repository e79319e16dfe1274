/* top_pages.c - see top_pages.h
 *
 * What the user selected is kept by its name, not by its place: rows move while they are looked at. Until then,
 * and back at the top, the first row is selected, whichever it is. */
#include "tools/top/top_pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "tools/basics/duration.h"
#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"
#include "tools/top/top_rows.h"
#include "tools/top/top_screen.h"

enum page { MAIN, STACK, HELP };
enum pane { PROCESSES, SITES };
enum { FILTER_BYTES = 120, FIXED_ROWS = 6, ALARM_SECONDS = 3600 };

/* A list of which the screen shows a part. */
struct list {
    size_t count, selected, first; /* first: row at the top */
    bool is_chosen;                /* by the user, not just the first one */
    int height;                    /* rows of the screen that it has */
};

struct top_pages {
    struct top_watch *watch;
    struct top_model *model;
    struct top_view view;
    double delay;
    enum page page;
    enum pane pane;
    bool is_held, is_editing;
    char filter[FILTER_BYTES];
    char marked_at[16];
    char *message;

    struct top_process **processes; /* rows; good until the next sample */
    struct top_site **sites;
    struct list process_list, site_list;
    unsigned char process_name[16]; /* selected */
    char site_id[17];

    char *text; /* of the page STACK */
    size_t text_first;
};

static const char help[] = /* of 80 columns */
    "Processes, and the places where they acquire handles. Nobody is stopped.\n"
    "\n"
    "Up Down PgUp PgDn    select a row; Home End j k, too\n"
    "Tab                  between processes and sites\n"
    "Enter                of a process: its sites; of a site: its stack and handles\n"
    "Esc                  back; in the lists: forget the filter\n"
    "s S                  order by the next, the previous figure\n"
    "r                    turn the order round\n"
    "/                    filter: program, PID, kind, function, file or module\n"
    "m                    mark: from now on growth is counted from here\n"
    "g                    only what grew since the mark, or everything\n"
    "a                    also sites that hold nothing now\n"
    "Space                hold the figures still, or go on\n"
    "? q                  this page; quit\n"
    "\n"
    "OPEN      descriptors, as the kernel counts them; of a site: handles it holds\n"
    "/MIN      more (or fewer) per minute, over the last one or what was seen of it\n"
    "LIMIT IN  when OPEN will be LIMIT if it goes on like this\n"
    "GROWN     since the mark, or since this view began\n"
    "OLDEST    how long the oldest handle has been open\n";

/* --- rows ------------------------------------------------------------------------------------------------- */

static void clamp(struct list *list) {
    if (list->selected >= list->count)
        list->selected = list->count ? list->count - 1 : 0;
    size_t height = list->height > 0 ? (size_t)list->height : 1;
    if (list->first > list->selected)
        list->first = list->selected;
    if (list->selected >= list->first + height)
        list->first = list->selected - height + 1;
    if (list->first + height > list->count)
        list->first = list->count > height ? list->count - height : 0;
}

static const struct top_process *selected_process(const struct top_pages *pages) {
    return pages->process_list.count ? pages->processes[pages->process_list.selected] : NULL;
}

static const struct top_site *selected_site(const struct top_pages *pages) {
    return pages->site_list.count ? pages->sites[pages->site_list.selected] : NULL;
}

/* Remembers what is selected now. */
static void keep_selection(struct top_pages *pages) {
    const struct top_process *process = selected_process(pages);
    const struct top_site *site = selected_site(pages);
    if (process)
        memcpy(pages->process_name, process->name, sizeof pages->process_name);
    if (site)
        memcpy(pages->site_id, site->now.id, sizeof pages->site_id);
}

static void list_processes(struct top_pages *pages) {
    struct list *list = &pages->process_list;
    free(pages->processes);
    list->count = top_processes(pages->model, &pages->view, &pages->processes);
    list->selected = list->is_chosen ? list->selected : 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->is_chosen &&
            memcmp(pages->processes[i]->name, pages->process_name, sizeof pages->process_name) == 0)
            list->selected = i;
    clamp(list);
}

static void list_sites(struct top_pages *pages) {
    struct list *list = &pages->site_list;
    const struct top_process *process = selected_process(pages);
    free(pages->sites);
    pages->sites = NULL;
    list->count = process ? top_sites(process, &pages->view, &pages->sites) : 0;
    list->selected = list->is_chosen ? list->selected : 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->is_chosen && strcmp(pages->sites[i]->now.id, pages->site_id) == 0)
            list->selected = i;
    clamp(list);
}

/* A third of the screen is enough for processes. */
static void lay_out(struct top_pages *pages) {
    int room = top_screen_rows() - FIXED_ROWS, most = room / 3 > 1 ? room / 3 : 1;
    int count = pages->process_list.count < (size_t)most ? (int)pages->process_list.count : most;
    pages->process_list.height = count > 1 ? count : 1;
    pages->site_list.height = room - pages->process_list.height;
}

static void list_rows(struct top_pages *pages) {
    list_processes(pages);
    lay_out(pages);
    clamp(&pages->process_list);
    list_sites(pages);
    keep_selection(pages);
}

/* --- drawing ---------------------------------------------------------------------------------------------- */

/* Draws `text` and frees it. */
static void draw(int row, enum top_look look, char *text) {
    top_screen_line(row, look, text);
    free(text);
}

static void put_clock(char *text, size_t size) {
    time_t now = time(NULL);
    strftime(text, size, "%H:%M:%S", localtime(&now));
}

static void draw_title(const struct top_pages *pages) {
    uint64_t open = 0;
    char clock[16], *delay = duration_text(pages->delay);
    put_clock(clock, sizeof clock);
    for (size_t i = 0; i < pages->model->process_count; i++)
        open += pages->model->processes[i]->descriptors;
    size_t count = pages->model->process_count;
    draw(0, TOP_LOOK_TITLE,
         memory_format("leftopen top  %s  %s%s  %zu %s, %llu open", clock,
                       pages->is_held ? "held still" : "every ", pages->is_held ? "" : delay, count,
                       count == 1 ? "process" : "processes", (unsigned long long)open));
    free(delay);
}

static bool is_alarming(const struct top_process *process) {
    double left = top_process_left(process);
    return left >= 0 && left < ALARM_SECONDS;
}

/* The process that will be at its limit first. */
static const struct top_process *most_urgent(const struct top_model *model) {
    const struct top_process *urgent = NULL;
    for (size_t i = 0; i < model->process_count; i++) {
        double left = top_process_left(model->processes[i]);
        if (left >= 0 && (!urgent || left < top_process_left(urgent)))
            urgent = model->processes[i];
    }
    return urgent;
}

static char *forecast_text(const struct top_process *process) {
    double left = top_process_left(process);
    char *duration = duration_text(left);
    char *text =
        left > 0 ? memory_format("%d %s: limit in %s at this rate", process->pid, process->program, duration)
                 : memory_format("%d %s is at its limit", process->pid, process->program);
    free(duration);
    return text;
}

static void draw_status(const struct top_pages *pages) {
    const struct top_process *urgent = most_urgent(pages->model);
    if (pages->message)
        top_screen_line(1, TOP_LOOK_TITLE, pages->message);
    else if (urgent)
        draw(1, is_alarming(urgent) ? TOP_LOOK_ALARM : TOP_LOOK_PLAIN, forecast_text(urgent));
    else if (pages->model->ended)
        top_screen_line(1, TOP_LOOK_PLAIN, pages->model->ended);
    else
        top_screen_line(1, TOP_LOOK_PLAIN, "");
}

static enum top_look row_look(const struct top_pages *pages, enum pane pane, bool is_selected, bool alarms) {
    if (is_selected && pages->pane == pane)
        return TOP_LOOK_SELECTED;
    return alarms ? TOP_LOOK_ALARM : is_selected && pane == PROCESSES ? TOP_LOOK_TITLE : TOP_LOOK_PLAIN;
}

static int draw_processes(const struct top_pages *pages, int row) {
    const struct list *list = &pages->process_list;
    int columns = top_screen_columns();
    draw(row++, TOP_LOOK_HEADER, top_process_header(columns));
    for (int i = 0; i < list->height; i++, row++) {
        size_t at = list->first + (size_t)i;
        if (at >= list->count) {
            top_screen_line(row, TOP_LOOK_DIM, i ? "" : "no watched process to show");
            continue;
        }
        enum top_look look =
            row_look(pages, PROCESSES, at == list->selected, is_alarming(pages->processes[at]));
        draw(row, look, top_process_row(pages->processes[at], columns));
    }
    return row;
}

static char *sites_title(const struct top_pages *pages) {
    const struct top_process *process = selected_process(pages);
    if (!process)
        return memory_copy("");
    return memory_format("Sites of %d %s: %zu, by %s%s; %s since %s%s%s%s%s", process->pid, process->program,
                         pages->site_list.count, top_sort_name(pages->view.sort),
                         pages->view.is_reversed ? " reversed" : "",
                         pages->view.grown_only ? "only what grew" : "grown", pages->marked_at,
                         pages->view.with_empty ? "; empty ones too" : "", *pages->filter ? "; filter \"" : "",
                         pages->filter, *pages->filter ? "\"" : "");
}

static void draw_sites(const struct top_pages *pages, int row) {
    const struct list *list = &pages->site_list;
    int columns = top_screen_columns();
    draw(row++, TOP_LOOK_TITLE, sites_title(pages));
    draw(row++, TOP_LOOK_HEADER, top_site_header(columns));
    top_screen_clear_from(row);
    for (int i = 0; i < list->height; i++, row++) {
        size_t at = list->first + (size_t)i;
        if (at < list->count)
            draw(row, row_look(pages, SITES, at == list->selected, false),
                 top_site_row(pages->sites[at], columns));
    }
}

static void draw_help_line(const struct top_pages *pages) {
    static const char *const lines[] = {
        [MAIN] = "q quit  ? help  Tab pane  Enter stack  s sort  / filter  m mark  g grown",
        [STACK] = "q quit  Esc back  Enter ask again  Up Down scroll",
        [HELP] = "q quit  Esc back  Up Down scroll",
    };
    int row = top_screen_rows() - 1;
    if (pages->is_editing)
        draw(row, TOP_LOOK_TITLE, memory_format("filter: %s", pages->filter));
    else
        top_screen_line(row, TOP_LOOK_DIM, lines[pages->page]);
}

static void draw_main(struct top_pages *pages) {
    draw_title(pages);
    draw_status(pages);
    draw_sites(pages, draw_processes(pages, 2));
}

/* Lines from `first` on, one after the other; returns how many there are. */
static size_t draw_text(const char *text, size_t first) {
    size_t count = 0;
    int height = top_screen_rows() - 1;
    top_screen_clear_from(0);
    while (*text) {
        size_t length = strcspn(text, "\n");
        if (count >= first && count - first < (size_t)height)
            draw((int)(count - first), TOP_LOOK_PLAIN, memory_copy_bytes(text, length));
        text += length + (text[length] == '\n');
        count++;
    }
    return count;
}

void top_pages_draw(struct top_pages *pages) {
    list_rows(pages);
    if (pages->page == MAIN)
        draw_main(pages);
    else
        draw_text(pages->text, pages->text_first);
    draw_help_line(pages);
    top_screen_show(pages->is_editing ? (int)(strlen("filter: ") + utf8_width(pages->filter)) : -1);
}

/* --- keys ------------------------------------------------------------------------------------------------- */

static void open_text(struct top_pages *pages, enum page page, char *text) {
    free(pages->text);
    pages->text = text;
    pages->text_first = 0;
    pages->page = page;
}

/* The counters of the site, then what the report says of it. */
static char *stack_text(const struct top_process *process, const struct top_site *site, const char *report) {
    char *header = top_site_header(1000), *row = top_site_row(site, 1000);
    char *text = memory_format("%d %s\n\n%s\n%s\n\n%s", process->pid, process->program, header, row,
                               *report ? report + strspn(report, "\n") : "It holds nothing now.");
    free(header);
    free(row);
    return text;
}

static void open_stack(struct top_pages *pages) {
    const struct top_process *process = selected_process(pages);
    const struct top_site *site = selected_site(pages);
    if (!process || !site)
        return;
    char *report = top_watch_site(pages->watch, process, site);
    if (report)
        open_text(pages, STACK, stack_text(process, site, report));
    else
        top_pages_say(pages, "the process has ended");
    free(report);
}

static size_t text_lines(const char *text) {
    size_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

/* How far a key moves, of `count` rows that are seen `height` at a time. */
static bool move(int key, int height, size_t count, size_t *at) {
    size_t page = height > 1 ? (size_t)height - 1 : 1, last = count ? count - 1 : 0;
    switch (key) {
    case TOP_KEY_UP:
    case 'k':
        *at -= *at > 0;
        return true;
    case TOP_KEY_DOWN:
    case 'j':
        *at += *at < last;
        return true;
    case TOP_KEY_PAGE_UP:
        *at -= *at > page ? page : *at;
        return true;
    case TOP_KEY_PAGE_DOWN:
        *at = *at + page < last ? *at + page : last;
        return true;
    case TOP_KEY_HOME:
        *at = 0;
        return true;
    case TOP_KEY_END:
        *at = last;
        return true;
    default:
        return false;
    }
}

static void text_key(struct top_pages *pages, int key) {
    int height = top_screen_rows() - 1;
    size_t lines = text_lines(pages->text), rest = lines > (size_t)height ? lines - (size_t)height + 1 : 1;
    if (move(key, height, rest, &pages->text_first))
        return;
    if (key == TOP_KEY_ESCAPE || key == TOP_KEY_ERASE || key == TOP_KEY_LEFT)
        pages->page = MAIN;
    if (key == TOP_KEY_ENTER && pages->page == STACK)
        open_stack(pages);
}

static void append(char *text, size_t room, int character) {
    char more[16];
    size_t length = strlen(text);
    int bytes = snprintf(more, sizeof more, "%lc", (wint_t)character);
    if (bytes > 0 && length + (size_t)bytes < room)
        memcpy(text + length, more, (size_t)bytes + 1);
}

static void erase_last(char *text) {
    size_t length = strlen(text);
    while (length && ((unsigned char)text[length - 1] & 0xc0) == 0x80)
        length--;
    text[length ? length - 1 : 0] = '\0';
}

static void filter_key(struct top_pages *pages, int key) {
    if (key == TOP_KEY_ESCAPE)
        *pages->filter = '\0';
    if (key == TOP_KEY_ESCAPE || key == TOP_KEY_ENTER)
        pages->is_editing = false;
    else if (key == TOP_KEY_ERASE)
        erase_last(pages->filter);
    else if (key < TOP_KEY_NONE)
        append(pages->filter, sizeof pages->filter, key);
}

static void mark(struct top_pages *pages) {
    top_mark(pages->model);
    put_clock(pages->marked_at, sizeof pages->marked_at);
    top_pages_say(pages, "marked: growth is counted from here; g shows only what grew");
}

static void enter(struct top_pages *pages) {
    if (pages->pane == SITES)
        open_stack(pages);
    else
        pages->pane = SITES;
}

static void turn_sort(struct top_pages *pages, int by) {
    pages->view.sort = (pages->view.sort + TOP_SORT_COUNT + by) % TOP_SORT_COUNT;
}

static void select_row(struct top_pages *pages, int key) {
    struct list *list = pages->pane == PROCESSES ? &pages->process_list : &pages->site_list;
    if (!move(key, list->height, list->count, &list->selected))
        return;
    list->is_chosen = list->selected > 0;
    keep_selection(pages);
    if (pages->pane == PROCESSES)
        pages->site_list = (struct list){.count = pages->site_list.count, .height = pages->site_list.height};
}

static void main_key(struct top_pages *pages, int key) {
    switch (key) {
    case 's':
        turn_sort(pages, 1);
        break;
    case 'S':
        turn_sort(pages, -1);
        break;
    case 'r':
        pages->view.is_reversed = !pages->view.is_reversed;
        break;
    case 'g':
        pages->view.grown_only = !pages->view.grown_only;
        break;
    case 'a':
        pages->view.with_empty = !pages->view.with_empty;
        break;
    case ' ':
        pages->is_held = !pages->is_held;
        break;
    case 'm':
        mark(pages);
        break;
    case '/':
        pages->is_editing = true;
        break;
    case '?':
    case 'h':
        open_text(pages, HELP, memory_copy(help));
        break;
    case TOP_KEY_TAB:
        pages->pane = pages->pane == SITES ? PROCESSES : SITES;
        break;
    case TOP_KEY_ENTER:
        enter(pages);
        break;
    case TOP_KEY_ESCAPE:
        *pages->filter = '\0';
        break;
    default:
        select_row(pages, key);
        break;
    }
}

bool top_pages_key(struct top_pages *pages, int key) {
    list_rows(pages);
    top_pages_say(pages, "");
    if (pages->is_editing)
        filter_key(pages, key);
    else if (key == 'q' || key == 'Q')
        return false;
    else if (pages->page == MAIN)
        main_key(pages, key);
    else
        text_key(pages, key);
    return true;
}

/* --- begin and end ---------------------------------------------------------------------------------------- */

bool top_pages_are_held(const struct top_pages *pages) { return pages->is_held; }

void top_pages_say(struct top_pages *pages, const char *message) {
    free(pages->message);
    pages->message = *message ? memory_copy(message) : NULL;
}

struct top_pages *top_pages_begin(struct top_watch *watch, struct top_model *model, const struct top_view *view,
                                  double delay) {
    struct top_pages *pages = memory_new(1, sizeof *pages);
    pages->watch = watch;
    pages->model = model;
    pages->view = *view;
    pages->delay = delay;
    pages->pane = model->process_count > 1 ? PROCESSES : SITES;
    snprintf(pages->filter, sizeof pages->filter, "%s", view->filter ? view->filter : "");
    pages->view.filter = pages->filter;
    put_clock(pages->marked_at, sizeof pages->marked_at);
    return pages;
}

void top_pages_end(struct top_pages *pages) {
    free(pages->processes);
    free(pages->sites);
    free(pages->text);
    free(pages->message);
    free(pages);
}
