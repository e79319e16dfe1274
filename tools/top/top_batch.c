/* top_batch.c - see top_batch.h */
#include "tools/top/top_batch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "tools/handles/what.h"

/* --- fields: never empty, never with a blank inside --------------------------------------------------------
 */

static void put_seconds(FILE *out, double seconds) {
    if (seconds < 0)
        fputs(" -", out);
    else
        fprintf(out, " %.0f", seconds);
}

static void put_rate(FILE *out, const struct trend *trend) {
    double per_minute;
    if (trend_per_minute(trend, &per_minute))
        fprintf(out, " %+.1f", per_minute);
    else
        fputs(" -", out);
}

static void put_limit(FILE *out, uint64_t limit) {
    if (!limit)
        fputs(" -", out);
    else if (limit == UINT64_MAX)
        fputs(" unlimited", out);
    else
        fprintf(out, " %" PRIu64, limit);
}

static void put_time(FILE *out) {
    char text[32];
    time_t now = time(NULL);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    fprintf(out, "sample %s\n", text);
}

/* --- lines ------------------------------------------------------------------------------------------------ */

static void put_process(FILE *out, const struct top_process *process) {
    fprintf(out, "process %d %" PRIu64, process->pid, process->descriptors);
    put_limit(out, process->limit);
    fprintf(out, " %" PRIu64 " %zu", process->handles, top_process_sites(process));
    put_rate(out, &process->trend);
    fprintf(out, " %+" PRId64, top_process_grown(process));
    put_seconds(out, top_process_left(process));
    put_seconds(out, process->oldest);
    fprintf(out, " %s\n", process->program);
}

static void put_site(FILE *out, const struct top_process *process, const struct top_site *site) {
    const struct activity_site *now = &site->now;
    fprintf(out, "site %d %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, process->pid, now->id, now->open,
            now->opened, now->closed, now->peak);
    put_rate(out, &site->trend);
    fprintf(out, " %+" PRId64, top_site_grown(site));
    put_seconds(out, now->oldest);
    fprintf(out, " %s %s\n", what_kind_word(now->kind), site->place);
}

void top_batch_write(const struct top_model *model, const struct top_view *view, FILE *out) {
    struct top_process **processes;
    size_t process_count = top_processes(model, view, &processes);
    put_time(out);
    for (size_t i = 0; i < process_count; i++) {
        struct top_site **sites;
        size_t site_count = top_sites(processes[i], view, &sites);
        put_process(out, processes[i]);
        for (size_t j = 0; j < site_count; j++)
            put_site(out, processes[i], sites[j]);
        free(sites);
    }
    free(processes);
    fputc('\n', out);
}
