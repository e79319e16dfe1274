/* Live views: rates and forecasts, growth since a mark, orders and filters of rows, lines of columns. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/suite.h"
#include "tools/top/top_batch.h"
#include "tools/top/top_model.h"
#include "tools/top/top_rows.h"

#define SECOND 1000000000ull
#define START (1000 * SECOND) /* the clock does not begin at zero */

/* --- trends ----------------------------------------------------------------------------------------------- */

static struct trend trend;

static void begin_trend(void) { trend = (struct trend){0}; }

static double rate(void) {
    double per_minute = -12345;
    ck_assert(trend_per_minute(&trend, &per_minute));
    return per_minute;
}

START_TEST(one_look_tells_no_rate) {
    double per_minute;
    ck_assert(!trend_per_minute(&trend, &per_minute));
    trend_note(&trend, START, 10);
    ck_assert(!trend_per_minute(&trend, &per_minute));
    ck_assert_double_lt(trend_seconds_until(&trend, 100), 0);
}
END_TEST

START_TEST(a_rate_is_change_per_minute) {
    trend_note(&trend, START, 10);
    trend_note(&trend, START + 30 * SECOND, 25);
    ck_assert_double_eq_tol(rate(), 30, 1e-9);
    trend_note(&trend, START + 60 * SECOND, 4);
    ck_assert_double_eq_tol(rate(), -6, 1e-9);
}
END_TEST

START_TEST(only_the_last_minute_counts) {
    for (unsigned i = 0; i <= 100; i++) /* 2 s apart: 50 more per sample, then none */
        trend_note(&trend, START + 2 * i * SECOND, i < 50 ? 50 * i : 2500);
    ck_assert_double_eq_tol(rate(), 0, 1e-9);
    for (unsigned i = 1; i <= 15; i++)
        trend_note(&trend, START + (200 + 2 * i) * SECOND, 2500 + i);
    ck_assert_double_eq_tol(rate(), 15, 1e-9); /* in the 30 s of the minute */
}
END_TEST

START_TEST(many_samples_a_second_do_not_shorten_the_minute) {
    for (unsigned i = 0; i <= 1200; i++) /* 0.1 s apart, 1 more per second */
        trend_note(&trend, START + i * SECOND / 10, 1000 + i / 10);
    ck_assert_double_eq_tol(rate(), 60, 1.5);
    for (unsigned i = 1; i <= 300; i++) /* half a minute of standstill */
        trend_note(&trend, START + (1200 + i) * SECOND / 10, 1120);
    ck_assert_double_eq_tol(rate(), 30, 3);
}
END_TEST

START_TEST(samples_minutes_apart_tell_a_rate) {
    trend_note(&trend, START, 100);
    trend_note(&trend, START + 300 * SECOND, 200);
    trend_note(&trend, START + 600 * SECOND, 210);
    ck_assert_double_eq_tol(rate(), 2, 1e-9);
}
END_TEST

START_TEST(a_forecast_is_the_rest_at_this_rate) {
    trend_note(&trend, START, 900);
    trend_note(&trend, START + 60 * SECOND, 912);
    ck_assert_double_eq_tol(trend_seconds_until(&trend, 1032), 600, 1e-6);
    ck_assert_double_eq(trend_seconds_until(&trend, 912), 0);
    ck_assert_double_eq(trend_seconds_until(&trend, 500), 0);
    trend_note(&trend, START + 120 * SECOND, 900);
    ck_assert_double_lt(trend_seconds_until(&trend, 1024), 0); /* it shrinks */
}
END_TEST

START_TEST(who_is_at_the_limit_at_first_sight_is_there) {
    trend_note(&trend, START, 1024);
    ck_assert_double_eq(trend_seconds_until(&trend, 1024), 0);
}
END_TEST

/* --- samples ---------------------------------------------------------------------------------------------- */

static struct top_model model;
static struct top_view view;
static struct top_process **processes;
static struct top_site **sites;
static size_t count;

static void begin(void) {
    model = (struct top_model){0};
    view = (struct top_view){0};
    processes = NULL;
    sites = NULL;
}

static void end(void) {
    free(processes);
    free(sites);
    top_model_end(&model);
}

static const struct frame frames[] = {
    {.function = "connect_upstream",
     .file = "/src/net/conn.c",
     .line = 42,
     .module = "/usr/bin/server",
     .build_id = ""},
    {.function = "main", .file = "/src/server.c", .line = 300, .module = "/usr/bin/server", .build_id = ""},
    {.function = "open_log", .file = "/src/log.c", .line = 7, .module = "/usr/lib/liblog.so", .build_id = ""},
};
static const struct trace connect_trace = {frames, 2, false}, log_trace = {frames + 2, 1, false},
                          no_trace = {0};

/* Sites of one process, by what they hold. */
static struct activity_site sockets(uint64_t open, double oldest) {
    return (struct activity_site){.id = "aaaaaaaaaaaaaaaa",
                                  .call = "accept4",
                                  .kind = RECORD_KIND_SOCKET,
                                  .trace = &connect_trace,
                                  .own = &frames[0],
                                  .open = open,
                                  .opened = 1000 + open,
                                  .closed = 1000,
                                  .peak = 77,
                                  .oldest = oldest};
}

static struct activity_site logs(uint64_t open, double oldest) {
    return (struct activity_site){.id = "bbbbbbbbbbbbbbbb",
                                  .call = "fopen",
                                  .kind = RECORD_KIND_STREAM,
                                  .trace = &log_trace,
                                  .own = &frames[2],
                                  .open = open,
                                  .opened = open,
                                  .oldest = oldest};
}

/* One process in the sample; its name's bytes are all `name`. */
static void see(unsigned char name, uint64_t descriptors, uint64_t limit, struct activity_site *list,
                size_t sites) {
    struct activity activity = {.sites = list, .site_count = sites, .oldest = -1};
    struct top_seen seen = {.pid = 100 + name,
                            .program = name == 1 ? "server" : "client",
                            .source = "/a/record",
                            .descriptors = descriptors,
                            .limit = limit,
                            .activity = &activity};
    memset(seen.name, name, sizeof seen.name);
    for (size_t i = 0; i < sites; i++) {
        activity.open += list[i].open;
        activity.oldest = list[i].oldest > activity.oldest ? list[i].oldest : activity.oldest;
    }
    top_sample_take(&model, &seen);
}

#define SEE(name, descriptors, limit, ...)                                                                     \
    see(name, descriptors, limit, (struct activity_site[]){__VA_ARGS__},                                       \
        sizeof((struct activity_site[]){__VA_ARGS__}) / sizeof(struct activity_site))

static void list_processes(void) {
    free(processes);
    count = top_processes(&model, &view, &processes);
}

static void list_sites(void) {
    free(sites);
    count = top_sites(model.processes[0], &view, &sites);
}

/* The first letters of the ids, in the order of the rows. */
static const char *order_of_sites(void) {
    static char order[8];
    list_sites();
    ck_assert_uint_lt(count, sizeof order);
    for (size_t i = 0; i < count; i++)
        order[i] = sites[i]->now.id[0];
    order[count] = '\0';
    return order;
}

static const char *order_of_processes(void) {
    static char order[8];
    list_processes();
    ck_assert_uint_lt(count, sizeof order);
    for (size_t i = 0; i < count; i++)
        order[i] = (char)('0' + processes[i]->pid - 100);
    order[count] = '\0';
    return order;
}

START_TEST(samples_follow_processes_and_sites) {
    top_sample_begin(&model);
    SEE(1, 50, 1024, sockets(40, 9), logs(2, 3));
    top_sample_end(&model, START);
    top_sample_begin(&model);
    SEE(1, 62, 2048, logs(2, 63), sockets(52, 69)); /* in another order */
    SEE(2, 5, 1024, sockets(1, 1));
    top_sample_end(&model, START + 60 * SECOND);

    ck_assert_uint_eq(model.process_count, 2);
    const struct top_process *server = model.processes[0];
    double per_minute;
    ck_assert_uint_eq(server->descriptors, 62);
    ck_assert_uint_eq(server->limit, 2048);
    ck_assert_uint_eq(server->handles, 54);
    ck_assert_double_eq(server->oldest, 69);
    ck_assert_uint_eq(server->site_count, 2);
    ck_assert(trend_per_minute(&server->trend, &per_minute));
    ck_assert_double_eq_tol(per_minute, 12, 1e-9);
    ck_assert_double_eq_tol(top_process_left(server), (2048 - 62) / 12.0 * 60, 1e-6);
    list_sites();
    ck_assert_str_eq(sites[0]->now.id, "aaaaaaaaaaaaaaaa");
    ck_assert_uint_eq(sites[0]->now.open, 52);
    ck_assert(trend_per_minute(&sites[0]->trend, &per_minute));
    ck_assert_double_eq_tol(per_minute, 12, 1e-9);
    ck_assert(!trend_per_minute(&model.processes[1]->trend, &per_minute));
}
END_TEST

START_TEST(who_is_not_seen_has_ended) {
    top_sample_begin(&model);
    SEE(1, 50, 1024, sockets(40, 9));
    SEE(2, 5, 1024, sockets(1, 1), logs(1, 1));
    top_sample_end(&model, START);
    ck_assert_ptr_null(model.ended);
    top_sample_begin(&model);
    SEE(2, 5, 1024, sockets(1, 1));
    top_sample_end(&model, START + SECOND);
    ck_assert_uint_eq(model.process_count, 1);
    ck_assert_int_eq(model.processes[0]->pid, 102);
    ck_assert_uint_eq(model.processes[0]->site_count, 1);
    ck_assert_str_eq(model.ended, "process 101 (server) has ended, or runs another program now");
}
END_TEST

START_TEST(no_limit_no_forecast) {
    for (unsigned i = 0; i < 2; i++) {
        top_sample_begin(&model);
        SEE(1, 50 + i, UINT64_MAX, sockets(40, 9));
        SEE(2, 50 + i, 0, sockets(40, 9));
        top_sample_end(&model, START + i * SECOND);
    }
    ck_assert_double_lt(top_process_left(model.processes[0]), 0);
    ck_assert_double_lt(top_process_left(model.processes[1]), 0);
}
END_TEST

/* --- growth ----------------------------------------------------------------------------------------------- */

START_TEST(growth_counts_from_the_first_sample_then_from_the_mark) {
    top_sample_begin(&model);
    SEE(1, 50, 1024, sockets(40, 9));
    top_sample_end(&model, START);
    ck_assert_int_eq(top_process_grown(model.processes[0]), 0);
    top_sample_begin(&model);
    SEE(1, 60, 1024, sockets(45, 9), logs(5, 1));
    SEE(2, 7, 1024, logs(3, 1));
    top_sample_end(&model, START + SECOND);
    list_sites();
    ck_assert_int_eq(top_process_grown(model.processes[0]), 10);
    ck_assert_int_eq(top_process_grown(model.processes[1]), 7); /* was not there */
    ck_assert_int_eq(top_site_grown(sites[0]), 5);
    ck_assert_int_eq(top_site_grown(sites[1]), 5); /* was not there */
    top_mark(&model);
    ck_assert_int_eq(top_process_grown(model.processes[0]), 0);
    top_sample_begin(&model);
    SEE(1, 55, 1024, sockets(48, 9), logs(3, 1));
    top_sample_end(&model, START + 2 * SECOND);
    list_sites();
    ck_assert_int_eq(top_process_grown(model.processes[0]), -5);
    ck_assert_int_eq(top_site_grown(sites[0]), 3);
    ck_assert_int_eq(top_site_grown(sites[1]), -2);
}
END_TEST

START_TEST(only_what_grew_is_shown_if_asked_for) {
    top_sample_begin(&model);
    SEE(1, 50, 1024, sockets(40, 9), logs(2, 1));
    SEE(2, 50, 1024, sockets(40, 9), logs(2, 1));
    top_sample_end(&model, START);
    top_sample_begin(&model);
    SEE(1, 50, 1024, sockets(39, 9), logs(3, 1)); /* as many as before, and yet one site grew */
    SEE(2, 50, 1024, sockets(40, 9), logs(2, 1));
    top_sample_end(&model, START + SECOND);
    view.grown_only = true;
    ck_assert_str_eq(order_of_sites(), "b");
    ck_assert_str_eq(order_of_processes(), "1");
    view.grown_only = false;
    ck_assert_str_eq(order_of_sites(), "ab");
    ck_assert_str_eq(order_of_processes(), "12");
}
END_TEST

START_TEST(empty_sites_are_shown_if_asked_for) {
    top_sample_begin(&model);
    SEE(1, 50, 1024, sockets(0, -1), logs(2, 1));
    top_sample_end(&model, START);
    ck_assert_str_eq(order_of_sites(), "b");
    ck_assert_uint_eq(top_process_sites(model.processes[0]), 1);
    view.with_empty = true;
    ck_assert_str_eq(order_of_sites(), "ba");
}
END_TEST

/* --- orders ----------------------------------------------------------------------------------------------- */

/* Process 1: fewer, older, grows faster, sooner at its limit. Process 2: the contrary. Sites a and b likewise.
 */
static void two_of_each(void) {
    top_sample_begin(&model);
    SEE(1, 10, 100, sockets(5, 500), logs(30, 20));
    SEE(2, 400, 9000, logs(30, 20));
    top_sample_end(&model, START);
    top_mark(&model);
    top_sample_begin(&model);
    SEE(1, 20, 100, sockets(15, 560), logs(31, 80));
    SEE(2, 405, 9000, logs(30, 80));
    top_sample_end(&model, START + 60 * SECOND);
}

static const struct {
    const char *name;
    const char *processes, *sites;
} orders[] = {
    {"open", "21", "ba"},  {"rate", "12", "ab"},   {"grown", "12", "ab"},
    {"limit", "12", "ab"}, {"oldest", "12", "ab"}, {"name", "21", "ab"},
};

START_TEST(rows_come_in_the_order_asked_for) {
    two_of_each();
    view.sort = top_sort_named(orders[_i].name);
    ck_assert_int_ne(view.sort, TOP_SORT_COUNT);
    ck_assert_str_eq(top_sort_name(view.sort), orders[_i].name);
    ck_assert_str_eq(order_of_processes(), orders[_i].processes);
    ck_assert_str_eq(order_of_sites(), orders[_i].sites);
    view.is_reversed = true;
    ck_assert_int_eq(order_of_processes()[0], orders[_i].processes[1]);
    ck_assert_int_eq(order_of_sites()[0], orders[_i].sites[1]);
}
END_TEST

START_TEST(every_order_is_tested) {
    ck_assert_uint_eq(sizeof orders / sizeof *orders, TOP_SORT_COUNT);
    ck_assert_int_eq(top_sort_named("colour"), TOP_SORT_COUNT);
}
END_TEST

START_TEST(who_never_meets_the_limit_comes_by_how_full_it_is) {
    top_sample_begin(&model);
    SEE(1, 10, 1000, sockets(5, 500));
    SEE(2, 9, 100, sockets(5, 500));
    SEE(3, 5000, UINT64_MAX, sockets(5, 500));
    top_sample_end(&model, START);
    view.sort = TOP_SORT_LIMIT;
    ck_assert_str_eq(order_of_processes(), "213");
}
END_TEST

START_TEST(equal_rows_keep_their_order_whichever_way) {
    top_sample_begin(&model);
    SEE(2, 10, 100, sockets(5, 5), logs(5, 5));
    SEE(1, 10, 100, logs(5, 5));
    top_sample_end(&model, START);
    for (view.sort = 0; view.sort < TOP_SORT_NAME; view.sort++)
        for (int turn = 0; turn < 2; turn++, view.is_reversed = !view.is_reversed) {
            ck_assert_str_eq(order_of_processes(), "12");
            ck_assert_str_eq(order_of_sites(), "ab");
        }
}
END_TEST

/* --- filters ---------------------------------------------------------------------------------------------- */

static const struct {
    const char *filter, *processes, *sites;
} filters[] = {
    {"", "21", "ba"},       {"server", "1", "ba"}, {"SERV", "1", "ba"},  {"101", "1", "ba"},
    {"10", "", ""},         {"socket", "1", "a"},  {"fopen", "21", "b"}, {"connect", "1", "a"},
    {"net/conn", "1", "a"}, {"liblog", "21", "b"}, {"client", "2", ""},  {"nowhere", "", ""},
};

START_TEST(a_filter_fits_programs_and_sites) {
    two_of_each();
    view.filter = filters[_i].filter;
    ck_assert_str_eq(order_of_processes(), filters[_i].processes);
    ck_assert_str_eq(order_of_sites(), filters[_i].sites);
}
END_TEST

/* --- lines ------------------------------------------------------------------------------------------------ */

START_TEST(names_of_others_do_not_drive_the_terminal) {
    static const struct frame evil = {.function = "f\033[2J\x9b\xff", .module = "", .build_id = ""};
    static const struct trace trace = {&evil, 1, false};
    struct activity_site site = {
        .id = "cccccccccccccccc", .call = "\033]0;x\a", .trace = &trace, .own = &evil, .open = 1, .oldest = -1};
    struct activity activity = {.sites = &site, .site_count = 1, .oldest = -1};
    struct top_seen seen = {.pid = 7, .program = "a\nb\033c\xc3(", .source = "", .activity = &activity};
    top_sample_begin(&model);
    top_sample_take(&model, &seen);
    top_sample_end(&model, START);
    char *text = NULL, *row = top_process_row(model.processes[0], 200);
    size_t size;
    FILE *out = open_memstream(&text, &size);
    top_batch_write(&model, &view, out);
    fprintf(out, "%s", row);
    list_sites();
    free(row);
    row = top_site_row(sites[0], 200);
    fprintf(out, "%s", row);
    fclose(out);
    for (size_t i = 0; i < size; i++)
        ck_assert_msg(text[i] == '\n' || (text[i] >= ' ' && text[i] < 0x7f), "byte %zu is 0x%02x", i,
                      (unsigned char)text[i]);
    ck_assert_ptr_nonnull(strstr(text, "a\\nb\\x1bc"));
    free(row);
    free(text);
}
END_TEST

START_TEST(columns_show_what_the_width_allows) {
    two_of_each();
    list_sites();
    char *header = top_site_header(120), *row = top_site_row(sites[1], 120),
         *narrow = top_site_row(sites[1], 40);
    ck_assert_str_eq(header, "  OPEN   /MIN  GROWN  OPENED  CLOSED   PEAK OLDEST KIND      OPENED AT");
    ck_assert_str_eq(row, "    15  +10.0    +10    1015    1000     77  9m20s socket    "
                          "accept4 < connect_upstream conn.c:42 < main server.c:300");
    ck_assert_str_eq(narrow, "    15  +10.0    +10 accept4 < connect_upstream conn.c:42 < main server.c:300");
    free(header);
    free(row);
    free(narrow);
    header = top_process_header(120);
    row = top_process_row(model.processes[0], 120);
    ck_assert_str_eq(header, "    PID   OPEN   LIMIT USED   /MIN LIMIT IN  GROWN OLDEST HANDLES SITES PROGRAM");
    ck_assert_str_eq(row, "    101     20     100  20%  +10.0    8m00s    +10  9m20s      46     2 server");
    free(header);
    free(row);
}
END_TEST

START_TEST(a_batch_has_a_line_for_each_row) {
    char *text = NULL, time[64];
    size_t size;
    two_of_each();
    view.filter = "server";
    FILE *out = open_memstream(&text, &size);
    top_batch_write(&model, &view, out);
    fclose(out);
    ck_assert_int_eq(sscanf(text, "sample %63s", time), 1);
    ck_assert_str_eq(strchr(text, '\n') + 1,
                     "process 101 20 100 46 2 +10.0 +10 480 560 server\n"
                     "site 101 bbbbbbbbbbbbbbbb 31 31 0 0 +1.0 +1 80 stream fopen < open_log log.c:7\n"
                     "site 101 aaaaaaaaaaaaaaaa 15 1015 1000 77 +10.0 +10 560 socket "
                     "accept4 < connect_upstream conn.c:42 < main server.c:300\n"
                     "\n");
    free(text);
}
END_TEST

START_TEST(what_is_not_known_is_a_dash) {
    char *text = NULL;
    size_t size;
    top_sample_begin(&model);
    SEE(1, 3, 0,
        (struct activity_site){
            .id = "dddddddddddddddd", .kind = RECORD_KIND_COUNT, .trace = &no_trace, .open = 1, .oldest = -1});
    top_sample_end(&model, START);
    FILE *out = open_memstream(&text, &size);
    top_batch_write(&model, &view, out);
    fclose(out);
    ck_assert_str_eq(strchr(text, '\n') + 1, "process 101 3 - 1 1 - +0 - - server\n"
                                             "site 101 dddddddddddddddd 1 0 0 0 - +0 - handle "
                                             "(no stack was recorded)\n"
                                             "\n");
    free(text);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("top");
    TCase *trends = tcase_create("trends"), *models = tcase_create("models");
    tcase_set_timeout(trends, 120);
    tcase_set_timeout(models, 120);
    tcase_add_checked_fixture(trends, begin_trend, NULL);
    tcase_add_test(trends, one_look_tells_no_rate);
    tcase_add_test(trends, a_rate_is_change_per_minute);
    tcase_add_test(trends, only_the_last_minute_counts);
    tcase_add_test(trends, many_samples_a_second_do_not_shorten_the_minute);
    tcase_add_test(trends, samples_minutes_apart_tell_a_rate);
    tcase_add_test(trends, a_forecast_is_the_rest_at_this_rate);
    tcase_add_test(trends, who_is_at_the_limit_at_first_sight_is_there);
    tcase_add_checked_fixture(models, begin, end);
    tcase_add_test(models, samples_follow_processes_and_sites);
    tcase_add_test(models, who_is_not_seen_has_ended);
    tcase_add_test(models, no_limit_no_forecast);
    tcase_add_test(models, growth_counts_from_the_first_sample_then_from_the_mark);
    tcase_add_test(models, only_what_grew_is_shown_if_asked_for);
    tcase_add_test(models, empty_sites_are_shown_if_asked_for);
    tcase_add_loop_test(models, rows_come_in_the_order_asked_for, 0, sizeof orders / sizeof *orders);
    tcase_add_test(models, every_order_is_tested);
    tcase_add_test(models, who_never_meets_the_limit_comes_by_how_full_it_is);
    tcase_add_test(models, equal_rows_keep_their_order_whichever_way);
    tcase_add_loop_test(models, a_filter_fits_programs_and_sites, 0, sizeof filters / sizeof *filters);
    tcase_add_test(models, names_of_others_do_not_drive_the_terminal);
    tcase_add_test(models, columns_show_what_the_width_allows);
    tcase_add_test(models, a_batch_has_a_line_for_each_row);
    tcase_add_test(models, what_is_not_known_is_a_dash);
    suite_add_tcase(suite, trends);
    suite_add_tcase(suite, models);
    return suite_run(suite);
}
