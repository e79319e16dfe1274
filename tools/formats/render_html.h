/* render_html.h - the parts of the HTML page. Each writes one, complete and readable without style and script:
 * tools/formats/html/report.css and report.js only make it nicer. */
#ifndef TOOLS_RENDER_HTML_H
#define TOOLS_RENDER_HTML_H

#include <stdio.h>

#include "tools/formats/render.h"

/* Text from anywhere, between tags or in an attribute in double quotes: what a terminal would not show as it
 * is, is escaped as there, and nothing of it is markup. */
void html_put(FILE *out, const char *text);

/* "1 handle", "2 handles". */
void html_put_count(FILE *out, uint64_t count, const char *one, const char *many);

/* A table of sites, each with its stack and handles to unfold. `name` is its id and `caption` its heading. */
void html_put_sites(const struct report *report, FILE *out, const struct sites *sites, const char *name,
                    const char *caption);

/* The frames of a stack, as a list. */
void html_put_stack(const struct report *report, FILE *out, const struct trace *trace);

/* A table of handles, at most `most` of them; how many are left out is said below. */
void html_put_handles(FILE *out, const struct finding *findings, size_t count, size_t most,
                      const char *caption);

/* The stacks merged into one tree, as nested lists whose widths are shares of the handles or of their ages. */
void html_put_flame(const struct report *report, FILE *out);

/* How the handles became more: a curve, and the same in numbers. */
void html_put_timeline(const struct report *report, FILE *out);

#endif
