/* debug_functions.c - see debug_functions.h. Entries and forms are those of DWARF 5 §7.5 and of GNU's and dwz's
 * additions to DWARF 4. */
#include "tools/names/debug_functions.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>

#include "tools/basics/memory.h"

enum { MOST_CODE = 1 << 20 }; /* of abbreviations: compilers count from 1 */

/* What an entry looks like. */
struct shape {
    bool is_known, is_function;
    size_t fixed;      /* bytes of all attributes, where they always have as many */
    unsigned *forms;   /* else: of each */
    size_t form_count; /* 0: `fixed` tells */
};

struct pass {
    const unsigned char *at, *end;
    unsigned address_bytes, offset_bytes, reference_bytes; /* reference: DW_FORM_ref_addr */
    struct shape *shapes;                                  /* by the code of the abbreviation */
    size_t shape_count;
};

/* --- forms ------------------------------------------------------------------------------------------------ */

/* Bytes of a form that always has as many; SIZE_MAX: it depends. */
static size_t fixed_bytes(const struct pass *pass, unsigned form) {
    switch (form) {
    case DW_FORM_flag_present:
    case DW_FORM_implicit_const:
        return 0;
    case DW_FORM_data1:
    case DW_FORM_ref1:
    case DW_FORM_flag:
    case DW_FORM_strx1:
    case DW_FORM_addrx1:
        return 1;
    case DW_FORM_data2:
    case DW_FORM_ref2:
    case DW_FORM_strx2:
    case DW_FORM_addrx2:
        return 2;
    case DW_FORM_strx3:
    case DW_FORM_addrx3:
        return 3;
    case DW_FORM_data4:
    case DW_FORM_ref4:
    case DW_FORM_ref_sup4:
    case DW_FORM_strx4:
    case DW_FORM_addrx4:
        return 4;
    case DW_FORM_data8:
    case DW_FORM_ref8:
    case DW_FORM_ref_sig8:
    case DW_FORM_ref_sup8:
        return 8;
    case DW_FORM_data16:
        return 16;
    case DW_FORM_addr:
        return pass->address_bytes;
    case DW_FORM_ref_addr:
        return pass->reference_bytes;
    case DW_FORM_strp:
    case DW_FORM_line_strp:
    case DW_FORM_strp_sup:
    case DW_FORM_sec_offset:
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_GNU_strp_alt:
        return pass->offset_bytes;
    default:
        return SIZE_MAX;
    }
}

static bool skip(struct pass *pass, uint64_t bytes) {
    if (bytes > (size_t)(pass->end - pass->at))
        return false;
    pass->at += bytes;
    return true;
}

static bool read_leb(struct pass *pass, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; pass->at < pass->end; shift += 7) {
        unsigned char byte = *pass->at++;
        if (shift < 64)
            *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* A block with its length, in so many bytes, in front. */
static bool skip_block(struct pass *pass, size_t length_bytes) {
    uint64_t length = 0;
    const unsigned char *at = pass->at;
    if (!skip(pass, length_bytes))
        return false;
    for (size_t i = 0; i < length_bytes; i++)
        length |= (uint64_t)at[i] << 8 * i;
    return skip(pass, length);
}

static bool skip_form(struct pass *pass, unsigned form) {
    uint64_t value;
    size_t fixed = fixed_bytes(pass, form);
    if (fixed != SIZE_MAX)
        return skip(pass, fixed);
    switch (form) {
    case DW_FORM_udata:
    case DW_FORM_sdata:
    case DW_FORM_ref_udata:
    case DW_FORM_strx:
    case DW_FORM_addrx:
    case DW_FORM_loclistx:
    case DW_FORM_rnglistx:
    case DW_FORM_GNU_addr_index:
    case DW_FORM_GNU_str_index:
        return read_leb(pass, &value);
    case DW_FORM_block:
    case DW_FORM_exprloc:
        return read_leb(pass, &value) && skip(pass, value);
    case DW_FORM_block1:
        return skip_block(pass, 1);
    case DW_FORM_block2:
        return skip_block(pass, 2);
    case DW_FORM_block4:
        return skip_block(pass, 4);
    case DW_FORM_string:
        pass->at = memchr(pass->at, 0, (size_t)(pass->end - pass->at));
        return pass->at && skip(pass, 1);
    case DW_FORM_indirect:
        return read_leb(pass, &value) && value != DW_FORM_indirect && value <= UINT16_MAX &&
               skip_form(pass, (unsigned)value);
    default:
        return false;
    }
}

/* --- shapes ----------------------------------------------------------------------------------------------- */

static void set_forms(const struct pass *pass, struct shape *shape, Dwarf_Abbrev *abbreviation) {
    bool has_code = false, is_fixed = true;
    unsigned name, form;
    size_t count = 0;
    /* The list ends with zeros: dwarf_getattrcnt counts more where a form is DW_FORM_implicit_const. */
    while (dwarf_getabbrevattr(abbreviation, count, &name, &form, NULL) == 0 && (name || form)) {
        shape->forms = memory_grow(shape->forms, count, sizeof *shape->forms);
        shape->forms[count++] = form;
        has_code |= name == DW_AT_low_pc || name == DW_AT_ranges;
        size_t bytes = fixed_bytes(pass, form);
        is_fixed &= bytes != SIZE_MAX;
        shape->fixed += is_fixed ? bytes : 0;
    }
    shape->form_count = is_fixed ? 0 : count;
    shape->is_function = has_code && dwarf_getabbrevtag(abbreviation) == DW_TAG_subprogram;
}

static void read_shapes(struct pass *pass, Dwarf_Die *unit) {
    Dwarf_Abbrev *abbreviation;
    size_t bytes = 0;
    for (Dwarf_Off offset = 0; (abbreviation = dwarf_getabbrev(unit, offset, &bytes)); offset += bytes) {
        if (abbreviation == DWARF_END_ABBREV)
            return;
        unsigned code = dwarf_getabbrevcode(abbreviation);
        if (code >= MOST_CODE)
            return;
        for (; pass->shape_count <= code; pass->shape_count++) {
            pass->shapes = memory_grow(pass->shapes, pass->shape_count, sizeof *pass->shapes);
            pass->shapes[pass->shape_count] = (struct shape){0};
        }
        struct shape *shape = &pass->shapes[code];
        if (shape->is_known)
            continue;
        shape->is_known = true;
        set_forms(pass, shape, abbreviation);
    }
}

static void end_shapes(struct pass *pass) {
    for (size_t i = 0; i < pass->shape_count; i++)
        free(pass->shapes[i].forms);
    free(pass->shapes);
}

static bool skip_attributes(struct pass *pass, const struct shape *shape) {
    if (!shape->form_count)
        return skip(pass, shape->fixed);
    for (size_t i = 0; i < shape->form_count; i++)
        if (!skip_form(pass, shape->forms[i]))
            return false;
    return true;
}

/* --- the pass --------------------------------------------------------------------------------------------- */

/* False: libdw does not know where the unit ends. */
static bool begin_pass(struct pass *pass, Dwarf_Die *unit) {
    Dwarf_Die whole;
    Dwarf_Half version;
    uint8_t address_bytes, offset_bytes;
    Dwarf_Off at = dwarf_dieoffset(unit), start = at - dwarf_cuoffset(unit), next;
    size_t header_bytes;
    if (!dwarf_cu_die(unit->cu, &whole, &version, NULL, &address_bytes, &offset_bytes, NULL, NULL) ||
        dwarf_next_unit(dwarf_cu_getdwarf(unit->cu), start, &next, &header_bytes, NULL, NULL, NULL, NULL, NULL,
                        NULL) != 0 ||
        next < at)
        return false;
    *pass = (struct pass){.at = unit->addr,
                          .end = (const unsigned char *)unit->addr + (next - at),
                          .address_bytes = address_bytes,
                          .offset_bytes = offset_bytes,
                          .reference_bytes = version < 3 ? address_bytes : offset_bytes};
    read_shapes(pass, unit);
    return true;
}

/* Which entry is the child of which does not matter: the zero bytes that end lists of children are skipped. */
void debug_functions_each(Dwarf_Die *unit, void (*take)(void *context, Dwarf_Die *function), void *context) {
    struct pass pass;
    uint64_t code;
    if (!begin_pass(&pass, unit))
        return;
    const unsigned char *start = pass.at;
    Dwarf *dwarf = dwarf_cu_getdwarf(unit->cu);
    while (pass.at < pass.end) {
        const unsigned char *entry = pass.at;
        if (!read_leb(&pass, &code) || code >= pass.shape_count)
            break;
        const struct shape *shape = &pass.shapes[code];
        if (!code)
            continue;
        if (!shape->is_known || !skip_attributes(&pass, shape))
            break;
        Dwarf_Die function;
        if (shape->is_function &&
            dwarf_offdie(dwarf, dwarf_dieoffset(unit) + (Dwarf_Off)(entry - start), &function))
            take(context, &function);
    }
    end_shapes(&pass);
}
