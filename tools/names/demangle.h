/* demangle.h - readable names. */
#ifndef TOOLS_DEMANGLE_H
#define TOOLS_DEMANGLE_H

/* The readable form of a symbol: C++ and Rust demangled, Rust's hash, a symbol version (@GLIBC_2.2.5) and what
 * compilers append to clones (.isra.0, .part.1, .cold, .constprop.0 …) taken off. The caller frees it. */
char *demangle(const char *symbol);

#endif
