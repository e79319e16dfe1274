/* pages.c - writes HTML reports of made-up programs, for the tests to read: pages NAME FILE. `pages names`
 * writes the hostile names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/formats/render.h"

enum { FRAMES = 8, PROCESSES = 2 };
#define SECOND 1000000000u

/* Everything lives until the program ends. */
struct page {
    struct process processes[PROCESSES], *list[PROCESSES];
    struct thread thread;
    char *arguments[3];
    struct findings findings;
    struct report report;
};

/* Two processes that ran for 100 s. */
static struct page *page_begin(char *name) {
    struct page *page = memory_new(1, sizeof *page);
    page->arguments[0] = name;
    page->arguments[1] = "--port=8080";
    page->thread.id = 4245;
    snprintf(page->thread.name, sizeof page->thread.name, "%s", name);
    for (int i = 0; i < PROCESSES; i++) {
        page->processes[i] = (struct process){.pid = 4242 + i,
                                              .parent_pid = 4000,
                                              .executable = name,
                                              .arguments = page->arguments,
                                              .started_realtime = 1700000000ull * SECOND,
                                              .ended_realtime = 1700000100ull * SECOND,
                                              .started_monotonic = SECOND,
                                              .ended_monotonic = 101ull * SECOND,
                                              .end = RECORD_END_EXIT,
                                              .pass = RECORD_PASS_RELEASED,
                                              .limit_soft = 1024,
                                              .peak = 9,
                                              .threads = &page->thread,
                                              .thread_count = 1};
        page->list[i] = &page->processes[i];
    }
    page->report = (struct report){.processes = page->list,
                                   .process_count = PROCESSES,
                                   .first = page->list[0],
                                   .tracked = 1000,
                                   .closed = 900};
    return page;
}

/* A stack of up to FRAMES frames, ended by one without a module. */
static struct trace *trace_of(const struct frame *frames) {
    struct trace *trace = memory_new(1, sizeof *trace);
    struct frame *copy = memory_new(FRAMES, sizeof *copy);
    for (; trace->count < FRAMES && frames[trace->count].module; trace->count++) {
        copy[trace->count] = frames[trace->count];
        if (!copy[trace->count].build_id)
            copy[trace->count].build_id = "";
    }
    trace->frames = copy;
    return trace;
}

static struct stack *stack_of(const char *call, uint64_t opened, uint64_t closed) {
    static uint32_t id;
    struct stack *stack = memory_new(1, sizeof *stack);
    *stack = (struct stack){.first_name = "",
                            .id = ++id,
                            .opened = opened,
                            .closed = closed,
                            .peak = 9,
                            .lived = 2 * closed * SECOND,
                            .longest = 4ull * SECOND};
    snprintf(stack->call, sizeof stack->call, "%s", call);
    return stack;
}

/* `age` in seconds before the end. */
static void add(struct page *page, const struct trace *trace, const struct stack *stack, enum record_kind kind,
                char *what, double age) {
    struct handle *handle = memory_new(1, sizeof *handle);
    size_t process = page->findings.count % PROCESSES;
    *handle = (struct handle){.state = RECORD_STATE_LIVE,
                              .kind = kind,
                              .number = (int)page->findings.count + 3,
                              .sequence = page->findings.count + 1,
                              .opened = (uint64_t)((101 - age) * SECOND),
                              .thread = 4245,
                              .outcome = RECORD_OUTCOME_RELEASED,
                              .stack = stack};
    page->findings.list = memory_grow(page->findings.list, page->findings.count, sizeof *page->findings.list);
    page->findings.list[page->findings.count++] = (struct finding){.process = &page->processes[process],
                                                                   .handle = handle,
                                                                   .kind = kind,
                                                                   .what = what,
                                                                   .age = age,
                                                                   .trace = trace,
                                                                   .process_index = process};
}

/* --- pages ------------------------------------------------------------------------------------------------ */

static struct page *none(void) { return page_begin("server"); }

/* Three sites of three kinds and two modules: 5 sockets, 2 files, 1 pipe that is the oldest. */
static struct page *few(void) {
    struct page *page = page_begin("/opt/server");
    struct frame main = {
        .function = "main", .file = "src/main.c", .line = 7, .module = "/opt/server", .offset = 64};
    struct frame handle = {.function = "handle_request",
                           .file = "src/server.c",
                           .line = 210,
                           .module = "/opt/server",
                           .offset = 32};
    struct trace *socket = trace_of((struct frame[]){{.function = "connect_upstream",
                                                      .file = "src/net/conn.c",
                                                      .line = 42,
                                                      .column = 13,
                                                      .module = "/opt/server",
                                                      .offset = 16,
                                                      .inlined = true},
                                                     handle,
                                                     main,
                                                     {0}});
    struct trace *file = trace_of((struct frame[]){
        {.function = "load_image", .module = "/usr/lib/libimage.so.2", .offset = 0x1a2b, .build_id = "8ca0"},
        handle,
        main,
        {0}});
    struct trace *pipe = trace_of((struct frame[]){{.module = "/opt/server", .offset = 0x77}, main, {0}});
    struct stack *sockets = stack_of("socket", 120, 115), *files = stack_of("open", 9, 7);
    for (int i = 0; i < 5; i++)
        add(page, socket, sockets, RECORD_KIND_SOCKET, "TCP 127.0.0.1:51122 -> 127.0.0.1:80 CLOSE_WAIT",
            10 * i + 1);
    for (int i = 0; i < 2; i++)
        add(page, file, files, RECORD_KIND_FILE, "/srv/images/cat.jpeg", 3 * i + 1);
    add(page, pipe, stack_of("pipe2", 0, 0), RECORD_KIND_PIPE, NULL, 99.5);
    return page;
}

/* Every string that a page can show is one of these, in a site of its own. */
static const char *const hostile_names[] = {
    "</script><script>document.title='run'</script>",
    "</style><img src=x onerror=document.title='run'>",
    "\"><svg onload=document.title='run'>",
    "' onfocus='document.title=1",
    "</title></td></tr></table><h1>mine</h1>",
    "]]><!--",
    "--><!DOCTYPE html><![CDATA[",
    "javascript:document.title='run'",
    "&lt;b&gt;&amp;&#0;&#x1b;&nosuch;",
    "two\nlines\r\n\ttab",
    "\xff\xfe\xc3(\xed\xa0\x80",
    "\x01\x1b[31m\x7f\xc2\x80\xe2\x80\xae\xef\xbf\xbe\xf0\x9f\xbf\xbe\xef\xb7\x90\xef\xb7\xb0",
    "100% %s %n ${x} {{x}} `x`",
    "a;b;c 7",
    " ",
    NULL, /* 4,096 bytes */
};
enum { HOSTILE_NAMES = sizeof hostile_names / sizeof *hostile_names };

static char *hostile_name(int number) {
    if (hostile_names[number])
        return memory_copy(hostile_names[number]);
    char *name = memory_new(4097, 1);
    memset(name, '<', 4096);
    return name;
}

/* A double close where each handle was opened. */
static void add_misuses(struct page *page, const struct finding *findings, size_t count) {
    struct misuse_site *list = memory_new(count, sizeof *list);
    static const struct misuse first = {
        .type = RECORD_MISUSE_DOUBLE_CLOSE, .kind = RECORD_KIND_FILE, .number = 5};
    for (size_t i = 0; i < count; i++)
        list[i] = (struct misuse_site){.process = findings[i].process,
                                       .first = &first,
                                       .count = 2,
                                       .processes = 1,
                                       .now = findings[i].trace,
                                       .opened = findings[i].trace,
                                       .closed = findings[i].trace};
    page->report.misuses = (struct misuse_sites){list, count};
}

static struct page *hostile(void) {
    struct page *page = page_begin(hostile_name(0));
    static char *notes[HOSTILE_NAMES];
    for (int i = 0; i < HOSTILE_NAMES; i++) {
        char *name = hostile_name(i);
        struct trace *trace = trace_of(
            (struct frame[]){{.function = name, .file = name, .line = 3, .module = name, .build_id = name},
                             {.module = name, .offset = 32, .build_id = name},
                             {.function = "main", .file = name, .module = name},
                             {0}});
        add(page, trace, stack_of(name, 12, 9), RECORD_KIND_FILE, name, i);
        notes[i] = name;
    }
    for (size_t i = 0; i < page->findings.count; i++)
        ((struct stack *)page->findings.list[i].handle->stack)->first_name = notes[i];
    add_misuses(page, page->findings.list, page->findings.count);
    page->report.with_suppressions = true;
    page->report.notes = notes;
    page->report.note_count = HOSTILE_NAMES;
    page->report.inherited = page->findings;
    page->arguments[1] = hostile_name(1);
    return page;
}

/* 10,000 sites in 100 modules, eight frames deep. */
static struct page *many(void) {
    enum { SITES = 10000 };
    struct page *page = page_begin("server");
    for (int i = 0; i < SITES; i++) {
        struct frame frames[FRAMES + 1] = {0};
        for (int k = 0; k < FRAMES; k++) {
            int place = k == 0 ? i : i >> (k + 4); /* callers are shared */
            frames[k] = (struct frame){
                .function = memory_format("component_%d_function_of_some_length_%d", k, place),
                .file = memory_format("src/component_%d/source_file_%d.c", k, place % 1000),
                .line = (unsigned)place % 900 + 1,
                .column = 9,
                .module = memory_format("/usr/lib/x86_64-linux-gnu/libcomponent_%d.so.1", place % 100),
                .offset = (uint64_t)place * 64};
        }
        struct trace *trace = trace_of(frames);
        struct stack *stack = stack_of("openat", 120, 100);
        for (int k = 0; k <= i % 3; k++)
            add(page, trace, stack, i % 2 ? RECORD_KIND_FILE : RECORD_KIND_SOCKET,
                memory_format("/var/lib/server/data/%d/%d", i, k), 1 + (i * 7 + k) % 99);
    }
    return page;
}

static const struct {
    const char *name;
    struct page *(*make)(void);
} pages[] = {{"none", none}, {"few", few}, {"hostile", hostile}, {"many", many}};

static void finish(struct page *page) {
    struct report *report = &page->report;
    sites_group(&page->findings, NULL, &report->sites, false);
    report->site_count = report->sites.count;
    if (report->misuses.count)
        report->left_behind = report->sites;
    report->left_open = report->released = page->findings.count;
    report->left_open_of = memory_new(PROCESSES, sizeof *report->left_open_of);
    for (size_t i = 0; i < page->findings.count; i++)
        report->left_open_of[page->findings.list[i].process_index]++;
}

/* Each ended by a zero byte. */
static void write_names(FILE *out) {
    for (int i = 0; i < HOSTILE_NAMES; i++) {
        char *name = hostile_name(i);
        fwrite(name, 1, strlen(name) + 1, out);
        free(name);
    }
}

static void write_page(struct page *page, FILE *out) {
    finish(page);
    render_format("html")->write(&page->report, out);
}

int main(int count, char **arguments) {
    FILE *out = count == 3 ? fopen(arguments[2], "w") : NULL;
    if (!out) {
        fputs("usage: pages none|few|hostile|many|names FILE\n", stderr);
        return 64;
    }
    if (strcmp(arguments[1], "names") == 0)
        write_names(out);
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(pages[i].name, arguments[1]) == 0)
            write_page(pages[i].make(), out);
    return fclose(out) != 0;
}
