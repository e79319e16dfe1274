/* reading.c - what it costs a program that its record is read: acquires for a second of its processor time,
 * without a reader, with one every two seconds (as `leftopen top` does), with a thousand readings a second, and
 * with one that reads without a pause, the record or a copy of it. The program does nothing else, or enough
 * between an acquire and the next that it comes to some 200,000 a second. reading [PAIRS [SECONDS]]. Prints
 * medians. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/run.h"
#include "tests/watch.h"
#include "tools/handles/live.h"
#include "tools/records/record_reader.h"

enum { MOST_PAIRS = 99, MODES = 5, PROGRAM_CPU = 0, READER_CPU = 1 };

static const struct mode {
    const char *name;
    long pause_ms; /* between readings; -1: none */
    bool of_copy;  /* the same work, beside the program instead of with it: what a busy neighbour costs */
} modes[MODES] = {{"no reader", -1, false},
                  {"a reader every 2 s", 2000, false},
                  {"a thousand readings a second", 1, false},
                  {"a reader without a pause", 0, false},
                  {"the same, of a copy", 0, true}};

static char copy[160];
static _Atomic bool reading;
static _Atomic unsigned long readings;

struct reader {
    const struct mode *mode;
    const char *record;
};

static void *read_on(void *argument) {
    const struct reader *reader = argument;
    while (reading && reader->mode->pause_ms >= 0) {
        int status;
        struct process *process = record_read(reader->mode->of_copy ? copy : reader->record, true, &status);
        if (process && reader->mode->pause_ms > 1)
            live_ask(process);
        record_end(process);
        readings++;
        for (long left = reader->mode->pause_ms; reading && left > 0; left -= 10)
            usleep(left < 10 ? 1000 : 10000);
    }
    return NULL;
}

/* Acquires a second of the program's processor time. */
static double measure(const struct watch *watch, const struct mode *mode, double seconds) {
    pthread_t thread;
    struct reader reader = {mode, watch->record};
    reading = true;
    pthread_create(&thread, NULL, read_on, &reader);
    uint64_t count = watch_count(watch), time = watch_time(watch);
    while ((double)(watch_time(watch) - time) < seconds * 1e9)
        usleep(10000);
    double rate = (double)(watch_count(watch) - count) / ((double)(watch_time(watch) - time) / 1e9);
    reading = false;
    pthread_join(thread, NULL);
    return rate;
}

static int compare(const void *left, const void *right) {
    double one = *(const double *)left, other = *(const double *)right;
    return one < other ? -1 : one > other;
}

static double median(double *list, int count) {
    qsort(list, (size_t)count, sizeof *list, compare);
    return list[count / 2];
}

static void copy_record(const struct watch *watch) {
    char command[512];
    snprintf(copy, sizeof copy, "%s/copy", run_folder());
    snprintf(command, sizeof command, "cp '%s' '%s'", watch->record, copy);
    if (system(command) != 0)
        copy[0] = 0;
}

static void compare_modes(const struct watch *watch, int pairs, double seconds) {
    double rates[MODES][MOST_PAIRS], ratios[MODES][MOST_PAIRS];
    for (int pair = 0; pair < pairs; pair++)
        for (int i = 0; i < MODES; i++) { /* not always in the same order */
            int mode = (i + pair) % MODES;
            rates[mode][pair] = measure(watch, &modes[mode], seconds);
        }
    for (int mode = 0; mode < MODES; mode++)
        for (int pair = 0; pair < pairs; pair++)
            ratios[mode][pair] = rates[mode][pair] / rates[0][pair];
    for (int mode = 0; mode < MODES; mode++)
        printf("%-29s %9.0f acquires a second, %.4f of those without (median of %d pairs)\n", modes[mode].name,
               median(rates[mode], pairs), median(ratios[mode], pairs), pairs);
}

int main(int count, char **words) {
    static const unsigned works[] = {0, 3000};
    int pairs = count > 1 ? atoi(words[1]) : 11;
    double seconds = count > 2 ? atof(words[2]) : 1;
    if (pairs < 1 || pairs > MOST_PAIRS)
        return 1;
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
        struct watch watch;
        if (!watch_begin(&watch, run_folder(), 1, works[i], PROGRAM_CPU))
            return 1;
        watch_pin(READER_CPU);
        copy_record(&watch);
        printf("%s\n", works[i] ? "with work between:" : "nothing but acquires and releases:");
        compare_modes(&watch, pairs, seconds);
        watch_end(&watch);
    }
    printf("%lu readings\n", readings);
    return 0;
}
