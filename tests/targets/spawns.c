/* Description: starts children with posix_spawn, system and popen while a file is open, and forgets only that.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(void) {
    int fd = open("/dev/null", O_RDONLY), status;
    pid_t child;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addclose(&actions, fd);
    if (posix_spawn(&child, "/bin/true", &actions, NULL, (char *[]){"true", NULL}, environ))
        return 1;
    waitpid(child, &status, 0);
    posix_spawn_file_actions_destroy(&actions);
    return system("exec 3<&-; exit 0") || pclose(popen("exit 0", "r"));
}
