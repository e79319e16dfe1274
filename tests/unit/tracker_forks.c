/* tracker/forks.h: who lives on with what was open at a fork, and whose heir a process is. */
#include <sched.h>
#include <sys/prctl.h>

#include "tests/unit/world.h"
#include "tracker/forks.h"

static int go[2];

/* A child that the parent knows of. It waits for a word, does what it is told, and tells that it has. */
static int said[2];

static pid_t fork_told(uint64_t sequence, void (*body)(void)) {
    fflush(NULL);
    forks_begin(sequence);
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        forks_child();
        body();
        _exit(0);
    }
    forks_end(child);
    return child;
}

static void make_pipes(void) { ck_assert_int_eq(pipe(go) | pipe(said), 0); }

static void tell(void) { MUST(write(said[1], "", 1) == 1); }
static void hear(void) {
    char byte;
    MUST(read(said[0], &byte, 1) == 1);
}
static void wait_for_go(void) {
    char byte;
    tell();
    MUST(read(go[0], &byte, 1) == 1);
}
static void let_go(void) { MUST(write(go[1], "", 1) == 1); }

static int end_of(pid_t child) {
    int status = -1;
    MUST(waitpid(child, &status, 0) == child);
    return status;
}

static void nothing(void) {}

START_TEST(without_forks_nothing_is_handed_over) {
    /* proves: no fork, a fork before anything was acquired, and one that failed leave nothing to hand over */
    ck_assert_uint_eq(forks_handed_over(), 0);
    ck_assert_int_eq(end_of(fork_told(0, nothing)), 0);
    forks_begin(5);
    forks_end(-1);
    ck_assert_uint_eq(forks_handed_over(), 0);
    ck_assert_uint_eq(forks_birth()->sequence, UINT64_MAX);
}
END_TEST

START_TEST(a_living_child_is_an_heir) {
    /* proves: what was open at its fork, until it has ended, and its end is left for the program's own wait */
    make_pipes();
    pid_t child = fork_told(7, wait_for_go);
    hear();
    ck_assert_uint_eq(forks_handed_over(), 7);
    ck_assert_uint_eq(forks_handed_over(), 7);
    let_go();
    siginfo_t info;
    ck_assert_int_eq(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    ck_assert_uint_eq(forks_handed_over(), 0);
    ck_assert_int_eq(end_of(child), 0);
    ck_assert_uint_eq(forks_handed_over(), 0);
}
END_TEST

static void execute_and_wait(void) {
    forks_mark_executing(true);
    wait_for_go();
    forks_mark_executing(false); /* it failed */
    wait_for_go();
    forks_mark_ended();
    wait_for_go();
}

START_TEST(an_executed_program_is_no_heir) {
    /* proves: nor is a child that said it ends; one whose exec failed is an heir again */
    make_pipes();
    pid_t child = fork_told(7, execute_and_wait);
    static const uint64_t expected[] = {0, 7, 0};
    for (unsigned i = 0; i < 3; i++) {
        hear();
        ck_assert_uint_eq(forks_handed_over(), expected[i]);
        let_go();
    }
    ck_assert_int_eq(end_of(child), 0);
}
END_TEST

START_TEST(the_newest_living_fork_counts) {
    /* proves: of several children the one that was forked last tells what is handed over */
    make_pipes();
    pid_t first = fork_told(5, wait_for_go), second = fork_told(9, nothing), third = fork_told(8, wait_for_go);
    hear();
    hear();
    ck_assert_int_eq(end_of(second), 0);
    ck_assert_uint_eq(forks_handed_over(), 8);
    let_go();
    let_go();
    ck_assert_int_eq(end_of(first) | end_of(third), 0);
    ck_assert_uint_eq(forks_handed_over(), 0);
}
END_TEST

START_TEST(thousands_of_forks_need_no_room) {
    /* proves: entries of children that ended are used again: no fork is left without one */
    for (unsigned i = 1; i <= 3000; i++) {
        forks_begin(i);
        forks_end(-1);
    }
    make_pipes();
    pid_t child = fork_told(9, wait_for_go);
    hear();
    ck_assert_uint_eq(forks_handed_over(), 9);
    let_go();
    ck_assert_int_eq(end_of(child), 0);
    ck_assert_uint_eq(forks_handed_over(), 0);
}
END_TEST

START_TEST(more_forks_than_there_is_room_for) {
    /* proves: where a fork finds no entry the parent accuses nobody of what was open then */
    for (unsigned i = 1; i <= 1100; i++)
        forks_begin(i); /* and none of them ends */
    ck_assert_uint_eq(forks_handed_over(), 1100);
}
END_TEST

static pid_t grandparent, parent;

static void look_at_parent(void) {
    MUST(forks_birth()->sequence == 7);
    MUST(!forks_is_heir_of(getppid(), 1));
    MUST(!forks_is_heir_of(1, 1));
    MUST(!forks_is_heir_of(getpid(), 1));
}

START_TEST(a_child_of_a_living_parent_is_no_orphan) {
    /* proves: of its parent, of strangers, of itself */
    ck_assert_int_eq(end_of(fork_told(7, look_at_parent)), 0);
}
END_TEST

static void look_at_ending_parent(void) {
    wait_for_go();
    MUST(!forks_is_heir_of(getppid(), 5));
    MUST(!forks_is_heir_of(1, 4));
    MUST(forks_is_heir_of(getppid(), 4));
}

START_TEST(what_an_ending_parent_tells_itself_its_heir_does_not) {
    /* proves: the parent is not gone yet; what it handed over is the child's to tell, and no more; also for a
     * child that is made while the parent ends already */
    make_pipes();
    if (_i)
        forks_tell(4);
    pid_t child = fork_told(7, look_at_ending_parent);
    hear();
    if (!_i)
        forks_tell(4);
    let_go();
    ck_assert_int_eq(end_of(child), 0);
}
END_TEST

static void outlive(void) {
    wait_for_go();
    while (getppid() == parent)
        usleep(1000);
    MUST(forks_is_heir_of(parent, 1));
    MUST(!forks_is_heir_of(grandparent, 1));
    tell();
}

static void leave_an_orphan(void) {
    parent = getpid();
    fork_told(3, outlive);
}

START_TEST(an_orphan_knows_of_whom) {
    /* proves: when its parent is gone it is the heir of that one, and not of the grandparent that lives */
    make_pipes();
    grandparent = getpid();
    ck_assert_int_eq(end_of(fork_told(7, leave_an_orphan)), 0);
    hear();
    let_go();
    hear();
}
END_TEST

static void outlive_both(void) {
    wait_for_go();
    MUST(forks_is_heir_of(parent, 1));
    MUST(forks_is_heir_of(grandparent, 1));
    tell();
}

static void fork_and_leave(void) {
    parent = getpid();
    fork_told(3, outlive_both);
}

static void fork_twice_and_leave(void) {
    grandparent = getpid();
    MUST(end_of(fork_told(7, fork_and_leave)) == 0);
}

START_TEST(a_daemon_is_the_heir_of_all) {
    /* proves: after two forks whose parents ended, what either had belongs to the last one, also while one of
     * them is ended and not waited for */
    make_pipes();
    pid_t child = fork_told(1, fork_twice_and_leave);
    hear();
    siginfo_t info;
    ck_assert_int_eq(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    let_go();
    hear();
    ck_assert_int_eq(end_of(child), 0);
}
END_TEST

static void look_from_raw_clone(void) {
    MUST(forks_birth()->sequence == UINT64_MAX);
    MUST(!forks_is_heir_of(getppid(), 1));
    uint64_t before = forks_birth()->sequence;
    forks_adopting(); /* told already: nothing changes */
    MUST(forks_birth()->sequence == before);
}

START_TEST(a_raw_clone_finds_out_by_itself) {
    /* proves: nobody told it, and it knows its parent all the same; so does the child of a told child */
    fflush(NULL);
    if (_i && fork() == 0) {
        forks_begin(4);
        forks_child();
    }
    long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        forks_adopting();
        look_from_raw_clone();
        _exit(0);
    }
    ck_assert_int_eq(end_of((pid_t)child), 0);
}
END_TEST

static void look_from_inside(void) {
    MUST(getppid() == 0);
    MUST(!forks_is_heir_of(parent, 1));
}

static void live_in_another_namespace(void) {
    parent = getpid();
    if (unshare(CLONE_NEWPID))
        _exit(77);
    MUST(end_of(fork_told(7, look_from_inside)) == 0);
}

START_TEST(a_parent_in_another_namespace_is_there) {
    /* proves: the first process of a pid namespace cannot see its parent, and does not take that for its end */
    int status = in_child(live_in_another_namespace);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        SKIP_TEST("no pid namespace can be made here (not root?)");
    ck_assert_int_eq(status, 0);
}
END_TEST

static unsigned generation;

static void fork_on(void) {
    if (++generation == 50) {
        MUST(!forks_is_heir_of(getppid(), 1));
        return;
    }
    MUST(end_of(fork_told(generation, fork_on)) == 0);
}

START_TEST(fifty_generations_are_no_harm) {
    /* proves: the list of ancestors is bounded, and keeps the nearest */
    ck_assert_int_eq(end_of(fork_told(1, fork_on)), 0);
}
END_TEST

static void add(TCase *tests) {
    tcase_add_test(tests, without_forks_nothing_is_handed_over);
    tcase_add_test(tests, a_living_child_is_an_heir);
    tcase_add_test(tests, an_executed_program_is_no_heir);
    tcase_add_test(tests, the_newest_living_fork_counts);
    tcase_add_test(tests, thousands_of_forks_need_no_room);
    tcase_add_test(tests, more_forks_than_there_is_room_for);
    tcase_add_test(tests, a_child_of_a_living_parent_is_no_orphan);
    tcase_add_loop_test(tests, what_an_ending_parent_tells_itself_its_heir_does_not, 0, 2);
    tcase_add_test(tests, an_orphan_knows_of_whom);
    tcase_add_test(tests, a_daemon_is_the_heir_of_all);
    tcase_add_loop_test(tests, a_raw_clone_finds_out_by_itself, 0, 2);
    tcase_add_test(tests, a_parent_in_another_namespace_is_there);
    tcase_add_test(tests, fifty_generations_are_no_harm);
}

int main(void) { return world_run("tracker/forks", add); }
