/* baseline.c - see baseline.h */
#include "tools/findings/baseline.h"

#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/findings/diff.h"
#include "tools/findings/past_report.h"

struct baseline {
    char *file;
    struct past_report report;
    struct diff_row *rows;
    size_t sites, known; /* that were compared; of these, with an id that the baseline has */
    size_t unused;       /* sites of the baseline with ids that did not occur */
};

int baseline_begin(struct baseline **baseline, const char *file, const char *executable) {
    *baseline = NULL;
    if (!*file)
        return 0;
    struct past_report report;
    int status = past_report_read(&report, file, executable);
    if (status) {
        past_report_end(&report);
        return status;
    }
    *baseline = memory_new(1, sizeof **baseline);
    **baseline = (struct baseline){
        .file = memory_copy(file), .report = report, .rows = memory_new(report.count, sizeof(struct diff_row))};
    for (size_t i = 0; i < report.count; i++)
        (*baseline)->rows[i] = past_report_row(&report.sites[i]);
    return 0;
}

void baseline_end(struct baseline *baseline) {
    if (!baseline)
        return;
    past_report_end(&baseline->report);
    free(baseline->rows);
    free(baseline->file);
    free(baseline);
}

static void count_known(struct baseline *baseline, const struct diff_row *rows, size_t count) {
    baseline->sites = count;
    for (size_t i = 0; i < count; i++)
        baseline->known += rows[i].met;
    for (size_t i = 0; i < baseline->report.count; i++)
        baseline->unused += !baseline->rows[i].met;
}

static size_t drop_known(struct sites *sites, const struct diff_row *rows) {
    size_t kept = 0, handles = 0;
    for (size_t i = 0; i < sites->count; i++) {
        struct site *site = &sites->list[i];
        site->before = rows[i].before;
        site->more = rows[i].more;
        if (site->more)
            sites->list[kept++] = *site;
        else
            handles += site->count;
    }
    sites->count = kept;
    return handles;
}

size_t baseline_take(struct baseline *baseline, struct sites *sites) {
    if (!baseline)
        return 0;
    struct diff_row *rows = memory_new(sites->count, sizeof *rows);
    for (size_t i = 0; i < sites->count; i++)
        rows[i] = (struct diff_row){
            .id = sites->list[i].id, .line_id = sites->list[i].line_id, .count = sites->list[i].count};
    diff_mark(rows, sites->count, baseline->rows, baseline->report.count);
    count_known(baseline, rows, sites->count);
    size_t handles = drop_known(sites, rows);
    free(rows);
    return handles;
}

/* Each place counts once. The caller frees keys and list. */
static struct diff_row *misuse_rows(const struct misuse_sites *misuses) {
    struct diff_row *rows = memory_new(misuses->count, sizeof *rows);
    for (size_t i = 0; i < misuses->count; i++) {
        const struct misuse_site *site = &misuses->list[i];
        rows[i] = (struct diff_row){
            .id = misuse_key(site->id, misuse_word(site->first->type)), .line_id = site->line_id, .count = 1};
    }
    return rows;
}

size_t baseline_take_misuses(const struct baseline *baseline, struct misuse_sites *misuses) {
    if (!baseline)
        return 0;
    const struct past_report *past = &baseline->report;
    struct diff_row *rows = misuse_rows(misuses), *before = memory_new(past->misuse_count, sizeof *before);
    for (size_t i = 0; i < past->misuse_count; i++)
        before[i] = past_report_misuse_row(&past->misuses[i]);
    diff_mark(rows, misuses->count, before, past->misuse_count);
    size_t count = misuses->count, kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].more)
            misuses->list[kept++] = misuses->list[i];
        free((char *)rows[i].id);
    }
    misuses->count = kept;
    free(before);
    free(rows);
    return count - kept;
}

void baseline_hide_paths(struct baseline *baseline) {
    if (!baseline)
        return;
    char *base = memory_copy(symbols_base_name(baseline->file));
    free(baseline->file);
    baseline->file = base;
    baseline->report.program = symbols_base_name(baseline->report.program);
}

void baseline_each_note(const struct baseline *baseline, bool all,
                        void (*tell)(void *context, const char *sentence), void *context) {
    if (!baseline)
        return;
    char *sentence = NULL;
    if (baseline->sites && baseline->report.count && !baseline->known)
        sentence = memory_format(
            "the baseline %s knows none of these sites: is it of this program (it is of %s), with "
            "the same depth, and with its debug information?",
            baseline->file, baseline->report.program);
    else if (all && baseline->unused)
        sentence = memory_format("%zu of %zu sites of the baseline %s did not occur: a new one can be smaller",
                                 baseline->unused, baseline->report.count, baseline->file);
    if (sentence)
        tell(context, sentence);
    free(sentence);
}
