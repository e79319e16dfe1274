/* tracker/output.h: last words to descriptors that are closed, full, gone, or somebody else's. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "tests/unit/world.h"
#include "tracker/output.h"

static int ends[2];

/* The writer is a child, that nobody has to wait for; where none can be had we write ourselves. */
static void without_children(bool wanted) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    if (!wanted)
        return;
    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/* Descriptor 2 becomes a pipe that is read by `ends[0]`. */
static void errors_to_pipe(void) {
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(dup2(ends[1], 2), 2);
    close(ends[1]);
}

static void fill_pipe(void) {
    char block[4096];
    memset(block, '.', sizeof block);
    ck_assert_int_eq(fcntl(2, F_SETFL, O_NONBLOCK), 0);
    while (write(2, block, sizeof block) > 0)
        ;
    ck_assert_int_eq(fcntl(2, F_SETFL, 0), 0);
}

START_TEST(without_leave_there_is_no_descriptor) {
    /* proves: until it is said that 2 is the program's, and after it is said that it is not, nothing is kept */
    ck_assert_int_eq(output_descriptor(), -1);
    output_keep();
    ck_assert_int_eq(output_own_descriptor(), -1);
    output_standard_error_is(true);
    ck_assert_int_eq(output_descriptor(), 2);
    output_standard_error_is(false);
    ck_assert_int_eq(output_descriptor(), -1);
}
END_TEST

START_TEST(a_kept_copy_outlives_descriptor_2) {
    /* proves: the copy is high and closed at exec, and what is written to it arrives after close(2) */
    errors_to_pipe();
    output_standard_error_is(true);
    output_keep();
    int copy = output_descriptor();
    ck_assert_int_ge(copy, 100);
    ck_assert_int_eq(fcntl(copy, F_GETFD), FD_CLOEXEC);
    ck_assert_int_ge(output_own_descriptor(), 3);
    output_keep();
    ck_assert_int_eq(output_descriptor(), copy);
    close(2);
    ck_assert(output_write(copy, "words", 5));
    char text[6] = "";
    ck_assert_int_eq(read(ends[0], text, 5), 5);
    ck_assert_str_eq(text, "words");
}
END_TEST

static rlim_t few;

static void keep_with_few(void) {
    struct rlimit limit = {few, few};
    for (int number = 3; number < 64; number++)
        close(number);
    MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    output_standard_error_is(true);
    output_keep();
    MUST(output_own_descriptor() >= 3);
    MUST(output_descriptor() > 2);
}

START_TEST(a_copy_fits_under_a_small_limit) {
    /* proves: where only few descriptors are allowed the copy is made all the same */
    static const rlim_t limits[] = {4, 8, 9, 20, 1000, 1001};
    few = limits[_i];
    ck_assert_int_eq(in_child(keep_with_few), 0);
}
END_TEST

START_TEST(a_copy_that_cannot_be_made_is_no_harm) {
    /* proves: with every number in use, or 2 closed, nothing is kept */
    output_standard_error_is(true);
    if (_i) {
        close(2);
    } else {
        struct rlimit limit = {3, 3};
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    output_keep();
    ck_assert_int_eq(output_own_descriptor(), -1);
    ck_assert_int_eq(output_descriptor(), 2);
}
END_TEST

START_TEST(a_closed_descriptor_is_answered_no) {
    /* proves: neither a closed number nor a negative one is written to, and it is said so; there is no second
     * try */
    errors_to_pipe();
    ck_assert(output_write(2, "", 0));
    ck_assert(output_write(2, "x", 1));
    ck_assert(!output_write(_i ? -1 : 777, "x", 1));
    ck_assert(!output_write(2, "x", 1));
}
END_TEST

static void *read_slowly(void *total) {
    char part[777];
    for (ssize_t length; (length = read(ends[0], part, sizeof part)) > 0;)
        *(size_t *)total += (size_t)length;
    return NULL;
}

START_TEST(a_long_text_arrives_whole) {
    /* proves: more than a pipe holds goes through, whether 2 is blocking or not */
    static char text[1 << 20];
    size_t total = 0;
    pthread_t reader;
    errors_to_pipe();
    ck_assert_int_eq(fcntl(2, F_SETFL, _i & 1 ? O_NONBLOCK : 0), 0);
    pthread_create(&reader, NULL, read_slowly, &total);
    without_children(_i & 2);
    ck_assert(output_write(2, text, sizeof text));
    close(2);
    pthread_join(reader, NULL);
    ck_assert_uint_eq(total, sizeof text);
}
END_TEST

START_TEST(a_full_pipe_is_given_up) {
    /* proves: a reader that does not read is not waited for without end; the test's time limit is what fails */
    errors_to_pipe();
    fill_pipe();
    without_children(_i);
    ck_assert(!output_write(2, "words", 5));
}
END_TEST

static volatile sig_atomic_t alarms;
static void count_alarm(int signal) { alarms++; }

START_TEST(signals_do_not_prolong_the_wait) {
    /* proves: a program whose timer interrupts every wait still ends */
    struct sigaction action = {.sa_handler = count_alarm};
    struct itimerval often = {{0, 20000}, {0, 20000}};
    errors_to_pipe();
    fill_pipe();
    sigaction(SIGALRM, &action, NULL);
    without_children(_i);
    setitimer(ITIMER_REAL, &often, NULL);
    ck_assert(!output_write(2, "words", 5));
    ck_assert_int_gt(alarms, 0);
}
END_TEST

static volatile sig_atomic_t pipes;
static void count_pipe(int signal) { pipes++; }

static void no_reader(int mask_how) {
    sigset_t set;
    struct sigaction action = {.sa_handler = count_pipe};
    sigaction(SIGPIPE, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    ck_assert_int_eq(sigprocmask(mask_how, &set, NULL), 0);
    errors_to_pipe();
    close(ends[0]);
}

static bool is_pending(void) {
    sigset_t set;
    sigpending(&set);
    return sigismember(&set, SIGPIPE);
}

static bool is_blocked(void) {
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    return sigismember(&set, SIGPIPE);
}

START_TEST(a_reader_that_is_gone_raises_nothing) {
    /* proves: no handler runs, nothing is left pending, and the mask is as it was */
    no_reader(_i & 1 ? SIG_BLOCK : SIG_UNBLOCK);
    without_children(_i & 2);
    ck_assert(!output_write(2, "words", 5));
    ck_assert_int_eq(pipes, 0);
    ck_assert(!is_pending());
    ck_assert(is_blocked() == (_i & 1));
}
END_TEST

START_TEST(a_signal_that_was_pending_stays) {
    /* proves: the program's own SIGPIPE is not taken away with ours */
    no_reader(SIG_BLOCK);
    ck_assert_int_eq(kill(getpid(), SIGPIPE), 0);
    without_children(_i);
    ck_assert(!output_write(2, "words", 5));
    ck_assert(is_pending());
    no_reader(SIG_UNBLOCK);
    ck_assert_int_eq(pipes, 1);
}
END_TEST

START_TEST(success_takes_nothing_either) {
    /* proves: a pending SIGPIPE stays pending when the text arrives */
    no_reader(SIG_BLOCK);
    ck_assert_int_eq(kill(getpid(), SIGPIPE), 0);
    errors_to_pipe();
    ck_assert(output_write(2, "words", 5));
    ck_assert(is_pending());
}
END_TEST

static void write_beyond_limit(void) {
    struct rlimit limit = {3, 3};
    MUST(dup2(memfd_create("errors", 0), 2) == 2);
    without_children(true);
    MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    MUST(!output_write(2, "words", 5));
}

START_TEST(a_file_that_may_not_grow_kills_nobody) {
    /* proves: with standard error in a file and RLIMIT_FSIZE reached, SIGXFSZ does not reach the program */
    ck_assert_int_eq(in_child(write_beyond_limit), 0);
}
END_TEST

static void add(TCase *tests) {
    tcase_add_test(tests, without_leave_there_is_no_descriptor);
    tcase_add_test(tests, a_kept_copy_outlives_descriptor_2);
    tcase_add_loop_test(tests, a_copy_fits_under_a_small_limit, 0, 6);
    tcase_add_loop_test(tests, a_copy_that_cannot_be_made_is_no_harm, 0, 2);
    tcase_add_loop_test(tests, a_closed_descriptor_is_answered_no, 0, 2);
    tcase_add_loop_test(tests, a_long_text_arrives_whole, 0, 4);
    tcase_add_loop_test(tests, a_full_pipe_is_given_up, 0, 2);
    tcase_add_loop_test(tests, signals_do_not_prolong_the_wait, 0, 2);
    tcase_add_loop_test(tests, a_reader_that_is_gone_raises_nothing, 0, 4);
    tcase_add_loop_test(tests, a_signal_that_was_pending_stays, 0, 2);
    tcase_add_test(tests, success_takes_nothing_either);
    tcase_add_test(tests, a_file_that_may_not_grow_kills_nobody);
}

int main(void) { return world_run("tracker/output", add); }
