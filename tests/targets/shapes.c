/* Description: lives in the way that the argument names, with one file open that is forgotten in the end. */
#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static int file;

enum { NOBODY = 65534, WORKERS = 40 };

static void by_spawn(void) {
    posix_spawn_file_actions_t actions;
    pid_t child;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 20, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, 20, 21);
    posix_spawn_file_actions_addclose(&actions, file);
    posix_spawn_file_actions_addclosefrom_np(&actions, 22);
    char *words[] = {"sh", "-c", "[ -e /proc/self/fd/21 ] && echo spawned", NULL};
    if (posix_spawnp(&child, "sh", &actions, NULL, words, environ) == 0)
        waitpid(child, NULL, 0);
    posix_spawn_file_actions_destroy(&actions);
}

static void by_system(void) { printf("%d %d\n", system("exit 0"), WEXITSTATUS(system("exit 3"))); }

static void by_popen(void) {
    char line[32] = "";
    FILE *child = popen("echo popened", "r");
    fgets(line, sizeof line, child);
    pclose(child);
    fputs(line, stdout);
}

static void by_chdir(void) {
    if (chdir("/") || chdir("proc"))
        exit(1);
}

static void by_user(void) {
    if (setgid(NOBODY) || setuid(NOBODY))
        exit(1);
}

/* In a thread with a table of its own, the file is closed; in ours it is not. */
static void *close_in_own_table(void *nothing) {
    if (unshare(CLONE_FILES) || close(file))
        exit(1);
    printf("%d ", fcntl(file, F_GETFD));
    return nothing;
}
static void *close_range_in_own_table(void *nothing) {
    if (close_range(3, ~0U, CLOSE_RANGE_UNSHARE))
        exit(1);
    printf("%d ", fcntl(file, F_GETFD));
    return nothing;
}
static void in_thread(void *(*function)(void *)) {
    pthread_t thread;
    pthread_create(&thread, NULL, function, NULL);
    pthread_join(thread, NULL);
    printf("%d\n", fcntl(file, F_GETFD) < 0);
}
static void by_table(void) { in_thread(close_in_own_table); }
static void by_range_apart(void) { in_thread(close_range_in_own_table); }

/* Alone in the table: unshare makes nothing apart. */
static void by_table_of_exec(void) {
    if (unshare(CLONE_FILES))
        exit(1);
}

static void by_range_on_exec(void) {
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    printf("%d\n", fcntl(file, F_GETFD) != FD_CLOEXEC);
}

static void by_workers(void) {
    close(file);
    for (int i = 0; i < WORKERS; i++)
        if (fork() == 0) {
            open("/dev/zero", O_RDONLY);
            exit(0);
        }
    while (wait(NULL) > 0)
        ;
}

/* Each has done nothing yet when its parent has closed what was meant for it. */
static void by_pipes(void) {
    close(file);
    for (int i = 0; i < WORKERS; i++) {
        int for_child[2], others[2];
        if (pipe(for_child) || pipe(others))
            exit(1);
        if (fork() == 0) {
            if (read(for_child[0], &(char){0}, 1) != 1)
                exit(1);
            open("/dev/zero", O_RDONLY);
            exit(0);
        }
        close(for_child[0]);
        close(others[0]);
        close(others[1]);
        if (write(for_child[1], "", 1) != 1)
            exit(1);
        close(for_child[1]);
    }
    while (wait(NULL) > 0)
        ;
}

/* The record must be found again under what it was before. */
static void by_death_after_failing_exec(void) {
    execl("/nonexistent/program", "program", NULL);
    execv("/dev/null", (char *[]){"null", NULL});
    raise(SIGKILL);
}

static const struct {
    const char *name;
    void (*live)(void);
} ways[] = {{"spawn", by_spawn},
            {"system", by_system},
            {"popen", by_popen},
            {"chdir", by_chdir},
            {"user", by_user},
            {"table", by_table},
            {"table_of_exec", by_table_of_exec},
            {"range_apart", by_range_apart},
            {"range_on_exec", by_range_on_exec},
            {"workers", by_workers},
            {"pipes", by_pipes},
            {"death_after_failing_exec", by_death_after_failing_exec}};

int main(int argc, char **argv) {
    file = open("/dev/null", O_RDONLY);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (argc > 1 && !strcmp(ways[i].name, argv[1]))
            return ways[i].live(), 0;
    return 64;
}
