/* fail.c - see fail.h. */
#include "tools/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void hide_control_characters(char *text) {
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < ' ' || c == 0x7f)
            *text = '?';
    }
}

static void write_line(const char *text) {
    char *line;
    int length = asprintf(&line, "leftopen: %s", text);
    if (length < 0)
        return;
    hide_control_characters(line);
    line[length] = '\n'; /* instead of the terminating zero: nothing reads it as a string any more */
    for (char *rest = line, *end = line + length + 1; rest < end;) {
        ssize_t written = write(STDERR_FILENO, rest, (size_t)(end - rest));
        if (written < 0 && errno != EINTR)
            break;
        rest += written > 0 ? written : 0;
    }
    free(line);
}

static void say(const char *format, va_list arguments) {
    int error = errno;
    char *text;
    if (vasprintf(&text, format, arguments) < 0) {
        write_line(format); /* no memory: better the bare words than silence */
    } else {
        write_line(text);
        free(text);
    }
    errno = error;
}

void warning(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

int failure(int status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    return status;
}
