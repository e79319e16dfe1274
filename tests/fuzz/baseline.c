/* baseline.c - any bytes as a report of earlier: as a baseline for two sites, and as the older side of a
 * difference. */
#include "tests/fuzz/fuzz.h"
#include "tools/basics/fail.h"
#include "tools/findings/baseline.h"
#include "tools/findings/past_report.h"

static void ignore(void *context, const char *sentence) { MUST(sentence[0]); }

static void hold_against(const char *path) {
    struct site list[] = {
        {.id = "1f5c0d9a2b3e4f60", .line_id = "0a1b2c3d4e5f6071", .call = "socket", .count = 3},
        {.id = "ffffffffffffffff", .line_id = "0000000000000000", .call = "fopen", .count = 1},
    };
    struct sites sites = {.list = list, .count = 2};
    struct baseline *baseline;
    int status = baseline_begin(&baseline, path, "/usr/bin/server");
    MUST(status == 0 || status == EXIT_DAMAGED);
    if (status == 0) {
        baseline_take(baseline, &sites);
        baseline_each_note(baseline, true, ignore, NULL);
    }
    baseline_end(baseline);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[32];
    fuzz_file(data, size, path);
    struct past_report report;
    int status = past_report_read(&report, path, "");
    MUST(status == 0 || status == EXIT_DAMAGED);
    past_report_end(&report);
    hold_against(path);
    return 0;
}
