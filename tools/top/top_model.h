/* top_model.h - what a live view shows: processes and their sites from sample to sample, and in which order.
 *
 * It knows neither clock nor files nor screen: who takes the samples says what was seen and when. */
#ifndef TOOLS_TOP_MODEL_H
#define TOOLS_TOP_MODEL_H

#include "tools/findings/activity.h"
#include "tools/top/top_trend.h"

/* A process as one sample found it. */
struct top_seen {
    unsigned char name[16]; /* of its record: tells processes apart, also before and after an exec */
    int pid;
    const char *program;  /* any bytes */
    const char *source;   /* path of its record */
    uint64_t descriptors; /* in use, as the kernel counts them */
    uint64_t limit;       /* of these; 0 unknown, UINT64_MAX none */
    const struct activity *activity;
};

struct top_site {
    struct activity_site now;
    char *place; /* where handles are acquired, in one line that a terminal shows as it is */
    uint64_t marked;
    struct trend trend; /* of now.open */
    bool was_seen;
};

struct top_process {
    unsigned char name[16];
    int pid;
    char *program; /* as a terminal shows it */
    char *source;
    uint64_t descriptors, limit;
    uint64_t handles;   /* held */
    double oldest;      /* seconds that one of them has been open; negative: none, or not known */
    uint64_t marked;    /* descriptors at the mark */
    struct trend trend; /* of descriptors */
    struct top_site **sites;
    size_t site_count;
    bool was_seen;
};

struct top_model {
    struct top_process **processes;
    size_t process_count;
    size_t samples;
    char *ended; /* the process that ended last, in words; NULL: none did */
};

/* Orders of rows, see the table in top_model.c. */
enum top_sort {
    TOP_SORT_OPEN,
    TOP_SORT_RATE,
    TOP_SORT_GROWN,
    TOP_SORT_LIMIT,
    TOP_SORT_OLDEST,
    TOP_SORT_NAME,
    TOP_SORT_COUNT
};

/* What is shown of the model. */
struct top_view {
    enum top_sort sort;
    bool is_reversed;
    bool grown_only;    /* since the mark */
    bool with_empty;    /* sites too that hold nothing now */
    const char *filter; /* NULL or "": all */
};

/* All zero is an empty model. A sample: begin, every process that was seen, end at `when` (ns,
 * CLOCK_MONOTONIC). What was not seen is dropped. */
void top_sample_begin(struct top_model *model);
void top_sample_take(struct top_model *model, const struct top_seen *seen);
void top_sample_end(struct top_model *model, uint64_t when);

/* From now on growth is counted from here. Before the first mark it is counted from the first sample. What
 * appears later had nothing at the mark. */
void top_mark(struct top_model *model);

/* Sites that hold something now. */
size_t top_process_sites(const struct top_process *process);

/* How much more there is than at the mark. */
int64_t top_process_grown(const struct top_process *process);
int64_t top_site_grown(const struct top_site *site);

/* Seconds until the process is at its limit at this rate; 0: it is there; negative: never, or not known. */
double top_process_left(const struct top_process *process);

/* The rows to show, in their order. Returns how many; the caller frees the array *rows. A process is shown if
 * it or one of its sites fits the view; only sites that fit are. */
size_t top_processes(const struct top_model *model, const struct top_view *view, struct top_process ***rows);
size_t top_sites(const struct top_process *process, const struct top_view *view, struct top_site ***rows);

/* The order's name, and the order of that name (TOP_SORT_COUNT: none). */
const char *top_sort_name(enum top_sort sort);
enum top_sort top_sort_named(const char *name);

void top_model_end(struct top_model *model);

#endif
