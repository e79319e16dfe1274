/* render_html_sites.c - the tables of sites and of handles. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/duration.h"
#include "tools/basics/memory.h"
#include "tools/findings/complaints.h"
#include "tools/findings/suppress_make.h"
#include "tools/formats/handle_cells.h"
#include "tools/formats/render_html.h"
#include "tools/handles/what.h"
#include "tools/names/trace.h"
#include "tools/names/trace.h"

enum {
    MOST_SITES = 10000,  /* in a page: a browser needs room and time for each */
    MOST_UNFOLDED = 500, /* whose stacks and handles are there at once, not only when the script fetches them */
    MOST_HANDLES = 20000, /* of all sites together */
    FEW_HANDLES = 10      /* of a site are shown in any case */
};

/* --- handles ---------------------------------------------------------------------------------------------- */

static void put_cell(FILE *out, const char *text) {
    fputs("<td>", out);
    html_put(out, text);
    fputs("</td>", out);
}

static void put_handle(FILE *out, const struct finding *finding) {
    char *cells[HANDLE_CELLS];
    handle_cells_fill(finding, cells);
    fputs("<tr>", out);
    for (int cell = 0; cell < HANDLE_CELLS; cell++) {
        put_cell(out, cells[cell]);
        free(cells[cell]);
    }
    fputs("</tr>\n", out);
}

void html_put_handles(FILE *out, const struct finding *findings, size_t count, size_t most,
                      const char *caption) {
    size_t shown = count <= most ? count : most;
    fputs("<table class=\"handles\"><caption>", out);
    html_put(out, caption);
    fputs("</caption>\n<thead><tr><th>Process</th><th>Handle</th>"
          "<th>What</th><th>State</th><th>Open for</th><th>Thread</th>"
          "<th>At the end</th></tr></thead>\n<tbody>\n",
          out);
    for (size_t i = 0; i < shown; i++)
        put_handle(out, &findings[i]);
    fputs("</tbody></table>\n", out);
    if (shown < count)
        fprintf(out, "<p>… and %zu more: the JSON report has them all.</p>\n", count - shown);
}

/* --- stacks ----------------------------------------------------------------------------------------------- */

/* "conn.c:42:13", as far as it is known. */
static void put_source(FILE *out, const struct frame *frame, bool with_column) {
    if (!frame->file)
        return;
    fputc(' ', out);
    html_put(out, frame->file);
    if (frame->line)
        fprintf(out, ":%u", frame->line);
    if (frame->line && frame->column && with_column)
        fprintf(out, ":%u", frame->column);
}

static void put_module(FILE *out, const struct frame *frame) {
    fputs(" <i>(", out);
    if (*frame->module) {
        html_put(out, symbols_base_name(frame->module));
        fputc('+', out);
    }
    fprintf(out, "0x%" PRIx64 ")</i>", frame->offset);
    if (!frame->file && *frame->build_id) {
        fputs(" BuildId: ", out);
        html_put(out, frame->build_id);
    }
}

static void put_frame(FILE *out, const struct frame *frame) {
    fputs("<li>", out);
    if (frame->function) {
        fputs("<b>", out);
        html_put(out, frame->function);
        fputs("</b>", out);
    }
    put_source(out, frame, true);
    put_module(out, frame);
    fputs(frame->inlined ? " inlined</li>\n" : "</li>\n", out);
}

void html_put_stack(const struct report *report, FILE *out, const struct trace *trace) {
    size_t count = report->verbosity > 0 ? trace->count : trace_own_frames(trace);
    if (!trace->count) {
        fputs("<p>No stack was recorded.</p>\n", out);
        return;
    }
    fputs("<ol start=\"0\">\n", out);
    for (size_t i = 0; i < count; i++)
        put_frame(out, &trace->frames[i]);
    fputs("</ol>\n", out);
    if (trace->cut && count == trace->count)
        fputs("<p>The stack is deeper: see the option depth.</p>\n", out);
}

/* --- sites ------------------------------------------------------------------------------------------------ */

static void put_lifetimes(FILE *out, const struct site *site) {
    if (site->mean_lifetime < 0)
        return;
    if (site->longest_lifetime < 0.1) {
        fputs("; closed ones were open for less than 0.1s", out);
        return;
    }
    char *mean = duration_text(site->mean_lifetime), *longest = duration_text(site->longest_lifetime);
    fprintf(out, "; closed ones were open for %s on average, at most %s", mean, longest);
    free(longest);
    free(mean);
}

static void put_past(FILE *out, const struct site *site) {
    struct suspect_facts facts = sites_facts(site);
    char *reason = suspects_reason(&facts);
    if (reason)
        fprintf(out, "<p><strong>Suspect:</strong> %s.</p>\n", reason);
    free(reason);
    if (!site->opened)
        return;
    fprintf(out, "<p>%" PRIu64 " opened here, %" PRIu64 " closed", site->opened, site->closed);
    if (site->peak && sites_is_of_one_process(site))
        fprintf(out, ", at most %" PRIu64 " open at once", site->peak);
    put_lifetimes(out, site);
    fputs(".</p>\n", out);
}

static void put_sentence(FILE *out, const char *before, const char *text, const char *after) {
    fputs(before, out);
    html_put(out, text);
    fputs(after, out);
}

/* What is told of the site where the kernel could not be asked about its handles, and beside a baseline. */
static void put_remarks(FILE *out, const struct site *site) {
    if (*site->first_name)
        put_sentence(out, "<p>First opened as <code>", site->first_name, "</code>.</p>\n");
    if (site->before)
        fprintf(out, "<p>%" PRIu64 " more than the baseline's %" PRIu64 ".</p>\n", site->more, site->before);
}

/* Where its other handles were closed. */
static void put_closers(FILE *out, const struct site *site) {
    char *text = closers_text(&site->closers, site->opened, site->closed);
    if (text)
        put_sentence(out, "<p>", text, ".</p>\n");
    free(text);
}

/* Where the site is: in the innermost frame. */
static void put_place(FILE *out, const struct site *site) {
    const struct frame *frame = site->trace->count ? &site->trace->frames[0] : NULL;
    char *name = frame ? render_frame_name(frame) : memory_copy("(no stack)");
    struct suspect_facts facts = sites_facts(site);
    fputs("<b>", out);
    html_put(out, name);
    fputs("</b>", out);
    if (frame)
        put_source(out, frame, false);
    if (suspects_judge(&facts))
        fputs(" <strong>suspect</strong>", out);
    free(name);
}

/* A number that is not known is an empty cell. */
static void put_number(FILE *out, uint64_t number, bool is_known) {
    if (is_known)
        fprintf(out, "<td>%" PRIu64 "</td>", number);
    else
        fputs("<td></td>", out);
}

static void put_age(FILE *out, double age) {
    char *text = age < 0 ? memory_copy("") : duration_text(age);
    fprintf(out, "<td data-value=\"%.3f\">%s</td>", age, text);
    free(text);
}

static void put_suppression(const struct report *report, FILE *out, const struct site *site) {
    char *line = report->with_suppressions ? suppress_make_line(site) : NULL;
    if (line)
        put_sentence(out, "<p>To suppress it: <code>", line, "</code></p>\n");
    free(line);
}

static void put_details(const struct report *report, FILE *out, const struct site *site, size_t most_handles) {
    put_past(out, site);
    put_closers(out, site);
    put_remarks(out, site);
    put_suppression(report, out, site);
    html_put_stack(report, out, site->trace);
    html_put_handles(out, site->findings, site->count, most_handles, "Handles");
    fprintf(out, "<p>Site %s", site->id);
    if (*site->call)
        put_sentence(out, ", acquired by <code>", site->call, "</code>");
    fputs("</p>\n", out);
}

/* `table`: its id; the same site may be in another one, too. `has_details`: else put_rest has them. */
static void put_site(const struct report *report, FILE *out, const struct site *site, const char *table,
                     bool has_details, size_t most_handles) {
    struct complaint complaint = complaint_of_site(site);
    char *fingerprint = complaint_fingerprint(&complaint);
    fprintf(out, "<tr id=\"%s-%s\"><td>%zu</td><td>%s</td><td><details><summary>", table, fingerprint,
            site->count, what_kind_word(site->kind));
    free(fingerprint);
    put_place(out, site);
    fputs("</summary>\n", out);
    if (has_details)
        put_details(report, out, site, most_handles);
    fputs("</details></td>", out);
    put_cell(out, site->trace->count ? symbols_base_name(site->trace->frames[0].module) : "");
    put_number(out, site->opened, site->opened);
    put_number(out, site->closed, site->opened);
    put_number(out, site->peak, site->peak);
    put_age(out, site->oldest_age);
    fputs("</tr>\n", out);
}

static void begin_table(FILE *out, const char *name, const char *caption) {
    fprintf(
        out,
        "<table class=\"sites\" id=\"%s\"><caption>%s</caption>\n<thead><tr><th>Open</th><th>Kind</th>"
        "<th>Place</th><th>Module</th><th>Opened</th><th>Closed</th><th>Peak</th><th>Oldest</th></tr></thead>\n"
        "<tbody>\n",
        name, caption);
}

/* As a block of data, which costs a browser next to nothing: the details of one site, a blank line, those of
 * the next. Text has no newlines, see html_put. */
static void put_rest(const struct report *report, FILE *out, const struct site *sites, size_t count,
                     size_t most_handles) {
    if (!count)
        return;
    fprintf(out,
            "<noscript><p>Without script, only the first %d sites show stacks and handles.</p></noscript>\n"
            "<script type=\"text/plain\" class=\"rest\">",
            MOST_UNFOLDED);
    for (size_t i = 0; i < count; i++) {
        put_details(report, out, &sites[i], most_handles);
        fputs(i + 1 < count ? "\n" : "", out);
    }
    fputs("</script>\n", out);
}

void html_put_sites(const struct report *report, FILE *out, const struct sites *sites, const char *name,
                    const char *caption) {
    size_t shown = sites->count <= MOST_SITES ? sites->count : MOST_SITES;
    size_t unfolded = shown <= MOST_UNFOLDED ? shown : MOST_UNFOLDED;
    size_t share = shown ? MOST_HANDLES / shown : 0, most_handles = share > FEW_HANDLES ? share : FEW_HANDLES;
    begin_table(out, name, caption);
    for (size_t i = 0; i < shown; i++)
        put_site(report, out, &sites->list[i], name, i < unfolded, most_handles);
    fputs("</tbody></table>\n", out);
    put_rest(report, out, sites->list + unfolded, shown - unfolded, most_handles);
    if (shown < sites->count)
        fprintf(out, "<p>… and %zu more sites: the JSON report has them all.</p>\n", sites->count - shown);
}
