/* growth.c - see growth.h */
#include "tools/commands/growth.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/findings/activity.h"
#include "tools/findings/places.h"
#include "tools/formats/render.h"
#include "tools/handles/live.h"
#include "tools/records/living.h"
#include "tools/records/record_reader.h"

enum { SITES_SHOWN = 3 };

struct growth {
    struct symbols *symbols;
    struct activity last;
};

struct growth *growth_begin(struct symbols *symbols) {
    struct growth *growth = memory_new(1, sizeof *growth);
    growth->symbols = symbols;
    return growth;
}

static void look(struct growth *growth, const struct folder_list *records, struct activity *now) {
    for (size_t i = 0; i < records->count; i++) {
        int status;
        warnings_hush(true); /* what is wrong with a record the report at the end says */
        struct process *process = record_read(records->paths[i], true, &status);
        warnings_hush(false);
        if (process && render_is_live(process)) {
            struct activity one;
            live_limits(process, living_pid(process));
            activity_take(&one, growth->symbols, process);
            activity_merge(now, &one);
            activity_end(&one);
        }
        record_end(process);
    }
}

/* A site that has grown since the last look. */
struct grown {
    const struct activity_site *site;
    int64_t by;
};

static int most_first(const void *left, const void *right) {
    const struct grown *one = left, *other = right;
    return (one->by < other->by) - (one->by > other->by);
}

static size_t find_grown(const struct activity *last, const struct activity *now, struct grown *grown) {
    size_t count = 0;
    for (size_t i = 0; i < now->site_count; i++) {
        const struct activity_site *site = &now->sites[i], *before = activity_find(last, site->id);
        int64_t by = (int64_t)site->open - (int64_t)(before ? before->open : 0);
        if (by > 0)
            grown[count++] = (struct grown){site, by};
    }
    if (count)
        qsort(grown, count, sizeof *grown, most_first);
    return count;
}

static void put_grown(FILE *out, const struct activity *last, const struct activity *now) {
    struct grown *grown = memory_new(now->site_count, sizeof *grown);
    size_t count = find_grown(last, now, grown), shown = count < SITES_SHOWN ? count : SITES_SHOWN;
    const struct activity_site *sites[SITES_SHOWN];
    for (size_t i = 0; i < shown; i++)
        sites[i] = grown[i].site;
    char **places = places_tell(sites, shown);
    for (size_t i = 0; i < shown; i++) {
        fprintf(out, "%s +%" PRId64 " %s in %s", i ? "," : "; grew:", grown[i].by, sites[i]->call, places[i]);
        free(places[i]);
    }
    if (count > shown)
        fprintf(out, ", and %zu more sites", count - shown);
    free(places);
    free(grown);
}

static void put_line(FILE *out, const struct activity *last, const struct activity *now) {
    time_t seconds = time(NULL);
    char date[32] = "";
    struct tm local;
    if (localtime_r(&seconds, &local))
        strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &local);
    fprintf(out, "leftopen: %s: %zu process%s, %" PRIu64 " handle%s open (%+" PRId64 ")", date, now->processes,
            now->processes == 1 ? "" : "es", now->open, now->open == 1 ? "" : "s",
            (int64_t)now->open - (int64_t)last->open);
    if (now->processes)
        fprintf(out, ", %sdescriptors %" PRIu64, now->processes > 1 ? "fullest: " : "", now->fullest);
    if (now->limit && now->limit != UINT64_MAX)
        fprintf(out, "/%" PRIu64, now->limit);
    put_grown(out, last, now);
    fputc('\n', out);
}

char *growth_line(struct growth *growth, const struct folder_list *records) {
    struct activity now = {0};
    look(growth, records, &now);
    char *line = NULL;
    size_t size;
    FILE *out = open_memstream(&line, &size);
    if (!out)
        exit(failure(EXIT_OWN_FAILURE, "out of memory"));
    put_line(out, &growth->last, &now);
    fclose(out);
    activity_end(&growth->last);
    growth->last = now;
    return line;
}

void growth_end(struct growth *growth) {
    activity_end(&growth->last);
    free(growth);
}
