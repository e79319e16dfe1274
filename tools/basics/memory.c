/* memory.c - see memory.h */
#include "tools/basics/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/fail.h"

static void *checked(void *pointer) {
    if (!pointer)
        exit(failure(EXIT_OWN_FAILURE, "out of memory"));
    return pointer;
}

void *memory_new(size_t count, size_t bytes) { return checked(calloc(count ? count : 1, bytes ? bytes : 1)); }

char *memory_copy(const char *text) { return checked(strdup(text)); }

char *memory_copy_bytes(const char *text, size_t n) {
    char *copy = checked(malloc(n + 1));
    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

char *memory_format(const char *format, ...) {
    char *text = NULL;
    va_list list;
    va_start(list, format);
    if (vasprintf(&text, format, list) < 0)
        text = NULL;
    va_end(list);
    return checked(text);
}

void *memory_grow(void *array, size_t count, size_t bytes) {
    /* Doubles at every power of two, so that no capacity has to be kept beside the count. */
    if (count & (count - 1))
        return array;
    return checked(reallocarray(array, count ? count * 2 : 1, bytes));
}
