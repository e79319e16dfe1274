/* ls_text.c - what `leftopen ls` shows, for people. See ls.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/basics/duration.h"
#include "tools/basics/memory.h"
#include "tools/basics/table.h"
#include "tools/basics/utf8.h"
#include "tools/commands/ls.h"
#include "tools/findings/places.h"
#include "tools/findings/suspects.h"
#include "tools/formats/handle_rows.h"
#include "tools/formats/render.h"
#include "tools/handles/what.h"
#include "tools/names/frames.h"

enum { WIDEST_COMMAND = 60 };

/* --- words ------------------------------------------------------------------------------------------------ */

static char *number(uint64_t value) { return memory_format("%" PRIu64, value); }
static char *known(uint64_t value) { return value ? number(value) : memory_copy("-"); }
static char *age(double seconds) { return seconds < 0 ? memory_copy("-") : duration_text(seconds); }

static void put_count(FILE *out, uint64_t count, const char *one, const char *many) {
    fprintf(out, "%" PRIu64 " %s", count, count == 1 ? one : many);
}

static int pid_of(const struct ls_look *look) { return look->pid ? look->pid : look->process->pid; }

static int shown_pid(const struct ls_look *look) { return look->sharer ? look->sharer : pid_of(look); }

/* What was typed to start it, cut to a length that leaves a line a line. */
static char *command(const struct process *process) {
    char *text = memory_copy(render_program(process));
    for (char **word = process->arguments; *word && word[1] && strlen(text) <= WIDEST_COMMAND; word++) {
        char *longer = memory_format("%s %s", text, word[1]);
        free(text);
        text = longer;
    }
    size_t bytes = 0, width = 0;
    char *safe = utf8_for_terminal(text);
    free(text);
    while (safe[bytes] && width < WIDEST_COMMAND) {
        bytes += utf8_character(safe + bytes);
        width++;
    }
    if (!safe[bytes])
        return safe;
    text = memory_format("%.*s…", (int)bytes, safe);
    free(safe);
    return text;
}

/* As ps says it: the time of today, else the day. */
static char *since(uint64_t nanoseconds) {
    time_t start = (time_t)(nanoseconds / 1000000000u);
    char text[32] = "-";
    struct tm date;
    if (nanoseconds && localtime_r(&start, &date))
        strftime(text, sizeof text, time(NULL) - start < 24 * 60 * 60 ? "%H:%M:%S" : "%Y-%m-%d", &date);
    return memory_copy(text);
}

static char *share(uint64_t descriptors, uint64_t limit) {
    if (limit == UINT64_MAX)
        return memory_format("%" PRIu64 "/-", descriptors);
    return limit ? memory_format("%" PRIu64 "/%" PRIu64, descriptors, limit) : number(descriptors);
}

static size_t sites_in_use(const struct activity *activity) {
    size_t count = 0;
    for (size_t i = 0; i < activity->site_count; i++)
        count += activity->sites[i].open > 0;
    return count;
}

/* --- processes -------------------------------------------------------------------------------------------- */

static const char *state_of(const struct process *process) {
    const char *end = render_end_word(process);
    return process->notes & RECORD_NOTE_SNAPSHOT ? "snapshot" : end ? end : "?";
}

static void put_sharer(const struct ls_look *look, FILE *out) {
    fprintf(out,
            "Process %d has no record of its own: it was forked from process %d and has acquired little or\n"
            "nothing since. Shown is what process %d holds and process %d has open, too; the counts are those\n"
            "of process %d.\n",
            look->sharer, pid_of(look), pid_of(look), look->sharer, pid_of(look));
}

static void put_processes(const struct ls_view *view, FILE *out) {
    struct table *table = table_begin("PID HANDLES DESCRIPTORS PEAK SITES OLDEST SINCE <STATE <PROGRAM");
    for (size_t i = 0; i < view->count; i++) {
        const struct ls_look *look = &view->looks[i];
        const struct activity *activity = &look->activity;
        table_add(table, (char *[]){
                             number((uint64_t)shown_pid(look)),
                             number(activity->open),
                             share(activity->descriptors, activity->limit),
                             number(activity->peak),
                             number(sites_in_use(activity)),
                             age(activity->oldest),
                             since(look->process->started_realtime),
                             memory_copy(state_of(look->process)),
                             command(look->process),
                         });
    }
    table_write(table, out);
    table_end(table);
    for (size_t i = 0; i < view->count; i++)
        if (view->looks[i].sharer)
            put_sharer(&view->looks[i], out);
}

static void put_under_way(FILE *out, const struct activity *activity) {
    if (activity->acquiring) {
        fputs("; ", out);
        put_count(out, activity->acquiring, "call is under way that may open",
                  "calls are under way that may open");
    }
    if (activity->opening) {
        fputs("; ", out);
        put_count(out, activity->opening, "handle is being opened", "handles are being opened");
    }
    if (activity->closing) {
        fputs("; ", out);
        put_count(out, activity->closing, "handle is being closed", "handles are being closed");
    }
}

static void put_kernel(FILE *out, const struct ls_look *look) {
    const struct kernel_view *kernel = &look->kernel;
    if (!look->process->alive)
        return;
    if (!kernel->is_known) {
        fputs("The kernel's view of it may not be read: unseen descriptors are not known.\n", out);
        return;
    }
    fputs("The kernel has ", out);
    put_count(out, kernel->open, "descriptor of it", "descriptors of it");
    fprintf(out, ": %zu unseen", kernel->unseen);
    if (kernel->gone)
        fprintf(out, ", and %zu of the record's are not open any more", kernel->gone);
    fputs(".\n", out);
}

static void put_head(const struct ls_look *look, FILE *out) {
    const struct activity *activity = &look->activity;
    char *name = command(look->process), *start = since(look->process->started_realtime);
    fprintf(out, "%s (pid %d, %s, started %s): ", name, pid_of(look), state_of(look->process), start);
    put_count(out, activity->open, "handle open at ", "handles open at ");
    put_count(out, sites_in_use(activity), "site", "sites");
    char *descriptors = share(activity->descriptors, activity->limit);
    fprintf(out, "; descriptors %s, peak %" PRIu64 ", %" PRIu64 " inherited", descriptors, activity->peak,
            activity->inherited);
    if (activity->failures)
        fprintf(out, "; %" PRIu64 " calls failed for want of a descriptor", activity->failures);
    put_under_way(out, activity);
    fputs(".\n", out);
    put_kernel(out, look);
    free(descriptors);
    free(start);
    free(name);
}

/* --- sites ------------------------------------------------------------------------------------------------ */

enum { MOST_HANDLES = 10 /* of a site; all with --all */ };

static void put_handles(const struct ls_view *view, FILE *out, const struct activity_site *site) {
    size_t count;
    const struct finding *findings = ls_handles_of(view->handles, site->id, &count);
    handle_rows_write(out, findings, count, view->all ? count : MOST_HANDLES, view->count > 1);
}

/* Those of one process after the other. */
static void put_inherited(const struct ls_view *view, FILE *out) {
    const struct findings *inherited = &view->handles->inherited;
    if (inherited->count)
        fputs("\nInherited:\n", out);
    for (size_t i = 0; i < inherited->count; i++) {
        const struct finding *finding = &inherited->list[i];
        handle_rows_write(out, finding, 1, 1, view->count > 1);
        char *origin = origin_text(&finding->origin), *safe = utf8_for_terminal(origin);
        char *place = finding->trace->count && *origin ? frames_place(&finding->trace->frames[0]) : NULL;
        if (*origin)
            fprintf(out, "      %s%s%s\n", safe, place ? ", opened in " : "", place ? place : "");
        free(place);
        free(safe);
        free(origin);
    }
}

static char *below(const struct ls_view *view, const struct activity_site *site, char *reason) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    if (reason)
        fprintf(out, "    suspect: %s\n", reason);
    if (view->handles)
        put_handles(view, out, site);
    if (view->stacks) {
        frames_write(out, site->trace, false);
        char *closers = closers_text(&site->closers, site->opened, site->closed);
        if (closers)
            fprintf(out, "    %s\n", closers);
        free(closers);
        fputc('\n', out);
    }
    fclose(out);
    return text;
}

/* Takes `place` over. */
static void add_site(struct table *table, const struct ls_view *view, const struct activity_site *site,
                     char *place) {
    struct suspect_facts facts = activity_facts(site);
    char *reason = suspects_reason(&facts);
    table_add(table, (char *[]){
                         memory_copy(reason ? "!" : ""),
                         number(site->open),
                         number(site->opened),
                         number(site->closed),
                         known(site->peak),
                         age(site->oldest),
                         age(facts.mean_lifetime),
                         memory_copy(site->kind == RECORD_KIND_COUNT ? "-" : what_kind_word(site->kind)),
                         *site->call ? memory_copy(site->call) : memory_copy("-"),
                         place,
                     });
    table_add_text(table, below(view, site, reason));
    free(reason);
}

static void put_sites(const struct ls_view *view, FILE *out) {
    const struct activity *sum = view->sum;
    struct table *table = table_begin("<! OPEN OPENED CLOSED PEAK OLDEST MEAN-LIFE <KIND <CALL <SITE");
    size_t shown = 0, wanted = view->all ? sum->site_count : sites_in_use(sum);
    const struct activity_site **sites = memory_new(sum->site_count, sizeof *sites);
    for (size_t i = 0; i < sum->site_count && (!view->most || shown < view->most); i++)
        if (sum->sites[i].open || view->all)
            sites[shown++] = &sum->sites[i];
    char **places = places_tell(sites, shown);
    for (size_t i = 0; i < shown; i++)
        add_site(table, view, sites[i], places[i]);
    free(places);
    free(sites);
    fputc('\n', out);
    if (shown)
        table_write(table, out);
    table_end(table);
    if (shown < wanted)
        fprintf(out, "… and %zu more sites\n", wanted - shown);
    if (wanted < sum->site_count) {
        put_count(out, sum->site_count - wanted, "site has", "sites have");
        fputs(" nothing open (--all shows them)\n", out);
    }
}

void ls_text(const struct ls_view *view, FILE *out) {
    if (view->count == 1 && view->looks->sharer)
        put_sharer(view->looks, out);
    else if (view->count == 1 && !view->only_processes)
        put_head(view->looks, out);
    else
        put_processes(view, out);
    if (view->only_processes)
        return;
    put_sites(view, out);
    if (view->handles)
        put_inherited(view, out);
}
