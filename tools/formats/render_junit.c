/* render_junit.c - JUnit's XML, as Jenkins, GitLab and others show tests: a suite per process, in it a failed
 * case per complaint. Elements and attributes are those that both schemas in use know, of Ant and of Jenkins.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/basics/memory.h"
#include "tools/basics/xml.h"
#include "tools/formats/render.h"
#include "tools/names/sources.h"

struct junit {
    const struct report *report;
    FILE *out;
    struct sources sources;
    size_t suites;
};

/* --- cases ------------------------------------------------------------------------------------------------ */

static char *failure_message(struct junit *junit, const struct complaint *complaint) {
    char *headline = complaint_headline(complaint);
    struct source_place place = sources_place(&junit->sources, complaint);
    char *message = memory_format("%s:%u: %s", place.path, place.line, headline);
    free(headline);
    return message;
}

static void begin_case(struct junit *junit, const struct process *process, const char *name) {
    fputs("    <testcase", junit->out);
    xml_put_attribute(junit->out, "classname", render_program_name(process));
    xml_put_attribute(junit->out, "name", name);
    fputs(" time=\"0.000\"", junit->out);
}

static void put_failed_case(struct junit *junit, const struct complaint *complaint) {
    char *name = complaint_name(complaint), *message = failure_message(junit, complaint);
    char *text = complaint_text(junit->report, complaint);
    begin_case(junit, complaint->process, name);
    fputs(">\n      <failure", junit->out);
    xml_put_attribute(junit->out, "type", complaint_word(complaint));
    xml_put_attribute(junit->out, "message", message);
    fputc('>', junit->out);
    xml_put(junit->out, text);
    fputs("</failure>\n    </testcase>\n", junit->out);
    free(text);
    free(message);
    free(name);
}

/* --- suites ----------------------------------------------------------------------------------------------- */

/* What of the complaint is the process's: of a site the part, of which `part` is the room. */
static bool find_part(const struct complaint *all, const struct process *process, struct site *part,
                      struct complaint *own) {
    *own = *all;
    if (!all->site)
        return all->process == process;
    *part = (struct site){0};
    while (sites_next_part(all->site, part))
        if (part->findings->process == process) {
            *own = complaint_of_site(part);
            return true;
        }
    return false;
}

/* Writes the cases of the process, or none without `junit`; returns how many there are. */
static size_t each_failure(const struct report *report, const struct process *process, struct junit *junit) {
    size_t failures = 0;
    for (size_t i = 0; i < complaints_count(report); i++) {
        struct complaint all = complaints_get(report, i), own;
        struct site part;
        if (!find_part(&all, process, &part, &own))
            continue;
        failures++;
        if (junit)
            put_failed_case(junit, &own);
    }
    return failures;
}

static void put_property(FILE *out, const char *name, const char *value) {
    fputs("      <property", out);
    xml_put_attribute(out, "name", name);
    xml_put_attribute(out, "value", value);
    fputs("/>\n", out);
}

static void put_properties(FILE *out, const struct process *process) {
    char pid[16];
    snprintf(pid, sizeof pid, "%d", process->pid);
    fputs("    <properties>\n", out);
    put_property(out, "pid", pid);
    put_property(out, "executable", process->executable);
    fputs("    </properties>\n", out);
}

/* Both schemas want a name of at least one character that is no blank. */
static void put_name(FILE *out, const char *attribute, const char *name, const char *otherwise) {
    xml_put_attribute(out, attribute, name[strspn(name, " \t\r\n")] ? name : otherwise);
}

static void put_host(FILE *out) {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    put_name(out, "hostname", host, "localhost");
}

/* In UTC, without a zone: the schema of Ant wants none. */
static void put_start(FILE *out, const struct process *process) {
    time_t seconds = (time_t)(process->started_realtime / 1000000000u);
    struct tm parts = {0};
    char text[32] = "1970-01-01T00:00:00";
    if (gmtime_r(&seconds, &parts) && parts.tm_year < 9999 - 1900)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    xml_put_attribute(out, "timestamp", text);
}

static double duration(const struct process *process) {
    uint64_t started = process->started_realtime, ended = process->ended_realtime;
    return ended > started && started ? (double)(ended - started) / 1e9 : 0;
}

static void begin_suite(struct junit *junit, const struct process *process, size_t failures) {
    fputs("  <testsuite", junit->out);
    put_name(junit->out, "name", render_program_name(process), "?");
    fprintf(junit->out, " package=\"leftopen\" id=\"%zu\"", junit->suites++);
    put_host(junit->out);
    put_start(junit->out, process);
    fprintf(junit->out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" time=\"%.3f\">\n",
            failures ? failures : 1, failures, duration(process));
    put_properties(junit->out, process);
}

static void end_suite(struct junit *junit) {
    fputs("    <system-out></system-out>\n    <system-err>", junit->out);
    for (size_t i = 0; junit->suites == 1 && i < junit->report->note_count; i++) {
        xml_put(junit->out, junit->report->notes[i]);
        xml_put(junit->out, "\n");
    }
    fputs("</system-err>\n  </testsuite>\n", junit->out);
}

/* A suite without a case would be an error to many. */
static void put_passed_case(struct junit *junit, const struct process *process) {
    begin_case(junit, process, "nothing left open");
    fputs("/>\n", junit->out);
}

static void put_suite(struct junit *junit, const struct process *process) {
    const struct report *report = junit->report;
    size_t failures = each_failure(report, process, NULL);
    begin_suite(junit, process, failures);
    if (!each_failure(report, process, junit))
        put_passed_case(junit, process);
    end_suite(junit);
}

/* The first process, and whoever did something wrong. */
void render_junit(const struct report *report, FILE *out) {
    struct junit junit = {.report = report, .out = out};
    sources_begin(&junit.sources, report);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", out);
    put_suite(&junit, report->first);
    for (size_t i = 0; i < report->process_count; i++) {
        const struct process *process = report->processes[i];
        bool may_have_failed = report->left_open_of[i] || process->misuse_count;
        if (process != report->first && may_have_failed && each_failure(report, process, NULL))
            put_suite(&junit, process);
    }
    fputs("</testsuites>\n", out);
    sources_end(&junit.sources);
}
