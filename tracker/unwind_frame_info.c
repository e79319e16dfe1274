/* unwind_frame_info.c - reads .eh_frame_hdr and .eh_frame (LSB 5.0 core, chapter 10; DWARF 4, section 6.4).
 *
 * glibc's _dl_find_object tells the module of an address without a lock. Every byte is read through a reader
 * that knows its end, and every pointer into a module is checked against its readable segments: what is wrong
 * in a file makes the rule unknown, and nothing else.
 */
#include "tracker/unwind_frame_info.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <sys/auxv.h>

#define PAGE_BYTES 4096ul

extern __typeof__(_dl_find_object) _dl_find_object __attribute__((weak));

bool frame_info_available(void) { return _dl_find_object != NULL; }

/* Readers. After a byte too many, `bad` is set and everything reads as 0. */

struct reader {
    const uint8_t *at, *end;
    bool bad;
};

static const uint8_t *take(struct reader *reader, uint64_t bytes) {
    static const uint8_t zero[8];
    if ((uint64_t)(reader->end - reader->at) < bytes) {
        reader->bad = true;
        reader->at = reader->end;
        return zero;
    }
    const uint8_t *at = reader->at;
    reader->at += bytes;
    return at;
}

static uint64_t take_unsigned(struct reader *reader, unsigned bytes) {
    const uint8_t *at = take(reader, bytes);
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

static int64_t take_signed(struct reader *reader, unsigned bytes) {
    unsigned unused = 64 - 8 * bytes;
    return (int64_t)(take_unsigned(reader, bytes) << unused) >> unused;
}

static uint64_t take_leb(struct reader *reader, bool is_signed) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = *take(reader, 1);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        if (is_signed && byte & 0x40 && shift + 7 < 64)
            value |= -1ul << (shift + 7);
        return value;
    }
    reader->bad = true;
    return 0;
}

static uint64_t take_uleb(struct reader *reader) { return take_leb(reader, false); }
static int64_t take_sleb(struct reader *reader) { return (int64_t)take_leb(reader, true); }

enum { /* DW_EH_PE_ */
       ENCODED_FORM = 0x0f,
       ENCODED_BASE = 0x70,
       ENCODED_RELATIVE = 0x10,
       ENCODED_INDIRECT = 0x80,
       ENCODED_DATA_RELATIVE_SDATA4 = 0x3b
};

static uint64_t take_form(struct reader *reader, uint8_t encoding) {
    switch (encoding & ENCODED_FORM) {
    case 0x00:
    case 0x04:
    case 0x0c:
        return take_unsigned(reader, 8);
    case 0x01:
        return take_uleb(reader);
    case 0x02:
        return take_unsigned(reader, 2);
    case 0x03:
        return take_unsigned(reader, 4);
    case 0x09:
        return (uint64_t)take_sleb(reader);
    case 0x0a:
        return (uint64_t)take_signed(reader, 2);
    case 0x0b:
        return (uint64_t)take_signed(reader, 4);
    }
    reader->bad = true;
    return 0;
}

/* Absolute and relative to its own place: the others do not occur where addresses of code are told. */
static uint64_t take_encoded(struct reader *reader, uint8_t encoding) {
    uint64_t place = (uint64_t)reader->at;
    uint64_t value = take_form(reader, encoding);
    if ((encoding & ENCODED_BASE) == ENCODED_RELATIVE)
        return value + place;
    if (encoding & (ENCODED_BASE | ENCODED_INDIRECT))
        reader->bad = true;
    return value;
}

/* Modules. */

struct module {
    uintptr_t start, end; /* what the loader says of the address: all of the module, or one segment of it */
    uintptr_t frame_header;
    struct frame_segments segments; /* count 0: not to be had */
};

static struct frame_segments program_segments; /* written at start-up */

void frame_info_start(void) {
    program_segments.segment = (const Elf64_Phdr *)getauxval(AT_PHDR);
    program_segments.count = (unsigned)getauxval(AT_PHNUM);
}

static bool is_elf(const Elf64_Ehdr *file) {
    return file->e_ident[EI_MAG0] == ELFMAG0 && file->e_ident[EI_MAG1] == ELFMAG1 &&
           file->e_ident[EI_MAG2] == ELFMAG2 && file->e_ident[EI_MAG3] == ELFMAG3;
}

/* The loader's copy of a library's program headers is not public, but libraries are linked at 0, and then their
 * file's first page is at the bias. Whether that is so is asked of the loader before it is read. Some tools
 * move the headers out of the first page (patchelf). */
static struct frame_segments find_segments(const struct dl_find_object *object) {
    const struct link_map *map = object->dlfo_link_map;
    struct frame_segments none = {.count = 0};
    struct dl_find_object first;
    if (!map->l_name[0]) { /* the program itself */
        struct frame_segments segments = program_segments;
        segments.bias = map->l_addr;
        return segments;
    }
    if (!map->l_addr || _dl_find_object((void *)map->l_addr, &first) || first.dlfo_link_map != map)
        return none;
    const Elf64_Ehdr *file = (const Elf64_Ehdr *)map->l_addr;
    if (!is_elf(file) || file->e_phentsize != sizeof(Elf64_Phdr) || file->e_phoff % 8 ||
        file->e_phoff > PAGE_BYTES || file->e_phnum > (PAGE_BYTES - file->e_phoff) / sizeof(Elf64_Phdr))
        return none;
    return (struct frame_segments){(const Elf64_Phdr *)(map->l_addr + file->e_phoff), file->e_phnum,
                                   map->l_addr};
}

static bool find_module(uintptr_t address, struct module *module) {
    struct dl_find_object found;
    if (!_dl_find_object || _dl_find_object((void *)address, &found))
        return false;
    *module = (struct module){.start = (uintptr_t)found.dlfo_map_start,
                              .end = (uintptr_t)found.dlfo_map_end,
                              .frame_header = (uintptr_t)found.dlfo_eh_frame,
                              .segments = find_segments(&found)};
    return true;
}

bool frame_info_segments(uintptr_t address, struct frame_segments *segments) {
    struct module module;
    if (!find_module(address, &module))
        return false;
    *segments = module.segments;
    return module.segments.count;
}

/* From the address to the end of the readable segment that it is in; nothing if it is in none. */
static struct reader reader_at(const struct module *module, uintptr_t address) {
    const struct frame_segments *segments = &module->segments;
    for (unsigned i = 0; i < segments->count; i++) {
        const Elf64_Phdr *segment = &segments->segment[i];
        uintptr_t start = segments->bias + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && segment->p_flags & PF_R && address - start < segment->p_filesz)
            return (struct reader){(const uint8_t *)address, (const uint8_t *)(start + segment->p_filesz),
                                   false};
    }
    if (!segments->count && address - module->start < module->end - module->start)
        return (struct reader){(const uint8_t *)address, (const uint8_t *)module->end, false};
    return (struct reader){.bad = true};
}

/* Common and per-function entries (CIE, FDE). */

struct frame_entry {
    uint64_t code_align;
    int64_t data_align;
    uint8_t address_encoding;
    bool has_augmentation, is_signal;
    uintptr_t start, bytes;
    struct reader common, own; /* instructions */
};

/* Reads the length of an entry and ends the reader where the entry ends. */
static void enter_entry(struct reader *reader) {
    uint64_t bytes = take_unsigned(reader, 4);
    /* 0 ends the section; 0xffffffff begins the 64-bit format, which no linker writes into .eh_frame */
    if (!bytes || bytes > (uint64_t)(reader->end - reader->at)) {
        reader->bad = true;
        bytes = 0;
    }
    reader->end = reader->at + bytes;
}

static void read_augmentation(struct reader *reader, const uint8_t *letters, struct frame_entry *entry) {
    uint64_t bytes = take_uleb(reader);
    struct reader data = {reader->at, reader->at, false};
    take(reader, bytes);
    if (!reader->bad)
        data.end += bytes;
    for (; *letters; letters++) {
        switch (*letters) {
        case 'L':
            take(&data, 1);
            break;
        case 'P':
            take_form(&data, *take(&data, 1));
            break;
        case 'R':
            entry->address_encoding = *take(&data, 1);
            break;
        case 'S':
            entry->is_signal = true;
            break;
        default:
            reader->bad = true;
        }
    }
    reader->bad |= data.bad;
}

static bool read_common(struct reader reader, struct frame_entry *entry) {
    enter_entry(&reader);
    bool is_common = take_unsigned(&reader, 4) == 0;
    uint8_t version = *take(&reader, 1);
    const uint8_t *letters = reader.at;
    while (*take(&reader, 1))
        ;
    if (reader.bad || !is_common || (version != 1 && version != 3))
        return false;
    entry->code_align = take_uleb(&reader);
    entry->data_align = take_sleb(&reader);
    uint64_t return_register = version == 1 ? *take(&reader, 1) : take_uleb(&reader);
    entry->has_augmentation = *letters == 'z';
    if (entry->has_augmentation)
        read_augmentation(&reader, letters + 1, entry);
    else if (*letters)
        return false;
    entry->common = reader;
    return !reader.bad && return_register == FRAME_REGISTER_RETURN;
}

static bool read_entry(const struct module *module, uintptr_t address, struct frame_entry *entry) {
    struct reader reader = reader_at(module, address);
    enter_entry(&reader);
    uintptr_t place = (uintptr_t)reader.at;
    uint64_t back = take_unsigned(&reader, 4);
    if (reader.bad || !back || !read_common(reader_at(module, place - back), entry))
        return false;
    entry->start = take_encoded(&reader, entry->address_encoding);
    entry->bytes = take_form(&reader, entry->address_encoding);
    if (entry->has_augmentation)
        take(&reader, take_uleb(&reader));
    entry->own = reader;
    return !reader.bad;
}

/* The address of the entry that may have the pc, by the table of .eh_frame_hdr, which is sorted. */
static uintptr_t search_table(const struct module *module, uintptr_t pc) {
    struct reader reader = reader_at(module, module->frame_header);
    uint64_t version = take_unsigned(&reader, 1);
    uint8_t pointer_encoding = *take(&reader, 1);
    uint8_t count_encoding = *take(&reader, 1);
    uint8_t table_encoding = *take(&reader, 1);
    take_encoded(&reader, pointer_encoding);
    uint64_t count = take_encoded(&reader, count_encoding);
    if (reader.bad || version != 1 || table_encoding != ENCODED_DATA_RELATIVE_SDATA4 ||
        count > (uint64_t)(reader.end - reader.at) / 8)
        return 0;
    int64_t wanted = (int64_t)(pc - module->frame_header);
    uint64_t low = 0, high = count; /* the first entry that begins behind the pc is in [low, high] */
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        struct reader row = {reader.at + 8 * middle, reader.end, false};
        if (take_signed(&row, 4) <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return 0;
    struct reader row = {reader.at + 8 * (low - 1) + 4, reader.end, false};
    return module->frame_header + (uintptr_t)take_signed(&row, 4);
}

/* Expressions. They are evaluated as far as one rule can say it: register + offset, or the word there, plus an
 * addend. The pc is a constant: rules are per address. That covers realigned stacks (`rbp - 8, deref`), stubs
 * of the PLT (`rsp + 8 + ((rip & 15) >= 11) * 8`), and assembler that keeps the caller's rsp in its frame. */

enum { TERM_CONSTANT = -1, TERMS_MAXIMUM = 6 };

struct term {
    int base; /* a register or TERM_CONSTANT */
    bool in_memory;
    int64_t offset, addend;
};

struct terms {
    struct term term[TERMS_MAXIMUM];
    unsigned count;
    bool bad;
};

static void push(struct terms *terms, int base, int64_t offset) {
    if (terms->count == TERMS_MAXIMUM) {
        terms->bad = true;
        return;
    }
    terms->term[terms->count++] = (struct term){.base = base, .offset = offset};
}

static struct term pop(struct terms *terms) {
    if (terms->count)
        return terms->term[--terms->count];
    terms->bad = true;
    return (struct term){.base = TERM_CONSTANT};
}

static int64_t pop_constant(struct terms *terms) {
    struct term term = pop(terms);
    terms->bad |= term.base != TERM_CONSTANT;
    return term.offset;
}

static void add_constant(struct terms *terms, int64_t value) {
    struct term term = pop(terms);
    if (term.in_memory)
        term.addend = (int64_t)((uint64_t)term.addend + (uint64_t)value);
    else
        term.offset = (int64_t)((uint64_t)term.offset + (uint64_t)value);
    if (!terms->bad)
        terms->term[terms->count++] = term;
}

static void read_memory(struct terms *terms) {
    struct term term = pop(terms);
    terms->bad |= term.in_memory || term.base == TERM_CONSTANT;
    term.in_memory = true;
    if (!terms->bad)
        terms->term[terms->count++] = term;
}

static void push_register(struct terms *terms, uint64_t number, int64_t offset, uintptr_t pc) {
    if (number == FRAME_REGISTER_RETURN)
        push(terms, TERM_CONSTANT, (int64_t)(pc + (uint64_t)offset));
    else if (number < FRAME_REGISTER_RETURN)
        push(terms, (int)number, offset);
    else
        terms->bad = true;
}

static void calculate(struct terms *terms, uint8_t operation) {
    int64_t second = pop_constant(terms);
    if (operation == 0x22 || operation == 0x1c) { /* plus, minus */
        add_constant(terms, operation == 0x22 ? second : (int64_t)(0 - (uint64_t)second));
        return;
    }
    int64_t first = pop_constant(terms);
    switch (operation) {
    case 0x1a: /* and */
        push(terms, TERM_CONSTANT, first & second);
        return;
    case 0x24: /* shl */
        push(terms, TERM_CONSTANT, second >= 0 && second < 64 ? (int64_t)((uint64_t)first << second) : 0);
        return;
    case 0x2a: /* ge */
        push(terms, TERM_CONSTANT, first >= second);
        return;
    }
    terms->bad = true;
}

static void run_operation(struct terms *terms, struct reader *code, uintptr_t pc) {
    uint8_t operation = *take(code, 1);
    if (operation >= 0x30 && operation < 0x50) { /* lit0 … lit31 */
        push(terms, TERM_CONSTANT, operation - 0x30);
        return;
    }
    if (operation >= 0x70 && operation < 0x90) { /* breg0 … breg31 */
        push_register(terms, operation - 0x70, take_sleb(code), pc);
        return;
    }
    switch (operation) {
    case 0x06: /* deref */
        read_memory(terms);
        return;
    case 0x08: /* const1u */
    case 0x0a: /* const2u */
    case 0x0c: /* const4u */
        push(terms, TERM_CONSTANT, (int64_t)take_unsigned(code, 1u << (operation - 0x08) / 2));
        return;
    case 0x09: /* const1s */
    case 0x0b: /* const2s */
    case 0x0d: /* const4s */
        push(terms, TERM_CONSTANT, take_signed(code, 1u << (operation - 0x09) / 2));
        return;
    case 0x10: /* constu */
        push(terms, TERM_CONSTANT, (int64_t)take_uleb(code));
        return;
    case 0x11: /* consts */
        push(terms, TERM_CONSTANT, take_sleb(code));
        return;
    case 0x23: /* plus_uconst */
        add_constant(terms, (int64_t)take_uleb(code));
        return;
    case 0x96: /* nop */
        return;
    }
    calculate(terms, operation);
}

/* Takes the block of an expression and evaluates it. */
static bool take_expression(struct reader *reader, uintptr_t pc, bool from_cfa, struct term *result) {
    struct terms terms;
    terms.count = 0;
    terms.bad = false;
    uint64_t bytes = take_uleb(reader);
    struct reader code = {reader->at, reader->at, false};
    take(reader, bytes);
    if (reader->bad)
        return false;
    code.end += bytes;
    if (from_cfa)
        push(&terms, FRAME_REGISTER_CFA, 0);
    while (code.at < code.end && !code.bad && !terms.bad)
        run_operation(&terms, &code, pc);
    *result = pop(&terms);
    return !code.bad && !terms.bad && result->base != TERM_CONSTANT;
}

/* Call frame instructions. */

struct frame_row {
    enum frame_kind kind;
    int cfa_register;
    int64_t offset, addend;
    struct frame_place rbp, rbx, return_address;
};

enum { ROWS_REMEMBERED = 6 };

struct machine {
    const struct frame_entry *entry;
    uintptr_t pc;     /* where the frame is */
    uintptr_t target; /* the row of this address is wanted */
    uintptr_t location;
    struct frame_row row, initial;
    struct frame_row remembered[ROWS_REMEMBERED];
    unsigned remembered_count;
    bool bad;
};

static struct frame_place *place_in(struct frame_row *row, uint64_t number) {
    switch (number) {
    case FRAME_REGISTER_RBP:
        return &row->rbp;
    case FRAME_REGISTER_RBX:
        return &row->rbx;
    case FRAME_REGISTER_RETURN:
        return &row->return_address;
    }
    return NULL;
}

static void set_place(struct machine *machine, uint64_t number, enum frame_saved saved, int64_t offset) {
    struct frame_place *place = place_in(&machine->row, number);
    if (place)
        *place = (struct frame_place){saved, offset};
}

static void set_initial(struct machine *machine, uint64_t number) {
    struct frame_place *place = place_in(&machine->row, number);
    if (place)
        *place = *place_in(&machine->initial, number);
}

static void set_cfa(struct machine *machine, uint64_t number, int64_t offset) {
    machine->row.kind = number < FRAME_REGISTER_RETURN ? FRAME_CFA_REGISTER : FRAME_UNKNOWN;
    machine->row.cfa_register = (int)(number & 15);
    machine->row.offset = offset;
    machine->row.addend = 0;
}

static void set_cfa_expression(struct machine *machine, struct reader *code) {
    struct term term;
    machine->row.kind = FRAME_UNKNOWN;
    if (!take_expression(code, machine->pc, false, &term))
        return;
    machine->row.kind = term.in_memory ? FRAME_CFA_MEMORY : FRAME_CFA_REGISTER;
    machine->row.cfa_register = term.base;
    machine->row.offset = term.offset;
    machine->row.addend = term.addend;
}

static void set_place_expression(struct machine *machine, struct reader *code) {
    uint64_t number = take_uleb(code);
    struct term term;
    if (!take_expression(code, machine->pc, true, &term) || term.in_memory)
        set_place(machine, number, FRAME_SAVED_LOST, 0);
    else if (term.base == FRAME_REGISTER_CFA)
        set_place(machine, number, FRAME_SAVED_CFA, term.offset);
    else if (term.base == FRAME_REGISTER_RBP)
        set_place(machine, number, FRAME_SAVED_RBP, term.offset);
    else
        set_place(machine, number, FRAME_SAVED_LOST, 0);
}

static void remember_row(struct machine *machine) {
    if (machine->remembered_count < ROWS_REMEMBERED)
        machine->remembered[machine->remembered_count++] = machine->row;
    else
        machine->bad = true;
}

static void restore_row(struct machine *machine) {
    if (machine->remembered_count)
        machine->row = machine->remembered[--machine->remembered_count];
    else
        machine->bad = true;
}

static int64_t factored(const struct machine *machine, int64_t offset) {
    return (int64_t)((uint64_t)offset * (uint64_t)machine->entry->data_align);
}

static void advance(struct machine *machine, uint64_t units) {
    machine->location += units * machine->entry->code_align;
}

/* DW_CFA_ instructions whose operand is not in the first byte. */
static void run_extended(struct machine *machine, struct reader *code, uint8_t operation) {
    uint64_t number;
    switch (operation) {
    case 0x00: /* nop */
        return;
    case 0x01: /* set_loc */
        machine->location = take_encoded(code, machine->entry->address_encoding);
        return;
    case 0x02: /* advance_loc1, 2, 4 */
    case 0x03:
    case 0x04:
        advance(machine, take_unsigned(code, 1u << (operation - 2)));
        return;
    case 0x05: /* offset_extended */
        number = take_uleb(code);
        set_place(machine, number, FRAME_SAVED_CFA, factored(machine, (int64_t)take_uleb(code)));
        return;
    case 0x06: /* restore_extended */
        set_initial(machine, take_uleb(code));
        return;
    case 0x07: /* undefined */
        set_place(machine, take_uleb(code), FRAME_SAVED_LOST, 0);
        return;
    case 0x08: /* same_value */
        set_place(machine, take_uleb(code), FRAME_SAVED_NOT, 0);
        return;
    case 0x09: /* register */
        set_place(machine, take_uleb(code), FRAME_SAVED_LOST, 1);
        take_uleb(code);
        return;
    case 0x0a:
        remember_row(machine);
        return;
    case 0x0b:
        restore_row(machine);
        return;
    case 0x0c: /* def_cfa */
        number = take_uleb(code);
        set_cfa(machine, number, (int64_t)take_uleb(code));
        return;
    case 0x0d: /* def_cfa_register */
        set_cfa(machine, take_uleb(code), machine->row.offset);
        return;
    case 0x0e: /* def_cfa_offset */
        machine->row.offset = (int64_t)take_uleb(code);
        return;
    case 0x0f:
        set_cfa_expression(machine, code);
        return;
    case 0x10: /* expression */
        set_place_expression(machine, code);
        return;
    case 0x11: /* offset_extended_sf */
        number = take_uleb(code);
        set_place(machine, number, FRAME_SAVED_CFA, factored(machine, take_sleb(code)));
        return;
    case 0x12: /* def_cfa_sf */
        number = take_uleb(code);
        set_cfa(machine, number, factored(machine, take_sleb(code)));
        return;
    case 0x13: /* def_cfa_offset_sf */
        machine->row.offset = factored(machine, take_sleb(code));
        return;
    case 0x14: /* val_offset, val_offset_sf: a value, not a place */
    case 0x15:
        set_place(machine, take_uleb(code), FRAME_SAVED_LOST, 1);
        take_uleb(code);
        return;
    case 0x16: /* val_expression */
        set_place(machine, take_uleb(code), FRAME_SAVED_LOST, 1);
        take(code, take_uleb(code));
        return;
    case 0x2e: /* GNU_args_size */
        take_uleb(code);
        return;
    case 0x2f: /* GNU_negative_offset_extended */
        number = take_uleb(code);
        set_place(machine, number, FRAME_SAVED_CFA, factored(machine, (int64_t)(0 - take_uleb(code))));
        return;
    }
    machine->bad = true;
}

static void run_instruction(struct machine *machine, struct reader *code) {
    uint8_t operation = *take(code, 1);
    uint8_t operand = operation & 0x3f;
    switch (operation & 0xc0) {
    case 0x40: /* advance_loc */
        advance(machine, operand);
        return;
    case 0x80: /* offset */
        set_place(machine, operand, FRAME_SAVED_CFA, factored(machine, (int64_t)take_uleb(code)));
        return;
    case 0xc0: /* restore */
        set_initial(machine, operand);
        return;
    }
    run_extended(machine, code, operation);
}

/* A row holds until the instruction that moves the location behind it. */
static bool run_instructions(struct machine *machine, struct reader code) {
    while (code.at < code.end && machine->location <= machine->target && !code.bad && !machine->bad)
        run_instruction(machine, &code);
    return !code.bad && !machine->bad;
}

/* What the return address's place says about the frame. */
static enum frame_kind kind_of(const struct frame_row *row) {
    struct frame_place place = row->return_address;
    if (place.saved == FRAME_SAVED_LOST && place.offset == 0) /* undefined: there is no caller */
        return FRAME_OUTERMOST;
    if (place.saved != FRAME_SAVED_CFA || place.offset != -8)
        return FRAME_UNKNOWN;
    return row->kind;
}

static void run_entry(const struct frame_entry *entry, uintptr_t pc, uintptr_t target,
                      struct frame_rule *rule) {
    struct machine machine;
    machine.entry = entry;
    machine.pc = pc;
    machine.target = target;
    machine.location = entry->start;
    machine.row = (struct frame_row){.kind = FRAME_UNKNOWN};
    machine.initial = machine.row;
    machine.remembered_count = 0;
    machine.bad = false;
    if (!run_instructions(&machine, entry->common))
        return;
    machine.initial = machine.row;
    if (!run_instructions(&machine, entry->own))
        return;
    *rule = (struct frame_rule){.kind = kind_of(&machine.row),
                                .cfa_register = machine.row.cfa_register,
                                .offset = machine.row.offset,
                                .addend = machine.row.addend,
                                .rbp = machine.row.rbp,
                                .rbx = machine.row.rbx};
}

/* `mov $SYS_rt_sigreturn, %rax; syscall`: what glibc, musl and the runtimes with handlers of their own give to
 * the kernel as sa_restorer, with unwind information or without. The kernel enters it with rsp at the
 * ucontext_t. */
static bool is_signal_return(const struct module *module, uintptr_t pc) {
    static const uint8_t code[] = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};
    struct reader reader = reader_at(module, pc);
    if (reader.bad || (uint64_t)(reader.end - reader.at) < sizeof code)
        return false;
    for (unsigned i = 0; i < sizeof code; i++)
        if (reader.at[i] != code[i])
            return false;
    return true;
}

bool frame_info_find(uintptr_t pc, bool exact, struct frame_rule *rule) {
    struct module module;
    struct frame_entry entry = {0};
    uintptr_t target = pc - !exact;
    *rule = (struct frame_rule){.kind = FRAME_UNKNOWN};
    if (!find_module(target, &module))
        return false;
    uintptr_t place = module.frame_header ? search_table(&module, target) : 0;
    bool found = place && read_entry(&module, place, &entry) && target - entry.start < entry.bytes;
    if ((!found || entry.is_signal) && is_signal_return(&module, pc)) {
        rule->kind = FRAME_SIGNAL;
        return true;
    }
    if (found && !entry.is_signal)
        run_entry(&entry, pc, target, rule);
    return true;
}
