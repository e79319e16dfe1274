/* aliases.c - other names of the same functions in libc, as calls.def lists them. By the assembler: headers
 * declare some of them with types of their own (fts64_open). */

#define ALIAS(other_name, name)                                                                                \
    __asm__(".globl " #other_name "\n.type " #other_name ", @function\n.set " #other_name ", " #name);
#define TRAMPOLINE_ALIAS(other_name, name)
#include "shim/calls.def"
