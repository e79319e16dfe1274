/* closers.c - see closers.h */
#include "tools/findings/closers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/formats/render_json.h"
#include "tools/names/frames.h"
#include "tools/names/trace.h"

static void add(struct closers *closers, const struct trace *trace, uint64_t count) {
    size_t at = 0;
    while (at < closers->count && trace_compare(closers->list[at].trace, trace))
        at++;
    if (at == CLOSERS_MOST)
        return; /* elsewhere: nobody asks who it was */
    if (at == closers->count) {
        closers->list[closers->count++].trace = trace;
        closers->list[at].count = 0;
    }
    count = closers->list[at].count += count;
    for (; at && closers->list[at - 1].count < count; at--)
        closers->list[at] = closers->list[at - 1];
    closers->list[at].trace = trace;
    closers->list[at].count = count;
}

void closers_add(struct closers *closers, struct symbols *symbols, const struct process *process,
                 const struct stack *stack) {
    for (int i = 0; i < RECORD_CLOSERS; i++) {
        const struct closer *closer = &stack->closers[i];
        uint64_t pc = closer->place;
        struct stack caller = {.caller_only = true, .epoch = stack->epoch, .count = 1, .pc = &pc};
        if (!closer->count)
            continue;
        const struct trace *trace = symbols_trace(symbols, process, closer->stack ? closer->stack : &caller);
        if (trace->count && *trace->frames[0].module)
            add(closers, trace, closer->count);
    }
}

void closers_merge(struct closers *into, const struct closers *other) {
    for (size_t i = 0; i < other->count; i++)
        add(into, other->list[i].trace, other->list[i].count);
}

/* What reads alike in few words, whatever the rest of the stacks: told once. */
struct shares {
    struct share {
        char *place;
        uint64_t count;
    } list[CLOSERS_MOST];
    size_t count;
};

static void add_share(struct shares *shares, char *place, uint64_t count) {
    size_t at = 0;
    while (at < shares->count && strcmp(shares->list[at].place, place) != 0)
        at++;
    if (at < shares->count)
        free(place);
    else
        shares->list[shares->count++] = (struct share){place, 0};
    shares->list[at].count += count;
}

static int by_count(const void *one, const void *other) {
    uint64_t mine = ((const struct share *)one)->count, others = ((const struct share *)other)->count;
    return (mine < others) - (mine > others);
}

static struct shares shares_of(const struct closers *closers) {
    struct shares shares = {.count = 0};
    for (size_t i = 0; i < closers->count; i++)
        add_share(&shares, frames_place(&closers->list[i].trace->frames[0]), closers->list[i].count);
    qsort(shares.list, shares.count, sizeof *shares.list, by_count);
    return shares;
}

char *closers_text(const struct closers *closers, uint64_t opened, uint64_t closed) {
    uint64_t elsewhere = closed;
    char *text = NULL;
    size_t size;
    FILE *out = closers->count ? open_memstream(&text, &size) : NULL;
    if (!out)
        return NULL;
    fprintf(out, "%" PRIu64 " of %" PRIu64 " %s closed", closed, opened, closed == 1 ? "was" : "were");
    struct shares shares = shares_of(closers);
    for (size_t i = 0; i < shares.count; i++) {
        const struct share *share = &shares.list[i];
        if (share->count >= closed)
            fprintf(out, " in %s", share->place);
        else
            fprintf(out, "%s %" PRIu64 " in %s", i ? "," : ":", share->count, share->place);
        elsewhere -= share->count < elsewhere ? share->count : elsewhere;
        free(share->place);
    }
    if (elsewhere)
        fprintf(out, ", %" PRIu64 " elsewhere", elsewhere);
    fclose(out);
    return text;
}

json_t *closers_json(const struct closers *closers) {
    json_t *list = json_array();
    for (size_t i = 0; i < closers->count; i++)
        json_array_append_new(list, json_pack("{s:I, s:o}", "count", (json_int_t)closers->list[i].count,
                                              "frames", render_json_frames(closers->list[i].trace)));
    return list;
}
