/* found.c - records that are not ours, not records, or very many; processes elsewhere and processes that died:
 * found, or refused with a clear word. MANY=N makes the long form of what counts. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/run.h"
#include "tests/unit/record_builder.h"
#include "tests/suite.h"

enum { SCRIPT_BYTES = 4096 };

static const char *library, *tool;

static unsigned many(unsigned standard) {
    const char *value = getenv("MANY");
    return value && *value ? (unsigned)strtoul(value, NULL, 10) : standard;
}

/* A new folder for one test. */
static const char *new_folder(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", run_folder(), name);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    return path;
}

/* Runs it in sh, with $L the library, $T the tool, $F the folder. */
static struct run script(const char *folder, const char *text) {
    char variables[3][256];
    snprintf(variables[0], sizeof variables[0], "L=%s", library);
    snprintf(variables[1], sizeof variables[1], "T=%s", tool);
    snprintf(variables[2], sizeof variables[2], "F=%s", folder);
    return run(&(struct run_request){.words = WORDS("sh", "-c", text),
                                     .environment = {variables[0], variables[1], variables[2]}});
}

#define LEAVE(program) "LD_PRELOAD=$L LEFTOPEN_OPTIONS=record=$F " program " 2>/dev/null;"
#define KILLED LEAVE("perl -e 'open(F, \"<\", \"/etc/passwd\"); kill 9, $$'")
#define NAME(digit) "$F/0000000000000000000000000000000" digit ".leftopen"

static void says(const struct run *run, int status, const char *words) {
    ck_assert_msg(run->status == status, "status %d, not %d\n%s%s", run->status, status, run->out, run->error);
    ck_assert_msg(strstr(run->out, words) || strstr(run->error, words), "'%s' is not said:\n%s%s", words,
                  run->out, run->error);
}

START_TEST(what_is_no_record_is_passed_over) {
    const char *folder = new_folder("strange");
    struct run made = script(
        folder, KILLED
        "mkfifo " NAME("1") "; mknod " NAME("2") " c 1 5 2>/dev/null || mkfifo " NAME("2") "; mkdir " NAME(
            "3") ";"
                 "ln -s /etc/passwd " NAME("4") "; ln -s /dev/zero " NAME(
                     "5") ";"
                          "perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => $ARGV[0], "
                          "Listen => 1)' " NAME("6") "; ls $F | wc -l");
    ck_assert_str_eq(made.out, "7\n");
    struct run shown = script(folder, "$T report $F");
    says(&shown, 0, "1 handle left open at 1 site (1 file)");
    ck_assert_str_eq(shown.error, "");
    shown = script(folder,
                   "for i in 1 2 3 5 6; do timeout 60 $T report $F/0000000000000000000000000000000$i.leftopen;"
                   "echo $?; done");
    ck_assert_msg(run_count(shown.out, "65\n") + run_count(shown.out, "66\n") == 5, "%s%s", shown.out,
                  shown.error);
    shown = script(folder, "$T clean $F >/dev/null; ls $F | wc -l");
    ck_assert_str_eq(shown.out, "6\n");
}
END_TEST

START_TEST(a_module_that_is_no_file_is_not_opened) {
    const char *folder = new_folder("modules");
    char pipe[160], record[160];
    snprintf(pipe, sizeof pipe, "%s/pipe", folder);
    snprintf(record, sizeof record, "%s/record", folder);
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    const char *const paths[] = {pipe, "/dev/zero", "/proc/kcore", "/proc/kmsg", "/sys/kernel/notes", folder};
    struct builder *builder = builder_begin();
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        uint64_t pc = 0x400000 + i * 0x10000 + 16;
        builder_module(builder, paths[i], pc - 16, pc + 4096, 0, "\1\2\3\4", 4);
        builder_number(builder, 5 + (unsigned)i, RECORD_KIND_FILE, builder_stack(builder, "open", &pc, 1, 1, 0),
                       RECORD_OUTCOME_RELEASED);
    }
    builder_header(builder)->started_realtime = 1;
    FILE *file = fopen(record, "w");
    ck_assert_uint_eq(fwrite(builder->bytes, BUILDER_BYTES, 1, file), 1);
    fclose(file);
    free(builder);
    /* A writer that waits for a reader would see one. */
    struct run shown = script(folder, "(echo here >$F/pipe; echo >$F/it-was-opened) & writer=$!;"
                                      "timeout 60 $T report $F/record; echo $?; kill $writer; ls $F");
    says(&shown, 0, "6 files");
    ck_assert_ptr_null(strstr(shown.out, "it-was-opened"));
}
END_TEST

START_TEST(ten_thousand_records_are_read) {
    const char *folder = new_folder("thousands");
    unsigned count = 5 * many(200);
    struct builder *builder = builder_begin();
    uint64_t pc = 0x401000;
    builder_number(builder, 5, RECORD_KIND_FILE, builder_stack(builder, "open", &pc, 1, 1, 0),
                   RECORD_OUTCOME_LEFT);
    for (unsigned i = 0; i < count; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%032x" RECORD_SUFFIX, folder, i);
        FILE *file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        for (unsigned page = 0; page < BUILDER_PAGES; page++) {
            static const unsigned char nothing[RECORD_PAGE_BYTES];
            const unsigned char *bytes = builder->bytes + page * RECORD_PAGE_BYTES;
            if (memcmp(bytes, nothing, sizeof nothing) != 0)
                ck_assert(fseek(file, page * (long)RECORD_PAGE_BYTES, SEEK_SET) == 0 &&
                          fwrite(bytes, RECORD_PAGE_BYTES, 1, file) == 1);
        }
        fclose(file);
    }
    free(builder);
    char words[64];
    struct run shown = script(folder, "$T report $F | tail -n 1; $T clean $F; ls $F | wc -l");
    snprintf(words, sizeof words, "%u handles left open at 1 site", count);
    says(&shown, 0, words);
    says(&shown, 0, "\n0\n");
}
END_TEST

START_TEST(a_full_disk_is_said) {
    const char *folder = new_folder("full");
    struct run shown = script(folder, KILLED "unshare -m sh -c 'mount -t tmpfs -o size=4k none /mnt || exit 99;"
                                             "head -c 1m /dev/zero >/mnt/full 2>/dev/null;"
                                             "$T report --report=/mnt/report $F; echo $?; ls /mnt'");
    if (strstr(shown.error, "unshare:") || shown.status == 99)
        SKIP_TEST("no mount namespace can be made");
    says(&shown, 0, "No space left on device");
    says(&shown, 0, "125\n");
}
END_TEST

START_TEST(records_of_others_are_refused_in_words) {
    const char *folder = new_folder("others");
    if (geteuid() != 0)
        SKIP_TEST("only root can be somebody else");
    struct run shown = script(folder, KILLED "setpriv --reuid 65534 --regid 65534 --clear-groups $T report $F");
    says(&shown, 66, "Permission denied");
    shown = script(folder, "sleep 600 & setpriv --reuid 65534 --regid 65534 --clear-groups $T report $!; s=$?;"
                           "kill $!; exit $s");
    says(&shown, 66, "only that user and root may see its record");
}
END_TEST

/* What waits for a word: it has opened /etc/passwd, says so, and sleeps. */
#define WAITS(more) "perl -e '$|=1; open(F, \"<\", \"/etc/passwd\"); " more " print \"ready\\n\"; sleep 600'"
#define WHEN_READY "while ! grep -q ready $F/said; do sleep 0.02; done;"

START_TEST(who_changed_its_user_is_found) {
    const char *folder = new_folder("changed");
    if (geteuid() != 0)
        SKIP_TEST("only root can change its user");
    struct run shown =
        script(folder, "LD_PRELOAD=$L LEFTOPEN_OPTIONS=record=$F " WAITS(
                           "$( = 65534; $) = \"65534 65534\"; $< = 65534; $> = "
                           "65534;") " >$F/said & p=$!;" WHEN_READY "$T report $p; s=$?; kill -9 $p; exit $s");
    says(&shown, 0, "/etc/passwd");
}
END_TEST

START_TEST(who_is_in_a_container_is_found) {
    const char *folder = new_folder("container");
    struct run shown =
        script(folder, "LD_PRELOAD= unshare -mpf --mount-proc sh -c 'mount -t tmpfs none /dev/shm || exit 99;"
                       "export LD_PRELOAD=$L; exec "
                       "perl -e \"\\$|=1; open(F, q(<), q(/etc/passwd));"
                       "print qq(ready\\n); sleep 600\"' >$F/said & u=$!;"
                       "for i in $(seq 3000); do grep -q ready $F/said && break; sleep 0.02; done;"
                       "grep -q ready $F/said || { kill $u; exit 99; };"
                       "p=$(pgrep -P $u); $T report $p; s=$?; kill -9 $p; exit $s");
    if (shown.status == 99)
        SKIP_TEST("no namespace can be made");
    says(&shown, 0, "/etc/passwd");
}
END_TEST

START_TEST(who_died_between_fork_and_exec_leaves_nothing) {
    const char *folder = new_folder("between");
    struct run shown = script(folder, LEAVE("perl -e 'open(F, \"<\", \"/etc/passwd\"); if (!fork) { kill 9, $$ "
                                            "} wait; kill 9, $$'") "ls $F | wc -l; $T report $F");
    ck_assert_msg(strncmp(shown.out, "1\n", 2) == 0, "%s", shown.out);
    says(&shown, 0, "1 handle left open at 1 site (1 file)");
    ck_assert_uint_eq(run_count(shown.out, "==ERROR"), 1);
}
END_TEST

START_TEST(many_tidy_processes_leave_nothing) {
    const char *folder = new_folder("tidy");
    char text[SCRIPT_BYTES];
    snprintf(text, sizeof text,
             "export LD_PRELOAD=$L LEFTOPEN_OPTIONS=record=$F; i=0; while [ $i -lt %u ]; do"
             " cat </etc/hostname >/dev/null; i=$((i+1)); done; LD_PRELOAD= ls $F | wc -l",
             many(200));
    struct run shown = script(folder, text);
    ck_assert_str_eq(shown.error, "");
    ck_assert_msg(strcmp(shown.out, "0\n") == 0, "%s", shown.out);
}
END_TEST

START_TEST(many_killed_processes_leave_what_they_may) {
    char folder[] = "/dev/shm/leftopen-test-XXXXXX", text[SCRIPT_BYTES];
    if (!mkdtemp(folder))
        SKIP_TEST("there is no /dev/shm");
    snprintf(text, sizeof text,
             "export XDG_RUNTIME_DIR=$F; i=0; while [ $i -lt %u ]; do"
             " LD_PRELOAD=$L sh -c 'exec 3</etc/passwd; kill -9 $$'; i=$((i+1)); done 2>/dev/null;"
             " ls $F/leftopen | wc -l; rm -r $F",
             many(200));
    struct run shown = script(folder, text);
    int left = atoi(shown.out);
    printf("%u killed processes left %d records\n", many(200), left);
    fflush(stdout);
    ck_assert_int_gt(left, 0);
    ck_assert_int_le(left, 64);
}
END_TEST

int main(void) {
    library = run_built("libleftopen.so");
    tool = run_built("leftopen");
    run_folder();
    Suite *suite = suite_create("found");
    TCase *tests = tcase_create("found");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, what_is_no_record_is_passed_over);
    tcase_add_test(tests, a_module_that_is_no_file_is_not_opened);
    tcase_add_test(tests, ten_thousand_records_are_read);
    tcase_add_test(tests, a_full_disk_is_said);
    tcase_add_test(tests, records_of_others_are_refused_in_words);
    tcase_add_test(tests, who_changed_its_user_is_found);
    tcase_add_test(tests, who_is_in_a_container_is_found);
    tcase_add_test(tests, who_died_between_fork_and_exec_leaves_nothing);
    tcase_add_test(tests, many_tidy_processes_leave_nothing);
    tcase_add_test(tests, many_killed_processes_leave_what_they_may);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
