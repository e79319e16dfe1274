/* debug_index.c - see debug_index.h */
#include "tools/names/debug_index.h"

#include <stdlib.h>
#include <string.h>

#include <dwarf.h>
#include <elfutils/libdw.h>

#include "tools/basics/memory.h"
#include "tools/basics/ranges.h"
#include "tools/names/debug_functions.h"
#include "tools/names/debug_lines.h"

enum {
    MOST_DEPTH = 128, /* of nested blocks: deeper is not believed */
    MOST_INLINED = 64
};

struct unit {
    Dwarf_Die die;       /* has the lines */
    Dwarf_Die functions; /* has the functions: the same, or the split one in a .dwo file */
    Dwarf_Die *function_list;
    size_t function_count;
    struct ranges ranges; /* of functions; item: index of function_list */
    struct debug_lines lines;
    bool is_filled;
};

struct debug_index {
    Dwfl_Module *module;
    Dwarf *dwarf;    /* NULL: the module has none */
    Dwarf_Addr bias; /* address of the Dwfl - address in DWARF */
    struct unit *units;
    size_t unit_count;
    struct ranges ranges; /* of units; item: index of `units` */
    struct debug_line_reader line_reader;
};

/* Code that the linker threw away seems to lie at address 0. */
static void add_ranges(struct ranges *ranges, Dwarf_Die *die, size_t item) {
    ptrdiff_t at = 0;
    Dwarf_Addr base, start, end;
    while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0)
        if (start)
            ranges_add(ranges, start, end, item);
}

/* --- units ------------------------------------------------------------------------------------------------ */

static void add_unit(struct debug_index *index, Dwarf_Die *die) {
    index->units = memory_grow(index->units, index->unit_count, sizeof *index->units);
    struct unit *unit = &index->units[index->unit_count++];
    *unit = (struct unit){.die = *die, .functions = *die};
    uint8_t type;
    Dwarf_Die split;
    if (dwarf_cu_info(die->cu, NULL, &type, NULL, &split, NULL, NULL, NULL) == 0 && type == DW_UT_skeleton &&
        split.addr)
        unit->functions = split;
}

static void add_units(struct debug_index *index) {
    Dwarf_Addr bias;
    for (Dwarf_Die *die = NULL; (die = dwfl_module_nextcu(index->module, die, &bias));) {
        if (dwarf_tag(die) == DW_TAG_partial_unit || dwarf_tag(die) == DW_TAG_type_unit)
            continue;
        add_unit(index, die);
        add_ranges(&index->ranges, die, index->unit_count - 1);
    }
    ranges_sort(&index->ranges);
}

/* --- functions -------------------------------------------------------------------------------------------- */

static void add_function(void *context, Dwarf_Die *die) {
    struct unit *unit = context;
    unit->function_list = memory_grow(unit->function_list, unit->function_count, sizeof *unit->function_list);
    unit->function_list[unit->function_count] = *die;
    add_ranges(&unit->ranges, die, unit->function_count++);
}

static void fill_unit(struct debug_index *index, struct unit *unit) {
    if (unit->is_filled)
        return;
    unit->is_filled = true;
    debug_functions_each(&unit->functions, add_function, unit);
    ranges_sort(&unit->ranges);
    debug_lines_begin(&unit->lines, &index->line_reader, &unit->die);
}

static Dwarf_Die *function_at(struct unit *unit, Dwarf_Addr address) {
    const struct range *range = ranges_next(&unit->ranges, address, NULL);
    return range ? &unit->function_list[range->item] : NULL;
}

/* --- frames ----------------------------------------------------------------------------------------------- */

struct chain {
    Dwarf_Die list[MOST_INLINED]; /* the function, then what is inlined in it, outermost first */
    size_t count;
};

static bool is_block(int tag) {
    return tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block || tag == DW_TAG_try_block ||
           tag == DW_TAG_catch_block;
}

static bool has_no_addresses(Dwarf_Die *die) {
    return !dwarf_hasattr(die, DW_AT_low_pc) && !dwarf_hasattr(die, DW_AT_ranges);
}

/* Appends what is inlined around `address` inside `scope`; true if a block there holds it. */
static bool add_inlined(struct chain *chain, Dwarf_Die *scope, Dwarf_Addr address, int level) {
    Dwarf_Die die;
    if (level > MOST_DEPTH || dwarf_child(scope, &die) != 0)
        return false;
    do {
        int tag = dwarf_tag(&die);
        if (!is_block(tag))
            continue;
        if (dwarf_haspc(&die, address) > 0) {
            if (tag == DW_TAG_inlined_subroutine && chain->count < MOST_INLINED)
                chain->list[chain->count++] = die;
            add_inlined(chain, &die, address, level + 1);
            return true;
        }
        if (tag == DW_TAG_lexical_block && has_no_addresses(&die) &&
            add_inlined(chain, &die, address, level + 1))
            return true;
    } while (dwarf_siblingof(&die, &die) == 0);
    return false;
}

static const char *text_of(Dwarf_Die *die, unsigned attribute) {
    Dwarf_Attribute room;
    return dwarf_formstring(dwarf_attr_integrate(die, attribute, &room));
}

static unsigned number_of(Dwarf_Die *die, unsigned attribute) {
    Dwarf_Attribute room;
    Dwarf_Word value = 0;
    return dwarf_formudata(dwarf_attr(die, attribute, &room), &value) == 0 ? (unsigned)value : 0;
}

static const char *linkage_name(Dwarf_Die *die) {
    const char *name = text_of(die, DW_AT_linkage_name);
    return name ? name : text_of(die, DW_AT_MIPS_linkage_name);
}

static bool is_cxx(struct unit *unit) {
    switch (dwarf_srclang(&unit->functions)) {
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14:
        return true;
    default:
        return false;
    }
}

/* GCC leaves the linkage name of what no other file can call out. */
static void set_name(struct unit *unit, Dwarf_Die *die, struct debug_frame *frame) {
    const char *name = linkage_name(die);
    frame->name = name ? name : text_of(die, DW_AT_name);
    frame->is_short = !name && is_cxx(unit);
}

/* libdw joins relative names to the folder of the compilation. What the compiler was told is shorter, and does
 * not change with the folder: undone, unless the compiler was told an absolute name. */
static const char *file_as_told(struct unit *unit, const char *file) {
    if (!file)
        return NULL;
    const char *folder = text_of(&unit->die, DW_AT_comp_dir), *name = text_of(&unit->die, DW_AT_name);
    size_t bytes = folder ? strlen(folder) : 0;
    if (bytes > 1 && !(name && *name == '/') && strncmp(file, folder, bytes) == 0 && file[bytes] == '/')
        return file + bytes + 1;
    return file;
}

static void set_line(struct unit *unit, Dwarf_Addr address, struct debug_frame *frame) {
    const struct debug_row *row = debug_lines_at(&unit->lines, address);
    if (!row)
        return;
    frame->file = file_as_told(unit, debug_lines_file(&unit->lines, row->file));
    frame->line = row->line;
    frame->column = row->column;
}

/* Files of functions have the numbers of the unit that the functions are in. */
static const char *file_of_function(struct unit *unit, unsigned number) {
    if (unit->functions.addr == unit->die.addr)
        return debug_lines_file(&unit->lines, number);
    Dwarf_Files *files;
    size_t count;
    if (dwarf_getsrcfiles(&unit->functions, &files, &count) != 0 || number >= count)
        return NULL;
    return dwarf_filesrc(files, number, NULL, NULL);
}

/* Where the code of `inlined` was called from. */
static void set_call(struct unit *unit, Dwarf_Die *inlined, struct debug_frame *frame) {
    frame->line = number_of(inlined, DW_AT_call_line);
    frame->column = number_of(inlined, DW_AT_call_column);
    if (frame->line)
        frame->file = file_as_told(unit, file_of_function(unit, number_of(inlined, DW_AT_call_file)));
}

static size_t unit_frames(struct debug_index *index, size_t number, Dwarf_Addr address,
                          struct debug_frame *frames, size_t most) {
    struct unit *unit = &index->units[number];
    struct chain chain = {.count = 0};
    memset(frames, 0, most * sizeof *frames);
    fill_unit(index, unit);
    set_line(unit, address, &frames[0]);
    Dwarf_Die *function = function_at(unit, address);
    frames[0].folder = text_of(&unit->die, DW_AT_comp_dir);
    if (!function)
        return frames[0].file ? 1 : 0;
    chain.list[chain.count++] = *function;
    add_inlined(&chain, function, address, 0);
    Dwarf_Addr start = 0;
    if (dwarf_entrypc(function, &start) != 0 || start > address)
        start = 0;
    size_t count = chain.count < most ? chain.count : most;
    for (size_t i = 0; i < count; i++) {
        Dwarf_Die *die = &chain.list[chain.count - 1 - i];
        set_name(unit, die, &frames[i]);
        frames[i].inlined = dwarf_tag(die) == DW_TAG_inlined_subroutine;
        frames[i].start = start;
        frames[i].folder = frames[0].folder;
        if (i)
            set_call(unit, die + 1, &frames[i]);
    }
    return count;
}

/* --- public ----------------------------------------------------------------------------------------------- */

struct debug_index *debug_index_begin(Dwfl_Module *module) {
    struct debug_index *index = memory_new(1, sizeof *index);
    index->module = module;
    index->dwarf = dwfl_module_getdwarf(module, &index->bias);
    index->line_reader.dwarf = index->dwarf;
    if (index->dwarf)
        add_units(index);
    return index;
}

void debug_index_end(struct debug_index *index) {
    if (!index)
        return;
    for (size_t i = 0; i < index->unit_count; i++) {
        ranges_end(&index->units[i].ranges);
        debug_lines_end(&index->units[i].lines);
        free(index->units[i].function_list);
    }
    debug_line_reader_end(&index->line_reader);
    free(index->units);
    ranges_end(&index->ranges);
    free(index);
}

/* Units may overlap (code of several units that the linker folded): the first one that knows a function wins,
 * else the first one that knows a line. */
static size_t frames_of_units(struct debug_index *index, Dwarf_Addr address, struct debug_frame *frames,
                              size_t most) {
    const struct range *range = NULL, *nameless = NULL;
    while ((range = ranges_next(&index->ranges, address, range))) {
        size_t count = unit_frames(index, range->item, address, frames, most);
        if (count && frames[0].name)
            return count;
        if (count && !nameless)
            nameless = range;
    }
    return nameless ? unit_frames(index, nameless->item, address, frames, most) : 0;
}

/* In DWARF 2 a unit has one range, and may have code elsewhere, too: .debug_aranges tells. */
static size_t frames_elsewhere(struct debug_index *index, Dwarf_Addr address, struct debug_frame *frames,
                               size_t most) {
    Dwarf_Die die;
    if (!dwarf_addrdie(index->dwarf, address, &die))
        return 0;
    for (size_t i = 0; i < index->unit_count; i++)
        if (index->units[i].die.addr == die.addr)
            return unit_frames(index, i, address, frames, most);
    return 0;
}

size_t debug_index_frames(struct debug_index *index, Dwarf_Addr address, struct debug_frame *frames,
                          size_t most) {
    size_t count = index->dwarf ? frames_of_units(index, address - index->bias, frames, most) : 0;
    if (!count && index->dwarf)
        count = frames_elsewhere(index, address - index->bias, frames, most);
    for (size_t i = 0; i < count; i++)
        if (frames[i].start)
            frames[i].start += index->bias;
    return count;
}
