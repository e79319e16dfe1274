/* aliases.c - other names of the same functions in libc, as calls.def lists them. */
#include "shim/context.h"

#define ALIAS(other_name, name)                                                                                \
    extern EXPORT __typeof__(name) other_name __attribute__((__alias__(#name), __copy__(name)));
#define TRAMPOLINE_ALIAS(other_name, name)
#include "shim/calls.def"
