/* close_on_exec.c - see close_on_exec.h. The table is close_on_exec.def. */
#include "tools/handles/close_on_exec.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *call, *advice;
} rows[] = {
#define CLOSE_ON_EXEC(call, advice) {#call, advice},
#include "tools/handles/close_on_exec.def"
};

/* Fortified calls and those for large files go by the names of the plain ones. */
static bool is_called(const char *call, const char *name) {
    size_t length = strlen(name);
    call += strspn(call, "_");
    if (strncmp(call, name, length) != 0)
        return false;
    const char *rest = call + length;
    if (strncmp(rest, "64", 2) == 0)
        rest += 2;
    return *rest == '\0' || strcmp(rest, "_2") == 0;
}

const char *close_on_exec_advice(const char *call) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (is_called(call, rows[i].call))
            return rows[i].advice;
    return "set FD_CLOEXEC with fcntl(fd, F_SETFD, FD_CLOEXEC)";
}
