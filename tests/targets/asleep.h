/* asleep.h - for programs whose thread must be in the middle of a call that blocks when something happens. */
#ifndef TESTS_TARGETS_ASLEEP_H
#define TESTS_TARGETS_ASLEEP_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Waits until that thread of this process sleeps in the kernel. */
static void wait_until_asleep(pid_t thread) {
    char path[64], about[256];
    const char *state;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    do {
        usleep(1000);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = read(file, about, sizeof about - 1);
        close(file);
        about[length < 0 ? 0 : length] = '\0';
        state = strrchr(about, ')'); /* behind the name */
    } while (!state || strncmp(state, ") S", 3) != 0);
}

#endif
