/* render_text.c - the report for people (CONTRACT.md). Nothing from the watched program reaches the terminal as
 * it is: see utf8_for_terminal. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/duration.h"
#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"
#include "tools/findings/program_names.h"
#include "tools/findings/suppress_make.h"
#include "tools/formats/handle_rows.h"
#include "tools/formats/render.h"
#include "tools/handles/close_on_exec.h"
#include "tools/handles/what.h"
#include "tools/names/frames.h"

enum { MOST_HANDLES_SHOWN = 10 /* per site; all with verbosity=1 */ };

#define BANNER                                                                                                 \
    "=================================================================" /* 65, as the sanitizers have */

/* --- words ------------------------------------------------------------------------------------------------ */

/* Colours as LeakSanitizer has them. */
#define RED "\033[1m\033[31m"
#define BLUE "\033[1m\033[34m"
#define PLAIN "\033[1m\033[0m"

static const char *color(const struct report *report, const char *code) { return report->in_color ? code : ""; }

static void put(FILE *out, const char *text) {
    char *safe = utf8_for_terminal(text);
    fputs(safe, out);
    free(safe);
}

static void put_count(FILE *out, size_t count, const char *one, const char *many) {
    fprintf(out, "%zu %s", count, count == 1 ? one : many);
}

static void put_kinds(FILE *out, enum record_kind kind, size_t count) {
    put_count(out, count, what_kind_word(kind), what_kind_plural(kind));
}

/* --- handles ---------------------------------------------------------------------------------------------- */

static void put_handles(const struct report *report, FILE *out, const struct finding *findings, size_t count) {
    size_t most = report->verbosity > 0 ? count : MOST_HANDLES_SHOWN;
    handle_rows_write(out, findings, count, most, report->process_count > 1);
}

static void put_lifetimes(FILE *out, const struct site *site) {
    fprintf(out, "  %" PRIu64 " closed", site->closed);
    if (site->longest_lifetime < 0.1) {
        fputs(" within 0.1s", out);
        return;
    }
    char *mean = duration_text(site->mean_lifetime), *longest = duration_text(site->longest_lifetime);
    fprintf(out, " after %s on average (longest %s)", mean, longest);
    free(longest);
    free(mean);
}

/* What is new needs no remark. */
static void put_more(FILE *out, const struct site *site) {
    if (site->before)
        fprintf(out, "  %" PRIu64 " more than the baseline's %" PRIu64 "\n", site->more, site->before);
}

/* Where its other handles were closed, these should have been, too. */
static void put_closers(FILE *out, const struct site *site, bool live) {
    char *text = closers_text(&site->closers, site->opened, site->closed);
    if (text && site->count == 1)
        fprintf(out, "  %s; this one %s\n", text, live ? "is open" : "was not");
    else if (text)
        fprintf(out, "  %s; these %zu %s\n", text, site->count, live ? "are open" : "were not");
    free(text);
}

/* What its past says of a site; the handles of a program that ends at once have none. */
static void put_past(FILE *out, const struct site *site) {
    enum { SHORTEST_S = 1, FEW = 4 };
    struct suspect_facts facts = sites_facts(site);
    char *reason = suspects_reason(&facts);
    if (reason)
        fprintf(out, "  suspect: %s\n", reason);
    free(reason);
    if (site->mean_lifetime < 0 || site->closed < FEW || site->oldest_age < SHORTEST_S)
        return;
    put_lifetimes(out, site);
    if (sites_is_of_one_process(site))
        fprintf(out, "; at most %" PRIu64 " open at once", site->peak);
    fputc('\n', out);
}

/* What the kernel could not be asked any more, since the process was killed, the record may have an example of.
 */
static void put_first_name(FILE *out, const struct site *site) {
    for (size_t i = 0; i < site->count; i++)
        if (site->findings[i].what)
            return;
    if (!*site->first_name)
        return;
    char *name = utf8_for_terminal(site->first_name);
    fprintf(out, "  %s %s\n", site->opened == 1 ? "opened as" : "first opened as", name);
    free(name);
}

/* Without blanks in front, to be copied as it is. Takes `line` over. */
static void put_suppression(FILE *out, char *line) {
    if (line) {
        put(out, line);
        fputc('\n', out);
    }
    free(line);
}

static void put_site(const struct report *report, FILE *out, const struct site *site, bool live) {
    fprintf(out, "%s%s", color(report, BLUE), live ? "Held: " : "Direct leak of ");
    put_kinds(out, site->kind, site->count);
    if (site->opened)
        fprintf(out, " (of %" PRIu64 " opened here, %" PRIu64 " closed)", site->opened, site->closed);
    fprintf(out, ", opened at:%s\n", color(report, PLAIN));
    frames_write(out, site->trace, report->verbosity > 0);
    put_handles(report, out, site->findings, site->count);
    put_first_name(out, site);
    put_closers(out, site, live);
    put_more(out, site);
    put_past(out, site);
    if (report->with_suppressions)
        put_suppression(out, suppress_make_line(site));
}

/* --- headline and summary --------------------------------------------------------------------------------- */

/* The processes with something left open. */
struct culprits {
    const struct process *one; /* the first of them, or the first process at all */
    size_t count, killed;      /* `killed` have no exit pass */
    int64_t peak;              /* the highest */
    bool same_end;             /* all ended alike */
};

static bool was_killed(const struct process *process) {
    return process->end == RECORD_END_RUNNING && !render_is_live(process);
}

static bool ended_alike(const struct process *one, const struct process *other) {
    return one->end == other->end && render_is_live(one) == render_is_live(other) &&
           one->signal == other->signal;
}

static struct culprits culprits_of(const struct report *report) {
    struct culprits culprits = {.one = report->first, .peak = report->first->peak, .same_end = true};
    for (size_t i = 0; i < report->process_count; i++) {
        const struct process *process = report->processes[i];
        if (!report->left_open_of[i])
            continue;
        if (!culprits.count++) {
            culprits.one = process;
            culprits.peak = process->peak;
        }
        culprits.killed += was_killed(process);
        culprits.same_end &= ended_alike(culprits.one, process);
        culprits.peak = process->peak > culprits.peak ? process->peak : culprits.peak;
    }
    return culprits;
}

/* What stands before and behind the program's name. */
static void put_end(FILE *out, const struct culprits *culprits, bool behind) {
    const struct process *process = culprits->one;
    static const char *const before[] = {
        [RECORD_END_EXIT] = "at exit ",       [RECORD_END_EXIT_NOW] = "at exit ",
        [RECORD_END_QUICK_EXIT] = "at exit ", [RECORD_END_ABORT] = "at abort ",
        [RECORD_END_EXEC] = "at exec ",
    };
    bool is_known = (size_t)process->end < sizeof before / sizeof *before && before[process->end];
    if (behind && !culprits->same_end && culprits->killed)
        fprintf(out, ", %zu of them killed", culprits->killed);
    if (!culprits->same_end)
        return;
    if (!behind && is_known)
        fputs(before[process->end], out);
    if (!behind && render_is_live(process))
        fputs("so far ", out);
    if (behind && was_killed(process))
        fputs(culprits->count > 1 ? " when they were killed" : " when it was killed", out);
    if (behind && was_killed(process) && process->signal)
        fprintf(out, " by SIG%s", sigabbrev_np(process->signal) ? sigabbrev_np(process->signal) : "?");
}

static void put_peak(FILE *out, const struct culprits *culprits) {
    uint64_t limit = culprits->one->limit_soft;
    if (culprits->peak <= 0)
        return;
    fprintf(out, " (%speak %" PRId64, culprits->count > 1 ? "highest " : "", culprits->peak);
    if (limit == UINT64_MAX)
        fputs(", no limit", out);
    else if (limit)
        fprintf(out, " of limit %" PRIu64, limit);
    fputc(')', out);
}

static bool are_live(const struct culprits *culprits) {
    return culprits->same_end && render_is_live(culprits->one);
}

/* `count` processes, of which `one` is the first. */
static void put_culprits(const struct report *report, FILE *out, const struct process *one, size_t count) {
    if (count > 1)
        fprintf(out, "%zu processes of ", count);
    char *names = count > 1 && !report->is_tree ? program_names(report) : NULL;
    put(out, names ? names : render_program(count > 1 ? report->first : one));
    free(names);
}

static void put_headline(const struct report *report, FILE *out) {
    struct culprits culprits = culprits_of(report);
    bool live = are_live(&culprits);
    char *found = render_found(report, live);
    fprintf(out, BANNER "\n%s==%d==%sleftopen: %s ", color(report, live ? BLUE : RED),
            culprits.count > 1 ? report->first->pid : culprits.one->pid, live ? "" : "ERROR: ", found);
    free(found);
    put_end(out, &culprits, false);
    fputs("by ", out);
    put_culprits(report, out, culprits.one, culprits.count);
    put_end(out, &culprits, true);
    put_peak(out, &culprits);
    fprintf(out, "%s\n", color(report, PLAIN));
}

static void put_nothing(const struct report *report, FILE *out) {
    struct culprits culprits = culprits_of(report);
    fprintf(out, "==%d==leftopen: nothing %sleft open by ", report->first->pid,
            report->in_baseline ? "new " : "");
    put_culprits(report, out, report->first, report->is_tree ? 1 : report->process_count);
    put_peak(out, &culprits);
    fputc('\n', out);
}

static void put_kind_counts(const struct report *report, FILE *out) {
    const char *separator = "";
    for (enum record_kind kind = 0; kind <= RECORD_KIND_COUNT; kind++) {
        if (!report->of_kind[kind])
            continue;
        fputs(separator, out);
        put_kinds(out, kind, report->of_kind[kind]);
        separator = ", ";
    }
}

static void put_summary(const struct report *report, FILE *out) {
    fputs("SUMMARY: leftopen: ", out);
    struct culprits culprits = culprits_of(report);
    bool live = are_live(&culprits);
    put_count(out, report->left_open, "handle", "handles");
    fputs(live ? " held at " : " left open at ", out);
    put_count(out, report->site_count, "site", "sites");
    if (report->left_open)
        fputs(" (", out);
    put_kind_counts(report, out);
    if (report->left_open)
        fputs(")", out);
    if (!live)
        fprintf(out, "; %zu released, %zu failed", report->released, report->release_failed);
    if (report->not_released && !live)
        fprintf(out, ", %zu not released", report->not_released);
    if (report->misuses.count) {
        fputs("; ", out);
        put_count(out, report->misuses.count, "misuse", "misuses");
    }
    if (report->suppressed)
        fprintf(out, "; %zu suppressed", report->suppressed);
    if (report->in_baseline)
        fprintf(out, "; %zu in the baseline", report->in_baseline);
    fputc('\n', out);
}

/* --- report ----------------------------------------------------------------------------------------------- */

static void put_misuse(const struct report *report, FILE *out, const struct misuse_site *site) {
    fprintf(out, "%sMisuse, ", color(report, BLUE));
    misuse_write(site, out, color(report, PLAIN), report->verbosity > 0);
    if (report->with_suppressions)
        put_suppression(out, suppress_make_misuse_line(site));
}

static void put_left_behind(const struct report *report, FILE *out, const struct site *site) {
    fputs("\nLeft behind (not counted): ", out);
    put_kinds(out, site->kind, site->count);
    fputs(", made at:\n", out);
    frames_write(out, site->trace, report->verbosity > 0);
    put_handles(report, out, site->findings, site->count);
}

static void put_exec_leak(const struct report *report, FILE *out, const struct exec_leak *leak) {
    fputs("\nPassed over exec without need (not counted): ", out);
    put_count(out, leak->count, "descriptor", "descriptors");
    if (leak->processes > 1)
        fprintf(out, ", in %zu processes", leak->processes);
    fputs(", opened at:\n", out);
    frames_write(out, leak->trace, report->verbosity > 0);
    fprintf(out, "  unless the other program needs %s: %s\n", leak->count == 1 ? "it" : "them",
            close_on_exec_advice(leak->call));
}

static void put_misuses(const struct report *report, FILE *out) {
    for (size_t i = 0; i < report->misuses.count; i++) {
        fputc('\n', out);
        put_misuse(report, out, &report->misuses.list[i]);
    }
}

static void put_shortages(const struct report *report, FILE *out) {
    for (size_t i = 0; i < report->shortages.count; i++) {
        fputc('\n', out);
        shortage_write(&report->shortages.list[i], out);
    }
}

static void put_exec_leaks(const struct report *report, FILE *out) {
    for (size_t i = 0; i < report->exec_leaks.count; i++)
        put_exec_leak(report, out, &report->exec_leaks.list[i]);
}

/* Handles that are shown because the user asked, and count for nothing. `count`: of them, listed or not. */
static void put_aside(const struct report *report, FILE *out, const char *what, const struct findings *findings,
                      size_t count) {
    if (!findings->count)
        return;
    fprintf(out, "\n%s (not counted): ", what);
    put_count(out, count, "handle", "handles");
    fputc('\n', out);
    put_handles(report, out, findings->list, findings->count);
}

/* Those of one origin together, behind those of which it is not known. */
static void put_inherited(const struct report *report, FILE *out) {
    const struct findings *inherited = &report->inherited;
    for (size_t first = 0, end; first < inherited->count; first = end) {
        const struct finding *finding = &inherited->list[first];
        for (end = first + 1; end < inherited->count; end++)
            if (origin_compare(&finding->origin, &inherited->list[end].origin) != 0)
                break;
        char *origin = origin_text(&finding->origin);
        fputs("\nInherited", out);
        if (*origin)
            fputc(' ', out);
        put(out, origin);
        fputs(" (not counted): ", out);
        put_count(out, end - first, "handle", "handles");
        fputs(*origin ? ", opened at:\n" : "\n", out);
        if (*origin)
            frames_write(out, finding->trace, report->verbosity > 0);
        put_handles(report, out, finding, end - first);
        free(origin);
    }
}

static void put_notes(const struct report *report, FILE *out) {
    if (report->note_count)
        fputc('\n', out);
    for (size_t i = 0; i < report->note_count; i++) {
        fputs("note: ", out);
        put(out, report->notes[i]);
        fputc('\n', out);
    }
}

/* How much leftopen knows of: a report can only be as good as that. */
static void put_coverage(const struct report *report, FILE *out) {
    if (!report->process_count)
        return;
    fputs("\nCoverage", out);
    if (report->process_count > 1)
        fprintf(out, " of %zu processes", report->process_count);
    fputs(": ", out);
    put_count(out, report->tracked, "handle", "handles");
    fprintf(out, " tracked, %" PRIu64 " closed; %zu inherited; ", report->closed, report->inherited_count);
    if (report->unseen >= 0)
        fprintf(out, "%" PRId64 " unseen\n", report->unseen);
    else
        fputs("unseen ones not known\n", out);
}

static bool has_something(const struct report *report) {
    return report->left_open || report->misuses.count || report->exec_leaks.count || report->inherited.count ||
           report->unseen_list.count || report->verbosity > 0;
}

/* A report that is too long is read by nobody. */
static void put_ways_to_shorten(const struct report *report, FILE *out) {
    enum { MANY_SITES = 40 };
    if (!report->groups.by && report->sites.count > MANY_SITES)
        fprintf(out,
                "\nThese are %zu sites: --group_by=function has a line for each function, --top=10 the largest "
                "ones.\n",
                report->sites.count);
}

void render_text(const struct report *report, FILE *out) {
    if (!has_something(report))
        return;
    if (report->left_open || report->misuses.count)
        put_headline(report, out);
    else
        put_nothing(report, out);
    struct culprits culprits = culprits_of(report);
    groups_write(report, out);
    for (size_t i = 0; !report->groups.by && i < report->sites.count; i++) {
        fputc('\n', out);
        put_site(report, out, &report->sites.list[i], are_live(&culprits));
    }
    put_misuses(report, out);
    for (size_t i = 0; i < report->left_behind.count; i++)
        put_left_behind(report, out, &report->left_behind.list[i]);
    put_shortages(report, out);
    put_exec_leaks(report, out);
    put_inherited(report, out);
    put_aside(report, out, "Unseen", &report->unseen_list, (size_t)report->unseen);
    put_notes(report, out);
    put_ways_to_shorten(report, out);
    put_coverage(report, out);
    if (report->left_open || report->misuses.count)
        put_summary(report, out);
}

/* --- parts for other formats ------------------------------------------------------------------------------ */

static char *plain_text(const struct report *report, const void *subject,
                        void (*write)(const struct report *report, FILE *out, const void *subject)) {
    struct report plain = *report;
    plain.in_color = false;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return memory_copy("");
    write(&plain, out, subject);
    fclose(out);
    return text ? text : memory_copy("");
}

static void write_site(const struct report *report, FILE *out, const void *subject) {
    const struct site *site = subject;
    put_site(report, out, site, render_is_live(site->findings->process));
}

static void write_misuse(const struct report *report, FILE *out, const void *subject) {
    put_misuse(report, out, subject);
}

static void write_besides(const struct report *report, FILE *out, const void *subject) {
    put_misuses(report, out);
    put_shortages(report, out);
    put_exec_leaks(report, out);
}

char *render_text_site(const struct report *report, const struct site *site) {
    return plain_text(report, site, write_site);
}

char *render_text_misuse(const struct report *report, const struct misuse_site *site) {
    return plain_text(report, site, write_misuse);
}

char *render_text_besides(const struct report *report) { return plain_text(report, NULL, write_besides); }
