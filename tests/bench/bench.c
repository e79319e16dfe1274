/* bench.c - what the library costs: each kind of work with and without it, taking turns.
 *
 *   bench [-s] [-p PAIRS] [-r ROWS] BUILD
 *
 * For each row and each pair, `work` (work.c) is started once per side: bare, under the library, under its
 * peers. All live at once and run a short burst in turn, so that whatever else the machine does meets all
 * alike. A pair's cost is the median of its bursts, its ratio that cost by the bare one's; the table shows the
 * median, lowest and highest of the pairs. BUILD/bench.json has the same, with every pair.
 *
 * -s: smoke, everything once and little of it, into BUILD/bench-smoke.json. -r: only rows whose name has that
 * text. */
#include <err.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/worker.h"

enum {
    PAIRS = 11,
    MOST_PAIRS = 99,
    ROUNDS = 40,                  /* bursts a side and pair at most */
    PAIR_NANOSECONDS = 300000000, /* no new round after that */
    SLOW_PAIRS = 3,               /* of peers that slow the work down manifold */
    SLOW_ROUNDS = 2,
    SMOKE_LESS = 50, /* fewer operations */
};

/* ---- what is compared ---- */

enum side_index { BARE, LEFTOPEN, NO_MISUSE, MISUSE_USES, EMPTY, VALGRIND, STRACE, LTRACE, HEAPTRACK, SIDES };

struct side {
    const char *name;
    const char *library; /* in BUILD, or NULL */
    const char *command; /* its first word looked up in PATH; or NULL */
    unsigned less;       /* how many times fewer operations */
    const char *options; /* LEFTOPEN_OPTIONS, or NULL */
};

static const struct side sides[SIDES] = {
    [BARE] = {"bare", NULL, NULL, 1, NULL},
    [LEFTOPEN] = {"leftopen", "libleftopen.so", NULL, 1, NULL},
    [NO_MISUSE] = {"leftopen, misuse=0", "libleftopen.so", NULL, 1, "misuse=0"},
    [MISUSE_USES] = {"leftopen, misuse=2", "libleftopen.so", NULL, 1, "misuse=2"},
    [EMPTY] = {"an empty preload", "bench/empty.so", NULL, 1, NULL},
    [VALGRIND] = {"valgrind --track-fds=yes", NULL, "valgrind -q --track-fds=yes", 20, NULL},
    [STRACE] = {"strace -f -e trace=desc", NULL, "strace -f -q -o /dev/null -e trace=desc", 20, NULL},
    [LTRACE] = {"ltrace -f -e open+close", NULL, "ltrace -f -o /dev/null -e open+close", 20, NULL},
    [HEAPTRACK] = {"heaptrack", NULL, "heaptrack -o /tmp/leftopen-bench-heaptrack", 20, NULL},
};

enum {
    NO_PEERS = 0,
    EMPTY_TOO = 1 << EMPTY,
    STRACE_TOO = 1 << STRACE,
    MISUSE_TOO = 1 << NO_MISUSE | 1 << MISUSE_USES,
    TOOLS_TOO = 1 << VALGRIND | 1 << STRACE,
    LTRACE_TOO = 1 << LTRACE, /* where calls cost it some 100 us each */
    ALL_TOO = MISUSE_TOO | TOOLS_TOO | LTRACE_TOO,
    START_TOO = EMPTY_TOO | TOOLS_TOO | LTRACE_TOO | 1 << HEAPTRACK
};

/* ---- the rows: one line each ---- */

enum where { INSIDE, OUTSIDE }; /* OUTSIDE: only what `work` executes is measured, not `work` itself */

struct row {
    const char *name, *kind, *program;
    unsigned frames, threads, held, operations;
    enum where where;
    int peers;
    double most; /* the budget: a ratio, or where below 0 what may be added, in nanoseconds; 0: none */
};

/* clang-format off */
static const struct row rows[] = {
    /* name                              kind             program    frames threads held  operations       peers                  budget */
    {"open+close",                      "open",          "work",        16,  1,     0,   1000, INSIDE,  ALL_TOO,                1.05},
    {"open+close, 10 frames",           "open",          "work",        10,  1,     0,   1000, INSIDE,  NO_PEERS,               1.05},
    {"open+close, 24 frames",           "open",          "work",        24,  1,     0,   1000, INSIDE,  NO_PEERS,               0},
    {"open+close, 32 frames",           "open",          "work",        32,  1,     0,   1000, INSIDE,  NO_PEERS,               0},
    {"open+close, 40 frames",           "open",          "work",        40,  1,     0,   1000, INSIDE,  NO_PEERS,               1.12},
    {"open+close, frame pointers",      "open",          "work-fp",     16,  1,     0,   1000, INSIDE,  NO_PEERS,               1.05},
    {"socket+close",                    "socket",        "work",        16,  1,     0,    500, INSIDE,  ALL_TOO,                1.03},
    {"socket+close, 40 frames",         "socket",        "work",        40,  1,     0,    500, INSIDE,  NO_PEERS,               1.12},
    {"dup+close",                       "dup",           "work",        16,  1,     0,   3000, INSIDE,  ALL_TOO,                1.25},
    {"dup+close, 40 frames",            "dup",           "work",        40,  1,     0,   3000, INSIDE,  NO_PEERS,               0},
    {"dup+close, 64 sites in turn",     "dup-sites",     "work",        10,  1,     0,   3000, INSIDE,  NO_PEERS,               1.25},
    {"fopen+fclose",                    "fopen",         "work",        16,  1,     0,   1000, INSIDE,  ALL_TOO,                1.06},
    {"fopen+fclose, 40 frames",         "fopen",         "work",        40,  1,     0,   1000, INSIDE,  NO_PEERS,               1.12},
    {"opendir+closedir",                "opendir",       "work",        16,  1,     0,   1000, INSIDE,  ALL_TOO,                1.06},
    {"opendir+closedir, 40 frames",     "opendir",       "work",        40,  1,     0,   1000, INSIDE,  NO_PEERS,               1.12},
    {"close of an unknown number",      "close-unknown", "work",        16,  1,     0,   5000, INSIDE,  MISUSE_TOO,              -10},
    {"close of an unknown, 40 frames",  "close-unknown", "work",        40,  1,     0,   5000, INSIDE,  NO_PEERS,                -10},
    {"open+close, 2 threads",           "open",          "work",        16,  2,     0,   2000, INSIDE,  NO_PEERS,            1 / .95},
    {"open+close, 8 threads",           "open",          "work",        16,  8,     0,    500, INSIDE,  NO_PEERS,            1 / .95},
    {"open+close, 64 threads",          "open",          "work",        16, 64,     0,    100, INSIDE,  NO_PEERS,            1 / .95},
    {"accept+close, 2 threads",         "accept",        "work",        16,  2,     0,   1000, INSIDE,  NO_PEERS,            1 / .95},
    {"accept+close, 8 threads",         "accept",        "work",        16,  8,     0,    250, INSIDE,  NO_PEERS,            1 / .95},
    {"accept+close, 64 threads",        "accept",        "work",        16, 64,     0,     32, INSIDE,  NO_PEERS,            1 / .95},
    {"open+close, 1,000 open",          "open",          "work",        16,  1,  1000,   1000, INSIDE,  NO_PEERS,               1.05},
    {"open+close, 19,000 open",         "open",          "work",        16,  1, 19000,   1000, INSIDE,  NO_PEERS,               1.05},
    {"true: start to end",              "spawn-true",    "work",        16,  1,     0,      1, OUTSIDE, START_TOO,             -80e3},
    {"cat of one file: start to end",   "spawn-cat",     "work",        16,  1,     0,      1, OUTSIDE, EMPTY_TOO,                 0},
    {"posix_spawn of true by a watched","spawn-true",    "work",        16,  1,    10,      1, INSIDE,  EMPTY_TOO,              1.15},
    {"vfork+exec of true by a watched", "vfork",         "work",        16,  1,    10,      1, INSIDE,  EMPTY_TOO,              1.15},
    {"fork+exit of a child",            "fork",          "work",        16,  1,    10,      1, INSIDE,  EMPTY_TOO,              1.15},
    {"script of 200 true and cat",      "spawn-script",  "work",        16,  1,     0,      1, OUTSIDE, EMPTY_TOO | STRACE_TOO, 1.15},
};
/* clang-format on */
enum { ROWS = sizeof rows / sizeof *rows };

static const char *build, *only = "";
static unsigned pairs = PAIRS;
static int smoke;

/* ---- numbers ---- */

struct series {
    unsigned count;
    double value[MOST_PAIRS];
};

static int by_value(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static double at(const struct series *series, double part) {
    struct series sorted = *series;
    qsort(sorted.value, sorted.count, sizeof *sorted.value, by_value);
    double place = part * (sorted.count - 1);
    unsigned below = (unsigned)place, above = below + (below + 1 < sorted.count);
    return sorted.value[below] + (place - below) * (sorted.value[above] - sorted.value[below]);
}

static double median(const struct series *series) { return at(series, 0.5); }
static void add(struct series *series, double value) { series->value[series->count++] = value; }

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC_RAW, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- which sides can take part ---- */

/* Whether the first word of `command` is found in PATH. */
static int installed(const char *command) {
    char path[4096], *folders = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    int found = 0;
    for (char *rest = folders, *folder; (folder = strsep(&rest, ":"));) {
        snprintf(path, sizeof path, "%s/%.*s", folder, (int)strcspn(command, " "), command);
        found |= !access(path, X_OK);
    }
    free(folders);
    return found;
}

static int takes_part(const struct row *row, int side) {
    if (side > LEFTOPEN && !(row->peers & 1 << side))
        return 0;
    return !sides[side].command || (!smoke && installed(sides[side].command));
}

static int fits(const struct row *row) {
    struct rlimit limit;
    return !getrlimit(RLIMIT_NOFILE, &limit) && row->held + 64 < limit.rlim_max;
}

/* ---- one row ---- */

struct result {
    struct series cost, ratio, added; /* a pair each */
};

static unsigned less(unsigned operations, unsigned times) {
    return operations / times ? operations / times : 1;
}

static struct worker start(const struct row *row, int side) {
    const struct side *about = &sides[side];
    char program[4096], library[4096];
    snprintf(program, sizeof program, "%s/bench/%s", build, row->program);
    snprintf(library, sizeof library, "%s/%s", build, about->library ? about->library : "");
    return worker_start(&(struct worker_request){
        .program = program,
        .kind = row->kind,
        .frames = row->frames,
        .threads = row->threads,
        .held = row->held,
        .operations = less(row->operations, smoke ? SMOKE_LESS : about->less),
        .preload = about->library ? library : NULL,
        .command = about->command,
        .outside = row->where == OUTSIDE,
        .quiet = about->command != NULL,
        .options = about->options,
    });
}

/* `sides_now`: a bit for each side. The first burst warms up; with one round only, it is the one that counts.
 */
static void bursts(const struct row *row, unsigned sides_now, struct series cost[SIDES]) {
    struct worker worker[SIDES];
    for (int i = 0; i < SIDES; i++)
        if (sides_now & 1U << i) {
            worker[i] = start(row, i);
            worker_burst(&worker[i]);
        }
    double until = 0; /* the slow ones take none of the others' time */
    for (unsigned round = 0; round < (smoke ? 1 : ROUNDS) && (round <= SLOW_ROUNDS || seconds() < until);
         round++) {
        if (round == SLOW_ROUNDS)
            until = seconds() + PAIR_NANOSECONDS / 1e9;
        for (int turn = 0; turn < SIDES; turn++) {
            int side = round % 2 ? SIDES - 1 - turn : turn;
            if (sides_now & 1U << side && (round < SLOW_ROUNDS || !sides[side].command))
                add(&cost[side], worker_burst(&worker[side]));
        }
    }
    for (int i = 0; i < SIDES; i++)
        if (sides_now & 1U << i)
            worker_stop(&worker[i]);
}

static void one_pair(const struct row *row, unsigned pair, struct result result[SIDES]) {
    struct series cost[SIDES] = {0};
    unsigned sides_now = 0;
    for (int i = 0; i < SIDES; i++)
        if (takes_part(row, i) && (pair < SLOW_PAIRS || !sides[i].command))
            sides_now |= 1U << i;
    bursts(row, sides_now, cost);
    double bare = median(&cost[BARE]);
    for (int i = 0; i < SIDES; i++) {
        if (!cost[i].count)
            continue;
        add(&result[i].cost, median(&cost[i]));
        add(&result[i].ratio, median(&cost[i]) / bare);
        add(&result[i].added, median(&cost[i]) - bare);
    }
}

/* ---- what is shown ---- */

static void print_head(void) {
    printf("%-36s %11s %11s %11s  %6s %6s %6s  %s\n", "", "bare", "with", "added", "ratio", "lowest", "highest",
           "budget");
    printf("%-36s %11s %11s %11s  %6s %6s %6s\n", "work", "ns", "ns", "ns", "median", "", "");
}

static int over(const struct row *row, const struct result *result) {
    if (row->most < 0)
        return median(&result->added) > -row->most;
    return row->most > 0 && median(&result->ratio) > row->most;
}

static void print_side(const struct row *row, int side, const struct result result[SIDES]) {
    const struct result *with = &result[side];
    char name[64], budget[32] = "";
    snprintf(name, sizeof name, "%s%s", side == LEFTOPEN ? "" : "    ",
             side == LEFTOPEN ? row->name : sides[side].name);
    if (side == LEFTOPEN && row->most)
        snprintf(budget, sizeof budget, row->most < 0 ? "+%.0f ns%s" : "%.2f%s",
                 row->most < 0 ? -row->most : row->most, over(row, with) ? "  over" : "");
    printf("%-36s %11.1f %11.1f %11.1f  %6.3f %6.3f %6.3f  %s\n", name, median(&result[BARE].cost),
           median(&with->cost), median(&with->added), median(&with->ratio), at(&with->ratio, 0),
           at(&with->ratio, 1), budget);
}

static json_t *numbers(const struct series *series) {
    json_t *array = json_array();
    for (unsigned i = 0; i < series->count; i++)
        json_array_append_new(array, json_real(series->value[i]));
    return array;
}

static json_t *summary(const struct series *series) {
    return json_pack("{s:f, s:f, s:f, s:o}", "min", at(series, 0), "median", median(series), "max",
                     at(series, 1), "pairs", numbers(series));
}

static json_t *describe(const struct row *row, const struct result result[SIDES]) {
    json_t *with = json_object();
    for (int i = 0; i < SIDES; i++)
        if (result[i].cost.count)
            json_object_set_new(with, sides[i].name,
                                json_pack("{s:o, s:o, s:o}", "ns", summary(&result[i].cost), "added_ns",
                                          summary(&result[i].added), "ratio", summary(&result[i].ratio)));
    json_t *budget = row->most < 0   ? json_pack("{s:f}", "added_ns", -row->most)
                     : row->most > 0 ? json_pack("{s:f}", "ratio", row->most)
                                     : json_null();
    return json_pack("{s:s, s:s, s:i, s:i, s:i, s:b, s:o, s:b, s:o}", "work", row->name, "kind", row->kind,
                     "frames", row->frames, "threads", row->threads, "open", row->held, "outside",
                     row->where == OUTSIDE, "budget", budget, "over", over(row, &result[LEFTOPEN]), "sides",
                     with);
}

static void write_json(json_t *list) {
    char path[4096];
    struct utsname machine;
    uname(&machine);
    snprintf(path, sizeof path, "%s/%s", build, smoke ? "bench-smoke.json" : "bench.json");
    json_t *all = json_pack("{s:s, s:{s:s, s:s, s:i}, s:i, s:o}", "schema", "leftopen.bench/1", "machine",
                            "kernel", machine.release, "architecture", machine.machine, "processors",
                            (int)sysconf(_SC_NPROCESSORS_ONLN), "pairs", pairs, "rows", list);
    if (!all || json_dump_file(all, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6)))
        errx(1, "%s: cannot be written", path);
    json_decref(all);
}

static void one_row(const struct row *row, json_t *list) {
    struct result result[SIDES] = {0};
    if (!fits(row)) {
        printf("%-36s needs more descriptors than this process may have\n", row->name);
        return;
    }
    for (unsigned pair = 0; pair < pairs; pair++)
        one_pair(row, pair, result);
    for (int i = LEFTOPEN; i < SIDES; i++)
        if (result[i].cost.count)
            print_side(row, i, result);
    fflush(stdout);
    json_array_append_new(list, describe(row, result));
}

static void options(int count, char **words) {
    for (int option; (option = getopt(count, words, "sp:r:")) >= 0;) {
        if (option == 's')
            smoke = 1;
        else if (option == 'p')
            pairs = (unsigned)atoi(optarg);
        else if (option == 'r')
            only = optarg;
        else
            exit(64);
    }
    if (smoke)
        pairs = 1;
    if (optind + 1 != count || pairs < 1 || pairs > MOST_PAIRS)
        errx(64, "usage: bench [-s] [-p PAIRS] [-r ROWS] BUILD");
    build = realpath(words[optind], NULL);
    if (!build)
        err(66, "%s", words[optind]);
}

int main(int count, char **words) {
    options(count, words);
    double begin = seconds();
    json_t *list = json_array();
    print_head();
    for (int i = 0; i < ROWS; i++)
        if (strstr(rows[i].name, only))
            one_row(&rows[i], list);
    write_json(list);
    printf("%u pairs in turn, %.0f s\n", pairs, seconds() - begin);
    return 0;
}
