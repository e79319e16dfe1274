/* views.c - how a report is put together and looked at: sites that read alike, suppressions that the tool
 * writes itself, groups, limits, other names for paths, and what must not leave. */
#include <check.h>
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/suite.h"
#include "tests/run.h"

static const char *program, *tool;

static struct run in_folder(const char *const *words) {
    return run(&(struct run_request){.words = words, .folder = run_folder()});
}

static json_t *parse(const char *text) {
    json_error_t error;
    json_t *report = json_loads(text, 0, &error);
    ck_assert_msg(report, "%s in:\n%s", error.text, text);
    return report;
}

static json_int_t number(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    ck_assert_msg(json_is_integer(value), "no number \"%s\"", key);
    return json_integer_value(value);
}

static void has(const char *text, const char *part) {
    ck_assert_msg(strstr(text, part), "no '%s' in:\n%.3000s", part, text);
}
static void has_not(const char *text, const char *part) {
    ck_assert_msg(!strstr(text, part), "'%s' in:\n%.3000s", part, text);
}

/* A file in the folder of the tests; its name is kept until the next call. */
static const char *file_of(const char *text) {
    static char path[600];
    snprintf(path, sizeof path, "%s/file", run_folder());
    FILE *out = fopen(path, "w");
    ck_assert(out && fputs(text, out) >= 0 && fclose(out) == 0);
    return path;
}

/* The word of an option with a value that is not known beforehand; kept until the next call. */
static const char *option(const char *name, const char *value) {
    static char word[1024];
    snprintf(word, sizeof word, "--%s=%s", name, value);
    return word;
}

/* --- sites ------------------------------------------------------------------------------------------------ */

START_TEST(calls_that_read_alike_are_one_site) {
    struct run run = in_folder(WORDS(tool, "--format=json", program, "alike"));
    json_t *report = parse(run.error), *site = json_array_get(json_object_get(report, "sites"), 0);
    ck_assert_int_eq(run.status, 23);
    ck_assert_uint_eq(json_array_size(json_object_get(report, "sites")), 1);
    ck_assert_int_eq(number(site, "count"), 5);
    ck_assert_int_eq(number(site, "opened"), 6);
    ck_assert_int_eq(number(site, "closed"), 1);
    json_int_t last = 0;
    size_t i;
    json_t *handle;
    json_array_foreach(json_object_get(site, "handles"), i, handle) {
        ck_assert_int_gt(number(handle, "fd"), last); /* in the order in which they were opened */
        last = number(handle, "fd");
    }
    json_decref(report);
    run_free(&run);
}
END_TEST

/* --- suppressions ----------------------------------------------------------------------------------------- */

START_TEST(what_the_tool_writes_suppresses_all_and_each_line_one_function) {
    struct run found =
        in_folder(WORDS(tool, "--format=suppressions", program, "alike", "wrapped", "main", "pair", "twice"));
    ck_assert_int_eq(found.status, 23);
    has(found.error, "\nfile:^alike$ frame=0\n");
    has(found.error, "\nsocket:^pair$ frame=0\n");
    has(found.error, "\nmisuse:^twice$ frame=0\n");
    ck_assert_uint_eq(run_count(found.error, "\nsocket:"), 1);
    struct run suppressed = in_folder(WORDS(tool, option("suppressions", file_of(found.error)), program,
                                            "alike", "wrapped", "main", "pair", "twice"));
    ck_assert_str_eq(suppressed.error, "");
    ck_assert_int_eq(suppressed.status, 0);
    struct run one = in_folder(WORDS(tool, option("suppressions", file_of("file:^main$ frame=0\n")), program,
                                     "alike", "wrapped", "main"));
    has(one.error, "6 handles left open at 2 sites (6 files); 6 released, 0 failed; 1 suppressed");
    run_free(&one);
    run_free(&suppressed);
    run_free(&found);
}
END_TEST

START_TEST(what_the_tool_writes_of_names_that_are_hard_to_write_suppresses_them) {
    char names[512];
    snprintf(names, sizeof names, "%s", run_built("targets/names"));
    struct run found = in_folder(WORDS(tool, "--format=suppressions", names));
    ck_assert_int_eq(found.status, 23);
    struct run suppressed = in_folder(WORDS(tool, option("suppressions", file_of(found.error)), names));
    ck_assert_str_eq(suppressed.error, "");
    ck_assert_int_eq(suppressed.status, 0);
    run_free(&suppressed);
    run_free(&found);
}
END_TEST

static const struct {
    const char *word, *block;
} blocks[] = {
    {"main", "FdNotClosed\n fun:open\n fun:main\n"},
    {"main", "FdNotClosed\n fun:open@@GLIBC_2.2.5\n fun:main\n"},
    {"twice", "FdBadClose\n fun:close\n fun:twice\n fun:main\n"},
    {"twice", "FdBadClose\n ...\n src:places.c\n"},
};

START_TEST(blocks_of_valgrind_are_understood) {
    char text[512];
    snprintf(text, sizeof text, "{\n any name\n CoreError:%s}\n", blocks[_i].block);
    struct run run = in_folder(WORDS(tool, option("suppressions", file_of(text)), program, blocks[_i].word));
    ck_assert_str_eq(run.error, "");
    ck_assert_int_eq(run.status, 0);
    run_free(&run);
}
END_TEST

/* The constructor has two symbols of one address: whichever Valgrind took, it is meant. */
START_TEST(a_block_may_name_any_symbol_of_a_function) {
    char names[512];
    snprintf(names, sizeof names, "%s", run_built("targets/names"));
    static const char *const symbols[] = {"_ZN3app6keeperC1Ev", "_ZN3app6keeperC2Ev"};
    for (int i = 0; i < 2; i++) {
        char text[256];
        snprintf(text, sizeof text, "{\n x\n CoreError:FdNotClosed\n fun:fopen@@GLIBC_2.2.5\n fun:%s\n}\n",
                 symbols[i]);
        struct run run = in_folder(WORDS(tool, "--kinds=stream", option("suppressions", file_of(text)), names));
        has(run.error, "1 misuse; 1 suppressed");
        run_free(&run);
    }
}
END_TEST

/* Without names, each line is about one call. */
START_TEST(what_the_tool_writes_of_a_stripped_program_is_as_precise) {
    struct run stripped = in_folder(WORDS("strip", "-o", "stripped", program));
    ck_assert_int_eq(stripped.status, 0);
    run_free(&stripped);
    const char *const places[] = {
        tool, "--format=suppressions", "./stripped", "alike", "wrapped", "pair", "twice", NULL};
    struct run found = in_folder(places);
    ck_assert_int_eq(found.status, 23);
    has(found.error, "\nfile:^(stripped+0x");
    ck_assert_uint_eq(run_count(found.error, "\nfile:"), 3); /* alike has two calls */
    ck_assert_uint_eq(run_count(found.error, "\nsocket:"), 3);
    ck_assert_uint_eq(run_count(found.error, "\nmisuse:"), 1);
    struct run suppressed = in_folder(WORDS(tool, option("suppressions", file_of(found.error)), "./stripped",
                                            "alike", "wrapped", "pair", "twice"));
    ck_assert_str_eq(suppressed.error, "");
    ck_assert_int_eq(suppressed.status, 0);
    struct run other = in_folder(
        WORDS(tool, option("suppressions", file_of(found.error)), "./stripped", "alike", "main", "pair"));
    has(other.error, "1 handle left open at 1 site (1 file); 1 released, 0 failed; 8 suppressed");
    run_free(&other);
    run_free(&suppressed);
    run_free(&found);
}
END_TEST

START_TEST(the_line_stands_behind_its_site) {
    struct run run = in_folder(WORDS(tool, "--gen-suppressions", program, "main", "twice"));
    has(run.error, "Direct leak of 1 file (");
    has(run.error, "\nfile:^main$ frame=0\n");
    has(run.error, "\nmisuse:^twice$ frame=0\n");
    run_free(&run);
}
END_TEST

static const struct {
    const char *line;
    int status;
} misuses[] = {
    {"misuse:double-close\n", 0},   {"misuse:^twice$\n", 0},
    {"misuse:open_it\n", 0}, /* who opened it */
    {"misuse:foreign-close\n", 23}, {"misuse:open_it frame=0\n", 23},
    {"leak:twice\n", 23},           {"misuse:places.c max=0\n", 23},
};

START_TEST(wrong_calls_are_suppressed_by_type_or_stack) {
    struct run run =
        in_folder(WORDS(tool, option("suppressions", file_of(misuses[_i].line)), program, "twice"));
    ck_assert_msg(run.status == misuses[_i].status, "%sgives %d:\n%s", misuses[_i].line, run.status, run.error);
    if (!run.status)
        ck_assert_str_eq(run.error, "");
    run_free(&run);
}
END_TEST

START_TEST(the_help_on_suppressions_lists_the_rules) {
    struct run run = in_folder(WORDS(tool, "help", "suppressions"));
    has(run.out, "a shell reads its script to the end\n");
    has(run.out, "syslog keeps its connection\n");
    has_not(run.out, "(*)");
    run_free(&run);
}
END_TEST

/* --- options ---------------------------------------------------------------------------------------------- */

static const struct {
    const char *option, *said;
} refused[] = {
    {"report=", "takes stderr, none or the name of a file"},
    {"report=/dev", "this is a folder"},
    {"report=/nonexistent/report", "/nonexistent is none"},
    {"report=/tmp/%z", "can follow a %"},
    {"report=/dev/stdout", "other descriptors are the program's alone"},
    {"record=", "takes auto, off or the name of a folder"},
    {"depth=deep", "takes 1..128"},
    {"inherited=maybe", "takes 0 or 1"},
    {"format=xml", "takes text|json"},
    {"kinds=socket+sockte", "all default file directory socket pipe"},
    {"kinds=!all", "leaves at least one kind"},
    {"interval=soon", "takes a time such as"},
    {"warn_at=0%", "takes 1% to 100%"},
    {"report_signal=KILL", "takes HUP INT"},
    {"report_signal=9", "takes HUP INT"},
    {"min_age=old", "takes a time such as"},
    {"path_map==/src", "takes FROM=TO"},
    {"path_map=/src", "takes FROM=TO"},
    {"source_root=/nonexistent", "takes a folder that is there"},
    {"redact=path+argw", "takes path, argv and peer"},
    {"group_by=colour", "takes site|function|file"},
    {"top=few", "takes 0.."},
};

START_TEST(what_does_not_fit_is_refused_before_the_program_runs) {
    char word[80];
    snprintf(word, sizeof word, "--%s", refused[_i].option);
    struct run run = in_folder(WORDS(tool, word, "sh", "-c", "echo ran"));
    ck_assert_int_eq(run.status, 64);
    ck_assert_str_eq(run.out, "");
    has(run.error, refused[_i].said);
    has_not(run.error, "it stays");
    run_free(&run);
}
END_TEST

START_TEST(what_does_not_fit_in_the_environment_is_only_left_out) {
    struct run_request request = {
        .words = WORDS(tool, "sh", "-c", "echo ran"), .options = refused[_i].option, .folder = run_folder()};
    struct run told = run(&request);
    ck_assert_int_eq(told.status, 0);
    ck_assert_str_eq(told.out, "ran\n");
    has(told.error, "leftopen: LEFTOPEN_OPTIONS: ");
    has(told.error, refused[_i].said);
    has(told.error, "it stays '");
    run_free(&told);
}
END_TEST

static const char *const accepted[] = {
    "report=none",
    "report=report-%p%%-%h-%q{HOME}",
    "report=/nonexistent-%p/%e",
    "interval=5m",
    "warn_at=80",
    "warn_at=100%",
    "report_signal=SIGUSR2",
    "report_signal=RTMIN+30",
    "report_signal=10",

    "kinds=!file",
    "kinds=all+!socket+default+pipe",
    "interval=",
    "min_age=0",
    "path_map=/a=/b",
    "path_map=/a=",
};

START_TEST(what_fits_is_taken_without_a_word) {
    char word[80];
    snprintf(word, sizeof word, "--%s", accepted[_i]);
    struct run run = in_folder(WORDS(tool, word, "true"));
    ck_assert_int_eq(run.status, 0);
    ck_assert_str_eq(run.error, "");
    run_free(&run);
}
END_TEST

/* --- views ------------------------------------------------------------------------------------------------ */

static struct run view(const char *format, const char *option, const char *second) {
    return in_folder(
        WORDS(tool, format, option, second, program, "alike", "wrapped", "secret", "/dev/zero", "pair"));
}

static json_t *json_view(const char *option, const char *second) {
    struct run run = view("--format=json", option, second);
    ck_assert_int_eq(run.status, 23);
    json_t *report = parse(run.error);
    run_free(&run);
    return report;
}

/* By function: alike has five handles of one site, pair three of three, open_it two of two. */
START_TEST(groups_are_an_overview) {
    struct run run = view("--format=text", "--group-by=function", "--top=0");
    has(run.error, "\n5 handles at 1 site, function alike (of 6 opened there, 1 closed)");
    has(run.error, "\n3 handles at 3 sites, function pair (of 3");
    has(run.error, "\n2 handles at 2 sites, function open_it (of 2");
    has(run.error, ", called by wrapped ");
    has(run.error, "10 handles left open at 6 sites (7 files, 3 sockets)");
    has_not(run.error, "Direct leak");
    ck_assert(strstr(run.error, "function pair") > strstr(run.error, "function alike"));
    run_free(&run);
}
END_TEST

START_TEST(groups_are_in_json_and_in_lines) {
    json_t *report = json_view("--group-by=kind", "--top=0"), *groups = json_object_get(report, "groups");
    ck_assert_str_eq(json_string_value(json_object_get(report, "group_by")), "kind");
    ck_assert_uint_eq(json_array_size(groups), 2);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(groups, 0), "name")), "file");
    ck_assert_int_eq(number(json_array_get(groups, 0), "count"), 7);
    ck_assert_uint_eq(json_array_size(json_object_get(json_array_get(groups, 1), "sites")), 3);
    ck_assert_uint_eq(json_array_size(json_object_get(report, "sites")), 6);
    json_decref(report);
    struct run run = view("--format=ndjson", "--group-by=kind", "--top=1");
    ck_assert_uint_eq(run_count(run.error, "\n"), 3);
    ck_assert_uint_eq(run_count(run.error, "\"group\":\"file\""), 3);
    run_free(&run);
}
END_TEST

START_TEST(processes_have_sites_of_their_own) {
    struct run run =
        in_folder(WORDS(tool, "--group-by=process", "sh", "-c", "\"$0\" wrapped; \"$0\" wrapped; :", program));
    ck_assert_uint_eq(run_count(run.error, "1 handle at 1 site, process "), 2);
    has(run.error, "2 handles left open at 2 sites (2 files)");
    run_free(&run);
}
END_TEST

START_TEST(top_shows_some_and_counts_all) {
    json_t *report = json_view("--top=2", "--group-by=site");
    ck_assert_uint_eq(json_array_size(json_object_get(report, "sites")), 2);
    ck_assert_int_eq(number(json_object_get(report, "summary"), "left_open"), 10);
    ck_assert_int_eq(number(json_object_get(report, "summary"), "sites"), 6);
    json_decref(report);
    struct run run = view("--format=text", "--top=2", "--group-by=site");
    ck_assert_uint_eq(run_count(run.error, "Direct leak"), 2);
    has(run.error, "note: 4 more sites with 4 handles not shown: see the option top");
    has(run.error, "10 handles left open at 6 sites (7 files, 3 sockets)");
    run_free(&run);
    struct run folded = view("--format=folded", "--top=2", "--group-by=site");
    ck_assert_uint_eq(run_count(folded.error, "\n"), 2);
    run_free(&folded);
}
END_TEST

START_TEST(the_young_do_not_count) {
    struct run run = in_folder(WORDS(tool, "--min-age=1h", program, "alike"));
    ck_assert_int_eq(run.status, 0);
    ck_assert_str_eq(run.error, "");
    struct run told = in_folder(WORDS(tool, "--min-age=1h", "--verbosity=1", program, "alike"));
    has(told.error, "5 handles left out: not open for as long as min_age says");
    run_free(&told);
    run_free(&run);
}
END_TEST

/* The program was compiled as tests/targets/places.c. */
START_TEST(paths_are_called_as_asked) {
    json_t *plain = json_view("--top=1", "--group-by=site");
    json_t *mapped = json_view("--path-map=/elsewhere=/no", "--path-map=tests/targets=/home/ann/src");
    const json_t *before = json_array_get(json_object_get(plain, "sites"), 0);
    const json_t *after = json_array_get(json_object_get(mapped, "sites"), 0);
    const json_t *frame = json_array_get(json_object_get(after, "frames"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(frame, "file")), "/home/ann/src/places.c");
    ck_assert_str_eq(json_string_value(json_object_get(before, "id")),
                     json_string_value(json_object_get(after, "id")));
    json_decref(mapped);
    json_decref(plain);
    char root[600], map[700];
    snprintf(root, sizeof root, "--source-root=%s", run_folder());
    snprintf(map, sizeof map, "--path-map=tests=%s/t", run_folder());
    struct run run = view("--format=text", root, map);
    has(run.error, "#0 alike t/targets/places.c:");
    run_free(&run);
    struct run part = view("--format=text", "--path-map=tests/tar=/home/ann", "--top=1"); /* no whole part */
    has(part.error, "#0 alike tests/targets/places.c:");
    run_free(&part);
    struct run code = view("--format=sarif", root, map);
    has(code.error, "\"t/targets/places.c\"");
    run_free(&code);
}
END_TEST

/* Where we are, as compilers know it: by the name that led here, if it still does. */
static const char *top_folder(void) {
    static char name[512];
    struct stat named, here;
    const char *told = getenv("PWD");
    if (told && *told == '/' && stat(told, &named) == 0 && stat(".", &here) == 0 &&
        named.st_ino == here.st_ino && named.st_dev == here.st_dev)
        return told;
    ck_assert_ptr_nonnull(getcwd(name, sizeof name));
    return name;
}

/* Where files are compiled the compiler may be told less than where they are. */
START_TEST(paths_are_whole_where_options_name_folders) {
    char root[600], map[600];
    const char *here = top_folder();
    snprintf(root, sizeof root, "--source-root=%s/tests", here);
    snprintf(map, sizeof map, "--path-map=%s/tests=/home/ann", here);
    struct run below = in_folder(WORDS(tool, root, program, "main"));
    has(below.error, "#0 main targets/places.c:");
    run_free(&below);
    struct run mapped = in_folder(WORDS(tool, map, program, "main"));
    has(mapped.error, "#0 main /home/ann/targets/places.c:");
    run_free(&mapped);
    struct run annotated = in_folder(WORDS(tool, root, "--format=github", program, "main"));
    has(annotated.error, "::error file=targets/places.c,line=");
    run_free(&annotated);
}
END_TEST

START_TEST(suppressions_see_the_paths_as_they_are_called) {
    const char *suppressions = option("suppressions", file_of("leak:^/home/ann/places.c$\n"));
    struct run run =
        in_folder(WORDS(tool, "--path-map=tests/targets=/home/ann", suppressions, program, "alike"));
    ck_assert_int_eq(run.status, 0);
    run_free(&run);
}
END_TEST

/* --- what must not leave ---------------------------------------------------------------------------------- */

/* A copy of the program in a folder that says too much, and a file there. */
static const char *hideout(const char *file) {
    static char path[700];
    const char *const copy[] = {"sh", "-c", "mkdir -p hideout && cp \"$0\" hideout && echo >hideout/secret",
                                program, NULL};
    struct run run = in_folder(copy);
    ck_assert_int_eq(run.status, 0);
    run_free(&run);
    snprintf(path, sizeof path, "%s/hideout/%s", run_folder(), file);
    return path;
}

static const char *const formats[] = {"text",     "json",   "ndjson",       "sarif",
                                      "junit",    "github", "gitlab",       "valgrind-xml",
                                      "valgrind", "folded", "suppressions", "valgrind-xml-native",
                                      "html",     "pprof"};

/* All that the command writes: to its two outputs, the step's summary and the report, unpacked. */
static struct run everything(const char *format, const char *options) {
    char command[4096];
    snprintf(command, sizeof command,
             "mkdir -p secretly && cp %s secretly/secret-program || exit 3\n"
             "echo 'path:secret-nothing until=2001-01-01' >secretly/secret.supp\n"
             "export GITHUB_STEP_SUMMARY=$PWD/summary\n"
             "%s --format=%s --report=report%%%% %s --exec-leaks=1 --inherited=1 --unseen=1 --verbosity=1 "
             "--gen-suppressions --kinds=all --group-by=process --source-root=$PWD/secretly "
             "--suppressions=$PWD/secretly/secret.supp "
             "secretly/secret-program $PWD/secretly secret$$\n"
             "status=$?\n"
             "cat summary 2>/dev/null; gunzip -cf report%%; rm -f summary report%% /dev/shm/*-secret$$; exit "
             "$status",
             run_built("targets/secrets"), tool, format, options);
    return in_folder(WORDS("sh", "-c", command));
}

static bool holds(const struct run *run, const char *word) {
    return memmem(run->out, run->out_bytes, word, strlen(word)) || strstr(run->error, word);
}

START_TEST(no_format_tells_what_is_redacted) {
    static const char *const secrets[] = {"/secretly",       "secretly/",  "file-secret",    "gone-secret",
                                          "memfd-secret",    "shm-secret", "sem-secret",     "socket-secret",
                                          "abstract-secret", "127.77.66",  "command-secret", "secret-nothing"};
    struct run run = everything(formats[_i], "--redact=path,argv,peer");
    ck_assert_msg(run.status == 23, "%d: %s", run.status, run.error);
    ck_assert(holds(&run, "run_out"));
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        ck_assert_msg(!holds(&run, secrets[i]), "%s tells '%s'; on standard error:\n%.1000s", formats[_i],
                      secrets[i], run.error);
    ck_assert(!holds(&run, run_folder()));
    run_free(&run);
}
END_TEST

/* The test before can fail. */
START_TEST(all_of_it_is_told_otherwise) {
    static const char *const told[] = {"/secretly",     "file-secret",     "gone-secret",
                                       "memfd-secret",  "shm-secret",      "sem-secret",
                                       "socket-secret", "abstract-secret", "127.77.66.55"};
    struct run run = everything("json", "");
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        ck_assert_msg(holds(&run, told[i]), "no '%s'; on standard error:\n%.1000s", told[i], run.error);
    run_free(&run);
}
END_TEST

START_TEST(equal_names_have_equal_pseudonyms) {
    struct run run =
        in_folder(WORDS(tool, "--redact=path+peer", program, "alike", "secret", "/dev/null", "pair", "main"));
    ck_assert_uint_eq(run_count(run.error, "   path#1   "), 6);
    ck_assert_uint_eq(run_count(run.error, "   path#2   "), 1);
    has(run.error, "TCP peer#1 LISTEN");
    has(run.error, "TCP peer#2 -> peer#1 ESTABLISHED");
    has(run.error, "TCP peer#1 -> peer#2 ESTABLISHED");
    run_free(&run);
}
END_TEST

START_TEST(what_is_not_named_stays) {
    struct run paths = in_folder(WORDS(tool, "--redact=path", "--format=json", program, "main", "pair"));
    has(paths.error, "127.0.0.1");
    has(paths.error, "\"argv\":[\"places\",\"main\",\"pair\"]");
    has_not(paths.error, "/dev/zero");
    run_free(&paths);
    struct run words =
        in_folder(WORDS(tool, "--redact=argv", "--format=json", program, "main", "main", "pair"));
    has(words.error, "\"argv\":[\"places\",\"argv#1\",\"argv#1\",\"argv#2\"]");
    has(words.error, "/dev/zero");
    run_free(&words);
}
END_TEST

START_TEST(suppressions_know_what_is_redacted) {
    struct run run = in_folder(WORDS(tool, "--redact=path", "--verbosity=1",
                                     option("suppressions", file_of("path:^/dev/zero$\npath:/dev/full\n")),
                                     program, "main"));
    ck_assert_int_eq(run.status, 0);
    has(run.error, "file:1: 1 suppressed by in line 1");
    has_not(run.error, "/dev/");
    run_free(&run);
}
END_TEST

START_TEST(a_mistyped_subject_in_the_environment_redacts_all) {
    struct run_request request = {
        .words = WORDS(tool, program, "main", "pair"), .options = "redact=paths", .folder = run_folder()};
    struct run told = run(&request);
    has(told.error, "takes path, argv and peer");
    has_not(told.error, "/dev/zero");
    has_not(told.error, "127.0.0.1");
    run_free(&told);
}
END_TEST

START_TEST(nothing_is_told_where_the_tool_is_missing) {
    char command[2048];
    const char *secret = hideout("secret");
    snprintf(
        command, sizeof command,
        "mkdir -p alone && cp %s alone/ && LD_PRELOAD=$PWD/alone/libleftopen.so LEFTOPEN_OPTIONS=redact=path "
        "hideout/places secret %s",
        run_built("libleftopen.so"), secret);
    struct run run = in_folder(WORDS("sh", "-c", command));
    has(run.error, "1 handle left open at exit by places");
    has_not(run.error, "hideout");
    run_free(&run);
}
END_TEST

START_TEST(who_does_not_redact_says_so) {
    struct run run = in_folder(WORDS(tool, "ls", "--redact=path"));
    ck_assert_int_eq(run.status, 64);
    has(run.error, "ls does not redact what it shows");
    run_free(&run);
}
END_TEST

int main(void) {
    static char path[512];
    snprintf(path, sizeof path, "%s", run_built("targets/places"));
    program = path;
    tool = run_built("leftopen");
    Suite *suite = suite_create("views");
    TCase *tests = tcase_create("views");
    tcase_set_timeout(tests, RUN_SECONDS);
    tcase_add_test(tests, calls_that_read_alike_are_one_site);
    tcase_add_test(tests, what_the_tool_writes_suppresses_all_and_each_line_one_function);
    tcase_add_test(tests, what_the_tool_writes_of_names_that_are_hard_to_write_suppresses_them);
    tcase_add_loop_test(tests, blocks_of_valgrind_are_understood, 0, sizeof blocks / sizeof *blocks);
    tcase_add_test(tests, a_block_may_name_any_symbol_of_a_function);
    tcase_add_test(tests, what_the_tool_writes_of_a_stripped_program_is_as_precise);
    tcase_add_test(tests, the_line_stands_behind_its_site);
    tcase_add_loop_test(tests, wrong_calls_are_suppressed_by_type_or_stack, 0,
                        sizeof misuses / sizeof *misuses);
    tcase_add_test(tests, the_help_on_suppressions_lists_the_rules);
    tcase_add_loop_test(tests, what_does_not_fit_is_refused_before_the_program_runs, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_loop_test(tests, what_does_not_fit_in_the_environment_is_only_left_out, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_loop_test(tests, what_fits_is_taken_without_a_word, 0, sizeof accepted / sizeof *accepted);
    tcase_add_test(tests, groups_are_an_overview);
    tcase_add_test(tests, groups_are_in_json_and_in_lines);
    tcase_add_test(tests, processes_have_sites_of_their_own);
    tcase_add_test(tests, top_shows_some_and_counts_all);
    tcase_add_test(tests, the_young_do_not_count);
    tcase_add_test(tests, paths_are_called_as_asked);
    tcase_add_test(tests, paths_are_whole_where_options_name_folders);
    tcase_add_test(tests, suppressions_see_the_paths_as_they_are_called);
    tcase_add_loop_test(tests, no_format_tells_what_is_redacted, 0, sizeof formats / sizeof *formats);
    tcase_add_test(tests, all_of_it_is_told_otherwise);
    tcase_add_test(tests, equal_names_have_equal_pseudonyms);
    tcase_add_test(tests, what_is_not_named_stays);
    tcase_add_test(tests, suppressions_know_what_is_redacted);
    tcase_add_test(tests, a_mistyped_subject_in_the_environment_redacts_all);
    tcase_add_test(tests, nothing_is_told_where_the_tool_is_missing);
    tcase_add_test(tests, who_does_not_redact_says_so);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
