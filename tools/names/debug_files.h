/* debug_files.h - where separate debug files are: below the usual folders, below the one that the option
 * debug_path names, and, where the option debuginfod asks for it, on servers. */
#ifndef TOOLS_DEBUG_FILES_H
#define TOOLS_DEBUG_FILES_H

#include <stddef.h>

#include <elfutils/libdwfl.h>

#include "tools/settings/settings.h"

struct debug_files;

/* NULL: the defaults. Takes DEBUGINFOD_URLS out of the environment, since libdw would ask these servers
 * unasked.
 */
struct debug_files *debug_files_begin(const struct settings *settings);
void debug_files_end(struct debug_files *files);

/* For dwfl_begin. */
const Dwfl_Callbacks *debug_files_callbacks(const struct debug_files *files);

/* To be called for every module that such a Dwfl reports. */
void debug_files_attach(struct debug_files *files, Dwfl_Module *module);

/* The place number `number` where what has that build-id may lie, NULL: there are no more. The caller frees it.
 */
char *debug_files_place(const struct debug_files *files, const char *build_id, size_t number);

/* Asks the servers for a program or library that is not here, or for its debug file. Returns a descriptor, -1:
 * none has it, or none may be asked. */
int debug_files_fetch(struct debug_files *files, const char *build_id, const char *path);

#endif
