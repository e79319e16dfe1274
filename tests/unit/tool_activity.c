/* A process's handles in numbers, shortages, and lengths of time as words. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/suite.h"
#include "tests/unit/record_builder.h"
#include "tools/basics/duration.h"
#include "tools/basics/table.h"
#include "tools/findings/activity.h"
#include "tools/findings/shortage.h"
#include "tools/records/record_reader.h"

static struct symbols *symbols;

static void begin(void) { symbols = symbols_begin(NULL); }
static void end(void) { symbols_end(symbols); }

static struct process *read_back(struct builder *builder) {
    char path[64];
    int status;
    builder_save(builder, BUILDER_BYTES, path);
    struct process *process = record_read(path, false, &status);
    ck_assert_ptr_nonnull(process);
    unlink(path);
    free(builder);
    return process;
}

static struct record_stack *stack_at(struct builder *builder, uint32_t id) {
    return (struct record_stack *)(builder->bytes + (size_t)id * RECORD_UNIT);
}

/* A killed process: two sockets of five and a file are held, a site has closed all, one was never used. */
static struct process *sample(uint64_t first_pc) {
    struct builder *builder = builder_begin();
    struct record_header *header = builder_header(builder);
    header->end = RECORD_END_RUNNING;
    header->pass = 0;
    header->ended_monotonic = 12000000000u; /* ten seconds after each handle */
    header->failures = 3;
    uint64_t pc[] = {first_pc, 0x2000}, others[] = {0x3000}, idle[] = {0x4000}, unused[] = {0x5000};
    uint32_t sockets = builder_stack(builder, "socket", pc, 2, 5, 3);
    uint32_t files = builder_stack(builder, "open", others, 1, 1, 0);
    uint32_t closed = builder_stack(builder, "pipe2", idle, 1, 8, 8);
    builder_stack(builder, "dup", unused, 1, 0, 0);
    stack_at(builder, sockets)->peak = 4;
    stack_at(builder, sockets)->lived = 6000000000u;
    stack_at(builder, sockets)->longest = 5000000000u;
    stack_at(builder, closed)->peak = 2;
    builder_number(builder, 5, RECORD_KIND_SOCKET, sockets, RECORD_OUTCOME_NONE);
    builder_number(builder, 6, RECORD_KIND_SOCKET, sockets, RECORD_OUTCOME_NONE)->opened = 11000000000u;
    builder_number(builder, 7, RECORD_KIND_FILE, files, RECORD_OUTCOME_NONE);
    struct record_slot *inherited = builder_number(builder, 3, RECORD_KIND_DESCRIPTOR, 0, RECORD_OUTCOME_NONE);
    inherited->word = RECORD_WORD(RECORD_STATE_INHERITED, RECORD_KIND_DESCRIPTOR, 1, 0);
    builder_number(builder, 1, RECORD_KIND_FILE, files, RECORD_OUTCOME_NONE);
    return read_back(builder);
}

START_TEST(all_sites_are_counted) {
    struct process *process = sample(0x1000);
    struct activity activity;
    activity_take(&activity, symbols, process);
    ck_assert_uint_eq(activity.open, 3); /* standard output is nobody's leak */
    ck_assert_uint_eq(activity.descriptors, 5);
    ck_assert_uint_eq(activity.inherited, 1);
    ck_assert_uint_eq(activity.opened, 14);
    ck_assert_uint_eq(activity.closed, 11);
    ck_assert_uint_eq(activity.failures, 3);
    ck_assert_uint_eq(activity.limit, 1024);
    ck_assert_uint_eq(activity.site_count, 3); /* who acquired nothing is no site of it */
    const struct activity_site *sockets = &activity.sites[0];
    ck_assert_str_eq(sockets->call, "socket");
    ck_assert_int_eq(sockets->kind, RECORD_KIND_SOCKET);
    ck_assert_uint_eq(sockets->open, 2);
    ck_assert_double_eq(sockets->oldest, 10);
    ck_assert_double_eq(sockets->newest, 1);
    struct suspect_facts facts = activity_facts(sockets);
    ck_assert_double_eq(facts.mean_lifetime, 2);
    ck_assert_double_eq(facts.longest_lifetime, 5);
    ck_assert_uint_eq(facts.peak, 4);
    ck_assert_str_eq(activity.sites[2].call, "pipe2");
    ck_assert_int_eq(activity.sites[2].kind, RECORD_KIND_COUNT); /* nothing of it is there to tell */
    ck_assert_double_lt(activity_facts(&activity.sites[1]).mean_lifetime, 0);
    activity_end(&activity);
    record_end(process);
}
END_TEST

START_TEST(looks_are_independent_of_the_process) {
    struct process *process = sample(0x1000);
    struct activity first, second;
    activity_take(&first, symbols, process);
    activity_take(&second, symbols, process);
    record_end(process);
    const struct activity_site *found = activity_find(&first, second.sites[1].id);
    ck_assert_ptr_nonnull(found);
    ck_assert_str_eq(found->call, second.sites[1].call);
    ck_assert_ptr_eq(found->trace, second.sites[1].trace); /* looked up once */
    ck_assert_ptr_null(activity_find(&first, "0000000000000000"));
    activity_end(&first);
    activity_end(&second);
}
END_TEST

START_TEST(sites_of_the_same_id_become_one) {
    struct process *one = sample(0x1000), *other = sample(0x9000); /* called from elsewhere */
    struct activity sum = {0}, looks[2];
    one->limit_soft = 10;
    activity_take(&looks[0], symbols, one);
    activity_take(&looks[1], symbols, other);
    activity_merge(&sum, &looks[0]);
    activity_merge(&sum, &looks[1]);
    ck_assert_uint_eq(sum.processes, 2);
    ck_assert_uint_eq(sum.open, 6);
    ck_assert_uint_eq(sum.site_count, 4); /* two sorts of sockets, files, pipes */
    ck_assert_uint_eq(sum.limit, 10);     /* of the one that is nearer to it */
    const struct activity_site *pipes = activity_find(&sum, looks[0].sites[2].id);
    ck_assert_uint_eq(pipes->opened, 16);
    ck_assert_uint_eq(pipes->peak, 4);
    activity_end(&looks[0]);
    activity_end(&looks[1]);
    activity_end(&sum);
    record_end(one);
    record_end(other);
}
END_TEST

/* ---- shortages ---- */

static struct process *short_process(int error, uint32_t state) {
    struct builder *builder = builder_begin();
    uint64_t pc[] = {0x1000}, others[] = {0x3000};
    uint32_t few = builder_stack(builder, "open", others, 1, 4, 0);
    uint32_t many = builder_stack(builder, "socket", pc, 1, 50, 2);
    stack_at(builder, few)->short_of[RECORD_SHORTAGE_FAILURE] = 4;
    stack_at(builder, many)->short_of[RECORD_SHORTAGE_FAILURE] = 48;
    struct record_shortage *shortage = &builder_header(builder)->shortages[RECORD_SHORTAGE_FAILURE];
    shortage->state = state;
    shortage->error = error;
    shortage->limit = 64;
    shortage->held = 55;
    shortage->inherited = 3;
    strcpy(shortage->call, "accept4");
    return read_back(builder);
}

static char *text_of(const struct shortage_account *account) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    shortage_write(account, out);
    fclose(out);
    return text;
}

/* As many sockets as that, opened one a second up to the moment of the look. */
static struct process *growing(unsigned sockets) {
    struct builder *builder = builder_begin();
    builder_header(builder)->end = RECORD_END_RUNNING;
    builder_header(builder)->pass = 0;
    builder_header(builder)->ended_monotonic = (uint64_t)(sockets + 2) * 1000000000u;
    uint64_t pc[] = {0x1000};
    uint32_t stack = builder_stack(builder, "socket", pc, 1, sockets, 0);
    stack_at(builder, stack)->peak = sockets;
    for (unsigned i = 0; i < sockets; i++)
        builder_number(builder, 3 + i, RECORD_KIND_SOCKET, stack, RECORD_OUTCOME_NONE)->opened =
            (uint64_t)(i + 2) * 1000000000u;
    return read_back(builder);
}

static void add_look(struct activity *sum, struct process *process) {
    struct activity look;
    activity_take(&look, symbols, process);
    record_end(process);
    activity_merge(sum, &look);
    activity_end(&look);
}

START_TEST(what_grows_grows_in_a_process) {
    /* proves: five workers that hold a few each are no growth, and one of them that grows is */
    struct activity sum = {0};
    for (unsigned worker = 0; worker < 5; worker++)
        add_look(&sum, growing(4));
    ck_assert_uint_eq(sum.sites[0].open, 20);
    struct suspect_facts facts = activity_facts(&sum.sites[0]);
    ck_assert_uint_eq(suspects_judge(&facts), 0);
    add_look(&sum, growing(9));
    facts = activity_facts(&sum.sites[0]);
    ck_assert_uint_eq(suspects_judge(&facts), SUSPICION_GROWS);
    activity_end(&sum);
}
END_TEST

START_TEST(a_shortage_names_the_largest_site_first) {
    static const struct {
        int error;
        const char *said;
    } errors[] = {
        {EMFILE, "==4242==WARNING: leftopen: accept4 failed with EMFILE (too many open files): ./server held "
                 "55 of 64 descriptors:\n  48 opened by socket at:\n    #0 "},
        {ENFILE, "accept4 failed with ENFILE (too many open files in the system): "},
        {0, "accept4 passed the share of the limit that warn_at names: "},
    };
    struct process *process = short_process(errors[_i].error, RECORD_SHORTAGE_NOTED);
    struct shortage_accounts accounts = {0};
    shortage_collect(&accounts, symbols, process);
    ck_assert_uint_eq(accounts.count, 1);
    char *text = text_of(&accounts.list[0]);
    ck_assert_msg(strstr(text, errors[_i].said), "%s", text);
    ck_assert_msg(strstr(text, "  4 opened by open at:\n"), "%s", text);
    ck_assert_msg(strstr(text, "  3 others, inherited at the start\n"), "%s", text);
    free(text);
    shortage_end(&accounts);
    record_end(process);
}
END_TEST

START_TEST(a_shortage_that_is_being_written_is_none) {
    struct process *process = short_process(EMFILE, RECORD_SHORTAGE_WRITING);
    struct shortage_accounts accounts = {0};
    shortage_collect(&accounts, symbols, process);
    ck_assert_uint_eq(accounts.count, 0);
    shortage_end(&accounts);
    record_end(process);
}
END_TEST

/* ---- words ---- */

START_TEST(times_are_words) {
    static const struct {
        const char *word;
        uint64_t nanoseconds;
    } times[] = {
        {"500ms", 500000000},
        {"60s", 60000000000},
        {"7", 7000000000},
        {"5m", 300000000000},
        {"2h", 7200000000000},
        {"0s", 0},
        {"", 0},
        {"s", 0},
        {"-1s", 0},
        {"3d", 0},
        {"5 m", 0},
        {"1.5s", 0},
        {"99999999999999999999h", 0},
    };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        ck_assert_msg(duration_parse(times[i].word) == times[i].nanoseconds, "%s", times[i].word);
}
END_TEST

START_TEST(columns_are_as_wide_as_they_need_to_be) {
    struct table *table = table_begin("N <NAME <REST");
    table_add(table, (char *[]){strdup("7"), strdup("caf\xc3\xa9"), strdup("")});
    table_add_text(table, strdup("  below\n"));
    table_add(table, (char *[]){strdup("123"), strdup("a\033b"), strdup("end")});
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    table_write(table, out);
    fclose(out);
    ck_assert_str_eq(text, "  N  NAME    REST\n  7  caf\xc3\xa9\n  below\n123  a\\x1bb  end\n");
    free(text);
    table_end(table);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tool_activity");
    TCase *tests = tcase_create("activity");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, all_sites_are_counted);
    tcase_add_test(tests, looks_are_independent_of_the_process);
    tcase_add_test(tests, sites_of_the_same_id_become_one);
    tcase_add_test(tests, what_grows_grows_in_a_process);
    tcase_add_loop_test(tests, a_shortage_names_the_largest_site_first, 0, 3);
    tcase_add_test(tests, a_shortage_that_is_being_written_is_none);
    tcase_add_test(tests, times_are_words);
    tcase_add_test(tests, columns_are_as_wide_as_they_need_to_be);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
