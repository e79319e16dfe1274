/* debug_index.h - functions, lines and inlined calls at an address, from the DWARF of one module.
 *
 * libdw finds units by .debug_aranges only, which clang does not write, and searches a unit's functions anew
 * for each address; so the ranges of the units, and of the functions in the units that are asked for, are
 * indexed here. .debug_aranges is asked last: what the units say themselves is read in no time. */
#ifndef TOOLS_DEBUG_INDEX_H
#define TOOLS_DEBUG_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include <elfutils/libdwfl.h>

struct debug_frame {
    const char *name;   /* as the linker sees it where DWARF says so, else as in the source; NULL unknown */
    const char *file;   /* NULL unknown; relative to the compilation's folder where the compiler was told so */
    const char *folder; /* of the compilation; NULL unknown */
    unsigned line, column; /* 0 unknown */
    bool inlined;          /* into the next frame */
    bool is_short;         /* the linker sees another name, which DWARF does not say */
    Dwarf_Addr start;      /* of the function that this frame's code lies in, as `address`; 0 unknown */
};

struct debug_index;

struct debug_index *debug_index_begin(Dwfl_Module *module);
void debug_index_end(struct debug_index *index);

/* What is at `address` (in the addresses of the Dwfl), innermost inlined call first. Returns how many of
 * `frames` were filled, 0 if DWARF knows nothing. Strings live as long as the index and the
 * Dwfl. */
size_t debug_index_frames(struct debug_index *index, Dwarf_Addr address, struct debug_frame *frames,
                          size_t most);

#endif
