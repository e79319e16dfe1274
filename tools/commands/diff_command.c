/* diff_command.c - the sub-command diff: what is new, or more, in the second of two reports. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/command.h"
#include "tools/commands/show.h"
#include "tools/findings/report_make.h"
#include "tools/formats/diff_render.h"
#include "tools/formats/render.h"
#include "tools/records/folder.h"

struct request {
    struct settings settings;
    const char *names[2];
    size_t name_count;
    bool all;         /* also what is fewer */
    bool fail_on_new; /* what is new or more gives 23 */
    bool damaged;     /* a part of what was to be compared could not be read, said */
};

/* --- reading ---------------------------------------------------------------------------------------------- */

enum form { IS_RECORD, IS_JSON, IS_NEITHER };

/* Only what can be read twice is looked into; a pipe is taken for JSON. */
static enum form form_of(const char *name) {
    struct stat about;
    if (strcmp(name, "-") == 0 || stat(name, &about) != 0 || S_ISDIR(about.st_mode))
        return IS_RECORD; /* or a PID, or nothing at all: folder_resolve knows */
    FILE *file = S_ISREG(about.st_mode) ? fopen(name, "re") : NULL;
    if (!file)
        return IS_JSON;
    char start[sizeof RECORD_MAGIC] = "";
    fread(start, 1, sizeof start - 1, file);
    fclose(file);
    if (strcmp(start, RECORD_MAGIC) == 0)
        return IS_RECORD;
    return start[strspn(start, " \t\r\n")] == '{' ? IS_JSON : IS_NEITHER;
}

/* Records become the report that `report --format=json` would make of them. */
static int read_records(struct request *request, const char *name, struct past_report *report) {
    struct folder_list records = {0};
    struct report_text text = {0};
    struct report_verdict verdict = {0};
    int status = folder_resolve(name, &records);
    struct report_request what = {
        .records = (const char *const *)records.paths, .count = records.count, .settings = &request->settings};
    if (!status)
        status = report_make(&what, false, &text, &verdict);
    if (!status)
        status = past_report_parse(report, name, text.bytes, text.size);
    request->damaged |= verdict.unreadable > 0;
    report_text_end(&text);
    folder_list_end(&records);
    return status;
}

static int read_side(struct request *request, const char *name, struct diff_side *side) {
    side->name = name;
    switch (form_of(name)) {
    case IS_RECORD:
        return read_records(request, name, &side->report);
    case IS_JSON:
        return past_report_read(&side->report, name, "");
    default:
        return failure(EXIT_DAMAGED, "%s is neither a record nor a report in JSON", name);
    }
}

/* --- comparing -------------------------------------------------------------------------------------------- */

/* A row and the site it stands for. */
struct marked {
    struct diff_row row;
    const struct past_site *site;
};

static int compare_marked(const void *left, const void *right) {
    const struct marked *one = left, *other = right;
    int difference = strcmp(one->site->id, other->site->id);
    if (difference)
        return difference;
    return one->site->count > other->site->count ? -1 : one->site->count < other->site->count;
}

static struct diff_row *rows_of(const struct past_report *report) {
    struct diff_row *rows = memory_new(report->count, sizeof *rows);
    for (size_t i = 0; i < report->count; i++)
        rows[i] = past_report_row(&report->sites[i]);
    return rows;
}

static enum diff_change change_of(const struct diff_row *row, bool backwards) {
    if (backwards)
        return row->before ? DIFF_FEWER : DIFF_GONE;
    return row->before ? DIFF_MORE : DIFF_NEW;
}

static void add_entry(struct diff *diff, const struct marked *marked, bool backwards) {
    const struct diff_row *row = &marked->row;
    uint64_t larger = row->before + row->more;
    diff->entries = memory_grow(diff->entries, diff->count, sizeof *diff->entries);
    diff->entries[diff->count++] = (struct diff_entry){
        .change = change_of(row, backwards),
        .site = marked->site,
        .before = backwards ? larger : row->before,
        .now = backwards ? row->before : larger,
    };
    diff->sites[change_of(row, backwards)]++;
    *(backwards ? &diff->fewer : &diff->more) += row->more;
}

/* Adds an entry for each id of `larger` that has more handles there; `backwards`: that is the older report. */
static void compare(struct diff *diff, const struct past_report *larger, const struct past_report *smaller,
                    bool backwards) {
    struct diff_row *rows = rows_of(larger), *others = rows_of(smaller);
    struct marked *marked = memory_new(larger->count, sizeof *marked);
    size_t count = 0;
    diff_mark(rows, larger->count, others, smaller->count);
    for (size_t i = 0; i < larger->count; i++)
        if (rows[i].more)
            marked[count++] = (struct marked){rows[i], &larger->sites[i]};
    if (count)
        qsort(marked, count, sizeof *marked, compare_marked);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(marked[i - 1].site->id, marked[i].site->id) != 0)
            add_entry(diff, &marked[i], backwards);
        struct diff_entry *entry = &diff->entries[diff->count - 1];
        entry->opened += marked[i].site->opened;
        entry->closed += marked[i].site->closed;
    }
    free(marked);
    free(others);
    free(rows);
}

static uint64_t difference_of(const struct diff_entry *entry) {
    return entry->now > entry->before ? entry->now - entry->before : entry->before - entry->now;
}

static int compare_entries(const void *left, const void *right) {
    const struct diff_entry *one = left, *other = right;
    bool one_is_fewer = one->now < one->before, other_is_fewer = other->now < other->before;
    if (one_is_fewer != other_is_fewer)
        return one_is_fewer - other_is_fewer;
    uint64_t size = difference_of(one), other_size = difference_of(other);
    if (size != other_size)
        return size > other_size ? -1 : 1;
    return strcmp(one->site->id, other->site->id);
}

/* Adds the misuses that only `here` has. */
static void compare_misuses(struct diff *diff, const struct past_report *here, const struct past_report *there,
                            enum diff_change change) {
    struct diff_row *rows = memory_new(here->misuse_count, sizeof *rows);
    struct diff_row *others = memory_new(there->misuse_count, sizeof *others);
    for (size_t i = 0; i < here->misuse_count; i++)
        rows[i] = past_report_misuse_row(&here->misuses[i]);
    for (size_t i = 0; i < there->misuse_count; i++)
        others[i] = past_report_misuse_row(&there->misuses[i]);
    diff_mark(rows, here->misuse_count, others, there->misuse_count);
    for (size_t i = 0; i < here->misuse_count; i++) {
        if (!rows[i].more)
            continue;
        diff->misuses = memory_grow(diff->misuses, diff->misuse_count, sizeof *diff->misuses);
        diff->misuses[diff->misuse_count++] = (struct diff_misuse){change, &here->misuses[i]};
        diff->misuses_by[change]++;
    }
    free(others);
    free(rows);
}

static void compare_sides(struct diff *diff, bool all) {
    const struct past_report *now = &diff->now.report, *before = &diff->before.report;
    compare(diff, now, before, false);
    compare_misuses(diff, now, before, DIFF_NEW);
    if (all) {
        compare(diff, before, now, true);
        compare_misuses(diff, before, now, DIFF_GONE);
    }
    if (diff->count)
        qsort(diff->entries, diff->count, sizeof *diff->entries, compare_entries);
}

/* --- command ---------------------------------------------------------------------------------------------- */

static int show(const struct request *request, const struct diff *diff, bool in_json) {
    const struct past_report *now = &diff->now.report;
    struct report_text text = {.first = (pid_t)json_integer_value(json_object_get(now->process, "pid")),
                               .program = memory_copy(now->program)};
    FILE *out = open_memstream(&text.bytes, &text.size);
    if (!out)
        return failure(EXIT_OWN_FAILURE, "out of memory");
    (in_json ? diff_render_json : diff_render_text)(diff, out);
    fclose(out);
    int status = show_text(&text, &request->settings, stdout);
    report_text_end(&text);
    return status;
}

static int run_request(struct request *request) {
    const char *format = request->settings.value[SETTING_format];
    bool in_json = strcmp(format, "json") == 0;
    if (request->name_count < 2)
        return failure(EXIT_USAGE, "diff compares two: leftopen diff OLD NEW");
    if (!in_json && strcmp(format, "text") != 0)
        return failure(EXIT_USAGE, "diff writes text or json, not %s", format);
    settings_reset(&request->settings, SETTING_baseline); /* OLD is it */
    settings_reset(&request->settings, SETTING_group_by); /* all sites are compared, */
    settings_reset(&request->settings, SETTING_top);      /* each with its like */
    settings_take(&request->settings, "format", "json", NULL);
    struct diff diff = {0};
    int status = read_side(request, request->names[0], &diff.before);
    if (!status)
        status = read_side(request, request->names[1], &diff.now);
    if (!status) {
        compare_sides(&diff, request->all);
        status = show(request, &diff, in_json);
    }
    bool has_more = diff.more > 0 || diff.misuses_by[DIFF_NEW];
    free(diff.misuses);
    free(diff.entries);
    past_report_end(&diff.before.report);
    past_report_end(&diff.now.report);
    if (!status && request->damaged)
        return EXIT_DAMAGED;
    return !status && has_more && request->fail_on_new ? EXIT_FINDINGS : status;
}

/* For command_words. */
static int take_word(void *context, char **argv, bool is_option) {
    struct request *request = context;
    if (is_option) {
        bool is_all = strcmp(argv[0], "--all") == 0, is_fail = strcmp(argv[0], "--fail-on-new") == 0;
        request->all |= is_all;
        request->fail_on_new |= is_fail;
        return is_all || is_fail;
    }
    if (request->name_count == 2)
        return -failure(EXIT_USAGE, "diff compares two, and '%s' is a third", argv[0]);
    request->names[request->name_count++] = argv[0];
    return 1;
}

static int run_diff(int argc, char **argv) {
    struct request request = {0};
    settings_begin(&request.settings);
    settings_take_string(&request.settings, getenv("LEFTOPEN_OPTIONS"), "LEFTOPEN_OPTIONS");
    settings_reset(&request.settings, SETTING_report); /* is meant for watched programs */
    int taken = command_words(&request.settings, argc, argv, take_word, &request);
    int status = taken > 0 ? run_request(&request) : -taken;
    settings_end(&request.settings);
    return status;
}

const struct command command_diff = {
    .name = "diff",
    .arguments = "[OPTIONS] [--all] [--fail-on-new] OLD NEW",
    .summary = "Show what is new in NEW, or more, compared with OLD.",
    .text =
        "OLD and NEW are each a record, a folder of records, the PID of a running process, or a report\n"
        "written with --format=json. Sites are known again by their id, which survives a rebuild;\n"
        "so are misuses, however often they happen.\n"
        "\n"
        "  --all            also what became fewer, or is gone\n"
        "  --fail-on-new    exit status 23 if anything is new or more\n"
        "  --format=json    one object, schema leftopen.diff/1\n"
        "\n"
        "Exit status: 0 whatever was found; 65 what was named is damaged, or neither a record nor a report;\n"
        "66 there is no such file or process.\n"
        "\n"
        "For the same against one report that is kept, see the option --baseline.",
    .run = run_diff,
};
