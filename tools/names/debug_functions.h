/* debug_functions.h - finds the functions of a unit of DWARF in one pass over its bytes.
 *
 * Functions lie anywhere: at the top, in namespaces, in types, in other functions. libdw can walk there, at a
 * hundred nanoseconds for each of the millions of entries that a large program has; here all is skipped that is
 * no function with code, and libdw is asked about the rest only. */
#ifndef TOOLS_DEBUG_FUNCTIONS_H
#define TOOLS_DEBUG_FUNCTIONS_H

#include <elfutils/libdw.h>

/* Calls `take` for each function of that unit that says where its code is, in the order of the file. What is
 * damaged ends the pass. */
void debug_functions_each(Dwarf_Die *unit, void (*take)(void *context, Dwarf_Die *function), void *context);

#endif
