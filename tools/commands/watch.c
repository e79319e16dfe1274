/* watch.c - see watch.h
 *
 * A process that has something to say touches its record, which changes attributes in the folder. That is heard
 * by dnotify: to close an inotify descriptor takes the kernel 20 ms, which every short program would wait for.
 * It does not say which record it was; times do. */
#include "tools/commands/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/commands/growth.h"
#include "tools/findings/redact.h"
#include "tools/findings/report_make.h"
#include "tools/findings/shortage.h"
#include "tools/formats/render.h"
#include "tools/names/symbols.h"
#include "tools/records/record_reader.h"

enum {
    LONGEST_WAIT_MS = 1000, /* for a reader of standard error, each time */
    UNHEARD_MS = 1000,      /* between looks at all records, where nobody tells of changes */
    FOLLOW_MS = 100,        /* between looks at who has ended */
    TICK_MS = 50            /* times of files are this coarse, at most */
};

/* A record that has been there. */
struct known {
    char *path;
    struct timespec changed; /* when it was read; zero: read it again */
    bool told[RECORD_SHORTAGE_COUNT];
    uint64_t requests; /* that were answered */
    bool has_ended;    /* and was reported */
};

struct watch {
    const struct watch_request *request;
    struct symbols *symbols;
    struct redaction *redaction; /* NULL: nothing is redacted */
    bool is_told;                /* of changes, by SIGIO */
    struct known *list;
    size_t count;
    uint64_t next_line, next_end; /* CLOCK_MONOTONIC, ns: of growth; a look at who has ended */
    struct growth *growth;
};

/* --- saying ----------------------------------------------------------------------------------------------- */

static uint64_t monotonic_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int64_t milliseconds_between(const struct timespec *earlier, const struct timespec *later) {
    return (later->tv_sec - earlier->tv_sec) * 1000 + (later->tv_nsec - earlier->tv_nsec) / 1000000;
}

/* In pieces that a pipe takes whole. The program's signals wait for us meanwhile: what nobody reads is dropped.
 */
static void say(const char *text, size_t size) {
    struct pollfd error = {.fd = STDERR_FILENO, .events = POLLOUT};
    while (size && poll(&error, 1, LONGEST_WAIT_MS) == 1 && error.revents & POLLOUT) {
        ssize_t written = write(STDERR_FILENO, text, size < PIPE_BUF ? size : PIPE_BUF);
        if (written < 0 && errno != EINTR && errno != EAGAIN)
            return;
        text += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
}

static void say_shortage(const struct shortage_account *account) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return;
    shortage_write(account, out);
    fclose(out);
    say(text, size);
    free(text);
}

static bool is_text(const struct settings *settings) {
    return strcmp(settings->value[SETTING_format], "text") == 0;
}

bool watch_has_told_shortages(const struct settings *settings) {
    return is_text(settings) && strcmp(settings->value[SETTING_report], "stderr") == 0;
}

/* As `leftopen report` would. */
static void say_report(const struct watch *watch, const char *path) {
    const struct settings *settings = watch->request->settings;
    struct report_request request = {
        .records = &path, .count = 1, .settings = settings, .shortages_are_told = is_text(settings)};
    struct report_verdict verdict = {0};
    struct report_text text;
    if (access(path, F_OK) == 0 && report_make(&request, isatty(STDERR_FILENO), &text, &verdict) == 0)
        say(text.bytes, text.size);
    report_text_end(&text);
}

/* --- records ---------------------------------------------------------------------------------------------- */

static struct known *known_of(struct watch *watch, const char *path) {
    for (size_t i = 0; i < watch->count; i++)
        if (strcmp(watch->list[i].path, path) == 0)
            return &watch->list[i];
    watch->list = memory_grow(watch->list, watch->count, sizeof *watch->list);
    struct known *known = &watch->list[watch->count++];
    *known = (struct known){.path = memory_copy(path)};
    return known;
}

static void tell_shortages(struct watch *watch, struct known *known, const struct process *process) {
    struct shortage_accounts accounts = {0};
    shortage_collect(&accounts, watch->symbols, process);
    for (size_t i = 0; i < accounts.count; i++) {
        bool *is_told = &known->told[accounts.list[i].kind];
        if (!*is_told)
            say_shortage(&accounts.list[i]);
        *is_told = true;
    }
    shortage_end(&accounts);
}

/* What is wrong with a record the report at the end says. */
static struct process *read_unasked(const char *path) {
    int status;
    warnings_hush(true);
    struct process *process = record_read(path, true, &status);
    warnings_hush(false);
    return process;
}

static void read_record(struct watch *watch, struct known *known) {
    struct process *process = read_unasked(known->path);
    if (!process)
        return;
    redact_process(watch->redaction, process);
    tell_shortages(watch, known, process);
    bool is_asked = process->report_requests > known->requests;
    known->requests = process->report_requests;
    record_end(process);
    if (is_asked)
        say_report(watch, known->path);
}

/* Reads a record that was touched since it was last read. One that was touched just now may be touched again
 * without getting another time. */
static void look(struct watch *watch, const char *path) {
    struct stat about;
    struct timespec now;
    if (stat(path, &about) != 0)
        return;
    struct known *known = known_of(watch, path);
    if (memcmp(&known->changed, &about.st_ctim, sizeof known->changed) == 0)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    bool is_old = milliseconds_between(&about.st_ctim, &now) > TICK_MS;
    known->changed = is_old ? about.st_ctim : (struct timespec){0};
    read_record(watch, known);
}

static void list_records(const struct watch *watch, struct folder_list *records) {
    struct folder_list all;
    *records = (struct folder_list){0};
    folder_list(watch->request->folder, &all);
    for (size_t i = 0; i < all.count; i++)
        if (!folder_list_has(watch->request->before, all.paths[i]))
            folder_list_add(records, all.paths[i]);
    folder_list_end(&all);
}

static void look_at_all(struct watch *watch) {
    struct folder_list records;
    list_records(watch, &records);
    for (size_t i = 0; i < records.count; i++)
        look(watch, records.paths[i]);
    folder_list_end(&records);
}

/* --- ends ------------------------------------------------------------------------------------------------- */

/* The first process's report comes with that of the whole tree. */
static bool is_first(const struct watch *watch, const char *path) {
    struct process *process = read_unasked(path);
    bool is = process && process->pid == watch->request->first;
    record_end(process);
    return is;
}

static void follow_end(struct watch *watch, const char *path) {
    struct known *known = known_of(watch, path);
    if (known->has_ended || folder_record_is_alive(path))
        return;
    known->has_ended = true;
    if (!is_first(watch, path))
        say_report(watch, path);
}

static void follow_ends(struct watch *watch) {
    struct folder_list records;
    list_records(watch, &records);
    for (size_t i = 0; i < records.count; i++)
        follow_end(watch, records.paths[i]);
    folder_list_end(&records);
}

/* --- what is due ------------------------------------------------------------------------------------------ */

static void say_line(struct watch *watch) {
    struct folder_list records;
    list_records(watch, &records);
    char *line = growth_line(watch->growth, &records);
    say(line, strlen(line));
    free(line);
    folder_list_end(&records);
}

/* True once for each time that `*next` stands for. Where we come late, those between are left out. */
static bool is_due(uint64_t *next, uint64_t interval) {
    uint64_t now = monotonic_now();
    if (!interval || now < *next)
        return false;
    *next += interval * ((now - *next) / interval + 1);
    return true;
}

static uint64_t follow_interval(const struct watch *watch) {
    return watch->request->follow ? FOLLOW_MS * 1000000ull : 0;
}

static int milliseconds_until(uint64_t when) {
    uint64_t now = monotonic_now(), wait = when > now ? (when - now + 999999) / 1000000 : 0;
    return wait < INT_MAX ? (int)wait : INT_MAX;
}

static int sooner(int one, int other) { return one < 0 || (other >= 0 && other < one) ? other : one; }

static int next_wait(const struct watch *watch) {
    int wait = watch->is_told ? -1 : UNHEARD_MS;
    if (watch->request->interval)
        wait = sooner(wait, milliseconds_until(watch->next_line));
    if (watch->request->follow)
        wait = sooner(wait, milliseconds_until(watch->next_end));
    return wait;
}

int watch_attend(void *context) {
    struct watch *watch = context;
    look_at_all(watch);
    if (is_due(&watch->next_end, follow_interval(watch)))
        follow_ends(watch);
    if (is_due(&watch->next_line, watch->request->interval))
        say_line(watch);
    return next_wait(watch);
}

/* --- public ----------------------------------------------------------------------------------------------- */

struct watch *watch_begin(const struct watch_request *request) {
    struct watch *watch = memory_new(1, sizeof *watch);
    watch->request = request;
    watch->symbols = symbols_begin(request->settings);
    watch->redaction = redact_begin(request->settings->value[SETTING_redact]);
    if (redact_hides_paths(watch->redaction))
        symbols_hide_folders(watch->symbols);
    watch->growth = growth_begin(watch->symbols);
    watch->next_line = monotonic_now() + request->interval;
    watch->next_end = monotonic_now() + follow_interval(watch);
    signal(SIGIO, SIG_IGN); /* while it is blocked it comes all the same, and later it does not end us */
    watch->is_told = fcntl(request->folder_descriptor, F_NOTIFY, DN_ATTRIB | DN_MULTISHOT) == 0;
    return watch;
}

void watch_end(struct watch *watch) {
    fcntl(watch->request->folder_descriptor, F_NOTIFY, 0);
    look_at_all(watch);
    if (watch->request->follow)
        follow_ends(watch);
    growth_end(watch->growth);
    for (size_t i = 0; i < watch->count; i++)
        free(watch->list[i].path);
    free(watch->list);
    symbols_end(watch->symbols);
    redact_end(watch->redaction);
    free(watch);
}
