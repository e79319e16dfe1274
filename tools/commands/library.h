/* library.h - where libleftopen.so is. */
#ifndef TOOLS_LIBRARY_H
#define TOOLS_LIBRARY_H

/* The library that belongs to this tool: beside it, else where an installation puts it. Owned by the caller;
 * NULL after a message on standard error. */
char *library_find(void);

/* What LD_PRELOAD has to be so that the library comes first and what was preloaded anyway stays. The loader
 * splits it at blanks and colons and expands `$`; a library whose path has one of them gets a name in `folder`
 * instead. Owned by the caller; NULL after a message on standard error. */
char *library_preload(const char *library, const char *folder);

#endif
