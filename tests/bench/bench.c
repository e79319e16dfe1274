/* bench.c - what the library costs: each kind of work with and without it, taking turns.
 *
 *   bench [-a] [-s] [-p PAIRS] [-r ROWS] BUILD
 *
 * For each row (rows.c) and each pair, `work` (work.c) or its like is started once per side: bare, under the
 * library, under its peers. All live at once and run a short burst in turn, so that whatever else the machine
 * does meets all alike. A pair's cost is the median of its bursts, its ratio that cost by the bare one's; the
 * table shows the median, lowest and highest of the pairs, and the ratio by the clock on the wall where that is
 * no measure of the work alone. BUILD/bench.json has the same, with every pair.
 *
 * -a: alone, without the peers that slow the work down manifold. -s: smoke, everything once and little of it,
 * into BUILD/bench-smoke.json. -r: only rows whose name this regular expression finds. */
#include <err.h>
#include <jansson.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/rows.h"
#include "tests/bench/worker.h"

enum {
    PAIRS = 11,
    MOST_PAIRS = 99,
    ROUNDS = 40,    /* bursts a side and pair at most */
    SLOW_PAIRS = 3, /* of peers that slow the work down manifold */
    SLOW_ROUNDS = 2,
    SMOKE_LESS = 50, /* fewer operations */
};

#define PAIR_SECONDS 0.3       /* no new round after that */
#define WHOLE_PAIR_SECONDS 1.0 /* where whole programs run */

static const char *build;
static regex_t only;
static unsigned pairs = PAIRS;
static int alone, smoke;

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
    if (side == (int)row->base || side == LEFTOPEN)
        return 1;
    return row->peers & 1 << side && (!sides[side].command || (!alone && installed(sides[side].command)));
}

/* Makes what a whole program works on. */
static int prepared(const struct row *row) {
    char command[4096];
    snprintf(command, sizeof command, "'%s/bench/%s' %s", build, row->program, row->kind);
    return !row_is_whole(row) || !system(command);
}

/* Why the row cannot be measured here, or NULL. */
static const char *skipped(const struct row *row) {
    static char reason[128];
    struct rlimit limit;
    for (const char *program = row->needs ? row->needs : ""; *program; program += strspn(program, " ")) {
        int length = (int)strcspn(program, " ");
        snprintf(reason, sizeof reason, "%.*s is not installed (make bench-deps)", length, program);
        if (!installed(program))
            return reason;
        program += length;
    }
    if (smoke && row->client)
        return "servers are no part of a short look";
    if (!row->streams && !getrlimit(RLIMIT_NOFILE, &limit) && row->held + 64 >= limit.rlim_max)
        return "needs more descriptors than this process may have";
    return prepared(row) ? NULL : "what it works on could not be made, see above";
}

/* ---- one row ---- */

struct result {
    struct series cost, added, ratio, clock; /* a pair each; clock: the ratio on the wall */
    int failed;
};

/* A side of a pair. */
struct turn {
    struct worker worker;
    int lives;
    struct series cost, clock; /* a burst each */
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
        .held = less(about->held ? about->held : row->held, smoke && row->held ? SMOKE_LESS : 1),
        .operations = less(row->operations, smoke ? SMOKE_LESS : about->less),
        .preload = about->library ? library : NULL,
        .command = about->command,
        .outside = row->where == OUTSIDE,
        .quiet = about->command != NULL,
        .options = about->options ? about->options : row->options,
    });
}

static void one_burst(struct turn *turn, int counts) {
    struct answer answer;
    turn->lives = turn->lives && worker_burst(&turn->worker, &answer);
    if (!turn->lives || !counts)
        return;
    add(&turn->cost, answer.nanoseconds);
    add(&turn->clock, answer.clock);
}

/* The first burst warms up, but for whole programs, which are long. The time of slow sides is none of the
 * others'. */
static void rounds(const struct row *row, struct turn turns[SIDES]) {
    int whole = row_is_whole(row);
    for (int i = 0; i < SIDES && !whole; i++)
        one_burst(&turns[i], 0);
    unsigned slow = whole || smoke ? 1 : SLOW_ROUNDS, least = whole || smoke ? 1 : SLOW_ROUNDS + 1;
    double left = smoke ? 0 : whole ? WHOLE_PAIR_SECONDS : PAIR_SECONDS;
    for (unsigned round = 0; round < ROUNDS && (round < least || left > 0); round++)
        for (int i = 0; i < SIDES; i++) {
            int side = round % 2 ? SIDES - 1 - i : i;
            double begin = seconds();
            if (!sides[side].command || round < slow)
                one_burst(&turns[side], 1);
            if (!sides[side].command && round + 1 >= least)
                left -= seconds() - begin;
        }
}

static void one_pair(const struct row *row, unsigned pair, struct result result[SIDES]) {
    struct turn turns[SIDES] = {0};
    unsigned sides_now = 0;
    for (int i = 0; i < SIDES; i++)
        if (takes_part(row, i) && !result[i].failed && (pair < SLOW_PAIRS || !sides[i].command)) {
            sides_now |= 1U << i;
            turns[i].worker = start(row, i);
            turns[i].lives = 1;
        }
    rounds(row, turns);
    for (int i = 0; i < SIDES; i++)
        if (sides_now & 1U << i)
            result[i].failed = !worker_stop(&turns[i].worker) || !turns[i].lives;
    if (result[row->base].failed)
        return;
    double base = median(&turns[row->base].cost), base_clock = median(&turns[row->base].clock);
    for (int i = 0; i < SIDES; i++) {
        if (!(sides_now & 1U << i) || result[i].failed)
            continue;
        add(&result[i].cost, median(&turns[i].cost));
        add(&result[i].ratio, median(&turns[i].cost) / base);
        add(&result[i].added, median(&turns[i].cost) - base);
        add(&result[i].clock, median(&turns[i].clock) / base_clock);
    }
}

/* ---- what is shown ---- */

static void print_head(void) {
    printf("%-36s %11s %11s %11s  %6s %6s %6s %6s  %s\n", "", "bare", "with", "added", "ratio", "lowest",
           "highest", "clock", "budget");
    printf("%-36s %11s %11s %11s  %6s %6s %6s %6s\n", "work", "ns", "ns", "ns", "median", "", "", "median");
}

static int over(const struct row *row, const struct result *result) {
    if (row->most < 0)
        return median(&result->added) > -row->most;
    return row->most > 0 && median(&result->ratio) > row->most;
}

static void print_nanoseconds(double value) { printf(" %11.*f", value < 1e6 ? 1 : 0, value); }

static void print_side(const struct row *row, int side, const struct result result[SIDES]) {
    const struct result *with = &result[side];
    if (side == LEFTOPEN)
        printf("%-36s", row->name);
    else
        printf("    %-32s", sides[side].name);
    if (with->failed || !with->cost.count) {
        printf(" failed\n");
        return;
    }
    print_nanoseconds(median(&result[row->base].cost));
    print_nanoseconds(median(&with->cost));
    print_nanoseconds(median(&with->added));
    printf("  %6.3f %6.3f %6.3f %6.3f", median(&with->ratio), at(&with->ratio, 0), at(&with->ratio, 1),
           median(&with->clock));
    if (side == LEFTOPEN && row->most)
        printf(row->most < 0 ? "  +%.0f ns%s" : "  %.2f%s", row->most < 0 ? -row->most : row->most,
               over(row, with) ? "  over" : "");
    printf("\n");
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
                                json_pack("{s:o, s:o, s:o, s:o}", "ns", summary(&result[i].cost), "added_ns",
                                          summary(&result[i].added), "ratio", summary(&result[i].ratio),
                                          "clock_ratio", summary(&result[i].clock)));
    json_t *budget = row->most < 0   ? json_pack("{s:f}", "added_ns", -row->most)
                     : row->most > 0 ? json_pack("{s:f}", "ratio", row->most)
                                     : json_null();
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:b, s:o, s:b, s:o}", "work", row->name, "kind",
                     row->kind, "program", row->program, "against", sides[row->base].name, "frames",
                     row->frames, "threads", row->threads, "open", row->held, "outside", row->where == OUTSIDE,
                     "budget", budget, "over", over(row, &result[LEFTOPEN]), "sides", with);
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

/* False: a side failed. */
static int one_row(const struct row *row, json_t *list) {
    struct result result[SIDES] = {0};
    const char *reason = skipped(row);
    if (reason) {
        printf("%-36s skipped: %s\n", row->name, reason);
        return 1;
    }
    for (unsigned pair = 0; pair < pairs; pair++)
        one_pair(row, pair, result);
    int failed = result[row->base].failed;
    for (int i = LEFTOPEN; i < SIDES; i++)
        if (i != (int)row->base && takes_part(row, i)) {
            print_side(row, i, result);
            failed |= result[i].failed;
        }
    fflush(stdout);
    if (!result[row->base].failed && !result[LEFTOPEN].failed)
        json_array_append_new(list, describe(row, result));
    return !failed;
}

static void options(int count, char **words) {
    const char *pattern = "";
    for (int option; (option = getopt(count, words, "asp:r:")) >= 0;) {
        if (option == 'a')
            alone = 1;
        else if (option == 's')
            smoke = alone = 1;
        else if (option == 'p')
            pairs = (unsigned)atoi(optarg);
        else if (option == 'r')
            pattern = optarg;
        else
            exit(64);
    }
    if (smoke)
        pairs = 1;
    if (regcomp(&only, pattern, REG_EXTENDED | REG_NOSUB))
        errx(64, "ROWS: not a regular expression: %s", pattern);
    if (optind + 1 != count || pairs < 1 || pairs > MOST_PAIRS)
        errx(64, "usage: bench [-a] [-s] [-p PAIRS] [-r ROWS] BUILD");
    build = realpath(words[optind], NULL);
    if (!build)
        err(66, "%s", words[optind]);
}

int main(int count, char **words) {
    options(count, words);
    signal(SIGPIPE, SIG_IGN); /* a worker that fails is told of */
    if (smoke)
        setenv("BENCH_FILES", "400", 0);
    double begin = seconds();
    unsigned failed = 0;
    json_t *list = json_array();
    print_head();
    for (size_t i = 0; i < row_count; i++)
        if (!regexec(&only, rows[i].name, 0, NULL, 0))
            failed += !one_row(&rows[i], list);
    write_json(list);
    printf("%u pairs in turn, %.0f s\n", pairs, seconds() - begin);
    if (failed)
        errx(1, "%u rows failed in part", failed);
    return 0;
}
