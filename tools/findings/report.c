/* report.c - from records to the text of a report: read, choose, group, suppress, count, render. See report.h.
 */
#include "tools/findings/report.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/duration.h"
#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/findings/families.h"
#include "tools/findings/notes.h"
#include "tools/findings/redact.h"
#include "tools/findings/report_make.h"
#include "tools/findings/report_processes.h"
#include "tools/findings/suppress.h"
#include "tools/formats/render.h"
#include "tools/formats/terminal.h"
#include "tools/handles/lasting.h"
#include "tools/records/relatives.h"
#include "tools/settings/kinds.h"

enum { LONGEST_WAIT_MS = 5000 /* for a reader of the report that does not read */ };

/* One report in the making. */
struct making {
    const struct report_request *request;
    struct report_processes processes;
    struct kinds kinds;
    double least_age; /* seconds */
    size_t young;     /* handles that are left out for it */
    struct symbols *symbols;
    struct suppressions *suppressions;
    struct baseline *baseline;
    struct redaction *redaction; /* NULL: nothing is redacted */
    struct findings findings;    /* that count */
    struct findings lasting;
    struct notes notes;
    struct report report;
};

static const char *setting(const struct making *making, enum setting_id id) {
    return making->request->settings->value[id];
}

/* --- findings --------------------------------------------------------------------------------------------- */

static bool is_unseen(const struct handle *handle) {
    return handle->state == RECORD_STATE_INHERITED && handle->flags & RECORD_SLOT_UNSEEN;
}

/* One that an inherited stream owns is told with the stream. */
static bool is_inherited(const struct handle *handle) {
    return handle->state == RECORD_STATE_INHERITED && !(handle->flags & RECORD_SLOT_ADOPTED) &&
           handle->outcome != RECORD_OUTCOME_GONE && handle->number > 2 &&
           (handle->is_address || !handle->object);
}

static bool is_to_be_told(struct making *making, const struct finding *finding) {
    if (!making->kinds.wanted[finding->kind])
        return false;
    if (finding->age >= 0 && finding->age < making->least_age) {
        making->young++;
        return false;
    }
    bool is_suppressed = suppress_takes(making->suppressions, finding);
    making->report.suppressed += is_suppressed;
    return !is_suppressed;
}

/* Drops those of the findings from `first` on that are not to be told. */
static void choose_findings(struct making *making, size_t first) {
    struct findings *findings = &making->findings;
    size_t kept = first;
    for (size_t i = first; i < findings->count; i++) {
        if (is_to_be_told(making, &findings->list[i]))
            findings->list[kept++] = findings->list[i];
        else
            finding_end(&findings->list[i]);
    }
    findings->count = kept;
}

/* Under `run`, what a process holds that outlives the first one is not left open: it may still close it. */
static bool is_survivor(const struct making *making, const struct process *process) {
    return making->request->first && process->alive && process->end == RECORD_END_RUNNING;
}

static void take_handles(struct making *making, size_t process) {
    const struct process *owner = making->processes.list[process];
    if (is_survivor(making, owner))
        return;
    bool list_inherited = settings_flag(making->request->settings, SETTING_inherited);
    size_t first = making->findings.count;
    for (size_t i = 0; i < owner->handle_count; i++) {
        const struct handle *handle = &owner->handles[i];
        if (sites_is_finding(owner, handle)) {
            sites_add(&making->findings, making->symbols, owner, process, handle);
        } else if (making->kinds.wanted[handle->kind] && lasting_is_left(handle)) {
            sites_add(&making->lasting, making->symbols, owner, process, handle);
        } else if (is_unseen(handle)) {
            sites_add(&making->report.unseen_list, making->symbols, owner, process, handle);
        } else if (is_inherited(handle)) {
            making->report.inherited_count++;
            if (list_inherited)
                sites_add(&making->report.inherited, making->symbols, owner, process, handle);
        }
    }
    sites_settle_kinds(&making->findings, first);
    choose_findings(making, first);
}

static int compare_inherited(const void *left, const void *right) {
    const struct finding *one = left, *other = right;
    int difference = origin_compare(&one->origin, &other->origin);
    if (!difference)
        difference = (one->process_index > other->process_index) - (one->process_index < other->process_index);
    return difference ? difference : handle_compare_numbers(one->handle, other->handle);
}

/* The origins of inherited handles, and those of one origin beside each other. */
static void find_origins(struct making *making) {
    struct findings *inherited = &making->report.inherited;
    struct report_processes *processes = &making->processes;
    if (!inherited->count)
        return;
    for (size_t i = 0; i < processes->count && !making->request->first; i++) /* a tree has no others */
        relatives_read(processes->list[i], processes->list, processes->count, &processes->others,
                       &processes->other_count);
    size_t count = processes->count + processes->other_count;
    struct process **all = memory_new(count, sizeof *all);
    for (size_t i = 0; i < count; i++)
        all[i] = i < processes->count ? processes->list[i] : processes->others[i - processes->count];
    for (size_t i = 0; i < inherited->count; i++) {
        struct finding *finding = &inherited->list[i];
        finding->origin = origin_of(finding->process, finding->handle, all, count);
        if (finding->origin.way)
            finding->trace = symbols_trace(making->symbols, finding->origin.process, finding->origin.stack);
    }
    free(all);
    qsort(inherited->list, inherited->count, sizeof *inherited->list, compare_inherited);
}

static void take_exec_leaks(struct making *making) {
    if (!settings_flag(making->request->settings, SETTING_exec_leaks))
        return;
    for (size_t i = 0; i < making->processes.count; i++)
        exec_leaks_add(&making->report.exec_leaks, making->symbols, making->processes.list[i]);
    for (size_t i = 0; i < making->processes.other_count; i++)
        exec_leaks_add(&making->report.exec_leaks, making->symbols, making->processes.others[i]);
    exec_leaks_sort(&making->report.exec_leaks);
}

/* --- sites and sums --------------------------------------------------------------------------------------- */

/* Sites below min_count are as if they were not there. */
static void drop_small_sites(struct making *making) {
    size_t least = (size_t)settings_number(making->request->settings, SETTING_min_count), kept = 0;
    struct sites *sites = &making->report.sites;
    for (size_t i = 0; i < sites->count; i++)
        if (sites->list[i].count >= least)
            sites->list[kept++] = sites->list[i];
    sites->count = kept;
}

static void count_finding(struct report *report, const struct finding *finding) {
    report->left_open++;
    report->of_kind[finding->kind]++;
    report->left_open_of[finding->process_index]++;
    switch (finding->handle->outcome) {
    case RECORD_OUTCOME_RELEASED:
        report->released++;
        break;
    case RECORD_OUTCOME_FAILED:
        report->release_failed++;
        break;
    case RECORD_OUTCOME_SKIPPED:
        report->not_released++;
        break;
    default:
        break;
    }
}

/* Handles without a stack were counted nowhere else. */
static void count_tracked(struct report *report, const struct process *process) {
    report->tracked += process->losses[RECORD_LOSS_STACK];
    for (size_t i = 0; i < process->stack_count; i++) {
        report->tracked += process->stacks[i].opened;
        report->closed += process->stacks[i].closed;
    }
}

static void count_processes(struct making *making) {
    struct report *report = &making->report;
    report->unseen = -1;
    for (size_t i = 0; i < making->processes.count; i++) {
        const struct process *process = making->processes.list[i];
        if (process->unseen >= 0)
            report->unseen = (report->unseen > 0 ? report->unseen : 0) + process->unseen;
        report->dropped += process->losses[RECORD_LOSS_MEMORY] + process->losses[RECORD_LOSS_BUSY];
        count_tracked(report, process);
    }
}

static void count_all(struct making *making) {
    struct report *report = &making->report;
    report->left_open_of = memory_new(making->processes.count, sizeof *report->left_open_of);
    report->site_count = report->sites.count;
    for (size_t i = 0; i < report->sites.count; i++)
        for (size_t k = 0; k < report->sites.list[i].count; k++)
            count_finding(report, &report->sites.list[i].findings[k]);
    count_processes(making);
}

/* What is not shown counts all the same. */
static void keep_top(struct making *making) {
    struct report *report = &making->report;
    size_t most = (size_t)settings_number(making->request->settings, SETTING_top), handles = 0;
    if (!most)
        return;
    if (report->groups.by)
        groups_keep(&report->groups, most, &report->sites);
    else if (report->sites.count > most)
        report->sites.count = most;
    for (size_t i = 0; i < report->sites.count; i++)
        handles += report->sites.list[i].count;
    notes_add_hidden(&making->notes, report->site_count - report->sites.count, report->left_open - handles);
    report->notes = making->notes.list;
    report->note_count = making->notes.count;
}

static void collect_notes(struct making *making) {
    struct notes_about about = {
        .processes = making->processes.list,
        .process_count = making->processes.count,
        .symbols = making->symbols,
        .suppressions = making->suppressions,
        .baseline = making->baseline,
        .young = making->young,
        .has_findings = making->report.left_open || making->report.misuses.count,
        .survivors = making->request->first != 0,
        .all = making->report.verbosity > 0,
    };
    notes_collect(&making->notes, &about);
    making->report.notes = making->notes.list;
    making->report.note_count = making->notes.count;
}

/* --- making ----------------------------------------------------------------------------------------------- */

/* Those that are not suppressed. */
static void take_misuses(struct making *making) {
    struct misuse_sites *misuses = &making->report.misuses;
    for (size_t i = 0; i < making->processes.count; i++)
        misuse_collect(misuses, making->symbols, making->processes.list[i]);
    size_t kept = 0;
    for (size_t i = 0; i < misuses->count; i++)
        if (!suppress_takes_misuse(making->suppressions, &misuses->list[i]))
            misuses->list[kept++] = misuses->list[i];
    making->report.suppressed += misuses->count - kept;
    misuses->count = kept;
}

static void redact_findings(struct making *making, struct findings *findings) {
    for (size_t i = 0; i < findings->count; i++)
        redact_finding(making->redaction, &findings->list[i]);
}

static void redact_sites(struct making *making, struct sites *sites, struct findings *findings) {
    for (size_t i = 0; i < sites->count; i++) {
        struct site *site = &sites->list[i];
        redact_site(making->redaction, site);
        for (size_t k = 0; k < site->count; k++)
            redact_finding(making->redaction, &findings->list[site->findings - findings->list + (ptrdiff_t)k]);
    }
}

/* All is chosen, grouped and named by now: what follows only writes. */
static void redact(struct making *making) {
    making->redaction = redact_begin(setting(making, SETTING_redact));
    if (!making->redaction)
        return;
    redact_sites(making, &making->report.sites, &making->findings);
    redact_sites(making, &making->report.left_behind, &making->lasting);
    redact_findings(making, &making->report.inherited);
    redact_findings(making, &making->report.unseen_list);
    redact_process(making->redaction, making->processes.nobody);
    for (size_t i = 0; i < making->processes.count; i++)
        redact_process(making->redaction, making->processes.list[i]);
    for (size_t i = 0; i < making->processes.other_count; i++)
        redact_process(making->redaction, making->processes.others[i]);
    if (!redact_hides_paths(making->redaction))
        return;
    making->report.hides_folders = true;
    symbols_hide_folders(making->symbols);
    suppress_hide_paths(making->suppressions);
    baseline_hide_paths(making->baseline);
}

/* 0, or an exit status after a message. */
static int fill_report(struct making *making, bool to_terminal, struct report_verdict *verdict) {
    struct report *report = &making->report;
    struct process *first = report_processes_first(&making->processes, making->request);
    verdict->failure = baseline_begin(&making->baseline, setting(making, SETTING_baseline), first->executable);
    if (verdict->failure && !making->request->waits)
        return verdict->failure;
    report->first = first;
    report->is_tree = making->request->first != 0;
    report->processes = making->processes.list;
    report->process_count = making->processes.count;
    report->verbosity = (int)settings_number(making->request->settings, SETTING_verbosity);
    report->source_root = setting(making, SETTING_source_root);
    report->in_color = terminal_takes_color(setting(making, SETTING_color), to_terminal);
    report->with_suppressions = settings_flag(making->request->settings, SETTING_gen_suppressions);
    making->least_age = (double)duration_parse(setting(making, SETTING_min_age)) / 1e9;
    kinds_parse(&making->kinds, setting(making, SETTING_kinds));
    making->symbols = symbols_begin(making->request->settings);
    if (strcmp(setting(making, SETTING_format), "text") == 0 &&
        terminal_takes_links(setting(making, SETTING_links), to_terminal))
        symbols_link_files(making->symbols);
    making->suppressions = suppress_begin(setting(making, SETTING_suppressions), first->executable);
    for (size_t i = 0; i < making->processes.count; i++)
        take_handles(making, i);
    take_exec_leaks(making); /* before anybody's records are read */
    find_origins(making);
    families_find(making->processes.list, making->processes.count, &making->findings);
    families_find(making->processes.list, making->processes.count, &making->report.inherited);
    enum group_by by = groups_named(setting(making, SETTING_group_by));
    sites_group(&making->findings, making->symbols, &report->sites, by == GROUP_BY_PROCESS);
    sites_group(&making->lasting, making->symbols, &report->left_behind, false);
    for (size_t i = 0; !making->request->shortages_are_told && i < making->processes.count; i++)
        shortage_collect(&report->shortages, making->symbols, making->processes.list[i]);
    take_misuses(making);
    drop_small_sites(making);
    report->in_baseline = baseline_take(making->baseline, &report->sites);
    report->in_baseline += baseline_take_misuses(making->baseline, &report->misuses);
    count_all(making);
    redact(making);
    groups_make(&report->groups, by, &report->sites);
    collect_notes(making);
    keep_top(making);
    return 0;
}

static void render(const struct making *making, bool to_terminal, struct report_text *text) {
    const struct format *format = render_format(setting(making, SETTING_format));
    if (format->is_binary && to_terminal) {
        warning("a report in the format %s is nothing for a terminal: name a file with --report=FILE",
                format->name);
        return;
    }
    FILE *out = open_memstream(&text->bytes, &text->size);
    if (!out)
        exit(failure(EXIT_OWN_FAILURE, "out of memory"));
    format->write(&making->report, out);
    fclose(out);
}

static void end_making(struct making *making) {
    notes_end(&making->notes);
    groups_end(&making->report.groups);
    sites_end(&making->report.left_behind);
    findings_end(&making->lasting);
    sites_end(&making->report.sites);
    exec_leaks_end(&making->report.exec_leaks);
    findings_end(&making->report.unseen_list);
    findings_end(&making->report.inherited);
    findings_end(&making->findings);
    shortage_end(&making->report.shortages);
    misuse_end(&making->report.misuses);
    free(making->report.left_open_of);
    baseline_end(making->baseline);
    redact_end(making->redaction);
    if (making->suppressions)
        suppress_end(making->suppressions);
    if (making->symbols)
        symbols_end(making->symbols);
    report_processes_end(&making->processes);
}

int report_make(const struct report_request *request, bool to_terminal, struct report_text *text,
                struct report_verdict *verdict) {
    struct making making = {.request = request};
    *text = (struct report_text){0};
    *verdict = (struct report_verdict){0};
    if (!request->count && !request->may_be_empty)
        return failure(EXIT_MISSING, "there is no record to report on");
    int status = report_processes_read(&making.processes, request, &verdict->unreadable);
    if (!status)
        status = fill_report(&making, to_terminal, verdict);
    if (!status) {
        render(&making, to_terminal, text);
        text->first = making.report.first->pid;
        text->program = memory_copy(render_program(making.report.first));
        verdict->left_open = making.report.left_open;
        verdict->misuses = making.report.misuses.count;
        verdict->has_findings = making.report.left_open || making.report.misuses.count;
        verdict->sites = making.report.site_count;
    }
    end_making(&making);
    return status;
}

void report_text_end(struct report_text *text) {
    free(text->bytes);
    free(text->program);
    *text = (struct report_text){0};
}

/* --- writing ---------------------------------------------------------------------------------------------- */

static int write_all(int file, const char *bytes, size_t size) {
    while (size) {
        ssize_t written = write(file, bytes, size);
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        } else if (written < 0 && errno == EAGAIN) {
            struct pollfd ready = {.fd = file, .events = POLLOUT};
            if (poll(&ready, 1, LONGEST_WAIT_MS) == 0)
                return -ETIMEDOUT;
        } else if (written < 0 && errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

int report_write(const struct report_text *text, FILE *out) {
    int file = fileno(out), error = 0;
    fflush(out);
    if (file >= 0)
        error = write_all(file, text->bytes, text->size);
    else if (fwrite(text->bytes, 1, text->size, out) != text->size)
        error = -EIO;
    if (error)
        return failure(EXIT_OWN_FAILURE, "cannot write the report: %s", strerror(-error));
    return 0;
}

int report_records(const struct report_request *request, FILE *out, struct report_verdict *verdict) {
    struct report_text text;
    bool to_terminal = fileno(out) >= 0 && isatty(fileno(out));
    int status = report_make(request, to_terminal, &text, verdict);
    if (!status && text.size)
        status = report_write(&text, out);
    report_text_end(&text);
    return status;
}
