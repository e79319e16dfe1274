/* render_html.c - the report as one page for a browser. It asks the network for nothing; style and script are
 * in it, known to its policy by their hashes, so that no other script can run: everything else in the page came
 * from the program. */
#include <html_hashes.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/formats/render_html.h"
#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"
#include "tools/basics/version.h"
#include "tools/basics/xml.h"
#include "tools/formats/render_json.h"
#include "tools/handles/origin.h"
#include "tools/handles/what.h"

enum { MOST_PROCESSES = 1000, MOST_OTHERS = 1000 };

/* Of tools/formats/html/assets.S, ended by a zero byte. */
extern const char html_style[], html_script[];

void html_put(FILE *out, const char *text) {
    char *clean = utf8_for_terminal(text);
    xml_put(out, clean);
    free(clean);
}

void html_put_count(FILE *out, uint64_t count, const char *one, const char *many) {
    fprintf(out, "%" PRIu64 " %s", count, count == 1 ? one : many);
}

/* --- head ------------------------------------------------------------------------------------------------- */

static void put_headline(const struct report *report, FILE *out) {
    char *found = render_found(report, render_is_live(report->first));
    fprintf(out, "%s by ", found);
    free(found);
    html_put(out, render_program_name(report->first));
}

/* An icon is named so that a browser looks for none. */
static void put_head(const struct report *report, FILE *out) {
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
          "script-src '" HTML_SCRIPT_HASH "'; style-src '" HTML_STYLE_HASH "'; style-src-attr 'unsafe-inline'; "
          "base-uri 'none'; form-action 'none'\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"referrer\" content=\"no-referrer\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n<title>leftopen: ",
          out);
    put_headline(report, out);
    fprintf(out, "</title>\n<style>%s</style>\n</head>\n", html_style);
}

/* --- summary ---------------------------------------------------------------------------------------------- */

static void put_kinds(const struct report *report, FILE *out) {
    size_t counts[RECORD_KIND_COUNT + 1] = {0};
    const char *separator = ": ";
    for (size_t i = 0; i < report->sites.count; i++)
        counts[report->sites.list[i].kind] += report->sites.list[i].count;
    for (enum record_kind kind = 0; kind <= RECORD_KIND_COUNT; kind++) {
        if (!counts[kind])
            continue;
        fputs(separator, out);
        html_put_count(out, counts[kind], what_kind_word(kind), what_kind_plural(kind));
        separator = ", ";
    }
}

static void put_limit(const struct process *process, FILE *out) {
    if (process->peak <= 0)
        return;
    fprintf(out, "<dt>Peak</dt><dd>%" PRId64 " descriptors", process->peak);
    if (process->limit_soft && process->limit_soft != UINT64_MAX)
        fprintf(out, " of limit %" PRIu64, process->limit_soft);
    fputs("</dd>\n", out);
}

static void put_coverage(const struct report *report, FILE *out) {
    if (!report->process_count)
        return;
    fputs("<dt>Coverage</dt><dd>", out);
    html_put_count(out, report->tracked, "handle", "handles");
    fprintf(out, " tracked, %" PRIu64 " closed; %zu inherited; ", report->closed, report->inherited_count);
    if (report->unseen >= 0)
        fprintf(out, "%" PRId64 " unseen", report->unseen);
    else
        fputs("unseen ones not known", out);
    if (report->suppressed)
        fprintf(out, "; %zu suppressed", report->suppressed);
    if (report->in_baseline)
        fprintf(out, "; %zu in the baseline", report->in_baseline);
    fputs("</dd>\n", out);
}

static void put_notes(const struct report *report, FILE *out) {
    if (!report->note_count)
        return;
    fputs("<h3>Notes</h3>\n<ul>\n", out);
    for (size_t i = 0; i < report->note_count; i++) {
        fputs("<li>", out);
        html_put(out, report->notes[i]);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
}

static void put_summary(const struct report *report, FILE *out) {
    fputs("<section aria-labelledby=\"summary\">\n<h2 id=\"summary\">Summary</h2>\n<dl>\n<dt>Found</dt><dd>",
          out);
    html_put_count(out, report->left_open, "handle", "handles");
    fputs(" at ", out);
    html_put_count(out, report->sites.count, "site", "sites");
    put_kinds(report, out);
    fprintf(out, "</dd>\n<dt>At the end</dt><dd>%zu released, %zu failed, %zu not released</dd>\n",
            report->released, report->release_failed, report->not_released);
    put_limit(report->first, out);
    put_coverage(report, out);
    fputs("</dl>\n", out);
    put_notes(report, out);
    fputs("</section>\n", out);
}

/* --- processes -------------------------------------------------------------------------------------------- */

static void put_member(FILE *out, const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    fputs("<td>", out);
    if (json_is_string(value))
        html_put(out, json_string_value(value));
    else if (json_is_integer(value))
        fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    fputs("</td>", out);
}

static void put_command(FILE *out, const struct process *process) {
    fputs("<td><code>", out);
    if (!*process->arguments)
        html_put(out, process->executable);
    for (char **argument = process->arguments; *argument; argument++) {
        fputs(argument == process->arguments ? "" : " ", out);
        html_put(out, *argument);
    }
    fputs("</code></td>", out);
}

static void put_process(FILE *out, const struct process *process, size_t left_open) {
    static const char *const members[] = {"pid", "ppid", "started", "ended", "end", "status"};
    json_t *object = json_object();
    render_json_process(object, process);
    fputs("<tr>", out);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        put_member(out, object, members[i]);
    fprintf(out, "<td>%zu</td>", left_open);
    put_command(out, process);
    fputs("</tr>\n", out);
    json_decref(object);
}

static size_t left_open_of(const struct report *report, const struct process *process) {
    for (size_t i = 0; i < report->process_count; i++)
        if (report->processes[i] == process)
            return report->left_open_of[i];
    return 0;
}

/* The first process, and whoever left something open. */
static void put_processes(const struct report *report, FILE *out) {
    size_t others = 0;
    fputs("<section aria-labelledby=\"processes\">\n<h2 id=\"processes\">Processes</h2>\n<table "
          "class=\"processes\"><caption>"
          "The first process, and whoever left something open</caption>\n<thead><tr><th "
          "scope=\"col\">Process</th>"
          "<th>Parent</th><th>Started</th><th>Ended</th>"
          "<th>By</th><th>Status</th><th>Open</th>"
          "<th>Command</th></tr></thead>\n<tbody>\n",
          out);
    put_process(out, report->first, left_open_of(report, report->first));
    for (size_t i = 0; i < report->process_count; i++) {
        if (!report->left_open_of[i] || report->processes[i] == report->first)
            continue;
        if (others++ < MOST_PROCESSES)
            put_process(out, report->processes[i], report->left_open_of[i]);
    }
    fputs("</tbody></table>\n", out);
    if (others > MOST_PROCESSES)
        fprintf(out, "<p>… and %zu more: the JSON report has them all.</p>\n", others - MOST_PROCESSES);
    fputs("</section>\n", out);
}

/* --- page ------------------------------------------------------------------------------------------------- */

/* What can be chosen, shown by the script: nobody else could do what it promises. */
static void put_controls(FILE *out) {
    fputs("<form id=\"filter\" hidden>\n"
          "<label>Text <input type=\"search\" name=\"text\"></label>\n"
          "<label>Kind <select name=\"kind\"><option value=\"\">all</option></select></label>\n"
          "<label>Module <select name=\"module\"><option value=\"\">all</option></select></label>\n"
          "<button type=\"reset\">Clear</button>\n<p role=\"status\" id=\"shown\"></p>\n</form>\n",
          out);
}

static void put_sites(const struct report *report, FILE *out) {
    fputs("<section aria-labelledby=\"where\">\n<h2 id=\"where\">Sites</h2>\n", out);
    put_controls(out);
    html_put_sites(report, out, &report->sites, "sites", "Where handles were opened that are still open");
    fputs("<p id=\"more\" hidden><button type=\"button\">Show more</button></p>\n</section>\n", out);
}

/* As the text report has it; each line is text of its own, since html_put shows newlines. */
static void put_besides(const struct report *report, FILE *out) {
    char *text = render_text_besides(report), *rest = text;
    if (*text) {
        fputs("<section aria-labelledby=\"besides\">\n<h2 id=\"besides\">Besides</h2>\n<pre>", out);
        for (char *line; (line = strsep(&rest, "\n"));) {
            html_put(out, line);
            fputc('\n', out);
        }
        fputs("</pre>\n</section>\n", out);
    }
    free(text);
}

/* Those of one origin together, with the stack that opened them there. */
static void put_inherited(const struct report *report, FILE *out) {
    const struct findings *inherited = &report->inherited;
    for (size_t first = 0, end; first < inherited->count; first = end) {
        const struct finding *finding = &inherited->list[first];
        for (end = first + 1; end < inherited->count; end++)
            if (origin_compare(&finding->origin, &inherited->list[end].origin) != 0)
                break;
        char *origin = origin_text(&finding->origin), *caption = memory_format("Inherited %s", origin);
        html_put_handles(out, finding, end - first, MOST_OTHERS, caption);
        if (*origin)
            html_put_stack(report, out, finding->trace);
        free(caption);
        free(origin);
    }
}

/* What is told of and does not count. */
static void put_others(const struct report *report, FILE *out) {
    if (!report->left_behind.count && !report->inherited.count && !report->unseen_list.count)
        return;
    fputs("<section aria-labelledby=\"others\">\n<h2 id=\"others\">Not counted</h2>\n", out);
    if (report->left_behind.count)
        html_put_sites(report, out, &report->left_behind, "left-behind",
                       "Left behind: it outlives its process");
    put_inherited(report, out);
    if (report->unseen_list.count)
        html_put_handles(out, report->unseen_list.list, report->unseen_list.count, MOST_OTHERS,
                         "Unseen: no call that was watched opened it");
    fputs("</section>\n", out);
}

void render_html(const struct report *report, FILE *out) {
    put_head(report, out);
    fputs("<body>\n<header>\n<h1>", out);
    put_headline(report, out);
    fputs("</h1>\n<label id=\"theme\" hidden>Colours <select><option value=\"\">as the system</option>"
          "<option value=\"light\">light</option><option value=\"dark\">dark</option></select></label>\n"
          "</header>\n<main>\n",
          out);
    put_summary(report, out);
    if (report->sites.count) {
        put_sites(report, out);
        html_put_flame(report, out);
        html_put_timeline(report, out);
    }
    put_besides(report, out);
    put_others(report, out);
    put_processes(report, out);
    fprintf(out, "</main>\n<footer><p>leftopen %s</p></footer>\n<script>%s</script>\n</body>\n</html>\n",
            LEFTOPEN_VERSION, html_script);
}
