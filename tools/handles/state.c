/* state.c - see state.h */
#include "tools/handles/state.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tools/basics/duration.h"
#include "tools/basics/memory.h"

/* --- telling ---------------------------------------------------------------------------------------------- */

void state_add(struct state *state, const char *words) {
    char *longer = state->text ? memory_format("%s, %s", state->text, words) : memory_copy(words);
    free(state->text);
    state->text = longer;
}

void state_end(struct state *state) {
    free(state->text);
    json_decref(state->facts);
    *state = (struct state){0};
}

/* Takes `words` over, which may be NULL: there is nothing to say of it. Takes `value` over. */
static void tell(struct state *state, const char *key, json_t *value, char *words) {
    if (!state->facts)
        state->facts = json_object();
    json_object_set_new(state->facts, key, value);
    if (words)
        state_add(state, words);
    free(words);
}

static json_t *number(uint64_t value) { return json_integer((json_int_t)value); }

static char *count_text(uint64_t count, const char *one, const char *many) {
    return memory_format("%" PRIu64 " %s", count, count == 1 ? one : many);
}

static char *bytes_text(uint64_t bytes, const char *before, const char *behind) {
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    enum { LAST = sizeof units / sizeof *units - 1 };
    double amount = (double)bytes / 1024;
    int unit = 0;
    if (bytes < 10240) {
        char *count = count_text(bytes, "byte", "bytes"),
             *text = memory_format("%s%s%s", before, count, behind);
        free(count);
        return text;
    }
    for (; amount >= 10240 && unit < LAST; unit++)
        amount /= 1024;
    return memory_format("%s%.0f %s%s", before, amount, units[unit], behind);
}

/* --- what fdinfo says ---------------------------------------------------------------------------------------
 */

/* What stands behind `name` at the start of a line, from `text` on; NULL: there is no such line. */
static const char *line_of(const char *text, const char *name) {
    size_t length = strlen(name);
    while (text && strncmp(text, name, length) != 0) {
        text = strchr(text, '\n');
        if (text)
            text++;
    }
    return text ? text + length + strspn(text + length, " \t") : NULL;
}

static size_t count_lines(const char *text, const char *name) {
    size_t count = 0;
    for (const char *line = line_of(text, name); line; line = line_of(line, name))
        count++;
    return count;
}

/* "1: FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF" */
static void tell_locks(struct state *state, const char *text) {
    json_t *list = json_array();
    bool writes = false;
    for (const char *line = line_of(text, "lock:"); line; line = line_of(line, "lock:")) {
        char type[16], access[16];
        if (sscanf(line, "%*u: %15s %*s %15s", type, access) != 2)
            continue;
        writes |= strcmp(access, "WRITE") == 0;
        for (char *at = type; *at; at++)
            *at |= 0x20;
        json_array_append_new(list, json_pack("{s:s, s:s}", "type", type, "access",
                                              strcmp(access, "WRITE") == 0 ? "write" : "read"));
    }
    size_t count = json_array_size(list);
    if (!count)
        json_decref(list);
    else if (count == 1)
        tell(state, "locks", list, memory_format("holds a %s lock", writes ? "write" : "read"));
    else
        tell(state, "locks", list, memory_format("holds %zu locks", count));
}

static void tell_watched(struct state *state, const char *text) {
    json_t *list = json_array();
    for (const char *line = line_of(text, "tfd:"); line; line = line_of(line, "tfd:"))
        json_array_append_new(list, json_integer(strtol(line, NULL, 10)));
    size_t count = json_array_size(list);
    tell(state, "watches", list, count ? count_text(count, "descriptor watched", "descriptors watched") : NULL);
}

static double timer_part(const char *text, const char *name) {
    long long seconds = 0, nanoseconds = 0;
    const char *line = line_of(text, name);
    if (!line || sscanf(line, "(%lld, %lld)", &seconds, &nanoseconds) != 2)
        return 0;
    return (double)seconds + (double)nanoseconds / 1e9;
}

static void tell_timer(struct state *state, const char *text) {
    double due = timer_part(text, "it_value:"), every = timer_part(text, "it_interval:");
    if (!line_of(text, "it_value:"))
        return;
    json_t *timer = json_pack("{s:b, s:f, s:f}", "armed", due > 0, "due_s", due, "every_s", every);
    char *first = duration_text(due), *then = duration_text(every);
    char *words = due <= 0     ? memory_copy("not armed")
                  : every <= 0 ? memory_format("due in %s", first)
                               : memory_format("due in %s, then every %s", first, then);
    tell(state, "timer", timer, words);
    free(then);
    free(first);
}

static void tell_counter(struct state *state, const char *text) {
    const char *line = line_of(text, "eventfd-count:");
    uint64_t count = line ? strtoull(line, NULL, 16) : 0;
    if (line)
        tell(state, "count", number(count), count ? memory_format("count %" PRIu64 " unread", count) : NULL);
}

static void tell_files(struct state *state, const char *text) {
    size_t count = count_lines(text, "inotify wd:");
    tell(state, "watched_files", number(count),
         count ? count_text(count, "file watched", "files watched") : NULL);
}

/* -1: the process is gone; 0: it lives where no number of it is known. */
static void tell_process(struct state *state, const char *text) {
    const char *line = line_of(text, "Pid:");
    long pid = line ? strtol(line, NULL, 10) : 0;
    if (pid > 0)
        tell(state, "of_pid", json_integer(pid), memory_format("of process %ld", pid));
    else if (pid < 0)
        tell(state, "of_pid", json_null(), memory_copy("its process is gone"));
}

static void tell_terminal(struct state *state, const char *text) {
    const char *line = line_of(text, "tty-index:");
    if (line)
        tell(state, "terminal", json_integer(strtol(line, NULL, 10)),
             memory_format("of /dev/pts/%ld", strtol(line, NULL, 10)));
}

static const struct {
    enum record_kind kind;
    void (*tell)(struct state *state, const char *text);
} by_kind[] = {
    {RECORD_KIND_TIMER, tell_timer},     {RECORD_KIND_EPOLL, tell_watched}, {RECORD_KIND_TIMERFD, tell_timer},
    {RECORD_KIND_EVENTFD, tell_counter}, {RECORD_KIND_INOTIFY, tell_files}, {RECORD_KIND_PIDFD, tell_process},
    {RECORD_KIND_PTY, tell_terminal},
};

/* --- files, pipes, sockets -------------------------------------------------------------------------------- */

static bool is_memory(const struct detail *detail) { return strncmp(detail->link, "/memfd:", 7) == 0; }

static void tell_file(struct state *state, const struct detail *detail) {
    uint64_t pinned = detail->blocks * 512;
    if (is_memory(detail))
        return tell(state, "size", number((uint64_t)detail->size), bytes_text((uint64_t)detail->size, "", ""));
    if (detail->links || *detail->link != '/')
        return;
    tell(state, "deleted", json_true(), NULL);
    tell(state, "pinned_bytes", number(pinned), pinned ? bytes_text(pinned, "pins ", "") : NULL);
}

static void tell_end(struct state *state, const struct detail *detail) {
    static const char *const words[] = {[O_RDONLY] = "read", [O_WRONLY] = "write", [O_RDWR] = "both"};
    unsigned access = detail->status_flags & O_ACCMODE;
    if (access <= O_RDWR)
        tell(state, "end", json_string(words[access]),
             access == O_RDWR ? NULL : memory_format("%s end", words[access]));
}

static void tell_queues(struct state *state, const struct detail *detail) {
    if (detail->waiting)
        tell(state, "waiting", number(detail->waiting),
             count_text(detail->waiting, "connection not accepted", "connections not accepted"));
    if (detail->unread)
        tell(state, "unread", number(detail->unread), bytes_text(detail->unread, "", " unread"));
    if (detail->unsent)
        tell(state, "unsent", number(detail->unsent), bytes_text(detail->unsent, "", " unsent"));
}

static void tell_peer(struct state *state, const struct detail *detail) {
    if (detail->flags & RECORD_DETAIL_PEER_GONE)
        tell(state, "peer_gone", json_true(), memory_copy("other end closed"));
    if (detail->peer_pid > 0)
        tell(state, "peer_pid", json_integer(detail->peer_pid), NULL); /* families.c finds words for it */
}

/* --- children --------------------------------------------------------------------------------------------- */

static void tell_child(struct state *state, const struct detail *detail) {
    int status = detail->child_status;
    if (detail->flags & RECORD_DETAIL_CHILD_RUNS)
        tell(state, "child", json_pack("{s:b}", "running", true), memory_copy("child runs"));
    else if (detail->flags & RECORD_DETAIL_CHILD_ENDED && WIFEXITED(status))
        tell(state, "child", json_pack("{s:b, s:i}", "running", false, "status", WEXITSTATUS(status)),
             memory_format("child ended with %d, not waited for", WEXITSTATUS(status)));
    else if (detail->flags & RECORD_DETAIL_CHILD_ENDED)
        tell(state, "child", json_pack("{s:b, s:i}", "running", false, "signal", WTERMSIG(status)),
             memory_format("child ended by SIG%s, not waited for",
                           sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?"));
}

/* The thread that acquired it was that process's. */
static void tell_former_owner(struct state *state, const struct handle *handle) {
    if (handle->flags & RECORD_SLOT_ADOPTED && handle->other_pid)
        tell(state, "handed_over_by", json_integer(handle->other_pid),
             memory_format("handed over by process %d", handle->other_pid));
}

struct state state_make(const struct handle *handle, enum record_kind kind) {
    const struct detail *detail = handle->detail;
    struct state state = {0};
    tell_former_owner(&state, handle);
    if (!detail || !detail->with_state)
        return state;
    if (S_ISREG(detail->mode))
        tell_file(&state, detail);
    if (S_ISFIFO(detail->mode))
        tell_end(&state, detail);
    tell_queues(&state, detail);
    tell_peer(&state, detail);
    tell_locks(&state, detail->information);
    for (size_t i = 0; i < sizeof by_kind / sizeof *by_kind; i++)
        if (by_kind[i].kind == kind && *detail->information)
            by_kind[i].tell(&state, detail->information);
    tell_child(&state, detail);
    return state;
}
