/* deep.c - opens handles in every way that a symboliser may stumble over, and forgets them all. A line that opens
 * one ends with the name of its function. Built in many ways by tests/names.c; with LIBRARY a library. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define INLINE static inline __attribute__((always_inline))
#define OWN __attribute__((noinline, noclone, used))
#ifdef __clang__
#undef OWN
#define OWN __attribute__((noinline, used))
#endif

/* Written behind each call, so that none is the last thing its function does. */
static volatile int calls;

#include "part.h"

/* --- inlined three deep ------------------------------------------------------------------------------------ */

INLINE int inner(const char *name) {
    int file = open(name, O_RDONLY); /* opens inner */
    calls++;
    return file;
}

INLINE int middle(const char *name) {
    int file = inner(name);
    calls += file > 0;
    return file;
}

INLINE int third(const char *name) {
    calls++;
    return middle(name) + 1;
}

static OWN int outer(const char *name) {
    int file = third(name);
    calls++;
    return file;
}

/* --- other shapes ------------------------------------------------------------------------------------------ */

static OWN int recursive(int depth) {
    int file = depth ? recursive(depth - 1) : socket(AF_UNIX, SOCK_STREAM, 0); /* opens recursive */
    calls++;
    return file;
}

static OWN int by_pointer(const char *name) {
    FILE *file = fopen(name,
                       "r"); /* lies before by_pointer */
    calls++;
    return file != NULL;
}

static OWN int in_loop(const char *name) {
    int file = 0;
    for (int i = 0; i < 3; i++) {
        file = open(name, O_RDONLY); /* opens in_loop */
        calls++;
    }
    return file;
}

/* Where the library of C checks arguments, the call lies in a header of its. */
static OWN int with_mode(const char *name, int flags, unsigned mode) {
    int file = open(name, flags, mode); /* opens with_mode */
    calls++;
    return file;
}

static OWN int through_header(const char *name) {
    int file = in_header(name);
    calls++;
    return file;
}

/* As a generator of parsers writes it. */
static OWN int generated(const char *name) {
#line 4711 "grammar.y"
    int file = open(name, O_RDONLY);
    calls++;
    return file;
#line 89 "deep.c"
}

static __attribute__((cold)) OWN int unlikely(const char *name) {
    int file = dup(0); /* opens unlikely */
    calls++;
    return file + (name != NULL);
}

static int (*volatile pointer)(const char *) = by_pointer;

__attribute__((visibility("default"))) int deep(int count) {
    const char *name = "/dev/null";
    int sum = outer(name) + recursive(5) + pointer(name) + in_loop(name) + with_mode(name, O_RDONLY, 0600);
    sum += through_header(name);
    sum += generated(name);
    if (__builtin_expect(count > 0, 0))
        sum += unlikely(name);
    return sum;
}

#ifndef LIBRARY
int main(int count, char **arguments) {
    (void)arguments;
    int sum = deep(count);
    calls++;
    return sum == -1;
}
#endif
