/* shortage.c - see shortage.h */
#include "tools/findings/shortage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/json_values.h"
#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"
#include "tools/formats/render.h"
#include "tools/formats/render_json.h"
#include "tools/names/frames.h"

enum { SITES_SHOWN = 5 };

/* --- collecting ------------------------------------------------------------------------------------------- */

static struct shortage_site *site_of(struct shortage_account *account, const char *call,
                                     const struct trace *trace) {
    for (size_t i = 0; i < account->site_count; i++)
        if (account->sites[i].trace == trace && strcmp(account->sites[i].call, call) == 0)
            return &account->sites[i];
    account->sites = memory_grow(account->sites, account->site_count, sizeof *account->sites);
    struct shortage_site *site = &account->sites[account->site_count++];
    *site = (struct shortage_site){.call = call, .trace = trace};
    return site;
}

static int most_first(const void *left, const void *right) {
    const struct shortage_site *one = left, *other = right;
    return (one->held < other->held) - (one->held > other->held);
}

static void fill(struct shortage_account *account, struct symbols *symbols) {
    const struct process *process = account->process;
    uint32_t told = 0;
    for (size_t i = 0; i < process->stack_count; i++) {
        const struct stack *stack = &process->stacks[i];
        uint32_t held = stack->short_of[account->kind];
        if (!held)
            continue;
        site_of(account, stack->call, symbols_trace(symbols, process, stack))->held += held;
        told += held;
    }
    account->others = account->shortage->held > told ? account->shortage->held - told : 0;
    if (account->site_count)
        qsort(account->sites, account->site_count, sizeof *account->sites, most_first);
}

void shortage_collect(struct shortage_accounts *accounts, struct symbols *symbols,
                      const struct process *process) {
    for (enum record_shortage_kind kind = 0; kind < RECORD_SHORTAGE_COUNT; kind++) {
        if (!process->shortages[kind].noted)
            continue;
        accounts->list = memory_grow(accounts->list, accounts->count, sizeof *accounts->list);
        struct shortage_account *account = &accounts->list[accounts->count++];
        *account =
            (struct shortage_account){.process = process, .shortage = &process->shortages[kind], .kind = kind};
        fill(account, symbols);
    }
}

void shortage_end(struct shortage_accounts *accounts) {
    for (size_t i = 0; i < accounts->count; i++)
        free(accounts->list[i].sites);
    free(accounts->list);
    *accounts = (struct shortage_accounts){0};
}

/* --- telling ---------------------------------------------------------------------------------------------- */

static const char *what_happened(const struct shortage *shortage) {
    switch (shortage->error) {
    case 0:
        return "passed the share of the limit that warn_at names";
    case ENFILE:
        return "failed with ENFILE (too many open files in the system)";
    default:
        return "failed with EMFILE (too many open files)";
    }
}

static char *sentence(const struct shortage_account *account) {
    const struct shortage *shortage = account->shortage;
    bool has_limit = shortage->limit && shortage->limit != UINT64_MAX;
    char *program = utf8_for_terminal(render_program(account->process));
    char *call = utf8_for_terminal(shortage->call);
    char *limit = has_limit ? memory_format(" of %" PRIu64, shortage->limit) : memory_copy("");
    char *text = memory_format("%s %s: %s held %u%s descriptors", *call ? call : "a call",
                               what_happened(shortage), program, shortage->held, limit);
    free(limit);
    free(call);
    free(program);
    return text;
}

void shortage_write(const struct shortage_account *account, FILE *out) {
    char *text = sentence(account);
    size_t shown = account->site_count < SITES_SHOWN ? account->site_count : SITES_SHOWN;
    uint32_t others = account->others;
    fprintf(out, "==%d==WARNING: leftopen: %s%s\n", account->process->pid, text, shown ? ":" : "");
    free(text);
    for (size_t i = 0; i < shown; i++) {
        const struct shortage_site *site = &account->sites[i];
        fprintf(out, "  %u opened by %s at:\n", site->held, *site->call ? site->call : "a call");
        frames_write(out, site->trace, false);
    }
    for (size_t i = shown; i < account->site_count; i++)
        others += account->sites[i].held;
    if (others)
        fprintf(out, "  %u others%s\n", others, account->others == others ? ", inherited at the start" : "");
}

static json_t *site_object(const struct shortage_site *site) {
    json_t *object = json_object();
    json_object_set_new(object, "call", json_value_text(site->call));
    json_object_set_new(object, "held", json_integer(site->held));
    json_object_set_new(object, "frames", render_json_frames(site->trace));
    return object;
}

json_t *shortage_json(const struct shortage_account *account) {
    const struct shortage *shortage = account->shortage;
    const struct process *process = account->process;
    bool is_dated = shortage->monotonic >= process->started_monotonic;
    uint64_t since_start = is_dated ? shortage->monotonic - process->started_monotonic : 0;
    bool has_limit = shortage->limit && shortage->limit != UINT64_MAX;
    json_t *object = json_object(), *sites = json_array();
    for (size_t i = 0; i < account->site_count; i++)
        json_array_append_new(sites, site_object(&account->sites[i]));
    json_object_set_new(object, "pid", json_integer(process->pid));
    json_object_set_new(object, "call", json_value_text(shortage->call));
    json_object_set_new(object, "error",
                        json_value_text(shortage->error ? strerrorname_np(shortage->error) : NULL));
    json_object_set_new(object, "when",
                        json_value_instant(is_dated ? process->started_realtime + since_start : 0));
    json_object_set_new(object, "limit", json_value_known((json_int_t)shortage->limit, has_limit));
    json_object_set_new(object, "held", json_integer(shortage->held));
    json_object_set_new(object, "without_stack", json_integer(account->others));
    json_object_set_new(object, "thread", json_value_known(shortage->thread, shortage->thread));
    json_object_set_new(object, "sites", sites);
    return object;
}
