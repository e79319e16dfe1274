/* record.c - any bytes as a record: read, and shown in any format. Inputs are packed, see packed.h. */
#include <string.h>
#include <sys/file.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/packed.h"
#include "tools/basics/fail.h"
#include "tools/findings/report_make.h"
#include "tools/formats/render.h"
#include "tools/records/record_reader.h"
#include "tools/settings/settings.h"

/* What every reader of struct process relies on. */
static void check_process(const struct process *process) {
    MUST(process->source && process->executable && process->arguments);
    for (size_t i = 1; i < process->stack_count; i++)
        MUST(process->stacks[i - 1].id < process->stacks[i].id);
    for (size_t i = 0; i < process->stack_count; i++)
        for (size_t k = 0; k < process->stacks[i].count; k++)
            record_module_at(process, process->stacks[i].pc[k], process->stacks[i].epoch);
    for (size_t i = 0; i < process->handle_count; i++) {
        const struct handle *handle = &process->handles[i];
        MUST(handle->kind <= RECORD_KIND_COUNT && handle->state != RECORD_STATE_WRITING);
        MUST(!handle->stack ||
             (handle->stack >= process->stacks && handle->stack < process->stacks + process->stack_count));
        MUST(!handle->detail || handle->detail->sequence == handle->sequence);
    }
}

/* As two processes. */
static void show(const char *path, const struct settings *settings) {
    const char *const records[] = {path, path};
    struct report_request request = {.records = records, .count = 2, .settings = settings};
    struct report_verdict verdict;
    struct report_text text;
    report_make(&request, false, &text, &verdict);
    report_text_end(&text);
}

/* In one format; which one, a word of the header says that nobody uses. */
static void show_somehow(const char *path, uint64_t which) {
    struct settings settings;
    size_t formats = 0;
    while (render_formats[formats].name)
        formats++;
    settings_begin(&settings);
    settings_take_string(&settings, "verbosity=1:inherited=1:unseen=1:color=always:kinds=all", NULL);
    settings_take(&settings, "format", render_formats[which % formats].name, NULL);
    show(path, &settings);
    settings_end(&settings);
}

/* A bit of the header that nobody uses says that the process still lives. Then it is this one: no other is
 * asked for its descriptors. */
static bool lives(unsigned char *record, size_t size) {
    struct record_header *header = (struct record_header *)record;
    if (size < sizeof *header || !(header->reserved[0] & 1))
        return false;
    header->pid = getpid();
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t bytes;
    char path[32];
    unsigned char *record = packed_open(data, size, &bytes);
    bool alive = lives(record, bytes);
    MUST(flock(fuzz_file(record, bytes, path), alive ? LOCK_EX : LOCK_UN) == 0);
    int status;
    struct process *process = record_read(path, false, &status);
    MUST(process ? status == 0 : status == EXIT_DAMAGED);
    if (process) {
        check_process(process);
        record_end(process);
        show_somehow(path, ((const struct record_header *)record)->reserved[1]);
    }
    free(record);
    return 0;
}
