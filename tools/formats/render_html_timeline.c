/* render_html_timeline.c - how the handles that were left open became more. What was closed in time is in no
 * record, so it is not drawn. */
#include <stdlib.h>

#include "tools/basics/duration.h"
#include "tools/basics/json_values.h"
#include "tools/basics/memory.h"
#include "tools/formats/render_html.h"

enum {
    STEPS = 500, /* of the curve */
    HEIGHT = 100,
    ROWS = 10 /* of the table, besides that of the start */
};

#define SECOND 1e9

/* One handle becomes open (+1), or its process ends (-1). */
struct event {
    double at; /* ns of CLOCK_REALTIME */
    int change;
};

struct timeline {
    struct event *events;
    size_t count, untimed;
    double begin, end; /* ns of CLOCK_REALTIME */
    size_t open[STEPS], most;
};

/* --- events ----------------------------------------------------------------------------------------------- */

static void add_event(struct timeline *timeline, double at, int change) {
    timeline->events = memory_grow(timeline->events, timeline->count, sizeof *timeline->events);
    timeline->events[timeline->count++] = (struct event){at, change};
    if (timeline->count == 1 || at < timeline->begin)
        timeline->begin = at;
    if (timeline->count == 1 || at > timeline->end)
        timeline->end = at;
}

static void add_handle(struct timeline *timeline, const struct finding *finding) {
    const struct process *process = finding->process;
    if (finding->age < 0 || !process->started_realtime || !finding->handle->opened) {
        timeline->untimed++;
        return;
    }
    double since_start = (double)finding->handle->opened - (double)process->started_monotonic;
    double opened = (double)process->started_realtime + (since_start > 0 ? since_start : 0);
    add_event(timeline, (double)process->started_realtime, 0);
    add_event(timeline, opened, 1);
    add_event(timeline, opened + finding->age * SECOND, -1);
}

static int compare_events(const void *one, const void *other) {
    const struct event *a = one, *b = other;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return b->change - a->change; /* what opens at the very end was open */
}

/* The most that were open in each step. */
static void count_steps(struct timeline *timeline) {
    size_t next = 0, open = 0;
    double span = timeline->end - timeline->begin;
    for (size_t step = 0; step < STEPS; step++) {
        double until = timeline->begin + span * (double)(step + 1) / STEPS;
        bool is_last = step == STEPS - 1;
        size_t most = open;
        for (; next < timeline->count && (is_last || timeline->events[next].at < until); next++) {
            open += (size_t)timeline->events[next].change;
            most = open > most ? open : most;
        }
        timeline->open[step] = most;
        timeline->most = most > timeline->most ? most : timeline->most;
    }
}

/* --- page ------------------------------------------------------------------------------------------------- */

static void put_instant(FILE *out, double nanoseconds) {
    json_t *instant = json_value_instant((uint64_t)nanoseconds);
    if (json_is_string(instant))
        fputs(json_string_value(instant), out);
    json_decref(instant);
}

static void put_curve(const struct timeline *timeline, FILE *out) {
    fprintf(out,
            "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
            "aria-label=\"Handles that were left open, over time: from 0 to %zu\"><path d=\"M0 %d",
            STEPS, HEIGHT, timeline->most, HEIGHT);
    for (size_t step = 0; step < STEPS; step++) {
        if (!step || timeline->open[step] != timeline->open[step - 1])
            fprintf(out, "H%zuV%.4g", step,
                    HEIGHT - HEIGHT * (double)timeline->open[step] / (double)timeline->most);
    }
    fprintf(out, "H%dV%dZ\"/></svg>\n", STEPS, HEIGHT);
}

static void put_rows(const struct timeline *timeline, FILE *out) {
    double span = (timeline->end - timeline->begin) / SECOND;
    fputs("<details><summary>In numbers</summary>\n<table><caption>Handles that were left open, over "
          "time</caption>"
          "<thead><tr><th>After</th><th>Open</th></tr></thead>\n<tbody>\n",
          out);
    for (size_t row = 0; row <= ROWS; row++) {
        char *after = duration_text(span * (double)row / ROWS);
        fprintf(out, "<tr><td>%s</td><td>%zu</td></tr>\n", after,
                timeline->open[row ? row * STEPS / ROWS - 1 : 0]);
        free(after);
    }
    fputs("</tbody></table></details>\n", out);
}

static void put_axes(const struct timeline *timeline, FILE *out) {
    char *span = duration_text((timeline->end - timeline->begin) / SECOND);
    fprintf(out, "<p class=\"axis\"><span>%zu open</span></p>\n", timeline->most);
    put_curve(timeline, out);
    fputs("<p class=\"axis\"><span>", out);
    put_instant(out, timeline->begin);
    fprintf(out, "</span><span>%s later</span></p>\n", span);
    free(span);
}

void html_put_timeline(const struct report *report, FILE *out) {
    struct timeline timeline = {0};
    for (size_t i = 0; i < report->sites.count; i++)
        for (size_t k = 0; k < report->sites.list[i].count; k++)
            add_handle(&timeline, &report->sites.list[i].findings[k]);
    fputs("<section aria-labelledby=\"timeline\">\n<h2 id=\"timeline\">Timeline</h2>\n", out);
    if (timeline.count && timeline.end > timeline.begin) {
        qsort(timeline.events, timeline.count, sizeof *timeline.events, compare_events);
        count_steps(&timeline);
        fputs("<p>The handles of this report, from when each was opened until its process ended. "
              "Those that were closed in time are not in it.</p>\n",
              out);
        put_axes(&timeline, out);
        put_rows(&timeline, out);
    } else {
        fprintf(out, "<p>%s</p>\n",
                timeline.count ? "The program ran too briefly for one."
                               : "When the handles were opened is not known.");
    }
    if (timeline.count && timeline.untimed) {
        fputs("<p>Not drawn, since the time is not known: ", out);
        html_put_count(out, timeline.untimed, "handle", "handles");
        fputs(".</p>\n", out);
    }
    fputs("</section>\n", out);
    free(timeline.events);
}
