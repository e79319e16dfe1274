/* tool_closers.c - who closed the handles of a site, from a record: text, JSON, SARIF. */
#include <check.h>
#include <sys/stat.h>

#include <jansson.h>

#include "tests/suite.h"
#include "tests/unit/record_builder.h"
#include "tools/findings/report.h"

static char *shown;

/* The report on the record, in that format. Frees it. */
static const char *show(struct builder *builder, const char *format) {
    struct settings settings;
    settings_begin(&settings);
    ck_assert(settings_take(&settings, "format", format, "test"));
    char path[64];
    const char *paths[] = {path};
    struct report_verdict verdict;
    struct report_request request = {.settings = &settings, .records = paths, .count = 1};
    builder_save(builder, BUILDER_BYTES, path);
    free(builder);
    size_t size;
    FILE *out = open_memstream(&shown, &size);
    ck_assert_int_eq(report_records(&request, out, &verdict), 0);
    fclose(out);
    unlink(path);
    settings_end(&settings);
    return shown;
}

static void shows(const char *words) { ck_assert_msg(strstr(shown, words), "no '%s' in:\n%s", words, shown); }
static void shows_not(const char *words) { ck_assert_msg(!strstr(shown, words), "'%s' in:\n%s", words, shown); }

static struct record_stack *stack_at(struct builder *builder, uint32_t id) {
    return (struct record_stack *)(builder->bytes + (size_t)id * RECORD_UNIT);
}

/* A site of which 120 were opened and 118 closed; two are left. */
static struct record_stack *begin(struct builder *builder) {
    static const uint64_t pcs[] = {0x1001, 0x2001};
    builder_module(builder, "/opt/server/bin/server", 0x1000, 0x10000, 0, "\1\2", 2);
    uint32_t stack = builder_stack(builder, "socket", pcs, 2, 120, 118);
    builder_number(builder, 5, RECORD_KIND_SOCKET, stack, RECORD_OUTCOME_RELEASED);
    builder_number(builder, 9, RECORD_KIND_SOCKET, stack, RECORD_OUTCOME_RELEASED);
    return stack_at(builder, stack);
}

START_TEST(one_closer_of_all) {
    struct builder *builder = builder_begin();
    begin(builder)->closers[0].place = 0x5001;
    show(builder, "text");
    shows("\n  118 of 120 were closed in (server+0x5000); these 2 were not\n");
}
END_TEST

START_TEST(several_closers_the_most_first) {
    struct builder *builder = builder_begin();
    struct record_stack *stack = begin(builder);
    stack->closers[0].place = 0x5001; /* 118 - 90 - 10 - 8 */
    stack->closers[1] = (struct record_closer){0x6001, 90};
    stack->closers[2] = (struct record_closer){0x7001, 10};
    stack->closed_elsewhere = 8;
    show(builder, "text");
    shows("\n  118 of 120 were closed: 90 in (server+0x6000), 10 in (server+0x5000), 10 in (server+0x7000), 8 "
          "elsewhere; these 2 were not\n");
}
END_TEST

START_TEST(nobody_is_named_who_is_not_known) {
    /* proves: no sentence without a closer, for code of no module, and for counters that contradict each other
     */
    struct builder *builder = builder_begin();
    begin(builder);
    show(builder, "text");
    shows_not("were closed");
    builder = builder_begin();
    begin(builder)->closers[0].place = 0x50001; /* behind the module */
    show(builder, "text");
    shows_not("were closed");
    builder = builder_begin();
    struct record_stack *stack = begin(builder);
    stack->closers[0].place = 0x5001;
    stack->closed_elsewhere = UINT64_MAX;
    show(builder, "text");
    shows_not("were closed");
}
END_TEST

START_TEST(closers_that_read_alike_are_one) {
    /* proves: stacks that differ only further out are one place in the sentence, whose parts are the most first
     */
    static const uint64_t pcs[][2] = {{0x8001, 0x9001}, {0x8001, 0xa001}, {0x6001, 0x9001}};
    static const uint64_t counts[] = {30, 41, 40};
    struct builder *builder = builder_begin();
    struct record_stack *stack = begin(builder);
    for (int i = 0; i < 3; i++) {
        uint32_t closer = builder_stack(builder, "close", pcs[i], 2, 0, 0);
        stack->closers[i] = (struct record_closer){RECORD_CLOSER_STACK | closer, counts[i]};
    }
    stack->closed_elsewhere = 7; /* the first: 118 - 41 - 40 - 7 */
    show(builder, "text");
    shows("\n  118 of 120 were closed: 71 in (server+0x8000), 40 in (server+0x6000), 7 elsewhere; these 2");
}
END_TEST

START_TEST(closers_that_are_stacks) {
    /* proves: a closer of misuse=2 is shown with its whole stack; one that is not in the record is not */
    static const uint64_t pcs[] = {0x8001, 0x9001};
    struct builder *builder = builder_begin();
    struct record_stack *stack = begin(builder);
    uint32_t closer = builder_stack(builder, "close", pcs, 2, 0, 0);
    stack->closers[0].place = RECORD_CLOSER_STACK | closer;
    stack->closers[1] = (struct record_closer){RECORD_CLOSER_STACK | 4000000, 1};
    json_t *object = json_loads(show(builder, "json"), 0, NULL), *first;
    json_t *closers = json_object_get(json_array_get(json_object_get(object, "sites"), 0), "closers");
    ck_assert_uint_eq(json_array_size(closers), 1);
    first = json_array_get(closers, 0);
    ck_assert_int_eq(json_integer_value(json_object_get(first, "count")), 117);
    json_t *frames = json_object_get(first, "frames");
    ck_assert_uint_eq(json_array_size(frames), 2);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(frames, 1), "offset")), "0x9000");
    json_decref(object);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("closers");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, one_closer_of_all);
    tcase_add_test(tests, several_closers_the_most_first);
    tcase_add_test(tests, nobody_is_named_who_is_not_known);
    tcase_add_test(tests, closers_that_read_alike_are_one);
    tcase_add_test(tests, closers_that_are_stacks);
    return suite_run(suite);
}
