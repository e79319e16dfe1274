/* misuse.c - see misuse.h */
#include "tools/findings/misuse.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/json_values.h"
#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"
#include "tools/findings/sites.h"
#include "tools/formats/render_json.h"
#include "tools/handles/what.h"
#include "tools/names/frames.h"

static const struct {
    const char *word, *text;
} types[] = {
#define MISUSE(name, word, text) {word, text},
#include "tracker/misuses.def"
};

const char *misuse_word(enum record_misuse_type type) { return types[type].word; }
const char *misuse_text(enum record_misuse_type type) { return types[type].text; }

/* --- collecting ------------------------------------------------------------------------------------------- */

/* Who closed a handle: a stack, or only the address behind the call. */
static const struct trace *closer_trace(struct symbols *symbols, const struct process *process,
                                        const struct misuse *misuse) {
    if (misuse->closed || !misuse->closer)
        return symbols_trace(symbols, process, misuse->closed);
    uint64_t pc = misuse->closer;
    struct stack one = {
        .call = "", .caller_only = true, .epoch = misuse->now ? misuse->now->epoch : 0, .count = 1, .pc = &pc};
    return symbols_trace(symbols, process, &one);
}

static struct misuse_site *site_of(struct misuse_sites *sites, enum record_misuse_type type,
                                   const struct trace *now) {
    for (size_t i = 0; i < sites->count; i++)
        if (sites->list[i].first->type == type && sites->list[i].now == now)
            return &sites->list[i];
    return NULL;
}

static void add(struct misuse_sites *sites, struct symbols *symbols, const struct process *process,
                const struct misuse *misuse) {
    const struct trace *now = symbols_trace(symbols, process, misuse->now);
    struct misuse_site *site = site_of(sites, misuse->type, now);
    if (!site) {
        sites->list = memory_grow(sites->list, sites->count, sizeof *sites->list);
        site = &sites->list[sites->count++];
        *site = (struct misuse_site){.process = process,
                                     .first = misuse,
                                     .now = now,
                                     .opened = symbols_trace(symbols, process, misuse->opened),
                                     .closed = closer_trace(symbols, process, misuse)};
        sites_identify(misuse->now ? misuse->now->call : "", now, site->id, site->line_id);
    }
    site->count += misuse->count;
    site->processes++;
}

void misuse_collect(struct misuse_sites *sites, struct symbols *symbols, const struct process *process) {
    for (size_t i = 0; i < process->misuse_count; i++)
        add(sites, symbols, process, &process->misuses[i]);
}

void misuse_end(struct misuse_sites *sites) {
    free(sites->list);
    *sites = (struct misuse_sites){0};
}

char *misuse_key(const char *id, const char *type) { return memory_format("%s-%s", id, type); }

/* --- telling ---------------------------------------------------------------------------------------------- */

char *misuse_sentence(const struct misuse_site *site) {
    const struct misuse *first = site->first;
    const char *kind = what_kind_word(first->kind);
    const char *article = strchr("aeio", *kind) ? "an" : "a";
    char *name = first->number < 0 ? memory_format("%s %s", article, kind)
                                   : memory_format("fd %d, %s %s,", first->number, article, kind);
    char *why = first->error && first->type == RECORD_MISUSE_FAILED_CLOSE
                    ? memory_format(" (%s)", strerror(first->error))
                    : memory_copy("");
    char *lost = first->lost ? memory_format("; up to %" PRIu64 " bytes were to be flushed", first->lost)
                             : memory_copy("");
    char *text = memory_format("%s %s%s%s", name, misuse_text(first->type), why, lost);
    free(lost);
    free(why);
    free(name);
    return text;
}

static void write_stack(FILE *out, const char *title, const char *more, const struct trace *trace, bool all) {
    if (!trace->count)
        return;
    fprintf(out, "  %s at%s:\n", title, more);
    frames_write(out, trace, all);
}

void misuse_write(const struct misuse_site *site, FILE *out, const char *plain, bool all) {
    char *sentence = misuse_sentence(site);
    fprintf(out, "%s: %s", misuse_word(site->first->type), sentence);
    free(sentence);
    if (site->count > 1)
        fprintf(out, ", %" PRIu64 " times", site->count);
    if (site->processes > 1)
        fprintf(out, " in %zu processes", site->processes);
    const char *call = site->first->now ? site->first->now->call : "";
    fprintf(out, "%s%s at:%s\n", *call ? ", by " : ",", call, plain);
    frames_write(out, site->now, all);
    write_stack(out, "it was opened", "", site->opened, all);
    write_stack(out, "it had been closed", site->first->closed ? "" : " (its callers: misuse=2)", site->closed,
                all);
}

json_t *misuse_json(const struct misuse_site *site) {
    const struct misuse *first = site->first;
    json_t *object = json_object();
    json_object_set_new(object, "type", json_string(misuse_word(first->type)));
    json_object_set_new(object, "id", json_string(site->id));
    json_object_set_new(object, "line_id", json_string(site->line_id));
    json_object_set_new(object, "pid", json_integer(site->process->pid));
    json_object_set_new(object, "kind", json_string(what_kind_word(first->kind)));
    json_object_set_new(object, "call", json_value_text(first->now ? first->now->call : ""));
    json_object_set_new(object, "fd", json_value_known(first->number, first->number >= 0));
    json_object_set_new(object, "error",
                        first->error ? json_value_text(strerrorname_np(first->error)) : json_null());
    json_object_set_new(object, "lost_bytes", json_value_known((json_int_t)first->lost, first->lost));
    json_object_set_new(object, "thread", json_value_known(first->thread, first->thread));
    json_object_set_new(object, "count", json_integer((json_int_t)site->count));
    json_object_set_new(object, "processes", json_integer((json_int_t)site->processes));
    json_object_set_new(object, "frames", render_json_frames(site->now));
    json_object_set_new(object, "opened", render_json_frames(site->opened));
    json_object_set_new(object, "closed", render_json_frames(site->closed));
    return object;
}
