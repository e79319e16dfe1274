/* complaints.c - see complaints.h */
#include "tools/findings/complaints.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/handles/what.h"

/* --- list ------------------------------------------------------------------------------------------------- */

size_t complaints_count(const struct report *report) { return report->sites.count + report->misuses.count; }

struct complaint complaint_of_site(const struct site *site) {
    return (struct complaint){.site = site,
                              .process = site->findings->process,
                              .trace = site->trace,
                              .count = site->count,
                              .twin = site->twin};
}

/* How many misuses before it have its type and id: there are few of them. */
static unsigned twins_before(const struct misuse_sites *misuses, size_t number) {
    const struct misuse_site *wanted = &misuses->list[number];
    unsigned twins = 0;
    for (size_t i = 0; i < number; i++)
        twins +=
            misuses->list[i].first->type == wanted->first->type && strcmp(misuses->list[i].id, wanted->id) == 0;
    return twins;
}

struct complaint complaints_get(const struct report *report, size_t number) {
    if (number < report->sites.count)
        return complaint_of_site(&report->sites.list[number]);
    number -= report->sites.count;
    const struct misuse_site *misuse = &report->misuses.list[number];
    return (struct complaint){.misuse = misuse,
                              .process = misuse->process,
                              .trace = misuse->now,
                              .count = misuse->count,
                              .twin = twins_before(&report->misuses, number)};
}

/* --- words ------------------------------------------------------------------------------------------------ */

const char *complaint_word(const struct complaint *complaint) {
    return complaint->site ? what_kind_word(complaint->site->kind)
                           : misuse_word(complaint->misuse->first->type);
}

static char *headline_of_misuse(const struct misuse_site *misuse) {
    char *sentence = misuse_sentence(misuse);
    char *times = misuse->count > 1 ? memory_format(", %" PRIu64 " times", misuse->count) : memory_copy("");
    char *headline = memory_format("%s: %s%s", misuse_word(misuse->first->type), sentence, times);
    free(times);
    free(sentence);
    return headline;
}

char *complaint_headline(const struct complaint *complaint) {
    return complaint->site ? render_headline(complaint->site) : headline_of_misuse(complaint->misuse);
}

/* The function that the handle was acquired in, or the wrong call made. The caller frees it; NULL unknown. */
static char *function_of(const struct complaint *complaint) {
    return complaint->trace->count ? render_frame_name(&complaint->trace->frames[0]) : NULL;
}

char *complaint_description(const struct complaint *complaint) {
    char *headline = complaint_headline(complaint), *function = function_of(complaint);
    const char *in = !function ? "" : complaint->site ? ", opened in " : ", in ";
    char *description = memory_format("%s: %s%s%s", render_program_name(complaint->process), headline, in,
                                      function ? function : "");
    free(function);
    free(headline);
    return description;
}

char *complaint_fingerprint(const struct complaint *complaint) {
    const struct misuse_site *misuse = complaint->misuse;
    char *id =
        misuse ? misuse_key(misuse->id, misuse_word(misuse->first->type)) : memory_copy(complaint->site->id);
    if (!complaint->twin)
        return id;
    char *fingerprint = memory_format("%s:%u", id, complaint->twin + 1);
    free(id);
    return fingerprint;
}

char *complaint_name(const struct complaint *complaint) {
    char *fingerprint = complaint_fingerprint(complaint), *function = function_of(complaint);
    const char *otherwise = complaint->site ? complaint->site->call : "an unknown function";
    char *name =
        memory_format("%s%s in %s [%s]", complaint_word(complaint), complaint->site ? " left open" : "",
                      function ? function : otherwise, fingerprint);
    free(function);
    free(fingerprint);
    return name;
}

char *complaint_text(const struct report *report, const struct complaint *complaint) {
    return complaint->site ? render_text_site(report, complaint->site)
                           : render_text_misuse(report, complaint->misuse);
}
