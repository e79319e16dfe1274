/* symbols.h - from code addresses in records to functions, files and lines.
 *
 * A file is used only if its build-id is the one that was recorded (where there is none: if it did not change
 * since the process started), so a frame never shows a line of another build. Nothing is fetched from the net
 * unless the option debuginfod asks for it. */
#ifndef TOOLS_SYMBOLS_H
#define TOOLS_SYMBOLS_H

#include "tools/records/model.h"
#include "tools/settings/settings.h"

/* One level of a stack. Several may stem from one address, where calls were inlined. Strings live as long as
 * the struct symbols. */
struct frame {
    const char *function;  /* readable; NULL unknown */
    const char *symbol;    /* as in the symbol table, for patterns that are written so; NULL unknown */
    const char *file;      /* NULL unknown */
    const char *folder;    /* what the file is relative to, where it was compiled; NULL unknown, or it is not */
    unsigned line, column; /* 0 unknown */
    const char *source; /* what stands in that line; NULL: unknown, or the option source does not ask for it */
    const char *link;   /* URI of the file, where symbols_link_files asks for it and it is here; else NULL */
    const char *module; /* path, "" unknown */
    const char *build_id;   /* hexadecimal, "" unknown */
    uint64_t offset;        /* address in the module's file: of the call itself, not of what it returns to */
    uint64_t into_function; /* bytes behind the function's start, where has_start */
    bool has_start;
    bool inlined; /* into the next frame */
};

/* A whole stack. Two that read alike (see trace.h), in whichever process, have the same trace. */
struct trace {
    const struct frame *frames; /* innermost first */
    size_t count;
    bool cut; /* the stack was deeper */
};

struct symbols;

/* Where debug files are looked for, and what source files are called, is up to `settings`; NULL: the defaults.
 */
struct symbols *symbols_begin(const struct settings *settings);
void symbols_end(struct symbols *symbols);

/* The trace of a stack of that process. NULL is a stack without frames. */
const struct trace *symbols_trace(struct symbols *symbols, const struct process *process,
                                  const struct stack *stack);

/* Traces from now on know where their files are. */
void symbols_link_files(struct symbols *symbols);

/* From now on, and in all traces so far, modules are named without their folders, and files, unless their names
 * are relative. */
void symbols_hide_folders(struct symbols *symbols);

/* Calls `tell` for every module whose file could not be used although it is there: another build than that of
 * `build_id`; "": nobody can say. */
void symbols_each_changed(const struct symbols *symbols,
                          void (*tell)(void *context, const char *path, const char *build_id), void *context);

/* True for the C library and the dynamic loader. */
bool symbols_is_libc(const char *path);

/* The last part of a path. */
const char *symbols_base_name(const char *path);

#endif
