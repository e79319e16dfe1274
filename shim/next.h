/* next.h - what dlsym(RTLD_NEXT) says, for many names: the loader's own search is asked hundreds of names at
 * each start, and does for each what need be done once. */
#ifndef SHIM_NEXT_H
#define SHIM_NEXT_H

#include <stddef.h>

/* Start-up only, by a library that was there when the program began. For each of `count` names, the function
 * that dlsym(RTLD_NEXT, name) would give to the library whose dynamic section is at `own`: the default version
 * of the first library behind it that has one; NULL where there is none. `ask` is called where only the loader
 * can tell (a resolver has to choose, or there are several default versions), and for every name where the
 * libraries are none that this knows to read. */
void next_find(const void *own, const char *const *names, size_t count, void **found,
               void *(*ask)(const char *name)) __attribute__((visibility("hidden")));

#endif
