/* fail.c - see fail.h. */
#include "tools/basics/fail.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool hushed;

void warnings_hush(bool hush) { hushed = hush; }

static void hide_control_characters(char *text) {
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < ' ' || c == 0x7f)
            *text = '?';
    }
}

/* Writes all of it, without the SIGPIPE that comes where the reader is gone: a message must not end us. */
static void write_all(const char *bytes, size_t length) {
    sigset_t pipe_signal, before, pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    sigprocmask(SIG_BLOCK, &pipe_signal, &before);
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, bytes, length);
        if (written < 0 && errno != EINTR)
            break;
        bytes += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    if (length > 0 && errno == EPIPE && !sigismember(&pending, SIGPIPE))
        sigtimedwait(&pipe_signal, NULL, &(struct timespec){0});
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void write_line(const char *text) {
    char *line;
    int length = asprintf(&line, "leftopen: %s", text);
    if (length < 0)
        return;
    hide_control_characters(line);
    line[length] = '\n'; /* instead of the terminating zero: nothing reads it as a string any more */
    write_all(line, (size_t)length + 1);
    free(line);
}

static void say(const char *format, va_list arguments) {
    int error = errno;
    if (hushed)
        return;
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
