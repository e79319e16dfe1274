/* tool_formats.c - what machines read. Every writer is fed the same reports, and its output is read by a parser
 * that is not ours (jansson, xmllint with a schema, zlib) or that knows the format from its description only.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>
#include <zlib.h>

#include "tests/suite.h"
#include "tools/basics/memory.h"
#include "tools/basics/utf8.h"
#include "tools/findings/misuse.h"
#include "tools/findings/report.h"
#include "tools/findings/report_make.h"
#include "tools/formats/render.h"
#include "tools/names/sources.h"

static char top[PATH_MAX];    /* of the sources */
static char folder[PATH_MAX]; /* where a test runs: the root of its sources */

static void begin(void) {
    char name[] = "/tmp/leftopen-formats-XXXXXX";
    ck_assert_ptr_nonnull(getcwd(top, sizeof top));
    ck_assert_ptr_nonnull(mkdtemp(name));
    ck_assert_int_eq(chdir(name), 0);
    ck_assert_ptr_nonnull(getcwd(folder, sizeof folder));
    unsetenv("GITHUB_STEP_SUMMARY");
}

static void end(void) {
    char command[PATH_MAX + 16];
    ck_assert_int_eq(chdir(top), 0);
    snprintf(command, sizeof command, "/bin/rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void make_file(const char *name) {
    int file = open(name, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(file, 0);
    close(file);
}

/* --- reports ---------------------------------------------------------------------------------------------- */

enum { MOST_FRAMES = 8, MOST_SITES = 16, MOST_PROCESSES = 3 };

/* A report of up to MOST_SITES stacks. */
struct world {
    struct process processes[MOST_PROCESSES], *list[MOST_PROCESSES];
    struct thread threads[2];
    char *arguments[3];
    struct frame frames[MOST_SITES][MOST_FRAMES];
    struct trace traces[MOST_SITES];
    struct stack stacks[MOST_SITES];
    struct findings findings;
    struct misuse misuses[MOST_SITES];
    struct misuse_site wrong[MOST_SITES];
    struct report report;
    size_t stack_count;
};

/* A process 4242, started at some time, for 2.5 s, with a thread 4245. */
static struct world *world_begin(const char *executable, const char *thread) {
    struct world *world = memory_new(1, sizeof *world);
    world->arguments[0] = memory_copy(executable);
    world->arguments[1] = memory_copy("--port=8080");
    world->threads[0].id = 4245;
    snprintf(world->threads[0].name, sizeof world->threads[0].name, "%s", thread);
    for (int i = 0; i < MOST_PROCESSES; i++) {
        world->processes[i] = (struct process){
            .pid = 4242 + i * 1000,
            .parent_pid = 4000,
            .executable = world->arguments[0],
            .arguments = world->arguments,
            .started_realtime = 1700000000000000000u,
            .ended_realtime = 1700000002500000000u,
            .end = RECORD_END_EXIT,
            .pass = RECORD_PASS_BEGUN | RECORD_PASS_RECONCILED | RECORD_PASS_RELEASED,
            .threads = world->threads,
            .thread_count = 1,
        };
        world->list[i] = &world->processes[i];
    }
    world->report = (struct report){.source_root = "",
                                    .processes = world->list,
                                    .process_count = 1,
                                    .first = &world->processes[0],
                                    .unseen = -1};
    return world;
}

/* A stack of frames, ended by one without a module. */
static size_t add_stack(struct world *world, const char *call, const struct frame *frames) {
    size_t number = world->stack_count++, count = 0;
    for (; frames[count].module; count++) {
        world->frames[number][count] = frames[count];
        if (!frames[count].build_id)
            world->frames[number][count].build_id = "";
    }
    world->traces[number] = (struct trace){world->frames[number], count, false};
    world->stacks[number] =
        (struct stack){.id = (uint32_t)number + 1, .opened = 12, .closed = 9, .first_name = ""};
    snprintf(world->stacks[number].call, sizeof world->stacks[number].call, "%s", call);
    return number;
}

static void add_handle(struct world *world, size_t process, size_t stack, enum record_kind kind, int number,
                       const char *what, double age) {
    struct handle *handle = memory_new(1, sizeof *handle);
    *handle = (struct handle){.state = RECORD_STATE_LIVE,
                              .kind = kind,
                              .is_address = number < 0,
                              .object = number < 0 ? 0x5555 : 0,
                              .number = number,
                              .sequence = world->findings.count + 1,
                              .thread = 4245,
                              .outcome = RECORD_OUTCOME_RELEASED,
                              .stack = &world->stacks[stack]};
    world->findings.list =
        memory_grow(world->findings.list, world->findings.count, sizeof *world->findings.list);
    world->findings.list[world->findings.count++] = (struct finding){.process = &world->processes[process],
                                                                     .handle = handle,
                                                                     .kind = kind,
                                                                     .what = what ? memory_copy(what) : NULL,
                                                                     .age = age,
                                                                     .trace = &world->traces[stack],
                                                                     .process_index = process};
    if (world->report.process_count <= process)
        world->report.process_count = process + 1;
}

/* A second close of a descriptor 8 at the first stack; opened and closed at the others. */
static void add_misuse(struct world *world, size_t process, size_t now, size_t opened, size_t closed) {
    size_t number = world->report.misuses.count++;
    world->processes[process].misuse_count++;
    world->report.misuses.list = world->wrong;
    world->misuses[number] = (struct misuse){.type = RECORD_MISUSE_DOUBLE_CLOSE,
                                             .kind = RECORD_KIND_FILE,
                                             .number = 8,
                                             .thread = 4245,
                                             .count = 2,
                                             .now = &world->stacks[now]};
    world->wrong[number] = (struct misuse_site){.process = &world->processes[process],
                                                .first = &world->misuses[number],
                                                .count = 2,
                                                .processes = 1,
                                                .now = &world->traces[now],
                                                .opened = &world->traces[opened],
                                                .closed = &world->traces[closed]};
    sites_identify("close", &world->traces[now], world->wrong[number].id, world->wrong[number].line_id);
    if (world->report.process_count <= process)
        world->report.process_count = process + 1;
}

/* What the writer of the format makes of it. */
static char *shown;
static size_t shown_bytes;

static char *render(struct world *world, const char *format) {
    struct report *report = &world->report;
    sites_end(&report->sites);
    sites_group(&world->findings, NULL, &report->sites, false);
    report->site_count = report->sites.count;
    report->left_open = world->findings.count;
    free(report->left_open_of);
    report->left_open_of = memory_new(report->process_count, sizeof *report->left_open_of);
    for (size_t i = 0; i < world->findings.count; i++)
        report->left_open_of[world->findings.list[i].process_index]++;
    free(shown);
    FILE *out = open_memstream(&shown, &shown_bytes);
    render_format(format)->write(report, out);
    fclose(out);
    return shown;
}

static void world_end(struct world *world) {
    for (size_t i = 0; i < world->findings.count; i++)
        free((void *)world->findings.list[i].handle);
    findings_end(&world->findings);
    sites_end(&world->report.sites);
    free(world->report.left_open_of);
    free(world->arguments[0]);
    free(world->arguments[1]);
    free(world);
    free(shown);
    shown = NULL;
}

/* Three sockets by way of a header and two inlined calls, and a stream without a line, in two processes. */
static struct world *example(void) {
    struct world *world = world_begin("./server", "worker");
    mkdir("src", 0700);
    make_file("src/conn.c");
    size_t socket = add_stack(
        world, "socket",
        (struct frame[]){
            {.function = "bits",
             .file = "/usr/include/bits.h",
             .line = 7,
             .module = "/opt/server",
             .offset = 16,
             .inlined = true},
            {.function = "connect_upstream",
             .symbol = "_Zc",
             .file = "src/conn.c",
             .line = 42,
             .column = 13,
             .module = "/opt/server",
             .offset = 16},
            {.function = "main", .file = "src/main.c", .line = 7, .module = "/opt/server", .offset = 64},
            {.function = "__libc_start_main", .module = "/lib/libc.so.6", .offset = 4096},
            {0}});
    size_t stream =
        add_stack(world, "fopen",
                  (struct frame[]){{.module = "/usr/lib/libx.so", .offset = 0x1a2b, .build_id = "8ca0"}, {0}});
    for (int i = 0; i < 3; i++)
        add_handle(world, 0, socket, RECORD_KIND_SOCKET, 5 + i, "TCP 127.0.0.1:1 -> 127.0.0.1:2 CLOSE_WAIT",
                   1.5);
    add_handle(world, 1, socket, RECORD_KIND_SOCKET, 9, NULL, 0.25);
    add_handle(world, 1, stream, RECORD_KIND_STREAM, -1, NULL, -1);
    return world;
}

/* --- hostile names ---------------------------------------------------------------------------------------- */

static const char *const hostile[] = {
    "\xff\xfe\xc3",
    "\"quotes' \\ back",
    "two\nlines\r\n::error::x",
    "</script><b>&amp;",
    "]]>",
    "100% %0A %s",
    "a;b;c 7",
    "\x01\x1b[31m\x7f\t",
    "\xef\xbf\xbe\xef\xbf\xbf\xed\xa0\x80\xe2\x80\xae",
    "| `cell` [x](http://y) {0} {name}",
    "../..//./x",
    "/",
    " ",
    ",line=1,title=x::y",
    "one\xe2\x80\xa8two\xe2\x80\xa9three\xc2\x85", /* U+2028, U+2029, U+0085 */
    NULL,                                          /* 4,096 bytes, see hostile_name */
    NULL,                                          /* the same of bytes that are not UTF-8 */
};
enum { HOSTILE = sizeof hostile / sizeof *hostile };

static char *hostile_name(int number) {
    if (hostile[number])
        return memory_copy(hostile[number]);
    char *name = memory_new(4097, 1);
    memset(name, number == HOSTILE - 1 ? 0xe9 : 'n', 4096);
    return name;
}

/* A name wherever a name can be, in two sites. */
static struct world *hostile_world(char *name, char **notes) {
    struct world *world = world_begin(name, name);
    free(world->arguments[1]);
    world->arguments[1] = memory_copy(name);
    size_t one = add_stack(
        world, "open",
        (struct frame[]){
            {.function = name, .symbol = name, .file = name, .line = 3, .module = name, .build_id = name},
            {.module = name, .offset = 32},
            {.function = "main", .file = name, .line = 9, .module = name, .offset = 48},
            {0}});
    size_t other = add_stack(world, "dup", (struct frame[]){{.module = name, .offset = 99}, {0}});
    add_handle(world, 0, one, RECORD_KIND_FILE, 3, name, 1);
    add_handle(world, 0, one, RECORD_KIND_FILE, 4, name, 2);
    add_handle(world, 0, other, RECORD_KIND_STREAM, -1, name, 3);
    add_misuse(world, 0, one, other, one);
    world->stacks[one].first_name = name;
    notes[0] = name;
    world->report.notes = notes;
    world->report.note_count = 1;
    return world;
}

#define HOSTILE_TEST(format, check)                                                                            \
    START_TEST(format##_survives_hostile_names) {                                                              \
        char *notes[1], *name = hostile_name(_i);                                                              \
        struct world *world = hostile_world(name, notes);                                                      \
        check(world);                                                                                          \
        world_end(world);                                                                                      \
        free(name);                                                                                            \
    }                                                                                                          \
    END_TEST

/* --- JSON ------------------------------------------------------------------------------------------------- */

static json_t *parsed(const char *text) {
    json_error_t error;
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(value, "%s in:\n%s", error.text, text);
    return value;
}

/* The member by a path of names and indices, "runs.0.tool"; it must be there. */
static json_t *at(json_t *value, const char *path) {
    char *copy = memory_copy(path), *rest = copy;
    for (char *part; (part = strsep(&rest, ".")) && value;)
        value = json_is_array(value) ? json_array_get(value, (size_t)atoi(part)) : json_object_get(value, part);
    free(copy);
    ck_assert_msg(value, "no %s in:\n%s", path, shown);
    return value;
}

static const char *text_at(json_t *value, const char *path) {
    const char *text = json_string_value(at(value, path));
    ck_assert_msg(text && *text, "%s is no text in:\n%s", path, shown);
    return text;
}

static json_int_t number_at(json_t *value, const char *path) {
    ck_assert_msg(json_is_integer(at(value, path)), "%s is no number in:\n%s", path, shown);
    return json_integer_value(at(value, path));
}

/* --- NDJSON ----------------------------------------------------------------------------------------------- */

enum { LONGEST_LINE = 65536 };

static void check_line(json_t *line, const char *schema, const char *const *members) {
    static const char *const of_all[] = {"ts",      "host", "pid",  "exe",    "argv",
                                         "started", "id",   "kind", "frames", NULL};
    ck_assert_str_eq(text_at(line, "schema"), schema);
    for (size_t i = 0; of_all[i]; i++)
        at(line, of_all[i]);
    for (size_t i = 0; members[i]; i++)
        at(line, members[i]);
}

/* Checks each line, those of misuses last; returns the sum of counts of the others. */
static size_t check_ndjson(struct world *world) {
    size_t handles = 0, misuses = 0;
    for (char *line = render(world, "ndjson"), *rest; *line; line = rest) {
        rest = strchr(line, '\n');
        ck_assert_ptr_nonnull(rest);
        *rest++ = '\0';
        json_t *object = parsed(line);
        if (json_object_get(object, "type")) {
            check_line(object, "leftopen.misuse/1", (const char *const[]){"type", "opened", "closed", NULL});
            misuses++;
        } else {
            check_line(object, "leftopen.leak/1", (const char *const[]){"call", "handles", NULL});
            handles += (size_t)number_at(object, "count");
        }
        json_decref(object);
    }
    ck_assert_uint_eq(misuses, world->report.misuses.count);
    return handles;
}

START_TEST(ndjson_has_a_line_per_site) {
    struct world *world = example();
    ck_assert_uint_eq(check_ndjson(world), 5);
    world_end(world);
}
END_TEST

START_TEST(ndjson_lines_stay_short) {
    struct world *world = world_begin("x", "y");
    size_t stack = add_stack(world, "open", (struct frame[]){{.module = "m"}, {0}});
    for (int i = 0; i < 3000; i++)
        add_handle(world, 0, stack, RECORD_KIND_FILE, 3 + i, "/a/path/that/is/not/short", 1);
    ck_assert_uint_le(strlen(render(world, "ndjson")), LONGEST_LINE);
    ck_assert_uint_gt(strlen(shown), LONGEST_LINE / 2);
    ck_assert_uint_eq(check_ndjson(world), 3000);
    world_end(world);
}
END_TEST

static void survive_ndjson(struct world *world) { ck_assert_uint_eq(check_ndjson(world), 3); }
HOSTILE_TEST(ndjson, survive_ndjson)

static void survive_json(struct world *world) { json_decref(parsed(render(world, "json"))); }
HOSTILE_TEST(json, survive_json)

/* --- SARIF ------------------------------------------------------------------------------------------------ */

/* Of RFC 3986, relative or with a scheme. */
static void check_uri(const char *uri) {
    static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/%:";
    ck_assert_msg(uri[strspn(uri, fine)] == '\0', "not a URI: %s", uri);
    for (const char *percent = uri; (percent = strchr(percent, '%')); percent++)
        ck_assert_msg(strspn(percent + 1, "0123456789ABCDEF") >= 2, "not a URI: %s", uri);
    ck_assert_msg(strncmp(uri, "file:///", 8) == 0 || (*uri != '/' && !strchr(uri, ':')),
                  "neither relative nor file: %s", uri);
}

static void check_location(json_t *location) {
    check_uri(text_at(location, "physicalLocation.artifactLocation.uri"));
    ck_assert_int_ge(number_at(location, "physicalLocation.region.startLine"), 1);
}

static void check_result(json_t *run, json_t *result) {
    json_t *rule = json_array_get(at(run, "tool.driver.rules"), (size_t)number_at(result, "ruleIndex"));
    ck_assert_str_eq(text_at(rule, "id"), text_at(result, "ruleId"));
    text_at(result, "message.text");
    text_at(result, "partialFingerprints.primaryLocationLineHash");
    check_location(at(result, "locations.0"));
    json_t *flow = json_object_get(result, "codeFlows"), *step;
    size_t i;
    if (flow)
        json_array_foreach(at(flow, "0.threadFlows.0.locations"), i, step) check_location(at(step, "location"));
}

/* What GitHub demands, and that all results are told apart. The caller gives the run's document back. */
static json_t *check_sarif(struct world *world) {
    json_t *document = parsed(render(world, "sarif")), *run = at(document, "runs.0"), *rule, *result, *other;
    size_t i, k;
    ck_assert_str_eq(text_at(document, "version"), "2.1.0");
    ck_assert_str_eq(text_at(document, "$schema"), "https://json.schemastore.org/sarif-2.1.0.json");
    text_at(run, "tool.driver.name");
    text_at(run, "automationDetails.id");
    json_array_foreach(at(run, "tool.driver.rules"), i, rule) {
        text_at(rule, "id");
        text_at(rule, "shortDescription.text");
        text_at(rule, "fullDescription.text");
        text_at(rule, "help.text");
    }
    json_array_foreach(at(run, "results"), i, result) {
        check_result(run, result);
        for (k = 0; k < i; k++) {
            other = json_array_get(at(run, "results"), k);
            ck_assert_str_ne(text_at(other, "partialFingerprints.primaryLocationLineHash"),
                             text_at(result, "partialFingerprints.primaryLocationLineHash"));
        }
    }
    return document;
}

START_TEST(sarif_says_what_github_shows) {
    struct world *world = example();
    json_t *document = check_sarif(world), *run = at(document, "runs.0"), *result = at(run, "results.0");
    ck_assert_uint_eq(json_array_size(at(run, "results")), 2);
    ck_assert_str_eq(text_at(result, "ruleId"), "left-open-socket");
    ck_assert_int_eq(number_at(result, "occurrenceCount"), 4);
    ck_assert_str_eq(text_at(result, "locations.0.physicalLocation.artifactLocation.uri"), "src/conn.c");
    ck_assert_str_eq(text_at(result, "locations.0.physicalLocation.artifactLocation.uriBaseId"), "%SRCROOT%");
    ck_assert_int_eq(number_at(result, "locations.0.physicalLocation.region.startLine"), 42);
    ck_assert_int_eq(number_at(result, "locations.0.physicalLocation.region.startColumn"), 13);
    ck_assert_str_eq(text_at(result, "partialFingerprints.primaryLocationLineHash"),
                     world->report.sites.list[0].id);
    json_t *steps = at(result, "codeFlows.0.threadFlows.0.locations");
    ck_assert_uint_eq(json_array_size(steps), 3);
    ck_assert_str_eq(text_at(steps, "0.location.message.text"), "main");
    ck_assert_str_eq(text_at(steps, "2.location.physicalLocation.artifactLocation.uri"),
                     "file:///usr/include/bits.h");
    ck_assert_uint_eq(json_array_size(at(result, "stacks.0.frames")), 4);
    char root[PATH_MAX + 16];
    snprintf(root, sizeof root, "file://%s/", folder);
    ck_assert_str_eq(text_at(run, "originalUriBaseIds.%SRCROOT%.uri"), root);
    /* no line anywhere: the module stands for it */
    ck_assert_str_eq(text_at(run, "results.1.locations.0.physicalLocation.artifactLocation.uri"),
                     "file:///usr/lib/libx.so");
    json_decref(document);
    world_end(world);
}
END_TEST

START_TEST(sarif_tells_sites_of_equal_names_apart) {
    struct world *world = world_begin("x", "y");
    for (unsigned line = 1; line <= 3; line++) {
        size_t stack =
            add_stack(world, "open",
                      (struct frame[]){
                          {.function = "f", .file = "f.c", .line = line, .module = "m", .offset = line}, {0}});
        for (unsigned i = 0; i < line; i++)
            add_handle(world, 0, stack, RECORD_KIND_FILE, (int)(line * 10 + i), NULL, 1);
    }
    json_decref(check_sarif(world));
    ck_assert_str_eq(world->report.sites.list[0].id, world->report.sites.list[2].id);
    world_end(world);
}
END_TEST

static void survive_sarif(struct world *world) {
    json_t *document = check_sarif(world);
    ck_assert_uint_eq(json_array_size(at(document, "runs.0.results")), 3);
    json_decref(document);
}
HOSTILE_TEST(sarif, survive_sarif)

/* --- GitLab ----------------------------------------------------------------------------------------------- */

static json_t *check_gitlab(struct world *world) {
    json_t *list = parsed(render(world, "gitlab")), *violation;
    size_t i;
    ck_assert(json_is_array(list));
    json_array_foreach(list, i, violation) {
        text_at(violation, "description");
        text_at(violation, "check_name");
        text_at(violation, "location.path");
        ck_assert_int_ge(number_at(violation, "location.lines.begin"), 1);
        ck_assert_str_eq(text_at(violation, "severity"), "major");
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(text_at(json_array_get(list, k), "fingerprint"),
                             text_at(violation, "fingerprint"));
    }
    return list;
}

START_TEST(gitlab_says_where_and_what) {
    struct world *world = example();
    json_t *list = check_gitlab(world);
    ck_assert_uint_eq(json_array_size(list), 2);
    ck_assert_str_eq(text_at(list, "0.location.path"), "src/conn.c");
    ck_assert_int_eq(number_at(list, "0.location.lines.begin"), 42);
    ck_assert_str_eq(text_at(list, "0.check_name"), "leftopen/socket");
    ck_assert_ptr_nonnull(strstr(text_at(list, "0.description"), "4 sockets left open"));
    json_decref(list);
    world_end(world);
}
END_TEST

static void survive_gitlab(struct world *world) {
    json_t *list = check_gitlab(world);
    ck_assert_uint_eq(json_array_size(list), 3);
    json_decref(list);
}
HOSTILE_TEST(gitlab, survive_gitlab)

/* --- XML -------------------------------------------------------------------------------------------------- */

static void save(const char *name) {
    FILE *out = fopen(name, "w");
    ck_assert_uint_eq(fwrite(shown, 1, shown_bytes, out), shown_bytes);
    fclose(out);
}

/* The report, rendered and valid by tests/schemas/NAME.xsd. */
static void check_xml(struct world *world, const char *format, const char *schema) {
    char command[2 * PATH_MAX];
    render(world, format);
    save("report.xml");
    snprintf(command, sizeof command,
             "xmllint --noout --nonet --schema %s/tests/schemas/%s.xsd report.xml 2>said.txt || { cat "
             "said.txt; false; }",
             top, schema);
    ck_assert_msg(system(command) == 0, "%s", shown);
}

/* What xmllint finds by the expression, in the report that was checked last. */
static void finds(const char *expression, const char *expected) {
    char command[1024], found[1024] = "";
    snprintf(command, sizeof command, "xmllint --xpath '%s' report.xml", expression);
    FILE *pipe = popen(command, "r");
    size_t got = fread(found, 1, sizeof found - 1, pipe);
    ck_assert_int_eq(pclose(pipe), 0);
    if (got && found[got - 1] == '\n')
        found[got - 1] = '\0';
    ck_assert_msg(strcmp(found, expected) == 0, "%s is '%s', not '%s', in:\n%s", expression, found, expected,
                  shown);
}

START_TEST(junit_has_a_failed_case_per_site_and_process) {
    struct world *world = example();
    check_xml(world, "junit", "junit");
    finds("count(//testsuite)", "2");
    finds("count(//testsuite[1]/testcase/failure)", "1");
    finds("string(//testsuite[1]/@failures)", "1");
    finds("string(//testsuite[1]/@name)", "server");
    finds("string(//testsuite[1]/@timestamp)", "2023-11-14T22:13:20");
    finds("string(//testsuite[1]/@time)", "2.500");
    finds("string(//testsuite[2]/@failures)", "2");
    finds("starts-with(//testsuite[1]/testcase/failure/@message, \"src/conn.c:42: 3 sockets left open\")",
          "true");
    finds("starts-with(//testsuite[2]/testcase/failure/@message, \"src/conn.c:42: 1 socket left open\")",
          "true");
    finds("contains(//testsuite[1]/testcase/failure, \"#1 connect_upstream src/conn.c:42:13\")", "true");
    finds("contains(//testsuite[1]/testcase/failure, \"fd 7\")", "true");
    finds("contains(//testsuite[1]/testcase/failure, \"fd 9\")", "false");
    world_end(world);
}
END_TEST

static void survive_junit(struct world *world) {
    check_xml(world, "junit", "junit");
    finds("count(//failure)", "3");
}
HOSTILE_TEST(junit, survive_junit)

START_TEST(valgrind_xml_tells_leaks_to_old_readers) {
    struct world *world = example();
    check_xml(world, "valgrind-xml", "valgrind");
    finds("string(//protocolversion)", "4");
    finds("count(//error)", "2");
    finds("count(//error[kind=\"Leak_DefinitelyLost\"])", "2");
    finds("sum(//leakedblocks)", "5");
    finds("count(//errorcounts/pair)", "2");
    finds("string(//error[1]/stack/frame[2]/fn)", "connect_upstream");
    finds("string(//error[1]/stack/frame[2]/file)", "conn.c");
    finds("string(//error[1]/stack/frame[2]/line)", "42");
    finds("substring-after(//error[1]/stack/frame[2]/dir, \"/tmp/\") != \"\"", "true");
    finds("string(//error[1]/stack/frame[1]/dir)", "/usr/include");
    finds("count(//error[1]/stack/frame)", "3");
    finds("string(//error[2]/stack/frame/ip)", "0x1A2B");
    finds("string(//argv/arg)", "--port=8080");
    finds("string(//pid)", "4242");
    world_end(world);
}
END_TEST

START_TEST(valgrind_xml_tells_descriptors_to_new_readers) {
    struct world *world = example();
    add_handle(world, 0, 0, RECORD_KIND_FILE, 11, "/etc/hosts", 1);
    check_xml(world, "valgrind-xml-native", "valgrind");
    finds("string(//protocolversion)", "5");
    finds("count(//error[kind=\"FdNotClosed\"])", "5");
    finds("count(//error[kind=\"Leak_DefinitelyLost\"])", "1"); /* a stream of which no descriptor is known */
    finds("string(//error[fd=\"11\"]/path)", "/etc/hosts");
    finds("string(//error[fd=\"11\"]/what)", "Open file descriptor 11: /etc/hosts");
    finds("count(//error[fd=\"5\"]/path)", "0");
    world_end(world);
}
END_TEST

static void survive_valgrind(struct world *world) {
    check_xml(world, "valgrind-xml", "valgrind");
    finds("count(//error)", "3");
}
HOSTILE_TEST(valgrind_xml, survive_valgrind)

static void survive_native(struct world *world) {
    check_xml(world, "valgrind-xml-native", "valgrind");
    finds("count(//error)", "4");
}
HOSTILE_TEST(valgrind_xml_native, survive_native)

/* --- Valgrind's log --------------------------------------------------------------------------------------- */

/* Every line is one that a reader of the log looks at. Returns how many handles its loss records have. */
static size_t check_log(struct world *world) {
    size_t handles = 0, records = 0;
    for (char *line = render(world, "valgrind"), *rest; *line; line = rest) {
        rest = strchr(line, '\n');
        ck_assert_ptr_nonnull(rest);
        *rest++ = '\0';
        ck_assert_msg(strncmp(line, "==4242== ", 9) == 0, "%s", line);
        size_t bytes, blocks, index, all;
        if (sscanf(line, "==4242== %zu bytes in %zu blocks are definitely lost in loss record %zu of %zu",
                   &bytes, &blocks, &index, &all) != 4)
            continue;
        ck_assert_uint_eq(bytes, blocks);
        ck_assert_uint_eq(index, ++records);
        ck_assert_uint_eq(all, world->report.sites.count);
        handles += blocks;
    }
    return handles;
}

START_TEST(valgrind_has_a_loss_record_per_site) {
    struct world *world = example();
    ck_assert_uint_eq(check_log(world), world->report.left_open);
    ck_assert_ptr_nonnull(strstr(render(world, "valgrind"), "==4242==     #1 connect_upstream "));
    world_end(world);
}
END_TEST

static void survive_log(struct world *world) { ck_assert_uint_eq(check_log(world), 3); }
HOSTILE_TEST(valgrind, survive_log)

/* --- GitHub ----------------------------------------------------------------------------------------------- */

static void check_valid_utf8(const char *text) {
    for (size_t bytes; *text; text += bytes) {
        bytes = utf8_character(text);
        ck_assert_msg(bytes, "not UTF-8: %s", text);
    }
}

/* The properties of a command: name=value, joined by commas, each value escaped. */
static void check_properties(char *properties) {
    for (char *property; (property = strsep(&properties, ","));) {
        size_t name = strspn(property, "abcdefghijklmnopqrstuvwxyz");
        ck_assert_msg(name && property[name] == '=', "not a property: %s", property);
        ck_assert_msg(!strpbrk(property, ":\r\n"), "not escaped: %s", property);
    }
}

/* Every line is a command or empty. Returns how many commands there are. */
static size_t check_github(struct world *world) {
    size_t commands = 0;
    check_valid_utf8(render(world, "github"));
    char *copy = memory_copy(shown), *rest = copy;
    for (char *line; (line = strsep(&rest, "\n"));) {
        if (!*line)
            continue;
        ck_assert_msg(strncmp(line, "::error ", 8) == 0, "not a command: %s", line);
        char *message = strstr(line + 8, "::");
        ck_assert_msg(message && message[2], "no message: %s", line);
        ck_assert_msg(!strpbrk(message, "\r"), "not escaped: %s", message);
        *message = '\0';
        check_properties(line + 8);
        commands++;
    }
    free(copy);
    return commands;
}

/* Cells of a row of a table in Markdown, 0 if it is none. */
static size_t cells(const char *line) {
    size_t bars = 0;
    for (; *line; line++) {
        if (*line == '\\' && line[1])
            line++;
        else
            bars += *line == '|';
    }
    return bars ? bars - 1 : 0;
}

static void check_summary(size_t rows) {
    char text[65536] = "", *rest = text;
    FILE *in = fopen("summary.md", "r");
    ck_assert_ptr_nonnull(in);
    ck_assert_uint_lt(fread(text, 1, sizeof text - 1, in), sizeof text - 1);
    fclose(in);
    check_valid_utf8(text);
    size_t found = 0;
    for (char *line; (line = strsep(&rest, "\n"));) {
        ck_assert_msg(!cells(line) || cells(line) == 3, "%zu cells: %s", cells(line), line);
        found += cells(line) == 3;
    }
    ck_assert_uint_eq(found, rows + 2);
}

START_TEST(github_annotates_lines) {
    struct world *world = example();
    setenv("GITHUB_STEP_SUMMARY", "summary.md", 1);
    ck_assert_uint_eq(check_github(world), 2);
    ck_assert_ptr_nonnull(strstr(shown, "\n::error file=src/conn.c,line=42,col=13,title=4 sockets left open"));
    ck_assert_ptr_nonnull(strstr(shown, "(of 12 opened here%2C 9 closed)::"));
    ck_assert_ptr_nonnull(strstr(shown, "%0A    #1 connect_upstream src/conn.c:42:13"));
    ck_assert_ptr_nonnull(strstr(shown, "\n::error title=1 stream left open"));
    check_summary(2);
    world_end(world);
}
END_TEST

START_TEST(github_shows_ten_annotations) {
    struct world *world = world_begin("x", "y");
    for (unsigned i = 0; i < 12; i++)
        add_handle(world, 0, add_stack(world, "open", (struct frame[]){{.module = "m", .offset = i}, {0}}),
                   RECORD_KIND_FILE, (int)i + 3, NULL, 1);
    ck_assert_uint_eq(check_github(world), 10);
    ck_assert_ptr_nonnull(strstr(shown, "12 handles left open at 12 places"));
    world_end(world);
}
END_TEST

START_TEST(github_shows_misuses_first) {
    struct world *world = world_begin("x", "y");
    size_t stack = 0;
    for (unsigned i = 0; i < 12; i++) {
        stack = add_stack(world, "open", (struct frame[]){{.module = "m", .offset = i}, {0}});
        add_handle(world, 0, stack, RECORD_KIND_FILE, (int)i + 3, NULL, 1);
    }
    add_misuse(world, 0, stack, stack, stack);
    ck_assert_uint_eq(check_github(world), 10);
    const char *misuse = strstr(shown, "title=double-close"), *handle = strstr(shown, "title=1 file left open");
    ck_assert(misuse && handle && misuse < handle);
    world_end(world);
}
END_TEST

START_TEST(github_says_when_the_summary_cannot_be_written) {
    struct world *world = example();
    setenv("GITHUB_STEP_SUMMARY", "no/such/folder", 1);
    fflush(NULL);
    int saved = dup(2), said = open("said.txt", O_RDWR | O_CREAT, 0600);
    dup2(said, 2);
    ck_assert_uint_eq(check_github(world), 2);
    dup2(saved, 2);
    char text[256] = "";
    ck_assert_int_gt(pread(said, text, sizeof text - 1, 0), 0);
    ck_assert_ptr_nonnull(strstr(text, "GITHUB_STEP_SUMMARY, no/such/folder: No such file"));
    close(said);
    close(saved);
    world_end(world);
}
END_TEST

static void survive_github(struct world *world) {
    setenv("GITHUB_STEP_SUMMARY", "summary.md", 1);
    ck_assert_uint_eq(check_github(world), 3);
    check_summary(3);
}
HOSTILE_TEST(github, survive_github)

/* --- folded ----------------------------------------------------------------------------------------------- */

/* As flame graphs are drawn: up to the last blank frames, behind it a number. Returns the sum of those. */
static unsigned long check_folded(struct world *world, size_t *lines) {
    unsigned long sum = 0;
    check_valid_utf8(render(world, "folded"));
    *lines = 0;
    char *copy = memory_copy(shown), *rest = copy;
    for (char *line; (line = strsep(&rest, "\n")) && *line; ++*lines) {
        char *number = strrchr(line, ' '), *tail;
        ck_assert_msg(number, "no number: %s", line);
        *number++ = '\0';
        sum += strtoul(number, &tail, 10);
        ck_assert_msg(*number && !*tail, "no number: %s", number);
        for (char *frame; (frame = strsep(&line, ";"));)
            ck_assert_msg(*frame, "an empty frame in:\n%s", shown);
    }
    free(copy);
    return sum;
}

START_TEST(folded_has_a_line_per_stack) {
    size_t lines;
    struct world *world = example();
    ck_assert_uint_eq(check_folded(world, &lines), 5);
    ck_assert_uint_eq(lines, 3);
    ck_assert_ptr_nonnull(strstr(shown, "server;main;connect_upstream;bits;[socket] 3\n"));
    ck_assert_ptr_nonnull(strstr(shown, "server;(libx.so+0x1a2b);[stream] 1\n"));
    world_end(world);
}
END_TEST

static void survive_folded(struct world *world) {
    size_t lines;
    ck_assert_uint_eq(check_folded(world, &lines), 3);
    ck_assert_uint_eq(lines, 2);
    for (const char *line = shown; *line; line = strchr(line, '\n') + 1) {
        size_t frames = 1;
        for (const char *end = line; *end != '\n'; end++)
            frames += *end == ';';
        ck_assert_uint_eq(frames, line == shown ? 5 : 3);
    }
}
HOSTILE_TEST(folded, survive_folded)

/* --- suppressions ----------------------------------------------------------------------------------------- */

/* Lines that are neither empty nor comments: a file, a stream, a misuse. */
static void survive_suppressions(struct world *world) {
    static const char *const types[] = {"file:^", "stream:^", "misuse:^"};
    size_t lines = 0;
    check_valid_utf8(render(world, "suppressions"));
    char *copy = memory_copy(shown), *rest = copy;
    for (char *line; (line = strsep(&rest, "\n"));) {
        ck_assert_msg(!strpbrk(line, "\r\x1b\x7f"), "%s", line);
        if (!*line || *line == '#')
            continue;
        ck_assert_msg(lines < 3 && strncmp(line, types[lines], strlen(types[lines])) == 0, "%s", line);
        ck_assert_msg(strlen(line) > 10 && strcmp(line + strlen(line) - 9, "$ frame=0") == 0, "%s", line);
        lines++;
    }
    ck_assert_uint_eq(lines, 3);
    free(copy);
}
HOSTILE_TEST(suppressions, survive_suppressions)

/* --- pprof ------------------------------------------------------------------------------------------------ */

/* A field of a message, as the wire has it. */
struct field {
    unsigned number, type;
    uint64_t value; /* of a number; of bytes their count */
    const unsigned char *bytes;
};

enum { WIRE_NUMBER = 0, WIRE_BYTES = 2 };

static uint64_t take_number(const unsigned char **at, const unsigned char *end) {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        ck_assert(*at < end && shift < 64);
        value |= (uint64_t)(**at & 0x7f) << shift;
        if (!(*(*at)++ & 0x80))
            return value;
    }
}

static bool take_field(const unsigned char **at, const unsigned char *end, struct field *field) {
    if (*at == end)
        return false;
    uint64_t key = take_number(at, end);
    *field = (struct field){.number = (unsigned)(key >> 3), .type = key & 7, .value = take_number(at, end)};
    ck_assert(field->type == WIRE_NUMBER || field->type == WIRE_BYTES);
    if (field->type == WIRE_BYTES) {
        ck_assert_uint_le(field->value, (uint64_t)(end - *at));
        field->bytes = *at;
        *at += field->value;
    }
    return true;
}

/* What the profile holds, by the field numbers of pprof. */
struct profile {
    unsigned char *bytes;
    size_t size;
    char strings[128][32768];
    size_t string_count, samples, locations, functions, mappings;
    int64_t sums[2];
};

static void unpack(struct profile *profile) {
    z_stream stream = {.next_in = (unsigned char *)shown, .avail_in = (uInt)shown_bytes};
    size_t room = 1 << 20;
    profile->bytes = memory_new(room, 1);
    stream.next_out = profile->bytes;
    stream.avail_out = (uInt)room;
    ck_assert_int_eq(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
    ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    ck_assert_uint_eq(stream.avail_in, 0);
    profile->size = stream.total_out;
    inflateEnd(&stream);
}

/* The number in the field of a message, 0 if there is none. */
static uint64_t number_in(const struct field *message, unsigned number) {
    struct field field;
    for (const unsigned char *at = message->bytes, *end = at + message->value; take_field(&at, end, &field);)
        if (field.number == number && field.type == WIRE_NUMBER)
            return field.value;
    return 0;
}

/* The message in the field of another, or in the profile; `which` counts from 0. False: there is none. */
static bool message_in(const struct field *outer, unsigned number, size_t which, struct field *message) {
    for (const unsigned char *at = outer->bytes, *end = at + outer->value; take_field(&at, end, message);)
        if (message->number == number && message->type == WIRE_BYTES && !which--)
            return true;
    return false;
}

/* True if a location has a line of that number, of a function of that name, in that file. */
static bool has_line(const struct profile *profile, unsigned line, const char *name, const char *file) {
    struct field all = {.bytes = profile->bytes, .value = profile->size}, location, one, function;
    for (size_t i = 0; message_in(&all, 4, i, &location); i++)
        for (size_t k = 0; message_in(&location, 4, k, &one); k++)
            if (number_in(&one, 2) == line && message_in(&all, 5, number_in(&one, 1) - 1, &function) &&
                strcmp(profile->strings[number_in(&function, 2)], name) == 0 &&
                strcmp(profile->strings[number_in(&function, 4)], file) == 0)
                return true;
    return false;
}

static void add_string(struct profile *profile, const struct field *field) {
    ck_assert_uint_lt(profile->string_count, 128);
    ck_assert_uint_lt(field->value, sizeof profile->strings[0]);
    ck_assert_ptr_null(memchr(field->bytes, 0, field->value));
    char *string = profile->strings[profile->string_count++];
    memcpy(string, field->bytes, field->value);
    check_valid_utf8(string);
}

static void add_sample(struct profile *profile, const struct field *sample, uint64_t *most_location) {
    struct field field;
    for (const unsigned char *at = sample->bytes, *end = at + sample->value; take_field(&at, end, &field);) {
        if (field.number > 2)
            continue;
        ck_assert_uint_eq(field.type, WIRE_BYTES); /* packed */
        const unsigned char *packed = field.bytes, *packed_end = packed + field.value;
        for (size_t i = 0; packed < packed_end; i++) {
            uint64_t value = take_number(&packed, packed_end);
            if (field.number == 1)
                *most_location = value > *most_location ? value : *most_location;
            else
                profile->sums[i < 2 ? i : 0] += (int64_t)value;
        }
    }
    profile->samples++;
}

static struct profile *check_pprof(struct world *world) {
    struct profile *profile = memory_new(1, sizeof *profile);
    uint64_t most_location = 0;
    render(world, "pprof");
    unpack(profile);
    struct field field;
    for (const unsigned char *at = profile->bytes, *end = at + profile->size; take_field(&at, end, &field);) {
        switch (field.number) {
        case 2:
            add_sample(profile, &field, &most_location);
            break;
        case 3:
            ck_assert_uint_eq(number_in(&field, 1), ++profile->mappings);
            break;
        case 4:
            ck_assert_uint_eq(number_in(&field, 1), ++profile->locations);
            ck_assert_uint_le(number_in(&field, 2), profile->mappings);
            break;
        case 5:
            ck_assert_uint_eq(number_in(&field, 1), ++profile->functions);
            break;
        case 6:
            add_string(profile, &field);
            break;
        default:
            break;
        }
    }
    ck_assert_str_eq(profile->strings[0], "");
    ck_assert_uint_eq(most_location, profile->locations);
    return profile;
}

static void profile_end(struct profile *profile) {
    free(profile->bytes);
    free(profile);
}

static bool has_string(const struct profile *profile, const char *string) {
    for (size_t i = 0; i < profile->string_count; i++)
        if (strcmp(profile->strings[i], string) == 0)
            return true;
    return false;
}

START_TEST(pprof_has_the_sums) {
    struct world *world = example();
    struct profile *profile = check_pprof(world);
    ck_assert_int_eq(profile->sums[0], 5);
    ck_assert_int_eq(profile->sums[1], 4750000000); /* 3 x 1.5 s, 0.25 s and one that is not known */
    ck_assert_uint_eq(profile->samples, 3);
    ck_assert_uint_eq(profile->locations, 3); /* inlined frames share one, libc's start has none */
    ck_assert_uint_eq(profile->functions, 4);
    ck_assert_uint_eq(profile->mappings, 2);
    ck_assert(has_line(profile, 42, "connect_upstream", "src/conn.c"));
    static const char *const strings[] = {
        "handles",         "count",  "age",   "nanoseconds",      "kind", "call",       "pid",
        "thread",          "socket", "fopen", "connect_upstream", "_Zc",  "src/conn.c", "8ca0",
        "(libx.so+0x1a2b)"};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        ck_assert_msg(has_string(profile, strings[i]), "no %s", strings[i]);
    profile_end(profile);
    world_end(world);
}
END_TEST

START_TEST(pprof_ages_can_be_added) {
    struct world *world = world_begin("x", "y");
    size_t stack = add_stack(world, "open", (struct frame[]){{.module = "m"}, {0}});
    for (int i = 0; i < 4; i++)
        add_handle(world, (size_t)i / 2, stack, RECORD_KIND_FILE, 3 + i, NULL, 8e9); /* 250 years each */
    struct profile *profile = check_pprof(world);
    ck_assert_int_eq(profile->sums[0], 4);
    ck_assert_int_eq(profile->sums[1], INT64_MAX);
    profile_end(profile);
    world_end(world);
}
END_TEST

static void survive_pprof(struct world *world) {
    struct profile *profile = check_pprof(world);
    ck_assert_int_eq(profile->sums[0], 3);
    profile_end(profile);
}
HOSTILE_TEST(pprof, survive_pprof)

/* --- nothing left open ------------------------------------------------------------------------------------ */

/* --- misuses ---------------------------------------------------------------------------------------------- */

/* Nothing left open: a process with a second close, one with two in functions of the same names. */
static struct world *misused(void) {
    struct world *world = world_begin("./server", "worker");
    size_t stacks[3];
    make_file("own.c");
    for (unsigned line = 1; line <= 3; line++)
        stacks[line - 1] = add_stack(
            world, "close",
            (struct frame[]){
                {.function = "give_back", .file = "own.c", .line = line, .module = "m", .offset = line}, {0}});
    add_misuse(world, 0, stacks[0], stacks[1], stacks[2]);
    add_misuse(world, 1, stacks[1], stacks[0], stacks[2]);
    add_misuse(world, 1, stacks[2], stacks[0], stacks[1]);
    return world;
}

START_TEST(misuses_are_sentences) {
    /* proves: the handle is named with the article that its kind takes */
    static const struct {
        enum record_kind kind;
        int number;
        const char *start;
    } sentences[] = {{RECORD_KIND_FILE, 5, "fd 5, a file, was closed"},
                     {RECORD_KIND_EPOLL, 5, "fd 5, an epoll, was closed"},
                     {RECORD_KIND_INOTIFY, 5, "fd 5, an inotify, was closed"},
                     {RECORD_KIND_STREAM, -1, "a stream was closed"},
                     {RECORD_KIND_ICONV, -1, "an iconv was closed"}};
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        struct misuse misuse = {
            .type = RECORD_MISUSE_DOUBLE_CLOSE, .kind = sentences[i].kind, .number = sentences[i].number};
        char *text = misuse_sentence(&(struct misuse_site){.first = &misuse});
        ck_assert_msg(strncmp(text, sentences[i].start, strlen(sentences[i].start)) == 0, "%s", text);
        free(text);
    }
}
END_TEST

/* proves: where the wrong call is libc's own, as in the last flush, the user's line is that which opened it */
START_TEST(a_misuse_without_a_line_is_shown_where_its_handle_was_opened) {
    struct world *world = world_begin("./server", "worker");
    make_file("own.c");
    size_t now =
        add_stack(world, "exit", (struct frame[]){{.function = "start_call_main", .module = "libc"}, {0}});
    size_t opened = add_stack(
        world, "fopen", (struct frame[]){{.function = "keep", .file = "own.c", .line = 7, .module = "m"}, {0}});
    size_t closed = add_stack(world, "", (struct frame[]){{0}});
    add_misuse(world, 0, now, opened, closed);
    json_t *document = check_sarif(world),
           *place = at(document, "runs.0.results.0.locations.0.physicalLocation");
    ck_assert_str_eq(text_at(place, "artifactLocation.uri"), "own.c");
    ck_assert_int_eq(number_at(place, "region.startLine"), 7);
    json_decref(document);
    json_t *list = check_gitlab(world);
    ck_assert_str_eq(text_at(list, "0.location.path"), "own.c");
    json_decref(list);
    world_end(world);
}
END_TEST

START_TEST(misuses_are_told_where_nothing_is_left_open) {
    struct world *world = misused();
    ck_assert_uint_eq(check_ndjson(world), 0);

    json_t *document = check_sarif(world), *result = at(document, "runs.0.results.0");
    ck_assert_uint_eq(json_array_size(at(document, "runs.0.results")), 3);
    ck_assert_str_eq(text_at(result, "ruleId"), "misuse-double-close");
    ck_assert_str_eq(text_at(result, "locations.0.physicalLocation.artifactLocation.uri"), "own.c");
    ck_assert_int_eq(number_at(result, "occurrenceCount"), 2);
    ck_assert_uint_eq(json_array_size(at(result, "stacks")), 3);
    ck_assert_str_eq(text_at(result, "relatedLocations.0.message.text"), "It was opened here.");
    ck_assert_int_eq(number_at(result, "relatedLocations.0.physicalLocation.region.startLine"), 2);
    ck_assert_str_eq(text_at(result, "relatedLocations.1.message.text"), "It had been closed here.");
    ck_assert_int_eq(number_at(result, "relatedLocations.1.physicalLocation.region.startLine"), 3);
    json_decref(document);

    json_t *list = check_gitlab(world);
    ck_assert_uint_eq(json_array_size(list), 3);
    ck_assert_str_eq(text_at(list, "0.check_name"), "leftopen/double-close");
    json_decref(list);

    setenv("GITHUB_STEP_SUMMARY", "summary.md", 1);
    ck_assert_uint_eq(check_github(world), 3);
    check_summary(3);

    check_xml(world, "junit", "junit");
    finds("count(//testsuite)", "2");
    finds("count(//testsuite[1]//failure[@type=\"double-close\"])", "1");
    finds("count(//testsuite[2]//failure[@type=\"double-close\"])", "2");
    check_xml(world, "valgrind-xml", "valgrind");
    finds("count(//error[kind=\"InvalidFree\"])", "3");
    finds("string(//error[1]/stack[1]/frame/line)", "1");
    finds("string(//error[1]/auxwhat[1])", "Previously closed");
    finds("string(//error[1]/stack[2]/frame/line)", "3");
    finds("string(//error[1]/stack[3]/frame/line)", "2");
    check_xml(world, "valgrind-xml-native", "valgrind");
    finds("count(//error[kind=\"FdBadClose\" and fd=\"8\"])", "3");
    world_end(world);
}
END_TEST

START_TEST(documents_are_written_when_nothing_is_left_open) {
    struct world *world = world_begin("./server", "x");
    for (const struct format *format = render_formats; format->name; format++)
        ck_assert_msg((*render(world, format->name) != '\0') == format->is_document, "%s", format->name);
    json_t *value = check_sarif(world);
    ck_assert_uint_eq(json_array_size(at(value, "runs.0.results")), 0);
    json_decref(value);
    value = check_gitlab(world);
    ck_assert_uint_eq(json_array_size(value), 0);
    json_decref(value);
    check_xml(world, "junit", "junit");
    finds("count(//testcase)", "1");
    finds("count(//failure)", "0");
    finds("string(//testsuite/@failures)", "0");
    check_xml(world, "valgrind-xml", "valgrind");
    finds("count(//error)", "0");
    struct profile *profile = check_pprof(world);
    ck_assert_uint_eq(profile->samples, 0);
    profile_end(profile);
    world_end(world);
}
END_TEST

/* --- the table -------------------------------------------------------------------------------------------- */

static const char choices[] = ""
#define SETTING(name, type, value, values, text) #name "=" values "\n"
#include "tracker/settings.def"
    ;

START_TEST(formats_are_those_of_the_option) {
    const char *values = strstr(choices, "\nformat=") + strlen("\nformat=");
    char *list = memory_copy_bytes(values, strcspn(values, "\n")), *rest = list;
    size_t words = 0, rows = 0;
    for (char *word; (word = strsep(&rest, "|")); words++)
        ck_assert_msg(render_format(word), "there is no format %s", word);
    for (const struct format *format = render_formats; format->name; format++)
        rows++;
    ck_assert_uint_eq(words, rows);
    free(list);
}
END_TEST

static void write_report(const char *format, const char *name) {
    struct settings settings;
    bool quiet;
    char value[64];
    settings_begin(&settings);
    snprintf(value, sizeof value, "%s%%%%", name);
    ck_assert(settings_take(&settings, "format", format, "test"));
    ck_assert(settings_take(&settings, "report", value, "test"));
    FILE *out = report_open(&settings, 1, "x", &quiet);
    ck_assert_ptr_nonnull(out);
    fputs("report\n", out);
    fclose(out);
    settings_end(&settings);
}

START_TEST(a_file_holds_one_document_but_many_lines) {
    struct stat state;
    for (int i = 0; i < 2; i++) {
        write_report("sarif", "document");
        write_report("ndjson", "lines");
    }
    ck_assert_int_eq(stat("document%", &state), 0);
    ck_assert_int_eq(state.st_size, 7);
    ck_assert_int_eq(stat("lines%", &state), 0);
    ck_assert_int_eq(state.st_size, 14);
}
END_TEST

START_TEST(a_terminal_gets_no_binary) {
    char *arguments[] = {"x", NULL};
    struct settings settings;
    settings_begin(&settings);
    settings_take(&settings, "format", "pprof", "test");
    struct report_request request = {.settings = &settings,
                                     .may_be_empty = true,
                                     .first_executable = "/bin/x",
                                     .first_arguments = arguments};
    for (int to_terminal = 0; to_terminal < 2; to_terminal++) {
        struct report_text text;
        struct report_verdict verdict;
        ck_assert_int_eq(report_make(&request, to_terminal, &text, &verdict), 0);
        ck_assert_int_eq(text.size == 0, to_terminal);
        report_text_end(&text);
    }
    settings_end(&settings);
}
END_TEST

/* --- source files ----------------------------------------------------------------------------------------- */

static const struct {
    const char *told, *path;
    enum source_owner owner;
    const char *compiled_in;
} files[] = {
    {"src/x.c", "src/x.c", SOURCE_OWN, NULL},
    {"./src//x.c", "src/x.c", SOURCE_OWN, NULL},
    {"src/y/../x.c", "src/x.c", SOURCE_OWN, NULL},
    {"../src/x.c", "src/x.c", SOURCE_OWN, NULL}, /* of a build folder beside it */
    {"link/x.c", "src/x.c", SOURCE_OWN, NULL},
    {"src/gone.c", "src/gone.c", SOURCE_ELSEWHERE, NULL},
    {"../src/gone.c", "src/gone.c", SOURCE_ELSEWHERE, NULL},
    {"%s/src/x.c", "src/x.c", SOURCE_OWN, NULL},
    {"%s/src/gone.c", "src/gone.c", SOURCE_ELSEWHERE, NULL},
    {"%s-other/x.c", "%s-other/x.c", SOURCE_ELSEWHERE, NULL},
    {"/usr/include/stdio.h", "/usr/include/stdio.h", SOURCE_OF_SYSTEM, NULL},
    {"/usr/include/../include/none.h", "/usr/include/none.h", SOURCE_OF_SYSTEM, NULL},
    {"/home/none/x.c", "/home/none/x.c", SOURCE_ELSEWHERE, NULL},
    {"x.c", "src/x.c", SOURCE_OWN, "%s/src"}, /* make -C src */
    {"../x.c", "src/x.c", SOURCE_OWN, "%s/src/y"},
    {"gone.c", "src/gone.c", SOURCE_ELSEWHERE, "%s/src"},
    {"x.c", "src/x.c", SOURCE_OWN, "/home/none/project/src"}, /* compiled elsewhere */
    {"src/x.c", "src/x.c", SOURCE_OWN, "/home/none/project"},
    {"x.c", "x.c", SOURCE_ELSEWHERE, "/home/none/project"},
    {"%s/src/x.c", "src/x.c", SOURCE_OWN, "/home/none/project"},
};

START_TEST(files_are_named_relative_to_the_root) {
    char told[PATH_MAX], path[PATH_MAX], compiled_in[PATH_MAX];
    bool is_known = files[_i].compiled_in;
    struct sources sources;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(told, sizeof told, files[_i].told, folder);
    snprintf(path, sizeof path, files[_i].path, folder);
    snprintf(compiled_in, sizeof compiled_in, is_known ? files[_i].compiled_in : "", folder);
#pragma GCC diagnostic pop
    mkdir("src", 0700);
    mkdir("src/y", 0700);
    make_file("src/x.c");
    ck_assert_int_eq(symlink("src", "link"), 0);
    sources_begin(&sources, &(struct report){.source_root = ""});
    const struct source *source =
        sources_find(&sources, &(struct frame){.file = told, .folder = is_known ? compiled_in : NULL});
    ck_assert_str_eq(source->path, path);
    ck_assert_int_eq(source->owner, files[_i].owner);
    sources_end(&sources);
}
END_TEST

/* Which of two frames a site is shown at. */
static const struct {
    const char *inner, *inner_module, *outer, *outer_module;
    bool is_outer;
} choices_of_frame[] = {
    {"src/x.c", "m", "src/x.c", "m", false},
    {"/usr/include/x.h", "m", "src/x.c", "m", true},
    {"/usr/include/x.h", "m", "src/gone.c", "m", true},
    {"/home/none/x.c", "m", "src/x.c", "m", true},
    {"/home/none/x.c", "m", "src/gone.c", "m", false},
    {"src/gone.c", "m", "src/x.c", "m", true},
    {"/build/x-1.0/x.c", "/usr/lib/libx.so", "y.c", "/usr/lib/libx.so", false},
    {"y.c", "/usr/lib/libx.so", "src/gone.c", "m", true},
    {"y.c", "/usr/lib/libx.so", "/usr/include/x.h", "m", false},
    {NULL, "m", "/usr/include/x.h", "m", true},
};

START_TEST(a_site_is_shown_in_own_source) {
    struct frame frames[] = {{.file = choices_of_frame[_i].inner,
                              .module = choices_of_frame[_i].inner_module,
                              .line = 1,
                              .build_id = ""},
                             {.file = choices_of_frame[_i].outer,
                              .module = choices_of_frame[_i].outer_module,
                              .line = 2,
                              .build_id = ""}};
    struct trace trace = {frames, 2, false};
    struct sources sources;
    mkdir("src", 0700);
    make_file("src/x.c");
    sources_begin(&sources, &(struct report){.source_root = ""});
    ck_assert_ptr_eq(sources_frame(&sources, &trace), &frames[choices_of_frame[_i].is_outer]);
    sources_end(&sources);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("formats");
    TCase *tests = tcase_create("formats");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, ndjson_has_a_line_per_site);
    tcase_add_test(tests, ndjson_lines_stay_short);
    tcase_add_test(tests, sarif_says_what_github_shows);
    tcase_add_test(tests, sarif_tells_sites_of_equal_names_apart);
    tcase_add_test(tests, gitlab_says_where_and_what);
    tcase_add_test(tests, junit_has_a_failed_case_per_site_and_process);
    tcase_add_test(tests, valgrind_has_a_loss_record_per_site);
    tcase_add_test(tests, valgrind_xml_tells_leaks_to_old_readers);
    tcase_add_test(tests, valgrind_xml_tells_descriptors_to_new_readers);
    tcase_add_test(tests, github_annotates_lines);
    tcase_add_test(tests, github_shows_ten_annotations);
    tcase_add_test(tests, github_shows_misuses_first);
    tcase_add_test(tests, github_says_when_the_summary_cannot_be_written);
    tcase_add_test(tests, folded_has_a_line_per_stack);
    tcase_add_test(tests, pprof_has_the_sums);
    tcase_add_test(tests, pprof_ages_can_be_added);
    tcase_add_loop_test(tests, json_survives_hostile_names, 0, HOSTILE);
    tcase_add_loop_test(tests, ndjson_survives_hostile_names, 0, HOSTILE);
    tcase_add_loop_test(tests, sarif_survives_hostile_names, 0, HOSTILE);
    tcase_add_loop_test(tests, gitlab_survives_hostile_names, 0, HOSTILE);
    tcase_add_loop_test(tests, junit_survives_hostile_names, 0, HOSTILE);
    tcase_add_loop_test(tests, valgrind_survives_hostile_names, 0, HOSTILE);
    tcase_add_loop_test(tests, valgrind_xml_survives_hostile_names, 0, HOSTILE);
    tcase_add_loop_test(tests, valgrind_xml_native_survives_hostile_names, 0, HOSTILE);
    tcase_add_loop_test(tests, github_survives_hostile_names, 0, HOSTILE);
    tcase_add_loop_test(tests, folded_survives_hostile_names, 0, HOSTILE);
    tcase_add_loop_test(tests, suppressions_survives_hostile_names, 0, HOSTILE);
    tcase_add_loop_test(tests, pprof_survives_hostile_names, 0, HOSTILE);
    tcase_add_test(tests, misuses_are_sentences);
    tcase_add_test(tests, a_misuse_without_a_line_is_shown_where_its_handle_was_opened);
    tcase_add_test(tests, misuses_are_told_where_nothing_is_left_open);
    tcase_add_test(tests, documents_are_written_when_nothing_is_left_open);
    tcase_add_test(tests, formats_are_those_of_the_option);
    tcase_add_test(tests, a_file_holds_one_document_but_many_lines);
    tcase_add_test(tests, a_terminal_gets_no_binary);
    tcase_add_loop_test(tests, files_are_named_relative_to_the_root, 0, sizeof files / sizeof *files);
    tcase_add_loop_test(tests, a_site_is_shown_in_own_source, 0,
                        sizeof choices_of_frame / sizeof *choices_of_frame);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
